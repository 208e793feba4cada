"""A seal as read from its file, and what verification made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree

Domain = Literal["local", "private", "public"]
UNATTENDED = "(unattended)"
"""Stands in the name of a local authority that issues to anybody, and so in every certificate of it."""
SealOutcome = Literal["recorded", "verified", "failed"]


@dataclass(frozen=True, slots=True)
class Seal:
    """One Sigstore bundle beside the records.

    With `outcome == "recorded"` identity and time are what the statement says of itself; with
    `"verified"` they come from the certificate and the timestamp that the trusted root vouches for.
    """

    file: str
    """POSIX path relative to the device folder."""
    sha256: str
    """SHA-256 of the bundle file itself."""
    predicate_type: str
    """URI of the predicate type."""
    subjects: Mapping[str, str]
    """Relative POSIX path to SHA-256 of the bytes sealed."""
    predicate: Tree
    """The statement's predicate, frozen."""
    identity: str | None
    """E-mail or URI of the signer."""
    issuer: str | None
    domain: Domain | None
    """Decided by the trusted root that verified; `None` while only recorded."""
    time: str | None
    """RFC 3339 UTC instant, `2024-03-01T00:00:00Z`."""
    time_source: Literal["rfc3161", "rekor", "statement"] | None
    log_index: int | None
    """Position in the log, from the inclusion proof; `None` while only recorded."""
    outcome: SealOutcome
    reason: str = ""
    """Why it failed, in one sentence that says what to do; empty otherwise."""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unattended(self) -> bool:
        """Whether it verified in a local domain in which nobody is enrolled."""
        return UNATTENDED in str(self.extra.get("authority", ""))

    def as_json(self) -> dict[str, Any]:
        """The shape of a seal in `muniment/verification/v1`."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "subject": dict(sorted(self.subjects.items())),
            "predicate": self.predicate_type,
            "identity": self.identity,
            "issuer": self.issuer,
            "domain": self.domain,
            "time": self.time,
            "time_source": self.time_source,
            "log_index": self.log_index,
            "outcome": self.outcome,
            "reason": self.reason,
        }
