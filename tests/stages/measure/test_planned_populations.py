"""Incomplete rows, rejects and missing inputs, as the plan says they are counted."""

import polars as pl
import pytest

from muniment.measure import ProfiledTable, evaluate
from support.plans import PLAN, criterion, outcome

EVERY = ["per_protocol", "worst_case", "best_case", "multiple_imputation"]


def planned(criteria=None, **more):
    missing = {"primary": "intention_to_diagnose", "sensitivity_analyses": EVERY, "reason": "r"} | more
    plan = PLAN | {"analysis": {"missing_data": missing}}
    return plan if criteria is None else plan | {"criteria": criteria}


@pytest.fixture
def declined(rows):
    """Every tenth patient has no score and a reason, every fifteenth no label."""
    at = pl.col("patient_id")
    return rows.with_columns(
        score=pl.when(at % 10 != 0).then(pl.col("score")),
        death=pl.when(at % 15 != 7).then(pl.col("death")),
        why=pl.when(at % 10 == 0).then(
            pl.when(at % 20 == 0).then(pl.lit("out of range")).otherwise(pl.lit("no signal"))
        ),
    )


def numbers(body, population, metric, threshold="locked"):
    (found,) = [
        e
        for e in body["missing_data"]["estimates"]
        if (e["population"], e["metric"], e["threshold"]) == (population, metric, threshold)
    ]
    return found


def test_every_row_is_counted_somewhere(request_of, declined, valid):
    """The counts add up to the rows of the table, and every other estimate leaves the incomplete ones out."""
    body = evaluate(request_of(declined, plan=planned()))
    valid(body, "evaluation")
    found = body["missing_data"]
    parts = ("complete", "no_score", "no_label", "neither")
    assert sum(found[part] for part in parts) == found["rows"] == 600
    assert found["complete"] == body["cohort"]["n"]
    assert (found["no_score"] + found["neither"], found["primary"]) == (60, "intention_to_diagnose")


def test_no_estimate_is_no_flag(request_of, declined):
    """By intention to diagnose an event without a score is missed and a non-event is rightly not flagged."""
    body = evaluate(request_of(declined, plan=planned()))
    labelled = declined.drop_nulls("death")
    events, others = (labelled.filter(pl.col("death") == label) for label in (1, 0))
    flagged = (pl.col("score") >= 0.4).fill_null(value=False)
    sensitivity = numbers(body, "intention_to_diagnose", "sensitivity")
    specificity = numbers(body, "intention_to_diagnose", "specificity")
    assert sensitivity["n"] == events.height
    assert sensitivity["value"] == pytest.approx(events.select(flagged.mean()).item())
    assert specificity["value"] == pytest.approx(others.select((~flagged).mean()).item())
    npv = numbers(body, "intention_to_diagnose", "npv")
    unflagged = labelled.filter(~flagged)
    assert npv["value"] == pytest.approx((unflagged["death"] == 0).mean())
    protocol = numbers(body, "per_protocol", "sensitivity")
    (plain,) = [e for e in body["estimates"] if (e["metric"], e["threshold"]) == ("sensitivity", "locked")]
    assert all(protocol[key] == plain[key] for key in ("value", "low", "high", "n", "method"))


@pytest.mark.parametrize("metric", ["auroc", "sensitivity", "specificity", "ppv", "npv"])
def test_worst_and_best_case_enclose_everything(request_of, declined, metric):
    """No treatment gives less than the worst case or more than the best."""
    body = evaluate(request_of(declined, plan=planned()))
    threshold = None if metric == "auroc" else "locked"
    worst, best, plain, intended = (
        numbers(body, name, metric, threshold)["value"]
        for name in ("worst_case", "best_case", "per_protocol", "intention_to_diagnose")
    )
    assert worst < plain < best
    assert worst <= intended <= best


def test_what_is_not_carried_out_is_said(request_of, declined, valid):
    """Multiple imputation is listed, undecided with the reason, and in the methods."""
    body = evaluate(request_of(declined, plan=planned()))
    found = numbers(body, "multiple_imputation", "auroc", None)
    assert (found["value"], found["n"]) == (None, None)
    assert "needs a model of the missing values" in found["undecided"]
    assert "multiple imputation was asked for and not carried out" in body["methods"]
    small = evaluate(request_of(declined, plan=planned() | {"min_n": 601}))
    valid(small, "evaluation")
    assert {e["value"] for e in small["missing_data"]["estimates"]} == {None}
    assert {s["count"] for s in small["missing_data"]["no_estimate"]} == {None}


