"""Key, sort, fold: every rank statistic from one sorted array of integers.

* **Key.** Score and label in one unsigned integer, `code(score) * 2 + label`. The code of a score that
  is zero or above is its IEEE-754 bit pattern, which keeps the order and loses nothing. Where a score
  is below zero the bits no longer fit beside the label; then `codes` makes room. Where it cannot, the code
  is the dense rank, and the distinct scores are kept beside the keys.
* **Sort.** One payload-free sort, vectorised and on one thread. Sorted keys are canonical: whatever
  order, chunks or threads the rows came in, the same bits come out, so everything derived from them is
  reproducible.
* **Fold.** One pass over blocks that fit the cache, cut between tied scores. Within a tie the negatives
  come first, since the label is the lowest bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from muniment.measure.codes import code_at_or_above, decode, encode, offset_of
from muniment.measure.prepare import LABEL, SCORE, by_columns
from muniment.model.dataclass import dataclass

BLOCK = 1 << 15
"""Keys a block: 256 KiB, which fits the second-level cache."""
KEY = "key"
MOST_COUNTED = 1 << 20
"""Possible combinations of levels up to which those that occur are found by counting."""

UInts: TypeAlias = npt.NDArray[np.uint64]
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How codes and scores translate."""

    distinct: Floats | None = None
    """Sorted distinct scores where the code is a dense rank; `None` where the code is made from bits."""
    offset: int | None = None
    """What was taken off the magnitudes (module `codes`); `None` where the code is the score's bits."""

    def scores(self, codes: UInts) -> Floats:
        """The scores of `codes`, same shape."""
        if self.offset is not None:
            return decode(codes, self.offset)
        if self.distinct is None:
            return codes.view(np.float64)
        return self.distinct[codes.astype(np.int64)]

    def code(self, score: float) -> int:
        """The lowest code of a score at or above `score`; its own code where the code is its bits."""
        if self.offset is not None:
            return code_at_or_above(score, self.offset)
        if self.distinct is not None:
            return int(np.searchsorted(self.distinct, score))
        return int(np.float64(max(score, 0.0) + 0.0).view(np.uint64))


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The sorted keys of one cohort."""

    values: UInts
    """Ascending `code * 2 + label`."""
    scale: Scale

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.values)

    @property
    def labels(self) -> npt.NDArray[np.bool_]:
        """Labels in ascending order of score."""
        return (self.values & np.uint64(1)).astype(np.bool_)

    @property
    def scores(self) -> Floats:
        """Scores in ascending order."""
        return self.scale.scores(self.values >> np.uint64(1))

    def positives(self, start: int, stop: int) -> int:
        """Events among the keys from `start` to before `stop`."""
        return events_in(self.values[start:stop])

    def at_or_above(self, score: float) -> int:
        """Index of the first key whose score is `score` or more."""
        return int(np.searchsorted(self.values, np.uint64(self.scale.code(score) * 2)))


@dataclass(frozen=True, slots=True)
class RankState:
    """What the fold leaves of a cohort: enough for the AUROC and its variance. Rows are gone."""

    positives: int
    negatives: int
    twice_u: int
    """Twice the Mann–Whitney U of the positives, an exact integer."""
    s10: float
    """Sample variance of the positives' placements (0 where there are fewer than two)."""
    s01: float
    """Sample variance of the negatives' placements (0 where there are fewer than two)."""


def scale_of(frame: pl.DataFrame) -> Scale:
    """Bits where no score is below zero, shifted bits or dense ranks otherwise."""
    lowest = frame[SCORE].min()
    if frame.height and isinstance(lowest, float) and lowest < 0:
        offset = offset_of(frame[SCORE].to_numpy())
        return Scale(frame[SCORE].unique().sort().to_numpy() if offset is None else None, offset)
    return Scale()


def keyed(frame: pl.DataFrame, scale: Scale, also: Iterable[pl.Expr] = ()) -> pl.DataFrame:
    """Return `frame` with a `key` column (UInt64), and the columns of `also`."""
    if scale.distinct is None and scale.offset is None:
        code = pl.col(SCORE).reinterpret(dtype=pl.UInt64)
        return frame.with_columns((code * 2 + pl.col(LABEL).cast(pl.UInt64)).alias(KEY), *also)
    return frame.with_columns(pl.Series(KEY, _keys(frame, scale)), *also)


