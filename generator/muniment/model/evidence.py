"""Files, records and a release with its evidence resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from muniment.model.dataclass import dataclass
from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree

RELEASE_PARTS: Mapping[str, str] = {
    "claim": "claim",
    "hazards": "hazards",
    "monitors": "monitoring",
    "plan": "plan",
    "run": "run",
    "security": "security",
}
"""Fields of a release that refer to one record, and what change paths and facts call that record."""
DATASET_LAYERS = ("raw", "splits", "labels", "features", "baseline")
"""Fields of a release's `datasets`: the layers that are versioned apart."""


@dataclass(frozen=True, slots=True)
class Document:
    """One record file: the bytes that were hashed and the tree parsed from those very bytes."""

    path: str
    """POSIX path relative to the evidence root, `device/claims/1.yaml`."""
    data: bytes
    sha256: str
    """Lower-case hex SHA-256 of `data`."""
    tree: Tree
    """The parsed body, frozen; `None` where the file could not be parsed (a finding says why)."""


class Files(Protocol):
    """The one door to the bytes of a device folder. Implemented by `load`, handed to other stages.

    Paths are POSIX and relative to the device folder. Anything that leaves the folder (absolute,
    `..`, a symlink, a backslash) raises `UnreadableInput`.
    """

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at `path`."""
        ...

    def linked(self, path: str) -> bool:
        """Whether `path` is, or is reached through, a symbolic link."""
        ...

    def digest(self, path: str) -> str:
        """Lower-case hex SHA-256 of the file; cached by size, mtime and inode."""
        ...

    def size(self, path: str) -> int:
        """Size in bytes."""
        ...

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        """All bytes of the file; `UnreadableInput` above `limit`."""
        ...

    def open_table(self, path: str) -> Path:
        """A real path for a scanner to open, after containment was checked."""
        ...

    def listing(self, below: str = "") -> tuple[str, ...]:
        """Sorted paths of all regular files below a folder of the device."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """One device's part of the evidence: its record files, and a door to the others."""

    device: str
    """The folder's name, which is the device's id."""
    documents: Mapping[str, Document]
    """Record id (path in the device folder without suffix) to document, sorted by id."""
    files: Files


@dataclass(frozen=True, slots=True)
class Source:
    """The evidence folder as read: what `load` returns."""

    folders: tuple[Folder, ...]
    findings: tuple[Finding, ...]
    """YAML faults: unreadable, ambiguous, too deep, too large."""


@dataclass(frozen=True, slots=True)
class Record:
    """A document that its schema accepts."""

    id: str
    """`claims/1`, `releases/1.2.0` (the file is `releases/1.2.0/release.yaml`), `device`, `roster`."""
    kind: str
    """The schema's discriminator: `claim`, `release`, `plan` …"""
    body: Tree
    """In the shape of today's schema version, whatever version the file was written in."""
    document: Document

    def where(self, pointer: str = "") -> Where:
        """The place of a node of this record; line and column are found later, if needed."""
        return Where(self.document.path, pointer)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a record points at by path and digest."""

    path: str
    """POSIX path relative to the device folder."""
    sha256: str
    """The digest the record states."""
    actual: str | None
    """The digest of the bytes found; `None` where the file is missing."""
    record: str
    """Id of the record that points at it."""
    pointer: str
    """Where in that record."""
    media_type: str = ""
    size: int | None = None
    """Bytes found on disk."""

    @property
    def holds(self) -> bool:
        """Whether the bytes found are the bytes stated."""
        return self.actual == self.sha256


@dataclass(frozen=True, slots=True)
class Dossier:
    """A release with every reference resolved and every digest recomputed."""

    device: str
    version: str
    release: Record
    records: Mapping[str, Record]
    """Every record reachable from `release.yaml`, by id; the release itself included."""
    artifacts: tuple[Artifact, ...]
    """Every file those records point at, sorted by path."""
    manifest: Mapping[str, str]
    """Path to SHA-256 as `manifest.json` states them; empty before `muniment freeze`."""
    manifest_sha256: str | None
    """The release digest: SHA-256 of `manifest.json`'s bytes."""
    evaluation: Tree
    """`evaluation.json` parsed; `None` where there is none."""
    outside: Mapping[str, Record] = field(default_factory=dict)
    """Records about this release that stay outside the manifest: decisions, waivers, drills, deployments."""
    analysis: Tree = None
    """`analysis.json` parsed; `None` where there is none."""

    @property
    def id(self) -> str:
        """The release's record id."""
        return self.release.id

    def get(self, reference: str) -> Record | None:
        """The record a reference names, reachable or outside, or `None`."""
        return self.records.get(reference) or self.outside.get(reference)


@dataclass(frozen=True, slots=True)
class Device:
    """One device with all its records checked and its releases linked."""

    id: str
    records: Mapping[str, Record]
    """All valid records of the device, by id."""
    releases: tuple[Dossier, ...]
    """In order of succession: a release stands after the one it supersedes."""
    files: Files

    def release(self, version: str) -> Dossier | None:
        """The release of that version, or `None`."""
        return next((d for d in self.releases if d.version == version), None)
