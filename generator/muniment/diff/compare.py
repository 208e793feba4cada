"""Structural differences of two trees, with list elements matched by the fields that identify them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, pointer

Steps = tuple[str, ...]
"""A path: field names, and `[key]` for a list element."""
Keys = Mapping[str, tuple[str, ...]]
"""Name of a list, or its dotted path, to the fields that identify its elements."""

Trail = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One node that differs."""

    steps: Steps
    kind: Literal["added", "removed", "changed"]
    before: Tree
    after: Tree
    pointer: str
    """JSON Pointer in the newer tree; in the older for a removal."""


def dotted(steps: Steps) -> str:
    """`("monitors", "[M1]", "window")` as `monitors[M1].window`."""
    text = ""
    for step in steps:
        text += step if step.startswith("[") or not text else f".{step}"
    return text


def differences(before: Tree, after: Tree, steps: Steps, keys: Keys) -> Iterator[Difference]:
    """Yield the smallest nodes that differ, in the order of their paths' first appearance.

    Order does not matter in a keyed list. A list without key, of scalars, or with a key that repeats is
    one node: its order may carry meaning.
    """
    yield from _compare(before, after, steps, (), (), keys)


def _compare(
    before: Tree, after: Tree, steps: Steps, old: Trail, new: Trail, keys: Keys
) -> Iterator[Difference]:
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(before, after, steps, old, new, keys)
        return
    if _is_list(before) and _is_list(after):
        fields = key_fields(steps, keys)
        left, right = _keyed(before, fields), _keyed(after, fields)
        if left is not None and right is not None:
            yield from _elements(left, right, steps, old, new, keys)
            return
    yield Difference(steps, "changed", before, after, pointer(*new))


def _mappings(
    before: Mapping[str, Tree], after: Mapping[str, Tree], steps: Steps, old: Trail, new: Trail, keys: Keys
) -> Iterator[Difference]:
    for name in (*before, *(name for name in after if name not in before)):
        below = (*steps, name)
        if name not in after:
            yield Difference(below, "removed", before[name], None, pointer(*old, name))
        elif name not in before:
            yield Difference(below, "added", None, after[name], pointer(*new, name))
        else:
            yield from _compare(before[name], after[name], below, (*old, name), (*new, name), keys)


Keyed = Mapping[str, tuple[int, Tree]]


def _elements(
    before: Keyed, after: Keyed, steps: Steps, old: Trail, new: Trail, keys: Keys
) -> Iterator[Difference]:
    for name in (*before, *(name for name in after if name not in before)):
        below = (*steps, f"[{name}]")
        if name not in after:
            index, item = before[name]
            yield Difference(below, "removed", item, None, pointer(*old, index))
        elif name not in before:
            index, item = after[name]
            yield Difference(below, "added", None, item, pointer(*new, index))
        else:
            (left, first), (right, second) = before[name], after[name]
            yield from _compare(first, second, below, (*old, left), (*new, right), keys)


def key_fields(steps: Steps, keys: Keys) -> tuple[str, ...] | None:
    """The fields that identify the elements of the list at `steps`: by its path, else by its name."""
    path = ".".join(step for step in steps if not step.startswith("["))
    return keys.get(path) or keys.get(steps[-1] if steps else "")


def _keyed(items: tuple[Tree, ...], fields: tuple[str, ...] | None) -> Keyed | None:
    """Elements by key; `None` where they have none, or share one."""
    if fields is None:
        return None
    found: dict[str, tuple[int, Tree]] = {}
    for index, item in enumerate(items):
        if not isinstance(item, Mapping) or any(field not in item for field in fields):
            return None
        name = ",".join(str(item[field]) for field in fields)
        if name in found:
            return None
        found[name] = (index, item)
    return found


def _is_list(value: Tree) -> bool:
    return isinstance(value, (tuple, list))


_ATOMS = frozenset((str, bool, int, float, type(None)))


def same(left: Tree, right: Tree) -> bool:
    """Equality that keeps `true` apart from 1, and 1 apart from 1.0, as the files do."""
    if left is right:
        return not isinstance(left, float) or left == left  # not a number is not itself
    if type(left) in _ATOMS or type(right) in _ATOMS:
        return type(left) is type(right) and bool(left == right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(item, right[name]) for name, item in left.items())
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
