"""The evaluation of a release computed from the row-level tables that it points at."""

from __future__ import annotations

from typing import Any

from muniment.model.evidence import Device, Dossier, Record
from muniment.pipeline.parts import json_object as _parsed
from muniment.pipeline.parts import needed as _needed
from muniment.pipeline.parts import record_path as _path

TRAINING_MEMBERS = "training_members"
"""Role of the component that lists the patients whose outcomes shaped the model."""


def evaluation(device: Device, dossier: Dossier) -> dict[str, Any]:
    """Run the release's plan over its predictions and return the content of `evaluation.json`.

    Raises `UnreadableInput` if a table is missing or is not the locked cohort.
    """
    from muniment import measure

    release = dossier.release.body
    plan = _needed(dossier, release["plan"])
    splits = _needed(dossier, release["datasets"]["splits"])
    baseline = _needed(dossier, release["datasets"]["baseline"])
    predictions = release["predictions"]
    files = device.files
    membership = splits.body["membership"]["path"]
    members = baseline.body["members"]["path"]
    table = predictions["table"]["path"]
    operational = release["operational"]["path"]
    claim = _needed(dossier, release["claim"])
    layers = {name: _needed(dossier, release["datasets"][name]) for name in ("features", "labels")}
    training = next(
        (item["file"]["path"] for item in release["components"] if item["role"] == TRAINING_MEMBERS), None
    )
    crossed = {item["axis"]: item["table"]["path"] for item in release.get("attribution", ())}
    inputs = [
        ("plan", _path(plan)),
        ("claim", _path(_needed(dossier, release["claim"]))),
        ("model", release["model"]["file"]["path"]),
        ("predictions", table),
        ("members", members),
        ("splits", membership),
        ("operational", operational),
        ("claim", _path(claim)),
        *((name, record.body["table"]["path"]) for name, record in layers.items()),
        *([("training_members", training)] if training else []),
        *((f"attribution_{axis}", path) for axis, path in crossed.items()),
    ]
    return measure.evaluate(
        measure.EvaluationRequest(
            device=device.id,
            release=dossier.version,
            plan_id=plan.id,
            plan=plan.body,
            plan_sha256=plan.document.sha256,
            operating_point=release["model"]["operating_point"],
            predictions=files.open_table(table),
            members=files.open_table(members),
            membership=files.open_table(membership),
            id=predictions["id"],
            label=predictions["label"],
            score=predictions["score"],
            operational=_parsed(files.read(operational), operational),
            inputs=tuple({"role": role, "path": path, "sha256": files.digest(path)} for role, path in inputs),
            limitations=tuple(item["text"] for item in release["limitations"]),
            training=files.open_table(training) if training else None,
            rules=tuple(baseline.body["cohort"].get("rules", ())),
            attribution=tuple(
                measure.AttributionTable(axis, files.open_table(path)) for axis, path in crossed.items()
            ),
            profiled=tuple(
                measure.ProfiledTable(
                    name,
                    record.id,
                    files.open_table(record.body["table"]["path"]),
                    ranges=_ranges(claim) if name == "features" else {},
                )
                for name, record in layers.items()
            ),
        )
    )


def _ranges(claim: Record) -> dict[str, tuple[float, float]]:
    """Input to the lowest and highest value that the claim accepts."""
    return {
        item["name"]: (item["valid_range"][0], item["valid_range"][1])
        for item in claim.body["inputs"]
        if "valid_range" in item
    }
