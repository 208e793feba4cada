"""The commands that compute what a release stands on: evaluation, analysis, manifest. No stage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muniment import link
from muniment.errors import UsageError
from muniment.pipeline.analysing import analysis
from muniment.pipeline.numbers import evaluation
from muniment.pipeline.request import Request
from muniment.pipeline.survey import survey
from muniment.pipeline.writing import Written, device_folder, sound_release, write_beside


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation of a release came to."""

    files: tuple[Written, Written]
    """`evaluation.json` and `analysis.json`."""
    evaluation: Mapping[str, Any]
    analysis: Mapping[str, Any]


def write_evaluation(request: Request, name: str, *, dry_run: bool = False) -> Evaluated:
    """Run the plan of a release; write its `evaluation.json`, and its `analysis.json` beside it.

    Refuses to change either of a frozen release: its approvals bind those very bytes. Both are computed
    before one is written.
    """
    from muniment import measure

    device, dossier = sound_release(survey(request), name)
    content, explored = evaluation(device, dossier), analysis(device, dossier)
    folder = device_folder(request, device) / dossier.id
    fresh = {
        folder / "evaluation.json": measure.evaluation_bytes(content),
        folder / "analysis.json": measure.evaluation_bytes(explored),
    }
    same = {path: path.is_file() and path.read_bytes() == data for path, data in fresh.items()}
    for path in fresh:
        # A release that was frozen before there were analyses keeps its manifest, and gets none.
        listed = f"{dossier.id}/{path.name}" in dossier.manifest or path.name == "evaluation.json"
        if dossier.manifest and not same[path] and listed:
            raise UsageError(
                f"release {dossier.version} is frozen, and its {path.stem} would change",
                hint="make a new version; or delete manifest.json, which voids every approval",
            )
    first, second = (
        _computed(path, data, kept=same[path] or bool(dossier.manifest), dry_run=dry_run)
        for path, data in fresh.items()
    )
    return Evaluated((first, second), content, explored)


def _computed(path: Path, data: bytes, *, kept: bool, dry_run: bool) -> Written:
    """Write a computed file unless it is to stay as it is, and say which."""
    if not kept and not dry_run:
        write_beside(path, data)
    note = "unchanged" if kept else ("would change" if dry_run else "written")
    return Written(path, hashlib.sha256(data).hexdigest(), note)


def freeze(request: Request, name: str, *, dry_run: bool = False) -> Written:
    """Write `manifest.json`: every file reachable from the release. Its SHA-256 is the release digest.

    Refuses to replace a manifest that says something else, for seals may bind it.
    """
    found = survey(request)
    device, dossier = sound_release(found, name)
    if dossier.evaluation is None:
        raise UsageError(
            f"release {dossier.version} has no evaluation", hint=f"run `muniment evaluate {dossier.version}`"
        )
    data = link.manifest(dossier, device.files)
    path = device_folder(request, device) / dossier.id / "manifest.json"
    if path.is_file():
        if path.read_bytes() == data:
            return Written(path, hashlib.sha256(data).hexdigest(), "unchanged")
        raise UsageError(
            f"release {dossier.version} is frozen already, and its files have changed since",
            hint="undo the change, or make a new version; deleting manifest.json voids every approval",
        )
    if not dry_run:
        write_beside(path, data)
    return Written(path, hashlib.sha256(data).hexdigest(), "would write" if dry_run else "written")
