"""Intraclass correlation and rank correlation against printed values and other libraries."""

import numpy as np
import pytest
from scipy import stats

from muniment.measure.correlated import alike, f_quantile
from muniment.measure.ranks import mid_ranks, rank_correlations

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
"""Table 2 of Shrout and Fleiss (1979): six targets, four judges."""


def flat(table):
    return table.ravel(), [f"t{k}" for k in range(len(table)) for _ in range(table.shape[1])]


def test_the_printed_example_comes_out() -> None:
    """Shrout and Fleiss print .17 for ICC(1, 1); R's psych gives the interval −.13 to .72."""
    found = alike(*flat(SHROUT_FLEISS), 0.95)
    assert (found.clusters, found.n) == (6, 24)
    assert found.icc.value == pytest.approx(0.1657, abs=5e-5)
    assert (found.icc.low, found.icc.high) == pytest.approx((-0.133, 0.723), abs=5e-4)


def test_clusters_of_many_sizes_agree_with_an_analysis_of_variance() -> None:
    """The F ratio and its quantiles by SciPy, the rest by hand; the design effect follows."""
    rng = np.random.default_rng(4)
    sizes = (40, 25, 70, 12, 33)
    site = [f"S{k}" for k, size in enumerate(sizes) for _ in range(size)]
    share = np.repeat(rng.uniform(0.5, 0.9, 5), sizes)
    right = (rng.random(len(site)) < share).astype(float)
    names = np.array(site)
    ratio = stats.f_oneway(*(right[names == name] for name in sorted(set(site)))).statistic
    n, k = len(site), len(sizes)
    m = (n - sum(size * size for size in sizes) / n) / (k - 1)
    value = (ratio - 1) / (ratio + m - 1)
    ratios = (
        ratio / stats.f.ppf(0.975, k - 1, n - k),
        ratio * stats.f.ppf(0.975, n - k, k - 1),
    )
    low, high = ((r - 1) / (r + m - 1) for r in ratios)
    found = alike(right, site, 0.95)
    assert (found.icc.value, found.icc.low, found.icc.high) == pytest.approx((value, low, high), abs=1e-9)
    effect = found.design_effect
    wanted = [1 + (m - 1) * max(x, 0) for x in (value, low, high)]
    assert (effect.value, effect.low, effect.high) == pytest.approx(tuple(wanted), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "clusters", "why"),
    [
        ([1.0, 0.0, 1.0], ["a", "a", "a"], "one cluster only"),
        ([1.0, 0.0, 1.0], ["a", "b", "c"], "no cluster has two rows"),
        ([1.0, 1.0, 1.0, 1.0], ["a", "a", "b", "b"], "all values are equal"),
        ([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"], "values do not vary within clusters"),
        ([], [], "one cluster only"),
    ],
)
def test_what_has_no_correlation_says_why(values, clusters, why) -> None:
    """Nothing to divide by is no correlation of zero."""
    found = alike(np.array(values), clusters, 0.95)
    assert (found.icc.value, found.icc.undecided) == (None, why)
    assert found.design_effect.value is None


def test_quantiles_of_f_are_scipys() -> None:
    """To nine digits, over degrees of freedom from 1 to 2000."""
    for df1 in (1, 4, 17, 2000):
        for df2 in (1, 5, 30, 1255):
            for tail in (0.025, 0.5):
                assert f_quantile(tail, df1, df2) == pytest.approx(stats.f.isf(tail, df1, df2), rel=1e-9)


def test_rank_correlations_are_scipys_with_ties_and_gaps() -> None:
    """Row by row over the columns that both sides know; NaN where there is nothing to correlate."""
    rng = np.random.default_rng(7)
    a = rng.integers(0, 5, (300, 9)).astype(float)
    b = rng.integers(0, 5, (300, 9)).astype(float)
    a[rng.random(a.shape) < 0.3] = np.nan
    b[rng.random(b.shape) < 0.2] = np.nan
    found = rank_correlations(a, b)
    compared = 0
    for x, y, rho in zip(a, b, found, strict=True):
        known = np.isfinite(x) & np.isfinite(y)
        if known.sum() < 3 or len(set(x[known])) == 1 or len(set(y[known])) == 1:
            assert np.isnan(rho)
            continue
        compared += 1
        assert rho == pytest.approx(stats.spearmanr(x[known], y[known]).statistic, abs=1e-12)
        ranks = mid_ranks(x[None, :], known[None, :])[0]
        assert ranks[known] == pytest.approx(stats.rankdata(x[known]))
        assert np.isnan(ranks[~known]).all()
    assert compared > 200
