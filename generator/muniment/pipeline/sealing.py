"""The commands that write: evaluations, manifests and seals. None of them is a stage.

Order matters and is checked where a seal is made: a plan is locked before its evaluation is sealed,
a release is frozen before anybody decides on it, and quality authorises it last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from muniment import attest, link
from muniment.attest import statements
from muniment.attest.times import parse_instant
from muniment.attest.trail import ADOPT
from muniment.errors import SealError, UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.seal import Domain, Seal
from muniment.pipeline import trail
from muniment.pipeline.analysing import analysis
from muniment.pipeline.numbers import evaluation
from muniment.pipeline.request import Request
from muniment.pipeline.survey import Survey, find_release, survey

MEANINGS = {
    "engineering": "technical_review",
    "verification": "verification",
    "biostatistics": "statistical_review",
    "clinical": "clinical_approval",
    "regulatory": "regulatory_determination",
    "quality": "quality_approval",
    "risk": "technical_review",
    "data_steward": "technical_review",
    "security": "technical_review",
    "operations": "acknowledgement",
    "author": "authorship",
}
"""What a role's signature means unless the signer says otherwise."""


class Pen(Protocol):
    """What signs in one trust domain; `attest.LocalPen` and `attest.RemotePen` are the two kinds."""

    @property
    def kind(self) -> Domain:
        """The domain its seals belong to."""

    def trusted_root(self) -> bytes:
        """Return the root they verify with."""

    def heed(self, bundles: Iterable[bytes]) -> None:
        """Refuse to sign where earlier seals contradict the state of the domain."""

    def ready(self, identity: str) -> None:
        """Have the signer's key at hand before anything is locked: a person may have to type."""

    def seal(self, statement: bytes, *, identity: str, at: datetime) -> bytes:
        """Return the verified bundle over a statement, by whom and, where the domain lets it say so, when."""

    def delivered(self, bundle: bytes) -> None:
        """Be told that a bundle's file has been written."""

    def undelivered(self) -> tuple[bytes, ...]:
        """Return finished bundles whose files a crash has kept from being written."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Who signs, as whom, when, and in which domain."""

    who: str
    """Person id, service id or e-mail address, as the roster has it."""
    role: str
    at: datetime
    """A local domain dates the seal so; elsewhere its authorities do, and this is what the statement says."""
    pen: Pen


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a command wrote."""

    path: Path
    sha256: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation of a release came to."""

    files: tuple[Written, Written]
    """`evaluation.json` and `analysis.json`."""
    evaluation: Mapping[str, Any]
    analysis: Mapping[str, Any]


def write_evaluation(request: Request, name: str, *, dry_run: bool = False) -> Evaluated:
    """Run the plan of a release; write its `evaluation.json`, and its `analysis.json` beside it.

    Refuses to change either of a frozen release: its approvals bind those very bytes. Both are computed
    before one is written.
    """
    from muniment import measure

    device, dossier = _sound_release(survey(request), name)
    content, explored = evaluation(device, dossier), analysis(device, dossier)
    folder = _folder(request, device) / dossier.id
    fresh = {
        folder / "evaluation.json": measure.evaluation_bytes(content),
        folder / "analysis.json": measure.evaluation_bytes(explored),
    }
    same = {path: path.is_file() and path.read_bytes() == data for path, data in fresh.items()}
    for path in fresh:
        # A release that was frozen before there were analyses keeps its manifest, and gets none.
        listed = f"{dossier.id}/{path.name}" in dossier.manifest or path.name == "evaluation.json"
        if dossier.manifest and not same[path] and listed:
            raise UsageError(
                f"release {dossier.version} is frozen, and its {path.stem} would change",
                hint="make a new version; or delete manifest.json, which voids every approval",
            )
    first, second = (
        _computed(path, data, kept=same[path] or bool(dossier.manifest), dry_run=dry_run)
        for path, data in fresh.items()
    )
    return Evaluated((first, second), content, explored)


def _computed(path: Path, data: bytes, *, kept: bool, dry_run: bool) -> Written:
    """Write a computed file unless it is to stay as it is, and say which."""
    if not kept and not dry_run:
        write_beside(path, data)
    note = "unchanged" if kept else ("would change" if dry_run else "written")
    return Written(path, hashlib.sha256(data).hexdigest(), note)


