"""Finds nodes by a pattern of a path: `/limitations/*/failure_mode`, a star for every element or key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muniment.model.tree import Tree, pointer, steps


def select(tree: Tree, pattern: str) -> Iterator[tuple[str, Tree]]:
    """Yield `(pointer, node)` for every node that `pattern` matches, in document order."""
    yield from _select(tree, steps(pattern), "")


def _select(node: Tree, rest: tuple[str, ...], at: str) -> Iterator[tuple[str, Tree]]:
    if not rest:
        yield at, node
        return
    step, below = rest[0], rest[1:]
    if step == "*":
        pairs = (
            node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, tuple) else ()
        )
        for key, item in pairs:
            yield from _select(item, below, at + pointer(key))
    elif isinstance(node, Mapping) and step in node:
        yield from _select(node[step], below, at + pointer(step))
