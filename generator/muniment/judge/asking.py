"""One expression asked of one set of facts: what `muniment policy eval` does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from muniment.judge.cel import Duration, Fault, Timestamp, compile_expression
from muniment.judge.cel.values import Optional, Value, unkey
from muniment.model.estimate import rounded
from muniment.model.tree import Tree, frozen


@dataclass(frozen=True, slots=True)
class Asked:
    """The value of an expression as plain JSON data, or why it has none."""

    value: Any
    error: str | None
    """`no_such_key: …`; `None` where there is a value (which may be null)."""

    def as_json(self) -> dict[str, Any]:
        """`{"value": …}` or `{"error": …}`."""
        return {"value": self.value} if self.error is None else {"error": self.error}


def ask(source: str, variables: Mapping[str, Tree]) -> Asked:
    """Evaluate `source`, which may refer to the names of `variables`.

    Raises `InvalidPolicy` for a mistake in the expression itself, or an exceeded budget.
    """
    found = compile_expression(source, frozenset(variables)).run(
        {name: frozen(value) for name, value in variables.items()}
    )
    if isinstance(found, Fault):
        return Asked(None, f"{found.kind}: {found.message}")
    return Asked(_json(found), None)


def _json(value: Value) -> Any:
    """Return what JSON can hold: instants and spans as CEL writes them, odd numbers and keys as text."""
    match value:
        case Timestamp() | Duration():
            return str(value)
        case Optional():
            return _json(value.value) if value.present else None
        case float():
            return rounded(value) if math.isfinite(value) else str(value)
        case tuple() | list():
            return [_json(item) for item in value]
        case Mapping():
            return {_name(unkey(name)): _json(item) for name, item in value.items()}
        case _:
            return value


def _name(key: Value) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
