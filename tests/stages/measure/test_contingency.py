"""Ratios, indices and utility of a 2×2 table, against published values and independent references."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from muniment.measure.cohorts import Counts
from muniment.measure.contingency import (
    balanced_accuracy,
    diagnostic_odds_ratio,
    f1,
    likelihood_ratio_negative,
    likelihood_ratio_positive,
    net_benefit,
    npv_at,
    ppv_at,
    treat_all,
    youden,
)

SIMEL = Counts(tp=80, fp=10, fn=20, tn=90)
TABLES = [Counts(80, 10, 20, 90), Counts(231, 32, 27, 54), Counts(3, 40, 1, 900), Counts(12, 7, 5, 31)]


def rows(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """The rows behind a table: labels and calls."""
    label = np.repeat([1, 0, 1, 0], [counts.tp, counts.fp, counts.fn, counts.tn])
    call = np.repeat([1, 1, 0, 0], [counts.tp, counts.fp, counts.fn, counts.tn])
    return label, call


def test_likelihood_ratios_agree_with_altman_and_bland():
    """Altman and Bland 1994 (BMJ 308:1552 and 309:188), liver scans: LR+ of 2.4 and LR- of 0.17."""
    liver = Counts(tp=231, fp=32, fn=27, tn=54)
    assert likelihood_ratio_positive(liver, 0.95).value == pytest.approx(2.4, abs=0.05)
    assert likelihood_ratio_negative(liver, 0.95).value == pytest.approx(0.17, abs=0.005)


@pytest.mark.parametrize("counts", TABLES)
def test_the_ratio_of_risks_agrees_with_scipy(counts):
    """LR+ is the relative risk of a call among events: SciPy's interval is the same to nine decimals."""
    theirs = stats.contingency.relative_risk(
        counts.tp, counts.tp + counts.fn, counts.fp, counts.fp + counts.tn
    )
    bounds = theirs.confidence_interval(0.95)
    mine = likelihood_ratio_positive(counts, 0.95)
    assert (mine.value, mine.low, mine.high) == pytest.approx(
        (theirs.relative_risk, bounds.low, bounds.high), rel=1e-9
    )


@pytest.mark.parametrize("counts", TABLES)
def test_the_odds_ratio_agrees_with_scipy(counts):
    """The sample odds ratio with its log-normal interval."""
    theirs = stats.contingency.odds_ratio([[counts.tp, counts.fp], [counts.fn, counts.tn]], kind="sample")
    bounds = theirs.confidence_interval(0.95)
    mine = diagnostic_odds_ratio(counts, 0.95)
    assert (mine.value, mine.low, mine.high) == pytest.approx(
        (theirs.statistic, bounds.low, bounds.high), rel=1e-9
    )


@pytest.mark.parametrize("counts", TABLES)
def test_indices_agree_with_scikit_learn(counts):
    """Balanced accuracy and F1 of the rows themselves; Youden's index is twice the one, less one."""
    label, call = rows(counts)
    assert f1(counts, 0.95).value == pytest.approx(f1_score(label, call), rel=1e-12)
    balanced = balanced_accuracy(counts, 0.95)
    assert balanced.value == pytest.approx(balanced_accuracy_score(label, call), rel=1e-12)
    index = youden(counts, 0.95)
    assert (index.value, index.low, index.high) == pytest.approx(
        tuple(2 * x - 1 for x in (balanced.value, balanced.low, balanced.high)), rel=1e-12
    )


@pytest.mark.parametrize("counts", TABLES)
def test_every_interval_holds_its_value(counts):
    """Limits stand on both sides of the value, and a higher level is wider."""
    for statistic in (likelihood_ratio_positive, likelihood_ratio_negative, diagnostic_odds_ratio):
        narrow, wide = statistic(counts, 0.8), statistic(counts, 0.99)
        assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    for statistic in (youden, balanced_accuracy, f1):
        narrow, wide = statistic(counts, 0.8), statistic(counts, 0.99)
        assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize(("threshold", "everybody"), [(0.1, 0.04444), (0.2, -0.075), (0.3, -0.22857)])
def test_treating_everybody_agrees_with_dcurves(threshold, everybody):
    """The package dcurves prints these for its cohort of 750 with 105 events."""
    assert treat_all(105, 750, threshold, 0.95).value == pytest.approx(everybody, abs=5e-6)


def test_net_benefit_is_its_formula():
    """92 hits and 238 false calls of 750 at 0.1: 92/750 less a ninth of 238/750."""
    result = net_benefit(Counts(92, 238, 13, 407), 0.1, 0.95)
    assert result.value == pytest.approx(92 / 750 - 238 / 750 / 9, rel=1e-12)
    assert result.low < result.value < result.high


