"""The syntax tree of an expression, and the text it is kept as between runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, assert_never

from muniment.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.name`; `optional` for `operand.?name`, `test` inside `has()`."""

    operand: Node
    name: str
    optional: bool = False
    test: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`."""

    operand: Node
    key: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function; `target` is the receiver of `target.function(…)`."""

    function: str
    args: tuple[Node, ...]
    at: int
    target: Node | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{k: v}`."""

    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Macro:
    """`range.kind(variable, [condition,] body)`."""

    kind: str
    range: Node
    variable: str
    body: Node
    condition: Node | None = None


Node: TypeAlias = Literal | Ident | Select | Index | Call | ListOf | MapOf | Macro


def count(node: Node) -> int:
    """Nodes of a tree, the steps one pass over it takes."""
    return 1 + sum(map(count, _children(node)))


def _children(node: Node) -> Sequence[Node]:
    match node:
        case Literal() | Ident():
            return ()
        case Select(operand=operand):
            return (operand,)
        case Index(operand=operand, key=index):
            return (operand, index)
        case Call(args=args, target=target):
            return args if target is None else (target, *args)
        case ListOf(items=items):
            return items
        case MapOf(entries=entries):
            return tuple(part for entry in entries for part in entry)
        case Macro(range=within, body=body, condition=condition):
            return (within, body) if condition is None else (within, condition, body)
        case _:
            assert_never(node)


def spelled(node: Node) -> str:
    """A reference as the expression spells it: `release.stages[0].verdict`."""
    match node:
        case Ident(name=name):
            return name
        case Select(operand=operand, name=name):
            return f"{spelled(operand)}.{name}"
        case Index(operand=operand, key=Literal(value=value)):
            return f"{spelled(operand)}[{value!r}]"
        case Index(operand=operand):
            return f"{spelled(operand)}[…]"
        case _:
            return "(…)"


def dumped(node: Node) -> str:
    """Return a tree as JSON: each node a list that begins with the letter of its kind."""
    return json.dumps(_listed(node), separators=(",", ":"))


def _listed(node: Node | None) -> Any:
    match node:
        case None:
            return None
        case Literal(value=value):
            return ["L", value]
        case Ident(name=name, at=at):
            return ["I", name, at]
        case Select(operand=operand, name=name, optional=optional, test=test, at=at):
            return ["S", _listed(operand), name, optional, test, at]
        case Index(operand=operand, key=key, at=at):
            return ["X", _listed(operand), _listed(key), at]
        case Call(function=function, args=args, at=at, target=target):
            return ["C", function, [_listed(arg) for arg in args], at, _listed(target)]
        case ListOf(items=items):
            return ["T", [_listed(item) for item in items]]
        case MapOf(entries=entries):
            return ["M", [[_listed(name), _listed(item)] for name, item in entries]]
        case Macro(kind=kind, range=within, variable=variable, body=body, condition=condition):
            return ["A", kind, _listed(within), variable, _listed(body), _listed(condition)]
        case _:
            assert_never(node)


def loaded(text: str) -> Node:
    """Return the tree that `dumped` gave this text for."""
    return _node(json.loads(text))


def _node(listed: Any) -> Node:
    return _READ[listed[0]](listed)


_READ: dict[str, Callable[[Any], Node]] = {
    "L": lambda n: Literal(n[1]),
    "I": lambda n: Ident(n[1], n[2]),
    "S": lambda n: Select(_node(n[1]), n[2], n[3], n[4], n[5]),
    "X": lambda n: Index(_node(n[1]), _node(n[2]), n[3]),
    "C": lambda n: Call(
        n[1], tuple([_node(arg) for arg in n[2]]), n[3], None if n[4] is None else _node(n[4])
    ),
    "T": lambda n: ListOf(tuple([_node(item) for item in n[1]])),
    "M": lambda n: MapOf(tuple([(_node(name), _node(item)) for name, item in n[1]])),
    "A": lambda n: Macro(n[1], _node(n[2]), n[3], _node(n[4]), None if n[5] is None else _node(n[5])),
}
