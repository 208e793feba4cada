"""The commands that write: evaluations, manifests and seals. None of them is a stage.

Order matters and is checked where a seal is made: a plan is locked before its evaluation is sealed,
a release is frozen before anybody decides on it, and quality authorises it last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from muniment import attest, link
from muniment.attest import statements
from muniment.errors import SealError, UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.seal import Seal
from muniment.pipeline import trail
from muniment.pipeline.numbers import evaluation
from muniment.pipeline.request import Request
from muniment.pipeline.survey import Survey, find_release, survey

TRUST_ROOT = "trust/local/trusted_root.json"
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


@dataclass(frozen=True, slots=True)
class Hand:
    """Who signs, as whom, when, and in which domain."""

    who: str
    """Person id, service id or e-mail address, as the roster has it."""
    role: str
    at: datetime
    domain: attest.LocalDomain


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a command wrote."""

    path: Path
    sha256: str
    note: str = ""


def write_evaluation(
    request: Request, name: str, *, dry_run: bool = False
) -> tuple[Written, Mapping[str, Any]]:
    """Run the plan of a release and write its `evaluation.json`.

    Refuses to change the evaluation of a frozen release: its approvals bind those very bytes.
    """
    from muniment import measure

    device, dossier = _sound_release(survey(request), name)
    content = evaluation(device, dossier)
    data = measure.evaluation_bytes(content)
    path = _folder(request, device) / dossier.id / "evaluation.json"
    same = path.is_file() and path.read_bytes() == data
    if dossier.manifest and not same:
        raise UsageError(
            f"release {dossier.version} is frozen, and its evaluation would change",
            hint="a changed release needs a new version; or delete manifest.json, which voids every approval",
        )
    if not same and not dry_run:
        write_file(path, data)
    note = "unchanged" if same else ("would change" if dry_run else "written")
    return Written(path, hashlib.sha256(data).hexdigest(), note), content


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
        write_file(path, data)
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


def publish_root(request: Request, domain: attest.LocalDomain, *, at: datetime) -> tuple[Written, ...]:
    """Write the domain's public trusted root beside each device's seals, and tell their trails at `at`."""
    out = []
    data = domain.trusted_root()
    for device in survey(request).devices:
        path = _folder(request, device) / TRUST_ROOT
        with trail.writing(_folder(request, device)) as pen:
            write_file(path, data)
            out.append(Written(path, hashlib.sha256(data).hexdigest()))
            pen.append(at=at, command="trust show --publish", who=None, wrote={TRUST_ROOT: out[-1].sha256})
    return tuple(out)


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
    parsed = attest.parse(statement)
    folder, place = _folder(request, device), attest.seal_path(parsed)
    with trail.writing(folder) as pen:
        if parsed.words["trail"] != pen.head:
            raise SealError(
                f"something else was sealed for {device.id} meanwhile", hint="run the command again"
            )
        wrote = {**(beside or {}), **_same_domain(request, device, hand.domain)}
        identity = attest.Identity(parsed.words["identity"], hand.domain.issuer)
        bundle = hand.domain.seal(statement, identity=identity, at=hand.at)
        write_file(folder / place, bundle)
        wrote[place] = hashlib.sha256(bundle).hexdigest()
        pen.append(
            at=hand.at,
            command=attest.command_of(parsed.kind, parsed.predicate),
            who=identity.name,
            wrote=wrote,
        )
    return Written(folder / place, wrote[place])


def _same_domain(request: Request, device: Device, domain: attest.LocalDomain) -> dict[str, str]:
    """Put the domain's public root beside a device's first seal; refuse to mix in a second domain later.

    Returns what was written, path to SHA-256.
    """
    root = domain.trusted_root()
    if not device.files.exists(TRUST_ROOT):
        write_file(_folder(request, device) / TRUST_ROOT, root)
        return {TRUST_ROOT: hashlib.sha256(root).hexdigest()}
    if device.files.read(TRUST_ROOT) != root:
        raise SealError(
            f"the seals of {device.id} belong to another local trust domain than the one opened",
            hint="name that domain's folder with --trust-folder; `muniment trust show` prints its digest",
        )
    return {}


def _folder(request: Request, device: Device) -> Path:
    return request.evidence / device.id


def _path(record: Record) -> str:
    return record.document.path.split("/", 1)[1]


def write_file(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
