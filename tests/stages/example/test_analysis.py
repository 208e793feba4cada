"""The computed analysis of each release: its shape, and what it must agree with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import data
import error_cells
import explain_checks
import jsonschema
import numpy as np
import perturb
import polars as pl
import pytest
import yaml
from common import NUMERIC

from muniment import shipped

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


def read(device: Path, version: str, name: str) -> Any:
    return json.loads((device / "releases" / version / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_analysis_fits_its_published_schema(device: Path, version: str) -> None:
    """What the pipeline writes is what the schema describes, and the schema is closed."""
    schema = json.loads((shipped.folder("schemas") / "outputs" / "analysis.v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    body = read(device, version, "analysis")
    assert list(validator.iter_errors(body)) == []
    assert list(validator.iter_errors(body | {"surprise": 1}))


@pytest.mark.parametrize("version", VERSIONS)
def test_errors_and_evaluation_are_two_counts_of_one_thing(device: Path, version: str) -> None:
    """The pipeline's rates equal the tool's own to six decimals, overall, and it hides the same cells."""
    analysis, evaluation = read(device, version, "analysis"), read(device, version, "evaluation")
    assert analysis["quality_control"]["rejected"] == 0
    found = {(p["population"], p["metric"]): p for p in analysis["populations"]}
    for metric in ("sensitivity", "specificity"):
        theirs = next(e for e in evaluation["estimates"] if e["metric"] == metric and not e["cohort"])
        for population in ("intention_to_diagnose", "per_protocol", "worst_case", "best_case"):
            ours = found[population, metric]
            assert ours["value"] == pytest.approx(theirs["value"], abs=1e-6)
            assert (ours["low"], ours["high"]) == pytest.approx((theirs["low"], theirs["high"]), abs=1e-6)
    assert analysis["cohort"] == {k: evaluation["cohort"][k] for k in ("n", "events")}
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


def test_a_single_hidden_level_hides_another() -> None:
    """A cell may not be found by subtracting the others from the whole."""
    found = {
        level: hidden
        for level, _rows, hidden in error_cells.levels(pl.Series(["a"] * 40 + ["b"] * 20 + ["c"] * 3))
    }
    assert found == {"a": False, "b": True, "c": True}


def test_patients_without_an_estimate_are_counted() -> None:
    """No estimate is no flag; per protocol leaves them out; worst and best case bound both."""
    flag, y = np.array([1, 1, 0, 0, 1, 0], bool), np.array([1, 1, 1, 0, 0, 0])
    declined = np.array([0, 1, 0, 0, 0, 1], bool)
    found = {
        (p["population"], p["metric"]): (p["value"], p["n"])
        for p in error_cells.populations(flag, y, declined)
    }
    third = round(1 / 3, 6)
    assert found["intention_to_diagnose", "sensitivity"] == (third, 3)
    assert found["per_protocol", "sensitivity"] == (0.5, 2)
    assert found["worst_case", "sensitivity"] == (third, 3)
    assert found["best_case", "sensitivity"] == (round(2 / 3, 6), 3)
    assert found["intention_to_diagnose", "specificity"] == (round(2 / 3, 6), 3)
    assert found["worst_case", "specificity"] == (third, 3)


def test_a_contract_notices_an_explanation_that_means_something_else(device: Path) -> None:
    """Golden cases fail when effects are taken against another reference than the contract's."""
    table = pl.read_parquet(device / "data" / "features" / "1.parquet")
    model, expected = read(device, "1.0.0", "model"), read(device, "1.0.0", "explanation_golden")
    numeric = {term["name"]: term["impute"] for term in model["numeric"]}
    reference = {n: numeric[n] for n in NUMERIC}
    assert explain_checks.contract(model, reference, table, expected)["passed"] == len(expected["cases"])
    shifted = reference | {"age": reference["age"] + 10}
    assert explain_checks.contract(model, shifted, table, expected)["passed"] < len(expected["cases"])
    silent = [{**case, "log_odds": dict(list(case["log_odds"].items())[1:])} for case in expected["cases"]]
    assert explain_checks.contract(model, reference, table, {"cases": silent})["passed"] == 0


def test_losses_have_the_sign_and_the_interval_they_should() -> None:
    """A ranking that gets worse has a positive loss; an equal one has none, and no width."""
    draw = np.random.RandomState(1)
    y = (draw.random_sample(400) < 0.4).astype(int)
    good = y + draw.standard_normal(400)
    same = perturb.lost_area(good, good, y)
    assert (same["drop"], same["low"], same["high"]) == (0, 0, 0)
    worse = perturb.lost_area(good, draw.standard_normal(400), y)
    assert 0 < worse["low"] < worse["drop"] < worse["high"]
    gone = perturb.lost_share(
        np.ones(50, bool), np.r_[np.zeros(10, bool), np.ones(40, bool)], np.ones(50, bool)
    )
    assert gone["drop"] == pytest.approx(0.2)
    assert 0.08 < gone["low"] < gone["high"] < 0.32


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
        assert set(example) == {"case", "kind", "choice", "estimate", "diagnosis_group", "age_band"}