def test_worst_case_sensitivity_can_be_a_criterion(request_of, declined, valid):
    """A criterion names the treatment; one that the plan does not ask for is undecided."""
    criteria = [
        criterion("worst", "sensitivity", ">=", 0.2, "lower", population="worst_case"),
        criterion("too-high", "sensitivity", ">=", 0.99, "lower", population="worst_case"),
    ]
    body = evaluate(request_of(declined, plan=planned(criteria)))
    valid(body, "evaluation")
    worst = body["criteria"][0]
    assert (worst["outcome"], worst["population"]) == ("met", "worst_case")
    assert worst["value"] == numbers(body, "worst_case", "sensitivity")["value"]
    assert "of sensitivity by worst_case" in worst["message"]
    assert outcome(body, "too-high") == "unmet"
    bare = evaluate(request_of(declined, plan=planned(criteria, sensitivity_analyses=["per_protocol"])))
    assert outcome(bare, "worst") == "undecided"
    assert "asks for no such result by worst_case" in bare["criteria"][0]["message"]


def test_rejects_are_counted_by_reason_and_subgroup(request_of, declined, valid):
    """Reasons, the share of declined rows in each level, and rows that break the link of reason and score."""
    broken = declined.with_columns(
        why=pl.when(pl.col("patient_id") == 1000).then(None).otherwise(pl.col("why")),
        score=pl.when(pl.col("patient_id") == 1010).then(0.5).otherwise(pl.col("score")),
    )
    body = evaluate(request_of(broken, plan=planned(reject_column="why")))
    valid(body, "evaluation")
    found = body["missing_data"]["rejects"]
    assert {item["name"]: item["count"] for item in found["reasons"]} == {
        "no signal": 30,
        "out of range": 29,
    }
    assert (found["without_reason"], found["with_score"]) == (1, 1)
    overall, *by = body["missing_data"]["no_estimate"]
    assert (overall["count"], overall["n"], overall["cohort"]) == (59, 600, {})
    sexes = [item for item in by if "gender" in item["cohort"]]
    assert sum(item["count"] for item in sexes) == 59
    race = {item["cohort"]["race"]: item["count"] for item in by if "race" in item["cohort"]}
    assert race["a"] is race["b"] is None


def test_missing_inputs_are_those_of_the_cohort(request_of, rows, tmp_path, valid):
    """Each input of the model over the locked cohort alone; one that the table lacks has a reason."""
    features = pl.DataFrame({"patient_id": range(900, 1600)}).with_columns(
        age=pl.when(pl.col("patient_id") % 4 != 0).then(50.0),
        sodium=pl.lit(140.0),
    )
    features.write_parquet(tmp_path / "features.parquet")
    table = ProfiledTable("features", "datasets/features/1", tmp_path / "features.parquet")
    request = request_of(plan=planned(), profiled=(table,), model_inputs=("age", "sodium", "lactate"))
    body = evaluate(request)
    valid(body, "evaluation")
    age, sodium, lactate = body["missing_data"]["inputs"]
    assert (age["count"], age["n"], age["share"]) == (150, 600, 0.25)
    assert (sodium["count"], lactate["count"]) == (0, None)
    assert lactate["undecided"] == "features.parquet has no column 'lactate'"
    (alone,) = evaluate(request_of(plan=planned(), model_inputs=("age",)))["missing_data"]["inputs"]
    assert alone["undecided"] == "no features table with patient_id"


def test_a_hidden_level_does_not_come_back_here(request_of, rows, valid):
    """A level that another axis would give away is hidden among the subgroups, and so among the rejects."""
    # Sites S0 and S1 are region north, S2 and S3 south; S0 has few patients, so S1 is hidden to protect it,
    # and with the regions known both would follow from one of them.
    at = pl.int_range(pl.len())
    site = pl.when(at < 5).then(pl.lit("S0")).when(at < 200).then(pl.lit("S1")).otherwise(pl.lit("S2"))
    table = rows.with_columns(site=site, why=pl.lit(None, dtype=pl.String)).with_columns(
        region=pl.when(at < 200).then(pl.lit("north")).otherwise(pl.lit("south"))
    )
    axes = [{"axis": "site", "column": "site"}, {"axis": "region", "column": "region"}]
    plan = planned(reject_column="why") | {"subgroups": axes, "criteria": PLAN["criteria"][:1]}
    plan["operating_points"] = plan["operating_points"][:1]
    body = evaluate(request_of(table, plan=plan))
    valid(body, "evaluation")
    hidden = {(g["axis"], g["level"]) for g in body["subgroups"] if g["suppressed"]}
    assert ("site", "S0") in hidden
    assert len(hidden) > 1
    shown = body["missing_data"]["no_estimate"] + body["missing_data"]["rejects"]["rejected"]
    for axis, level in hidden:
        cells = [item for item in shown if item["cohort"] == {axis: level}]
        assert cells
        assert {(item["count"], item["n"], item["share"]) for item in cells} == {(None, None, None)}
