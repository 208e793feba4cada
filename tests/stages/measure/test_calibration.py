"""Calibration and accuracy of probabilities, against scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.metrics import brier_score_loss, log_loss

from muniment.measure import calibration as module
from muniment.measure.calibration import METRICS, calibration, recalibrated
from muniment.measure.kernel import Keys, Scale


def keys_of(labels, scores) -> Keys:
    scores = np.asarray(scores, np.float64) + 0.0
    labels = np.asarray(labels, np.uint64)
    if (scores < 0).any():
        distinct, codes = np.unique(scores, return_inverse=True)
        return Keys(np.sort(codes.astype(np.uint64) * np.uint64(2) + labels), Scale(distinct))
    return Keys(np.sort(scores.view(np.uint64) * np.uint64(2) + labels), Scale())


def generated(seed=0, n=2000, slope=0.7, offset=-0.4):
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.5, n)
    labels = rng.random(n) < special.expit(offset + slope * logit)
    return labels, special.expit(logit).round(6)


def fitted(labels, scores):
    """Maximum likelihood by SciPy, with standard errors from the information matrix."""
    logit = special.logit(scores)

    def loss(beta, x):
        linear = beta[0] + x
        return np.logaddexp(0, linear).sum() - linear[labels].sum()

    large = optimize.minimize_scalar(lambda a: loss([a], logit), bounds=(-9, 9), method="bounded",
                                     options={"xatol": 1e-12}).x  # fmt: skip
    both = optimize.minimize(lambda b: loss([b[0]], b[1] * logit), [0.0, 1.0], method="BFGS", tol=1e-12).x
    weight = special.expit(large + logit)
    p = special.expit(both[0] + both[1] * logit)
    design = np.column_stack([np.ones_like(logit), logit])
    information = design.T @ (design * (p * (1 - p))[:, None])
    return large, (weight * (1 - weight)).sum() ** -0.5, both[1], np.linalg.inv(information)[1, 1] ** 0.5


def test_accuracy_agrees_with_scikit_learn():
    """Brier score and log loss are scikit-learn's, with the interval of a mean."""
    labels, scores = generated()
    found = calibration(keys_of(labels, scores), 0.95)
    assert found["brier"].value == pytest.approx(brier_score_loss(labels, scores), abs=1e-12)
    assert found["log_loss"].value == pytest.approx(log_loss(labels, scores), abs=1e-12)
    squared = (scores - labels) ** 2
    reach = 1.959963984540054 * squared.std(ddof=1) / np.sqrt(len(squared))
    assert found["brier"].high - found["brier"].value == pytest.approx(reach)


def test_documented_toy_example():
    """scikit-learn's documented values: Brier 0.0375, log loss 0.21616."""
    brier = calibration(keys_of([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]), 0.95)["brier"]
    loss = calibration(keys_of([1, 0, 0, 1], [0.9, 0.1, 0.2, 0.65]), 0.95)["log_loss"]
    assert brier.value == pytest.approx(0.0375)
    assert loss.value == pytest.approx(0.21616, abs=5e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_recalibration_is_the_maximum_of_the_likelihood(seed):
    """Intercept and slope with their Wald intervals are what another optimiser finds."""
    labels, scores = generated(seed)
    large, large_error, slope, slope_error = fitted(labels, scores)
    found = calibration(keys_of(labels, scores), 0.95)
    for name, value, error in (
        ("calibration_intercept", large, large_error),
        ("calibration_slope", slope, slope_error),
    ):
        assert found[name].value == pytest.approx(value, abs=1e-5)
        assert found[name].high - found[name].low == pytest.approx(2 * 1.959963984540054 * error, rel=1e-5)


def test_oe_ratio_is_observed_over_expected():
    """Observed over expected, and a log-normal interval with the published standard error."""
    labels, scores = generated()
    found = calibration(keys_of(labels, scores), 0.95)["oe_ratio"]
    assert found.value == pytest.approx(labels.sum() / scores.sum())
    error = np.sqrt((1 - labels.mean()) / labels.sum())
    assert np.log(found.high / found.low) == pytest.approx(2 * 1.959963984540054 * error)


@pytest.mark.parametrize(
    ("labels", "scores", "undecided"),
    [
        ([0, 1, 0, 1], [0.2, 0.7, 0.1, 1.2], set(METRICS)),
        ([0, 1, 0, 1], [-0.2, 0.7, 0.1, 0.2], set(METRICS)),
        ([1, 1, 1], [0.2, 0.7, 0.1], {"calibration_intercept", "calibration_slope"}),
        ([0, 0, 0], [0.2, 0.7, 0.1], {"calibration_intercept", "calibration_slope", "oe_ratio"}),
        ([0, 1, 0, 1], [0.0, 1.0, 0.4, 0.6], {"calibration_intercept", "calibration_slope"}),
        ([1, 1, 0, 1], [0.0, 1.0, 0.4, 0.6], {"calibration_intercept", "calibration_slope", "log_loss"}),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], {"calibration_slope"}),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], {"calibration_slope"}),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_says_why(labels, scores, undecided):
    """Not a probability, one class, no logit, equal scores, separation: a reason instead of a number."""
    found = calibration(keys_of(labels, scores), 0.95)
    assert {name for name, result in found.items() if result.undecided} == undecided
    for result in found.values():
        assert (result.value is None) == bool(result.undecided)


