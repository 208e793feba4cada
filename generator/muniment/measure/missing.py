"""Which fields lack values, where, and which inputs were rejected before the model saw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.prepare import MAX_LEVELS, MISSING, NULL_WORDS, by_columns
from muniment.measure.proportions import INTERVALS, proportion
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer, hidden
from muniment.measure.tables import collect, require
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

_LONGEST = max(len(word) for word in NULL_WORDS)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many rows, in one cohort; no count stands without its interval."""

    name: str
    """The field, or the reason of rejection."""
    cohort: Mapping[str, str]
    """Axis to level; empty for everybody."""
    count: int | None
    n: int | None
    """Rows of the cohort."""
    result: Result

    def as_json(self) -> dict[str, Any]:
        """One row of a missingness or reject table."""
        out: dict[str, Any] = {
            "name": self.name,
            "cohort": dict(sorted(self.cohort.items())),
            "count": self.count,
            "n": self.n,
            "share": rounded(self.result.value),
            "low": rounded(self.result.low),
            "high": rounded(self.result.high),
            "method": self.result.method,
        }
        return out | ({"undecided": self.result.undecided} if self.result.undecided else {})


@dataclass(frozen=True, slots=True)
class Missingness:
    """Missing values by field, for everybody and by subgroup."""

    rows: int
    level: float
    fields: tuple[Share, ...]

    def as_json(self) -> dict[str, Any]:
        """Rows and shares."""
        return {"rows": self.rows, "level": self.level, "fields": [item.as_json() for item in self.fields]}


@dataclass(frozen=True, slots=True)
class Rejects:
    """Inputs that quality control refused."""

    rows: int
    """Inputs that were offered."""
    level: float
    rejected: tuple[Share, ...]
    """Share of rejected inputs, for everybody and by subgroup."""
    reasons: tuple[Share, ...]
    """Share of each reason among all inputs, the most frequent first."""

    def as_json(self) -> dict[str, Any]:
        """Rows, shares and reasons."""
        return {
            "rows": self.rows,
            "level": self.level,
            "rejected": [item.as_json() for item in self.rejected],
            "reasons": [item.as_json() for item in self.reasons],
        }


def missingness(
    table: pl.LazyFrame,
    fields: Sequence[str],
    axes: Sequence[tuple[str, ...]] = (),
    level: float = 0.95,
    interval: str = "wilson",
    min_n: int = 10,
    name: str = "the table",
) -> Missingness:
    """Share of missing values of each field, overall and in every level of every axis.

    Empty cells, NaN and the usual words for nothing (`NA`, `null`) are missing. Subgroups below `min_n` rows
    are suppressed with those that would give them away.

    Raises:
        UnreadableInput: a missing column, or no rows.
        UsageError: no fields, an axis with too many levels, or an interval that is not there.
    """
    if not fields:
        raise UsageError("a missingness table needs fields")
    columns = tuple(dict.fromkeys(column for axis in axes for column in axis))
    frame = read_columns(table, [*fields, *columns], name)
    flags = frame.select(
        *(field_missing(frame[field]).alias(f"field:{index}") for index, field in enumerate(fields)),
        *(_level(frame[column], column) for column in columns),
    )
    names = [f"field:{index}" for index in range(len(fields))]
    out = []
    for by, n, counts, reason in _cells(flags, names, axes, min_n):
        out += [
            _share(field, by, count, n, reason, level, interval)
            for field, count in zip(fields, counts, strict=True)
        ]
    return Missingness(frame.height, level, tuple(out))


