"""The computed analysis of each release: its shape, and what it must agree with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import data
import explain_checks
import jsonschema
import numpy as np
import perturb
import polars as pl
import pytest
import yaml
from common import NUMERIC
from scipy.stats import spearmanr
from scorer import probabilities
from sklearn.metrics import roc_auc_score

from muniment import shipped

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


def read(device: Path, version: str, name: str) -> Any:
    return json.loads((device / "releases" / version / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_analysis_fits_its_published_schema(device: Path, version: str) -> None:
    """What the tool writes is what the schema describes, and the schema is closed."""
    schema = json.loads((shipped.folder("schemas") / "outputs" / "analysis.v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    body = read(device, version, "analysis")
    assert list(validator.iter_errors(body)) == []
    assert list(validator.iter_errors(body | {"surprise": 1}))


@pytest.mark.parametrize("version", VERSIONS)
def test_errors_and_evaluation_are_two_counts_of_one_thing(device: Path, version: str) -> None:
    """The analysis and the evaluation give the same rates, overall, and hide the same cells."""
    analysis, evaluation = read(device, version, "analysis"), read(device, version, "evaluation")
    assert analysis["quality_control"]["rejected"] == 0
    found = {(p["population"], p["metric"]): p for p in analysis["populations"]}
    for metric in ("sensitivity", "specificity"):
        theirs = next(e for e in evaluation["estimates"] if e["metric"] == metric and not e["cohort"])
        for population in ("intention_to_diagnose", "per_protocol", "worst_case", "best_case"):
            ours = found[population, metric]
            assert ours["value"] == pytest.approx(theirs["value"], abs=1e-11)
            assert (ours["low"], ours["high"]) == pytest.approx((theirs["low"], theirs["high"]), abs=1e-11)
    assert analysis["cohort"] == {k: evaluation["cohort"][k] for k in ("n", "events")} | {"unlabelled": 0}
    hidden = {(s["axis"], s["level"]) for s in evaluation["subgroups"] if s["suppressed"]}
    assert {(c["axis"], c["level"]) for c in analysis["errors"]["by"] if c["suppressed"]} == hidden


@pytest.mark.parametrize("version", VERSIONS)
def test_cells_of_an_axis_add_up(device: Path, version: str) -> None:
    """Without a hidden level the errors of an axis are all errors; a hidden one shows no number."""
    errors = read(device, version, "analysis")["errors"]
    whole = {
        axis: [c for c in errors["by"] if c["axis"] == axis] for axis in {c["axis"] for c in errors["by"]}
    }
    totals = {
        (sum(c["fp"] for c in cells), sum(c["fn"] for c in cells))
        for cells in whole.values()
        if not any(c["suppressed"] for c in cells)
    }
    assert len(totals) == 1
    for cell in (*errors["by"], *errors["edge"]):
        if cell["suppressed"]:
            assert {cell[k] for k in ("n", "events", "fp", "fn", "fpr", "fnr")} == {None}


def test_the_golden_cases_notice_an_explanation_that_means_something_else(device: Path) -> None:
    """What users see fits the one-patient path; against another reference than the contract's it does not."""
    table = pl.read_parquet(device / "data" / "features" / "1.parquet")
    model, expected = read(device, "1.0.0", "model"), read(device, "1.0.0", "explanation_golden")
    numeric = {term["name"]: term["impute"] for term in model["numeric"]}
    reference = {n: numeric[n] for n in NUMERIC}
    wanted = {(case["case"], n): e for case in expected["cases"] for n, e in case["expected"].items()}

    def said(reference: dict[str, float]) -> dict[tuple[str, str], float]:
        rows = explain_checks.said(model, reference, table)
        return {(case, feature): figure for case, feature, figure in rows.iter_rows()}

    assert said(reference) == pytest.approx(wanted, abs=1e-6)
    shifted = said(reference | {"age": reference["age"] + 10})
    assert shifted.keys() == wanted.keys()
    assert shifted != pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_rows_behind_the_analysis_are_what_the_scorer_gives(device: Path, version: str) -> None:
    """Untouched, the scorer gives the predictions; under noise it gives the perturbed table, row by row."""
    release = yaml.safe_load((device / "releases" / version / "release.yaml").read_text(encoding="utf-8"))
    features = release["datasets"]["features"].rpartition("/")[2]
    table = pl.read_parquet(device / "data" / "features" / f"{features}.parquet")
    folder = device / "releases" / version
    predictions = pl.read_parquet(folder / "predictions.parquet")
    perturbed = pl.read_parquet(folder / "perturbed.parquet")
    own = table.join(predictions.select("patient_id"), on="patient_id", how="semi")
    model = read(device, version, "model")
    untouched = pl.Series(probabilities(model, own).round(6))
    scores = predictions.select("patient_id", "score")
    assert own.select("patient_id").with_columns(untouched.alias("score")).sort("patient_id").equals(scores)
    members = pl.read_parquet(folder / "training_members.parquet")["patient_id"]
    training = table.filter(table["patient_id"].is_in(members.implode()))
    moved = perturb.noise(0.25)(own, training, np.random.RandomState(perturb.SEED))
    kept = perturbed.filter((pl.col("perturbation") == "measurement_noise") & (pl.col("level") == 0.25))
    given = kept["score"].is_not_null().to_numpy()
    assert np.array_equal(kept["score"].to_numpy()[given], probabilities(model, moved).round(6)[given])
    declared = release["analysis"]["perturbed"]["perturbations"]
    assert [(p["perturbation"], p["level"]) for p in declared] == [(n, x) for n, x, _ in perturb.CHECKS]
    assert given.all()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tool_counts_what_a_plain_loop_counts(device: Path, version: str) -> None:
    """Edge conditions, losses of sensitivity, AUROC under noise and missing inputs, computed once more."""
    folder, body = device / "releases" / version, read(device, version, "analysis")
    release = yaml.safe_load((folder / "release.yaml").read_text(encoding="utf-8"))
    plan = yaml.safe_load((device / "plans" / f"{version}.yaml").read_text(encoding="utf-8"))
    point = next(p for p in plan["operating_points"] if p["id"] == release["model"]["operating_point"])
    by = point.get("by", {}).get("thresholds", {})
    perturbed: dict[tuple[str, float], dict[int, float | None]] = {}
    for patient, name, level, score in pl.read_parquet(folder / "perturbed.parquet").iter_rows():
        perturbed.setdefault((name, level), {})[patient] = score
    conditions = {row["patient_id"]: row for row in rows_of(folder / "conditions.parquet")}
    patients = rows_of(folder / "predictions.parquet")
    limit = {p["patient_id"]: by.get(p["dzgroup"], point["threshold"]) for p in patients}
    for edge in body["errors"]["edge"]:
        inside = [p for p in patients if conditions[p["patient_id"]][edge["condition"]]]
        if edge["suppressed"]:
            assert 0 < len(inside) < body["min_n"]
            continue
        missed = [p for p in inside if p["death_180d"] and p["score"] < limit[p["patient_id"]]]
        wrong = [p for p in inside if not p["death_180d"] and p["score"] >= limit[p["patient_id"]]]
        assert (edge["n"], edge["fn"], edge["fp"]) == (len(inside), len(missed), len(wrong))
    died = [p for p in patients if p["death_180d"]]
    for row in body["robustness"]:
        scores = perturbed[row["perturbation"], row["level"]]
        assert row["declined"] == sum(score is None for score in scores.values())
        if row["metric"] == "sensitivity":
            after = sum((scores[p["patient_id"]] or -1.0) >= limit[p["patient_id"]] for p in died)
            before = sum(p["score"] >= limit[p["patient_id"]] for p in died)
            assert row["drop"] == pytest.approx((before - after) / len(died), abs=1e-12)
        if row["metric"] == "auroc":
            kept = [p for p in patients if scores[p["patient_id"]] is not None]
            y = [p["death_180d"] for p in kept]
            drop = roc_auc_score(y, [p["score"] for p in kept])
            drop -= roc_auc_score(y, [scores[p["patient_id"]] for p in kept])
            assert row["drop"] == pytest.approx(drop, abs=1e-12)
    features = release["datasets"]["features"].rpartition("/")[2]
    ids = set(limit)
    table = [
        r for r in rows_of(device / "data" / "features" / f"{features}.parquet") if r["patient_id"] in ids
    ]
    assert {m["column"] for m in body["missing"]} == set(release["model"]["inputs"])
    for item in body["missing"]:
        assert (item["missing"], item["n"]) == (sum(r[item["column"]] is None for r in table), len(ids))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return pl.read_parquet(path).to_dicts()


