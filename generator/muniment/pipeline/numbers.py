"""Evaluations recomputed from the row-level tables that a release points at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from muniment.errors import MunimentError, UnreadableInput, UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.tree import walk

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
            deviations=tuple(release.get("deviations", ())),
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


def recomputed(device: Device, dossier: Dossier) -> tuple[Mapping[str, Any], ...]:
    """Recompute a release's evaluation and compare every number in it with the recorded one.

    Each item is `{pointer, recorded, recomputed, outcome}` with outcome `equal`, `within 1e-9` or
    `differs`. An evaluation that cannot be recomputed is one difference that says why, never a pass.
    """
    from muniment import measure

    prefix = f"{device.id}/{dossier.id}/evaluation.json"
    recorded = dossier.evaluation
    if recorded is None:
        return ()
    try:
        fresh = json.loads(measure.evaluation_bytes(evaluation(device, dossier)))
    except MunimentError as error:
        return ({"pointer": prefix, "recorded": None, "recomputed": str(error), "outcome": "not recomputed"},)
    differing = {item["pointer"]: item for item in measure.differences(recorded, fresh)}
    equal = [
        {"pointer": where, "recorded": node, "recomputed": node, "outcome": "equal"}
        for where, node in walk(recorded)
        if _is_number(node) and where not in differing and not where.startswith("/producer")
    ]
    return tuple({**item, "pointer": f"{prefix}#{item['pointer']}"} for item in (*equal, *differing.values()))


def _is_number(node: object) -> bool:
    return isinstance(node, (int, float)) and not isinstance(node, bool)


def _parsed(data: bytes, path: str) -> Any:
    hint = "write it again with the pipeline"
    try:
        value = json.loads(data)
    except RecursionError:
        raise UnreadableInput(f"{path} is nested too deep", hint=hint) from None
    except ValueError as error:
        raise UnreadableInput(f"{path} is not JSON: {error}", hint=hint) from None
    if not isinstance(value, dict):
        # `null` would pass for a release without operational measurements.
        raise UnreadableInput(f"{path} is no JSON object", hint=hint)
    return value


def _needed(dossier: Dossier, reference: str) -> Record:
    record = dossier.get(reference)
    if record is None:
        raise UsageError(
            f"{dossier.id} refers to {reference}, which is missing or has a fault",
            hint="run `muniment check`",
        )
    return record


def _path(record: Record) -> str:
    return record.document.path.split("/", 1)[1]