def rejects(
    table: pl.LazyFrame,
    reason: str,
    axes: Sequence[tuple[str, ...]] = (),
    level: float = 0.95,
    interval: str = "wilson",
    min_n: int = 10,
    name: str = "the table",
) -> Rejects:
    """Share of rejected inputs and of each reason; a row whose `reason` is empty was accepted.

    A reason below `min_n` rows is not shown, nor a second one where it could be computed from the rest.

    Raises:
        UnreadableInput: a missing column, or no rows.
        UsageError: an axis or the reasons have too many levels, or there is no such interval.
    """
    columns = tuple(dict.fromkeys(column for axis in axes for column in axis))
    frame = read_columns(table, [reason, *columns], name)
    gone = field_missing(frame[reason])
    flags = frame.select((~gone).alias("field:0"), *(_level(frame[column], column) for column in columns))
    rejected = tuple(
        _share("rejected", by, counts[0], n, small, level, interval)
        for by, n, counts, small in _cells(flags, ["field:0"], axes, min_n)
    )
    texts = frame[reason].filter(~gone).cast(pl.String).str.strip_chars()
    if texts.n_unique() > MAX_LEVELS:
        raise UsageError(f"column {reason!r} has {texts.n_unique()} levels and holds no reasons")
    counted = {str(word): n for word, n in texts.value_counts(name="n").rows()}
    small = hidden({(word,): n for word, n in counted.items()}, min_n)
    if rejected[0].result.undecided:
        small = dict.fromkeys(((word,) for word in counted), fewer(min_n))
    order = sorted(counted, key=lambda word: (0 if (word,) in small else -counted[word], word))
    return Rejects(
        frame.height,
        level,
        rejected,
        tuple(
            _share(word, {}, counted[word], frame.height, small.get((word,)), level, interval)
            for word in order
        ),
    )


def read_columns(table: pl.LazyFrame, columns: Sequence[str], name: str) -> pl.DataFrame:
    """Read columns as they are; raise `UnreadableInput` where one is missing or there are no rows."""
    wanted = list(dict.fromkeys(columns))
    require(table.collect_schema().names(), wanted, name)
    frame = collect(table.select(wanted), name)
    if frame.height == 0:
        raise UnreadableInput(f"{Path(name).name} has no rows", hint="Check the export that made it.")
    return frame


def field_missing(series: pl.Series) -> pl.Series:
    """Whether each value is missing: null, NaN, blank or a word for nothing."""
    if series.dtype == pl.String:
        bare = series.str.strip_chars()
        # Only a short text can be a word for nothing: the others need not be turned to lower case.
        short = (bare.str.len_bytes() <= _LONGEST).fill_null(value=True)
        found = short.to_numpy().copy()
        words = bare.filter(short).str.to_lowercase()
        found[found] = words.is_in(list(NULL_WORDS)).fill_null(value=True).to_numpy()
        return pl.Series(series.name, found)
    return series.is_nan().fill_null(value=True) if series.dtype.is_float() else series.is_null()


def _level(series: pl.Series, column: str) -> pl.Series:
    levels = series.cast(pl.String).fill_null(MISSING)
    if levels.n_unique() > MAX_LEVELS:
        raise UsageError(f"column {column!r} has {levels.n_unique()} levels; subgroups allow {MAX_LEVELS}")
    return levels.alias(f"by:{column}")


def _cells(
    flags: pl.DataFrame, names: Sequence[str], axes: Sequence[tuple[str, ...]], min_n: int
) -> list[tuple[dict[str, str], int, tuple[int, ...], str | None]]:
    """(cohort, rows, flagged rows of each field, why suppressed) overall and of every level, in order."""
    sums = [pl.len().cast(pl.Int64), *(pl.col(name).sum().cast(pl.Int64) for name in names)]
    n, *counts = flags.select(sums).row(0)
    whole = fewer(min_n) if n < min_n else None
    out: list[tuple[dict[str, str], int, tuple[int, ...], str | None]] = [({}, n, tuple(counts), whole)]
    for axis in axes:
        columns = by_columns(axis)
        width = len(columns)
        rows = flags.group_by(columns).agg(sums).sort(columns).rows()
        reasons = hidden({row[:width]: row[width] for row in rows}, min_n)
        out += [
            (
                dict(zip(axis, row[:width], strict=True)),
                row[width],
                tuple(row[width + 1 :]),
                whole or reasons.get(row[:width]),
            )
            for row in rows
        ]
    return out


def _share(
    name: str, by: Mapping[str, str], count: int, n: int, reason: str | None, level: float, interval: str
) -> Share:
    if interval not in INTERVALS:
        raise UsageError(f"there is no interval {interval!r} for proportions", hint=f"Use {INTERVALS[0]}.")
    if reason is not None:
        return Share(name, by, None, None, undecided(interval, reason))
    return Share(name, by, count, n, proportion(count, n, level, interval, "no rows"))