def freeze(request: Request, name: str, *, dry_run: bool = False) -> Written:
    """Write `manifest.json`: every file reachable from the release. Its SHA-256 is the release digest.

    Refuses to replace a manifest that says something else, for seals may bind it.
    """
    found = survey(request)
    device, dossier = _sound_release(found, name)
    if dossier.evaluation is None:
        raise UsageError(
            f"release {dossier.version} has no evaluation", hint=f"run `muniment evaluate {dossier.version}`"
        )
    data = link.manifest(dossier, device.files)
    path = _folder(request, device) / dossier.id / "manifest.json"
    if path.is_file():
        if path.read_bytes() == data:
            return Written(path, hashlib.sha256(data).hexdigest(), "unchanged")
        raise UsageError(
            f"release {dossier.version} is frozen already, and its files have changed since",
            hint="undo the change, or make a new version; deleting manifest.json voids every approval",
        )
    if not dry_run:
        write_beside(path, data)
    return Written(path, hashlib.sha256(data).hexdigest(), "would write" if dry_run else "written")


def lock(request: Request, plan: str, hand: Hand) -> Written:
    """Seal a plan. A plan is locked once; a changed plan needs a new version."""
    found = survey(request)
    device, record = find_record(found, plan if plan.startswith("plans/") else f"plans/{plan}", "plan")
    path = _path(record)
    if _seals_on(device, path, "plan-lock"):
        raise SealError(f"{record.id} is locked already", hint="a changed plan needs a new version")
    signer = signer_of(request, device, hand)
    statement = statements.plan_lock(record.id, record.document.sha256, signer=signer)
    return seal_statement(request, device, statement, hand)


def seal_evaluation(request: Request, name: str, hand: Hand) -> Written:
    """Seal a release's evaluation under the lock of its plan, whose bundle's digest goes in."""
    device, dossier = _sound_release(survey(request), name)
    evaluated = dossier.evaluation
    if evaluated is None:
        raise UsageError(f"release {dossier.version} has no evaluation", hint="run `muniment evaluate` first")
    plan = dossier.records[dossier.release.body["plan"]]
    locks = _seals_on(device, _path(plan), "plan-lock")
    if not locks:
        raise SealError(
            f"{plan.id} is not locked", hint=f"run `muniment lock {plan.id}` before the evaluation"
        )
    outcomes: dict[str, list[str]] = {"met": [], "unmet": [], "undecided": []}
    for criterion in evaluated["criteria"]:
        level = " ".join(f"{axis}={value}" for axis, value in sorted(criterion["cohort"].items()))
        outcomes[criterion["outcome"]].append(f"{criterion['id']} {level}".strip())
    statement = statements.evaluation(
        dossier.version,
        device.files.digest(f"{dossier.id}/evaluation.json"),
        plan=plan.id,
        plan_sha256=plan.document.sha256,
        plan_lock_sha256=locks[0].sha256,
        result="FAILED" if outcomes["unmet"] else "PASSED",
        signer=signer_of(request, device, hand),
        passed=outcomes["met"],
        warned=outcomes["undecided"],
        failed=outcomes["unmet"],
    )
    return seal_statement(request, device, statement, hand)


def decide(
    request: Request,
    name: str,
    hand: Hand,
    *,
    decision: str,
    meaning: str | None = None,
    conditions: tuple[str, ...] = (),
    meeting: str | None = None,
    expires: date | None = None,
) -> Written:
    """Sign one person's decision on a frozen release: approve, reject or recuse."""
    device, dossier = _sound_release(survey(request), name)
    signer = signer_of(request, device, hand)
    words = {"reject": "rejection", "recuse": "recusal"}.get(decision) or meaning or MEANINGS.get(hand.role)
    if words is None:
        raise UsageError(f"role {hand.role!r} has no usual meaning", hint="say one with --meaning")
    statement = statements.approval(
        dossier.version,
        _release_digest(dossier),
        decision="approve_with_conditions" if conditions and decision == "approve" else decision,  # type: ignore[arg-type]
        meaning=words,  # type: ignore[arg-type]
        signer=signer,
        conditions=conditions,
        meeting=meeting,
        expires=expires,
    )
    return seal_statement(request, device, statement, hand)


def authorise(request: Request, name: str, hand: Hand) -> Written:
    """Sign the release authorisation: quality's last word, after the board's."""
    device, dossier = _sound_release(survey(request), name)
    rationale = dossier.release.body["rationale"]["clinical_reason"]
    statement = statements.release_authorisation(
        dossier.version,
        _release_digest(dossier),
        rationale=rationale,
        signer=signer_of(request, device, hand),
    )
    return seal_statement(request, device, statement, hand)


