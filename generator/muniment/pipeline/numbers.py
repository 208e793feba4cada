"""The evaluation of a release computed from the row-level tables that it points at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.errors import UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.pipeline.parts import json_object, needed, record_path

TRAINING_MEMBERS = "training_members"
"""Role of the component that lists the patients whose outcomes shaped the model."""


def evaluation(device: Device, dossier: Dossier) -> dict[str, Any]:
    """Run the release's plan over its predictions and return the content of `evaluation.json`.

    Raises `UnreadableInput` if a table is missing or is not the locked cohort.
    """
    from muniment import measure

    release = dossier.release.body
    plan = needed(dossier, release["plan"])
    splits = needed(dossier, release["datasets"]["splits"])
    baseline = needed(dossier, release["datasets"]["baseline"])
    predictions = release["predictions"]
    files = device.files
    membership = splits.body["membership"]["path"]
    members = baseline.body["members"]["path"]
    table = predictions["table"]["path"]
    operational = release["operational"]["path"]
    claim = needed(dossier, release["claim"])
    layers = {name: needed(dossier, release["datasets"][name]) for name in ("features", "labels")}
    training = next(
        (item["file"]["path"] for item in release["components"] if item["role"] == TRAINING_MEMBERS), None
    )
    crossed = {item["axis"]: item["table"]["path"] for item in release.get("attribution", ())}
    studied = _study_tables(plan, release, layers["labels"])
    inputs = [
        ("plan", record_path(plan)),
        ("model", release["model"]["file"]["path"]),
        ("predictions", table),
        ("members", members),
        ("splits", membership),
        ("operational", operational),
        ("claim", record_path(claim)),
        *((name, record.body["table"]["path"]) for name, record in layers.items()),
        *([("training_members", training)] if training else []),
        *((f"attribution_{axis}", path) for axis, path in crossed.items()),
        *((f"table_{name}", path) for name, path in studied.items()),
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
            operational=json_object(files.read(operational), operational),
            inputs=tuple({"role": role, "path": path, "sha256": files.digest(path)} for role, path in inputs),
            limitations=tuple(item["text"] for item in release["limitations"]),
            deviations=tuple(release.get("deviations", ())),
            training=files.open_table(training) if training else None,
            rules=tuple(baseline.body["cohort"].get("rules", ())),
            model_inputs=tuple(release["model"]["inputs"]),
            declared_flow=tuple(splits.body.get("flow", ())),
            tables={name: files.open_table(path) for name, path in studied.items()},
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


def _study_tables(plan: Record, release: Mapping[str, Any], labels: Record) -> dict[str, str]:
    """Id to path of the tables of ratings and readings that the plan names, from the release or its labels.

    Raises:
        UsageError: both have a table of that id, so that nothing says which one is meant.
    """
    analysis = plan.body.get("analysis") or {}
    named = {item["table"] for part in ("agreement", "reader_studies") for item in analysis.get(part, ())}
    found: dict[str, str] = {}
    for item in (*release.get("tables", ()), *labels.body.get("tables", ())):
        if item["id"] not in named:
            continue
        if item["id"] in found:
            raise UsageError(
                f"the release and {labels.id} each have a table {item['id']!r}, which {plan.id} names",
                hint="give one of them another id",
            )
        found[item["id"]] = item["table"]["path"]
    return dict(sorted(found.items()))


def _ranges(claim: Record) -> dict[str, tuple[float, float]]:
    """Input to the lowest and highest value that the claim accepts."""
    return {
        item["name"]: (item["valid_range"][0], item["valid_range"][1])
        for item in claim.body["inputs"]
        if "valid_range" in item
    }
