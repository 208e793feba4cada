"""How alike the rows of one cluster are: intraclass correlation and design effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from muniment.measure.distributions import beta_quantile
from muniment.measure.kernel import Floats
from muniment.measure.result import Result, undecided

METHOD = "anova-searle"


@dataclass(frozen=True, slots=True)
class Alike:
    """The intraclass correlation of some rows, and what it does to a variance."""

    clusters: int
    n: int
    icc: Result
    design_effect: Result
    """Factor on the variance of a mean, `1 + (m − 1)·icc` with `m` the typical size; never below 1."""


def alike(values: Floats, clusters: Sequence[str], level: float) -> Alike:
    """One-way analysis of variance of `values` by `clusters`.

    The estimator is (MSB − MSW) / (MSB + (m − 1)·MSW) with m = (n − Σnᵢ²/n)/(k − 1) (Donner 1986, Int Stat
    Rev 54:67). Its interval turns the F ratio's distribution around (Searle 1971; Shrout and Fleiss 1979,
    Psychol Bull 86:420), exact for normal values in clusters of one size; for shares and sizes that
    differ it is an approximation, with `m` for the size.

    Args:
        values: shape (n,).
        clusters: the cluster of each.
        level: confidence level.
    """
    names, codes = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    n, k = len(values), len(names)
    if k < 2 or n <= k:
        why = undecided(METHOD, "one cluster only" if k < 2 else "no cluster has two rows")
        return Alike(k, n, why, why)
    sizes = np.bincount(codes, minlength=k).astype(np.float64)
    means = np.bincount(codes, weights=values, minlength=k) / sizes
    grand = float(values.sum() / n)
    between = float((sizes * (means - grand) ** 2).sum()) / (k - 1)
    within = float(((values - means[codes]) ** 2).sum()) / (n - k)
    typical = float(n - (sizes * sizes).sum() / n) / (k - 1)
    if between == 0 and within == 0:
        why = undecided(METHOD, "all values are equal")
        return Alike(k, n, why, why)
    value = (between - within) / (between + (typical - 1) * within)
    if within == 0:
        why = undecided(METHOD, "values do not vary within clusters")
        return Alike(k, n, why, why)
    ratio = between / within
    tail = (1 - level) / 2
    low = _correlation(ratio / f_quantile(tail, k - 1, n - k), typical)
    high = _correlation(ratio * f_quantile(tail, n - k, k - 1), typical)
    effect = [1 + (typical - 1) * max(item, 0.0) for item in (value, low, high)]
    return Alike(k, n, Result(value, low, high, METHOD), Result(effect[0], effect[1], effect[2], METHOD))


def f_quantile(tail: float, df1: float, df2: float) -> float:
    """The value of an F distribution that is exceeded with probability `tail`."""
    # P(F > f) = I_x(df2/2, df1/2) at x = df2/(df2 + df1·f).
    x = beta_quantile(tail, df2 / 2, df1 / 2)
    return df2 * (1 - x) / (df1 * x)


def _correlation(ratio: float, typical: float) -> float:
    return (ratio - 1) / (ratio + typical - 1)
