"""A small device folder with a frozen release, and a local domain to seal it in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from muniment import attest
from muniment.attest.verifier import Root
from muniment.load import DeviceFiles
from muniment.model.seal import Seal

START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
PLAN = "plans/1.yaml"
EVALUATION = "releases/1.0.0/evaluation.json"
MANIFEST = "releases/1.0.0/manifest.json"

PEOPLE = {
    "ada": ("Ada Lindqvist", "ada@example.invalid"),
    "ben": ("Ben Okafor", "ben@example.invalid"),
    "cyd": ("Cyd Moreau", "cyd@example.invalid"),
    "dee": ("Dee Rossi", "dee@example.invalid"),
}
ROSTER: dict[str, Any] = {
    "people": [
        {"id": key, "name": name, "email": email, "organisation": "Example"}
        for key, (name, email) in PEOPLE.items()
    ],
    "services": [{"id": "ci", "email": "ci@example.invalid", "purpose": "builds"}],
    "entries": [
        {"person": "ada", "role": "author", "from": "2023-01-01", "to": None, "training": "t1"},
        {"person": "ada", "role": "engineering", "from": "2023-01-01", "to": None, "training": "t1"},
        {"person": "ben", "role": "clinical", "from": "2024-01-01", "to": "2024-03-03", "training": "t2"},
        {"person": "ben", "role": "quality", "from": "2024-01-01", "to": None, "training": "t2"},
        {"person": "cyd", "role": "biostatistics", "from": "2024-03-05", "to": None, "training": "t3"},
        {"person": "dee", "role": "quality", "from": "2024-01-01", "to": None, "training": "t4"},
    ],
}


def at(days: int = 0, minutes: int = 0) -> datetime:
    """Return an instant after the domain was made."""
    return START + timedelta(days=days, minutes=minutes)


def signer(who: str, role: str, when: datetime) -> attest.Signer:
    name, email = PEOPLE[who]
    return attest.Signer(name, email, role, when)


def unattended_pen(folder: Path) -> attest.LocalPen:
    """The pen of an unattended domain, which asks nobody for a key."""

    def nobody(notice: attest.Notice) -> attest.PersonKey:
        raise AssertionError(f"asked for the key of {notice.identity}")

    return attest.LocalPen(attest.open_domain(folder), nobody)


@dataclass
class World:
    """A device folder and the domain its seals are made in."""

    folder: Path
    domain: attest.LocalDomain

    @property
    def files(self) -> DeviceFiles:
        return DeviceFiles(self.folder)

    @property
    def root(self) -> Root:
        return Root("local", self.domain.trusted_root())

    def digest(self, path: str) -> str:
        return hashlib.sha256((self.folder / path).read_bytes()).hexdigest()

    def seal(self, statement: bytes, *, issuer: str | None = None) -> Path:
        """Seal a statement with the signer and time it names, and write the bundle at its place."""
        parsed = attest.parse(statement)
        identity = attest.Identity(parsed.words["identity"], issuer or self.domain.issuer)
        when = datetime.fromisoformat(parsed.words["signed_at"])
        data = self.domain.seal(statement, identity=identity, at=when)
        path = self.folder / attest.seal_path(parsed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def lock(self, when: datetime) -> Path:
        who = signer("cyd", "biostatistics", when)
        return self.seal(attest.plan_lock("plans/1", self.digest(PLAN), signer=who))

    def evaluate(self, lock: Path, when: datetime) -> Path:
        statement = attest.evaluation(
            "1.0.0",
            self.digest(EVALUATION),
            plan="plans/1",
            plan_sha256=self.digest(PLAN),
            plan_lock_sha256=hashlib.sha256(lock.read_bytes()).hexdigest(),
            result="PASSED",
            passed=["auroc"],
            signer=signer("dee", "verification", when),
        )
        return self.seal(statement)

    def approval(self, who: str, role: str, when: datetime, **changes: Any) -> bytes:
        fields: dict[str, Any] = {"decision": "approve", "meaning": "clinical_approval", **changes}
        return attest.approval(
            "1.0.0", self.digest(MANIFEST), signer=fields.pop("signer", signer(who, role, when)), **fields
        )

    def approve(self, who: str, role: str, when: datetime, **changes: Any) -> Path:
        return self.seal(self.approval(who, role, when, **changes))

    def release(self, when: datetime) -> Path:
        statement = attest.release_authorisation(
            "1.0.0",
            self.digest(MANIFEST),
            rationale="All criteria met.",
            signer=signer("dee", "quality", when),
        )
        return self.seal(statement)

    def verify(self, *roots: Root) -> tuple[Seal, ...]:
        return attest.verify(self.files, roots or (self.root,))

    def verify_one(self, *roots: Root) -> Seal:
        (seal,) = self.verify(*roots)
        return seal


def make_world(folder: Path, name: str = "example") -> World:
    """Write the device folder and make its domain beside it."""
    device = folder / "device"
    contents = {
        PLAN: b"kind: plan\nschema: 1\ncriteria: [{id: auroc, threshold: 0.75}]\n",
        "releases/1.0.0/release.yaml": b"kind: release\nschema: 1\n",
        EVALUATION: b'{"schema": "muniment/evaluation/v1"}\n',
    }
    for path, data in contents.items():
        (device / path).parent.mkdir(parents=True, exist_ok=True)
        (device / path).write_bytes(data)
    listed = [
        {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for path, data in sorted(contents.items())
    ]
    manifest = {"schema": "muniment/manifest/v1", "release": "1.0.0", "files": listed}
    (device / MANIFEST).write_text(json.dumps(manifest, sort_keys=True) + "\n")
    domain = attest.create_domain(folder / f"domain-{name}", name=name, at=START, unattended=True)
    return World(device, domain)


def shown(seal: Seal) -> tuple[Any, ...]:
    """Everything about a seal that a page or a rule can show, but for the file's own digest."""
    return (
        seal.file,
        seal.predicate_type,
        dict(seal.subjects),
        seal.predicate,
        seal.identity,
        seal.issuer,
        seal.domain,
        seal.time,
        seal.time_source,
        seal.log_index,
        dict(seal.extra),
    )
