"""Tabs between the parts of a YAML file, which some readers take for blanks and others refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_COMMENT = re.compile(r"(?:^|[ \t])#")


def stray(text: str, scalars: Iterable[Any]) -> tuple[int, int] | None:
    """Return 1-based line and column of the first tab that stands in no comment, quoted or block text.

    `scalars` are the parser events of quoted and block texts, in the order of the file.
    """
    lines = text.split("\n")
    taken: dict[int, list[tuple[int, int]]] = {}
    for event in scalars:
        start, end = event.start_mark, event.end_mark
        for number in range(start.line, min(end.line, len(lines) - 1) + 1):
            first = start.column if number == start.line else 0
            last = end.column if number == end.line else len(lines[number])
            taken.setdefault(number, []).append((first, last))
    for number, line in enumerate(lines):
        if "\t" not in line:
            continue
        bare, at = "", 0
        for first, last in taken.get(number, []):
            bare += line[at:first] + "x" * (last - first)
            at = last
        bare += line[at:]
        comment = _COMMENT.search(bare)
        column = bare.find("\t", 0, comment.start() if comment else None)
        if column >= 0:
            return number + 1, column + 1
    return None