def _keys(frame: pl.DataFrame, scale: Scale) -> UInts:
    """Unsorted keys of a prepared frame, in 8 bytes a row where the scores are in one chunk."""
    if scale.distinct is not None:
        values = (frame[SCORE].rank("dense") - 1).cast(pl.UInt64).to_numpy() << np.uint64(1)
    else:
        values = np.empty(frame.height, dtype=np.uint64)
        start = 0
        for chunk in frame[SCORE].get_chunks():
            scores, part = chunk.to_numpy(), values[start : start + chunk.len()]
            if scale.offset is not None:
                encode(scores, scale.offset, part)
            else:
                np.left_shift(scores.view(np.uint64), np.uint64(1), out=part)
            start += chunk.len()
    start = 0
    for labels in frame[LABEL].get_chunks():
        for offset in range(0, labels.len(), BLOCK):
            part = labels[offset : offset + BLOCK].to_numpy()
            values[start : start + len(part)] |= part
            start += len(part)
    return values


def all_keys(frame: pl.DataFrame, scale: Scale) -> Keys:
    """The sorted keys of every row of a keyed frame."""
    return Keys(np.sort(frame[KEY].to_numpy()), scale)


def sorted_keys(frame: pl.DataFrame, scale: Scale) -> Keys:
    """The sorted keys of every row of a prepared frame, keyed or not, in 8 bytes a row."""
    values = _keys(frame, scale)
    values.sort()
    return Keys(values, scale)


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which level each row belongs to."""

    levels: Sequence[tuple[str, ...]]
    """The levels that occur, ascending."""
    codes: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
    """Row to its place among `levels`."""


def grouping(frame: pl.DataFrame, by: tuple[str, ...]) -> Grouping:
    """Number the levels of `by` (of their combinations, for several columns) in ascending order."""
    names: list[tuple[str, ...]] = [()]
    codes = np.zeros(frame.height, dtype=np.int64)
    for column in by_columns(by):
        found = frame[column].unique().sort()
        own = frame[column].cast(pl.Enum(found)).to_physical().to_numpy()
        codes = codes * found.len() + own
        # Only combinations that occur are kept, so that the numbers stay small.
        held, codes = _dense(codes, len(names) * found.len())
        names = [(*names[code // found.len()], found[code % found.len()]) for code in held]
    # Sixteen bits are sorted by counting.
    return Grouping(names, codes.astype(np.uint16) if len(names) <= 1 << 16 else codes.astype(np.uint32))


def _dense(codes: Ints, possible: int) -> tuple[list[int], Ints]:
    """The distinct codes, ascending, and each row's place among them."""
    if possible > MOST_COUNTED:
        distinct, places = np.unique(codes, return_inverse=True)
        return distinct.tolist(), places.astype(np.int64)
    held = np.flatnonzero(np.bincount(codes, minlength=possible))
    if len(held) == possible:
        return held.tolist(), codes
    table = np.zeros(possible, dtype=np.int64)
    table[held] = np.arange(len(held))
    return held.tolist(), table[codes]


def split_keys(frame: pl.DataFrame, groups: Grouping, scale: Scale) -> Mapping[tuple[str, ...], Keys]:
    """The sorted keys of every level of a grouping, ordered by level."""
    values = frame[KEY].to_numpy()[np.argsort(groups.codes, kind="stable")]
    ends = np.cumsum(np.bincount(groups.codes, minlength=len(groups.levels))).tolist()
    parts = {}
    for level, start, stop in zip(groups.levels, [0, *ends], ends, strict=False):
        part = values[start:stop]
        part.sort()
        parts[level] = Keys(part, scale)
    return parts


def events_in(values: UInts) -> int:
    """Keys with an event, counted block by block."""
    return sum(
        int(np.count_nonzero(values[start : start + BLOCK] & np.uint64(1)))
        for start in range(0, len(values), BLOCK)
    )


def blocks(values: UInts) -> Iterator[tuple[UInts, int, int]]:
    """Yield `(codes, start, stop)` over sorted keys; a block never ends inside a tie.

    A tie longer than a block is yielded alone, so that memory stays bounded: its two ends are found
    by bisection, and `codes` then holds its first element only.
    """
    n = len(values)
    start = 0
    while start < n:
        stop = min(start + BLOCK, n)
        if stop < n:
            last = int(values[stop - 1]) >> 1
            tie = int(np.searchsorted(values, np.uint64(last * 2)))
            if tie > start:
                stop = tie
            else:
                stop = int(np.searchsorted(values, np.uint64(last * 2 + 1), side="right"))
                yield values[start : start + 1] >> np.uint64(1), start, stop
                start = stop
                continue
        yield values[start:stop] >> np.uint64(1), start, stop
        start = stop


