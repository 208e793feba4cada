"""A device in memory, from plain bodies: for stages that take values and read no file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.bundle import records

from muniment.model.evidence import Device, Document, Dossier, Record
from muniment.model.tree import Tree, frozen

NAME = "demo-1"


def record(identity: str, body: Mapping[str, Any]) -> Record:
    """A record of the demo device."""
    path = f"{identity}/release.yaml" if identity.startswith("releases/") else f"{identity}.yaml"
    data = repr(body).encode()
    document = Document(f"{NAME}/{path}", data, hashlib.sha256(data).hexdigest(), frozen(body))
    return Record(identity, body["kind"], frozen(body), document)


def dossier(edit: Callable[[dict[str, Any]], None] = lambda _bodies: None, version: str = "1.0.0") -> Dossier:
    """Release 1.0.0 of the demo device after `edit` changed the bodies, under another version if asked."""
    bodies = records()
    edit(bodies)
    release = bodies.pop("releases/1.0.0") | {"version": version}
    found = {identity: record(identity, body) for identity, body in bodies.items()}
    found[f"releases/{version}"] = record(f"releases/{version}", release)
    return Dossier(
        device=NAME,
        version=version,
        release=found[f"releases/{version}"],
        records=found,
        artifacts=(),
        manifest={},
        manifest_sha256=None,
        evaluation=None,
    )


class NoFiles:
    """A folder whose files have the digests it is given, and no bytes."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        self.digests = digests

    def exists(self, path: str) -> bool:
        return path in self.digests

    def digest(self, path: str) -> str:
        return self.digests[path]

    def size(self, path: str) -> int:
        raise AssertionError(path)

    def read(self, path: str, limit: int = 0) -> bytes:
        raise AssertionError(path)

    def open_table(self, path: str) -> Path:
        raise AssertionError(path)

    def listing(self, below: str = "") -> tuple[str, ...]:
        return tuple(sorted(path for path in self.digests if path.startswith(below)))


def device(*releases: Dossier, digests: Mapping[str, str] | None = None) -> Device:
    """A device of these releases."""
    found: dict[str, Record] = {}
    for each in releases:
        found |= each.records
    return Device(NAME, found, releases, NoFiles(digests or {}))


def evaluated(of: Dossier, evaluation: Tree, manifest: Mapping[str, str]) -> Dossier:
    """The same release, evaluated and frozen."""
    digest = hashlib.sha256(repr(sorted(manifest.items())).encode()).hexdigest()
    return replace(of, evaluation=frozen(evaluation), manifest=manifest, manifest_sha256=digest)