def test_the_interval_of_net_benefit_covers():
    """Over 2,000 samples of one multinomial, 95 % intervals hold the true benefit about 95 times in 100."""
    rng = np.random.default_rng(20260101)
    share, threshold = np.array([0.2, 0.15, 0.05, 0.6]), 0.3
    truth = share[0] - share[1] * threshold / (1 - threshold)
    held = 0
    for tp, fp, fn, tn in rng.multinomial(400, share, size=2000):
        result = net_benefit(Counts(int(tp), int(fp), int(fn), int(tn)), threshold, 0.95)
        held += result.low <= truth <= result.high
    assert 0.935 <= held / 2000 <= 0.965


def test_the_interval_of_f1_covers():
    """Likewise F1, whose interval is conditional on the rows that are no true negative."""
    rng = np.random.default_rng(20260102)
    share = np.array([0.12, 0.08, 0.1, 0.7])
    truth = 2 * share[0] / (2 * share[0] + share[1] + share[2])
    held = 0
    for tp, fp, fn, tn in rng.multinomial(300, share, size=2000):
        result = f1(Counts(int(tp), int(fp), int(fn), int(tn)), 0.95)
        held += result.low <= truth <= result.high
    assert 0.935 <= held / 2000 <= 0.97


def test_predictive_values_at_the_sample_prevalence_are_those_of_the_table():
    """Bayes' theorem at the table's own prevalence gives tp / (tp + fp) back."""
    for counts in TABLES:
        prevalence = (counts.tp + counts.fn) / counts.n
        assert ppv_at(counts, prevalence, 0.95).value == pytest.approx(
            counts.tp / (counts.tp + counts.fp), rel=1e-12
        )
        assert npv_at(counts, prevalence, 0.95).value == pytest.approx(
            counts.tn / (counts.tn + counts.fn), rel=1e-12
        )


def test_predictive_values_agree_with_mercaldo():
    """Mercaldo et al. 2007, the logit variance written out by hand for one table."""
    counts, prevalence = Counts(240, 87, 178, 288), 0.03
    se, sp = 240 / 418, 288 / 375
    value = se * prevalence / (se * prevalence + (1 - sp) * (1 - prevalence))
    error = math.sqrt((1 - se) / se / 418 + sp / (1 - sp) / 375)
    logit = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-(logit + z * error))) for z in (-1.959963985, 1.959963985))
    mine = ppv_at(counts, prevalence, 0.95)
    assert (mine.value, mine.low, mine.high) == pytest.approx((value, low, high), rel=1e-8)
    other = npv_at(counts, prevalence, 0.95)
    value = sp * (1 - prevalence) / (sp * (1 - prevalence) + (1 - se) * prevalence)
    error = math.sqrt(se / (1 - se) / 418 + (1 - sp) / sp / 375)
    logit = math.log(value / (1 - value))
    low, high = (1 / (1 + math.exp(-(logit + z * error))) for z in (-1.959963985, 1.959963985))
    assert (other.value, other.low, other.high) == pytest.approx((value, low, high), rel=1e-8)


@pytest.mark.parametrize(
    ("statistic", "counts", "reason"),
    [
        (likelihood_ratio_positive, Counts(0, 3, 4, 5), "a cell of the 2×2 table is zero"),
        (likelihood_ratio_positive, Counts(2, 0, 4, 5), "a cell of the 2×2 table is zero"),
        (likelihood_ratio_positive, Counts(0, 3, 0, 5), "no events"),
        (likelihood_ratio_negative, Counts(2, 0, 4, 0), "no non-events"),
        (diagnostic_odds_ratio, Counts(2, 0, 4, 5), "a cell of the 2×2 table is zero"),
        (diagnostic_odds_ratio, Counts(0, 2, 0, 5), "no events"),
        (youden, Counts(2, 0, 4, 0), "no non-events"),
        (balanced_accuracy, Counts(0, 1, 0, 2), "no events"),
        (f1, Counts(0, 0, 0, 9), "no events and no positive calls"),
    ],
)
def test_an_empty_cell_gives_a_reason(statistic, counts, reason):
    """Nothing is added to a cell to make a ratio of it."""
    result = statistic(counts, 0.95)
    assert (result.value, result.low, result.high, result.undecided) == (None, None, None, reason)


@pytest.mark.parametrize("threshold", [None, 1.0, -0.1])
def test_net_benefit_needs_a_probability(threshold):
    """Without one threshold that is a probability, harm has no weight."""
    assert net_benefit(SIMEL, threshold, 0.95).value is None


@pytest.mark.parametrize("prevalence", [0.0, 1.0, 1.5])
def test_a_prevalence_lies_between_none_and_all(prevalence):
    """Predictive values at no or full prevalence say nothing."""
    assert ppv_at(SIMEL, prevalence, 0.95).undecided == "the prevalence is not between 0 and 1"
    assert npv_at(SIMEL, prevalence, 0.95).undecided == "the prevalence is not between 0 and 1"
