"""Where a release is wrong: by subgroup, under edge conditions, on which patients, and who gets no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.analysis_rows import ANSWERED, CALLED, DECLINED, CohortRows, aligned, levels_of
from muniment.measure.cohorts import Counts
from muniment.measure.missing import missingness
from muniment.measure.plan import Plan
from muniment.measure.prepare import ID, LABEL, SCORE
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided
from muniment.measure.splits import PATIENT
from muniment.measure.suppression import fewer, hidden
from muniment.measure.tables import collect, open_table, require
from muniment.measure.units import Flags
from muniment.model.estimate import rounded

OTHER_REASONS = "other reasons, each too rare to show"
UNSAID = "no estimate in the prediction table, and no reason on record"
DIGITS = 3
"""Digits of an estimate that is shown with a case: enough to discuss it, too few to find the row by it."""


@dataclass(frozen=True, slots=True)
class EdgeCondition:
    """A kind of input that a device may be wrong on."""

    condition: str
    """`low_signal`, `artefact`, `missing_input` or a name of the maker's."""
    column: str
    """Boolean column of the cohort table."""
    definition: str


def as_rate(result: Result, n: int | None) -> dict[str, Any]:
    """A proportion with its interval, method and denominator, or why there is none."""
    out: dict[str, Any] = {
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "n": n,
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})


def rate(k: int, n: int, plan: Plan, nothing: str) -> dict[str, Any]:
    """`k` of `n` with the plan's interval for proportions."""
    return as_rate(proportion(k, n, plan.settings.level, plan.settings.interval, nothing), n)


def counted(rows: pl.DataFrame) -> Counts:
    """The 2×2 table of labelled rows; a patient without an estimate is not called."""
    label, called = rows[LABEL].to_numpy().astype(bool), rows[CALLED].to_numpy().astype(bool)
    tp, fp = int((label & called).sum()), int((~label & called).sum())
    return Counts(tp, fp, int(label.sum()) - tp, int((~label).sum()) - fp)


def cell(rows: pl.DataFrame, plan: Plan, why: str | None) -> dict[str, Any]:
    """Errors among some labelled rows: counts, and rates with their intervals."""
    if why is not None:
        empty = dict.fromkeys(("n", "events", "fp", "fn", "fpr", "fnr"))
        return {"suppressed": True, "descriptive": False, **empty, "undecided": why}
    found = counted(rows)
    events, others = found.tp + found.fn, found.fp + found.tn
    return {
        "suppressed": False,
        "descriptive": min(events, others) < plan.settings.min_events,
        "n": found.n,
        "events": events,
        "fp": found.fp,
        "fn": found.fn,
        "fpr": rate(found.fp, others, plan, "no non-events"),
        "fnr": rate(found.fn, events, plan, "no events"),
    }


def by_subgroup(rows: CohortRows, plan: Plan) -> list[dict[str, Any]]:
    """Every level of every subgroup axis of the plan."""
    labelled = rows.labelled
    return [
        {
            "axis": axis,
            "level": level,
            **cell(labelled.filter(pl.col(f"axis:{axis}") == level), plan, rows.hide[axis].get(level)),
        }
        for axis in plan.axes
        for level in levels_of(labelled, axis)
    ]


def by_edge(
    rows: CohortRows, plan: Plan, table: Path, conditions: Sequence[EdgeCondition]
) -> list[dict[str, Any]]:
    """Errors under each edge condition; one with fewer patients than the plan's smallest cell is hidden.

    Raises:
        UnreadableInput: a column is missing or not Boolean, or the table is not of the cohort.
    """
    found = aligned(table, rows.ids, list(dict.fromkeys(item.column for item in conditions)))
    out = []
    for item in conditions:
        inside = boolean(found[item.column], table)
        part = rows.frame.filter(inside & pl.col(LABEL).is_not_null())
        # Nobody is no patient to protect: that a condition did not occur is said.
        small = 0 < part.height < plan.settings.min_n or rows.frame.height < plan.settings.min_n
        why = fewer(plan.settings.min_n) if small else None
        out.append({"condition": item.condition, "definition": item.definition, **cell(part, plan, why)})
    return out


def boolean(values: pl.Series, table: Path) -> pl.Series:
    """The column as it is; `UnreadableInput` where it is not Boolean or has gaps."""
    if values.dtype != pl.Boolean or values.null_count():
        raise UnreadableInput(
            f"column {values.name!r} of {table.name} is not Boolean in every row",
            hint="Say true or false for every patient of the cohort.",
        )
    return values


@dataclass(frozen=True, slots=True)
class Case:
    """One patient picked by rule."""

    id: str
    kind: str
    """`true_positive`, `false_positive`, `false_negative` or `true_negative`."""
    choice: str
    """`typical` or `most confident`."""
    row: int
    """Index in the cohort's rows."""
    estimate: float


KINDS: Mapping[str, tuple[bool, bool]] = {
    "true_positive": (True, True),
    "false_positive": (True, False),
    "false_negative": (False, True),
    "true_negative": (False, False),
}
"""Kind of an output, to whether the patient was called and had the outcome."""


def kinds_of(rows: CohortRows) -> list[str | None]:
    """The kind of output of every row; `None` without a label or an estimate."""
    names = {pair: kind for kind, pair in KINDS.items()}
    return [
        None if label is None or not answered else names[called, label]
        for label, answered, called in rows.frame.select(LABEL, ANSWERED, CALLED).iter_rows()
    ]


