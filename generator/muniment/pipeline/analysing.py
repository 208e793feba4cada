"""The analysis of a release computed from the row-level tables that it declares: `analysis.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muniment.model.evidence import Device, Dossier
from muniment.pipeline.parts import json_object, needed, record_path

if TYPE_CHECKING:
    from muniment.measure import AnalysisRequest, GoldenCases, Shown, Uncertainty


def analysis(device: Device, dossier: Dossier) -> dict[str, Any]:
    """Return the content of `analysis.json`.

    Raises `UnreadableInput` if a declared table is missing, lacks a column or is not of the locked cohort.
    """
    from muniment import measure

    return measure.analyse(request(device, dossier))


def request(device: Device, dossier: Dossier) -> AnalysisRequest:
    """Return what an analysis reads: all that bears on its numbers, and nothing of the model's code."""
    from muniment import measure

    release, files = dossier.release.body, device.files
    plan = needed(dossier, release["plan"])
    membership = needed(dossier, release["datasets"]["splits"]).body["membership"]["path"]
    members = needed(dossier, release["datasets"]["baseline"]).body["members"]["path"]
    features = needed(dossier, release["datasets"]["features"]).body["table"]["path"]
    predictions = release["predictions"]
    declared = release.get("analysis", {})
    cohort = declared.get("cohort", {})
    perturbed = declared.get("perturbed", {})

    def table(path: str | None) -> Path | None:
        return files.open_table(path) if path is not None else None

    paths = {
        "plan": record_path(plan),
        "model": release["model"]["file"]["path"],
        "predictions": predictions["table"]["path"],
        "members": members,
        "splits": membership,
        "features": features,
        **dict(_declared(release)),
    }
    return measure.AnalysisRequest(
        device=device.id,
        release=dossier.version,
        plan_id=plan.id,
        plan=plan.body,
        plan_sha256=plan.document.sha256,
        operating_point=release["model"]["operating_point"],
        sources=measure.Sources(
            predictions=files.open_table(paths["predictions"]),
            members=files.open_table(members),
            membership=files.open_table(membership),
            id=predictions["id"],
            label=predictions["label"],
            score=predictions["score"],
            cohort=table(paths.get("cohort")),
            declined=cohort.get("declined"),
        ),
        inputs=tuple(
            {"role": role, "path": path, "sha256": files.digest(path)} for role, path in paths.items()
        ),
        edge=tuple(
            measure.EdgeCondition(item["condition"], item["column"], item["definition"])
            for item in cohort.get("edge", ())
        ),
        features=files.open_table(features),
        model_inputs=tuple(release["model"]["inputs"]),
        perturbed=table(paths.get("perturbed")),
        perturbations=tuple(
            measure.Perturbation(item["perturbation"], float(item["level"]), item["description"])
            for item in perturbed.get("perturbations", ())
        ),
        contributions=table(paths.get("contributions")),
        has_previous=bool(release.get("supersedes")),
        tolerance=_contract(release).get("tolerance"),
        golden=_golden(device, paths),
        shown=_shown(device, paths),
        uncertainty=_uncertainty(device, release, paths),
        case_axes=tuple(declared.get("case_axes", ())),
    )


def _contract(release: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (release.get("explainability") or {}).get("contract") or {}
    return found


def _declared(release: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Role and path of every file that the release declares for its analysis."""
    declared = release.get("analysis", {})
    for role in ("cohort", "perturbed", "contributions", "uncertainty"):
        if role in declared:
            yield role, declared[role]["table"]["path"]
    if "golden_said" in declared:
        yield "golden_said", declared["golden_said"]["path"]
    contract = _contract(release)
    if contract:
        yield "explanation_golden", contract["golden"]["path"]
    samples = (release.get("explainability") or {}).get("samples")
    if samples:
        yield "explanation_samples", samples["path"]


def _golden(device: Device, paths: Mapping[str, str]) -> GoldenCases | None:
    from muniment import measure

    path = paths.get("explanation_golden")
    if path is None:
        return None
    said = paths.get("golden_said")
    content = json_object(device.files.read(path), path)
    return measure.GoldenCases(content, path, device.files.open_table(said) if said else None)


def _shown(device: Device, paths: Mapping[str, str]) -> Shown | None:
    from muniment import measure

    path = paths.get("explanation_samples")
    if path is None:
        return None
    return measure.Shown(json_object(device.files.read(path), path), path)


def _uncertainty(device: Device, release: Mapping[str, Any], paths: Mapping[str, str]) -> Uncertainty | None:
    from muniment import measure

    told = (release.get("explainability") or {}).get("uncertainty")
    if told is None or "uncertainty" not in paths:
        return None
    kind = release["analysis"]["uncertainty"]["kind"]
    table = device.files.open_table(paths["uncertainty"])
    return measure.Uncertainty(table, kind, told["method"], float(told["coverage_target"]))
