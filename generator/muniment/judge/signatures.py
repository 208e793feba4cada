"""Who signed a record: seals on its very bytes, held against the roster of the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from muniment.judge.board import by, day_of, held_role, signer_of
from muniment.model.evidence import Device, Record
from muniment.model.seal import Seal
from muniment.model.tree import Tree

RECORD = "/predicate/record/v1"
"""How the URI of the predicate of a seal on a record ends."""


def signatures(record: Record, device: Device, seals: Sequence[Seal], as_of: str) -> Iterator[Tree]:
    """Seals on the very bytes of a record, by people who held the role they sign in on that day."""
    path = record.document.path.split("/", 1)[1]
    found = device.records.get("roster")
    roster: Tree = found.body if found is not None else {}
    for seal in sorted(seals, key=lambda each: (each.time or "", each.file)):
        if not seal.predicate_type.endswith(RECORD) or not isinstance(seal.predicate, Mapping):
            continue
        if seal.subjects.get(path) != record.document.sha256 or not by(seal.time, as_of):
            continue
        person, role = signer_of(roster, seal), seal.predicate.get("role")
        day = day_of(seal.time) or ""
        if person is None or not isinstance(role, str) or not held_role(roster, person, role, day):
            continue
        said = {"person": person, "role": role, "meaning": seal.predicate.get("meaning")}
        yield MappingProxyType({**said, "time": seal.time, "on": day})
