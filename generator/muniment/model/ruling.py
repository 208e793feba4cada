"""Rules judged, and what follows for a release."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, Literal

from muniment.model.change import ChangeClass
from muniment.model.dataclass import dataclass
from muniment.model.finding import Severity, Where


class Outcome(StrEnum):
    """What a rule says of a release. Missing evidence is `undecided`, never `met`."""

    MET = "met"
    UNMET = "unmet"
    UNDECIDED = "undecided"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"


class Status(StrEnum):
    """Where a release stands, derived from sealed decisions at a date."""

    CANDIDATE = "candidate"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DEFERRED = "deferred"


Basis = Literal["recorded", "verified"]
"""Whether the facts were read from records, or recomputed and verified."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """One rule's word on one release, at one place."""

    rule: str
    pack: str
    outcome: Outcome
    severity: Severity
    title: str
    message: str
    """What was found, with the values that decided it."""
    where: Where
    requirements: tuple[str, ...]
    basis: Basis
    hint: str = ""
    """How to fix it; empty where nothing is wrong."""
    waiver: str | None = None
    """Id of the waiver record, where waived."""

    def as_json(self) -> dict[str, Any]:
        """The shape of a ruling in `muniment/check/v1`."""
        out: dict[str, Any] = {
            "rule": self.rule,
            "pack": self.pack,
            "outcome": str(self.outcome),
            "severity": str(self.severity),
            "requirements": list(self.requirements),
            "title": self.title,
            "message": self.message,
            "hint": self.hint,
            "basis": self.basis,
            "where": self.where.as_json(),
        }
        if self.waiver is not None:
            out["waiver"] = self.waiver
        return out

    def located(self, where: Where) -> Ruling:
        """The same ruling with its place found."""
        return replace(self, where=where)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every ruling on one release, and what they add up to."""

    release: str
    status: Status
    declared: ChangeClass | None
    computed: ChangeClass
    rulings: tuple[Ruling, ...]
    as_of: str
    """ISO date the verdict is given at."""

    @property
    def outcome(self) -> Literal["accepted", "held", "refused"]:
        """`refused` if a blocking rule is unmet, `held` if one is undecided, else `accepted`."""
        blocking = {r.outcome for r in self.rulings if r.severity is Severity.BLOCK}
        if Outcome.UNMET in blocking:
            return "refused"
        return "held" if Outcome.UNDECIDED in blocking else "accepted"

    @property
    def change_class(self) -> ChangeClass:
        """A declared class may only raise the computed one."""
        return max(self.computed, self.declared or self.computed)

    def as_json(self) -> dict[str, Any]:
        """The shape of a release in `muniment/check/v1`."""
        return {
            "release": self.release,
            "status": str(self.status),
            "outcome": self.outcome,
            "class": {
                "declared": self.declared.word if self.declared else None,
                "computed": self.computed.word,
            },
            "rulings": [ruling.as_json() for ruling in self.rulings],
        }
