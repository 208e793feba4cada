"""What a schema says in annotations and no validator reads: keys, calendar dates, order, word counts.

`x-key: id` on a list: no two elements share the value of that field.
`x-calendar` on a text: the date exists. `x-order: [from, to]`: the first date is not after the second.
`x-max-words: 150` on a text.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from muniment.check.schemas import Schemas
from muniment.model.dataclass import dataclass
from muniment.model.finding import Finding, Severity, Where
from muniment.model.tree import Tree, pointer, walk

_ANNOTATIONS = ("x-key", "x-calendar", "x-order", "x-max-words")
PLACEHOLDER = "To be written"
"""How `muniment init` begins every text that it cannot know."""
_EVERY = "*"
"""Stands in a path for every element of a list or every value of an open mapping."""


@dataclass(frozen=True, slots=True)
class _Duty:
    path: tuple[str, ...]
    annotation: str
    value: Any


@lru_cache(maxsize=64)
def _duties(schemas: Schemas, kind: str) -> tuple[_Duty, ...]:
    """Return where the schema of `kind` carries annotations; read once a kind."""
    return tuple(_annotated(schemas, schemas.document(kind), ()))


def _annotated(schemas: Schemas, node: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[_Duty]:
    node = schemas.resolved(node)
    for annotation in _ANNOTATIONS:
        if annotation in node:
            yield _Duty(path, annotation, node[annotation])
    for name, below in node.get("properties", {}).items():
        yield from _annotated(schemas, below, (*path, name))
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), Mapping):
            yield from _annotated(schemas, node[keyword], (*path, _EVERY))


def examine(schemas: Schemas, kind: str, body: Tree, file: str) -> tuple[Finding, ...]:
    """Return the findings (rule `schema`) on a body that its schema accepts."""
    findings = []
    for duty in _duties(schemas, kind):
        for place, node in _nodes(body, duty.path, ""):
            for at, message, hint in _judged(duty, node):
                findings.append(Finding("schema", message, Where(file, place + at), hint=hint))
    return tuple(findings)


def unwritten(body: Tree, file: str) -> tuple[Finding, ...]:
    """Return a warning for each text that a scaffold left for a person to write."""
    if not _holds_placeholder(body):
        return ()
    return tuple(
        Finding(
            "unwritten",
            f"still to be written: {node.removeprefix(PLACEHOLDER).lstrip(': ') or 'this text'}",
            Where(file, at),
            Severity.WARN,
            hint="only a person can supply it; replace the whole text",
        )
        for at, node in walk(body)
        if isinstance(node, str) and node.startswith(PLACEHOLDER)
    )


def _holds_placeholder(body: Tree) -> bool:
    """Whether any text begins so; most records hold none, and need no pointers to be told so."""
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if type(node) is str:
            if node.startswith(PLACEHOLDER):
                return True
        elif type(node) is tuple:
            waiting.extend(node)
        elif isinstance(node, Mapping):
            waiting.extend(node.values())
    return False


def _nodes(node: Tree, path: tuple[str, ...], at: str) -> Iterator[tuple[str, Tree]]:
    if not path:
        yield at, node
        return
    step, rest = path[0], path[1:]
    if step == _EVERY:
        pairs = (
            node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, tuple) else ()
        )
        for key, below in pairs:
            yield from _nodes(below, rest, at + pointer(key))
    elif isinstance(node, Mapping) and step in node:
        yield from _nodes(node[step], rest, at + pointer(step))


_Fault = tuple[str, str, str]
"""Pointer below the node, message, hint."""


def _judged(duty: _Duty, node: Tree) -> Iterator[_Fault]:
    match duty.annotation:
        case "x-key":
            yield from _duplicates(duty.path, str(duty.value), node)
        case "x-calendar":
            if isinstance(node, str) and not _exists(node):
                yield "", f'the date "{node}" does not exist', "write a day of the calendar as YYYY-MM-DD"
        case "x-order":
            yield from _order(duty.value, node)
        case _:
            words = len(node.split())
            if words > duty.value:
                yield "", f"{duty.path[-1]} has {words} words; it may have at most {duty.value}", "shorten it"


def _duplicates(path: tuple[str, ...], key: str, items: Tree) -> Iterator[_Fault]:
    first: dict[Any, int] = {}
    for index, item in enumerate(items):
        value = item[key]
        other = first.setdefault(value, index)
        if other != index:
            what = path[-1] if path else "the list"
            message = f'{what} holds {key} "{value}" twice, in elements {other + 1} and {index + 1}'
            yield pointer(index, key), message, f"give each element its own {key}"


def _order(names: list[str], node: Tree) -> Iterator[_Fault]:
    low, high = names
    first, last = node.get(low), node.get(high)
    if isinstance(first, str) and isinstance(last, str) and _exists(first) and _exists(last) and first > last:
        yield pointer(high), f'{high} "{last}" is before {low} "{first}"', f"{low} must not be after {high}"


def _exists(date: str) -> bool:
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        return False
    return True
