"""What the signing commands say: each makes a statement from the evidence and has it sealed. No stage.

Order matters and is checked where a seal is made: a plan is locked before its evaluation is sealed,
a release is frozen before anybody decides on it, and quality authorises it last.
"""

from __future__ import annotations

from datetime import date

from muniment import attest
from muniment.attest import statements
from muniment.errors import SealError, UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.seal import Seal
from muniment.pipeline import trail
from muniment.pipeline.pens import Hand, seal_statement
from muniment.pipeline.request import Request
from muniment.pipeline.survey import survey
from muniment.pipeline.writing import Written, device_folder, find_record, sound_release

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
    device, dossier = sound_release(survey(request), name)
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
    device, dossier = sound_release(survey(request), name)
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
    device, dossier = sound_release(survey(request), name)
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
            pin = trail.begin(device_folder(request, device), device, at=hand.at)
            return attest.Signer(person["name"], person["email"], hand.role, hand.at, pin)
    for service in roster.body["services"]:
        if hand.who in (service["id"], service["email"]):
            pin = trail.begin(device_folder(request, device), device, at=hand.at)
            return attest.Signer(service["id"], service["email"], hand.role, hand.at, pin)
    known = ", ".join(person["id"] for person in roster.body["people"])
    raise UsageError(f"{hand.who!r} is not on the roster of {device.id}", hint=f"people: {known}")


def _path(record: Record) -> str:
    return record.document.path.split("/", 1)[1]