def test_low_scores_for_the_event_are_no_probabilities():
    """With the orientation turned round nothing about calibration is said."""
    found = calibration(keys_of([0, 1, 0], [0.1, 0.2, 0.3]), 0.95, lower_is_positive=True)
    assert all(result.undecided for result in found.values())


def far_off(seed, n, slope=0.7, offset=-0.4, scale=1.5):
    """Outcomes that follow the scores' logits, and scores that may be far from saying so."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, scale, n)
    return rng.random(n) < special.expit(offset + slope * logit), special.expit(logit)


COHORTS = [
    *(generated(seed, n) for seed, n in ((1, 40), (2, 300), (3, 1200), (4, 7))),
    # Confidence that is not deserved, scores that mean the contrary, hardly any events, no information.
    *(
        far_off(*each)
        for each in ((5, 400, 0.05, 0.0, 9.0), (6, 500, -1.0), (7, 900, 1.0, -5.0), (8, 300, 0.0))
    ),
    ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
    ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]),
    ([1, 1, 1], [0.2, 0.7, 0.1]),
    ([0, 1, 0, 1], [0.0, 1.0, 0.4, 0.6]),
    ([0, 1, 0, 1], [0.2, 0.7, 0.1, 1.2]),
    ([], []),
]


@pytest.mark.parametrize("block", [1 << 15, 1000, 1])
def test_cohorts_together_have_the_bits_of_each_alone(monkeypatch, block):
    """Whoever is fitted beside a cohort, and in whatever order, its calibration has the same bits."""
    cohorts = [keys_of(*cohort) for cohort in COHORTS]
    alone = [calibration(keys, 0.95) for keys in cohorts]
    monkeypatch.setattr(module, "BLOCK", block)
    for order in (1, -1):
        fits = recalibrated(cohorts[::order], 0.95)[::order]
        found = [calibration(keys, 0.95, fit=fit) for keys, fit in zip(cohorts, fits, strict=True)]
        assert found == alone
    assert sum(fit is not None for fit in fits) == len(cohorts) - 2


@pytest.mark.parametrize("index", [4, 5, 6, 7])
def test_scores_that_are_far_off_are_fitted(index):
    """Where the scores are far from right the fit still ends at the maximum of the likelihood."""
    labels, scores = COHORTS[index]
    large, large_error, slope, slope_error = fitted(labels, scores)
    found = calibration(keys_of(labels, scores), 0.95)
    for name, value, error in (
        ("calibration_intercept", large, large_error),
        ("calibration_slope", slope, slope_error),
    ):
        assert found[name].value == pytest.approx(value, abs=1e-4)
        assert found[name].high - found[name].low == pytest.approx(2 * 1.959963984540054 * error, rel=1e-4)
