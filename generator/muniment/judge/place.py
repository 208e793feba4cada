"""Where a fact stands: from a node of the facts to a node of a record file.

The objects in the facts are the records' own (immutable) objects, so identity tells where one came from,
whatever expression fetched it: through a filter, a `let` or a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType

from muniment.judge.cel import Read
from muniment.model.dataclass import dataclass
from muniment.model.finding import Where
from muniment.model.tree import Tree, pointer

Path = tuple[str | int, ...]

DERIVED = frozenset(
    (
        *("id", "sha256", "status", "date", "digest", "in_use", "safe_state_words"),
        *("inputs", "stopped_at", "withdrawn", "signed", "closure", "minutes", "kinds", "resolves"),
        *("signed", "ratified", "ratification_workdays", "claimed", "outside"),
    )
)
"""Keys that facts add to a record's body; they have no node of their own in the file."""


_MAPPINGS = frozenset({dict, MappingProxyType})
_LISTS = frozenset({tuple, list})
_CONTAINERS = _MAPPINGS | _LISTS


@dataclass(frozen=True, slots=True)
class Place:
    """Where the facts below a path come from."""

    file: str
    """POSIX path relative to the evidence folder."""
    pointer: str = ""
    """Node of the file that the path stands for."""
    exact: bool = False
    """Whether everything below points at this very node: derived facts have no nodes of their own."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask about one release."""

    tree: Mapping[str, Tree]
    """Top-level name to plain data."""
    places: Mapping[Path, Place] = field(default_factory=lambda: MappingProxyType({}))
    """Longest known prefix of a path to where it stands."""
    home: Place = Place("")
    """Where a finding points that has no better place: the release record."""

    def where(self, path: Path) -> Where:
        """The file and pointer of the fact at `path`."""
        for length in range(len(path), 0, -1):
            place = self.places.get(path[:length])
            if place is not None:
                return _below(place, path[length:])
        return Where(self.home.file, self.home.pointer)


def _below(place: Place, rest: Path) -> Where:
    if place.exact:
        return Where(place.file, place.pointer)
    if len(rest) == 1 and rest[0] in DERIVED:
        rest = ()
    return Where(place.file, place.pointer + pointer(*rest))


class Index:
    """Object identity to path, for the containers of one release's facts. Built as far as it is asked."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._found: dict[int, tuple[int | None, str | int]] = {}
        """Identity of a container to the one above it and the step from there."""
        self._waiting: list[tuple[int | None, str | int, Tree]] = [(None, "", facts.tree)]

    def of(self, container: Tree) -> Where | None:
        """Where a mapping or list of the facts stands; `None` for a value made by an expression."""
        path = self._path(container)
        return None if path is None else self._facts.where(path)

    def of_read(self, read: Read) -> Where | None:
        """Where a fact that was looked at stands; its container, where the key is missing."""
        path = self._path(read.container)
        if path is None:
            return None
        return self._facts.where((*path, read.key) if _has(read) else path)

    def text(self, read: Read) -> str | None:
        """The dotted path of a fact that was looked at."""
        path = self._path(read.container)
        return None if path is None else ".".join(str(step) for step in (*path, read.key))

    def _path(self, container: Tree) -> Path | None:
        here: int | None = id(container)
        if here not in self._found and not self._reaches(id(container)):
            return None
        steps: list[str | int] = []
        while here is not None:
            here, step = self._found[here]
            steps.append(step)
        return tuple(reversed(steps[:-1]))

    def _reaches(self, wanted: int) -> bool:
        """Go on through the facts, in document order, until the container `wanted` is met."""
        found, waiting = self._found, self._waiting
        while waiting:
            above, step, node = waiting.pop()
            here = id(node)
            if here in found:
                continue
            items: Iterable[tuple[str | int, Tree]]
            if type(node) in _MAPPINGS:
                items = node.items()
            elif node and type(node) in _LISTS:
                # An empty tuple is one shared object in CPython, so its identity says nothing.
                items = enumerate(node)
            else:
                continue
            found[here] = (above, step)
            below = [(here, name, item) for name, item in items if type(item) in _CONTAINERS]
            below.reverse()
            waiting += below
            if here == wanted:
                return True
        return False


def _has(read: Read) -> bool:
    if isinstance(read.container, Mapping):
        return read.key in read.container
    return isinstance(read.key, int) and 0 <= read.key < len(read.container)
