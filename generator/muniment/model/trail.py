"""The trail of a device: what the program sealed and published there, entry upon entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.model.dataclass import dataclass

FIRST = "0" * 64
"""What the first entry names as the one before it, and what a seal pins while there is no entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act of the program."""

    seq: int
    """1 for the first."""
    at: str
    """RFC 3339 UTC instant: of a seal its own time, otherwise when the command ran."""
    command: str
    """`lock`, `approve`, `promote` …; `adopt` for what lay there before the trail knew of it."""
    who: str | None
    """Identity that signed or ran it; `None` where the command asks for none."""
    wrote: Mapping[str, str]
    """Path in the device folder to SHA-256 of what was written there."""
    published: Mapping[str, str]
    """Name to SHA-256 of what was handed out of the folder, such as an archive."""
    previous: str
    """SHA-256 of the line before this one; `FIRST` for the first."""
    sha256: str
    """SHA-256 of this entry's own line, without its newline."""

    def as_json(self) -> dict[str, Any]:
        """The shape of an entry in `muniment/trail/v1`."""
        return {
            "seq": self.seq,
            "at": self.at,
            "command": self.command,
            "who": self.who,
            "wrote": dict(sorted(self.wrote.items())),
            "published": dict(sorted(self.published.items())),
            "previous": self.previous,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Trail:
    """A device's trail as read, and what does not hold about it."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]
    """Each one sentence; empty where everything holds."""
    there: bool = True
    """Whether the file exists."""

    @property
    def head(self) -> str:
        """SHA-256 of the newest entry's line: one value that stands for the whole trail."""
        return self.entries[-1].sha256 if self.entries else FIRST
