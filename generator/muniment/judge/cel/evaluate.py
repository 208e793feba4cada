"""A syntax tree to nested closures, and their evaluation under a step budget.

Closures rather than a tree walk: an expression is compiled once and evaluated for every release and
every element of a loop, and a Python call per node is most of what an evaluation costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from muniment.judge.cel.access import NONE, indexed, lacks, no_map, select_optional
from muniment.judge.cel.frame import MAX_STEPS, Frame, Step, boolean
from muniment.judge.cel.functions import COST, GLOBAL, MEMBER, OPERATORS, Cost, Function
from muniment.judge.cel.macros import BUILDERS, Loop
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
    count,
    dumped,
    loaded,
    spelled,
)
from muniment.judge.cel.tokens import invalid
from muniment.judge.cel.values import (
    Failure,
    Fault,
    Optional,
    Read,
    Value,
    fail,
    key,
    kind_of,
    size_of,
)

_ATOMS = frozenset((str, bool, int, float, type(None)))
"""Exact types of what is compared most; asked first, as in `select`."""


class Program:
    """A compiled expression; its closures are made when it is first run."""

    __slots__ = ("_cost", "_step", "_tree", "names", "source")

    def __init__(self, source: str, tree: str, cost: int, names: frozenset[str]) -> None:
        """Take up an expression that compiled before: `tree` is what `kept` gave of it then."""
        self.source = source
        """The expression as written."""
        self.names = names
        """Variables it refers to."""
        self._cost = cost
        self._tree: str | Node = tree
        self._step: Step | None = None

    @classmethod
    def compiled(cls, source: str, node: Node, step: Step, names: frozenset[str]) -> Program:
        """Return the program of a syntax tree and its closures."""
        made = cls(source, "", count(node), names)
        made._tree, made._step = node, step
        return made

    def kept(self) -> tuple[str, str, int, list[str]]:
        """Return what `Program` takes, in a form that JSON can hold: equal for equal programs."""
        tree = self._tree if isinstance(self._tree, str) else dumped(self._tree)
        return self.source, tree, self._cost, sorted(self.names)

    def run(self, variables: Mapping[str, Value], reads: list[Read] | None = None) -> Value | Fault:
        """Evaluate; a `Fault` where there is no value.

        A variable may be bound to a `Fault`: whoever uses it meets that fault.
        `reads` collects every fact looked at. Raises `InvalidPolicy` when the step budget is exceeded.
        """
        return self.within(MAX_STEPS, variables, reads)[0]

    def within(
        self, steps: int, variables: Mapping[str, Value], reads: list[Read] | None = None
    ) -> tuple[Value | Fault, int]:
        """As `run`, on a budget of `steps` that several expressions share; the steps left come back too."""
        frame = Frame(dict(variables), reads)
        frame.steps = steps
        frame.spend(self._cost)
        step = self._step
        if step is None:
            tree = self._tree
            node = loaded(tree) if isinstance(tree, str) else tree
            step = self._step = _Compiler(self.source, self.names).node(node, self.names)
        try:
            return step(frame), frame.steps
        except Failure as failure:
            return failure.fault, frame.steps


def compile_expression(source: str, names: frozenset[str]) -> Program:
    """Compile `source`, which may refer to the variables `names`.

    Raises `InvalidPolicy` for a syntax error, an unknown variable or function, or one that is too long
    or too deep.
    """
    from muniment.judge.cel.parse import parse

    compiler = _Compiler(source, names)
    node = parse(source)
    return Program.compiled(source, node, compiler.node(node, names), frozenset(compiler.used))


class _Compiler:
    """Turns nodes into closures; knows which variables are in scope."""

    def __init__(self, source: str, names: frozenset[str]) -> None:
        self.source = source
        self.known = names
        self.used: set[str] = set()

    def node(self, node: Node, scope: frozenset[str]) -> Step:
        match node:
            case Literal(value=value):
                return lambda _frame: value
            case Ident():
                return self.ident(node, scope)
            case Select():
                return self.select(node, scope)
            case Index():
                return self.index(node, scope)
            case Call():
                return self.call(node, scope)
            case ListOf(items=items):
                steps = tuple(self.node(item, scope) for item in items)
                return lambda frame: tuple(step(frame) for step in steps)
            case MapOf():
                return self.map_of(node, scope)
            case Macro():
                return self.macro(node, scope)
            case _:
                assert_never(node)

    def ident(self, node: Ident, scope: frozenset[str]) -> Step:
        name = node.name
        if name not in scope:
            known = ", ".join(sorted(self.known))
            raise invalid(self.source, node.at, f"unknown name `{name}`", f"names known here: {known}")
        if name in self.known:
            self.used.add(name)

        def ident(frame: Frame) -> Value:
            try:
                value = frame.variables[name]
            except KeyError:
                raise Failure(Fault("no_such_key", f"`{name}` is missing", name)) from None
            if type(value) is Fault:
                raise Failure(value)
            return value

        return ident

    def select(self, node: Select, scope: frozenset[str]) -> Step:
        operand, name = self.node(node.operand, scope), node.name

        def select(frame: Frame) -> Value:
            base = operand(frame)
            # The exact type first: asking an abstract class costs more than the rest of this function.
            if type(base) is MappingProxyType or isinstance(base, Mapping):
                if frame.reads is not None:
                    frame.reads.append(Read(base, name))
                try:
                    return base[name]
                except KeyError:
                    path = spelled(node)
                    raise Failure(Fault("no_such_key", f"`{path}` is missing", path, base)) from None
            if isinstance(base, Optional):
                return select_optional(base, name, spelled(node))
            raise no_map(base, spelled(node.operand))

        def test(frame: Frame) -> Value:
            base = operand(frame)
            if type(base) is MappingProxyType or isinstance(base, Mapping):
                if frame.reads is not None:
                    frame.reads.append(Read(base, name))
                return name in base
            if isinstance(base, Optional):
                return select_optional(base, name, spelled(node)).present
            raise no_map(base, spelled(node.operand))

        def optional(frame: Frame) -> Value:
            base = operand(frame)
            if isinstance(base, Optional):
                if not base.present:
                    return NONE
                base = base.value
            if type(base) is not MappingProxyType and not isinstance(base, Mapping):
                raise no_map(base, spelled(node.operand))
            if frame.reads is not None:
                frame.reads.append(Read(base, name))
            return Optional(True, base[name]) if name in base else NONE

        if node.test:
            return test
        if node.optional:
            return optional
        return _field_of_name(node.operand.name, name, select) if isinstance(node.operand, Ident) else select

    def index(self, node: Index, scope: frozenset[str]) -> Step:
        operand, index = self.node(node.operand, scope), self.node(node.key, scope)
        path = spelled(node)

        def at(frame: Frame) -> Value:
            base, wanted = operand(frame), index(frame)
            if isinstance(base, Optional):
                if not base.present or lacks(base.value, wanted):
                    return NONE
                return Optional(True, indexed(base.value, wanted, path, frame))
            return indexed(base, wanted, path, frame)

        return at

    def map_of(self, node: MapOf, scope: frozenset[str]) -> Step:
        steps = tuple((self.node(name, scope), self.node(item, scope)) for name, item in node.entries)

        def build(frame: Frame) -> Value:
            built: dict[object, Value] = {}
            for name, item in steps:
                named = name(frame)
                if isinstance(named, float):
                    fail("type", "a double is no key of a map")
                stored = key(named)
                value = item(frame)
                if stored in built:
                    fail("duplicate_key", f"the key {stored!r} stands twice in a map")
                built[stored] = value
            return built

        return build

    def call(self, node: Call, scope: frozenset[str]) -> Step:
        match node.function:
            case "_&&_":
                return _absorbing(self, node, scope, decisive=False)
            case "_||_":
                return _absorbing(self, node, scope, decisive=True)
            case "_?_:_":
                return self.conditional(node, scope)
            case "orValue" if node.target is not None and len(node.args) == 1:
                return _or_value(self.node(node.target, scope), self.node(node.args[0], scope))
        function, arguments = self.resolve(node)
        steps = tuple(self.node(argument, scope) for argument in arguments)
        if node.function in {"_==_", "_!=_"}:
            return _equality(function, *steps, same=node.function == "_==_")
        cost = COST.get(node.function)
        if cost is not None:
            return _costly(function, cost, steps)
        if len(steps) == 2:
            left, right = steps
            return lambda frame: function(left(frame), right(frame))
        return lambda frame: function(*[step(frame) for step in steps])

    def resolve(self, node: Call) -> tuple[Function, tuple[Node, ...]]:
        operator = OPERATORS.get(node.function)
        if operator is not None:
            return operator, node.args
        table = GLOBAL if node.target is None else MEMBER
        found = table.get(node.function)
        if found is None:
            known = ", ".join(sorted(table))
            kind = "function" if node.target is None else "method"
            raise invalid(self.source, node.at, f"unknown {kind} `{node.function}`", f"known: {known}")
        function, counts = found
        if len(node.args) not in counts:
            wanted = " or ".join(map(str, counts))
            raise invalid(self.source, node.at, f"`{node.function}` takes {wanted} arguments")
        return function, node.args if node.target is None else (node.target, *node.args)

    def conditional(self, node: Call, scope: frozenset[str]) -> Step:
        test, yes, no = (self.node(part, scope) for part in node.args)

        def conditional(frame: Frame) -> Value:
            held = test(frame)
            if held is True:
                return yes(frame)
            if held is False:
                return no(frame)
            return fail("type", f"the condition of `?:` is a {kind_of(held)}, not a bool")

        return conditional

    def macro(self, node: Macro, scope: frozenset[str]) -> Step:
        within = self.node(node.range, scope)
        inner = scope | {node.variable}
        # The loop's variable hides a fact of the same name, so it is no use of that fact.
        hidden = node.variable in self.known and node.variable not in self.used
        body = self.node(node.body, inner)
        condition = None if node.condition is None else self.node(node.condition, inner)
        if hidden:
            self.used.discard(node.variable)
        cost = count(node.body) + (0 if node.condition is None else count(node.condition))
        return BUILDERS[node.kind](Loop(within, node.variable, cost), body, condition)


def _field_of_name(variable: str, field: str, otherwise: Step) -> Step:
    """`variable.field` in one step where it is simply there: the commonest thing that rules ask."""

    def field_of_name(frame: Frame) -> Value:
        if frame.reads is None:
            base = frame.variables.get(variable)
            if type(base) is MappingProxyType and field in base:
                return base[field]
        return otherwise(frame)

    return field_of_name


def _or_value(operand: Step, other: Step) -> Step:
    def or_value(frame: Frame) -> Value:
        value = operand(frame)
        if not isinstance(value, Optional):
            fail("type", f"`orValue` does not take ({kind_of(value)})")
        return value.value if value.present else other(frame)

    return or_value


def _equality(function: Function, left: Step, right: Step, *, same: bool) -> Step:
    def equality(frame: Frame) -> Value:
        first, second = left(frame), right(frame)
        kind, other = type(first), type(second)
        if kind is other and kind in _ATOMS:
            return (first == second) is same
        if kind in _ATOMS and other in _ATOMS and (kind is str or other is str):
            return not same
        if (
            kind not in _ATOMS
            and isinstance(first, (tuple, list, Mapping))
            and isinstance(second, (tuple, list, Mapping))
        ):
            frame.spend(size_of(first, frame.steps))
        return function(first, second)

    return equality


def _costly(function: Function, cost: Cost, steps: tuple[Step, ...]) -> Step:
    def costly(frame: Frame) -> Value:
        operands = tuple(step(frame) for step in steps)
        frame.spend(cost(operands, frame.steps))
        return function(*operands)

    return costly


def _absorbing(compiler: _Compiler, node: Call, scope: frozenset[str], *, decisive: bool) -> Step:
    """`&&` (decided by false) or `||` (decided by true): either side decides, whatever the other is."""
    left, right = (compiler.node(part, scope) for part in node.args)
    sign = "||" if decisive else "&&"

    def absorbing(frame: Frame) -> Value:
        held: Failure | None = None
        for side in (left, right):
            try:
                value = side(frame)
                if type(value) is not bool:
                    boolean(value, sign)
            except Failure as failure:
                held = held or failure
                continue
            if value is decisive:
                return decisive
        if held is not None:
            raise held
        return not decisive

    return absorbing
