"""Decisions as facts: who signed them, what a deviation's ratification took, what was not known yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.dossiers import device, dossier

from muniment.judge.decided import conditions_on, decided, told
from muniment.model.conditions import conditions
from muniment.model.evidence import Device, Record
from muniment.model.seal import Seal
from muniment.model.tree import frozen

DEVIATION: Mapping[str, Any] = {
    "kind": "deviation",
    "schema": 1,
    "origin": "enacted",
    "title": "Pause",
    "release": "releases/1.0.0",
    "what": "Off.",
    "why": "Fault.",
    "risk": "None.",
    "approved_by": ["cai"],
    "opened_on": "2024-04-12",
    "expires": "2024-07-31",
    "ratified_on": "2024-04-15",
    "keywords": ["pause"],
}
DEFERRAL: Mapping[str, Any] = {
    "kind": "deferral",
    "schema": 1,
    "origin": "enacted",
    "title": "Later",
    "change_request": "decisions/cr-1",
    "reason": "Not now.",
    "decided_by": ["cai"],
    "decided_on": "2024-01-06",
    "review_at": "2024-02-01",
    "keywords": ["later"],
}


def made() -> tuple[Device, Record]:
    def edit(bodies: dict[str, Any]) -> None:
        bodies["decisions/dev-1"] = dict(DEVIATION)
        bodies["decisions/deferral-1"] = dict(DEFERRAL)

    whole = device(dossier(edit))
    return whole, whole.records["decisions/dev-1"]


def seal(record: Record, **fields: Any) -> Seal:
    values: dict[str, Any] = {
        "file": "seals/one.json",
        "sha256": "5" * 64,
        "predicate_type": "https://muniment.invalid/predicate/record/v1",
        "subjects": {f"{record.id}.yaml": record.document.sha256},
        "predicate": frozen({"role": "clinical", "meaning": "clinical_approval"}),
        "identity": "cai@demo.example",
        "issuer": None,
        "domain": None,
        "time": "2024-04-15T09:00:00Z",
        "time_source": "statement",
        "log_index": None,
        "outcome": "recorded",
    }
    return Seal(**(values | fields))


def roles(*seals: Seal, as_of: str = "2024-12-31") -> list[str]:
    whole, record = made()
    return [word["role"] for word in told(record, whole, seals, as_of)["signed"]]


def test_a_signature_counts_on_these_very_bytes_by_a_holder_of_the_role() -> None:
    """Other bytes, another role than held, a stranger or a later day: none of them is a signature."""
    _, record = made()
    assert roles(seal(record)) == ["clinical"]
    path = f"{record.id}.yaml"
    assert roles(seal(record, subjects={path: "0" * 64})) == []
    assert roles(seal(record, predicate=frozen({"role": "quality", "meaning": "quality_approval"}))) == []
    assert roles(seal(record, identity="mallory@demo.example")) == []
    assert roles(seal(record, time="2022-12-31T09:00:00Z")) == []
    assert roles(seal(record), as_of="2024-04-14") == []
    assert roles(seal(record, predicate_type="https://muniment.invalid/predicate/approval/v1")) == []


def test_a_ratification_that_lies_ahead_is_not_known() -> None:
    """Until its day a deviation is not ratified, and working days go on counting."""
    whole, record = made()
    waiting = told(record, whole, (), "2024-04-12")
    assert (waiting["ratified"], waiting["ratification_workdays"]) == (False, 0)
    over = told(record, whole, (), "2024-12-31")
    assert (over["ratified"], over["ratification_workdays"]) == (True, 1)


def test_what_a_record_leaves_out_is_null() -> None:
    """A rule that asks for an optional field gets null, never a gap it could take for an answer."""
    whole, record = made()
    assert {told(record, whole, (), "2024-12-31")[name] for name in ("type", "ratified_by")} == {None}


def test_decisions_on_a_release_are_those_known_by_the_day() -> None:
    """Its request, what names it, and the deferral of its request; nothing that came later."""
    whole, _ = made()

    def ids(as_of: str) -> list[str]:
        return [r.id for r in decided(whole, "releases/1.0.0", "decisions/cr-1", as_of)]

    assert ids("2024-12-31") == ["decisions/cr-1", "decisions/deferral-1", "decisions/dev-1"]
    assert ids("2024-01-06") == ["decisions/cr-1", "decisions/deferral-1"]
    assert decided(whole, "releases/9.0.0", None, "2024-12-31") == ()


def test_conditions_on_a_release_say_which_are_open() -> None:
    """A condition is open until a closure by that day; conditions on other releases are not among them."""

    def edit(bodies: dict[str, Any]) -> None:
        for name, release in (("board-1", "releases/1.0.0"), ("board-2", "releases/0.9.0")):
            conditions = [{"id": f"{name}-{n}", "text": "Do.", "due": "2024-06-01"} for n in (1, 2)]
            bodies[f"decisions/{name}"] = {
                "kind": "board_decision", "schema": 1, "origin": "enacted", "release": release,
                "outcome": "release", "meeting": {"on": "2024-03-12", "attendees": ["cai"]},
                "findings": [], "reasons": "Good.", "conditions": conditions, "keywords": [],
            }  # fmt: skip
        bodies["decisions/closure-1"] = {
            "kind": "condition_closure", "schema": 1, "origin": "enacted", "release": "releases/1.0.0",
            "decision": "decisions/board-1", "condition": "board-1-1", "closed_on": "2024-05-01",
            "closed_by": "cai", "evidence": "Done.",
        }  # fmt: skip

    whole = device(dossier(edit))

    def closed(as_of: str) -> dict[str, str | None]:
        known = conditions(whole.records.values(), as_of)
        found = conditions_on(whole, "releases/1.0.0", known)
        return {item["id"]: item["closed_on"] for item in found}

    assert closed("2024-12-31") == {"board-1-1": "2024-05-01", "board-1-2": None}
    assert closed("2024-04-30") == {"board-1-1": None, "board-1-2": None}
