"""Do 95 % intervals hold the truth 95 times in 100? Seeded simulations from models whose truth is known.

A share of `draws` samples is judged by its Monte-Carlo error (3.3 standard errors, once in a thousand) and by
a slack of half a percentage point for the size of the samples. Where an interval is known to cover less or
more, the bounds say how much, and so does the docstring of its function.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, stats

from muniment.measure.bootstrap import Resampling, areas, cell_replicates, interval, share
from muniment.measure.calibration import Probabilities, brier, oe_ratio, recalibration
from muniment.measure.cohorts import Counts
from muniment.measure.contingency import (
    diagnostic_odds_ratio,
    f1,
    likelihood_ratio_negative,
    likelihood_ratio_positive,
    net_benefit,
    of_tables,
    ppv_at,
    youden,
)
from muniment.measure.contributions import student
from muniment.measure.correlated import alike
from muniment.measure.discrimination import (
    Contrast,
    auroc,
    average_precision,
    clustered_auroc,
    newcombe_auroc,
    paired,
)
from muniment.measure.kernel import Keys, Scale, fold
from muniment.measure.proportions import clopper_pearson, paired_difference, wilson
from muniment.measure.ranks import rank_correlations
from muniment.measure.result import Result
from muniment.measure.units import Units, clustered_proportion

pytestmark = pytest.mark.slow
LEVEL, SLACK = 0.95, 0.005
ABOVE_ZERO = 20.0
"""Added to normal scores: keys are bits where no score is below zero, and only ranks matter."""


def coverage(draw: Callable[[np.random.Generator], tuple[Result, float]], draws: int, seed: int) -> float:
    """Share of samples whose interval holds the truth; `draw` gives an interval and the truth."""
    held = 0
    for number in range(draws):
        found, truth = draw(np.random.default_rng([seed, number]))
        held += found.low is not None and found.high is not None and found.low <= truth <= found.high
    return held / draws


def nominal(found: float, draws: int) -> bool:
    return abs(found - LEVEL) <= 3.3 * math.sqrt(LEVEL * (1 - LEVEL) / draws) + SLACK


def keys(labels, scores) -> Keys:
    codes = (scores + ABOVE_ZERO).view(np.uint64)
    return Keys(np.sort(codes * np.uint64(2) + labels.astype(np.uint64)), Scale())


def binormal(rng, events, others, distance):
    labels = np.repeat([True, False], [events, others])
    return labels, rng.normal(0, 1, events + others) + distance * labels


def binormal_area(distance, spread=1.0):
    return float(stats.norm.cdf(distance / (math.sqrt(2) * spread)))


def patients(rng, count, rows, distance):
    """`count` patients with `rows` each, all rows of one with one label, and half of the variance theirs."""
    labels = np.repeat(np.arange(count) < count // 2, rows)
    scores = np.repeat(rng.normal(0, 1, count), rows) + rng.normal(0, 1, count * rows) + distance * labels
    codes = np.repeat(np.arange(count), rows)
    order = np.lexsort((labels, scores))
    return keys(labels, scores), Units(codes[order], count, {})


def precision_area(prevalence, distance):
    """Average precision of the binormal model, by quadrature over the threshold."""

    def part(t):
        hit, false = prevalence * stats.norm.sf(t - distance), (1 - prevalence) * stats.norm.sf(t)
        return hit / (hit + false) * stats.norm.pdf(t - distance)

    return integrate.quad(part, -10, 12, limit=400)[0]


def table(rng, share_of_cells, n):
    return Counts(*(int(cell) for cell in rng.multinomial(n, share_of_cells)))


# Proportions: summed exactly over the binomial distribution, nothing drawn.


def exact_coverage(limits, n, shares):
    """Probability that the limits hold each of `shares`, shape (shares,)."""
    low, high = np.array([limits(k, n, LEVEL) for k in range(n + 1)]).T
    held = (low[:, None] <= shares) & (shares <= high[:, None])
    return (stats.binom.pmf(np.arange(n + 1)[:, None], n, shares) * held).sum(axis=0)


def test_wilson_covers_on_average():
    """Wilson: 95 % on average over all p, and never below 92 % away from the ends (Newcombe 1998)."""
    found = np.concatenate([exact_coverage(wilson, n, np.linspace(0.1, 0.9, 81)) for n in (20, 50, 200)])
    assert 0.945 <= found.mean() <= 0.96
    assert found.min() >= 0.92


def test_clopper_pearson_never_covers_less():
    """Clopper–Pearson is exact: at least 95 % at every p, which makes it wide."""
    shares = np.linspace(0.01, 0.99, 99)
    found = np.concatenate([exact_coverage(clopper_pearson, n, shares) for n in (5, 20, 50)])
    assert found.min() >= LEVEL
    assert found.mean() >= 0.965


# Areas.


def test_delong_covers():
    """100 events and 200 others of a binormal score."""
    truth = binormal_area(1.0)

    def draw(rng):
        return auroc(fold(keys(*binormal(rng, 100, 200, 1.0)).values), LEVEL), truth

    assert nominal(coverage(draw, 3000, 1), 3000)


def test_newcombe_auroc_covers():
    """The interval that stands in where DeLong's collapses covers with few cases too."""
    truth = binormal_area(1.5)

    def draw(rng):
        state = fold(keys(*binormal(rng, 12, 18, 1.5)).values)
        value = state.twice_u / (2 * 12 * 18)
        return Result(value, *newcombe_auroc(value, 12, 18, LEVEL), "newcombe-auroc"), truth

    assert 0.935 <= coverage(draw, 3000, 2) <= 0.985


