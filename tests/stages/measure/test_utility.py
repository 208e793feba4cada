"""Precision over recall, decision curve, predictive values, and levels against the rest."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from muniment.measure.cohorts import Counts, OperatingPoint, flagged, levels
from muniment.measure.contingency import net_benefit, ppv_at, treat_all
from muniment.measure.deltas import deltas
from muniment.measure.kernel import Keys, Scale, keyed, scale_of
from muniment.measure.prepare import LABEL, SCORE, TableSpec, prepare
from muniment.measure.utility import RANGE, decision, precision_recall, predictive_values


def cohort(n: int = 500, seed: int = 0, digits: int | None = None) -> tuple[Keys, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.random(n) if digits is None else rng.random(n).round(digits)
    frame = keyed(pl.DataFrame({LABEL: rng.random(n) < score, SCORE: score}), Scale()).sort("key")
    return Keys(frame["key"].to_numpy(), Scale()), frame[LABEL].to_numpy(), frame[SCORE].to_numpy()


@pytest.mark.parametrize("digits", [None, 2, 1])
def test_precision_and_recall_are_scikit_learns(digits):
    """Every point is one of scikit-learn's curve; with all thresholds its steps sum to average precision."""
    keys, label, score = cohort(150, 1, digits)
    precision, recall, thresholds = precision_recall_curve(label, score)
    theirs = dict(zip(thresholds, zip(precision[:-1], recall[:-1], strict=True), strict=True))
    points = precision_recall(keys, 1)
    for point in points:
        at = min(theirs, key=lambda t, point=point: abs(t - point["threshold"]))
        assert (point["precision"], point["recall"]) == pytest.approx(theirs[at])
    steps = np.diff([0.0, *(point["recall"] for point in points)])
    area = sum(step * point["precision"] for step, point in zip(steps, points, strict=True))
    assert area == pytest.approx(average_precision_score(label, score))
    assert points[-1]["precision"] == pytest.approx(label.mean())


def test_few_rows_stand_behind_no_point():
    """At least `min_n` rows are called at every point, and lie between two points."""
    keys, label, _ = cohort(300, 2)
    called = [point["recall"] * label.sum() / point["precision"] for point in precision_recall(keys, 25)]
    assert min(np.diff([0.0, *called])) >= 25 - 1e-6


def test_the_decision_curve_is_net_benefit_at_each_threshold():
    """Model and treat-all by the two formulae on scikit-learn's table, threshold by threshold."""
    keys, label, score = cohort(800, 3, 2)
    points = decision(keys, 0.95, 10)
    assert len(points) <= 49
    assert points[0]["threshold"] >= RANGE[0]
    for point in points:
        t = point["threshold"]
        tn, fp, fn, tp = (int(v) for v in confusion_matrix(label, score >= t).ravel())
        expected = net_benefit(Counts(tp, fp, fn, tn), t, 0.95)
        everybody = treat_all(int(label.sum()), 800, t, 0.95)
        assert (point["model"], point["model_low"], point["model_high"]) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )
        assert point["all"] == pytest.approx(everybody.value)
        assert point["model"] == pytest.approx(tp / 800 - fp / 800 * t / (1 - t))


def test_thresholds_that_few_rows_tell_apart_are_left_out():
    """Rows between two points, above the last and below the first are `min_n` at least, or none."""
    keys, _, score = cohort(120, 4)
    points = decision(keys, 0.95, 10)
    called = [int((score >= point["threshold"]).sum()) for point in points]
    gaps = -np.diff([120, *called, 0])
    assert all(gap == 0 or gap >= 10 for gap in gaps)
    assert len(points) < 49


def test_no_decision_curve_without_probabilities():
    """Scores outside [0, 1], low scores for the event, and few rows have none."""
    rng = np.random.default_rng(5)
    frame = pl.DataFrame({LABEL: rng.random(50) < 0.5, SCORE: rng.normal(size=50)})
    scale = scale_of(frame)
    assert decision(Keys(keyed(frame, scale)["key"].sort().to_numpy(), scale), 0.95, 10) == []
    keys, _, _ = cohort(50)
    assert decision(keys, 0.95, 10, lower_is_positive=True) == []
    assert decision(keys, 0.95, 51) == []


def test_predictive_values_over_prevalences():
    """Mercaldo's values at each prevalence, PPV rising and NPV falling; none where a ratio has none."""
    counts = Counts(80, 30, 20, 170)
    points = predictive_values(counts, 0.95, 10)
    for point in points:
        assert point["ppv"] == pytest.approx(ppv_at(counts, point["prevalence"], 0.95).value)
        assert point["ppv_low"] < point["ppv"] < point["ppv_high"]
        assert point["npv_low"] < point["npv"] < point["npv_high"]
    assert (np.diff([p["ppv"] for p in points]) > 0).all()
    assert (np.diff([p["npv"] for p in points]) < 0).all()
    assert predictive_values(Counts(80, 0, 20, 170), 0.95, 10) == []


def grouped(sizes: dict[str, int]):
    rng = np.random.default_rng(6)
    names = np.repeat(list(sizes), list(sizes.values()))
    score = rng.random(len(names))
    table = pl.DataFrame({"y": rng.random(len(names)) < score, "s": score, "g": names})
    points = [OperatingPoint("p", 0.5)]
    prepared = flagged(prepare(table.lazy(), TableSpec("y", "s", by=("g",))), points)
    return levels(prepared, ("g",), points, 10)


def test_a_rest_that_is_too_small_is_not_compared():
    """A level with everybody in it, or with a handful outside, has a reason and no number."""
    assert {d["undecided"] for d in deltas(grouped({"a": 60}), "p", 0.95, 10)[0]} == {
        "the axis has no other level"
    }
    # A minimum of 30 for the rest alone: the levels themselves are shown from ten on.
    first, second = deltas(grouped({"a": 80, "b": 20}), "p", 0.95, 30)
    assert {d["undecided"] for d in first} == {"the rest has fewer than 30 rows"}
    assert all(d["difference"] is None and d["n_rest"] is None for d in first)
    assert second[0]["n_rest"] == 80


def test_a_hidden_level_has_no_difference():
    """Small levels and those that protect them show nothing; the others compare with all of them together."""
    cohorts = grouped({"a": 4, "b": 20, "c": 100, "d": 90})
    found = dict(zip("abcd", deltas(cohorts, "p", 0.95, 10), strict=True))
    assert all(d["value"] is None and d["n"] is None for level in "ab" for d in found[level])
    assert found["c"][0]["n_rest"] == 4 + 20 + 90
