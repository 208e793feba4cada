"""Records to dossiers: every reference resolved, every digest recomputed."""

from __future__ import annotations

from collections.abc import Mapping

from muniment.link import freezing, jsonfile, lineage, local, references
from muniment.link.artifacts import artifacts, stands, unheld
from muniment.model.evidence import Artifact, Device, Dossier, Files, Record
from muniment.model.finding import Finding
from muniment.model.tree import Tree

_EVALUATION = "muniment/evaluation/v1"
_ANALYSIS = "muniment/analysis/v1"
_REMEDY = "write it with `muniment evaluate`; it is never edited by hand"
_OUTSIDE = frozenset(
    (
        "board_decision",
        "condition_closure",
        "waiver",
        "deviation",
        "drill",
        "deployment",
        "monitoring",
        "alert",
        "signal",
        "incident",
        "closure",
        "event",
        "tabletop",
        "checklist",
        "monitoring_log",
        "deferral",
        "determination",
        "reconstruction",
    )
)
"""Kinds that belong to a release by naming it, and stay outside its manifest."""


def link(device: str, records: Mapping[str, Record], files: Files) -> tuple[Device, tuple[Finding, ...]]:
    """Return the device with its releases in order of succession, and what does not hold together.

    Findings have rule `reference`, `digest`, `manifest` or `json`. A release that names a record which is
    not there, or stands in a circle of succession, is left out: it cannot be judged.
    """
    findings = [*references.dangling(records, files), *local.unknown_persons(records)]
    found: dict[str, tuple[Artifact, ...]] = {}
    for identity, record in records.items():
        found[identity] = artifacts(record, files)
        findings.extend(unheld(record, found[identity], files))
    releases = [record for record in records.values() if record.kind == "release"]
    findings.extend(lineage.circular(releases))
    dossiers = []
    for release in releases:
        dossier, faults = _dossier(device, release, records, found, files)
        findings.extend(faults)
        if dossier is not None:
            dossiers.append(dossier)
    ordered = lineage.in_succession(dossiers)
    return Device(device, dict(records), ordered, files), tuple(dict.fromkeys(findings))


def _dossier(
    device: str,
    release: Record,
    records: Mapping[str, Record],
    found: Mapping[str, tuple[Artifact, ...]],
    files: Files,
) -> tuple[Dossier | None, list[Finding]]:
    parts, whole = references.reachable(release, records)
    if not whole:
        return None, []
    outside = _outside(release, records)
    findings = [
        *local.unknown_elements(release, parts),
        *local.unknown_outside(release, parts, outside),
    ]
    version = release.body["version"]
    held = tuple(
        sorted(
            (a for identity in parts for a in found[identity]), key=lambda a: (a.path, a.record, a.pointer)
        )
    )
    evaluation, faults = _evaluation(device, version, files)
    findings.extend(faults)
    analysis, faults = _analysis(device, version, files)
    findings.extend(faults)
    expected = freezing.frozen_paths(parts, held, version, files)
    stated, sha256, faults = freezing.read(device, version, expected, files)
    findings.extend(faults)
    dossier = Dossier(
        device=device,
        version=version,
        release=release,
        records=parts,
        artifacts=held,
        manifest=stated,
        manifest_sha256=sha256,
        evaluation=evaluation,
        outside=outside,
        analysis=analysis,
    )
    return dossier, findings


def _evaluation(device: str, version: str, files: Files) -> tuple[Tree, list[Finding]]:
    """Return `evaluation.json` parsed; `None` where it is missing or broken."""
    path = freezing.evaluation_path(version)
    if not stands(files, path):
        return None, []
    tree, finding = jsonfile.parse(files.read(path), f"{device}/{path}", _EVALUATION, _REMEDY)
    return tree, [finding] if finding else []


def _analysis(device: str, version: str, files: Files) -> tuple[Tree, list[Finding]]:
    """Return `analysis.json` parsed; `None` where it is missing or broken."""
    path = freezing.analysis_path(version)
    if not stands(files, path):
        return None, []
    tree, finding = jsonfile.parse(files.read(path), f"{device}/{path}", _ANALYSIS, _REMEDY)
    return tree, [finding] if finding else []


def _outside(release: Record, records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records about a release that may grow after it was frozen, by id."""
    request = release.body["change_request"]
    return {
        identity: record
        for identity, record in sorted(records.items())
        if identity == request
        or (
            record.kind in _OUTSIDE
            and (record.body.get("release") == release.id or record.body.get("change_request") == request)
        )
    }
