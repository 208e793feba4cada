"""Conditions of a board's decision stay open until a record of a later day closes them."""

from __future__ import annotations

from typing import Any

from muniment.model.conditions import conditions
from muniment.model.evidence import Document, Record
from muniment.model.tree import frozen


def record(identity: str, **body: Any) -> Record:
    document = Document(f"d/{identity}.yaml", b"", "0" * 64, frozen(body))
    return Record(identity, body["kind"], frozen(body), document)


MINUTES = record(
    "decisions/board-1",
    kind="board_decision",
    conditions=[
        {"id": "BC-1", "text": "Report", "due": "2025-06-30"},
        {"id": "BC-2", "text": "Review", "due": "2025-09-30"},
    ],
)


def closure(identity: str, condition: str, on: str, decision: str = "decisions/board-1") -> Record:
    return record(identity, kind="condition_closure", decision=decision, condition=condition, closed_on=on)


def closed(*records: Record, as_of: str) -> dict[str, str | None]:
    return {c.id: c.closed_on for c in conditions(records, as_of)["decisions/board-1"]}


def test_a_condition_is_open_until_it_is_closed() -> None:
    """Judged before the closing day, a condition is open; from that day on it is closed."""
    found = closure("decisions/c1", "BC-1", "2025-06-01")
    assert closed(MINUTES, found, as_of="2025-05-31") == {"BC-1": None, "BC-2": None}
    assert closed(MINUTES, found, as_of="2025-06-01") == {"BC-1": "2025-06-01", "BC-2": None}


def test_a_closure_of_another_decision_closes_nothing() -> None:
    """Ids of conditions repeat from board to board; the decision decides."""
    other = closure("decisions/c1", "BC-1", "2025-06-01", decision="decisions/board-0")
    assert closed(MINUTES, other, as_of="2026-01-01")["BC-1"] is None


def test_the_first_closure_counts() -> None:
    """A condition closed twice was closed on the earlier day, whatever the order of the files."""
    late, early = closure("decisions/a", "BC-2", "2025-09-02"), closure("decisions/b", "BC-2", "2025-09-01")
    assert closed(MINUTES, late, early, as_of="2026-01-01")["BC-2"] == "2025-09-01"
    assert closed(early, late, MINUTES, as_of="2026-01-01")["BC-2"] == "2025-09-01"
