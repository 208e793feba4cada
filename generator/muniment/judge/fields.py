"""The fields that an expression names, held against the shapes of the facts.

A shape is followed through selections, macros, `let` and conditionals; wherever nothing is known, nothing
is said. What is found is a misspelt field, or a field of something that has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from muniment.judge.cel.nodes import (
    Call,
    Ident,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Node,
    Select,
)
from muniment.judge.cel.parse import parse
from muniment.judge.shapes import ANY, NOTHING, SCALAR, Shape, record, rows, union
from muniment.model.policy import pattern_steps
from muniment.model.suggestion import closest


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A field that no schema has."""

    message: str
    hint: str
    at: int
    """0-based offset in the expression."""


@dataclass(slots=True)
class _Reader:
    """Collects what is wrong while it follows an expression."""

    found: list[Misnamed] = field(default_factory=list)

    def shape(self, node: Node, scope: Mapping[str, Shape]) -> Shape:
        match node:
            case Literal(value=value):
                return NOTHING if value is None else SCALAR
            case Ident(name=name):
                return scope.get(name, ANY)
            case Select(operand=operand, name=name, at=at, test=test):
                found = self.select(self.shape(operand, scope), name, at, operand)
                return SCALAR if test else found
            case Index():
                return self.index(node, scope)
            case ListOf(items=items):
                return rows(self.joined([self.shape(item, scope) for item in items]))
            case MapOf():
                return self.map_of(node, scope)
            case Macro():
                return self.macro(node, scope)
            case Call():
                return self.call(node, scope)

    @staticmethod
    def joined(shapes: list[Shape]) -> Shape:
        found = NOTHING
        for shape in shapes:
            found = union(found, shape)
        return found

    def select(self, base: Shape, name: str, at: int, operand: Node) -> Shape:
        if base.any or base.empty:
            return ANY
        if base.fields is not None:
            if name in base.fields:
                return base.fields[name]
            if base.rest is not None:
                return base.rest
            near = closest(name, base.fields)
            hint = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(base.fields))}"
            self.found.append(Misnamed(f"`{written(operand)}` has no field `{name}`", hint, at))
            return ANY
        what = "a list" if base.item is not None else "a single value"
        self.found.append(
            Misnamed(
                f"`{written(operand)}` is {what} and has no field `{name}`", "loop over it, or go without", at
            )
        )
        return ANY

    def index(self, node: Index, scope: Mapping[str, Shape]) -> Shape:
        base, key = self.shape(node.operand, scope), node.key
        self.shape(key, scope)
        if isinstance(key, Literal) and isinstance(key.value, str) and base.item is None:
            return self.select(base, key.value, node.at, node.operand)
        if base.any or (base.item is not None and base.fields is not None):
            return ANY
        if base.item is not None:
            return base.item
        if base.fields is None:
            return ANY
        every = self.joined([*base.fields.values()])
        return every if base.rest is None else union(every, base.rest)

    def map_of(self, node: MapOf, scope: Mapping[str, Shape]) -> Shape:
        built: dict[str, Shape] = {}
        exact = True
        for key, value in node.entries:
            self.shape(key, scope)
            shape = self.shape(value, scope)
            if isinstance(key, Literal) and isinstance(key.value, str):
                built[key.value] = shape
            else:
                exact = False
        return record(None if exact else ANY, **built)

    def macro(self, node: Macro, scope: Mapping[str, Shape]) -> Shape:
        within = self.shape(node.range, scope)
        inner = {**scope, node.variable: _element(within)}
        if node.condition is not None:
            self.shape(node.condition, inner)
        body = self.shape(node.body, inner)
        match node.kind:
            case "filter":
                return (
                    within
                    if within.item is not None and within.fields is None
                    else rows(inner[node.variable])
                )
            case "map":
                return rows(body)
            case _:
                return SCALAR

    def call(self, node: Call, scope: Mapping[str, Shape]) -> Shape:
        target = None if node.target is None else self.shape(node.target, scope)
        args = [self.shape(argument, scope) for argument in node.args]
        match node.function:
            case "_?_:_":
                return union(args[1], args[2])
            case "orValue" if target is not None:
                return ANY if target.any or not args else union(target, args[0])
            case "_+_":
                return union(*args) if all(arg.item is not None for arg in args) else _summed(args)
            case "distinct" | "intersect" | "subtract" if target is not None:
                return target
            case "min" | "max" if target is not None:
                return ANY if target.item is None else target.item
            case _:
                return SCALAR


