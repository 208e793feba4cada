"""Flexible calibration: a smooth curve of observed on predicted risk, and what it says in one number.

The curve is a logistic regression on restricted cubic splines of the logit of the score. From its distance to
the diagonal come the integrated calibration index, E50, E90 and Emax (Austin and Steyerberg 2019, Stat Med
38:4051). Replicates refit the curve with the knots of the full cohort; where there are more than `GROUPS`
distinct scores they see neighbouring scores as one group, which moves an interval by less than a hundredth of
its width.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np

from muniment.measure.bootstrap import Resampling, interval
from muniment.measure.calibration import Probabilities
from muniment.measure.kernel import Floats, Ints
from muniment.measure.result import Result
from muniment.model.dataclass import dataclass

KNOTS: Mapping[int, tuple[float, ...]] = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}
"""Number of knots to the quantiles where they stand (Harrell 2015, Regression Modeling Strategies, 2.4)."""
FEWEST_ROWS = 30
"""Fewer rows carry no curve."""
MANY_ROWS = 100
"""From here on five knots, below four (Harrell 2015, section 2.4)."""
POINTS = 50
GROUPS = 4096
STEPS = 50
NEAR = 0.5
"""A step that promises less gain in log-likelihood is taken whole."""
PATIENCE = 15
"""Such steps in a row; where they do not end the classes are separated, and the gain fades like a series."""
SETTLED = 1e-14
"""A step that promises less gain a row is the last: after it the error is that of rounding."""
DISTANCES = ("ici", "e50", "e90", "emax")


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Rows in groups of one logit, ascending."""

    logit: Floats
    """Shape (g,)."""
    p: Floats
    """Predicted probability of each group, shape (g,)."""
    starts: Ints
    """Index of each group's first row, shape (g,)."""

    def sums(self, values: Floats) -> Floats:
        """Sum of `values` (n,) within each group, shape (g,)."""
        return np.add.reduceat(values, self.starts)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Columns of the regression, transposed so that every sum runs over adjacent memory."""

    columns: Floats
    """Shape (terms, g): one, the logit, and a spline term a knot beyond the second."""
    products: Floats
    """Shape (terms · (terms + 1) / 2, g): products of pairs of columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Flexible:
    """The calibration curve of a cohort with its distances, each with the percentiles of its replicates."""

    knots: Floats
    """On the logit scale."""
    distances: Mapping[str, Result]
    """Of `DISTANCES`."""
    points: tuple[Mapping[str, float | int], ...]
    """`predicted`, `observed` (the curve), `low`, `high`, and `n` rows that each point stands for."""
    lost: int
    """Replicates in which no curve could be fitted."""


def flexible(
    rows: Probabilities,
    codes: Ints,
    clusters: int,
    resampling: Resampling,
    level: float,
    min_n: int,
    method: str,
) -> Flexible | str:
    """The curve with pointwise intervals, or why there is none.

    Args:
        rows: probabilities strictly between 0 and 1, with outcomes of both kinds.
        codes: the cluster of each row, shape (n,).
        clusters: how many there are.
        resampling: replicates and seed.
        level: confidence level.
        min_n: rows that every point of the curve stands for, at least.
        method: name of the interval.
    """
    reason = no_curve(rows)
    if reason:
        return reason
    logit = np.log(rows.p) - np.log1p(-rows.p)
    knots = knots_of(logit)
    exact = grouped(logit, rows.p)
    design = designed(exact.logit, knots)
    sizes = exact.sums(np.ones(rows.n))
    fit = fitted(design, sizes, exact.sums(rows.y))
    if fit is None:
        return "the scores separate the classes: the fit does not converge"
    value = distances(exact.p, observed(design, fit), sizes)
    at = _centres(rows, min_n)
    centres = np.array([risk for risk, _ in at])
    curve = designed(np.log(centres) - np.log1p(-centres), knots)
    coarse = merged(exact, rows.n)
    small = design if coarse is exact else designed(coarse.logit, knots)
    replicates = np.full((resampling.replicates, len(DISTANCES) + len(at)), np.nan)
    for index, drawn in enumerate(resampling.draws(clusters)):
        weights = drawn[codes].astype(np.float64)
        held, events = coarse.sums(weights), coarse.sums(weights * rows.y)
        again = fitted(small, held, events, start=fit)
        if again is not None:
            found = distances(coarse.p, observed(small, again), held)
            replicates[index] = np.concatenate((found, observed(curve, again)))
    lost = int(np.count_nonzero(np.isnan(replicates[:, 0])))
    results = {
        name: interval(float(value[k]), replicates[:, k], level, method) for k, name in enumerate(DISTANCES)
    }
    return Flexible(knots, results, tuple(_points(at, observed(curve, fit), replicates, level, method)), lost)


