"""Cohorts: everybody, or one level of a subgroup axis, with sorted keys and counts at operating points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.kernel import (
    KEY,
    Grouping,
    Keys,
    Scale,
    all_keys,
    grouping,
    keyed,
    scale_of,
    split_keys,
)
from muniment.measure.prepare import CLUSTER, LABEL, SCORE, Prepared, by_columns
from muniment.measure.suppression import fewer, hidden, jointly
from muniment.measure.units import Units
from muniment.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold, or one a level of a column. A score at or above it is a positive."""

    id: float | str
    """What outputs call it: the threshold itself, or its name in the plan."""
    threshold: float | None
    """For every row, and for levels that `levels` does not name; `None` where those must not occur."""
    column: str | None = None
    """The column that decides which threshold applies."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Level of `column` to threshold."""

    def limit(self, lower_is_positive: bool = False) -> pl.Expr:
        """The threshold of each row, in the orientation of prepared scores."""
        sign = -1.0 if lower_is_positive else 1.0
        common = pl.lit(None if self.threshold is None else sign * self.threshold, dtype=pl.Float64)
        if self.column is None:
            return common
        names = list(self.levels)
        limits = [sign * self.levels[name] for name in names]
        return pl.col(f"by:{self.column}").replace_strict(
            pl.Series(names, dtype=pl.String),
            pl.Series(limits, dtype=pl.Float64),
            default=common,
            return_dtype=pl.Float64,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """The 2×2 table at one operating point."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def n(self) -> int:
        """Rows."""
        return self.tp + self.fp + self.fn + self.tn


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The rows of one cohort, reduced to what estimates need."""

    by: Mapping[str, str]
    """Axis to level; empty for everybody."""
    keys: Keys
    counts: Mapping[float | str, Counts]
    """Operating point's id to its 2×2 table."""
    n: int
    events: int
    suppressed: str | None = None
    """Why nothing of this cohort is shown, or `None`."""
    units: Units | None = None
    """Which rows belong together; `None` where every row stands for itself."""


def flagged(prepared: Prepared, points: Sequence[OperatingPoint]) -> Prepared:
    """Return `prepared` with a Boolean column `flag:<index>` an operating point and a `key` column.

    Raises:
        UnreadableInput: an operating point has no threshold for a level that occurs.
    """
    limits = [point.limit(prepared.lower_is_positive) for point in points]
    flags = [(pl.col(SCORE) >= limit).alias(f"flag:{index}") for index, limit in enumerate(limits)]
    frame = keyed(prepared.frame, scale_of(prepared.frame), flags)
    for index, point in enumerate(points):
        called = frame[f"flag:{index}"]
        if called.null_count():
            levels = frame.filter(called.is_null())[f"by:{point.column}"].unique().sort().to_list()
            raise UnreadableInput(
                f"operating point {point.id!r} has no threshold for {point.column} "
                + ", ".join(repr(level) for level in levels[:5]),
                hint="Give a threshold for every level, or one for all others.",
            )
    return replace(prepared, frame=frame)


def everybody(prepared: Prepared, points: Sequence[OperatingPoint], min_n: int) -> Cohort:
    """The cohort of all rows of a flagged table; suppressed where it is too small itself."""
    frame = prepared.frame
    keys = all_keys(frame, scale_of(frame))
    small = fewer(min_n) if frame.height < min_n else None
    units = _units(frame, points)
    (counts,) = _counts(prepared, Grouping([()], np.zeros(frame.height, dtype=np.uint16)), [keys], points)
    return Cohort({}, keys, counts, keys.n, keys.positives(0, keys.n), small, units)


def of_keys(keys: Keys, points: Sequence[OperatingPoint], lower_is_positive: bool, min_n: int) -> Cohort:
    """The cohort of all rows from their keys alone; every operating point has one threshold."""
    counts: dict[float | str, Counts] = {}
    events = keys.positives(0, keys.n)
    for point in points:
        assert point.threshold is not None
        first = keys.at_or_above(-point.threshold if lower_is_positive else point.threshold)
        tp = keys.positives(first, keys.n)
        counts[point.id] = Counts(tp, keys.n - first - tp, events - tp, first - events + tp)
    small = fewer(min_n) if keys.n < min_n else None
    return Cohort({}, keys, counts, keys.n, events, small)


def withheld(
    prepared: Prepared, axes: Sequence[tuple[str, ...]], min_n: int
) -> dict[tuple[str, ...], dict[tuple[str, ...], str]]:
    """For axes that are shown together, the levels of each to hide and why; empty for a single column."""
    columns = sorted({column for axis in axes for column in axis})
    if len(columns) < 2:
        return {}
    found = prepared.frame.group_by(by_columns(columns)).len().sort(by_columns(columns))
    coded = {}
    for axis in dict.fromkeys(axes):
        named = by_columns(axis)
        places = found.select((pl.struct(named).rank("dense") - 1).cast(pl.Int64)).to_series()
        coded[axis] = (found.select(named).unique().sort(named).rows(), places.to_numpy())
    return jointly(coded, found["len"].cast(pl.Int64).to_numpy(), min_n)


def levels(
    prepared: Prepared,
    by: tuple[str, ...],
    points: Sequence[OperatingPoint],
    min_n: int,
    hide: Mapping[tuple[str, ...], str] | None = None,
) -> tuple[Cohort, ...]:
    """The cohorts of every level of `by` (of every combination, for several columns), ordered by level.

    `hide` says which levels are suppressed where other axes are shown beside this one (`withheld`).
    """
    columns = by_columns(by)
    frame = prepared.frame
    scale: Scale = scale_of(frame)
    groups = grouping(frame, by)
    keys = split_keys(frame, groups, scale)
    counts = _counts(prepared, groups, list(keys.values()), points)
    sizes = {level: held.n for level, held in keys.items()}
    reasons = hidden(sizes, min_n) if hide is None else dict(hide)
    if frame.height < min_n:
        reasons = dict.fromkeys(keys, fewer(min_n))
    parts: Mapping[tuple[object, ...], pl.DataFrame] = (
        frame.partition_by(columns, as_dict=True) if CLUSTER in frame.columns else {}
    )
    return tuple(
        Cohort(
            dict(zip(by, level, strict=True)),
            held,
            table,
            held.n,
            held.positives(0, held.n),
            reasons.get(level),
            _units(parts[level], points) if level in parts else None,
        )
        for (level, held), table in zip(keys.items(), counts, strict=True)
    )


JOINED = " × "
"""Between the levels of the columns in the name of an intersection: `female × 65-74`."""


def on_axis(axis: str, cohorts: Sequence[Cohort]) -> tuple[Cohort, ...]:
    """The cohorts of one axis by its name: `{"sex_by_age": "female × 65-74"}` for two columns.

    Raises:
        UnreadableInput: two levels would have one name, so that a criterion could mean either.
    """
    named = tuple(replace(cohort, by={axis: JOINED.join(cohort.by.values())}) for cohort in cohorts)
    names = [cohort.by[axis] for cohort in named]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableInput(
            f"two levels of the axis {axis!r} would both be called {twice!r}",
            hint=f"Leave {JOINED.strip()!r} out of the values of its columns.",
        )
    return named


def singles(prepared: Prepared, points: Sequence[OperatingPoint]) -> Prepared:
    """Return a flagged table in which every row is a cluster of its own, numbered by what it holds."""
    flags = [f"flag:{index}" for index in range(len(points))]
    frame = prepared.frame.sort([KEY, *flags]).with_row_index(CLUSTER)
    return replace(prepared, frame=frame.with_columns(pl.col(CLUSTER).cast(pl.Int64)))


def _units(frame: pl.DataFrame, points: Sequence[OperatingPoint]) -> Units | None:
    """The clusters of a cohort's rows in the order of its sorted keys, renumbered from zero."""
    if CLUSTER not in frame.columns:
        return None
    flags = [f"flag:{index}" for index in range(len(points))]
    # Rows that agree in key, cluster and flags are exchangeable: any order of them is the same.
    rows = frame.select(KEY, CLUSTER, LABEL, *flags).sort([KEY, CLUSTER, *flags])
    names, codes = np.unique(rows[CLUSTER].to_numpy(), return_inverse=True)
    labels = rows[LABEL].to_numpy()
    cells = {}
    for index, point in enumerate(points):
        called = rows[f"flag:{index}"].to_numpy()
        kinds = (called & labels, called & ~labels, ~called & labels, ~called & ~labels)
        cells[point.id] = np.stack(
            [np.bincount(codes[kind], minlength=len(names)) for kind in kinds], axis=1
        ).astype(np.int64)
    return Units(codes.astype(np.int64), len(names), cells)


def _counts(
    prepared: Prepared, groups: Grouping, keys: Sequence[Keys], points: Sequence[OperatingPoint]
) -> list[dict[float | str, Counts]]:
    """The 2×2 tables of every group: by bisection of its keys, or row by row where the threshold varies."""
    out: list[dict[float | str, Counts]] = [{} for _ in keys]
    for index, point in enumerate(points):
        if point.column is None and point.threshold is not None:
            limit = -point.threshold if prepared.lower_is_positive else point.threshold
            firsts = [held.at_or_above(limit) for held in keys]
            called = [held.n - first for held, first in zip(keys, firsts, strict=True)]
            tp = [held.positives(first, held.n) for held, first in zip(keys, firsts, strict=True)]
        else:
            flags = prepared.frame[f"flag:{index}"].to_numpy()
            hits = flags & prepared.frame[LABEL].to_numpy()
            called = np.bincount(groups.codes[flags], minlength=len(keys)).tolist()
            tp = np.bincount(groups.codes[hits], minlength=len(keys)).tolist()
        for table, held, positive, true in zip(out, keys, called, tp, strict=True):
            fn = held.positives(0, held.n) - true
            table[point.id] = Counts(true, positive - true, fn, held.n - positive - fn)
    return out
