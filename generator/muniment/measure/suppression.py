"""Which cells are too small to show, and which others must go with them.

A cell below `min_n` rows is hidden. If it were the only one hidden of a total that is shown, it could be
computed from the rest; so the next smallest cell is hidden too, until the hidden ones are at least two and
hold `min_n` rows together.

Several tables of the same rows say more than each alone: a hospital is its region less the region's other
hospitals. `jointly` asks by linear algebra whether any small cell follows from everything that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from muniment.measure.kernel import Floats, Ints

Level = TypeVar("Level", bound=tuple[str, ...])

Axis: TypeAlias = tuple[str, ...]
"""Names of the columns of an axis, or the values of them that make a level."""

PROTECTS = "withheld to protect a smaller level"


def fewer(min_n: int) -> str:
    """The reason given for a cell that is too small itself."""
    return "no rows" if min_n == 1 else f"fewer than {min_n} rows"


def hidden(
    sizes: Mapping[Level, int], min_n: int, already: Mapping[Level, str] | None = None
) -> dict[Level, str]:
    """Return the levels to hide and why, `{level: reason}`.

    With several columns a level (an intersection), every line of the table is protected, since each
    line's total is the size of a level of one column.

    Args:
        sizes: rows of each level; every level has the same number of columns.
        min_n: the smallest size that is shown.
        already: levels that are hidden for another reason.
    """
    reasons = {level: fewer(min_n) for level, n in sizes.items() if n < min_n} | dict(already or {})
    while True:
        grown = False
        for line in _lines(sizes):
            extra = _protector(line, sizes, reasons, min_n)
            if extra is not None:
                reasons[extra] = PROTECTS
                grown = True
        if not grown:
            return reasons


def jointly(
    axes: Mapping[Axis, tuple[Sequence[Axis], Ints]], counts: Ints, min_n: int
) -> dict[Axis, dict[Axis, str]]:
    """Return for each axis the levels to hide and why, so that no small level follows from what is shown.

    Every level of every axis is a sum of combinations of all columns. A small level can be computed exactly
    if it is a linear combination of the shown levels and the total. While one can, the smallest level that
    is part of such a computation is hidden too. Which combinations occur is taken to be known.

    Args:
        axes: the columns of each axis, to its levels and the level's index of every combination that occurs.
        counts: rows of each combination, shape (combinations,).
        min_n: the smallest size that is shown.
    """
    # Levels are numbered over all axes; the total is number 0.
    names: list[tuple[Axis, Axis]] = [((), ())]
    codes = [np.zeros(len(counts), dtype=np.int64)]
    sizes: dict[Axis, dict[Axis, int]] = {}
    for axis, (levels, places) in axes.items():
        totals = np.bincount(places, weights=counts, minlength=len(levels))
        sizes[axis] = {level: int(totals[index]) for index, level in enumerate(levels)}
        codes.append(places + len(names))
        names += [(axis, level) for level in levels]
    reasons = {axis: hidden(found, min_n) for axis, found in sizes.items()}
    if not any(reasons.values()):
        return reasons
    overlap = _overlaps(codes, len(names))
    while True:
        extra = _revealing(names, sizes, reasons, overlap, min_n)
        if not extra:
            return reasons
        for axis, level in extra:
            reasons[axis] = hidden(sizes[axis], min_n, {**reasons[axis], level: PROTECTS})


def _overlaps(codes: Sequence[Ints], size: int) -> Floats:
    """How many combinations any two levels have in common, shape (size, size)."""
    out = np.zeros(size * size)
    for one in codes:
        for other in codes:
            out += np.bincount(one * size + other, minlength=size * size)
    return out.reshape(size, size)


def _revealing(
    names: Sequence[tuple[Axis, Axis]],
    sizes: Mapping[Axis, Mapping[Axis, int]],
    reasons: Mapping[Axis, Mapping[Axis, str]],
    overlap: Floats,
    min_n: int,
) -> set[tuple[Axis, Axis]]:
    """The smallest shown level of each computation that gives a small one; empty where there is none."""
    shown = [k for k, (axis, level) in enumerate(names) if k == 0 or level not in reasons[axis]]
    small = [k for k, (axis, level) in enumerate(names) if k and 0 < sizes[axis][level] < min_n]
    if not small or len(shown) < 2:
        return set()
    targets = overlap[np.ix_(shown, small)]
    shares, *_ = np.linalg.lstsq(overlap[np.ix_(shown, shown)], targets, rcond=None)
    # Squared distance of each level from the span of what is shown; it counts combinations.
    apart = np.diag(overlap)[small] - (shares * targets).sum(axis=0)
    out = set()
    for column in np.flatnonzero(apart < 1e-6):
        parts = zip(shown, shares[:, column], strict=True)
        used = [names[at] for at, part in parts if at and abs(part) > 1e-6]
        if used:
            out.add(min(used, key=lambda name: (sizes[name[0]][name[1]], name)))
    return out


def _protector(
    line: list[Level], sizes: Mapping[Level, int], reasons: Mapping[Level, str], min_n: int
) -> Level | None:
    """The next level of a line that must be hidden, or `None` where the line is safe."""
    gone = [level for level in line if level in reasons]
    if not gone or (len(gone) > 1 and sum(sizes[level] for level in gone) >= min_n):
        return None
    shown = [level for level in line if level not in reasons]
    # Equal sizes are settled by name, so that the choice is reproducible.
    return min(shown, key=lambda level: (sizes[level], level)) if shown else None


def _lines(sizes: Mapping[Level, int]) -> list[list[Level]]:
    """All levels together, and those that agree in one column where there are several columns."""
    levels = sorted(sizes)
    lines = [levels]
    width = len(levels[0]) if levels else 0
    if width > 1:
        for column in range(width):
            for value in sorted({level[column] for level in levels}):
                lines.append([level for level in levels if level[column] == value])
    return lines
