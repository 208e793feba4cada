"""Enacted: who seals what, and when. `make reseal` carries the list out in a fresh local domain."""

from __future__ import annotations

from typing import Any

import enacted_people as who

Seal = dict[str, Any]
MEANING = {
    "author": "authorship",
    "engineering": "technical_review",
    "verification": "verification",
    "biostatistics": "statistical_review",
    "clinical": "clinical_approval",
    "regulatory": "regulatory_determination",
    "risk": "technical_review",
    "security": "technical_review",
    "quality": "quality_approval",
}
QUORUM = [
    (who.ENGINEERING, "engineering"),
    (who.SECURITY, "security"),
    (who.BIOSTATISTICS, "biostatistics"),
    (who.RISK, "risk"),
    (who.CLINICAL, "clinical"),
    (who.REGULATORY, "regulatory"),
    (who.QUALITY, "quality"),
]
"""A clinical change needs all of these but risk and security; risk signs too, and so does security, because
every bill of materials is new. Quality signs last."""

RETURN = [
    (who.AUTHOR, "author"),
    (who.ENGINEERING, "engineering"),
    (who.REGULATORY, "regulatory"),
    (who.QUALITY, "quality"),
]
"""A return to use needs the quorum of an operational change."""
DRILLS = [
    ("1.0.0", "2024-01-31"),
    ("1.0.0", "2024-07-24"),
    ("1.0.0", "2025-01-15"),
    ("1.2.0", "2025-07-08"),
    ("1.2.0", "2025-12-17"),
    ("2.0.0", "2026-01-07"),
    ("2.0.0", "2026-01-14"),
]


def seal(at: str, do: str, target: str, person: str, role: str, meaning: str, **more: Any) -> Seal:
    """One line of the list."""
    return {"at": at, "do": do, "target": target, "person": person, "role": role, "meaning": meaning} | more


def lock(day: str, version: str) -> Seal:
    """The plan of a release, locked by the biostatistician before the evaluation."""
    return seal(
        f"{day}T14:00:00Z",
        "lock",
        f"plans/{version}",
        who.BIOSTATISTICS,
        "biostatistics",
        "statistical_review",
    )


def evaluation(day: str, version: str) -> Seal:
    """The evaluation, sealed by the service that ran it."""
    return seal(f"{day}T08:00:00Z", "evaluate", f"releases/{version}", who.SERVICE, "service", "witness")


def approvals(day: str, version: str, conditions: dict[str, list[str]]) -> list[Seal]:
    """The board's signatures on one afternoon, a quarter of an hour apart; conditions by role."""
    out = []
    for i, (person, role) in enumerate(QUORUM):
        at, said = f"{day}T{13 + i // 4:02d}:{15 * (i % 4):02d}:00Z", conditions.get(role, [])
        decision = "approve_with_conditions" if said else "approve"
        words = {"decision": decision, "conditions": said, "meeting": f"decisions/board-{version}"}
        out.append(seal(at, "approve", f"releases/{version}", person, role, MEANING[role], **words))
    return out


def authorship(day: str, version: str) -> Seal:
    """The author's signature under the release record, before the board meets."""
    return record(f"{day}T11:00:00Z", f"releases/{version}", who.AUTHOR, "author", "authorship")


def rejections(day: str, version: str) -> list[Seal]:
    """Three vetoes."""
    out = []
    for i, (person, role) in enumerate(
        ((who.BIOSTATISTICS, "biostatistics"), (who.CLINICAL, "clinical"), (who.QUALITY, "quality"))
    ):
        out.append(
            seal(f"{day}T14:{15 * i:02d}:00Z", "reject", f"releases/{version}", person, role, "rejection",
                 decision="reject", conditions=[], meeting=f"decisions/board-{version}")
        )  # fmt: skip
    return out


def record(at: str, target: str, person: str, role: str, meaning: str) -> Seal:
    """A seal on a decision record."""
    return seal(at, "record", target, person, role, meaning)