def _summed(args: list[Shape]) -> Shape:
    return SCALAR if any(arg.scalar and not arg.any for arg in args) else ANY


def _element(within: Shape) -> Shape:
    """What a macro's variable is: an element of a list, or a key of a map."""
    if within.any or within.empty or (within.item is not None and within.fields is not None):
        return ANY
    if within.item is not None:
        return within.item
    return SCALAR if within.fields is not None else ANY


def written(node: Node) -> str:
    """A reference as the expression spells it, for a message."""
    match node:
        case Ident(name=name):
            return name
        case Select(operand=operand, name=name):
            return f"{written(operand)}.{name}"
        case Index(operand=operand):
            return f"{written(operand)}[…]"
        case Macro(range=within):
            return f"{written(within)}…"
        case _:
            return "…"


def check(source: str, scope: Mapping[str, Shape]) -> tuple[Shape, tuple[Misnamed, ...]]:
    """The shape of an expression's value, and the fields in it that no schema has."""
    reader = _Reader()
    shape = reader.shape(parse(source), scope)
    return shape, tuple(dict.fromkeys(reader.found))


def descend(base: Shape, steps: tuple[str, ...], operand: str, at: int) -> tuple[Shape, tuple[Misnamed, ...]]:
    """The shape below `steps`, for the part of `each` that stands after `[*]`."""
    reader, node = _Reader(), Ident(operand, at)
    for step in steps:
        base = reader.select(base, step, at, node)
    return base, tuple(reader.found)


def element(shape: Shape) -> Shape:
    """What a loop over a list binds; `ANY` for what is not known to be one."""
    return shape.item if shape.item is not None and shape.fields is None else ANY


def pattern(path: str, base: Shape) -> tuple[Shape, Shape, str, str]:
    """Follow a taxonomy path: the shapes at its end and before its first `**`, what is wrong, and a hint."""
    steps = pattern_steps(path) or ()
    here, fixed = base, None
    for number, step in enumerate(steps):
        if here.any:
            break
        if step == "**":
            fixed = fixed or here
            if number + 1 < len(steps):
                return ANY, fixed, "", ""
            break
        below = _below(here, step)
        if below is None:
            return ANY, ANY, *_lost(steps, number, here)
        here = below
    return (ANY if fixed is not None else here), (here if fixed is None else fixed), "", ""


def _lost(steps: tuple[str, ...], number: int, here: Shape) -> tuple[str, str]:
    before = "".join(s if s.startswith("[") else f".{s}" for s in steps[:number]).lstrip(".") or "the release"
    step = steps[number]
    if step.startswith("[") or here.fields is None:
        return f"`{before}` is no list of elements" if step.startswith(
            "["
        ) else f"`{before}` has no fields", ""
    near = closest(step, here.fields)
    hint = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(here.fields))}"
    return f"`{before}` has no field `{step}`", hint


def _below(here: Shape, step: str) -> Shape | None:
    if step.startswith("["):
        return here.item
    if step == "*":
        every = list(_every(here))
        return _Reader.joined(every) if every else None
    if here.fields is None:
        return None
    return here.fields.get(step, here.rest)


def _every(here: Shape) -> Iterator[Shape]:
    yield from (here.fields or {}).values()
    yield from (shape for shape in (here.rest, here.item) if shape is not None)
