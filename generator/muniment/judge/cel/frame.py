"""What one evaluation carries, and what a compiled node is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from muniment.errors import InvalidPolicy
from muniment.judge.cel.values import Read, Value, fail, kind_of

MAX_STEPS = 200_000
"""Steps of one evaluation: a node visited, or an element touched by a list operation."""


class Frame:
    """What one evaluation carries: variables, the steps left, and the facts it looked at."""

    __slots__ = ("reads", "steps", "variables")

    def __init__(self, variables: dict[str, Value], reads: list[Read] | None) -> None:
        self.variables = variables
        self.steps = MAX_STEPS
        self.reads = reads

    def spend(self, steps: int) -> None:
        """Take steps off the budget; raises `InvalidPolicy` when none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise InvalidPolicy(
                f"an expression took more than {MAX_STEPS} steps",
                hint="loop over fewer elements, or split the rule",
            )


Step: TypeAlias = Callable[[Frame], Value]
"""A compiled node: evaluates to a value, or raises `Failure`."""


def boolean(value: Value, what: str) -> bool:
    """`value`, or a failure where the operator `what` wants a bool and gets something else."""
    if isinstance(value, bool):
        return value
    return bool(fail("type", f"an operand of `{what}` is a {kind_of(value)}, not a bool"))