def contract(day: str, number: int) -> Seal:
    """A training contract, signed by its owner before the run that keeps to it."""
    return record(
        f"{day}T10:00:00Z", f"contracts/{number}", who.ENGINEERING, "engineering", "technical_review"
    )


def claim(day: str, number: int) -> Seal:
    """A claim, signed by clinical safety before anything is trained for it."""
    return record(f"{day}T09:00:00Z", f"claims/{number}", who.CLINICAL, "clinical", "clinical_approval")


def release(day: str, version: str) -> Seal:
    """The authorisation, by quality, last."""
    return seal(
        f"{day}T10:00:00Z", "release", f"releases/{version}", who.QUALITY, "quality", "release_authorisation"
    )


def minutes(day: str, version: str) -> Seal:
    """The board's decision, sealed by quality after the signatures."""
    return record(
        f"{day}T16:00:00Z", f"decisions/board-{version}", who.QUALITY, "quality", "quality_approval"
    )


def deployed(at: str, target: str) -> Seal:
    """A deployment put into use by quality, who authorises it; only what still runs is sealed as running."""
    return seal(at, "deploy", f"postmarket/{target}", who.QUALITY, "quality", "deployment_authorisation")


def after_release() -> list[Seal]:
    """Stops ratified, drills witnessed, what is of level 3 signed by clinical and quality."""
    out = []

    def both(at: str, target: str) -> None:
        out.append(record(f"{at}:00Z", f"postmarket/{target}", who.CLINICAL, "clinical", "clinical_approval"))
        out.append(record(f"{at}:30Z", f"postmarket/{target}", who.QUALITY, "quality", "quality_approval"))

    for version, day in DRILLS:
        target = f"postmarket/{version}/drill-{day}"
        out.append(record(f"{day}T17:00:00Z", target, who.OPERATIONS, "operations", "witness"))
        out.append(record(f"{day}T17:30:00Z", target, who.QUALITY, "quality", "quality_approval"))
    both("2025-04-08T15:00", "1.0.0/incident-2024-10-01")
    both("2025-04-14T11:00", "1.0.0/event-2025-04-11-pause")
    both("2025-04-14T11:15", "1.0.0/signal-2025-04-08")
    both("2025-11-19T09:00", "1.2.0/event-2025-11-18-pause")
    both("2025-11-19T09:15", "1.2.0/signal-2025-11-18")
    both("2026-01-13T09:00", "1.2.0/event-2026-01-12-pause-s5")
    back = "postmarket/1.2.0/event-2025-11-20-resume"
    for minute, (person, role) in enumerate(RETURN):
        out.append(record(f"2025-11-20T12:{40 + minute}:00Z", back, person, role, MEANING[role]))
    return out


