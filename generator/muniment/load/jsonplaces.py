"""Where nodes stand in a JSON file, found by skipping over everything that is not asked for.

Derived files are large and their nodes few are asked for: the YAML reader would take every value apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]

from muniment.load.strict import Place, ancestors
from muniment.model.tree import pointer

_SPACE = re.compile(r"[ \t\n\r]*")
_DEEPEST = 40
"""Levels that are followed; a pointer into a deeper node gets the place of an ancestor."""


def places(data: bytes, wanted: frozenset[str]) -> dict[str, Place] | None:
    """Return the places of the nodes at the JSON Pointers `wanted` and of their ancestors.

    Reads no further than the last of them. `None` where the bytes are, as far as they are read, no JSON
    object or list in UTF-8: then they may still be YAML.
    """
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    near = frozenset(each for one in wanted for each in ancestors(one))
    lacking = set(wanted)
    found: dict[str, tuple[int, int]] = {}
    try:
        text = data.decode("utf-8")
        start = _past(text, 0)
        for where, offsets in _Walk(text, near).value(start, "", start, 0):
            found[where] = offsets
            lacking.discard(where)
            if not lacking:
                break
    except (ValueError, IndexError, RecursionError):
        return None

    def place(at: int) -> tuple[int, int]:
        return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)

    return {where: Place(place(key), place(value)) for where, (key, value) in found.items()}


def _past(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Walk:
    """Walks the way to the wanted nodes; raises `ValueError` or `IndexError` for what is no JSON."""

    def __init__(self, text: str, near: frozenset[str]) -> None:
        self._text = text
        self._near = near
        self._skip = json.JSONDecoder().raw_decode
        self.end = 0
        """Offset behind the value walked last."""

    def value(self, at: int, where: str, key: int, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield pointer and offsets of key and value, for the value that begins at `at`."""
        if where not in self._near or depth > _DEEPEST:
            self.end = self._skip(self._text, at)[1]
            return
        yield where, (key, at)
        if self._text[at] == "{":
            yield from self._object(at, where, depth)
        elif self._text[at] == "[":
            yield from self._list(at, where, depth)
        else:
            self.end = self._skip(self._text, at)[1]

    def _object(self, at: int, where: str, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
        at = _past(self._text, at + 1)
        while self._text[at] != "}":
            key = at
            if self._text[at] != '"':
                raise ValueError
            name, at = scanstring(self._text, at + 1, True)
            at = _past(self._text, at)
            if self._text[at] != ":":
                raise ValueError
            yield from self.value(_past(self._text, at + 1), where + pointer(name), key, depth + 1)
            at = self._next("}")
        self.end = at + 1

    def _list(self, at: int, where: str, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
        at, index = _past(self._text, at + 1), 0
        while self._text[at] != "]":
            yield from self.value(at, f"{where}/{index}", at, depth + 1)
            at, index = self._next("]"), index + 1
        self.end = at + 1

    def _next(self, closing: str) -> int:
        """Offset of the next element, or of the bracket that closes."""
        at = _past(self._text, self.end)
        if self._text[at] == ",":
            return _past(self._text, at + 1)
        if self._text[at] != closing:
            raise ValueError
        return at
