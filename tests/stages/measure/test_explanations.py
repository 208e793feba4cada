"""Explanations: their agreement, their stability, the cases that are shown, and the golden ones."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from muniment.errors import UnreadableInput
from muniment.measure import (
    analyse,
    evaluation_bytes,
)
from support.analysed import FEATURES, same, wilson


def test_agreement_of_explanations_is_spearmans(world) -> None:
    """Rho between mean absolute contributions is SciPy's, and the interval that of a plain bootstrap."""
    body = analyse(world.request())["explanations"]["consistency"]
    answered = world.cohort.filter(pl.col("declined").is_null())["patient_id"]
    wide = world.contributions.filter(pl.col("patient_id").is_in(answered.implode())).pivot(
        "feature", index="patient_id", values="contribution"
    )
    joined = world.rows.with_columns(key=pl.col("patient_id").cast(pl.String)).sort("key")
    joined = joined.join(wide, on="patient_id", how="left", maintain_order="left")
    size = np.abs(joined.select(sorted(FEATURES)).fill_null(float("nan")).to_numpy())
    member = (joined["sex"] == "female").to_numpy()
    found = next(entry for entry in body if entry["level"] == "female")
    rho = stats.spearmanr(np.nanmean(size[member], axis=0), np.nanmean(size, axis=0)).statistic
    assert found["value"] == pytest.approx(rho, abs=1e-12)
    seed = int("ab" * 8, 16) ^ int("ab" * 8, 16) ^ int("ab" * 8, 16) ^ int("ab" * 8, 16)
    drawn = []
    for replicate in range(60):
        key = np.array([seed, replicate], dtype=np.uint64)
        picked = np.random.Generator(np.random.Philox(key=key)).integers(0, len(size), len(size))
        inside = picked[member[picked]]
        drawn.append(
            stats.spearmanr(np.nanmean(size[inside], axis=0), np.nanmean(size[picked], axis=0)).statistic
        )
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found["low"] == pytest.approx(min(low, rho), abs=1e-12)
    assert found["high"] == pytest.approx(max(high, rho), abs=1e-12)


def test_stability_is_the_mean_of_each_patients_correlation(world) -> None:
    """Spearman a patient by SciPy, Student's interval by SciPy; the first feature counted by hand."""
    body = analyse(world.request())["explanations"]["stability"]
    answered = world.cohort.filter(pl.col("declined").is_null())["patient_id"]
    own = world.contributions.filter(pl.col("patient_id").is_in(answered.implode()))
    rhos, alike, pairs = [], 0, 0
    for _, part in own.sort("feature").group_by("patient_id", maintain_order=True):
        known = part.drop_nulls()
        if known.height >= 3:
            rhos.append(stats.spearmanr(known["contribution"], known["contribution_previous"]).statistic)
        now = part.filter(pl.col("contribution").is_not_null())
        if now.height:
            pairs += 1
            first = now.sort(pl.col("contribution").abs(), descending=True)["feature"][0]
            before = part.sort(pl.col("contribution_previous").abs(), descending=True)["feature"][0]
            alike += first == before
    everybody = [entry for entry in body if entry["axis"] is None]
    rho, share = everybody
    assert (rho["metric"], rho["n"], share["n"]) == ("rank_correlation", len(rhos), pairs)
    bounds = stats.t.interval(0.95, len(rhos) - 1, np.mean(rhos), stats.sem(rhos))
    same(rho, np.mean(rhos), *bounds)
    same(share, alike / pairs, *wilson(alike, pairs))