def seals(conditions: dict[str, str]) -> list[Seal]:
    """Everything in the order of time; `conditions` are the board's, by id, and are signed in full."""
    quality = (who.QUALITY, "quality", "quality_approval")
    statistics = (who.BIOSTATISTICS, "biostatistics", "statistical_review")
    operations = (who.OPERATIONS, "operations", "verification")
    regulatory = (who.REGULATORY, "regulatory", "regulatory_determination")
    verification = (who.VERIFICATION, "verification", "verification")
    bc = conditions
    last = {"clinical": [bc["BC-4"]], "risk": [bc["BC-4"]], "regulatory": [bc["BC-5"]]}
    every = [
        record("2023-07-10T09:00:00Z", "decisions/cr-001", who.CLINICAL, "clinical", "authorship"),
        claim("2023-07-17", 1),
        contract("2023-10-02", 1),
        lock("2024-01-05", "1.0.0"),
        evaluation("2024-01-08", "1.0.0"),
        record("2024-02-13T15:00:00Z", "postmarket/1.0.0/reconstruction-2024-02-13", *verification),
        authorship("2024-02-15", "1.0.0"),
        record("2024-02-15T12:00:00Z", "decisions/determination-1.0.0", *regulatory),
        *approvals("2024-02-15", "1.0.0", {"biostatistics": [bc["BC-1"]]}),
        minutes("2024-02-15", "1.0.0"),
        release("2024-02-19", "1.0.0"),
        record("2024-10-10T10:00:00Z", "decisions/closure-bc-1", *statistics),
        record("2024-10-14T09:00:00Z", "decisions/cr-002", who.BIOSTATISTICS, "biostatistics", "authorship"),
        contract("2024-12-09", 2),
        lock("2025-01-13", "1.1.0-rc1"),
        evaluation("2025-04-01", "1.1.0-rc1"),
        authorship("2025-04-10", "1.1.0-rc1"),
        *rejections("2025-04-10", "1.1.0-rc1"),
        record("2025-04-10T15:00:00Z", "decisions/determination-1.1.0-rc1", *regulatory),
        minutes("2025-04-10", "1.1.0-rc1"),
        record("2025-04-14T09:00:00Z", "decisions/cr-003", who.ENGINEERING, "engineering", "authorship"),
        record("2025-04-14T10:00:00Z", "decisions/dev-001", *quality),
        contract("2025-04-28", 3),
        record("2025-04-14T10:15:00Z", "decisions/dev-001", who.CLINICAL, "clinical", "clinical_approval"),
        record("2025-05-05T09:00:00Z", "decisions/cr-004", who.AUTHOR, "author", "authorship"),
        record("2025-05-12T15:00:00Z", "decisions/deferral-cr-004", *quality),
        lock("2025-05-19", "1.2.0"),
        evaluation("2025-07-01", "1.2.0"),
        authorship("2025-07-17", "1.2.0"),
        record("2025-07-17T12:00:00Z", "decisions/determination-1.2.0", *regulatory),
        *approvals("2025-07-17", "1.2.0", {"clinical": [bc["BC-2"]], "biostatistics": [bc["BC-3"]]}),
        minutes("2025-07-17", "1.2.0"),
        release("2025-07-18", "1.2.0"),
        claim("2025-07-21", 2),
        contract("2025-07-28", 4),
        record("2025-08-18T10:00:00Z", "decisions/closure-bc-3", *operations),
        record("2025-09-01T10:00:00Z", "decisions/closure-bc-2", *statistics),
        lock("2025-09-01", "2.0.0-rc1"),
        evaluation("2025-09-30", "2.0.0-rc1"),
        authorship("2025-10-09", "2.0.0-rc1"),
        *rejections("2025-10-09", "2.0.0-rc1"),
        minutes("2025-10-09", "2.0.0-rc1"),
        record("2025-10-13T09:00:00Z", "decisions/cr-005", who.CLINICAL, "clinical", "authorship"),
        lock("2025-11-03", "2.0.0"),
        evaluation("2025-12-30", "2.0.0"),
        record("2026-01-20T15:00:00Z", "postmarket/2.0.0/reconstruction-2026-01-20", *verification),
        authorship("2026-01-22", "2.0.0"),
        record("2026-01-22T11:30:00Z", "decisions/determination-2.0.0", *regulatory),
        record("2026-01-22T12:00:00Z", "decisions/waiver-2.0.0-colon-cancer", *quality),
        *approvals("2026-01-22", "2.0.0", last),
        minutes("2026-01-22", "2.0.0"),
        release("2026-01-26", "2.0.0"),
        seal("2026-01-05T09:00:00Z", "provenance", "runs/2.0.0", who.VERIFICATION, *verification[1:]),
        seal("2026-01-26T15:00:00Z", "verdict", "releases/2.0.0", who.VERIFICATION, *verification[1:]),
        deployed("2026-02-02T09:00:00Z", "2.0.0/deployment-s1-s4"),
    ]  # fmt: skip
    every = sorted([*every, *after_release()], key=lambda s: str(s["at"]))
    times = [s["at"] for s in every]
    if times != sorted(set(times)):
        raise SystemExit("enacted_seals: times must rise strictly")
    return every
