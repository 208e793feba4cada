"""Planned against achieved precision, and the sizes that the plan's assumptions ask for."""

import pytest

from muniment.errors import UnreadableInput
from muniment.measure import buderer, c_statistic, calibration_slope, evaluate
from support.plans import PLAN


def planned(targets=(), sizes=()):
    precision = {"method": "m", "assumptions": "a", "targets": list(targets)}
    return PLAN | {"analysis": {"precision": precision | ({"sizes": list(sizes)} if sizes else {})}}


def target(metric, half_width):
    return {"metric": metric, "half_width": half_width}


def test_the_half_width_stands_beside_its_target(request_of, valid):
    """Reached where the interval is no wider; at the release's operating point for a threshold metric."""
    plan = planned([target("auroc", 0.05), target("sensitivity", 0.001), target("ici", 0.5)])
    body = evaluate(request_of(plan=plan))
    valid(body, "evaluation")
    area, sensitivity, ici = body["precision"]["targets"]
    assert (area["reached"], sensitivity["reached"], ici["reached"]) == (True, False, True)
    assert (area["threshold"], sensitivity["threshold"]) == (None, "locked")
    for item in (area, sensitivity):
        assert item["achieved_half_width"] == pytest.approx((item["high"] - item["low"]) / 2, rel=1e-11)
    assert body["precision"]["sizes"] == []


def test_a_target_without_an_interval_is_undecided(request_of, rows, valid):
    """No such metric, or an estimate without value: no half width and a reason, never reached."""
    one_class = rows.with_columns(death=0)
    body = evaluate(request_of(one_class, plan=planned([target("auroc", 0.05), target("f2", 0.05)])))
    valid(body, "evaluation")
    area, unknown = body["precision"]["targets"]
    assert (area["reached"], area["undecided"]) == (None, "one class only")
    assert (unknown["reached"], unknown["undecided"]) == (None, "no such metric was measured")


def test_the_assumptions_give_a_number_of_patients(request_of, valid):
    """Buderer's and Riley's sizes of the assumptions, and whether the cohort has what each needs."""
    common = {"prevalence": 0.5, "half_width": 0.05}
    slope = {"target": "calibration_slope", "expected": 1.0, "predictor": {"mean": 0.0, "sd": 1.5}}
    sizes = [
        {"target": "sensitivity", "expected": 0.8, **common},
        {"target": "specificity", "expected": 0.9, **common},
        {"target": "auroc", "expected": 0.8, **common},
        {"target": "oe_ratio", "expected": 1.0, **common},
        {**slope, **common},
    ]
    body = evaluate(request_of(plan=planned([target("auroc", 0.05)], sizes)))
    valid(body, "evaluation")
    by = {item["target"]: item for item in body["precision"]["sizes"]}
    assert by["sensitivity"]["needed_n"] == buderer("sensitivity", 0.8, 0.1, 0.5).n
    assert by["auroc"]["needed_n"] == c_statistic(0.5, 0.8, 0.1).n
    assert by["calibration_slope"]["needed_n"] == calibration_slope(0.5, (0.0, 1.5), 0.1).n
    events = body["cohort"]["events"]
    assert {(item["n"], item["events"]) for item in by.values()} == {(600, events)}
    assert by["sensitivity"]["enough"] is (events >= by["sensitivity"]["needed_events"])
    assert by["calibration_slope"]["enough"] is False
    assert "Buderer (1996) and Riley et al. (2021)" in body["methods"]


def test_an_impossible_assumption_is_undecided(request_of, valid):
    """A sensitivity of 1.5 asks for no number of patients; the reason stands in its place."""
    size = {"target": "sensitivity", "expected": 1.5, "half_width": 0.05, "prevalence": 0.5}
    body = evaluate(request_of(plan=planned([target("auroc", 0.05)], [size])))
    valid(body, "evaluation")
    (found,) = body["precision"]["sizes"]
    assert (found["needed_n"], found["enough"]) == (None, None)
    assert found["undecided"] == "the expected value 1.5 is not between 0 and 1"
    slope = {"target": "calibration_slope", "expected": 1.0, "half_width": 0.1, "prevalence": 0.5}
    with pytest.raises(UnreadableInput, match="needs the distribution of the linear predictor"):
        evaluate(request_of(plan=planned([target("auroc", 0.05)], [slope])))
