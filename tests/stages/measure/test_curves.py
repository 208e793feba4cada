"""Curves: bounded, true to the rows, and without small cells."""

import numpy as np
import polars as pl
import pytest

from muniment.measure.curves import calibration_curve, histogram, roc
from muniment.measure.kernel import all_keys, keyed, scale_of


def keys_of(labels, scores):
    frame = pl.DataFrame({"label": pl.Series(labels, dtype=pl.Boolean), "score": np.asarray(scores, float)})
    scale = scale_of(frame)
    return all_keys(keyed(frame, scale), scale)


def generated(n, seed=0, digits=None):
    rng = np.random.default_rng(seed)
    scores = rng.random(n) if digits is None else rng.random(n).round(digits)
    return rng.random(n) < scores, scores


@pytest.mark.parametrize("n", [25, 300, 20_000])
@pytest.mark.parametrize("digits", [None, 1])
def test_roc_points_are_points_of_the_curve(n, digits):
    """At most 200 points from (0, 0) to (1, 1), each what its threshold gives, ten rows apart."""
    labels, scores = generated(n, 1, digits)
    points = roc(keys_of(labels, scores), 10)
    assert 2 <= len(points) <= 200
    assert points[0] == {"fpr": 0.0, "tpr": 0.0, "threshold": None}
    assert (points[-1]["fpr"], points[-1]["tpr"]) == (1.0, 1.0)
    called = [0]
    for point in points[1:]:
        flags = scores >= point["threshold"] - 1e-12
        called.append(int(flags.sum()))
        assert point["tpr"] == pytest.approx(flags[labels].mean())
        assert point["fpr"] == pytest.approx(flags[~labels].mean())
    assert min(np.diff(called)) >= 10


def test_roc_of_one_class_is_empty():
    """Without events there is no curve."""
    assert roc(keys_of([False] * 50, np.linspace(0, 1, 50)), 10) == []


def test_roc_thresholds_keep_their_side_when_low_scores_count():
    """With low scores for the event the threshold is on the scale of the table."""
    labels, scores = generated(500)
    turned = roc(keys_of(labels, -(1 - scores)), 10, lower_is_positive=True)
    assert all(0 <= point["threshold"] <= 1 for point in turned[1:])


def test_calibration_bins_hold_every_row_once():
    """Ten bins of equal size, with mean prediction, observed share and Wilson's interval."""
    labels, scores = generated(1000, 2)
    bins = calibration_curve(keys_of(labels, scores), 0.95, 10)
    assert [cell["n"] for cell in bins] == [100] * 10
    assert sum(cell["n"] * cell["predicted"] for cell in bins) == pytest.approx(scores.sum())
    assert sum(cell["n"] * cell["observed"] for cell in bins) == pytest.approx(labels.sum())
    assert all(cell["low"] <= cell["observed"] <= cell["high"] for cell in bins)


@pytest.mark.parametrize(("n", "digits"), [(45, None), (200, 1), (200, 0), (11, None)])
def test_calibration_bins_are_never_small(n, digits):
    """A bin below the minimum is merged, and ties are not torn."""
    labels, scores = generated(n, 3, digits)
    bins = calibration_curve(keys_of(labels, scores), 0.95, 10)
    assert all(cell["n"] >= 10 for cell in bins)
    assert sum(cell["n"] for cell in bins) == n
    assert len({cell["predicted"] for cell in bins}) == len(bins)


def test_calibration_curve_needs_probabilities():
    """Scores above one have no calibration curve."""
    assert calibration_curve(keys_of([True, False] * 20, np.linspace(0, 2, 40)), 0.95, 10) == []


def test_histogram_counts_every_row_and_hides_small_bins():
    """Shown bins are right, bins of one to nine rows are not shown, and not one alone is hidden."""
    labels, scores = generated(400, 4)
    scores = scores**3
    labels = np.asarray(labels)
    bins = histogram(keys_of(labels, scores), 10)
    counts = np.histogram(scores, np.arange(21) / 20)[0]
    assert len(bins) == 20
    for cell, count in zip(bins, counts, strict=True):
        assert cell["n"] in (count, None)
        assert not (cell["n"] and cell["n"] < 10)
    gone = [count for cell, count in zip(bins, counts, strict=True) if cell["n"] is None]
    assert len(gone) != 1
    assert not gone or sum(gone) >= 10


def test_histogram_spans_scores_of_any_range():
    """Scores outside [0, 1] are binned over their own range, infinite ones left out."""
    scores = np.concatenate([np.linspace(-5, 15, 500), [np.inf, -np.inf]])
    bins = histogram(keys_of([True, False] * 251, scores), 10)
    assert (bins[0]["low"], bins[-1]["high"]) == (-5.0, 15.0)
    assert sum(cell["n"] for cell in bins) == 500