def test_cases_are_picked_by_the_stated_rule(world) -> None:
    """The middle of the scores and their end, among answered patients, with what moved them most."""
    body = analyse(world.request())
    told = world.told().filter(pl.col("declined").is_null())
    told = told.with_columns(key=pl.col("patient_id").cast(pl.String))
    missed = told.filter((pl.col("death") == 1) & ~pl.col("called")).sort("score", "key")
    typical, confident = (e for e in body["errors"]["examples"] if e["kind"] == "false_negative")
    assert typical["case"] == missed["key"][missed.height // 2]
    assert confident["case"] == missed["key"][0]
    index = {case["case"]: case for case in body["explanations"]["index"]}
    own = world.contributions.filter(pl.col("patient_id") == int(confident["case"])).drop_nulls(
        "contribution"
    )
    wanted = own.sort(pl.col("contribution").abs(), descending=True)["feature"].to_list()
    assert [figure["feature"] for figure in index[confident["case"]]["moved_most"]] == wanted
    assert {case["kind"] for case in index.values()} == {
        "true_positive", "false_positive", "true_negative", "false_negative",
    }  # fmt: skip


def test_an_explained_case_counts_only_if_the_rows_bear_it_out(world) -> None:
    """A wrong kind, another figure, a stranger, a repeat: each is named, and none is counted."""
    first = analyse(world.request())["explanations"]["index"][0]
    good = {key: first[key] for key in ("case", "kind", "moved_most")}
    other = [{"feature": good["moved_most"][0]["feature"], "contribution": 9.0}]
    world.shown = {
        "cases": [
            good,
            good,
            {**good, "case": "0"},
            *(
                {**good, "case": case["case"], "kind": "true_positive"}
                for case in analyse(world.request())["explanations"]["index"][2:3]
            ),
        ]
    }
    explained = analyse(world.request())["explanations"]
    assert {s["kind"]: s["n"] for s in explained["samples"]}["true_positive"] == 1
    reasons = [fault["reason"] for fault in explained["unfounded"]]
    assert reasons[:2] == ["shown more than once", "not of the locked cohort"]
    assert "make it false_positive" in reasons[2]
    assert explained["index"][0]["in_samples"] is True
    assert not any(case["in_samples"] for case in explained["index"][1:])
    for bad in (
        other,
        [],
        [{"feature": ["x"], "contribution": 1}],
        [{"feature": "age", "contribution": 10**400}],
    ):
        world.shown = {"cases": [{**good, "moved_most": bad}]}
        counts = analyse(world.request())["explanations"]["samples"]
        assert {sample["n"] for sample in counts} == {0}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"age": 0.5, "crea": -0.25}, None),
        ({"age": 0.5000005, "crea": -0.25}, None),
        ({"age": 0.51, "crea": -0.25}, "differs by 0.01"),
        ({"age": 0.5}, "no figure for crea"),
        ({"age": 0.5, "crea": float("nan")}, "no figure for crea"),
        ({"age": 0.5, "crea": float("inf")}, "differs by inf"),
        ({"age": 0.5, "crea": -0.25, "alb": 0.0}, "a figure for alb"),
    ],
)
def test_a_golden_case_passes_within_its_tolerance_only(world, said, reason) -> None:
    """Exactly the expected features, each within the tolerance; a gap or an extra figure fails."""
    world.said = pl.DataFrame(
        {"case": ["old"] * len(said), "feature": list(said), "contribution": list(said.values())}
    )
    found = analyse(world.request())["explanations"]["contract"]
    assert (found["cases"], found["passed"]) == (1, 0 if reason else 1)
    assert found["semantics_version"] == 2
    assert found["tolerance_share"] == pytest.approx(1e-6 / 0.375)
    if reason:
        assert found["failed"][0]["reason"].startswith(reason)
    evaluation_bytes(found)


@pytest.mark.parametrize(
    "golden",
    [
        {},
        {"schema_version": 1, "semantics_version": 1, "cases": []},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a"}]},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": "1"}}]},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": 10**400}}]},
        {"schema_version": "1", "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": 1}}]},
    ],
)
def test_a_golden_file_of_another_shape_is_refused(world, golden) -> None:
    """What is no contract is never a contract that holds."""
    world.golden = golden
    with pytest.raises(UnreadableInput, match=r"golden\.json"):
        analyse(world.request())
