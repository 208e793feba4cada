"""The flexible calibration curve, its distances and their replicates, against plain refits."""

import itertools
import time

import numpy as np
import pytest
from scipy.optimize import minimize

from muniment.measure import flexible as module
from muniment.measure.bootstrap import METHOD, Resampling
from muniment.measure.calibration import Probabilities
from muniment.measure.flexible import (
    Design,
    basis,
    designed,
    distances,
    fitted,
    flexible,
    grouped,
    knots_of,
    merged,
    observed,
)


def rows_of(n: int, seed: int, digits: int | None = None, power: float = 1.4) -> Probabilities:
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1.5, 2.5, n), 0.001, 0.999)
    p = np.sort(p if digits is None else np.clip(p.round(digits), 10.0**-digits, 1 - 10.0**-digits))
    return Probabilities(p, (rng.random(n) < p**power).astype(float))


def natural_terms(x, knots):
    """Span of natural cubic splines by linear algebra: truncated cubes whose tail has no x² and no x³."""
    cubes = np.array([np.maximum(x - t, 0) ** 3 for t in knots]).T
    # Beyond the last knot sum c_j (x - t_j)^3 must be linear: sum c_j = 0 and sum c_j t_j = 0.
    constraints = np.array([np.ones(len(knots)), knots])
    _, _, vt = np.linalg.svd(constraints)
    return cubes @ vt[2:].T


def maximum_likelihood(columns, y, weights):
    """Coefficients by a general optimiser."""

    def loss(beta):
        return (weights * (np.logaddexp(0, columns @ beta) - y * (columns @ beta))).sum()

    def slope(beta):
        return columns.T @ (weights * (1 / (1 + np.exp(-columns @ beta)) - y))

    start = np.zeros(columns.shape[1])
    return minimize(loss, start, jac=slope, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000}).x


@pytest.mark.parametrize("count", [3, 4, 5])
def test_terms_span_the_natural_splines(count):
    """The terms are natural cubic splines: the same space as constrained truncated cubes span."""
    x = np.linspace(-4, 4, 200)
    knots = np.quantile(x, module.KNOTS[count])
    ours = np.array([np.ones_like(x), x, *basis(x, knots)]).T
    theirs = np.column_stack([np.ones_like(x), x, natural_terms(x, knots)])
    assert ours.shape == theirs.shape == (200, count)
    solved, *_ = np.linalg.lstsq(theirs, ours, rcond=None)
    assert theirs @ solved == pytest.approx(ours, abs=1e-9)


@pytest.mark.parametrize(("n", "digits", "seed"), [(60, None, 0), (400, None, 1), (900, 2, 2), (900, 1, 3)])
def test_the_curve_is_the_maximum_likelihood_fit(n, digits, seed):
    """Newton on groups of equal scores finds the fit that a general optimiser finds on single rows."""
    rows = rows_of(n, seed, digits)
    logit = np.log(rows.p / (1 - rows.p))
    knots = knots_of(logit)
    groups = grouped(logit, rows.p)
    design = designed(groups.logit, knots)
    fit = fitted(design, groups.sums(np.ones(n)), groups.sums(rows.y))
    columns = np.column_stack([np.ones(n), logit, *basis(logit, knots)])
    theirs = 1 / (1 + np.exp(-columns @ maximum_likelihood(columns, rows.y, np.ones(n))))
    ours = observed(Design(columns.T, columns.T[:0]), fit)
    assert ours == pytest.approx(theirs, abs=1e-6)
    residual = rows.y - ours
    assert np.abs(columns.T @ residual).max() < 1e-7


