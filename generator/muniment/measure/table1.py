"""Who is in each partition: Table 1 with standardised differences, and the flow that leads there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.missing import field_missing, read_columns
from muniment.measure.prepare import MAX_LEVELS, MISSING
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided, wald
from muniment.measure.suppression import PROTECTS, fewer, hidden
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

NUMBER, LEVEL = "number", "level"
AUSTIN = "austin-2009"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table in one partition: a level's share, or a number's quartiles."""

    partition: str
    n: int | None
    """Rows with a value; `None` where suppressed."""
    missing: int | None
    """Rows without one."""
    count: int | None = None
    """Rows at this level."""
    share: Result | None = None
    """Of the rows with a value."""
    quartiles: tuple[float, float, float] | None = None
    """First quartile, median, third quartile, linear between order statistics."""
    difference: Result | None = None
    """Standardised difference from the reference partition; `None` for the reference itself."""
    undecided: str | None = None
    """Why the entry shows nothing."""

    def as_json(self) -> dict[str, Any]:
        """The entry's numbers; what does not apply is left out."""
        out: dict[str, Any] = {"partition": self.partition, "n": self.n, "missing": self.missing}
        if self.undecided is not None:
            return out | {"undecided": self.undecided}
        if self.quartiles is not None:
            first, median, third = (rounded(value) for value in self.quartiles)
            out |= {"q1": first, "median": median, "q3": third}
        if self.share is not None:
            out |= {"count": self.count, "share": _json(self.share)}
        if self.difference is not None:
            out["standardised_difference"] = _json(self.difference)
        return out


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One row of the table."""

    column: str
    kind: str
    """`number` or `level`."""
    level: str | None
    """The level; `None` for a number."""
    entries: tuple[Entry, ...]
    """One a partition, the reference first."""

    def as_json(self) -> dict[str, Any]:
        """The row with its entries."""
        return {
            "column": self.column,
            "kind": self.kind,
            "level": self.level,
            "entries": [entry.as_json() for entry in self.entries],
        }


@dataclass(frozen=True, slots=True)
class TableOne:
    """Characteristics by partition."""

    reference: str
    partitions: Mapping[str, int | None]
    """Partition to rows, the reference first; `None` where suppressed."""
    level: float
    rows: tuple[Characteristic, ...]

    def as_json(self) -> dict[str, Any]:
        """Partitions and rows."""
        return {
            "reference": self.reference,
            "partitions": [{"partition": name, "n": n} for name, n in self.partitions.items()],
            "level": self.level,
            "rows": [row.as_json() for row in self.rows],
        }


def table_one(
    table: pl.LazyFrame,
    columns: Sequence[str],
    partition: str,
    reference: str,
    *,
    levels: Sequence[str] = (),
    level: float = 0.95,
    min_n: int = 10,
    name: str = "the table",
) -> TableOne:
    """Describe every column in every partition, and how far it is from the reference.

    Numbers have quartiles and the difference of means over the root of the mean variance; every level has
    its share and the same for a share (Austin 2009, Stat Med 28:3083). Intervals of differences are Hedges
    and Olkin's (1985): `d ± z √((n₁ + n₂)/(n₁ n₂) + d²/(2(n₁ + n₂)))`. Missing values are counted and left
    out. Levels below `min_n` rows in a partition are suppressed there, with those that would give them away,
    and so are their differences in every partition that is compared with them.

    Args:
        table: any order of rows.
        columns: what to describe, in this order; numbers unless they hold words.
        partition: column of the partition; an empty one is a partition of its own.
        reference: the partition to compare with.
        levels: columns whose numbers are names.
        level: confidence level.
        min_n: smaller cells are suppressed.
        name: what messages call the table.

    Raises:
        UnreadableInput: a missing column, no rows, or no row of the reference.
        UsageError: too many levels or partitions.
    """
    frame = read_columns(table, [*columns, partition], name)
    parts = frame[partition].cast(pl.String).fill_null(MISSING)
    if parts.n_unique() > MAX_LEVELS:
        raise UsageError(f"column {partition!r} has {parts.n_unique()} levels and makes no partitions")
    names = sorted(parts.unique().to_list())
    if reference not in names:
        raise UnreadableInput(
            f"no row is of the reference partition {reference!r}",
            hint=f"Partitions found: {', '.join(names[:12])}.",
        )
    names = [reference, *(other for other in names if other != reference)]
    sizes = {other: int((parts == other).sum()) for other in names}
    small = {key[0]: why for key, why in hidden({(other,): n for other, n in sizes.items()}, min_n).items()}
    rows: list[Characteristic] = []
    for column in columns:
        values = frame[column]
        gone = field_missing(values)
        pieces = {other: values.filter((parts == other) & ~gone) for other in names}
        missing = {other: sizes[other] - pieces[other].len() for other in names}
        numbers = None if column in levels else _numbers(pieces)
        if numbers is not None:
            rows.append(_number_row(column, names, numbers, missing, small, level, min_n))
        else:
            rows += _level_rows(column, names, pieces, missing, small, level, min_n)
    shown = {other: None if other in small else n for other, n in sizes.items()}
    return TableOne(reference, shown, level, tuple(rows))


def standardised_means(a: tuple[float, float, int], b: tuple[float, float, int], level: float) -> Result:
    """Difference of two means over the root of the mean variance; each is (mean, variance, n)."""
    spread = math.sqrt((a[1] + b[1]) / 2)
    return _standardised(a[0] - b[0], spread, a[2], b[2], level)


def standardised_shares(k1: int, n1: int, k2: int, n2: int, level: float) -> Result:
    """Difference of two shares over the root of their mean variance."""
    if not n1 or not n2:
        return undecided(AUSTIN, "no values in a partition")
    p1, p2 = k1 / n1, k2 / n2
    return _standardised(p1 - p2, math.sqrt((p1 * (1 - p1) + p2 * (1 - p2)) / 2), n1, n2, level)


def _standardised(difference: float, spread: float, n1: int, n2: int, level: float) -> Result:
    if min(n1, n2) < 2:
        return undecided(AUSTIN, "fewer than two values in a partition")
    if spread == 0 and difference != 0:
        return undecided(AUSTIN, "the values do not vary within the partitions")
    d = difference / spread if spread > 0 else 0.0
    error = math.sqrt((n1 + n2) / (n1 * n2) + d * d / (2 * (n1 + n2)))
    return wald(d, error, level, AUSTIN)


def _numbers(pieces: Mapping[str, pl.Series]) -> dict[str, pl.Series] | None:
    """The values as sorted Float64, or `None` where one is no number."""
    out = {}
    for name, values in pieces.items():
        if values.dtype == pl.Boolean or values.dtype.is_nested() or values.dtype.is_temporal():
            return None
        numbers = values.cast(pl.String).str.strip_chars() if values.dtype == pl.String else values
        cast = numbers.cast(pl.Float64, strict=False)
        if cast.null_count() or not cast.is_finite().all():
            return None
        out[name] = cast.sort()
    return out


def _number_row(
    column: str,
    names: Sequence[str],
    numbers: Mapping[str, pl.Series],
    missing: Mapping[str, int],
    small: Mapping[str, str],
    level: float,
    min_n: int,
) -> Characteristic:
    moments = {}
    for name in names:
        values = numbers[name].to_numpy()
        n = len(values)
        mean = float(values.sum()) / n if n else math.nan
        variance = float(((values - mean) ** 2).sum()) / (n - 1) if n > 1 else math.nan
        moments[name] = (mean, variance, n)
    entries = []
    for name in names:
        n = moments[name][2]
        reason = small.get(name) or (fewer(min_n) if n < min_n else None)
        if reason:
            entries.append(Entry(name, None, None, undecided=reason))
            continue
        first, median, third = np.quantile(numbers[name].to_numpy(), [0.25, 0.5, 0.75])
        difference = None
        if name != names[0]:
            reference = entries[0].undecided
            difference = (
                undecided(AUSTIN, f"the reference has {reference}")
                if reference
                else standardised_means(moments[name], moments[names[0]], level)
            )
        quartiles = (float(first), float(median), float(third))
        entries.append(Entry(name, n, missing[name], quartiles=quartiles, difference=difference))
    return Characteristic(column, NUMBER, None, tuple(entries))


def _level_rows(
    column: str,
    names: Sequence[str],
    pieces: Mapping[str, pl.Series],
    missing: Mapping[str, int],
    small: Mapping[str, str],
    level: float,
    min_n: int,
) -> list[Characteristic]:
    counts = {}
    for name in names:
        words = pieces[name].cast(pl.String).str.strip_chars()
        counts[name] = {str(word): n for word, n in words.value_counts(name="n").rows()}
    found = sorted({word for counted in counts.values() for word in counted})
    if len(found) > MAX_LEVELS:
        raise UsageError(
            f"column {column!r} has {len(found)} levels; a table shows {MAX_LEVELS}",
            hint="Leave out identifiers and free text.",
        )
    reasons = {}
    for name in names:
        # A level that nobody has needs no protection: there is nobody to tell.
        sizes = {(word,): counts[name][word] for word in found if word in counts[name]}
        reasons[name] = {key[0]: why for key, why in hidden(sizes, min_n).items()}
        if name in small:
            reasons[name] = dict.fromkeys(found, small[name])
        elif reasons[name]:
            # Where levels are hidden, a zero shown would say who the hidden ones are not.
            reasons[name] |= {word: PROTECTS for word in found if word not in counts[name]}
    rows = []
    for word in found:
        entries = [_level_entry(word, name, names[0], counts, missing, reasons, level) for name in names]
        rows.append(Characteristic(column, LEVEL, word, tuple(entries)))
    return rows


def _level_entry(
    word: str,
    name: str,
    reference: str,
    counts: Mapping[str, Mapping[str, int]],
    missing: Mapping[str, int],
    reasons: Mapping[str, Mapping[str, str]],
    level: float,
) -> Entry:
    why = reasons[name].get(word)
    if why is not None:
        return Entry(name, None, None, undecided=why)
    n, count = sum(counts[name].values()), counts[name].get(word, 0)
    difference = None
    if name != reference:
        withheld = reasons[reference].get(word)
        difference = (
            undecided(AUSTIN, f"the reference is not shown: {withheld}")
            if withheld
            else standardised_shares(
                count, n, counts[reference].get(word, 0), sum(counts[reference].values()), level
            )
        )
    share = proportion(count, n, level, "wilson", "no values")
    return Entry(name, n, missing[name], count, share, difference=difference)


def _json(result: Result) -> dict[str, Any]:
    out: dict[str, Any] = {
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})
