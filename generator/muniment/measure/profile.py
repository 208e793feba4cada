"""What a column holds, in a few numbers: enough to notice that the data changed, too little to tell anybody.

Levels below `min_n` rows are never named, nor one that would give them away; columns of so many levels that
they name rows (identifiers, free text) show none. Smallest and largest value are single values: they are
shown because a changed range is the commonest silent fault, and only with `min_n` values behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.measure.missing import field_missing
from muniment.measure.prepare import MAX_LEVELS
from muniment.measure.suppression import fewer, hidden
from muniment.measure.tables import CSV, collect
from muniment.model.estimate import rounded

NUMBER, LEVELS, TEXT, TIME, OTHER = "number", "levels", "text", "time", "other"
TOP = 10
"""Levels that are named."""
_WORKERS = 4


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of one table."""

    column: str
    type: str
    """As stored."""
    kind: str
    """`number`, `levels`, `text` (too many levels to show), `time` or `other` (lists, bytes)."""
    n: int
    """Rows with a value."""
    missing: int
    """Rows without one: null, NaN, blank or a word for nothing."""
    distinct: int | None = None
    """Distinct values; `None` where they were not counted or are suppressed."""
    range: tuple[float | int | str, ...] | None = None
    """Smallest value, first quartile, median, third quartile, largest; of times the first and the last."""
    levels: tuple[tuple[str, int], ...] | None = None
    """The most frequent levels that may be shown, and their rows."""
    rest: int | None = None
    """Rows of all other levels together."""
    undecided: str | None = None
    """Why there are no statistics."""

    def as_json(self) -> dict[str, Any]:
        """The column's part of a snapshot."""
        rows = self.n + self.missing
        out: dict[str, Any] = {
            "column": self.column,
            "type": self.type,
            "kind": self.kind,
            "n": self.n,
            "missing": self.missing,
            "missing_share": rounded(self.missing / rows) if rows else None,
            "distinct": self.distinct,
        }
        if self.range is not None:
            names = ("min", "max") if self.kind == TIME else ("min", "q1", "median", "q3", "max")
            out |= {
                name: rounded(value) if isinstance(value, float) else value
                for name, value in zip(names, self.range, strict=True)
            }
        if self.levels is not None:
            out |= {
                "levels": [{"level": level, "n": n} for level, n in self.levels],
                "other_levels_n": self.rest,
            }
        return out | ({"undecided": self.undecided} if self.undecided else {})


def profile(table: pl.LazyFrame, path: Path, min_n: int) -> tuple[int, tuple[ColumnProfile, ...]]:
    """Rows of a table, and the profile of each of its columns in their order.

    Columns are read one by one where the format allows it, so memory holds a few of them; a CSV is read once.

    Raises:
        UnreadableInput: a damaged file.
    """
    names = table.collect_schema().names()
    if not names:
        return 0, ()
    if path.name.lower().endswith(CSV):
        table = collect(table, path).lazy()

    def one(name: str) -> tuple[int, ColumnProfile]:
        values = collect(table.select(pl.col(name)), path).to_series()
        return values.len(), column_profile(values, min_n)

    with ThreadPoolExecutor(_WORKERS) as pool:
        found = list(pool.map(one, names))
    return found[0][0], tuple(item for _, item in found)


def column_profile(values: pl.Series, min_n: int) -> ColumnProfile:
    """Describe one column."""
    kind = values.dtype
    stored = str(kind)
    if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Null):
        missing = values.null_count()
        return ColumnProfile(values.name, stored, OTHER, values.len() - missing, missing)
    if kind == pl.String or kind.is_float():
        gone = field_missing(values)
        held = values.filter(~gone) if gone.any() else values
    else:
        held = values.drop_nulls() if values.null_count() else values
    n, missing = held.len(), values.len() - held.len()
    if kind.is_temporal():
        return _time(held, stored, n, missing, min_n)
    numbers = held if kind.is_numeric() else _numbers(held)
    if numbers is not None and n:
        return _number(values.name, numbers, stored, missing, min_n)
    return _levels(held, stored, n, missing, min_n)


def _numbers(held: pl.Series) -> pl.Series | None:
    """Text that holds nothing but numbers, as Float64."""
    if held.dtype != pl.String:
        return None
    # The first few values settle it for most columns of words.
    head = held.head(64).str.strip_chars().cast(pl.Float64, strict=False)
    if head.null_count():
        return None
    numbers = held.str.strip_chars().cast(pl.Float64, strict=False)
    return None if numbers.null_count() else numbers


def _number(name: str, numbers: pl.Series, stored: str, missing: int, min_n: int) -> ColumnProfile:
    n = numbers.len()
    if n < min_n:
        return ColumnProfile(name, stored, NUMBER, n, missing, undecided=fewer(min_n))
    if numbers.dtype.is_decimal():
        numbers = numbers.cast(pl.Float64)
    ascending = np.sort(numbers.to_numpy())
    distinct = int(np.count_nonzero(ascending[1:] != ascending[:-1])) + 1
    inner = (_quantile(ascending, share) for share in (0.25, 0.5, 0.75))
    bounds = (ascending[0].item(), *inner, ascending[-1].item())
    if any(isinstance(value, float) and not np.isfinite(value) for value in bounds):
        return ColumnProfile(
            name, stored, NUMBER, n, missing, distinct, undecided="infinite values have no range"
        )
    return ColumnProfile(name, stored, NUMBER, n, missing, distinct, bounds)


def _quantile(ascending: Any, share: float) -> float:
    """Linear between order statistics (Hyndman and Fan 1996, type 7)."""
    at = share * (len(ascending) - 1)
    below = int(at)
    low, high = float(ascending[below]), float(ascending[min(below + 1, len(ascending) - 1)])
    return low if low == high else low + (at - below) * (high - low)


def _time(held: pl.Series, stored: str, n: int, missing: int, min_n: int) -> ColumnProfile:
    if n < min_n:
        return ColumnProfile(held.name, stored, TIME, n, missing, undecided=fewer(min_n))
    ends = pl.Series([held.min(), held.max()], dtype=held.dtype)
    if held.dtype == pl.Duration:
        first, last = (str(value) for value in ends.to_physical())
    else:
        first, last = ends.cast(pl.String).to_list()
    return ColumnProfile(held.name, stored, TIME, n, missing, held.n_unique(), (first, last))


def _levels(held: pl.Series, stored: str, n: int, missing: int, min_n: int) -> ColumnProfile:
    if n < min_n:
        return ColumnProfile(held.name, stored, LEVELS, n, missing, undecided=fewer(min_n))
    distinct = held.n_unique()
    if distinct > MAX_LEVELS:
        return ColumnProfile(held.name, stored, TEXT, n, missing, distinct)
    counted = {str(word): count for word, count in _counts(held)}
    gone = hidden({(word,): count for word, count in counted.items()}, min_n)
    may = sorted((word for word in counted if (word,) not in gone), key=lambda word: (-counted[word], word))
    shown = tuple((word, counted[word]) for word in may[:TOP])
    rest = n - sum(count for _, count in shown)
    return ColumnProfile(held.name, stored, LEVELS, n, missing, distinct, levels=shown, rest=rest)


def _counts(held: pl.Series) -> Iterator[tuple[str, int]]:
    counted = held.cast(pl.String).value_counts(name="n")
    yield from counted.rows()