def sign_record(request: Request, name: str, hand: Hand, *, meaning: str | None = None) -> Written:
    """Sign any one record, named by its id."""
    device, record = find_record(survey(request), name, None)
    words = meaning or MEANINGS.get(hand.role, "acknowledgement")
    statement = statements.record(
        _path(record),
        record.document.sha256,
        meaning=words,  # type: ignore[arg-type]
        signer=signer_of(request, device, hand),
    )
    return seal_statement(request, device, statement, hand)


def publish_root(request: Request, kind: Domain, root: bytes, *, at: datetime) -> tuple[Written, ...]:
    """Write a domain's public trusted root beside each device's seals, and tell their trails at `at`."""
    out = []
    for device in survey(request).devices:
        folder, path = _folder(request, device), _root_path(kind)
        with trail.writing(folder) as book:
            write_beside(folder / path, root)
            out.append(Written(folder / path, hashlib.sha256(root).hexdigest()))
            book.append(at=at, command="trust show --publish", who=None, wrote={path: out[-1].sha256})
    return tuple(out)


def recover(request: Request, pen: Pen) -> tuple[Written, ...]:
    """Write the seals that an interrupted run has logged and not written, where their files still hold.

    One whose files are those of no device here, or of several, stays where it is kept; `muniment trust
    show` counts it.
    """
    waiting = pen.undelivered()
    devices = survey(request).devices if waiting else ()
    out = []
    for bundle in waiting:
        statement = attest.sealed_statement(bundle)
        homes = [
            device
            for device in devices
            if all(_holds(device, path, digest) for path, digest in statement.subjects.items())
        ]
        # A model's signature says nothing of its signer, and lies where its folder is.
        if len(homes) == 1 and statement.words:
            written = _restored(_folder(request, homes[0]), homes[0], statement, bundle)
            out += [written] if written else []
            pen.delivered(bundle)
    return tuple(out)


def _restored(folder: Path, device: Device, statement: statements.Statement, bundle: bytes) -> Written | None:
    """Write what a crash left out, the seal's file and its entry on the trail; `None` where nothing was.

    Where the trail has grown since, the entry says `adopt`: the seal does not follow the entry it names.
    """
    place, sha256 = attest.seal_path(statement), hashlib.sha256(bundle).hexdigest()
    words = statement.words
    with trail.writing(folder) as book:
        entries = attest.read_trail(device.files, ()).entries
        if any(place in entry.wrote for entry in entries):
            return None
        write_beside(folder / place, bundle)
        follows = words["trail"] == book.head
        book.append(
            at=parse_instant(words["signed_at"], "signed_at"),
            command=attest.command_of(statement.kind, statement.predicate) if follows else ADOPT,
            who=words["identity"],
            wrote={place: sha256},
        )
    return Written(folder / place, sha256)


def enrolment(request: Request, who: str) -> tuple[str, str]:
    """Return id and identity of a person or service on any device's roster, by id or e-mail address."""
    found = {
        (entry["id"], entry["email"])
        for device in survey(request).devices
        if (roster := device.records.get("roster")) is not None
        for entry in (*roster.body["people"], *roster.body["services"])
        if who in (entry["id"], entry["email"])
    }
    if len(found) == 1:
        return found.pop()
    if found:
        names = ", ".join(sorted(email for _, email in found))
        raise UsageError(f"{who!r} is several people on the rosters", hint=f"give the address: {names}")
    raise UsageError(
        f"{who!r} is on no roster", hint="enter them in roster.yaml first, with their e-mail address"
    )


def _sound_release(found: Survey, name: str) -> tuple[Device, Dossier]:
    """Return a release whose files have no fault; sealing what does not hold would be worse than refusing."""
    device, dossier = find_release(found, name)
    broken = [artifact for artifact in dossier.artifacts if not artifact.holds]
    if broken:
        raise UsageError(
            f"{broken[0].path} is not the file that {broken[0].record} states", hint="run `muniment check`"
        )
    return device, dossier


def find_record(found: Survey, name: str, kind: str | None) -> tuple[Device, Record]:
    """Return the one record that `[DEVICE/]ID` names; `UsageError` for none, or several."""
    matches = []
    for device in found.devices:
        inside = name.removeprefix(f"{device.id}/")
        record = device.records.get(inside.removesuffix(".yaml").removesuffix("/release"))
        if record is not None and kind in (None, record.kind):
            matches.append((device, record))
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(f"{device.id}/{record.id}" for device, record in matches)
        raise UsageError(f"{name} is ambiguous", hint=f"say which device: {names}")
    raise UsageError(f"there is no valid record {name}", hint="`muniment check` lists the faults of records")


