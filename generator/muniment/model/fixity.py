"""Whether a file is the file that was promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

FileOutcome = Literal["verified", "failed", "missing", "unlisted", "omitted", "refused"]
"""`verified`: the bytes are the bytes stated; `failed`: they are not. `unlisted`: found, but nothing
vouches for it. `omitted`: left out on purpose, its digest stays on record. `refused`: not read at all
(a link, a path that leaves the folder, two files of one name)."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file's stated digest against the bytes found."""

    path: str
    """POSIX path relative to the folder that is checked."""
    expected: str | None
    """Lower-case hex SHA-256 as stated; `None` where nothing states one."""
    actual: str | None
    """Lower-case hex SHA-256 of the bytes found; `None` where they are missing or were not read."""
    outcome: FileOutcome
    reason: str = ""
    """One sentence where the outcome needs explaining; empty otherwise."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the file; an omitted one is not wrong."""
        return self.outcome in ("verified", "omitted")

    def as_json(self) -> dict[str, Any]:
        """The shape of a file in `muniment/verification/v1`."""
        out: dict[str, Any] = {
            "path": self.path,
            "expected": self.expected,
            "actual": self.actual,
            "outcome": self.outcome,
        }
        if self.reason:
            out["reason"] = self.reason
        return out