def test_paired_delong_covers():
    """The difference of two correlated scores on the same 300 cases."""
    truth = binormal_area(1.2) - binormal_area(0.9)

    def draw(rng):
        labels, first = binormal(rng, 100, 200, 1.2)
        noise = 0.7 * (first - 1.2 * labels) + math.sqrt(1 - 0.49) * rng.normal(0, 1, 300)
        found = paired(labels, first, noise + 0.9 * labels, LEVEL)
        assert isinstance(found, Contrast)
        return found.difference, truth

    assert nominal(coverage(draw, 2000, 3), 2000)


def test_obuchowski_covers_where_delong_is_far_too_narrow():
    """Ten rows a patient: Obuchowski's interval covers, DeLong's holds the truth in fewer than 70 of 100."""
    truth = binormal_area(1.2, math.sqrt(2))

    def clustered(rng):
        scored, units = patients(rng, 200, 10, 1.2)
        return clustered_auroc(fold(scored.values), scored, units, LEVEL), truth

    def plain(rng):
        scored, _ = patients(rng, 200, 10, 1.2)
        return auroc(fold(scored.values), LEVEL), truth

    assert nominal(coverage(clustered, 1500, 4), 1500)
    assert coverage(plain, 1500, 4) < 0.7


@pytest.mark.parametrize(
    ("prevalence", "n", "distance"),
    [(0.05, 1000, 1.0), (0.1, 500, 1.0), (0.3, 200, 1.0), (0.3, 2000, 1.0), (0.5, 500, 0.5), (0.5, 500, 2.0)],
)
def test_average_precision_covers_roughly_up_to_one_half(prevalence, n, distance):
    """The logit interval holds the truth in 91 to 99 of 100 where events are at most half of the rows."""
    truth = precision_area(prevalence, distance)

    def draw(rng):
        labels = rng.random(n) < prevalence
        return average_precision(keys(labels, rng.normal(0, 1, n) + distance * labels), LEVEL), truth

    assert 0.905 <= coverage(draw, 1500, 5) <= 0.995


def test_average_precision_covers_too_little_where_most_are_events():
    """Nine of ten rows are events and the score says nothing: fewer than 90 of 100, as its docstring owns."""
    truth = precision_area(0.9, 0.0)

    def draw(rng):
        labels = rng.random(500) < 0.9
        return average_precision(keys(labels, rng.normal(0, 1, 500)), LEVEL), truth

    assert 0.82 <= coverage(draw, 1500, 6) < 0.90


