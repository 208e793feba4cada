"""Where a release stands: derived from sealed decisions on its digest, never written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from muniment.model.dataclass import dataclass
from muniment.model.edition import Approval
from muniment.model.evidence import Device, Dossier
from muniment.model.roster import issuer_problem
from muniment.model.ruling import Basis, Status
from muniment.model.seal import Seal
from muniment.model.tree import Tree

RELEASE = "/predicate/release/v1"
"""How the URI of a release authorisation's predicate ends."""
VETO = frozenset({"clinical", "quality", "regulatory"})
"""Roles whose rejection alone refuses a release."""
AUTHORISES = "quality"
"""Role that authorises a release."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a release stands on a day."""

    status: Status
    decided_on: str | None
    """ISO day of the authorisation or the first vetoing rejection; `None` for a candidate."""
    seal: Seal | None
    """The seal that decided."""


def standing(
    device: Device,
    dossier: Dossier,
    seals: Sequence[Seal],
    approvals: Sequence[Approval],
    *,
    basis: Basis,
    as_of: str,
) -> Standing:
    """The status of a release on the day `as_of`, from its seals alone.

    A valid rejection by a role with a veto refuses it, whatever else is signed; else a release
    authorisation by a person who held the role quality on its day releases it; else it is a candidate.
    """
    vetoes = [
        word
        for word in approvals
        if word.valid and word.decision == "reject" and word.role in VETO and by(word.time, as_of)
    ]
    if vetoes:
        first_veto = min(vetoes, key=lambda word: (word.time or "", word.seal.file))
        return Standing(Status.REJECTED, day_of(first_veto.time), first_veto.seal)
    authorisations = [
        seal
        for seal in seals
        if seal.predicate_type.endswith(RELEASE)
        and by(seal.time, as_of)
        and authorisation_problem(device, dossier, seal, basis) == ""
    ]
    if not authorisations:
        return Standing(Status.CANDIDATE, None, None)
    first = min(authorisations, key=lambda seal: (seal.time or "", seal.file))
    return Standing(Status.RELEASED, day_of(first.time), first)


def authorisation_problem(device: Device, dossier: Dossier, seal: Seal, basis: Basis) -> str:
    """Why a release authorisation does not count; empty where it does."""
    record = device.records.get("roster")
    roster: Tree = record.body if record is not None else {}
    person = signer_of(roster, seal)
    day = day_of(seal.time) or ""
    checks = (
        (seal.outcome == "failed", seal.reason or "the seal does not verify"),
        (basis == "verified" and seal.outcome != "verified", "the seal was not verified"),
        (
            dossier.manifest_sha256 is None
            or seal.subjects.get(f"{dossier.id}/manifest.json") != dossier.manifest_sha256,
            "it signs another manifest than the one that stands",
        ),
        (
            person is None,
            _vouching(roster, seal) or f"{seal.identity or 'the signer'} is not on the roster",
        ),
        (
            person is not None and not held_role(roster, person, AUTHORISES, day),
            f"{person} did not hold the role {AUTHORISES} on {day}",
        ),
    )
    return next((text for wrong, text in checks if wrong), "")


def person_of(roster: Tree, identity: str | None) -> str | None:
    """The person id that a signer's e-mail belongs to; `None` where the roster has none."""
    people = roster.get("people", ()) if isinstance(roster, Mapping) else ()
    wanted = (identity or "").casefold()
    found = [person["id"] for person in people if person["email"].casefold() == wanted]
    return found[0] if len(found) == 1 else None


def signer_of(roster: Tree, seal: Seal) -> str | None:
    """The person id of who made a seal; `None` also where the roster expects another to vouch for them."""
    return None if _vouching(roster, seal) else person_of(roster, seal.identity)


def _vouching(roster: Tree, seal: Seal) -> str:
    person = person_of(roster, seal.identity)
    entries = roster.get("people", ()) if isinstance(roster, Mapping) else ()
    return next((issuer_problem(entry, seal) for entry in entries if entry["id"] == person), "")


def held_role(roster: Tree, person: str, role: str, day: str) -> bool:
    """Whether `person` held `role` on `day`, both ends of an entry included."""
    return any(
        entry["person"] == person
        and entry["role"] == role
        and entry["from"] <= day
        and (entry.get("to") is None or day <= entry["to"])
        for entry in roster.get("entries", ())
    )


def by(time: str | None, as_of: str) -> bool:
    """Whether an instant lies on or before a day; an unknown instant does not."""
    return bool(time) and (time or "")[:10] <= as_of


def day_of(time: str | None) -> str | None:
    """The UTC day of an RFC 3339 instant that ends in Z."""
    return time[:10] if time else None
