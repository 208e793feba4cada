"""Agreement between raters beyond chance: kappa family, AC1 and alpha, each with its interval.

Every coefficient is `(po − pe) / (1 − pe)`, or one minus observed over expected disagreement; they differ in
what they expect of chance. Full agreement has no variance: then there is a reason instead of an interval
that would claim certainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from muniment.errors import UsageError
from muniment.measure import bootstrap
from muniment.measure.bootstrap import Resampling
from muniment.measure.distributions import t_critical
from muniment.measure.kernel import Floats, Ints
from muniment.measure.ratings import Ratings
from muniment.measure.result import Result, undecided, wald
from muniment.measure.suppression import fewer
from muniment.model.estimate import Estimate, rounded

COHEN, GWET, ALPHA = "fleiss-cohen-everitt", "gwet-t", "bootstrap-percentile-units"
WEIGHTS = ("unweighted", "linear", "quadratic")
METRICS = ("nominal", "ordinal", "interval", "ratio")
_ONE_CATEGORY = "all ratings are of one category: agreement by chance is certain"
_ALL_AGREE = "the raters never disagree: no interval"


def cohen_kappa(
    ratings: Ratings,
    raters: tuple[str, str] | None = None,
    weights: str = "unweighted",
    level: float = 0.95,
    min_n: int = 10,
) -> Estimate:
    """Cohen's kappa of two raters (1960; weighted: Cohen 1968, Psychol Bull 70:213).

    Wald interval with the standard error of Fleiss, Cohen and Everitt (1969, Psychol Bull 72:323).
    Weights of agreement are `1 − |i − j|/(q − 1)` (linear) or `1 − (i − j)²/(q − 1)²` (quadratic) of the
    positions of the categories in their order. Units without both ratings are left out.

    Args:
        ratings: whose categories have an order where weights are asked for.
        raters: the two of them; `None` where there are just two.
        weights: one of `WEIGHTS`.
        level: confidence level.
        min_n: fewer units with both ratings are suppressed.

    Raises:
        UsageError: not two raters, no such weights, or categories without an order.
    """
    if weights not in WEIGHTS:
        raise UsageError(f"there are no weights {weights!r}", hint=f"Use {', '.join(WEIGHTS)}.")
    if weights != "unweighted":
        ratings.require_order()
    first, second = _pair(ratings, raters)
    both = (first >= 0) & (second >= 0)
    n, q = int(np.count_nonzero(both)), len(ratings.categories)
    name = "cohen_kappa" if weights == "unweighted" else f"cohen_kappa_{weights}"
    if n < min_n:
        return _made(name, undecided(COHEN, fewer(min_n)), None, level)
    table = np.bincount(first[both] * q + second[both], minlength=q * q).reshape(q, q)
    result, extra = _cohen(table, _agreement_weights(q, weights), level)
    return _made(name, result, n, level, {"raters": 2, **extra})


def _cohen(table: Ints, weight: Floats, level: float) -> tuple[Result, dict[str, float]]:
    n = int(table.sum())
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((weight * p).sum()), float((weight * np.outer(rows, columns)).sum())
    if math.isclose(expected, 1.0, abs_tol=1e-15):
        return undecided(COHEN, _ONE_CATEGORY), {}
    if int((table * (weight < 1)).sum()) == 0:
        return undecided(COHEN, _ALL_AGREE), {}
    kappa = (observed - expected) / (1 - expected)
    by_row, by_column = (weight * columns).sum(axis=1), (weight.T * rows).sum(axis=1)
    inner = weight - (by_row[:, None] + by_column[None, :]) * (1 - kappa)
    spread = float((p * inner * inner).sum()) - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(spread, 0.0) / n) / (1 - expected)
    result = wald(kappa, error, level, COHEN, (-1.0, 1.0))
    return result, _parts(observed, expected, error)


def fleiss_kappa(ratings: Ratings, level: float = 0.95, min_n: int = 10) -> Estimate:
    """Fleiss' kappa of any number of raters (1971, Psychol Bull 76:378), also where ratings are missing.

    The chance that two ratings agree is `Σ π²`, π being the mean share of each category. The variance is
    Gwet's between units (2021, Educ Psychol Meas 81:781), which does not assume that there is no agreement;
    Student's t with units − 1 degrees of freedom.
    """
    return _chance_corrected("fleiss_kappa", ratings, level, min_n)


def gwet_ac1(ratings: Ratings, level: float = 0.95, min_n: int = 10) -> Estimate:
    """Gwet's AC1 (2008, Br J Math Stat Psychol 61:29), steady where one category is rare.

    The chance of agreement is `Σ π (1 − π) / (q − 1)`; variance between units, Student's t with units − 1
    degrees of freedom. Categories that nobody used count where `ratings` lists them.
    """
    return _chance_corrected("gwet_ac1", ratings, level, min_n)


def _chance_corrected(name: str, ratings: Ratings, level: float, min_n: int) -> Estimate:
    counts = ratings.counts()
    sizes = counts.sum(axis=1)
    counts, sizes = counts[sizes > 0], sizes[sizes > 0]
    n, q = counts.shape
    paired = sizes >= 2
    pairs = int(np.count_nonzero(paired))
    if pairs < min_n:
        return _made(name, undecided(GWET, fewer(min_n)), None, level)
    agreeing = (counts * (counts - 1)).sum(axis=1) / np.maximum(sizes * (sizes - 1), 1)
    shares = counts / sizes[:, None]
    mean = np.sort(shares, axis=0).sum(axis=0) / n
    observed = float(np.sort(agreeing[paired]).sum()) / pairs
    if name == "fleiss_kappa":
        expected, by_unit = float((mean * mean).sum()), (shares * mean).sum(axis=1)
    else:
        scale = 1 / max(q - 1, 1)
        expected = float((mean * (1 - mean)).sum()) * scale
        by_unit = (shares * (1 - mean)).sum(axis=1) * scale
    if int(np.count_nonzero(counts.sum(axis=0))) < 2 and (name == "fleiss_kappa" or q < 2):
        return _made(name, undecided(GWET, _ONE_CATEGORY), n, level)
    value = (observed - expected) / (1 - expected)
    own = (n / pairs) * (agreeing - expected * paired) / (1 - expected)
    own = own - 2 * (1 - value) * (by_unit - expected) / (1 - expected)
    off = np.sort((own - value) ** 2)
    error = math.sqrt(float(off.sum()) / (n * (n - 1)))
    if observed == 1:
        return _made(name, undecided(GWET, _ALL_AGREE), n, level)
    reach = t_critical(level, n - 1) * error
    result = Result(value, max(value - reach, -1.0), min(value + reach, 1.0), GWET)
    extra = {"raters": len(ratings.raters), "ratings": int(sizes.sum()), **_parts(observed, expected, error)}
    return _made(name, result, n, level, extra)


def krippendorff_alpha(
    ratings: Ratings,
    resampling: Resampling,
    metric: str = "nominal",
    level: float = 0.95,
    min_n: int = 10,
) -> Estimate:
    """Krippendorff's alpha, `1 − Do/De` (2004, Content Analysis, ch. 11), also where ratings are missing.

    Observed disagreement `Do` is the mean squared difference within units, every unit's pairs weighted by
    1/(m − 1); expected `De` is that of all pairs of pairable ratings. Differences are 0 or 1 (nominal),
    of mid-ranks (ordinal; the difference of two mid-ranks is the published sum of frequencies between),
    of the values (interval) or `(c − k)/(c + k)` (ratio). The interval holds percentiles of resampled units;
    ranks are made anew in each replicate.

    Raises:
        UsageError: no such metric; no order for `ordinal`; no numbers for `interval` and `ratio`; numbers
            below zero for `ratio`.
    """
    if metric not in METRICS:
        raise UsageError(f"there is no metric {metric!r}", hint=f"Use {', '.join(METRICS)}.")
    name = f"krippendorff_alpha_{metric}"
    values = _values(ratings, metric)
    counts = ratings.counts()
    counts = counts[counts.sum(axis=1) >= 2]
    n = len(counts)
    if n < min_n:
        return _made(name, undecided(ALPHA, fewer(min_n)), None, level)
    if int(np.count_nonzero(counts.sum(axis=0))) < 2:
        return _made(name, undecided(ALPHA, _ONE_CATEGORY), n, level)
    if not (counts * (counts.sum(axis=1, keepdims=True) - counts)).any():
        return _made(name, undecided(ALPHA, _ALL_AGREE), n, level)
    study = _Units(counts, values, metric)
    value = study.alpha(np.ones(n, dtype=np.int64))
    replicates = np.array([study.alpha(weights) for weights in resampling.draws(n)])
    result = bootstrap.interval(value, replicates, level, ALPHA)
    extra = {"raters": len(ratings.raters), "ratings": int(counts.sum()), "replicates": len(replicates)}
    return _made(name, result, n, level, extra)


class _Units:
    """Counts of categories a unit, shape (units, categories), made ready for weights."""

    def __init__(self, counts: Ints, values: Floats, metric: str) -> None:
        self.counts = counts
        self.values = values
        self.metric = metric
        self.pairable = counts.sum(axis=1)
        self.fixed = None if metric == "ordinal" else self._within(values)

    def alpha(self, weights: Ints) -> float:
        """Alpha with each unit counted as often as `weights` says; NaN where one value is left."""
        totals = (weights[:, None] * self.counts).sum(axis=0)
        n = int(totals.sum())
        if int(np.count_nonzero(totals)) < 2:
            return math.nan
        values = self.values
        if self.metric == "ordinal":
            values = np.cumsum(totals) - totals / 2
        within = self._within(values) if self.fixed is None else self.fixed
        observed = float((weights * within).sum()) / n
        expected = self._between(totals, values) / (n * (n - 1))
        return 1 - observed / expected

    def _within(self, values: Floats) -> Floats:
        """Sum of squared differences over the ordered pairs of each unit, over its ratings less one."""
        counts, sizes = self.counts, self.pairable
        if self.metric == "nominal":
            apart = sizes * sizes - (counts * counts).sum(axis=1)
            return np.asarray(apart / (sizes - 1), dtype=np.float64)
        if self.metric == "ratio":
            squares = _ratios(values)
            apart = np.array([float((row[:, None] * row[None, :] * squares).sum()) for row in counts])
            return np.asarray(apart / (sizes - 1), dtype=np.float64)
        # Σ (x − y)² over ordered pairs is 2m Σ (x − mean)².
        mean = (counts * values).sum(axis=1) / sizes
        off = values[None, :] - mean[:, None]
        return np.asarray(2 * sizes * (counts * off * off).sum(axis=1) / (sizes - 1), dtype=np.float64)

    def _between(self, totals: Ints, values: Floats) -> float:
        n = int(totals.sum())
        if self.metric == "nominal":
            return float(n * n - int((totals * totals).sum()))
        if self.metric == "ratio":
            return float((totals[:, None] * totals[None, :] * _ratios(values)).sum())
        off = values - float((totals * values).sum()) / n
        return 2 * n * float((totals * off * off).sum())


def _ratios(values: Floats) -> Floats:
    top = (values[:, None] - values[None, :]) ** 2
    under = (values[:, None] + values[None, :]) ** 2
    # Two zeros do not differ.
    return np.divide(top, under, out=np.zeros_like(top), where=under > 0)


def _values(ratings: Ratings, metric: str) -> Floats:
    if metric == "nominal":
        return np.zeros(len(ratings.categories))
    if metric == "ordinal":
        ratings.require_order()
        return np.zeros(len(ratings.categories))
    values = ratings.require_numbers()
    if metric == "ratio" and (values < 0).any():
        raise UsageError("a ratio scale has no values below zero", hint="Use the interval metric.")
    return values


def _agreement_weights(q: int, weights: str) -> Floats:
    apart = np.abs(np.subtract.outer(np.arange(q), np.arange(q))) / max(q - 1, 1)
    match weights:
        case "unweighted":
            return np.eye(q)
        case "linear":
            return np.asarray(1 - apart)
        case _:
            return np.asarray(1 - apart * apart)


def _pair(ratings: Ratings, raters: Sequence[str] | None) -> tuple[Ints, Ints]:
    names = ratings.raters if raters is None else tuple(raters)
    unknown = [name for name in names if name not in ratings.raters]
    if unknown or len(set(names)) != 2:
        raise UsageError(
            f"Cohen's kappa is of two raters, not of {', '.join(map(repr, names)) or 'none'}",
            hint=f"Name two of {', '.join(ratings.raters[:12])}, or use Fleiss' kappa for all.",
        )
    first, second = (ratings.codes[:, ratings.raters.index(name)] for name in names)
    return first, second


def _parts(observed: float, expected: float, error: float) -> dict[str, float]:
    return {"observed_agreement": observed, "expected_agreement": expected, "standard_error": error}


def _made(
    name: str, result: Result, n: int | None, level: float, extra: Mapping[str, float] | None = None
) -> Estimate:
    return Estimate(
        name,
        {},
        result.value,
        result.low,
        result.high,
        level,
        result.method,
        n,
        undecided=result.undecided,
        extra={key: rounded(value) for key, value in (extra or {}).items()},
    )