def test_percentiles_of_replicates_cover():
    """Bootstrap percentiles of 200 rows: the AUROC nominally, the average precision a little less."""
    area, precision = binormal_area(1.0), precision_area(0.3, 1.0)
    draws, held = 300, np.zeros(2)
    for number in range(draws):
        rng = np.random.default_rng([7, number])
        labels = rng.random(200) < 0.3
        scored = keys(labels, rng.normal(0, 1, 200) + labels)
        plain = {
            "auroc": auroc(fold(scored.values), LEVEL),
            "average_precision": average_precision(scored, LEVEL),
        }
        units = Units(np.arange(200), 200, {})
        found = areas(scored, units, Resampling(400, number), LEVEL, "bootstrap-percentile", plain)
        held += [
            found["auroc"].low <= area <= found["auroc"].high,
            found["average_precision"].low <= precision <= found["average_precision"].high,
        ]
    assert nominal(held[0] / draws, draws)
    assert 0.88 <= held[1] / draws <= 0.98


# Metrics of a 2×2 table.

CELLS = np.array([0.24, 0.09, 0.06, 0.61])
"""Sensitivity 0.8, specificity 0.871, prevalence 0.3."""
LR_POSITIVE, LR_NEGATIVE = 0.8 / (0.09 / 0.7), 0.2 / (0.61 / 0.7)


@pytest.mark.parametrize(
    ("statistic", "truth"),
    [
        (likelihood_ratio_positive, LR_POSITIVE),
        (likelihood_ratio_negative, LR_NEGATIVE),
        (diagnostic_odds_ratio, LR_POSITIVE / LR_NEGATIVE),
        (youden, 0.8 - 0.09 / 0.7),
        (f1, 0.48 / 0.63),
        (lambda counts, level: net_benefit(counts, 0.2, level), 0.24 - 0.09 / 4),
        (
            lambda counts, level: ppv_at(counts, 0.02, level),
            LR_POSITIVE * 0.02 / (LR_POSITIVE * 0.02 + 0.98),
        ),
    ],
    ids=["lr_positive", "lr_negative", "odds_ratio", "youden", "f1", "net_benefit", "ppv_at"],
)
def test_metrics_of_a_table_cover(statistic, truth):
    """Log method, Newcombe, transformed Wilson, multinomial and Mercaldo's interval on 300 rows."""
    found = coverage(lambda rng: (statistic(table(rng, CELLS, 300), LEVEL), truth), 3000, 8)
    assert nominal(found, 3000)


@pytest.mark.parametrize("cells", [(0.6, 0.15, 0.1, 0.15), (0.8, 0.06, 0.02, 0.12), (0.2, 0.3, 0.25, 0.25)])
def test_newcombe_paired_covers(cells):
    """Two readings of the same 80 cases; the correction for continuity makes it a little wide."""

    def draw(rng):
        counts = (int(cell) for cell in rng.multinomial(80, cells))
        return paired_difference(*counts, LEVEL), cells[1] - cells[2]

    assert 0.935 <= coverage(draw, 3000, 9) <= 0.98


def cluster_cells(rng, clusters, rows):
    """Called events of `clusters` patients with `rows` each, whose own rates differ (a beta distribution)."""
    hits = rng.binomial(rows, rng.beta(3, 1.5, clusters))
    return np.stack([hits, np.zeros_like(hits), rows - hits, np.zeros_like(hits)], axis=1)


def test_clustered_proportions_cover():
    """Sensitivity with ten rows a patient: Rao and Scott's interval covers, Wilson's own does not."""
    truth = 3 / 4.5

    def clustered(rng):
        hits = cluster_cells(rng, 100, 10)[:, 0].astype(float)
        return clustered_proportion(hits, np.full(100, 10.0), LEVEL, "wilson", ""), truth

    def plain(rng):
        hits = int(cluster_cells(rng, 100, 10)[:, 0].sum())
        return Result(hits / 1000, *wilson(hits, 1000, LEVEL), "wilson"), truth

    assert nominal(coverage(clustered, 2000, 10), 2000)
    assert coverage(plain, 2000, 10) < 0.85


