"""What goes into an archive, and what came of making one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from muniment.model.evidence import Files
from muniment.model.seal import Seal

Rows = Literal["include", "omit"]
"""Whether tables that hold a row a patient travel with the archive."""

# fmt: off
TABLE_SUFFIXES = frozenset((
    ".parquet", ".csv", ".tsv", ".arrow", ".feather", ".ipc", ".jsonl", ".ndjson",
    ".xlsx", ".xls", ".ods", ".sas7bdat", ".xpt", ".sav", ".dta",
    ".npy", ".npz", ".h5", ".hdf5", ".db", ".sqlite", ".duckdb",
    ".dcm", ".nii", ".zip", ".tar", ".tgz", ".7z",
))
# fmt: on
TRAIL = "trail/log.jsonl"
COMPRESSED = frozenset({".gz", ".zst", ".bz2", ".xz"})


def is_row_level(path: str) -> bool:
    """Whether a file may hold rows about people, judged by its suffix alone.

    Wide on purpose: a summary in CSV left out by mistake costs a question, a patient table sent by
    mistake cannot be called back. Containers count, because what they hold is not looked at. The device's
    trail is the one exception: it names files and signers, and without it no seal that pins it holds.
    """
    if path == TRAIL:
        return False
    suffixes = [suffix.lower() for suffix in PurePosixPath(path).suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in TABLE_SUFFIXES


@dataclass(frozen=True, slots=True)
class Holding:
    """What one device contributes."""

    device: str
    """The device's id, and its folder below `data/evidence/`."""
    files: Files
    paths: tuple[str, ...]
    """The files to archive, relative to the device folder: usually `files.listing()`."""
    row_level: frozenset[str] = frozenset()
    """Paths that records declare to be row-level tables, besides those whose suffix says so."""
    seals: tuple[Seal, ...] = ()
    """Seals among `paths`, for the steps in `VERIFY.md`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything an archive is made of."""

    site: Path
    """Folder of the built portal."""
    holdings: tuple[Holding, ...]
    verification: Mapping[str, Any]
    """The result of `muniment verify` at the time of archiving (`muniment/verification/v1`)."""
    trust: Mapping[str, bytes] = field(default_factory=dict)
    """Trust domain to the bytes of its `trusted_root.json` (public material only)."""
    extras: Mapping[str, bytes] = field(default_factory=dict)
    """Further files by path below `data/`: settings, policy packs of the organisation's own."""
    information: Mapping[str, str] = field(default_factory=dict)
    """Lines for `bag-info.txt`: `Source-Organization`, `External-Identifier`, `External-Description` …"""


@dataclass(frozen=True, slots=True)
class Archived:
    """The archive that was made."""

    path: Path
    digest: str
    """SHA-256 of `tagmanifest-sha256.txt`: one value that stands for the whole bag, the same for
    folder, `.zip` and `.tar`. Quote it in the letter that hands the archive over."""
    files: int
    """Payload files."""
    octets: int
    """Payload bytes."""
    omitted: int
    """Row-level files left out, listed with their digests in `data/omitted.json`."""
