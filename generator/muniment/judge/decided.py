"""Decisions about a release as they were known on a day, with who signed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from muniment.judge.calendar import workdays
from muniment.judge.signatures import signatures
from muniment.model.conditions import DECISION, Condition
from muniment.model.evidence import Device, Record
from muniment.model.seal import Seal
from muniment.model.tree import Tree

KINDS = frozenset(("change_request", "board_decision", "deferral", "deviation", "determination", "waiver"))
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "deviation": ("type", "criterion", "departure", "ratified_on", "ratified_by", "closed_on"),
    "determination": ("pccp",),
}
"""Fields by kind that a record may leave out: facts say null, so that a rule never takes a gap for a no."""
_BEGAN = ("on", "opened_on", "decided_on", "issued")
"""Fields that hold the day of a decision; the first that a record has counts."""


def decided(device: Device, release: str, request: str | None, as_of: str) -> tuple[Record, ...]:
    """Return the decisions on a release by the day `as_of`, sorted by id.

    They are those that name it, its change request, and a deferral of that request.
    """
    return tuple(
        record
        for identifier, record in sorted(device.records.items())
        if record.kind in KINDS
        and _began(record) <= as_of
        and (
            identifier == request
            or record.body.get("release") == release
            or (record.kind == "deferral" and record.body["change_request"] == request)
        )
    )


def told(record: Record, device: Device, seals: Sequence[Seal], as_of: str) -> Mapping[str, Tree]:
    """What facts add to a decision: nulls for what it leaves out, `signed`, and how a deviation was ratified.

    `ratification_workdays` are the working days from its first day to its ratification, or to `as_of` while
    there is none. What was added after `as_of` is not known yet.
    """
    extra: dict[str, Tree] = {name: None for name in OPTIONAL.get(record.kind, ()) if name not in record.body}
    extra["signed"] = tuple(signatures(record, device, seals, as_of))
    if record.kind == "deviation":
        ratified = record.body.get("ratified_on")
        extra["ratified"] = ratified is not None and ratified <= as_of
        until = ratified if extra["ratified"] else as_of
        extra["ratification_workdays"] = workdays(record.body["opened_on"], until)
    return extra


def whole_roster(roster: Tree) -> Tree:
    """The roster with null for what an entry leaves out."""
    if not isinstance(roster, Mapping):
        return roster
    gaps = {"delegated_by": None, "training_until": None}
    entries = tuple(MappingProxyType({**gaps, **entry}) for entry in roster["entries"])
    return MappingProxyType({**roster, "entries": entries})


def with_closing(record: Record, known: Mapping[str, tuple[Condition, ...]]) -> Tree:
    """A board decision's conditions; one that is closed has the day in `closed_on`."""
    met = {c.id: c.closed_on for c in known[record.id] if c.closed_on is not None}
    return tuple(
        MappingProxyType({**item, "closed_on": met[item["id"]]}) if item["id"] in met else item
        for item in record.body["conditions"]
    )


def conditions_on(device: Device, release: str, known: Mapping[str, tuple[Condition, ...]]) -> Tree:
    """Every condition a board set on a release: `id`, `due`, `closed_on` (null while open), `decision`."""
    return tuple(
        MappingProxyType({"id": c.id, "due": c.due, "closed_on": c.closed_on, "decision": record.id})
        for _, record in sorted(device.records.items())
        if record.kind == DECISION and record.body["release"] == release
        for c in known[record.id]
    )


def _began(record: Record) -> str:
    return next((record.body[name] for name in _BEGAN if name in record.body), "")