@pytest.mark.parametrize("version", VERSIONS)
def test_explanations_are_stable_as_scipy_sees_it(device: Path, version: str) -> None:
    """The mean of each patient's Spearman correlation with the release before; 1.0.0 has none before it."""
    body = read(device, version, "analysis")
    gaps = {gap["section"]: gap["reason"] for gap in body["undecided"]}
    if version == "1.0.0":
        assert gaps["explanations.stability"] == "there is no release before"
        return
    table = pl.read_parquet(device / "releases" / version / "contributions.parquet").drop_nulls()
    rhos = [
        spearmanr(part["contribution"], part["contribution_previous"]).statistic
        for _, part in table.group_by("patient_id", maintain_order=True)
    ]
    found = body["explanations"]["stability"][0]
    assert (found["axis"], found["n"]) == (None, len(rhos))
    assert found["value"] == pytest.approx(np.mean(rhos), abs=1e-9)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plan_limits_only_what_the_pipeline_runs(device: Path, version: str) -> None:
    """Every limit of a plan has its measured loss."""
    plan = yaml.safe_load((device / "plans" / f"{version}.yaml").read_text(encoding="utf-8"))
    ran = {
        (r["perturbation"], r["level"], r["metric"]) for r in read(device, version, "analysis")["robustness"]
    }
    assert {(x["perturbation"], x["level"], x["metric"]) for x in plan["robustness"]} <= ran


def test_the_intended_prevalence_is_that_of_phase_one(device: Path) -> None:
    """The share the plans state is the one its source gives."""
    records = data.raw()
    first = data.enrolment(records)["phase"] == "I"
    died = data.labels(records).filter(first)["death_180d"]
    plan = yaml.safe_load((device / "plans" / "1.0.0.yaml").read_text(encoding="utf-8"))
    stated = plan["analysis"]["prevalence"]
    assert f"{died.sum():,} of the {died.len():,} patients" in stated["source"]
    assert round(died.sum() / died.len(), 2) == stated["intended"]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_but_the_record_number_names_a_patient(device: Path, version: str) -> None:
    """Examples carry the public record number, group and age band, and no value of a measurement."""
    for example in read(device, version, "analysis")["errors"]["examples"]:
        assert set(example) == {"case", "kind", "choice", "estimate", "levels"}
        assert set(example["levels"]) == {"dzgroup", "age_band"}
