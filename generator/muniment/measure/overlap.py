"""What partitions share: exact counts of patients, sites and times, for tens of millions of rows.

An id and its partition are packed into one unsigned integer and sorted without any payload; then equal
neighbours are the same patient in one partition, and neighbours with equal id bits one patient in several.
Whole numbers are packed as they are. Any other id is packed as a hash of 64 bits less those of the
partition; the counts are exact because ids whose hash comes more than once are counted against their hashes,
and where the counts differ (two ids with one hash) dense ranks take the place of all hashes.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.kernel import Ints, UInts
from muniment.measure.prepare import MISSING
from muniment.measure.tables import collect, open_table, require
from muniment.model.dataclass import dataclass

MOST_PARTITIONS = 64
BLOCK = 1 << 16
"""Rows a block of a pass: half a MiB of packed ids, which fits the second-level cache."""
_BITS = 64
MOST_MARKS = 26
"""Bits of a hash that are marked at most: 64 MiB of marks."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One kind of thing (patient, site, quarter) in every partition, and in every pair of them."""

    unit: str
    column: str
    distinct: Mapping[str, int]
    """Partition to distinct values."""
    missing: Mapping[str, int]
    """Partition to rows without a value: they can neither be shared nor be shown not to be."""
    pairs: Mapping[tuple[str, str], int]
    """Two partitions, in their order, to distinct values that are in both; every pair is listed."""

    def as_json(self) -> dict[str, Any]:
        """Counts by partition and by pair."""
        return {
            "unit": self.unit,
            "column": self.column,
            "distinct": [
                {"partition": name, "n": n, "missing": self.missing[name]}
                for name, n in self.distinct.items()
            ],
            "pairs": [{"a": a, "b": b, "n": n} for (a, b), n in self.pairs.items()],
        }


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Every unit that was asked for."""

    partitions: Mapping[str, int]
    """Partition to rows, ordered by name."""
    units: tuple[Shared, ...]

    def as_json(self) -> dict[str, Any]:
        """Partitions and units."""
        return {
            "partitions": [{"partition": name, "rows": n} for name, n in self.partitions.items()],
            "units": [unit.as_json() for unit in self.units],
        }


def overlaps(membership: str | Path, units: Mapping[str, str], partition: str) -> Overlaps:
    """Count what the partitions of one table share.

    Args:
        membership: a path or a glob; one row a patient, or several.
        units: what to count (`patient`, `site`, `time`) to its column.
        partition: column of the partition; empty cells are a partition of their own.

    Raises:
        UnreadableInput: a table that cannot be read, lacks a column or has no rows.
        UsageError: no units, or more than 64 partitions.
    """
    if not units:
        raise UsageError("an overlap needs to know of what", hint="Name at least the patient's column.")
    table = open_table(membership)
    require(table.collect_schema().names(), [partition, *units.values()], membership)
    # As numbered names while it is read: the text of every row would be most of the memory.
    numbered = pl.col(partition).cast(pl.String).cast(pl.Categorical)
    names, codes = coded(collect(table.select(numbered), membership).to_series(), membership)
    rows = _tally(codes, len(names))
    found = []
    for unit, column in units.items():
        # One column at a time, so that memory holds one.
        values = collect(table.select(pl.col(column)), membership).to_series()
        found.append(shared(unit, column, values, codes, names))
    return Overlaps({name: int(n) for name, n in zip(names, rows, strict=True)}, tuple(found))


def overlaps_of_tables(tables: Mapping[str, str | Path], units: Mapping[str, str]) -> Overlaps:
    """Count what tables share, each being a partition: name to path or glob.

    Raises:
        UnreadableInput: a table that cannot be read or lacks a column, or columns of several types.
        UsageError: no units, or not two to 64 tables.
    """
    if not units:
        raise UsageError("an overlap needs to know of what", hint="Name at least the patient's column.")
    if not 2 <= len(tables) <= MOST_PARTITIONS:
        raise UsageError(f"an overlap is of 2 to {MOST_PARTITIONS} tables, not of {len(tables)}")
    names = sorted(tables)
    frames = {name: open_table(tables[name]) for name in names}
    for name in names:
        require(frames[name].collect_schema().names(), list(units.values()), tables[name])
    found, rows = [], []
    for unit, column in units.items():
        columns = [collect(frames[name].select(pl.col(column)), tables[name]).to_series() for name in names]
        kinds = sorted({str(values.dtype) for values in columns})
        if len(kinds) > 1:
            raise UnreadableInput(
                f"column {column!r} is {' in one table and '.join(kinds)} in another",
                hint="Ids of different types cannot be compared; store them alike.",
            )
        rows = [values.len() for values in columns]
        codes = np.repeat(np.arange(len(names), dtype=np.uint8), rows)
        found.append(shared(unit, column, pl.concat(columns), codes, names))
    return Overlaps(dict(zip(names, rows, strict=True)), tuple(found))


def coded(partitions: pl.Series, name: str | Path) -> tuple[list[str], npt.NDArray[np.uint8]]:
    """The partitions' names in order, and each row's position among them."""
    if not partitions.len():
        raise UnreadableInput(f"{Path(name).name} has no rows", hint="Check the export that made it.")
    words = partitions if partitions.dtype == pl.Categorical else _names(partitions)
    found = words.unique()
    texts = found.cast(pl.String).fill_null(MISSING).to_list()
    names = sorted(set(texts))
    if len(names) > MOST_PARTITIONS:
        raise UsageError(
            f"column {partitions.name!r} has {len(names)} partitions; {MOST_PARTITIONS} can be compared",
            hint="Give the column of the split, not an identifier.",
        )
    # What Polars numbers a word with depends on the words it met before: only the order of names counts here.
    numbers = found.to_physical().to_list()
    nameless = max((number for number in numbers if number is not None), default=-1) + 1
    lookup = np.zeros(nameless + 1, dtype=np.uint8)
    for number, text in zip(numbers, texts, strict=True):
        lookup[nameless if number is None else number] = names.index(text)
    physical = words.to_physical()
    if physical.null_count():
        physical = physical.fill_null(nameless)
    raw, codes = physical.to_numpy(), np.empty(words.len(), dtype=np.uint8)
    for start in range(0, len(raw), BLOCK):
        # In blocks, since indexing widens the numbers to 64 bits.
        codes[start : start + BLOCK] = lookup[raw[start : start + BLOCK]]
    return names, codes


def _names(partitions: pl.Series) -> pl.Series:
    return partitions.cast(pl.String).cast(pl.Categorical)


def _tally(codes: npt.NDArray[np.uint8], partitions: int) -> Ints:
    """How often each code comes; comparing bytes beats `bincount`, which widens them to 64 bits first."""
    return np.array([np.count_nonzero(codes == code) for code in range(partitions)], dtype=np.int64)


def shared(
    unit: str, column: str, values: pl.Series, codes: npt.NDArray[np.uint8], names: Sequence[str]
) -> Shared:
    """Count distinct values in every partition and pair.

    Args:
        unit: what a value is.
        column: where it comes from.
        values: shape (n,), nulls and NaN being no value.
        codes: shape (n,), partition of each row.
        names: of the partitions, ordered.
    """
    size = len(names)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    gone = np.zeros(size, dtype=np.int64)
    if values.null_count():
        lost = values.is_null().to_numpy()
        gone = _tally(codes[lost], size)
        values, codes = values.drop_nulls(), codes[~lost]
    alone, together = _counts(_packed(values, codes, size), _width(size), size)
    return Shared(
        unit,
        column,
        {name: int(alone[index]) for index, name in enumerate(names)},
        {name: int(gone[index]) for index, name in enumerate(names)},
        {(names[a], names[b]): int(together[a, b]) for a, b in itertools.combinations(range(size), 2)},
    )


def _width(partitions: int) -> int:
    """Bits that tell the partitions apart."""
    return max(partitions - 1, 1).bit_length()


def _packed(values: pl.Series, codes: npt.NDArray[np.uint8], partitions: int) -> UInts:
    """Sorted `id << width | partition`, one id never having the bits of another."""
    width = np.uint64(_width(partitions))
    keys = _whole(values, int(width))
    if keys is None:
        keys = _hashed(values, width)
    np.left_shift(keys, width, out=keys)
    np.bitwise_or(keys, codes, out=keys)
    # NumPy's in-place sort of plain integers is vectorised and needs no second array.
    keys.sort()
    return keys


def _whole(values: pl.Series, width: int) -> UInts | None:
    """Whole numbers less the smallest; `None` for anything else, and where they leave no room for `width`."""
    kind = values.dtype
    if kind.is_temporal() or kind == pl.Boolean:
        values = values.cast(pl.Int64) if kind == pl.Boolean else values.to_physical()
    elif not kind.is_integer() or kind in (pl.Int128, pl.UInt128):
        return None
    if not values.len():
        return np.empty(0, dtype=np.uint64)
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    if (high - low).bit_length() + width > _BITS:
        return None
    # Two's complement: the difference of the wrapped numbers is the difference.
    whole = values.to_numpy().astype(np.uint64)
    np.subtract(whole, np.uint64(low % 2**_BITS), out=whole)
    return whole


def _hashed(values: pl.Series, width: np.uint64) -> UInts:
    if values.dtype.is_nested():
        raise UsageError(f"column {values.name!r} holds {values.dtype} and no ids")
    if not values.dtype.is_integer():
        values = values.cast(pl.String)
    hashes = values.hash().to_numpy() >> width
    if _one_id_each(values, hashes):
        return hashes
    return (values.rank("dense") - 1).to_numpy().astype(np.uint64)


def _one_id_each(values: pl.Series, hashes: UInts) -> bool:
    """Whether no two ids have one hash.

    A hash that comes once belongs to one id. Of the others, every row is found by a table of marks over some
    bits of the hash (which marks a few rows too many), and only their ids are told apart as texts.
    """
    ascending = np.sort(hashes)
    repeated = ascending[1:][ascending[1:] == ascending[:-1]]
    if not len(repeated):
        return True
    mask = np.uint64((1 << min(len(hashes).bit_length(), MOST_MARKS)) - 1)
    marks = np.zeros(int(mask) + 1, dtype=np.bool_)
    marks[repeated & mask] = True
    told = np.empty(len(hashes), dtype=np.bool_)
    for start in range(0, len(hashes), BLOCK):
        told[start : start + BLOCK] = marks[hashes[start : start + BLOCK] & mask]
    rest = np.sort(hashes[told])
    return 1 + int(np.count_nonzero(rest[1:] != rest[:-1])) == values.filter(pl.Series(told)).n_unique()


def _counts(keys: UInts, width: int, partitions: int) -> tuple[Ints, Ints]:
    """Distinct ids of each partition, shape (p,), and of each pair, shape (p, p), from sorted keys."""
    alone = np.zeros(partitions, dtype=np.int64)
    together = np.zeros((partitions, partitions), dtype=np.int64)
    shift, mask = np.uint64(width), np.uint64((1 << width) - 1)
    start = 0
    while start < len(keys):
        stop = min(start + BLOCK, len(keys))
        if stop < len(keys):
            # A block ends where an id ends, however many rows that id has.
            last = (int(keys[stop - 1]) >> width << width) | int(mask)
            stop = int(np.searchsorted(keys, np.uint64(last), side="right"))
        block = keys[start:stop]
        new = block[1:] != block[:-1]
        if not new.all():
            block = block[np.concatenate(([True], new))]
        ids, codes = block >> shift, (block & mask).astype(np.uint8)
        alone += _tally(codes, partitions)
        repeats = np.flatnonzero(ids[1:] == ids[:-1])
        if len(repeats):
            together += _pairs(ids, codes, repeats, partitions)
        start = stop
    return alone, together


def _pairs(ids: UInts, codes: npt.NDArray[np.uint8], repeats: Ints, partitions: int) -> Ints:
    """Ids by pair of partitions; `repeats` are the places whose next id is the same."""
    held = np.zeros(len(ids), dtype=np.bool_)
    held[repeats] = held[repeats + 1] = True
    places = np.flatnonzero(held)
    starts = np.flatnonzero(np.concatenate(([True], ids[places][1:] != ids[places][:-1])))
    flags = np.bitwise_or.reduceat(np.uint64(1) << codes[places].astype(np.uint64), starts)
    flags.sort()
    ends = np.flatnonzero(np.concatenate((flags[1:] != flags[:-1], [True])))
    out = np.zeros((partitions, partitions), dtype=np.int64)
    for mask, n in zip(flags[ends].tolist(), np.diff(ends, prepend=-1).tolist(), strict=True):
        inside = [code for code in range(partitions) if mask >> code & 1]
        for a, b in itertools.combinations(inside, 2):
            out[a, b] += n
    return out
