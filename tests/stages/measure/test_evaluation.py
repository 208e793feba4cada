"""Running a locked plan: exactly it, to the same bytes."""

import json

import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import MeasureRequest, evaluate, measure_table
from muniment.measure import evaluation_bytes as as_bytes
from support.plans import PLAN, criterion


def test_shape_is_valid(request_of, valid):
    """The body follows the published schema, inputs with their rows."""
    body = evaluate(request_of())
    valid(body, "evaluation")
    assert body["inputs"][0]["rows"] == 600
    assert body["seed"] == "ab" * 32


def test_numbers_are_those_of_measure(request_of, tmp_path):
    """The evaluation says what `measure` says of the same table."""
    body = evaluate(request_of())
    alone = measure_table(
        MeasureRequest(
            str(tmp_path / "predictions.parquet"), "death", "score", thresholds=(0.4,), by=(("sex",),)
        )
    )
    drawn = ("ece", "ici", "e50", "e90")
    mine = {
        e["metric"]: (e["value"], e["low"])
        for e in body["estimates"]
        if e["threshold"] != "by-sex" and e["metric"] not in drawn
    }
    theirs = [e.as_json() for e in alone.estimates if e.metric not in drawn]
    assert mine == {e["metric"]: (e["value"], e["low"]) for e in theirs if not e["cohort"]}
    (female,) = [g for g in body["subgroups"] if (g["axis"], g["level"]) == ("gender", "female")]
    expected = [e["value"] for e in theirs if e["cohort"] == {"sex": "female"}]
    found = [e for e in female["estimates"] if e["metric"] not in drawn and e["threshold"] != "by-sex"]
    assert [e["value"] for e in found] == expected


def test_calibration_errors_are_those_of_measure_with_the_seed_of_the_plan(request_of, tmp_path):
    """The SHA-256 of the plan, folded, is the seed; the number of replicates is the plan's."""
    digest = "0123456789abcdef" + "00" * 16 + "ffffffffffffffff"
    body = evaluate(request_of(plan_sha256=digest))
    alone = measure_table(
        MeasureRequest(
            str(tmp_path / "predictions.parquet"),
            "death",
            "score",
            bootstrap=200,
            seed=0x0123456789ABCDEF ^ 0xFFFFFFFFFFFFFFFF,
        )
    )
    drawn = ("ece", "ici", "e50", "e90")
    theirs = [e.as_json() for e in alone.estimates if e.metric in drawn]
    assert [e for e in body["estimates"] if e["metric"] in drawn] == theirs
    assert all(e["low"] <= e["value"] <= e["high"] for e in theirs)
    flexible = body["curves"]["flexible"]
    assert (flexible["replicates"], flexible["seed"], flexible["lost"]) == (200, "fedcba9876543210", 0)
    for group in body["subgroups"]:
        assert all(e["value"] is None for e in group["estimates"] if e["metric"] in drawn)


def test_a_plan_that_names_no_number_of_replicates_gets_a_thousand(request_of):
    """The number is stated where the curve is, and in the methods."""
    plan = PLAN | {"interval": {k: v for k, v in PLAN["interval"].items() if k != "replicates"}}
    body = evaluate(request_of(plan=plan))
    assert body["curves"]["flexible"]["replicates"] == 1000
    assert "of 1000 bootstrap replicates" in body["methods"]


def test_the_plan_states_range_and_prevalence(request_of, valid):
    """The decision curve keeps to the plan's thresholds; predictive values stand at its prevalence."""
    body = evaluate(request_of(plan=PLAN | {"utility": {"thresholds": [0.2, 0.5], "prevalence": 0.1}}))
    valid(body, "evaluation")
    thresholds = [point["threshold"] for point in body["curves"]["decision"]]
    assert 0.2 == thresholds[0] < 0.45 < thresholds[-1] <= 0.5
    found = [e for e in body["estimates"] if e["metric"] == "ppv_at_prevalence"]
    assert [(e["threshold"], e["prevalence"]) for e in found] == [("locked", 0.1), ("by-sex", 0.1)]
    with pytest.raises(UnreadableInput, match="no range below 1"):
        evaluate(request_of(plan=PLAN | {"utility": {"thresholds": [0.5, 0.2]}}))


def test_curves_agree_with_each_other(request_of):
    """Precision and recall stand at the ROC's thresholds; net benefit at the locked one is the estimate."""
    body = evaluate(request_of())
    curves, events = body["curves"], body["cohort"]["events"]
    others = 600 - events
    assert len(curves["precision_recall"]) == len(curves["roc"]) - 1
    for roc, point in zip(curves["roc"][1:], curves["precision_recall"], strict=True):
        tp, fp = roc["tpr"] * events, roc["fpr"] * others
        assert (point["threshold"], point["recall"]) == (roc["threshold"], roc["tpr"])
        assert point["precision"] == pytest.approx(tp / (tp + fp))
    (at,) = [point for point in curves["decision"] if point["threshold"] == 0.4]
    (benefit,) = [e for e in body["estimates"] if (e["metric"], e["threshold"]) == ("net_benefit", "locked")]
    assert (at["model"], at["model_low"], at["model_high"]) == (
        benefit["value"],
        benefit["low"],
        benefit["high"],
    )
    assert at["all"] == pytest.approx(events / 600 - others / 600 * 0.4 / 0.6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_n": None}, "cannot be run"),
        ({"criteria": [criterion("c", "auroc", "~", 1, "point")]}, "operator '~'"),
        ({"criteria": [criterion("c", "auroc", "within", 1, "point")]}, "cannot be run"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(request_of, change, message):
    """A plan is run whole or not at all."""
    with pytest.raises(UnreadableInput, match=message):
        evaluate(request_of(plan=PLAN | change))
    with pytest.raises(UnreadableInput, match="no field 'interval'"):
        evaluate(request_of(plan={k: v for k, v in PLAN.items() if k != "interval"}))
    with pytest.raises(UnreadableInput, match="no operating point 'other'"):
        evaluate(request_of(operating_point="other"))


def test_a_rerun_gives_the_same_bytes_whatever_the_order_of_rows(request_of, rows):
    """Rows, members and membership in any order and chunking: one evaluation."""
    once = as_bytes(evaluate(request_of()))
    shuffled = rows.sample(fraction=1, shuffle=True, seed=4)
    chunked = pl.concat([shuffled[k * 50 : k * 50 + 50] for k in range(12)], rechunk=False)
    assert as_bytes(evaluate(request_of(chunked, members=shuffled.select("patient_id")))) == once
    assert once.endswith(b"}\n")
    assert json.loads(once)["cohort"]["rows"] == 600