def tie_counts(values: UInts) -> Iterator[tuple[UInts, Ints, Ints]]:
    """Yield `(codes, positives, negatives)` of the distinct scores, ascending, block by block."""
    for codes, labels, counts in counted(values):
        if counts:
            yield codes, *counts
        else:
            events = labels.astype(np.int64)
            yield codes, events, 1 - events


def counted(values: UInts) -> Iterator[tuple[UInts, npt.NDArray[np.bool_], tuple[Ints, Ints] | None]]:
    """Yield `(codes, labels, None)` of a block without ties, and `(codes, labels, counts)` of one with ties.

    With ties `codes` are distinct and `counts` are the positives and negatives of each.
    """
    for codes, start, stop in blocks(values):
        part = values[start:stop]
        if len(codes) != stop - start:
            tied = stop - int(np.searchsorted(values[:stop], np.uint64(int(codes[0]) * 2 + 1)))
            counts = np.array([tied]), np.array([stop - start - tied])
            yield codes, np.empty(0, dtype=np.bool_), counts
            continue
        labels = (part & np.uint64(1)).astype(np.bool_)
        new = codes[1:] != codes[:-1]
        if new.all():
            yield codes, labels, None
            continue
        first = np.concatenate(([0], np.flatnonzero(new) + 1))
        events: Ints = np.add.reduceat(labels.astype(np.int64), first)
        sizes = np.diff(np.concatenate((first, [len(codes)])))
        yield codes[first], labels, (events, sizes - events)


def fold(values: UInts) -> RankState:
    """Fold sorted keys into the AUROC's rank state in one pass.

    `2U = Σ positives · (2 · negatives below + negatives tied)` in 64-bit integers, exact to
    `P · N < 4.6e18`. The placements' variances (DeLong, DeLong and Clarke-Pearson 1988, by mid-ranks as
    in Sun and Xu 2014) are accumulated about one half, which keeps their leading digits.
    """
    positives = events_in(values)
    negatives = len(values) - positives
    twice_u = below_p = below_n = 0
    sums = [0.0, 0.0, 0.0, 0.0]
    for held_n, held_p, weights in _ranked(values):
        # Twice the negatives below a tie, those tied counted once: in [0, 2N]. Likewise the positives.
        rank_n, rank_p = held_n + 2 * below_n, held_p + 2 * below_p
        events, others = weights if weights else (None, None)
        twice_u += int((rank_n if events is None else events * rank_n).sum())
        if positives and negatives:
            about_n = (rank_n - negatives) / (2.0 * negatives)
            about_p = (positives - rank_p) / (2.0 * positives)
            moment_n = about_n if events is None else events * about_n
            moment_p = about_p if others is None else others * about_p
            sums[0] += float(moment_n.sum())
            sums[1] += float((moment_n * about_n).sum())
            sums[2] += float(moment_p.sum())
            sums[3] += float((moment_p * about_p).sum())
        more = len(rank_n) if events is None else int(events.sum())
        below_p += more
        below_n += len(rank_p) if others is None else int(others.sum())
    return RankState(
        positives,
        negatives,
        twice_u,
        _variance(sums[0], sums[1], positives),
        _variance(sums[2], sums[3], negatives),
    )


def _ranked(values: UInts) -> Iterator[tuple[Ints, Ints, tuple[Ints, Ints] | None]]:
    """Yield, block by block, twice the negatives (positives) of the block below each positive (negative).

    In a block without ties there is one number a row of the class. With ties there is one number a distinct
    score, those tied counted once, and how many rows of each class have that score.
    """
    for _, labels, counts in counted(values):
        if counts:
            events, others = counts
            yield 2 * np.cumsum(others) - others, 2 * np.cumsum(events) - events, counts
            continue
        at_p, at_n = np.flatnonzero(labels), np.flatnonzero(~labels)
        yield 2 * (at_p - _ASCENDING[: len(at_p)]), 2 * (at_n - _ASCENDING[: len(at_n)]), None


_ASCENDING = np.arange(BLOCK)


def _variance(total: float, squares: float, n: int) -> float:
    return max(squares - total * total / n, 0.0) / (n - 1) if n > 1 else 0.0
