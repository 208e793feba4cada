"""The change taxonomy as a trie of path patterns: the most specific one that matches decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field

from muniment.diff.compare import Steps
from muniment.model.change import ChangeClass
from muniment.model.dataclass import dataclass
from muniment.model.policy import PathClass, Taxonomy, pattern_steps
from muniment.model.tree import Tree

DEFAULT = "default"
"""The `rule` of a change that no pattern matches."""

_DEEP, _WILD, _LITERAL, _END = 1, 2, 3, 4

Values = Callable[[int], tuple[Tree, Tree]]
"""Number of steps from the root to the values before and after at that node."""


@dataclass(slots=True)
class _Node:
    """A step of the patterns; filled while the trie is built, then only read."""

    below: dict[str, _Node] = field(default_factory=dict)
    entries: list[PathClass] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Match:
    """A pattern that fits a path."""

    rank: tuple[int, ...]
    """How specific: a literal step beats a wildcard, a wildcard beats `**`, an end beats more `**`."""
    entry: PathClass
    fixed: int
    """Steps of the path that stand before the pattern's first `**`; all of them where it has none."""


@dataclass(frozen=True, slots=True)
class Class:
    """What the taxonomy says of a path."""

    change_class: ChangeClass
    rule: str
    """The pattern that decided, or `default`."""
    reason: str


class Classifier:
    """Answers path to pattern to class."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._root = _Node()
        for entry in taxonomy.paths:
            node = self._root
            for token in pattern_steps(entry.path) or ():
                node = node.below.setdefault(token, _Node())
            node.entries.append(entry)

    def of(self, steps: Steps, values: Values | None = None) -> Class:
        """The class of a change at `steps`.

        `values` gives the values that conditions ask about. Without them, or where a condition cannot be
        evaluated, the higher of its class and the one that follows holds.
        """
        floor: PathClass | None = None
        for match in sorted(self._matches(steps), key=_order, reverse=True):
            holds = _holds(match, values)
            if holds is False:
                continue
            chosen = match.entry
            if floor is not None and floor.change_class > chosen.change_class:
                chosen = floor
            if holds:
                return Class(chosen.change_class, chosen.path, chosen.reason)
            floor = chosen
        default = self._taxonomy.default
        if floor is not None and floor.change_class >= default:
            return Class(floor.change_class, floor.path, floor.reason)
        return Class(default, DEFAULT, "no pattern of the change taxonomy names this path")

    def _matches(self, steps: Steps) -> Iterator[_Match]:
        yield from _walk(self._root, steps, 0, (), None)


def _order(match: _Match) -> tuple[tuple[int, ...], bool]:
    return match.rank, match.entry.when is not None


def _holds(match: _Match, values: Values | None) -> bool | None:
    if match.entry.applies is None:
        return True
    return None if values is None else match.entry.applies(*values(match.fixed))


def _walk(node: _Node, steps: Steps, at: int, rank: tuple[int, ...], fixed: int | None) -> Iterator[_Match]:
    if at == len(steps):
        yield from (_Match((*rank, _END), entry, at if fixed is None else fixed) for entry in node.entries)
    else:
        step = steps[at]
        for token, weight in _fitting(step):
            if token in node.below:
                yield from _walk(node.below[token], steps, at + 1, (*rank, weight), fixed)
    deep = node.below.get("**")
    if deep is not None:
        first = at if fixed is None else fixed
        # `**` ends here, or takes any number of steps before what follows it.
        for skipped in range(at, len(steps) + 1):
            if skipped == len(steps):
                yield from (_Match((*rank, _DEEP), entry, first) for entry in deep.entries)
            if deep.below:
                yield from _beyond(deep, steps, skipped, (*rank, _DEEP), first)


def _beyond(deep: _Node, steps: Steps, at: int, rank: tuple[int, ...], fixed: int) -> Iterator[_Match]:
    if at < len(steps):
        for token, weight in _fitting(steps[at]):
            if token in deep.below:
                yield from _walk(deep.below[token], steps, at + 1, (*rank, weight), fixed)


def _fitting(step: str) -> tuple[tuple[str, int], ...]:
    if step.startswith("["):
        return ((step, _LITERAL), ("[*]", _WILD), ("*", _WILD))
    return ((step, _LITERAL), ("*", _WILD))
