"""Immutable JSON-like trees: what a record's body is once it has been read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Tree: TypeAlias = Any
"""`Scalar`, a read-only `Mapping[str, Tree]` or a `tuple[Tree, ...]`."""

_SCALARS = frozenset((str, int, float, bool, type(None)))
"""Exact types of most nodes; asked first, for asking what else a node is costs ten times as much."""


def frozen(value: Any) -> Tree:
    """Return `value` with every dict read-only and every list a tuple, all the way down."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return MappingProxyType(
            {key: item if type(item) in _SCALARS else frozen(item) for key, item in value.items()}
        )
    if isinstance(value, (list, tuple)):
        return tuple([item if type(item) in _SCALARS else frozen(item) for item in value])
    return value


def thawed(value: Tree) -> Any:
    """Return plain dicts and lists again, for a library that insists on them."""
    if type(value) in _SCALARS:
        return value
    if type(value) is MappingProxyType or isinstance(value, Mapping):
        return {key: item if type(item) in _SCALARS else thawed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [item if type(item) in _SCALARS else thawed(item) for item in value]
    return value


def pointer(*steps: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of `steps`; no steps give the empty pointer."""
    return "".join(["/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps])


def steps(pointer: str) -> tuple[str, ...]:
    """Return the unescaped steps of a JSON Pointer."""
    if not pointer:
        return ()
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def at(tree: Tree, pointer: str, default: Tree = None) -> Tree:
    """Return the node at `pointer`, or `default` where there is none."""
    node = tree
    for step in steps(pointer):
        if isinstance(node, Mapping):
            if step not in node:
                return default
            node = node[step]
        elif isinstance(node, (list, tuple)):
            if not step.isdigit() or int(step) >= len(node):
                return default
            node = node[int(step)]
        else:
            return default
    return node


def walk(tree: Tree, at: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield `(pointer, node)` for `tree` and everything below it, in document order."""
    yield at, tree
    if type(tree) in _SCALARS:
        return
    if isinstance(tree, Mapping):
        for key, item in tree.items():
            yield from walk(item, at + pointer(key))
    elif isinstance(tree, (list, tuple)):
        for index, item in enumerate(tree):
            yield from walk(item, f"{at}/{index}")
