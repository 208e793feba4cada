"""Proportions, their intervals and differences, against published values and SciPy."""

import pytest
from scipy import special, stats

from muniment.errors import UsageError
from muniment.measure.distributions import beta_cdf, beta_quantile, critical, two_sided
from muniment.measure.proportions import (
    clopper_pearson,
    interval,
    mcnemar_p,
    paired_difference,
    proportion,
    unpaired_difference,
    wilson,
)

# Newcombe 1998 (Stat Med 17:857), Table I: Wilson without correction, and Clopper–Pearson.
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("k", "n", "score", "exact"), NEWCOMBE)
def test_intervals_agree_with_the_published_table(k, n, score, exact):
    """Both intervals give the four decimals that Newcombe printed."""
    assert wilson(k, n, 0.95) == pytest.approx(score, abs=5e-5)
    assert clopper_pearson(k, n, 0.95) == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (3, 7), (50, 100), (999, 1000), (123456, 1000000)])
def test_intervals_agree_with_scipy(k, n, level):
    """SciPy's own intervals are the same to nine decimals, at the ends too."""
    test = stats.binomtest(k, n)
    for mine, theirs in ((wilson, "wilson"), (clopper_pearson, "exact")):
        expected = test.proportion_ci(level, theirs)
        assert mine(k, n, level) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 1), (2, 30), (300, 4), (1e4, 2e4)])
@pytest.mark.parametrize("x", [0.0, 1e-6, 0.2, 0.3333, 0.5, 0.9, 1.0])
def test_incomplete_beta_agrees_with_scipy(a, b, x):
    """The continued fraction is the incomplete beta function, and the quantile its inverse."""
    assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-11)
    assert beta_quantile(0.3, a, b) == pytest.approx(special.betaincinv(a, b, 0.3), rel=1e-9)


def test_normal_functions_agree_with_scipy():
    """Critical value and two-sided p are those of the standard normal."""
    assert critical(0.95) == pytest.approx(stats.norm.ppf(0.975), rel=1e-14)
    assert two_sided(-2.5) == pytest.approx(2 * stats.norm.sf(2.5), rel=1e-13)


def test_nothing_to_count_is_undecided():
    """A zero denominator gives a reason and no number."""
    result = proportion(0, 0, 0.95, "wilson", "no events")
    assert (result.value, result.low, result.high, result.undecided) == (None, None, None, "no events")


def test_unknown_interval_is_refused():
    """A method that does not exist is an error, not a default."""
    with pytest.raises(UsageError, match="wald"):
        interval(1, 2, 0.95, "wald")


def test_mcnemar_exact_agrees_with_the_published_value():
    """R's example (794, 150, 86, 570) gives the exact p it is known for."""
    assert mcnemar_p(150, 86) == pytest.approx(3.716e-5, rel=1e-4)
    assert mcnemar_p(150, 86) == pytest.approx(stats.binomtest(150, 236).pvalue, rel=1e-10)
    assert mcnemar_p(0, 0) == 1.0
    assert mcnemar_p(7, 7) == 1.0


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Newcombe 1998 (Stat Med 17:2635), Table II, method 10.
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        # Altman et al. 2000, Statistics with Confidence, Table 6.2.
        ((14, 5, 0, 22), (0.011, 0.226)),
    ],
)
def test_paired_difference_agrees_with_published_values(table, expected):
    """Method 10 gives the printed limits."""
    result = paired_difference(*table, 0.95)
    assert result.value == pytest.approx((table[1] - table[2]) / sum(table))
    digits = 5e-5 if table[0] == 36 else 5e-4
    assert (result.low, result.high) == pytest.approx(expected, abs=digits)


def test_paired_difference_turns_with_its_sides():
    """Exchanging the two sides changes the sign and swaps the limits."""
    one, other = paired_difference(20, 9, 4, 17, 0.9), paired_difference(20, 4, 9, 17, 0.9)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))


def test_unpaired_difference_agrees_with_the_published_value():
    """Newcombe 1998 (Stat Med 17:873), Table II, 56/70 - 48/80, method 10: 0.0524 to 0.3339."""
    result = unpaired_difference(56, 70, 48, 80, 0.95)
    assert (result.value, result.low, result.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert unpaired_difference(0, 0, 1, 2, 0.95).undecided == "a group is empty"
