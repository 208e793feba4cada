"""p values of criteria: the interval turned round, against the tests that it is known to be."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from muniment.measure.criteria import Evidence, holds
from muniment.measure.plan import Criterion
from muniment.measure.proportions import interval, paired_difference
from muniment.measure.pvalues import FLOOR, interval_at, p_value


def criterion(operator=">=", threshold=0.7, on="lower", **more):
    return Criterion("c", "clinical", "m", operator, threshold, on, **more)


def share(k, n, method="wilson", level=0.95):
    low, high = interval(k, n, level, method)
    return Evidence(k / n, low, high, n, level=level, method=method)


def wald(value, error, method="delong", level=0.95, **more):
    reach = stats.norm.ppf(0.5 + level / 2) * error
    return Evidence(value, value - reach, value + reach, 100, level=level, method=method, **more)


def test_wilson_is_the_score_test():
    """k of n against p0: twice the upper tail of (k/n − p0) over the standard error under p0."""
    z = (81 / 263 - 0.25) / math.sqrt(0.25 * 0.75 / 263)
    found = p_value(criterion(threshold=0.25), share(81, 263))
    assert found.p == pytest.approx(2 * stats.norm.sf(z), rel=1e-9)
    assert found.method == "wilson"


def test_clopper_pearson_is_the_binomial_tail():
    """Twice the chance of so many or more, and of so many or fewer for an upper bound."""
    up = p_value(criterion(threshold=0.25), share(81, 263, "clopper-pearson"))
    down = p_value(criterion("<", 0.4, "upper"), share(81, 263, "clopper-pearson"))
    assert up.p == pytest.approx(2 * stats.binom.sf(80, 263, 0.25), rel=1e-9)
    assert down.p == pytest.approx(2 * stats.binom.cdf(81, 263, 0.4), rel=1e-9)


@pytest.mark.parametrize("scale", ["plain", "log", "logit", "t"])
def test_a_symmetric_interval_is_the_z_or_t_test(scale):
    """On its own scale the limit is so many standard errors away."""
    value, limit, error = 0.8, 0.79, 0.03
    to = {"log": math.log, "logit": lambda p: math.log(p / (1 - p))}.get(scale, float)
    back = {"log": math.exp, "logit": lambda x: 1 / (1 + math.exp(-x))}.get(scale, float)
    tail = stats.t(7) if scale == "t" else stats.norm
    reach = tail.ppf(0.975) * error
    low, high = back(to(value) - reach), back(to(value) + reach)
    method = {"plain": "delong", "log": "log-normal", "logit": "logit-wald", "t": "gwet-t"}[scale]
    evidence = Evidence(value, low, high, 8, level=0.95, method=method, df=7 if scale == "t" else None)
    expected = 2 * tail.sf((to(value) - to(limit)) / error)
    assert p_value(criterion(threshold=limit), evidence).p == pytest.approx(expected, rel=1e-7)


def test_a_clipped_bound_does_not_shorten_the_error():
    """An area of 0.99 whose upper bound is cut at 1 has the p value of the whole interval."""
    whole = wald(0.99, 0.02)
    cut = Evidence(0.99, whole.low, 1.0, 100, level=0.95, method="delong")
    assert p_value(criterion(threshold=0.96), cut).p == pytest.approx(2 * stats.norm.sf(1.5), rel=1e-9)


CASES = st.one_of(
    st.builds(
        lambda k, more, method, level: share(k, k + more, method, level),
        st.integers(1, 60),
        st.integers(1, 60),
        st.sampled_from(["wilson", "clopper-pearson"]),
        st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    ),
    st.builds(
        lambda value, error, level: wald(value, error, level=level),
        st.floats(0.2, 0.9),
        st.floats(0.005, 0.2),
        st.sampled_from([0.8, 0.95]),
    ),
    st.builds(
        lambda counts, level: paired(counts, level),
        st.tuples(*(st.integers(1, 40) for _ in range(4))),
        st.sampled_from([0.9, 0.95]),
    ),
)


def paired(counts, level):
    result = paired_difference(*counts, level)
    return Evidence(
        result.value, result.low, result.high, sum(counts), level=level, method=result.method, pairs=counts
    )


@settings(deadline=None, max_examples=60)
@given(CASES, st.floats(-0.5, 0.95), st.sampled_from([(">=", "lower"), ("<", "upper"), (">", "interval")]))
def test_a_criterion_is_met_exactly_where_p_is_no_larger_than_alpha(evidence, limit, how):
    """The decision on the bound and the decision on the p value are one and the same."""
    asked = criterion(how[0], limit, how[1])
    found = p_value(asked, evidence)
    assert FLOOR <= found.p <= 1
    alpha = 1 - evidence.level
    if abs(found.p - alpha) > 1e-9:
        assert holds(asked, evidence.value, evidence.low, evidence.high) is (found.p <= alpha)


@settings(deadline=None)
@given(CASES)
def test_the_interval_at_its_own_level_is_itself(evidence):
    """Nothing is lost in turning an interval into a function of its level."""
    low, high = interval_at(evidence)(evidence.level)
    assert (low, high) == pytest.approx((evidence.low, evidence.high), rel=1e-9, abs=1e-12)


def test_within_needs_both_ends():
    """For an interval that must lie within limits the nearer limit decides (two one-sided tests)."""
    asked = criterion("within", (0.8, 1.2), "interval")
    found = p_value(asked, wald(1.05, 0.05))
    assert found.p == pytest.approx(2 * stats.norm.sf(3), rel=1e-9)


@pytest.mark.parametrize(
    ("asked", "evidence", "reason"),
    [
        (criterion(on="point"), share(9, 10), "the estimate, which is no test"),
        (criterion(on="half_width"), share(9, 10), "the width of the interval"),
        (criterion(on="upper"), share(9, 10), "the upper bound, which is no test"),
        (criterion("within", (0, 1), "lower"), share(9, 10), "the lower bound, which is no test"),
        (criterion(), Evidence(missing="no rows"), "no rows"),
        (criterion(), Evidence(0.9, 0.8, 0.95, 9, level=0.95, method="bootstrap-percentile"), "turned round"),
        (criterion(), Evidence(0.999, 0.9, None, 9, method="count"), "turned round"),
        (criterion(each="sex"), Evidence(0.9, 0.8, 0.95, 9, descriptive=True), "described only"),
        (criterion(), Evidence(0.123, 0.1, 0.2, 10, level=0.95, method="wilson"), "turned round"),
    ],
)
def test_what_is_no_test_has_no_p_value(asked, evidence, reason):
    """An estimate, a width or the bound on the other side have no error rate; the reason is said."""
    found = p_value(asked, evidence)
    assert found.p is None
    assert reason in found.reason


def test_extremes_are_bounded():
    """An estimate on the wrong side has p = 1; one very far on the right side the floor."""
    assert p_value(criterion(), share(10, 100)).p == 1.0
    assert p_value(criterion(threshold=0.01), share(99, 100)).p == FLOOR
