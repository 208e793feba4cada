"""Everything a portal shows: the value that `render` turns into pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from muniment.model.change import Changes
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Device, Dossier
from muniment.model.finding import Finding
from muniment.model.ruling import Basis, Status, Verdict
from muniment.model.seal import Seal
from muniment.model.trail import Trail

AnswerStatus = Literal["verified", "recorded", "unsupported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """The bytes an answer rests on."""

    file: str
    """POSIX path relative to the device folder."""
    pointer: str
    sha256: str | None
    """SHA-256 of the file; `None` where it is missing."""
    label: str = ""
    """What the reader finds there, in three words."""

    def as_json(self) -> dict[str, Any]:
        """The shape of a citation in `muniment/why/v1`."""
        return {"file": self.file, "pointer": self.pointer, "sha256": self.sha256, "label": self.label}


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the five answers about a release."""

    question: Literal["what", "when", "why", "who", "evidence"]
    text: str
    """One to four sentences in plain text."""
    citations: tuple[Citation, ...]
    status: AnswerStatus
    points: tuple[str, ...] = ()
    """The same in detail, a line each: a change, a signer, a metric with its interval."""

    def as_json(self) -> dict[str, Any]:
        """The shape of an answer in `muniment/why/v1`."""
        return {
            "text": self.text,
            "points": list(self.points),
            "citations": [citation.as_json() for citation in self.citations],
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class Approval:
    """One board member's signed word on a release digest."""

    person: str | None
    """Person id in the roster; `None` where the identity is not on it."""
    name: str
    """Printed name."""
    identity: str | None
    role: str
    decision: str
    """`approve`, `approve_with_conditions`, `reject` or `recuse`."""
    meaning: str
    """Meaning of the signature, from the enumeration of 21 CFR 11.50 practice."""
    time: str | None
    valid: bool
    """Counts towards the quorum."""
    problem: str
    """Why it does not count; empty where it does."""
    seal: Seal
    conditions: tuple[str, ...] = ()
    issuer: str | None = None
    """Who vouched for the identity; `None` while only recorded."""
    expires: str | None = None
    """ISO day after which the release may not be authorised on it; `None` where it does not expire."""


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A release with what every stage made of it."""

    dossier: Dossier
    changes: Changes
    """Against the release it supersedes."""
    since_original: Changes | None
    """Against the first release of the chain; `None` for that one itself."""
    verdict: Verdict
    """As of the edition's date."""
    seals: tuple[Seal, ...]
    """Seals on the plan, the evaluation, the manifest: all that bear on this release."""
    approvals: tuple[Approval, ...]
    answers: tuple[Answer, ...]
    """Five, in the order what, when, why, who, evidence."""
    decided_on: str | None
    """ISO date of the release authorisation or rejection; `None` for a candidate."""

    @property
    def version(self) -> str:
        """The release's version text."""
        return self.dossier.version

    @property
    def status(self) -> Status:
        """Derived from sealed decisions at the edition's date."""
        return self.verdict.status


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device, its releases in order of succession, and what needs attention."""

    device: Device
    releases: tuple[ReleaseView, ...]
    seals: tuple[Seal, ...]
    findings: tuple[Finding, ...]
    file_digests: Mapping[str, str]
    """Path to SHA-256 of every record file and artifact, for the citations."""
    trail: Trail | None = None
    """What the program sealed and published; `None` where only verdicts are asked for."""

    @property
    def current(self) -> ReleaseView | None:
        """The newest released version."""
        released = [view for view in self.releases if view.status is Status.RELEASED]
        return released[-1] if released else None


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule as the portal's rule index shows it."""

    id: str
    pack: str
    title: str
    severity: str
    requirements: tuple[str, ...]
    why: str
    fix: str
    require: str
    """The condition in CEL, as written."""


@dataclass(frozen=True, slots=True)
class RequirementEntry:
    """A row of the requirement catalogue with the rules that judge it."""

    id: str
    title: str
    refs: tuple[str, ...]
    rules: tuple[str, ...]
    why_not: str | None
    """Why no rule judges it yet; `None` where one does."""


@dataclass(frozen=True, slots=True)
class Edition:
    """The whole portal as data."""

    as_of: str
    basis: Basis
    devices: tuple[DeviceView, ...]
    rules: tuple[RuleEntry, ...]
    requirements: tuple[RequirementEntry, ...]
    tool_version: str
