"""The macros: `all exists exists_one filter map` over a list, or over a map's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from muniment.judge.cel.frame import Frame, Step, boolean
from muniment.judge.cel.values import Failure, Fault, Value, fail, kind_of, unkey


class Loop:
    """The range of a macro: binds its variable to one element after the other."""

    __slots__ = ("cost", "variable", "within")

    def __init__(self, within: Step, variable: str, cost: int) -> None:
        self.within = within
        self.variable = variable
        self.cost = cost

    def elements(self, frame: Frame) -> tuple[Value, ...]:
        """What to run over."""
        value = self.within(frame)
        if isinstance(value, (tuple, list)):
            return tuple(value)
        if isinstance(value, Mapping):
            return tuple(unkey(stored) for stored in value)
        if value is None:
            raise Failure(Fault("absent", "the list to loop over is null"))
        return fail("type", f"a {kind_of(value)} cannot be looped over")

    def run(self, frame: Frame, body: Callable[[Value], bool]) -> None:
        """Call `body` for each element until it returns true; the outer variable comes back after."""
        elements = self.elements(frame)
        variables, name = frame.variables, self.variable
        shadowed = (variables[name],) if name in variables else ()
        try:
            for element in elements:
                frame.spend(self.cost)
                variables[name] = element
                if body(element):
                    return
        finally:
            if shadowed:
                variables[name] = shadowed[0]
            else:
                variables.pop(name, None)


def _quantifier(*, decisive: bool) -> Callable[[Loop, Step, Step | None], Step]:
    """`all` (decided by one false) or `exists` (by one true); errors elsewhere are then absorbed."""

    sign = "||" if decisive else "&&"

    def build(loop: Loop, body: Step, _condition: Step | None) -> Step:
        # Spelt out rather than by `Loop.run`: most of a pack's time is spent here.
        cost, name = loop.cost, loop.variable

        def quantifier(frame: Frame) -> Value:
            elements = loop.elements(frame)
            variables = frame.variables
            shadowed = (variables[name],) if name in variables else ()
            held: Failure | None = None
            try:
                for element in elements:
                    frame.spend(cost)
                    variables[name] = element
                    try:
                        value = body(frame)
                        if value is decisive:
                            return decisive
                        if type(value) is not bool:
                            boolean(value, sign)
                    except Failure as failure:
                        held = held or failure
            finally:
                if shadowed:
                    variables[name] = shadowed[0]
                else:
                    variables.pop(name, None)
            if held is not None:
                raise held
            return not decisive

        return quantifier

    return build


def _exists_one(loop: Loop, body: Step, _condition: Step | None) -> Step:
    def exists_one(frame: Frame) -> Value:
        found: list[Value] = []

        def visit(element: Value) -> bool:
            if boolean(body(frame), "exists_one"):
                found.append(element)
            return False

        loop.run(frame, visit)
        return len(found) == 1

    return exists_one


def _filter(loop: Loop, body: Step, _condition: Step | None) -> Step:
    # Spelt out as well: rules filter the estimates of an evaluation more often than they do anything else.
    cost, name = loop.cost, loop.variable

    def select(frame: Frame) -> Value:
        kept: list[Value] = []
        elements = loop.elements(frame)
        variables = frame.variables
        shadowed = (variables[name],) if name in variables else ()
        try:
            for element in elements:
                frame.spend(cost)
                variables[name] = element
                value = body(frame)
                if value is True or (value is not False and boolean(value, "filter")):
                    kept.append(element)
        finally:
            if shadowed:
                variables[name] = shadowed[0]
            else:
                variables.pop(name, None)
        return tuple(kept)

    return select


def _map(loop: Loop, body: Step, condition: Step | None) -> Step:
    def transform(frame: Frame) -> Value:
        made: list[Value] = []

        def visit(_element: Value) -> bool:
            if condition is None or boolean(condition(frame), "map"):
                made.append(body(frame))
            return False

        loop.run(frame, visit)
        return tuple(made)

    return transform


Builder: TypeAlias = Callable[[Loop, Step, Step | None], Step]
"""Loop, body and condition of a macro to its compiled node."""

BUILDERS: Mapping[str, Builder] = {
    "all": _quantifier(decisive=False),
    "exists": _quantifier(decisive=True),
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
}
