"""What was noticed, and where."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from muniment.model.dataclass import dataclass


class Severity(StrEnum):
    """How much a finding or a rule weighs."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a file of the evidence folder."""

    file: str
    """POSIX path relative to the folder the command was pointed at (`--evidence`)."""
    pointer: str = ""
    """JSON Pointer of the node inside the file; empty for the file itself."""
    line: int | None = None
    """1-based line, once located."""
    column: int | None = None
    """1-based column, once located."""
    on_key: bool = False
    """Whether the fault lies in the name of the node, not in its value: an unknown field."""

    def __str__(self) -> str:
        parts = [self.file, *(str(part) for part in (self.line, self.column) if part is not None)]
        return ":".join(parts)

    def as_json(self) -> dict[str, Any]:
        """The shape of `where` in every JSON output."""
        return {"file": self.file, "pointer": self.pointer, "line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to object to. Twelve mistakes are twelve findings of one run."""

    rule: str
    """Id of the rule or stage that objects: `layout`, `yaml`, `schema`, `reference`, `digest`, `manifest`,
    `json`, or a policy rule's id."""
    message: str
    """One sentence: what is wrong, with the offending value."""
    where: Where
    severity: Severity = Severity.BLOCK
    hint: str = ""
    """What to do about it."""

    def as_json(self) -> Mapping[str, Any]:
        """The shape of a finding in `muniment/check/v1`."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "where": self.where.as_json(),
        }
