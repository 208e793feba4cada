"""Conditions of a board's decision, and the later records that close them.

Minutes are signed on the day of the meeting and never edited, so what happened to a condition afterwards
stands in records of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from muniment.model.dataclass import dataclass
from muniment.model.evidence import Record

DECISION = "board_decision"
CLOSURE = "condition_closure"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, and whether it is closed on the day asked for."""

    id: str
    text: str
    due: str
    """ISO day by which it must be met."""
    decision: str
    """Record id of the board decision that set it."""
    closed_on: str | None
    """ISO day it was closed; `None` while open."""
    closure: str | None
    """Record id of the closure; `None` while open."""


def conditions(records: Iterable[Record], as_of: str) -> Mapping[str, tuple[Condition, ...]]:
    """Return every board decision's conditions by record id, with closures up to the day `as_of`.

    Of several closures of one condition the earliest counts.
    """
    known = tuple(records)
    closures: dict[tuple[str, str], Record] = {}
    for record in sorted(
        (r for r in known if r.kind == CLOSURE and r.body["closed_on"] <= as_of),
        key=lambda r: (r.body["closed_on"], r.id),
    ):
        closures.setdefault((record.body["decision"], record.body["condition"]), record)
    return {
        record.id: tuple(
            _condition(record, item, closures.get((record.id, item["id"])))
            for item in record.body.get("conditions", ())
        )
        for record in known
        if record.kind == DECISION
    }


def _condition(decision: Record, item: Mapping[str, str], closure: Record | None) -> Condition:
    return Condition(
        id=item["id"],
        text=item["text"],
        due=item["due"],
        decision=decision.id,
        closed_on=closure.body["closed_on"] if closure else None,
        closure=closure.id if closure else None,
    )
