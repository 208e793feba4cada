"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Collection

_ALIKE = 0.65
"""Least similarity by `difflib`, chosen so that one slip in a word of three letters is forgiven."""


def closest(word: str, words: Collection[str]) -> str | None:
    """Return the word most like `word`, or `None` if none is alike; ties go to the first in order."""
    import difflib

    near = difflib.get_close_matches(word[:200], sorted(words), 1, _ALIKE)
    return near[0] if near else None
