"""What is derived from the records: dossiers, seals, changes, rulings, answers."""

from __future__ import annotations

import hashlib
from typing import Any

from muniment.model.change import Change, ChangeClass, Changes
from muniment.model.edition import Answer, Approval, Citation, ReleaseView, RuleEntry
from muniment.model.evidence import Artifact, Dossier
from muniment.model.finding import Severity, Where
from muniment.model.ruling import Outcome, Ruling, Status, Verdict
from muniment.model.seal import Seal
from muniment.model.tree import frozen
from support.editions.making import AS_OF, DEVICE, Making


def dossier(making: Making, version: str, found: Any, analysis: Any) -> Dossier:
    release = making.records[f"releases/{version}"]
    artifacts = (
        Artifact("data/p.parquet", "1" * 64, "1" * 64, release.id, "/predictions/table", size=10),
        Artifact("data/gone.parquet", "4" * 64, None, release.id, "/model/file"),
    )
    manifest = making.files.get(f"releases/{version}/manifest.json")
    return Dossier(
        DEVICE,
        version,
        release,
        dict(making.records),
        artifacts,
        {"data/p.parquet": "1" * 64} if manifest else {},
        hashlib.sha256(manifest).hexdigest() if manifest else None,
        found,
        analysis=analysis,
    )


def seals(making: Making, version: str) -> tuple[Seal, ...]:
    plan = [
        (
            "plan-lock",
            "https://muniment.invalid/predicate/plan-lock/v1",
            "2025-01-02T09:00:00Z",
            "c@example.org",
        ),
        (
            "evaluation",
            "https://in-toto.io/attestation/test-result/v0.1",
            "2025-02-02T09:00:00Z",
            "c@example.org",
        ),
        (
            "approval",
            "https://muniment.invalid/predicate/approval/v1",
            "2025-05-30T09:00:00Z",
            "c@example.org",
        ),
        ("release", "https://muniment.invalid/predicate/release/v1", "2025-06-01T09:00:00Z", "q@example.org"),
    ]
    out = []
    for index, (name, predicate, time, identity) in enumerate(plan):
        path = f"seals/releases/{version}/{name}-{index:012d}.sigstore.json"
        making.files[path] = b"{}\n"
        out.append(
            Seal(
                path,
                hashlib.sha256(b"{}\n").hexdigest(),
                predicate,
                {f"releases/{version}/manifest.json": "5" * 64},
                frozen({"printed_name": making.say("C. Linician"), "decision": "approve"}),
                making.say(identity),
                "https://issuer.invalid",
                "local",
                time,
                "rfc3161",
                index,
                "failed" if name == "evaluation" and version == "1.0.0" else "verified",
                making.say("the digest differs") if name == "evaluation" and version == "1.0.0" else "",
            )
        )
    return tuple(out)


def view(making: Making, dossier: Dossier, seals: tuple[Seal, ...]) -> ReleaseView:
    candidate = "rc" in dossier.version
    changes = _changes(making, dossier)
    status = Status.CANDIDATE if candidate else Status.RELEASED
    verdict = Verdict(
        dossier.version,
        status,
        ChangeClass.CLINICAL,
        changes.computed,
        _rulings(making, dossier, candidate),
        AS_OF,
    )
    approvals = tuple(
        Approval(
            "p-c",
            making.say("C. Linician"),
            making.say("c@example.org"),
            "clinical",
            "approve",
            making.say("review"),
            seal.time,
            valid,
            "" if valid else making.say("not on the roster"),
            seal,
            (making.say("report in a year"),),
        )
        for seal in seals
        if "/approval/" in seal.predicate_type
        for valid in (True, False)
    )
    release_file = f"releases/{dossier.version}/release.yaml"
    digest = hashlib.sha256(making.files[release_file]).hexdigest()
    citation = Citation(release_file, "/summary", digest, making.say("release record"))
    missing = Citation("data/gone.parquet", "", None, making.say("model"))
    answers = tuple(
        Answer(
            question,
            making.say(f"The answer to {question}."),
            (citation, missing),
            "unsupported" if question == "evidence" else "verified",
            tuple(making.say(f"point {n}") for n in range(10)),
        )
        for question in ("what", "when", "why", "who", "evidence")
    )
    return ReleaseView(
        dossier,
        changes,
        None if changes.old is None else changes,
        verdict,
        seals,
        approvals,
        answers,
        None if candidate else "2025-06-01",
    )


def _changes(making: Making, dossier: Dossier) -> Changes:
    old = dossier.release.body["supersedes"]
    if old is None:
        return Changes(None, dossier.version, (), ChangeClass.CLINICAL)
    item = Change(
        "release.model.operating_point",
        "/model/operating_point",
        dossier.release.id,
        "changed",
        making.say("0.4"),
        making.say("0.35"),
        ChangeClass.CLINICAL,
        "model.**",
        making.say("It moves who is flagged."),
    )
    return Changes(old.removeprefix("releases/"), dossier.version, (item,), ChangeClass.CLINICAL)


def _rulings(making: Making, dossier: Dossier, candidate: bool) -> tuple[Ruling, ...]:
    where = Where(f"{DEVICE}/releases/{dossier.version}/release.yaml", "/plan", 3, 1)

    def ruling(rule: str, outcome: Outcome, severity: Severity = Severity.BLOCK) -> Ruling:
        waiver = "decisions/waiver-1" if outcome is Outcome.WAIVED else None
        return Ruling(
            rule,
            "core",
            outcome,
            severity,
            making.say(f"Title of {rule}"),
            making.say("What was found"),
            where,
            ("VAL-03",),
            "verified",
            making.say("Lock the plan first"),
            waiver,
        )

    return (
        ruling("criteria-locked-first", Outcome.UNDECIDED if candidate else Outcome.MET),
        ruling("criteria-locked-first", Outcome.WAIVED),
        ruling("drill-in-date", Outcome.UNMET, Severity.WARN),
        ruling("deferral-known", Outcome.NOT_APPLICABLE, Severity.INFO),
    )


def rules(making: Making) -> tuple[RuleEntry, ...]:
    return tuple(
        RuleEntry(
            name,
            "core",
            making.say(f"Title of {name}"),
            "block",
            ("VAL-03",),
            making.say("Because a criterion chosen after the result proves nothing."),
            making.say("Lock the plan first."),
            making.say("seals.plan_lock.time < seals.evaluation.time"),
        )
        for name in ("criteria-locked-first", "drill-in-date", "deferral-known")
    )
