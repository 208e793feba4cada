"""The locked cohort row by row, and tables beside it that must be of the very same patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.cohorts import JOINED, withheld
from muniment.measure.missing import field_missing
from muniment.measure.plan import Plan
from muniment.measure.prepare import ID, LABEL, SCORE, Prepared, TableSpec, by_columns, read_rows
from muniment.measure.splits import PATIENT, require_cohort, with_membership
from muniment.measure.suppression import fewer, hidden
from muniment.measure.tables import collect, open_table, require
from muniment.measure.units import Flags

ANSWERED, CALLED, LIMIT, DECLINED = "answered", "called", "limit", "declined"

Hidden = Mapping[str, Mapping[str, str]]
"""Subgroup axis to level to the reason why the level is not shown."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortRows:
    """Every patient of the locked cohort, ordered by id, so that the order of a file decides nothing."""

    frame: pl.DataFrame
    """Columns `id` (String), `label` (Boolean, nullable), `score` (Float64, nullable), `by:<column>`
    (String), `limit` (Float64, the operating point's threshold), `declined` (String, the reason, null where
    answered), `answered` and `called` (Boolean). A patient without an estimate is not called."""
    hide: Hidden
    """Levels that are suppressed, among the patients with a label."""

    @property
    def labelled(self) -> pl.DataFrame:
        """The patients with a label."""
        return self.frame.filter(pl.col(LABEL).is_not_null())

    @property
    def ids(self) -> pl.Series:
        """All ids, in order."""
        return self.frame[ID]

    def flags(self, column: str) -> Flags:
        """A Boolean column of all rows."""
        return self.frame[column].to_numpy().astype(bool)


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables a cohort is read from, opened and hashed by whoever asks."""

    predictions: Path
    members: Path
    membership: Path
    id: str
    label: str
    score: str
    cohort: Path | None = None
    """One row a patient: whether an estimate was declined, and edge conditions."""
    declined: str | None = None
    """Column of `cohort` with the reason why there is no estimate; empty where there is one."""


def cohort_rows(sources: Sources, plan: Plan, operating_point: str, extra: Sequence[str] = ()) -> CohortRows:
    """Read the cohort, join its membership and who was declined, and call everybody at the operating point.

    Args:
        sources: the tables.
        plan: the locked plan: axes, operating points, smallest cell.
        operating_point: id of the plan's operating point.
        extra: further columns that are wanted where the tables have them.

    Raises:
        UnreadableInput: a column or threshold is missing, or a table is not of the locked cohort.
    """
    table = open_table(sources.predictions)
    require_cohort(table, sources.id, sources.predictions, sources.members)
    table = with_membership(table, sources.id, sources.membership, (*plan.columns, *extra))
    have = table.collect_schema().names()
    by = tuple(dict.fromkeys((*plan.columns, *(name for name in extra if name in have))))
    spec = TableSpec(
        sources.label,
        sources.score,
        positive=plan.positive,
        by=by,
        id=sources.id,
        name=str(sources.predictions),
    )
    point = next(item for item in plan.points if item.id == operating_point)
    frame = read_rows(table, spec).with_columns(pl.col(ID).cast(pl.String)).sort(ID)
    limit = frame.select(point.limit().alias(LIMIT)).to_series()
    limit = limit if limit.len() == frame.height else pl.Series(LIMIT, [limit[0]] * frame.height)
    if limit.null_count():
        levels = frame.filter(limit.is_null())[f"by:{point.column}"].unique().sort().to_list()
        raise UnreadableInput(
            f"operating point {point.id!r} has no threshold for {point.column} "
            + ", ".join(repr(level) for level in levels[:5]),
            hint="Give a threshold for every level, or one for all others.",
        )
    frame = frame.with_columns(limit.alias(LIMIT), _declined(sources, frame[ID]))
    frame = frame.with_columns(
        (pl.col(DECLINED).is_null() & pl.col(SCORE).is_not_null()).alias(ANSWERED)
    ).with_columns((pl.col(ANSWERED) & (pl.col(SCORE) >= pl.col(LIMIT)).fill_null(value=False)).alias(CALLED))
    frame = frame.with_columns(
        pl.concat_str([f"by:{column}" for column in columns], separator=JOINED).alias(f"axis:{axis}")
        for axis, columns in plan.axes.items()
    )
    return CohortRows(frame, _hidden(frame.filter(pl.col(LABEL).is_not_null()), plan))


def aligned(path: Path, ids: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """Columns of a table with one row a patient, in the order of `ids`.

    Raises:
        UnreadableInput: a missing column, a patient twice, a stranger, or a patient who is not there.
    """
    table = open_table(path)
    require(table.collect_schema().names(), [PATIENT, *columns], path)
    frame = collect(table.select(pl.col(PATIENT).cast(pl.String).alias(ID), *columns), path)
    require_same(frame[ID], ids, path)
    return ids.to_frame().join(frame, on=ID, how="left", maintain_order="left")


def require_same(found: pl.Series, ids: pl.Series, path: Path, what: str = "") -> None:
    """Raise `UnreadableInput` unless `found` holds each of `ids` once and nobody else."""
    repeated = found.len() - found.n_unique()
    strangers = found.filter(~found.is_in(ids.implode())).len()
    absent = ids.filter(~ids.is_in(found.implode())).len()
    if repeated or strangers or absent or found.null_count():
        raise UnreadableInput(
            f"{path.name} is not of the locked cohort{what}: {strangers} rows are of other patients, "
            f"{repeated} repeat one, and {absent} of {ids.len()} patients are missing",
            hint="Run the model for every patient of the baseline, once each, and for nobody else.",
        )


def _declined(sources: Sources, ids: pl.Series) -> pl.Series:
    nobody = pl.Series(DECLINED, [None] * ids.len(), dtype=pl.String)
    if sources.cohort is None or sources.declined is None:
        return nobody
    words = aligned(sources.cohort, ids, [sources.declined])[sources.declined]
    if words.dtype == pl.Null:
        return nobody
    if words.dtype != pl.String:
        raise UnreadableInput(
            f"column {sources.declined!r} of {sources.cohort.name} holds {words.dtype}, not reasons",
            hint="Write why there is no estimate, and leave the cell empty where there is one.",
        )
    return words.str.strip_chars().set(field_missing(words), None).alias(DECLINED)


def _hidden(labelled: pl.DataFrame, plan: Plan) -> Hidden:
    """Which levels of each axis are too small, or would give a small one away."""
    min_n = plan.settings.min_n
    together = withheld(Prepared(labelled, labelled.height, {}, "", False), list(plan.axes.values()), min_n)
    out: dict[str, dict[str, str]] = {}
    for axis, columns in plan.axes.items():
        counted = labelled.group_by(by_columns(columns)).len().rows()
        sizes = {tuple(str(part) for part in level): int(n) for *level, n in counted}
        reasons = together.get(columns) if together else hidden(sizes, min_n)
        if labelled.height < min_n:
            reasons = dict.fromkeys(sizes, fewer(min_n))
        out[axis] = {JOINED.join(level): why for level, why in (reasons or {}).items()}
    return out


def hidden_with(sizes: Mapping[str, int], already: Mapping[str, str], min_n: int) -> dict[str, str]:
    """Which levels of an axis are not shown where a number rests on fewer patients than the level has.

    Args:
        sizes: level to the patients behind its number.
        already: levels that are hidden anyway, with the reason.
        min_n: the smallest size that is shown.
    """
    known = {(level,): why for level, why in already.items() if level in sizes}
    found = hidden({(level,): n for level, n in sizes.items()}, min_n, known)
    return {level: why for (level,), why in found.items()}


def levels_of(frame: pl.DataFrame, axis: str) -> list[str]:
    """The levels of a subgroup axis that occur, in order."""
    return sorted(str(level) for level in frame[f"axis:{axis}"].unique().to_list())