def _release_digest(dossier: Dossier) -> str:
    if dossier.manifest_sha256 is None:
        raise SealError(
            f"release {dossier.version} is not frozen, so there is no digest to sign",
            hint=f"run `muniment freeze {dossier.version}`",
        )
    return dossier.manifest_sha256


def _seals_on(device: Device, path: str, kind: str) -> list[Seal]:
    return [
        seal
        for seal in attest.read(device.files)
        if path in seal.subjects and f"/{kind}/" in seal.predicate_type and seal.outcome != "failed"
    ]


def signer_of(request: Request, device: Device, hand: Hand) -> attest.Signer:
    """Return the signer's words from the roster; the role is judged at verification, on the date signed.

    They pin the head of the device's trail: who cuts it short later contradicts the seal.
    """
    roster = device.records.get("roster")
    if roster is None:
        raise SealError(f"{device.id} has no valid roster.yaml", hint="a signer must stand on the roster")
    for person in roster.body["people"]:
        if hand.who in (person["id"], person["email"]):
            pin = trail.begin(_folder(request, device), device, at=hand.at)
            return attest.Signer(person["name"], person["email"], hand.role, hand.at, pin)
    for service in roster.body["services"]:
        if hand.who in (service["id"], service["email"]):
            pin = trail.begin(_folder(request, device), device, at=hand.at)
            return attest.Signer(service["id"], service["email"], hand.role, hand.at, pin)
    known = ", ".join(person["id"] for person in roster.body["people"])
    raise UsageError(f"{hand.who!r} is not on the roster of {device.id}", hint=f"people: {known}")


def seal_statement(
    request: Request, device: Device, statement: bytes, hand: Hand, *, beside: Mapping[str, str] | None = None
) -> Written:
    """Seal a statement and tell the trail; nothing else is sealed there in between.

    `beside` are files that the command wrote for it (path to SHA-256): they stand in the same entry.
    """
    pen, accepted = hand.pen, request.accepted
    if accepted is not None and pen.kind not in accepted:
        raise UsageError(
            f"the settings accept no seals of the {pen.kind} domain",
            hint="add it to trust.domains in muniment.yaml, or sign in another domain",
        )
    _same_domain(device, pen)
    parsed = attest.parse(statement)
    who = parsed.words["identity"]
    folder, place, root = _folder(request, device), attest.seal_path(parsed), _root_path(pen.kind)
    pen.ready(who)
    with trail.writing(folder) as book:
        if parsed.words["trail"] != book.head:
            raise SealError(
                f"something else was sealed for {device.id} meanwhile", hint="run the command again"
            )
        pen.heed(device.files.read(path) for path in device.files.listing("seals"))
        bundle = pen.seal(statement, identity=who, at=hand.at)
        wrote = dict(beside or {})
        if not (folder / root).exists():
            # Beside a device's first seal lies what it verifies with.
            write_beside(folder / root, pen.trusted_root())
            wrote[root] = hashlib.sha256(pen.trusted_root()).hexdigest()
        write_beside(folder / place, bundle)
        wrote[place] = hashlib.sha256(bundle).hexdigest()
        book.append(
            at=hand.at, command=attest.command_of(parsed.kind, parsed.predicate), who=who, wrote=wrote
        )
        pen.delivered(bundle)
    return Written(folder / place, wrote[place])


def _same_domain(device: Device, pen: Pen) -> None:
    """Refuse to mix a second domain of one kind into a device's seals."""
    path = _root_path(pen.kind)
    if device.files.exists(path) and device.files.read(path) != pen.trusted_root():
        raise SealError(
            f"the seals of {device.id} belong to another {pen.kind} trust domain than the one opened",
            hint=_OTHER_DOMAIN[pen.kind],
        )


_OTHER_DOMAIN: Mapping[Domain, str] = {
    "local": "name that domain's folder with --trust-folder; `muniment trust show` prints its digest",
    "private": "if the Sigstore's keys were rotated, `muniment trust show --domain private --publish` "
    "takes over its new root, which must still hold the old keys",
    "public": "if the Sigstore's keys were rotated, `muniment trust show --domain public --publish` "
    "takes over its new root",
}


def _root_path(kind: Domain) -> str:
    return f"trust/{kind}/trusted_root.json"


def _holds(device: Device, path: str, digest: str) -> bool:
    return device.files.exists(path) and device.files.digest(path) == digest


def _folder(request: Request, device: Device) -> Path:
    return request.evidence / device.id


def _path(record: Record) -> str:
    return record.document.path.split("/", 1)[1]


def write_beside(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