def picked(rows: CohortRows, kinds: Sequence[str]) -> list[Case]:
    """Two answered patients of each kind: the one in the middle of the scores and the most confident one.

    Of `n` patients in ascending order of score, ties in order of id, the middle is number n // 2 from zero.
    Nobody picks by hand, and the same tables pick the same patients.
    """
    every = kinds_of(rows)
    scores = rows.frame[SCORE].to_numpy()
    out = []
    for kind in kinds:
        # Rows are in order of id, and the sort is stable.
        own = np.flatnonzero([found == kind for found in every])
        order = own[np.argsort(scores[own], kind="stable")]
        if not len(order):
            continue
        extreme = order[-1] if KINDS[kind][0] else order[0]
        for choice, at in (("typical", order[len(order) // 2]), ("most confident", extreme)):
            out.append(Case(str(rows.ids[int(at)]), kind, choice, int(at), float(scores[at])))
    return out


def told(case: Case, rows: CohortRows, plan: Plan, shown: Sequence[str]) -> dict[str, Any]:
    """A case for the page: id, kind, rounded estimate, and its level of those axes that may be shown."""
    levels = {}
    for axis in shown:
        if axis in plan.axes:
            level = str(rows.frame[f"axis:{axis}"][case.row])
            levels[axis] = None if level in rows.hide[axis] else level
    return {
        "case": case.id,
        "kind": case.kind,
        "choice": case.choice,
        "estimate": round(case.estimate, DIGITS),
        "levels": levels,
    }


def quality_control(rows: CohortRows, plan: Plan) -> dict[str, Any]:
    """Who got no estimate: the share, overall and by subgroup, and the reasons.

    Reasons with fewer patients than the plan's smallest cell are counted together, so that the numbers add up
    and none of them is told.
    """
    frame, min_n = rows.frame, plan.settings.min_n
    gone = ~frame[ANSWERED]
    reasons = frame.filter(gone)[DECLINED].fill_null(UNSAID)
    sizes = {(str(word),): int(n) for word, n in reasons.value_counts(name="n").rows()}
    small = hidden(sizes, min_n)
    listed = [
        {"reason": word, "n": n}
        for (word,), n in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
        if (word,) not in small
    ]
    rest = sum(sizes[key] for key in small if key in sizes)
    if rest:
        listed.append({"reason": OTHER_REASONS, "n": rest})
    return {
        "screened": frame.height,
        "rejected": int(gone.sum()),
        "share": rate(int(gone.sum()), frame.height, plan, "no rows"),
        "reasons": listed,
        "by": [
            {"axis": axis, "level": level, **_rejects(frame, gone, axis, level, plan, rows.hide[axis])}
            for axis in plan.single_axes
            for level in levels_of(rows.labelled, axis)
        ],
    }


def _rejects(
    frame: pl.DataFrame, gone: pl.Series, axis: str, level: str, plan: Plan, hide: Mapping[str, str]
) -> dict[str, Any]:
    if level in hide:
        nothing = as_rate(undecided(plan.settings.interval, hide[level]), None)
        return {"suppressed": True, "rejected": None, "share": nothing}
    inside = frame[f"axis:{axis}"] == level
    n, k = int(inside.sum()), int((inside & gone).sum())
    return {"suppressed": False, "rejected": k, "share": rate(k, n, plan, "no rows")}


def populations(rows: CohortRows, plan: Plan) -> list[dict[str, Any]]:
    """Sensitivity and specificity under four treatments of patients who got no estimate.

    Intention to diagnose: no estimate is no call. Per protocol: they are left out. Worst and best case: all
    of them are wrong, all of them are right.
    """
    labelled = rows.labelled
    label, called, answered = (labelled[name].to_numpy().astype(bool) for name in (LABEL, CALLED, ANSWERED))
    everybody = np.ones(len(label), dtype=bool)
    treated: dict[str, tuple[Flags, Flags]] = {
        "intention_to_diagnose": (called, everybody),
        "per_protocol": (called, answered),
        "worst_case": (np.where(answered, called, ~label), everybody),
        "best_case": (np.where(answered, called, label), everybody),
    }
    out = []
    for name, (shown, kept) in treated.items():
        for metric, of_events in (("sensitivity", True), ("specificity", False)):
            among = (label == of_events) & kept
            right = int((among & (shown == of_events)).sum())
            nothing = "no events" if of_events else "no non-events"
            out.append({"population": name, "metric": metric, **rate(right, int(among.sum()), plan, nothing)})
    return out


def missing_inputs(
    rows: CohortRows, plan: Plan, table: Path, inputs: Sequence[str]
) -> tuple[list[dict[str, Any]], str | None]:
    """Missing values of each input among the patients of the cohort, and what cannot be told.

    The feature table holds a row for everybody the device was developed on; those of the cohort are taken.
    A row that is not there lacks every input.
    """
    features = open_table(table)
    have = features.collect_schema().names()
    require(have, [PATIENT], table)
    known = [name for name in dict.fromkeys(inputs) if name in have]
    unknown = sorted({*inputs} - {*known})
    reason = f"the feature table has no column {', '.join(unknown)}" if unknown else None
    if not known:
        return [], reason
    own = collect(
        features.select(pl.col(PATIENT).cast(pl.String).alias(ID), *known).filter(
            pl.col(ID).is_in(rows.ids.implode())
        ),
        table,
    )
    if own[ID].n_unique() < own.height:
        return [], f"{table.name} holds some patients of the cohort more than once"
    whole = rows.ids.to_frame().join(own, on=ID, how="left")
    settings = plan.settings
    found = missingness(
        whole.lazy(), known, (), settings.level, settings.interval, settings.min_n, table.name
    )
    out = []
    for share in found.fields:
        body = share.as_json()
        out.append(
            {
                "column": body["name"],
                "n": body["n"],
                "missing": body["count"],
                **{key: body[key] for key in ("share", "low", "high", "method")},
                **({"undecided": body["undecided"]} if "undecided" in body else {}),
            }
        )
    return out, reason
