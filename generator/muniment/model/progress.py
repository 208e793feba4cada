"""How far long work is: told by whoever does it, shown by whoever has a terminal."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told what is being done, and how much of it; may be called from any thread."""

    def __call__(self, what: str, done: int = 0, whole: int = 0) -> None:
        """Take up that `done` of `whole` is done; a `whole` of 0 is not known. No text: the work is over."""


def silent(what: str, done: int = 0, whole: int = 0) -> None:
    """Show nothing."""
