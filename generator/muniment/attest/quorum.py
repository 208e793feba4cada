"""Who of the board has approved a release, and whose word does not count.

A pure function over seals and roster: nothing is counted here, each approval is only held to be
valid or not, with its own reason. Counting against a change class is a policy's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from muniment.attest.predicates import APPROVAL, APPROVES, RELEASE
from muniment.model.edition import Approval
from muniment.model.roster import issuer_problem
from muniment.model.ruling import Basis
from muniment.model.seal import Seal
from muniment.model.tree import Tree


@dataclass(frozen=True, slots=True)
class _Case:
    """What an approval is held against."""

    roster: Mapping[str, Any]
    manifest: str
    manifest_sha256: str | None
    author: str | None
    basis: Basis
    until: str
    """Day (ISO, UTC) of the release authorisation; where there is none yet, the day judged at."""


AUTHORISES = "quality"
"""Role in which a release is authorised."""


def approvals(
    seals: Sequence[Seal],
    *,
    roster: Tree,
    version: str,
    manifest_sha256: str | None,
    author: str | None,
    basis: Basis,
    as_of: str,
) -> tuple[Approval, ...]:
    """Return every approval, rejection and recusal of a release, in order of time.

    `roster` is the body of `roster.yaml`, `author` the person id that wrote the release, `version`
    its version text, and `manifest_sha256` the digest of its manifest as it lies there now (`None`
    before `freeze`). One counts (`valid`) only if its seal holds on the `basis` asked for, its one
    subject is that manifest, its signer is a person of the roster who held the role on the day,
    signed under the roster's name, was vouched for by the issuer that the roster expects, is neither
    the author nor a service, and speaks in one role only. Of several words of one person in one role the
    last one counts. An approval that expires counts if the release was authorised by its last day; until
    that happens, on days up to `as_of`. Without an author nobody's independence is known, so nothing is
    valid.
    """
    case = _Case(roster or {}, f"releases/{version}/manifest.json", manifest_sha256, author, basis, as_of)
    case = replace(case, until=_authorised_on(seals, case) or as_of)
    bearing = [seal for seal in seals if _bears_on(seal, case.manifest, version)]
    bearing.sort(key=lambda seal: (_said_at(seal), seal.log_index or 0, seal.file))
    judged = [_judge(seal, case) for seal in bearing]
    return tuple(_one_voice(_one_issuer(judged)))


def _authorised_on(seals: Sequence[Seal], case: _Case) -> str | None:
    """Return the day of the first authorisation of this very digest by somebody who may give it."""
    days = [
        str(seal.time)[:10]
        for seal in seals
        if seal.predicate_type == RELEASE
        and not _seal_problem(seal, case)
        and not _subject_problem(seal, case)
        and (person := _person(seal.identity, case.roster)) is not None
        and not issuer_problem(person, seal)
        and not _role_problem(person, AUTHORISES, str(seal.time)[:10], case.roster)
    ]
    return min(days, default=None)


def _bears_on(seal: Seal, manifest: str, version: str) -> bool:
    return seal.predicate_type == APPROVAL and (
        manifest in seal.subjects or seal.predicate.get("release") == version
    )


def _said_at(seal: Seal) -> str:
    return seal.time or str(seal.predicate.get("signed_at", ""))


def _judge(seal: Seal, case: _Case) -> Approval:
    predicate = seal.predicate
    person = _person(seal.identity, case.roster)
    problem = _problem(seal, person, case)
    return Approval(
        person=person["id"] if person else None,
        name=predicate["printed_name"],
        identity=seal.identity,
        role=predicate["role"],
        decision=predicate["decision"],
        meaning=predicate["meaning"],
        time=seal.time,
        valid=not problem,
        problem=problem,
        seal=seal,
        conditions=tuple(predicate["conditions"]),
        issuer=seal.issuer,
        expires=predicate.get("expires"),
    )


def _problem(seal: Seal, person: Mapping[str, Any] | None, case: _Case) -> str:
    """Return why this seal alone does not count, or nothing."""
    return (
        _seal_problem(seal, case)
        or _subject_problem(seal, case)
        or _service_problem(seal, case.roster)
        or _person_problem(seal, person, case)
        or _expiry_problem(seal, case)
    )


def _seal_problem(seal: Seal, case: _Case) -> str:
    if seal.outcome == "failed":
        return f"The seal does not hold. {seal.reason}"
    if case.basis == "verified" and seal.outcome != "verified":
        return "The seal was read but not verified; run `muniment verify`."
    if seal.identity is None or seal.time is None:
        return "The seal names no signer or no time."
    return ""


def _subject_problem(seal: Seal, case: _Case) -> str:
    if case.manifest_sha256 is None:
        return "The release has no manifest to approve; run `muniment freeze`, then approve."
    if set(seal.subjects) != {case.manifest}:
        return f"The seal is on another file than {case.manifest}."
    if seal.subjects[case.manifest] != case.manifest_sha256:
        return "The release has changed since this was sealed, so it is void; decide again on the new digest."
    return ""


def _service_problem(seal: Seal, roster: Mapping[str, Any]) -> str:
    identity = seal.identity or ""
    listed = any(service.get("email") == identity for service in roster.get("services") or ())
    if listed or "://" in identity:
        return f"{identity} is a service; only people approve."
    return ""


def _person(identity: str | None, roster: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the one person of the roster with this e-mail, letter for letter."""
    people = [person for person in roster.get("people") or () if person.get("email") == identity]
    return people[0] if len(people) == 1 else None