def test_percentiles_of_resampled_patients_cover():
    """Sensitivity and F1 from 500 replicates of 100 patients."""
    truths = {"sensitivity": 3 / 4.5, "f1": 2 * 3 / (3 + 4.5)}
    statistics = {"sensitivity": share((0,), (0, 2)), "f1": of_tables("f1", None)}
    draws, held = 500, dict.fromkeys(truths, 0)
    for number in range(draws):
        cells = cluster_cells(np.random.default_rng([11, number]), 100, 10)
        total = cells.sum(axis=0, keepdims=True).astype(float)
        for name, values in cell_replicates(cells, Resampling(500, number), statistics).items():
            with np.errstate(invalid="ignore"):
                value = float(statistics[name](total)[0])
            found = interval(value, values, LEVEL, "bootstrap")
            held[name] += found.low <= truths[name] <= found.high
    for name, count in held.items():
        assert nominal(count / draws, draws), name


# Calibration.


def calibrated(rng, n):
    logit = np.sort(rng.normal(-1, 1.2, n))
    p = 1 / (1 + np.exp(-logit))
    return Probabilities(p, (rng.random(n) < p).astype(float))


@pytest.mark.parametrize("which", [0, 1])
def test_calibration_intercept_and_slope_cover(which):
    """400 rows of a calibrated score: intercept 0, slope 1."""

    def draw(rng):
        return recalibration(calibrated(rng, 400), LEVEL)[which], float(which)

    assert nominal(coverage(draw, 2000, 12), 2000)


def test_brier_covers():
    """The mean of p(1 − p) over the scores' distribution, by quadrature."""

    def part(x):
        p = 1 / (1 + math.exp(1 - 1.2 * x))
        return p * (1 - p) * stats.norm.pdf(x)

    truth = integrate.quad(part, -10, 10)[0]
    assert nominal(coverage(lambda rng: (brier(calibrated(rng, 400), LEVEL), truth), 2000, 13), 2000)


def test_oe_ratio_covers_too_much_where_scores_differ():
    """Debray's error takes every row for one of mean risk: calibrated scores are covered in 97 of 100."""
    found = coverage(lambda rng: (oe_ratio(calibrated(rng, 400), LEVEL), 1.0), 2000, 14)
    assert 0.95 <= found <= 0.99


@pytest.mark.parametrize("sizes", [(30, 80, 120, 60, 200), (25,) * 20])
@pytest.mark.parametrize("icc", [0.0, 0.02, 0.1])
def test_correlation_within_clusters_covers_nearly(sizes, icc):
    """Searle's interval takes shares for normal and clusters for one size: it holds the truth in 93 to 95."""
    share, spread = 0.75, 0.0 if icc == 0 else 1 / icc - 1
    names = [str(k) for k, size in enumerate(sizes) for _ in range(size)]

    def draw(rng):
        level = rng.beta(share * spread, (1 - share) * spread, len(sizes)) if icc else [share] * len(sizes)
        values = np.concatenate([rng.random(n) < p for n, p in zip(sizes, level, strict=True)])
        return alike(values.astype(float), names, LEVEL).icc, icc

    assert 0.915 <= coverage(draw, 1000, 23) <= 0.965


def test_the_mean_of_rank_correlations_covers():
    """Student's interval of the mean over patients, whose correlations are skewed and bounded."""

    def sample(rng, patients):
        now = rng.normal(0, 1, (patients, 8))
        return now, now + rng.normal(0, 1, now.shape)

    truth = float(rank_correlations(*sample(np.random.default_rng(1), 400_000)).mean())

    def draw(rng):
        held = rank_correlations(*sample(rng, 40))
        return student(held, LEVEL), truth

    draws = 3000
    assert nominal(coverage(draw, draws, 29), draws)
