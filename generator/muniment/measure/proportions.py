"""Proportions with their intervals, one group or two, paired or not."""

from __future__ import annotations

import math

from muniment.errors import UsageError
from muniment.measure.distributions import beta_quantile, binomial_half_p, critical
from muniment.measure.result import Result, undecided

INTERVALS = ("wilson", "clopper-pearson")


def proportion(k: int, n: int, level: float, method: str, nothing: str) -> Result:
    """`k` of `n` with the interval of that name; `nothing` says what it means that `n` is zero."""
    if n == 0:
        return undecided(method, nothing)
    low, high = interval(k, n, level, method)
    return Result(k / n, low, high, method)


def interval(k: float, n: float, level: float, method: str) -> tuple[float, float]:
    """The two-sided interval of `k` of `n` by a method of `INTERVALS`; `k` and `n` need not be whole."""
    match method:
        case "wilson":
            return wilson(k, n, level)
        case "clopper-pearson":
            return clopper_pearson(k, n, level)
    raise UsageError(
        f"there is no interval {method!r} for proportions", hint=f"Use {' or '.join(INTERVALS)}."
    )


def wilson(k: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's score interval without continuity correction (Newcombe 1998, Stat Med 17:857, method 3)."""
    z = critical(level)
    centre = 2 * k + z * z
    reach = z * math.sqrt(z * z + 4 * k * (n - k) / n)
    scale = 2 * (n + z * z)
    # At the ends the formula is exactly 0 or 1; rounding must not leave 1e-17 there.
    return (0.0 if k == 0 else (centre - reach) / scale, 1.0 if k == n else (centre + reach) / scale)


def clopper_pearson(k: float, n: float, level: float) -> tuple[float, float]:
    """The exact interval from two binomial tails (Clopper and Pearson 1934; Newcombe 1998, method 5)."""
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k == n else beta_quantile(1 - tail, k + 1, n - k)
    return low, high


def paired_difference(both: int, first: int, second: int, neither: int, level: float) -> Result:
    """Difference of two proportions on the same cases, first minus second.

    Newcombe's method 10 (1998, Stat Med 17:2635): Wilson limits of the two margins, squared and added
    with a correction for their correlation, which is itself corrected for continuity.

    Args:
        both: cases positive by the first and the second.
        first: cases positive by the first alone.
        second: cases positive by the second alone.
        neither: cases positive by none.
        level: confidence level.
    """
    n = both + first + second + neither
    if n == 0:
        return undecided("newcombe-paired", "no pairs")
    p1, p2 = (both + first) / n, (both + second) / n
    (l1, u1), (l2, u2) = wilson(both + first, n, level), wilson(both + second, n, level)
    phi = _phi(both, first, second, neither)
    below = _root((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    above = _root((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    difference = (first - second) / n
    return Result(difference, difference - below, difference + above, "newcombe-paired")


def unpaired_difference(k1: int, n1: int, k2: int, n2: int, level: float) -> Result:
    """Difference of two independent proportions, first minus second.

    Newcombe's hybrid score interval without correction (1998, Stat Med 17:873, method 10).
    """
    if n1 == 0 or n2 == 0:
        return undecided("newcombe", "a group is empty")
    p1, p2 = k1 / n1, k2 / n2
    (l1, u1), (l2, u2) = wilson(k1, n1, level), wilson(k2, n2, level)
    difference = p1 - p2
    return Result(
        difference,
        difference - math.hypot(p1 - l1, u2 - p2),
        difference + math.hypot(u1 - p1, p2 - l2),
        "newcombe",
    )


def mcnemar_p(first: int, second: int) -> float:
    """Exact two-sided p value of McNemar's test from the two discordant counts."""
    return binomial_half_p(first, first + second)


def _phi(a: int, b: int, c: int, d: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    product = float(a * d - b * c)
    if product > 0:
        product = max(product - (a + b + c + d) / 2, 0.0)
    return product / math.sqrt(margins)


def _root(square: float) -> float:
    return math.sqrt(max(square, 0.0))