def _person_problem(seal: Seal, person: Mapping[str, Any] | None, case: _Case) -> str:
    if person is None:
        return f"{seal.identity} is not the e-mail of exactly one person on the roster."
    name, role = person["name"], seal.predicate["role"]
    if problem := issuer_problem(person, seal):
        return problem
    if seal.predicate["printed_name"] != name:
        return f"The printed name {seal.predicate['printed_name']} is not {name}, whose e-mail signed."
    if case.author is None:
        return "The release names no author, so nobody's independence of the author is known."
    if person["id"] == case.author:
        return f"{name} is the author of the release, who does not approve it."
    return _role_problem(person, role, str(seal.time)[:10], case.roster)


def _expiry_problem(seal: Seal, case: _Case) -> str:
    expires = seal.predicate.get("expires")
    if expires is None or seal.predicate["decision"] not in APPROVES or case.until <= expires:
        return ""
    return f"The approval expired on {expires}, before the release was authorised; it has to be given again."


def _role_problem(person: Mapping[str, Any], role: str, day: str, roster: Mapping[str, Any]) -> str:
    """Return why the person did not hold the role on a day (ISO, UTC); both ends of an entry count."""
    name = person["name"]
    held = [
        entry
        for entry in roster.get("entries") or ()
        if entry.get("person") == person["id"] and entry.get("role") == role
    ]
    if not held:
        return f"{name} does not hold the role {role} on the roster."
    if any(entry["from"] <= day and (entry.get("to") is None or day <= entry["to"]) for entry in held):
        return ""
    if all(day < entry["from"] for entry in held):
        first = min(entry["from"] for entry in held)
        return f"{name} was given the role {role} on {first}, after sealing on {day}."
    ended = [entry["to"] for entry in held if entry.get("to") is not None and entry["to"] < day]
    return f"{name} held the role {role} until {max(ended)}, and sealed on {day}."


def _one_issuer(judged: Sequence[Approval]) -> list[Approval]:
    """Void what a second issuer vouches for under one address: two vouchers make no second person."""
    first: dict[str | None, str] = {}
    out = list(judged)
    for number, approval in enumerate(judged):
        if not approval.valid or approval.issuer is None:
            continue
        issuer = first.setdefault(approval.person, approval.issuer)
        if issuer != approval.issuer:
            out[number] = _void(
                approval,
                f"{approval.issuer} vouches for {approval.identity}, and {issuer} did so before; the roster"
                " has to say which of them may (`issuer`).",
            )
    return out


def _one_voice(judged: Sequence[Approval]) -> list[Approval]:
    """Void a second role of one person, and all but the last word of a person in their role."""
    role_of: dict[str, str] = {}
    last: dict[str, int] = {}
    out = list(judged)
    for number, approval in enumerate(judged):
        if not approval.valid or approval.person is None:
            continue
        role = role_of.setdefault(approval.person, approval.role)
        if role != approval.role:
            out[number] = _void(
                approval, f"{approval.name} has already decided as {role}; one person fills one role."
            )
            continue
        if approval.person in last:
            before = last[approval.person]
            out[before] = _void(
                out[before], f"{approval.name} has decided again since, at {approval.time}; that counts."
            )
        last[approval.person] = number
    return out


def _void(approval: Approval, problem: str) -> Approval:
    return replace(approval, valid=False, problem=problem)
