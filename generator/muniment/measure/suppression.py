"""Which cells are too small to show, and which others must go with them.

A cell below `min_n` rows is hidden. If it were the only one hidden of a total that is shown, it could be
computed from the rest; so the next smallest cell is hidden too, until the hidden ones are at least two and
hold `min_n` rows together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Level = TypeVar("Level", bound=tuple[str, ...])

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
