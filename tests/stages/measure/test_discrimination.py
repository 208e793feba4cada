"""Area under the ROC curve and DeLong's variance, against definitions and scikit-learn."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from muniment.measure import discrimination, kernel
from muniment.measure.discrimination import Contrast, auroc, newcombe_auroc, paired, unpaired
from muniment.measure.kernel import RankState, all_keys, fold, keyed, scale_of


def state_of(labels, scores) -> RankState:
    frame = pl.DataFrame(
        {
            "label": pl.Series([bool(label) for label in labels], dtype=pl.Boolean),
            "score": pl.Series(scores, dtype=pl.Float64) + 0.0,
        }
    )
    scale = scale_of(frame)
    return fold(all_keys(keyed(frame, scale), scale).values)


def by_definition(labels, scores):
    """The area and the variances of the placements from all pairs, O(P·N)."""
    labels, scores = np.asarray(labels, bool), np.asarray(scores, float)
    wins = (scores[labels][:, None] > scores[~labels]) + 0.5 * (scores[labels][:, None] == scores[~labels])
    return wins.mean(), wins.mean(axis=1).var(ddof=1), wins.mean(axis=0).var(ddof=1), wins


def generated(seed, n, digits=None, shift=0.0):
    rng = np.random.default_rng(seed)
    scores = rng.random(n)
    labels = rng.random(n) < scores
    labels[:2], labels[2:4] = True, False
    return labels, (scores if digits is None else scores.round(digits)) + shift


@pytest.mark.parametrize("shift", [0.0, -0.5, -3.0, 100.0])
@pytest.mark.parametrize("digits", [None, 3, 1, 0])
def test_state_is_what_the_definition_gives(digits, shift):
    """Area and both variances are those of all pairs: tied or not, below zero or above one."""
    labels, scores = generated(3, 700, digits, shift)
    state = state_of(labels, scores)
    area, s10, s01, _ = by_definition(labels, scores)
    assert state.twice_u / (2 * state.positives * state.negatives) == pytest.approx(area, abs=1e-14)
    assert (state.s10, state.s01) == pytest.approx((s10, s01), rel=1e-11)
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=1e-14)


@pytest.mark.parametrize("block", [1, 2, 7, 64])
@pytest.mark.parametrize("digits", [None, 2, 0])
def test_block_size_changes_no_number(monkeypatch, block, digits):
    """A tie across the end of a block, or longer than one, is counted as one tie."""
    labels, scores = generated(5, 500, digits)
    whole = state_of(labels, scores)
    monkeypatch.setattr(kernel, "BLOCK", block)
    cut = state_of(labels, scores)
    assert (cut.positives, cut.negatives, cut.twice_u) == (whole.positives, whole.negatives, whole.twice_u)
    assert (cut.s10, cut.s01) == pytest.approx((whole.s10, whole.s01), rel=1e-12)


def test_delong_interval_is_the_wald_interval_of_the_placements():
    """Value plus and minus 1.96 standard errors, from the definition."""
    labels, scores = generated(11, 400)
    area, s10, s01, _ = by_definition(labels, scores)
    error = np.sqrt(s10 / labels.sum() + s01 / (~labels).sum())
    result = auroc(state_of(labels, scores), 0.95)
    reach = stats.norm.ppf(0.975) * error
    assert (result.value, result.low, result.high) == pytest.approx((area, area - reach, area + reach))
    assert result.method == "delong"


def test_documented_toy_example():
    """scikit-learn's documented example has an area of 0.75."""
    assert auroc(state_of([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.95).value == 0.75


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([], "no rows"),
        ([1, 1, 1], "one class only"),
        ([0, 0, 0], "one class only"),
        ([1, 0, 0], "one event only"),
        ([1, 1, 0], "one non-event only"),
    ],
)
def test_too_few_cases_are_undecided(labels, reason):
    """One class gives a reason, never 0.0 or 0.5; one case of a class has no variance to tell."""
    result = auroc(state_of(labels, [0.5] * len(labels)), 0.95)
    assert (result.value, result.low, result.high, result.undecided) == (None, None, None, reason)


@pytest.mark.parametrize(
    ("scores", "value"), [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0), ([0.5] * 4, 0.5)]
)
def test_a_collapsed_interval_is_replaced_and_named(scores, value):
    """Complete separation and all scores tied do not claim certainty."""
    result = auroc(state_of([0, 0, 1, 1], scores), 0.95)
    assert result.value == value
    assert result.method == "newcombe-auroc"
    assert result.high - result.low > 0.2


