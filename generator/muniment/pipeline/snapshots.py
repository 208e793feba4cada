"""Writing a dataset's manifest once, and never anything else over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muniment.errors import UsageError
from muniment.model.progress import Progress, silent

if TYPE_CHECKING:
    from muniment.measure import Snapshot

SUFFIX = ".snapshot.json"
_SHOWN = 5


def write_snapshot(
    dataset: str,
    files: tuple[str, ...],
    folder: Path,
    *,
    identifier: str | None = None,
    min_n: int = 10,
    dry_run: bool = False,
    progress: Progress = silent,
) -> tuple[Path, str, str, Snapshot]:
    """Take a snapshot and write `<folder>/<dataset>.snapshot.json`.

    Returns:
        The path, its SHA-256, what happened (`written`, `unchanged` or `not written`), and the snapshot.

    Raises:
        UsageError: another snapshot stands there; the message says what differs.
    """
    from muniment import measure

    request = measure.SnapshotRequest(dataset, files, folder, identifier, min_n)
    found = measure.take_snapshot(request, progress=progress)
    progress("")
    data = measure.evaluation_bytes(found.as_json())
    path = folder / f"{dataset}{SUFFIX}"
    sha256 = hashlib.sha256(data).hexdigest()
    if path.exists():
        old = path.read_bytes()
        if old == data:
            return path, sha256, "unchanged", found
        if not dry_run:
            raise UsageError(
                f"{path.name} is a snapshot of something else: {_difference(old, found.as_json())}",
                hint="A snapshot is never written over. Give the changed dataset a new version.",
            )
    if dry_run:
        return path, sha256, "not written", found
    path.parent.mkdir(parents=True, exist_ok=True)
    # Exclusive creation: a snapshot that somebody else wrote meanwhile is not written over either.
    with path.open("xb") as handle:
        handle.write(data)
    return path, sha256, "written", found


def _difference(old: bytes, new: Mapping[str, Any]) -> str:
    """The first few places at which a recorded snapshot differs."""
    from muniment import measure

    try:
        recorded = json.loads(old)
    except ValueError:
        return "it is no JSON"
    found = measure.differences(recorded, new)
    if not found:
        return "the same values in another form"
    shown = [
        f"{item['pointer'] or '/'} {_short(item['recorded'])} → {_short(item['recomputed'])}"
        for item in found
    ]
    more = f", and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 24 else f"{text[:20]}…"
