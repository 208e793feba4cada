"""Strict reading of a policy file's tree: every mistake names its file and place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from muniment.errors import InvalidPolicy
from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, pointer

Locate = Callable[[str, str], tuple[int, int]]
"""File and JSON Pointer to 1-based line and column."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a policy file, with its place."""

    value: Tree
    file: str
    at: str = ""
    """JSON Pointer."""
    locate: Locate | None = None

    def invalid(self, message: str, hint: str = "") -> InvalidPolicy:
        """The error for a mistake here."""
        if self.locate is None:
            return InvalidPolicy(message, hint=hint, where=f"{self.file}#{self.at}" if self.at else self.file)
        line, column = self.locate(self.file, self.at)
        return InvalidPolicy(message, hint=hint, where=f"{self.file}:{line}:{column}")

    def child(self, step: str | int) -> Node:
        """The node below, which must be there."""
        return Node(self.value[step], self.file, self.at + pointer(step), self.locate)

    def fields(self, required: frozenset[str], optional: frozenset[str]) -> Mapping[str, Node]:
        """The children of a mapping with exactly these keys allowed."""
        if not isinstance(self.value, Mapping):
            raise self.invalid("a mapping is expected here")
        known = required | optional
        for name in self.value:
            if name not in known:
                raise self.child(name).invalid(f"unknown key `{name}`", _did_you_mean(name, known))
        missing = sorted(required - set(self.value))
        if missing:
            raise self.invalid(f"the key `{missing[0]}` is missing")
        return {name: self.child(name) for name in self.value}

    def entries(self) -> tuple[tuple[str, Node], ...]:
        """Name and node of every entry of a mapping."""
        if not isinstance(self.value, Mapping):
            raise self.invalid("a mapping is expected here")
        return tuple((name, self.child(name)) for name in self.value)

    def elements(self) -> tuple[Node, ...]:
        """The nodes of a list."""
        if not isinstance(self.value, (tuple, list)):
            raise self.invalid("a list is expected here")
        return tuple(self.child(index) for index in range(len(self.value)))

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.invalid("a text is expected here")
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(element.text() for element in self.elements())

    def word(self, *allowed: str) -> str:
        """One of `allowed`."""
        found = self.text()
        if found not in allowed:
            raise self.invalid(f"`{found}` is not one of {', '.join(allowed)}", _did_you_mean(found, allowed))
        return found

    def count(self) -> int:
        """An integer from 0."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self.invalid("an integer from 0 is expected here")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.invalid("true or false is expected here")
        return self.value


def _did_you_mean(found: str, known: frozenset[str] | tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(found, sorted(known), n=1)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(sorted(known))}"