def no_curve(rows: Probabilities) -> str | None:
    """Why these rows carry no flexible curve, or `None`."""
    if rows.n < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} rows carry no flexible curve"
    if rows.events in (0, rows.n):
        return "one class only"
    certain = int(np.count_nonzero((rows.p == 0) | (rows.p == 1)))
    if certain:
        return f"{certain} scores are exactly 0 or 1 and have no logit"
    return "all scores are equal" if float(rows.p[0]) == float(rows.p[-1]) else None


def knots_of(logit: Floats) -> Floats:
    """Where the knots stand: Harrell's quantiles of the sorted logits, five from `MANY_ROWS` on, else four.

    Ties that make knots coincide leave fewer; fewer than three leave a straight line (no knots).
    """
    wanted = KNOTS[5 if len(logit) >= MANY_ROWS else 4]
    distinct = 1 + int(np.count_nonzero(logit[1:] != logit[:-1]))
    for count in (len(wanted), 4, 3):
        found = np.unique(np.quantile(logit, KNOTS[count]))
        # As many terms as knots: they need more distinct scores than that, or the curve only joins dots.
        if len(found) == count < distinct:
            return found
    return np.array([])


def basis(x: Floats, knots: Floats) -> list[Floats]:
    """Restricted cubic spline terms beyond the linear one (Harrell 2015, section 2.4), in units of `x`.

    Cubic between the first and the last knot, linear outside; divided by the squared span of the knots.
    """
    if len(knots) < 3:
        return []
    last, before = float(knots[-1]), float(knots[-2])
    scale = (last - float(knots[0])) ** 2

    def cubed(at: float) -> Floats:
        return np.maximum(x - at, 0.0) ** 3

    tail, inner = cubed(last), cubed(before)
    return [
        (cubed(t) - inner * (last - t) / (last - before) + tail * (before - t) / (last - before)) / scale
        for t in (float(knot) for knot in knots[:-2])
    ]


def designed(x: Floats, knots: Floats) -> Design:
    """The regression's columns at logits `x`."""
    columns = np.array([np.ones_like(x), x, *basis(x, knots)])
    upper = np.triu_indices(len(columns))
    return Design(columns, columns[upper[0]] * columns[upper[1]])


def grouped(logit: Floats, p: Floats) -> Grouped:
    """One group a distinct score; `p` ascends."""
    starts = np.flatnonzero(np.concatenate(([True], p[1:] != p[:-1])))
    return Grouped(logit[starts], p[starts], starts.astype(np.int64))


def merged(groups: Grouped, n: int) -> Grouped:
    """At most `GROUPS` groups of neighbouring scores, about equally many rows in each; the same if few."""
    if len(groups.starts) <= GROUPS:
        return groups
    wanted = np.arange(GROUPS) * n // GROUPS
    first = np.unique(np.searchsorted(groups.starts, wanted))
    stops = np.append(groups.starts[1:], n)
    sizes = (stops - groups.starts).astype(np.float64)
    rows = np.add.reduceat(sizes, first)
    p = np.add.reduceat(groups.p * sizes, first) / rows
    return Grouped(np.log(p) - np.log1p(-p), p, groups.starts[first])


