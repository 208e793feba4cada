"""What a release loses when its inputs get worse: paired differences to the untouched cohort.

The maker runs the model on perturbed inputs and leaves its scores, a row a patient, perturbation and level.
Nothing of the maker's is run here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.analysis_rows import ANSWERED, CALLED, LIMIT, CohortRows, require_same
from muniment.measure.compare import CALL, OTHER, OTHER_CALL, Comparison, areas, rates
from muniment.measure.discrimination import auroc
from muniment.measure.error_cells import rate
from muniment.measure.kernel import fold, scale_of, sorted_keys
from muniment.measure.plan import Plan
from muniment.measure.prepare import ID, LABEL, SCORE
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided
from muniment.measure.splits import PATIENT
from muniment.measure.suppression import fewer
from muniment.measure.tables import collect, open_table, require
from muniment.model.estimate import rounded

COLUMNS = ("perturbation", "level", "score")
SAME = 1e-6
"""Levels that differ by less are one: a table may hold 0.1 in single precision."""
_AFTER = "after"


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One way, and how strongly, inputs were changed."""

    perturbation: str
    level: float
    """A share from 0 to 1, or standard deviations; the description says which."""
    description: str


def degradation(
    rows: CohortRows, plan: Plan, table: Path, declared: Sequence[Perturbation]
) -> list[dict[str, Any]]:
    """Return for each perturbation AUROC, sensitivity and specificity before and after, and the loss.

    Losses are untouched minus perturbed on the same patients: areas by DeLong's paired method (1988) over
    those with an estimate both times, sensitivity and specificity by Newcombe's paired interval (1998, method
    10) over everybody, for whom no estimate is no call.

    Args:
        rows: the cohort.
        plan: the locked plan.
        table: columns `patient_id`, `perturbation`, `level`, `score`; an empty score is no estimate. Every
            declared perturbation holds every patient once.
        declared: what the release says was done.

    Raises:
        UnreadableInput: the table holds something else than what was declared.
    """
    frame = _read(table, rows, declared)
    out: list[dict[str, Any]] = []
    for item in declared:
        part = frame.filter(
            (pl.col("perturbation") == item.perturbation) & ((pl.col("level") - item.level).abs() < SAME)
        )
        where = f" under {item.perturbation} {item.level:.12g}"
        require_same(part[ID], rows.ids, table, where)
        joined = rows.frame.join(part.select(ID, _AFTER), on=ID, how="left", maintain_order="left")
        out += _losses(joined, plan, item)
    return out


def _read(table: Path, rows: CohortRows, declared: Sequence[Perturbation]) -> pl.DataFrame:
    lazy = open_table(table)
    require(lazy.collect_schema().names(), [PATIENT, *COLUMNS], table)
    expected = rows.frame.height * len(declared)
    # Counted before it is read: a table of another size is refused whatever it weighs.
    height = int(collect(lazy.select(pl.len()), table).item())
    if height != expected:
        raise UnreadableInput(
            f"{table.name} has {height} rows; {len(declared)} perturbations of {rows.frame.height} patients "
            f"make {expected}",
            hint="Declare each perturbation and level in the release, and score every patient under it.",
        )
    frame = collect(
        lazy.select(
            pl.col(PATIENT).cast(pl.String).alias(ID),
            pl.col("perturbation").cast(pl.String),
            pl.col("level").cast(pl.Float64, strict=False),
            "score",
        ),
        table,
    )
    if not (frame["score"].dtype.is_numeric() or frame["score"].dtype == pl.Null):
        raise UnreadableInput(f"column 'score' of {table.name} holds {frame['score'].dtype}, not scores")
    # Adding zero turns -0.0 into 0.0, as in every other table of scores.
    scores = frame["score"].cast(pl.Float64).fill_nan(None) + 0.0
    return frame.drop("score").with_columns(scores.alias(_AFTER))


def _losses(joined: pl.DataFrame, plan: Plan, item: Perturbation) -> list[dict[str, Any]]:
    settings = plan.settings
    gone = int(joined[_AFTER].null_count())
    head: dict[str, Any] = {
        "perturbation": item.perturbation,
        "level": item.level,
        "description": item.description,
        "declined": gone,
        "declined_share": rate(gone, joined.height, plan, "no rows"),
    }
    labelled = joined.filter(pl.col(LABEL).is_not_null()).with_columns(
        pl.col(CALLED).alias(CALL),
        (pl.col(_AFTER) >= pl.col(LIMIT)).fill_null(value=False).alias(OTHER_CALL),
    )
    scored = labelled.filter(pl.col(ANSWERED) & pl.col(_AFTER).is_not_null()).with_columns(
        pl.col(_AFTER).alias(OTHER)
    )
    return [
        head | _loss(areas(scored, {}, settings.level), _area(scored, plan), scored.height, plan),
        *(
            head
            | _loss(
                rates(labelled, {}, of_events, settings.level), _share(labelled, of_events, plan), None, plan
            )
            for of_events in (True, False)
        ),
    ]


def _loss(found: Comparison, after: Result, rows: int | None, plan: Plan) -> dict[str, Any]:
    """One metric: untouched, perturbed with its interval, and the loss with its own."""
    n, result = found.n, found.result
    if rows is not None and rows < plan.settings.min_n:
        why = fewer(plan.settings.min_n)
        n, result, after = None, undecided(result.method, why), undecided(after.method, why)
        found = Comparison(found.metric, {}, None, None, result, None, None)
    out: dict[str, Any] = {
        "metric": found.metric,
        "n": n,
        "reference": rounded(found.a),
        "value": rounded(found.b),
        "value_low": rounded(after.low),
        "value_high": rounded(after.high),
        "value_method": after.method,
        "drop": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})


def _area(scored: pl.DataFrame, plan: Plan) -> Result:
    """The area of the perturbed scores on its own."""
    pairs = scored.select(pl.col(LABEL), pl.col(OTHER).alias(SCORE))
    keys = sorted_keys(pairs, scale_of(pairs))
    return auroc(fold(keys.values), plan.settings.level)


def _share(labelled: pl.DataFrame, of_events: bool, plan: Plan) -> Result:
    """The sensitivity (`of_events`) or specificity of the perturbed calls on their own."""
    label, called = labelled[LABEL].to_numpy().astype(bool), labelled[OTHER_CALL].to_numpy().astype(bool)
    among = label == of_events
    right = int(np.count_nonzero(among & (called == of_events)))
    nothing = "no events" if of_events else "no non-events"
    return proportion(right, int(among.sum()), plan.settings.level, plan.settings.interval, nothing)
