"""Sample sizes: published values, and the widths that samples of those sizes really have."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import integrate, stats

from muniment.errors import UsageError
from muniment.measure.calibration import calibration
from muniment.measure.kernel import all_keys, keyed, scale_of
from muniment.measure.prepare import TableSpec, prepare
from muniment.measure.sample_size import (
    buderer,
    c_statistic,
    calibration_slope,
    external_validation,
    oe_ratio,
    precision,
)
from muniment.model.estimate import Estimate


def test_riley_example():
    """Prevalence .018, area .8, LP normal(−5, 2.5): pmvalsampsize 0.1 gives 905, 4544 and 4252.

    The package steps the standard error of O/E in 1e-4 and so stops at 905; the exact root needs 906. It
    simulates the linear predictor (4501 with 1,000 values, 4544 with a million); here it is integrated.
    """
    oe, slope, area = external_validation(0.018, 0.8, (-5.0, 2.5), (1.0, 0.2, 0.1))
    assert oe.n == 906
    assert slope.n == pytest.approx(4544, rel=0.005)
    assert area.n == 4252
    assert [item.method for item in (oe, slope, area)] == ["riley-2021"] * 3


def test_another_published_example():
    """Prevalence .2, area .78, LP normal(−1.75, 1.22), default widths: 2958 for the slope."""
    slope = calibration_slope(0.2, (-1.75, 1.22))
    assert slope.n == pytest.approx(2958, rel=0.005)


def test_the_slope_is_integrated_as_scipy_does():
    """The information of the logistic model by quadrature, then the published formula."""
    for mean, deviation, slope in ((-5.0, 2.5, 1.0), (0.3, 0.4, 0.8), (-2.0, 6.0, 1.2)):

        def moment(power, mean=mean, deviation=deviation, slope=slope):
            def f(x):
                p = 1 / (1 + math.exp(-slope * x)) if slope * x > -700 else 0.0
                return x**power * p * (1 - p) * stats.norm.pdf(x, mean, deviation)

            return integrate.quad(f, mean - 12 * deviation, mean + 12 * deviation, limit=500, epsabs=1e-14)[0]

        a, ab, b = moment(0), moment(1), moment(2)
        error = 0.2 / (2 * stats.norm.ppf(0.975))
        expected = a / (error**2 * (a * b - ab**2))
        assert calibration_slope(0.1, (mean, deviation), expected=slope).n == math.ceil(expected)


def test_a_sample_stands_for_its_distribution():
    """A large sample of the linear predictor gives the size of its distribution."""
    sample = np.random.default_rng(1).normal(-1.75, 1.22, 200_000)
    assert calibration_slope(0.2, sample, sample=True).n == pytest.approx(
        calibration_slope(0.2, (-1.75, 1.22)).n, rel=0.01
    )


def test_a_sample_of_the_size_has_the_width():
    """At the planned size the interval of the calibration slope is as wide as planned, within 6 %."""
    size = calibration_slope(0.2, (-1.75, 1.22), 0.3)
    rng = np.random.default_rng(2)
    widths = []
    for _ in range(8):
        risk = 1 / (1 + np.exp(-rng.normal(-1.75, 1.22, size.n)))
        table = pl.DataFrame({"y": rng.random(size.n) < risk, "s": risk})
        frame = keyed(
            prepare(table.lazy(), TableSpec("y", "s")).frame, scale_of(table.rename({"s": "score"}))
        )
        found = calibration(all_keys(frame, scale_of(frame)), 0.95, False, None)["calibration_slope"]
        widths.append(found.high - found.low)
    assert np.mean(widths) == pytest.approx(0.3, rel=0.06)


def test_buderer_by_hand():
    """Sensitivity .9 ± .05: 139 events (138.3); at a prevalence of .2, 695 patients."""
    found = buderer("sensitivity", 0.9, 0.1, 0.2)
    assert (found.events, found.n) == (139, 695)
    found = buderer("specificity", 0.85, 0.1, 0.2)
    assert found.n - found.events == math.ceil(1.959963984540054**2 * 0.85 * 0.15 / 0.0025)
    assert found.n == math.ceil(196 / 0.8)


@pytest.mark.parametrize("c", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("width", [0.05, 0.1])
def test_the_area_size_is_the_smallest(c, width):
    """One patient fewer makes the interval wider than planned."""

    def reach(n, phi=0.1):
        inner = 1 + (n / 2 - 1) * (1 - c) / (2 - c) + (n / 2 - 1) * c / (1 + c)
        return 2 * stats.norm.ppf(0.975) * math.sqrt(c * (1 - c) * inner / (n**2 * phi * (1 - phi)))

    n = c_statistic(0.1, c, width).n
    assert reach(n) <= width < reach(n - 1)


def test_the_ratio_size_has_the_width():
    """The log interval at the planned size is as wide as planned, and one patient fewer is too few."""
    for phi, width, expected in ((0.1, 0.2, 1.0), (0.4, 0.3, 1.2)):
        n = oe_ratio(phi, width, expected).n
        reach = [
            2 * expected * math.sinh(stats.norm.ppf(0.975) * math.sqrt((1 - phi) / (m * phi)))
            for m in (n, n - 1)
        ]
        assert reach[0] <= width < reach[1]


def test_planned_against_achieved():
    """A wider interval misses the plan, an equal one reaches it, none at all is undecided."""
    estimate = Estimate("auroc", {}, 0.8, 0.7, 0.9, 0.95, "delong", 200, 60)
    assert precision(estimate, 0.2).reached is True
    assert precision(estimate, 0.19).reached is False
    nothing = Estimate("auroc", {}, None, undecided="one class only")
    body = precision(nothing, 0.2).as_json()
    assert (body["precision_reached"], body["achieved_width"], body["planned_width"]) == (None, None, 0.2)


def test_impossible_plans_are_refused():
    """Shares outside (0, 1), no width, no spread, other targets."""
    for ask in (
        lambda: buderer("ppv", 0.9, 0.1, 0.2),
        lambda: buderer("sensitivity", 1.0, 0.1, 0.2),
        lambda: buderer("sensitivity", 0.9, 0.0, 0.2),
        lambda: oe_ratio(0.0),
        lambda: oe_ratio(0.1, 1e-9),
        lambda: c_statistic(0.1, 0.8, level=1.0),
        lambda: calibration_slope(0.1, (0.0, 0.0)),
        lambda: calibration_slope(0.1, [1.0, 1.0, 1.0], sample=True),
        lambda: precision(Estimate("auroc", {}, 0.8), -1.0),
    ):
        with pytest.raises(UsageError):
            ask()
