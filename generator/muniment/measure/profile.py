"""What a column holds, in a few numbers: enough to notice that the data changed, too little to tell anybody.

Levels below `min_n` rows are never named, nor one that would give them away; columns of so many levels that
they name rows (identifiers, free text) show none. Smallest and largest value are single values: they are
shown because a changed range is the commonest silent fault, and only with `min_n` values behind them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.measure.missing import field_missing
from muniment.measure.prepare import MAX_LEVELS
from muniment.measure.suppression import fewer, hidden
from muniment.measure.tables import CSV, collect
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

NUMBER, LEVELS, TEXT, TIME, OTHER = "number", "levels", "text", "time", "other"
TOP = 10
"""Levels that are named."""
_WORKERS = 4
_HEAD = 20_000


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
    """Distinct values; `None` where they were not counted or are suppressed. Text of many levels is counted
    by hashes of 64 bits: with a million values, one too few in 37 million tables."""
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
    if kind == pl.String or kind in (pl.Categorical, pl.Enum):
        return _text(values, stored, min_n)
    held = values.drop_nulls()
    if kind.is_float():
        held = held.drop_nans()
    missing = values.len() - held.len()
    if kind.is_temporal():
        return _time(held, stored, held.len(), missing, min_n)
    if kind.is_numeric():
        return _number(values.name, held, stored, missing, min_n)
    return _levels(values.name, held.value_counts(name="n"), stored, missing, min_n)


def _text(values: pl.Series, stored: str, min_n: int) -> ColumnProfile:
    """A column of text: few levels, many, or numbers written out."""
    # The first rows tell an identifier, and then the whole column need not be grouped.
    counted = values.head(_HEAD).value_counts(name="n")
    if counted.height <= MAX_LEVELS and values.len() > _HEAD:
        counted = values.value_counts(name="n")
    if counted.height <= MAX_LEVELS:
        # What is missing and what is a number is decided on the levels, not on the rows.
        counted = counted.with_columns(pl.nth(0).cast(pl.String))
        gone = field_missing(counted.to_series(0))
        held = counted.filter(~gone)
        if not held.height or _numbers(held.to_series(0)) is None:
            return _levels(values.name, held, stored, int(counted["n"].filter(gone).sum()), min_n)
    texts = values.cast(pl.String)
    gone = field_missing(texts)
    missing = int(gone.sum())
    rest = texts.filter(~gone) if missing else texts
    numbers = _numbers(rest)
    if numbers is not None:
        return _number(values.name, numbers, stored, missing, min_n)
    if rest.len() < min_n:
        return ColumnProfile(values.name, stored, TEXT, rest.len(), missing, undecided=fewer(min_n))
    ascending = np.sort(rest.hash().to_numpy())
    return ColumnProfile(values.name, stored, TEXT, rest.len(), missing, _distinct(ascending))


def _distinct(ascending: Any) -> int:
    """Distinct values of a sorted array that is not empty."""
    return int(np.count_nonzero(ascending[1:] != ascending[:-1])) + 1


def _numbers(held: pl.Series) -> pl.Series | None:
    """Text that holds nothing but numbers, as Float64."""
    if not held.len():
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
    distinct = _distinct(ascending)
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


def _levels(name: str, counted: pl.DataFrame, stored: str, missing: int, min_n: int) -> ColumnProfile:
    """The profile of levels with their rows; `counted` has them in its two columns."""
    n = int(counted["n"].sum())
    if n < min_n:
        return ColumnProfile(name, stored, LEVELS, n, missing, undecided=fewer(min_n))
    rows = {str(word): count for word, count in counted.select(pl.nth(0).cast(pl.String), "n").rows()}
    gone = hidden({(word,): count for word, count in rows.items()}, min_n)
    may = sorted((word for word in rows if (word,) not in gone), key=lambda word: (-rows[word], word))
    shown = tuple((word, rows[word]) for word in may[:TOP])
    rest = n - sum(count for _, count in shown)
    return ColumnProfile(name, stored, LEVELS, n, missing, len(rows), levels=shown, rest=rest)
