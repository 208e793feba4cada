"""An analysis from row-level tables: each number against another computation."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from muniment.measure import (
    Perturbation,
    analyse,
    evaluation_bytes,
)
from support.analysed import same, wilson


def test_the_whole_is_of_its_shape_and_the_same_twice(world, valid) -> None:
    """The body is what the schema says, to the same bytes on a rerun and for any order of rows."""
    first = analyse(world.request())
    valid(first, "analysis")
    assert [gap["section"] for gap in first["undecided"]] == ["explanations.coverage", "missing"]
    told = {item["section"] for item in first["methods"]}
    assert {"errors", "robustness", "explanations.stability", "clusters"} <= told
    for name in ("rows", "cohort", "perturbed", "contributions", "membership", "features"):
        setattr(world, name, getattr(world, name).sample(fraction=1, shuffle=True, seed=3))
    assert evaluation_bytes(analyse(world.request())) == evaluation_bytes(first)


def test_errors_are_counted_where_they_are(world) -> None:
    """Each level's misses and false calls, with Wilson's interval, as counted row by row elsewhere."""
    body = analyse(world.request())
    told = world.told()
    cells = {(cell["axis"], cell["level"]): cell for cell in body["errors"]["by"]}
    for sex in ("female", "male"):
        part = told.filter(pl.col("sex") == sex)
        died, lived = part.filter(pl.col("death") == 1), part.filter(pl.col("death") == 0)
        fn, fp = int((~died["called"]).sum()), int(lived["called"].sum())
        cell = cells["gender", sex]
        assert (cell["n"], cell["events"], cell["fn"], cell["fp"]) == (part.height, died.height, fn, fp)
        same(cell["fnr"], fn / died.height, *wilson(fn, died.height))
        same(cell["fpr"], fp / lived.height, *wilson(fp, lived.height))


def test_a_small_level_is_hidden_with_one_that_would_give_it_away(world) -> None:
    """Three levels, one below ten patients: two are hidden, everywhere in the file, with a reason."""
    body = analyse(world.request())
    assert world.rows.filter(pl.col("race") == "a").height < 10

    def hidden(entries):
        return {entry["level"] for entry in entries if entry["axis"] == "race" and entry["suppressed"]}

    explained = body["explanations"]
    for entries in (
        body["errors"]["by"], body["quality_control"]["by"], explained["consistency"], explained["stability"],
    ):  # fmt: skip
        assert hidden(entries) == {"a", "b"}
    for entry in body["errors"]["by"]:
        if entry["suppressed"]:
            assert {entry[key] for key in ("n", "events", "fp", "fn", "fpr", "fnr")} == {None}
            assert entry["undecided"]
    for case in (*body["errors"]["examples"], *explained["index"]):
        assert case["levels"]["race"] in (None, "c")


def test_an_edge_condition_is_counted_hidden_or_said_to_be_absent(world) -> None:
    """Nobody is no patient to protect; four patients are."""
    zero, rare, never = analyse(world.request())["errors"]["edge"]
    part = world.told().filter("zero")
    died = part.filter(pl.col("death") == 1)
    fn = int((~died["called"]).sum())
    assert (zero["n"], zero["fn"]) == (part.height, fn)
    same(zero["fnr"], fn / died.height, *wilson(fn, died.height))
    assert (rare["suppressed"], rare["n"]) == (True, None)
    assert (never["suppressed"], never["n"], never["fnr"]["undecided"]) == (False, 0, "no events")


def test_who_gets_no_estimate_is_counted_by_reason_without_telling_a_rare_one(world) -> None:
    """Reasons add up to the rejected; those of fewer than ten patients are counted together."""
    control = analyse(world.request())["quality_control"]
    n = world.rows.height
    assert (control["screened"], control["rejected"]) == (n, 15)
    same(control["share"], 15 / n, *wilson(15, n))
    assert sum(reason["n"] for reason in control["reasons"]) == 15
    assert "too sick" not in json.dumps(control)


def test_four_treatments_of_the_unanswered_bound_each_other(world) -> None:
    """No estimate is no call, left out, wrong, right; worst and best hold the other two between them."""
    found = {(p["population"], p["metric"]): p["value"] for p in analyse(world.request())["populations"]}
    died = world.told().filter(pl.col("death") == 1)
    gone = died["declined"].is_not_null()
    assert found["intention_to_diagnose", "sensitivity"] == pytest.approx(died["called"].mean())
    assert found["per_protocol", "sensitivity"] == pytest.approx(died.filter(~gone)["called"].mean())
    assert found["best_case", "sensitivity"] == pytest.approx((died["called"] | gone).mean())
    for metric in ("sensitivity", "specificity"):
        worst, best = found["worst_case", metric], found["best_case", metric]
        for population in ("intention_to_diagnose", "per_protocol"):
            assert worst <= found[population, metric] <= best


def test_losses_are_those_of_another_computation(world) -> None:
    """AUROC by scikit-learn, its paired interval by placements in a plain loop, shares row by row."""
    rows = analyse(world.request())["robustness"]
    told = world.told()
    for level in (0.1, 0.3):
        after = world.perturbed.filter(pl.col("level") == level).select("patient_id", after="score")
        joined = told.join(after, on="patient_id")
        both = joined.filter(pl.col("declined").is_null() & pl.col("after").is_not_null())
        y, a, b = (both[name].to_numpy() for name in ("death", "score", "after"))
        auroc, sensitivity, specificity = (row for row in rows if row["level"] == level)
        assert auroc["declined"] == joined["after"].null_count()
        assert auroc["n"] == both.height
        first, second = roc_auc_score(y, a), roc_auc_score(y, b)
        assert (auroc["reference"], auroc["value"]) == pytest.approx((first, second), abs=1e-12)

        def placements(scores, y=y):
            died, lived = scores[y == 1][:, None], scores[y == 0][None, :]
            wins = (died > lived) + 0.5 * (died == lived)
            return wins.mean(axis=1), wins.mean(axis=0)

        (v10a, v01a), (v10b, v01b) = placements(a), placements(b)
        variance = (v10a - v10b).var(ddof=1) / len(v10a) + (v01a - v01b).var(ddof=1) / len(v01a)
        half = stats.norm.ppf(0.975) * np.sqrt(variance)
        drop = first - second
        assert (auroc["drop"], auroc["low"], auroc["high"]) == pytest.approx(
            (drop, drop - half, drop + half), abs=1e-9
        )
        called = (joined["after"] >= joined["limit"]).fill_null(value=False)
        for row, wanted in ((sensitivity, 1), (specificity, 0)):
            among = (joined["death"] == wanted).to_numpy()
            right = (called == bool(wanted)).to_numpy()[among]
            was = (joined["called"] == bool(wanted)).to_numpy()[among]
            assert row["n"] == among.sum()
            assert row["drop"] == pytest.approx(was.mean() - right.mean(), abs=1e-12)
            assert row["low"] < row["drop"] < row["high"]
            bounds = (row["value_low"], row["value_high"])
            assert bounds == pytest.approx(wilson(int(right.sum()), int(among.sum())), abs=1e-9)


def test_untouched_inputs_lose_nothing(world) -> None:
    """The very same scores have a loss of zero, with an interval of no width for the area."""
    world.perturbed = world.rows.select(
        "patient_id", perturbation=pl.lit("none"), level=pl.lit(0.0), score="score"
    )
    declared = (Perturbation("none", 0.0, "Nothing was done."),)
    for row in analyse(world.request(perturbations=declared))["robustness"]:
        if row["metric"] == "auroc":
            assert (row["drop"], row["low"], row["high"]) == (0, 0, 0)


def test_missing_values_are_counted_from_the_feature_table(world) -> None:
    """A column that is not there is said to be missing, and not taken for complete."""
    body = analyse(world.request())
    age, crea = body["missing"]
    k = int(world.features["age"].null_count())
    assert (age["column"], age["missing"], crea["missing"]) == ("age", k, 0)
    assert age["share"] == pytest.approx(k / world.rows.height)
    assert "alb" in next(gap["reason"] for gap in body["undecided"] if gap["section"] == "missing")


def test_predictive_values_and_net_benefit_have_their_textbook_values(world) -> None:
    """Bayes at the intended prevalence; tp/n − fp/n · t/(1 − t)."""
    found = analyse(world.request())["prevalence"]
    told = world.told()
    died, lived = told.filter(pl.col("death") == 1), told.filter(pl.col("death") == 0)
    se, sp = died["called"].mean(), 1 - lived["called"].mean()
    ppv, npv = found["predictive_values"]
    assert ppv["value"] == pytest.approx(se * 0.2 / (se * 0.2 + (1 - sp) * 0.8))
    assert npv["value"] == pytest.approx(sp * 0.8 / (sp * 0.8 + (1 - se) * 0.2))
    third = next(point for point in found["net_benefit"] if point["threshold"] == 0.3)
    acted = told.filter((pl.col("score") >= 0.3) & pl.col("declined").is_null())["death"]
    fp = int((acted == 0).sum())
    assert third["model"] == pytest.approx((acted.sum() - fp * 3 / 7) / told.height)


def test_without_tables_everything_else_is_computed(world, valid) -> None:
    """A release that declares nothing gets its errors by subgroup, and each gap with its reason."""
    request = world.request(
        edge=(), features=None, perturbed=None, perturbations=(), contributions=None, has_previous=False,
        golden=None, shown=None, tolerance=None,
    )  # fmt: skip
    body = analyse(replace(request, sources=replace(request.sources, cohort=None, declined=None)))
    valid(body, "analysis")
    gaps = {gap["section"]: gap["reason"] for gap in body["undecided"]}
    assert gaps["robustness"] == "no perturbed table"
    assert set(gaps) == {
        "errors.edge", "explanations.consistency", "explanations.contract", "explanations.coverage",
        "explanations.samples", "explanations.stability", "missing", "quality_control", "robustness",
    }  # fmt: skip
    assert body["errors"]["by"]
    assert body["explanations"] == {}
    assert "robustness" not in body


def test_a_cohort_too_small_shows_nothing(world, valid) -> None:
    """Nine patients are no statistic: no count, no case, no rate."""
    few = world.rows["patient_id"].head(9)
    for name in ("rows", "members", "cohort", "perturbed", "contributions"):
        table = getattr(world, name)
        setattr(world, name, table.filter(pl.col("patient_id").is_in(few.implode())))
    body = analyse(world.request())
    valid(body, "analysis")
    assert body["cohort"] == {"n": None, "events": None, "unlabelled": None}
    assert "errors" not in body
    assert body["undecided"] == [{"section": "errors", "reason": "fewer than 10 rows"}]


def test_patients_without_a_label_are_in_no_rate(world) -> None:
    """They are screened and counted, and leave every share as it would be without them."""
    whole = analyse(world.request())
    world.rows = world.rows.with_columns(
        death=pl.when(pl.col("patient_id") < 1020).then(None).otherwise(pl.col("death"))
    )
    body = analyse(world.request())
    assert (body["cohort"]["n"], body["cohort"]["unlabelled"]) == (600, 20)
    assert body["quality_control"]["rejected"] == whole["quality_control"]["rejected"]
    by = [cell["n"] for cell in body["errors"]["by"] if cell["axis"] == "gender"]
    assert sum(by) == 580
