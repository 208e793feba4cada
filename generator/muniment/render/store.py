"""The data files of a portal: copies of evidence as stored, and what was derived from it, as JSON."""

from __future__ import annotations

import hashlib
import json
import posixpath
from dataclasses import dataclass, field
from typing import Any

from muniment.errors import MunimentError
from muniment.model.evidence import Device
from muniment.render.text import slug

LIMIT = 8 << 20
"""Bytes: a larger file is cited by path and digest, and not copied."""

_COPIED_FOLDERS = ("releases/", "postmarket/", "seals/", "trail/", "trust/")
_COPIED_NAMES = (
    "analysis.json",
    "evaluation.json",
    "log.jsonl",
    "operational.json",
    "manifest.json",
    "privacy.json",
    "sbom.json",
    "security.json",
    "windows.json",
    "trusted_root.json",
)


@dataclass(frozen=True, slots=True)
class DataRef:
    """One data file of the portal."""

    path: str
    """Path below the device's edition, `data/releases/1.0.0/evaluation.json`."""
    sha256: str
    """Digest of its bytes; for a copy, the digest of the evidence itself."""


@dataclass(slots=True)
class Store:
    """Collects the data files of one device while its pages are written.

    Row-level tables are never copied: only records, the summaries named above, and seals.
    """

    device: Device
    files: dict[str, bytes] = field(default_factory=dict)
    _copies: dict[str, DataRef | None] = field(default_factory=dict)

    def copy(self, path: str) -> DataRef | None:
        """Copy a file of the device folder, byte for byte; `None` where it may not or cannot be copied."""
        if path not in self._copies:
            data = self._bytes(path)
            self._copies[path] = None if data is None else self._put(f"data/{_safe(path)}", data)
        return self._copies[path]

    def derived(self, name: str, value: Any) -> DataRef:
        """Write a derived value as canonical JSON below `data/derived/`."""
        return self._put(f"data/derived/{_safe(name)}", as_json(value))

    def _put(self, path: str, data: bytes) -> DataRef:
        self.files[path] = data
        return DataRef(path, hashlib.sha256(data).hexdigest())

    def _bytes(self, path: str) -> bytes | None:
        for record in self.device.records.values():
            if record.document.path == f"{self.device.id}/{path}":
                return record.document.data
        if not may_be_copied(path):
            return None
        try:
            if not self.device.files.exists(path) or self.device.files.size(path) > LIMIT:
                return None
            return self.device.files.read(path, LIMIT)
        except MunimentError:
            return None


def may_be_copied(path: str) -> bool:
    """Whether a file is a summary or a seal, which the portal carries, and not a table of rows or a model."""
    if not path.startswith(_COPIED_FOLDERS):
        return False
    return posixpath.basename(path) in _COPIED_NAMES or path.endswith(".sigstore.json")


def as_json(value: Any) -> bytes:
    """Return canonical JSON: sorted keys, two spaces, a newline at the end."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def _safe(path: str) -> str:
    return "/".join(slug(part) for part in path.split("/"))