def test_knots_are_harrells_quantiles():
    """Five from a hundred rows on, four below; ties that make knots coincide leave fewer, or a line."""
    x = np.sort(np.random.default_rng(0).normal(size=500))
    assert knots_of(x) == pytest.approx(np.quantile(x, [0.05, 0.275, 0.5, 0.725, 0.95]))
    assert knots_of(x[::10]) == pytest.approx(np.quantile(x[::10], [0.05, 0.35, 0.65, 0.95]))
    assert len(knots_of(np.repeat([0.0, 1.0, 2.0, 3.0], [30, 40, 40, 30]))) == 3
    assert len(knots_of(np.repeat([0.0, 1.0, 2.0], [30, 60, 30]))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_repeated_rows(seed):
    """Weighted mean and quantiles equal NumPy's on rows written out, groups without rows left out."""
    rng = np.random.default_rng(seed)
    p, curve, sizes = rng.random(40), rng.random(40), rng.integers(0, 5, 40)
    gaps = np.repeat(np.abs(curve - p), sizes)
    expected = [gaps.mean(), *np.quantile(gaps, [0.5, 0.9]), gaps.max()]
    assert distances(p, curve, sizes.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_replicates_are_refits_of_the_rows_drawn():
    """Intervals are percentiles of curves refitted, by a general optimiser, to the drawn rows themselves."""
    rows = rows_of(150, 4)
    rng = np.random.default_rng(9)
    codes = rng.integers(0, 60, rows.n)
    drawn = Resampling(40, 3)
    found = flexible(rows, codes, 60, drawn, 0.95, 10, METHOD)
    logit = np.log(rows.p / (1 - rows.p))
    columns = np.column_stack([np.ones(rows.n), logit, *basis(logit, knots_of(logit))])
    slow = []
    for weights in drawn.draws(60):
        each = np.repeat(np.arange(rows.n), weights[codes])
        beta = maximum_likelihood(columns[each], rows.y[each], np.ones(len(each)))
        gaps = np.abs(1 / (1 + np.exp(-columns[each] @ beta)) - rows.p[each])
        slow.append([gaps.mean(), *np.quantile(gaps, [0.5, 0.9])])
    low, high = np.quantile(slow, [0.025, 0.975], axis=0)
    for k, name in enumerate(("ici", "e50", "e90")):
        result = found.distances[name]
        assert result.low == pytest.approx(min(low[k], result.value), abs=1e-6)
        assert result.high == pytest.approx(max(high[k], result.value), abs=1e-6)


def test_neighbours_merged_move_an_index_little(monkeypatch):
    """Replicates that see groups of scores move an interval by less than a hundredth of its width."""
    rows = rows_of(6000, 5)
    codes = np.arange(rows.n)
    plain = flexible(rows, codes, rows.n, Resampling(30, 1), 0.95, 10, METHOD)
    monkeypatch.setattr(module, "GROUPS", 10_000)
    exact = flexible(rows, codes, rows.n, Resampling(30, 1), 0.95, 10, METHOD)
    for name in ("ici", "e50", "e90"):
        one, other = plain.distances[name], exact.distances[name]
        assert one.value == other.value
        assert abs(one.low - other.low) < 1e-2 * (other.high - other.low)
        assert abs(one.high - other.high) < 1e-2 * (other.high - other.low)


def test_merged_groups_hold_every_row():
    """Merging neither loses rows nor events, and keeps the mean score."""
    rows = rows_of(9000, 6)
    groups = grouped(np.log(rows.p / (1 - rows.p)), rows.p)
    few = merged(groups, rows.n)
    assert len(few.starts) <= module.GROUPS < len(groups.starts)
    sizes = few.sums(np.ones(rows.n))
    assert (sizes.sum(), few.sums(rows.y).sum()) == (rows.n, rows.y.sum())
    assert (sizes * few.p).sum() == pytest.approx(rows.p.sum())


@pytest.mark.parametrize("min_n", [1, 10, 60])
@pytest.mark.parametrize("digits", [None, 2, 1])
def test_points_stand_for_enough_rows(digits, min_n):
    """At most fifty points, ascending, each of `min_n` rows at least and in its interval; none is lost."""
    rows = rows_of(400, 7, digits)
    points = flexible(rows, np.arange(400), 400, Resampling(30, 1), 0.9, min_n, METHOD).points
    assert 0 < len(points) <= 50
    assert sum(point["n"] for point in points) == 400
    assert min(point["n"] for point in points) >= min_n
    assert all(a["predicted"] < b["predicted"] for a, b in itertools.pairwise(points))
    assert all(0 <= point["low"] <= point["observed"] <= point["high"] <= 1 for point in points)


@pytest.mark.parametrize(
    ("p", "y", "reason"),
    [
        (np.linspace(0.1, 0.9, 20), np.arange(20) % 2, "fewer than 30 rows"),
        (np.linspace(0.1, 0.9, 40), np.ones(40), "one class only"),
        (np.append(np.linspace(0.1, 0.9, 39), 1.0), np.arange(40) % 2, "1 scores are exactly 0 or 1"),
        (np.full(40, 0.3), np.arange(40) % 2, "all scores are equal"),
        (np.linspace(0.1, 0.9, 40), np.arange(40) >= 20, "separate the classes"),
    ],
)
def test_where_there_is_no_curve(p, y, reason):
    """A reason instead of a curve."""
    found = flexible(
        Probabilities(p, y.astype(float)), np.arange(len(p)), len(p), Resampling(20, 0), 0.95, 10, METHOD
    )
    assert isinstance(found, str)
    assert reason in found


def test_a_calibrated_score_has_a_small_index():
    """With outcomes drawn from the score itself the curve lies on the diagonal but for noise."""
    calibrated, off = rows_of(20_000, 8, power=1.0), rows_of(20_000, 8, power=2.0)
    values = [
        flexible(rows, np.arange(rows.n), rows.n, Resampling(20, 0), 0.95, 10, METHOD).distances["ici"].value
        for rows in (calibrated, off)
    ]
    assert values[0] < 0.01 < 0.1 < values[1]


def test_it_is_fast_enough_to_be_used():
    """500 replicates on 1,000 rows take well under two seconds; five here, on a machine that is shared."""
    rows = rows_of(1000, 9)
    started = time.perf_counter()
    flexible(rows, np.arange(1000), 1000, Resampling(500, 0), 0.95, 10, METHOD)
    assert time.perf_counter() - started < 5