def test_newcombe_limits_are_a_critical_value_away():
    """Each limit is 1.96 of its own standard errors from the area (Newcombe 2006, method 5)."""
    low, high = newcombe_auroc(0.8, 12, 30, 0.95)
    for theta in (low, high):
        spread = 1 + (21 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        error = np.sqrt(theta * (1 - theta) * spread / (12 * 30))
        assert abs(theta - 0.8) / error == pytest.approx(1.959964, abs=1e-6)


def test_infinite_scores_rank_like_any_other():
    """Infinity is a score above all, and minus infinity one below all."""
    labels = [0, 1, 0, 1, 1, 0]
    scores = [-np.inf, np.inf, 0.5, 0.7, 0.5, np.inf]
    state = state_of(labels, scores)
    assert state.twice_u / (2 * 3 * 3) == pytest.approx(by_definition(labels, np.array(scores))[0])


def test_minus_zero_ties_with_zero():
    """-0.0 and 0.0 are one score."""
    assert state_of([1, 1, 0, 0], [-0.0, 0.0, -0.0, 0.0]).twice_u == 4


def test_products_of_counts_do_not_wrap():
    """100,000 events by 100,000 non-events exceeds 32 bits and stays exact."""
    n = 100_000
    state = state_of([True] * n + [False] * n, np.concatenate([np.full(n, 0.9), np.full(n, 0.1)]))
    assert state.twice_u == 2 * n * n


def test_paired_comparison_is_what_the_definition_gives():
    """Difference, standard error and p are those of the covariance of the placements."""
    labels, a = generated(7, 300)
    b = np.clip(a + np.random.default_rng(8).normal(0, 0.3, 300), 0, 1).round(2)
    area_a, _, _, wins_a = by_definition(labels, a)
    area_b, _, _, wins_b = by_definition(labels, b)
    variance = sum(
        np.cov(wins_a.mean(axis=axis), wins_b.mean(axis=axis)) / count
        for axis, count in ((1, labels.sum()), (0, (~labels).sum()))
    )
    error = np.sqrt(variance[0, 0] + variance[1, 1] - 2 * variance[0, 1])
    found = paired(labels, a, b, 0.95)
    assert isinstance(found, Contrast)
    assert (found.a, found.b) == pytest.approx((area_a, area_b))
    assert found.difference.value == pytest.approx(area_a - area_b)
    assert found.difference.high - found.difference.low == pytest.approx(2 * 1.959963984540054 * error)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(area_a - area_b) / error), rel=1e-9)


@pytest.mark.parametrize("block", [1, 7, 1 << 15])
@pytest.mark.parametrize("digits", [None, 2, 1])
def test_paired_variance_is_rounded_once(monkeypatch, block, digits):
    """The standard error is that of whole numbers summed without rounding, in blocks of any size."""
    labels, a = generated(11, 400, digits)
    b = np.clip(a + np.random.default_rng(12).normal(0, 0.3, 400), 0, 1).round(2)
    monkeypatch.setattr(discrimination, "BLOCK", block)
    variance = Fraction(0)
    wins = [4 * by_definition(labels, scores)[3] for scores in (a, b)]
    for axis in (1, 0):
        others = wins[0].shape[axis]
        apart = [Fraction(int(x), 4 * others) for x in (wins[0] - wins[1]).sum(axis=axis)]
        mean = sum(apart) / len(apart)
        variance += sum((x - mean) ** 2 for x in apart) / (len(apart) - 1) / len(apart)
    found = paired(labels, a, b, 0.95)
    assert isinstance(found, Contrast)
    assert found.z == pytest.approx((found.a - found.b) / float(variance) ** 0.5, rel=4e-16)


def test_moments_do_not_wrap():
    """Squares that together exceed 64 bits are summed exactly."""
    values = np.random.default_rng(1).integers(-(2**39), 2**39, 70_000)
    assert discrimination._moments(values) == (
        sum(map(int, values)),
        sum(int(value) ** 2 for value in values),
    )


def test_identical_rankings_do_not_differ():
    """The same scores, also rescaled, give z = 0 and p = 1."""
    labels, a = generated(9, 200, 2)
    for b in (a, np.exp(5 * a)):
        found = paired(labels, a, b, 0.95)
        assert isinstance(found, Contrast)
        assert (found.difference.value, found.z, found.p) == (0.0, 0.0, 1.0)


def test_unpaired_variances_add():
    """Two independent cohorts: the interval is as wide as both variances together."""
    one, two = state_of(*generated(1, 300)), state_of(*generated(2, 500))
    found = unpaired(one, two, 0.95)
    assert isinstance(found, Contrast)
    widths = [auroc(state, 0.95).high - auroc(state, 0.95).low for state in (one, two)]
    assert found.difference.high - found.difference.low == pytest.approx(np.hypot(*widths))
    assert unpaired(one, state_of([1, 1], [0.1, 0.2]), 0.95) == "one class only"