def fitted(design: Design, sizes: Floats, events: Floats, start: Floats | None = None) -> Floats | None:
    """Coefficients by Newton's method, halving a step that does not help; `None` where it does not converge.

    Args:
        design: columns at each group's logit.
        sizes: rows of each group, shape (g,).
        events: events of each group, shape (g,).
        start: where to begin; the score itself (intercept 0, slope 1) unless given.
    """
    if not 0 < float(events.sum()) < float(sizes.sum()):
        return None
    terms = len(design.columns)
    upper = np.triu_indices(terms)
    if start is None:
        start = np.zeros(terms)
        start[1] = 1.0
    beta = start
    linear = _linear(design, beta)
    size, near = float(sizes.sum()), 0
    information = np.empty((terms, terms))
    for _ in range(STEPS):
        p = _expit(linear)
        weights = sizes * p * (1 - p)
        gradient = (design.columns * (events - sizes * p)).sum(axis=1)
        information[upper] = (design.products * weights).sum(axis=1)
        information.T[upper] = information[upper]
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return None
        gain = float((step * gradient).sum())
        if not math.isfinite(gain) or gain < 0:
            return None
        if gain < SETTLED * max(1.0, size):
            return beta + step
        if gain < NEAR:
            # Newton's method squares the error from here on: nothing to guard, nothing to spend on it.
            near += 1
            if near > PATIENCE:
                return None
            beta = beta + step
            linear = _linear(design, beta)
            continue
        best = _likelihood(linear, sizes, events)
        scale = 1.0
        while True:
            trial = beta + scale * step
            linear = _linear(design, trial)
            if _likelihood(linear, sizes, events) >= best - 1e-9 * abs(best) or scale < 1e-6:
                break
            scale /= 2
        beta = trial
        if float(np.abs(linear).max()) > 300:
            return None
    return None


def observed(design: Design, beta: Floats) -> Floats:
    """The curve's risk at each group, shape (g,)."""
    return _expit(_linear(design, beta))


def distances(p: Floats, curve: Floats, sizes: Floats) -> Floats:
    """Mean, median, 90th percentile and maximum of |curve − predicted| over rows, shape (4,).

    Quantiles are those of the rows (linear interpolation between order statistics, R's type 7).
    """
    held = sizes > 0
    gaps, counts = np.abs(curve - p)[held], sizes[held]
    order = np.argsort(gaps, kind="stable")
    gaps, upto = gaps[order], np.cumsum(counts[order])
    total = float(upto[-1])

    def quantile(share: float) -> float:
        place = (total - 1) * share
        below = math.floor(place)
        low, high = (
            gaps[np.searchsorted(upto, rank, side="right")] for rank in (below, min(below + 1, total - 1))
        )
        return float(low + (place - below) * (high - low))

    mean = float((gaps * counts[order]).sum()) / total
    return np.array([mean, quantile(0.5), quantile(0.9), float(gaps[-1])])


def _centres(rows: Probabilities, min_n: int) -> list[tuple[float, int]]:
    """Mean score and rows of at most `POINTS` neighbouring groups of equal size, `min_n` rows at least."""
    parts = max(min(POINTS, rows.n // max(min_n, 1)), 1)
    edges = [rows.n * k // parts for k in range(parts + 1)]
    found: dict[float, int] = {}
    for start, stop in itertools.pairwise(edges):
        tied = rows.p[start] == rows.p[stop - 1]
        centre = float(rows.p[start] if tied else rows.p[start:stop].sum() / (stop - start))
        # Ties that fill several groups are one point.
        found[centre] = found.get(centre, 0) + stop - start
    return sorted(found.items())


def _points(
    at: list[tuple[float, int]], curve: Floats, replicates: Floats, level: float, method: str
) -> list[Mapping[str, float | int]]:
    out: list[Mapping[str, float | int]] = []
    for k, (centre, n) in enumerate(at):
        found = interval(float(curve[k]), replicates[:, len(DISTANCES) + k], level, method)
        if found.value is not None and found.low is not None and found.high is not None:
            out.append(
                {"predicted": centre, "observed": found.value, "low": found.low, "high": found.high, "n": n}
            )
    return out


def _linear(design: Design, beta: Floats) -> Floats:
    # Not a matrix product: those go to a library whose sums may depend on the number of threads.
    return np.asarray((design.columns * beta[:, None]).sum(axis=0))


def _likelihood(linear: Floats, sizes: Floats, events: Floats) -> float:
    return float((events * linear - sizes * np.logaddexp(0.0, linear)).sum())


def _expit(linear: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-linear)), dtype=np.float64)
