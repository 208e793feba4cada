"""The few distribution functions that intervals need, without the weight of a statistics library."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

_TINY = 1e-300
_TERMS = 10_000


def critical(level: float) -> float:
    """Two-sided critical value of the standard normal at a confidence level: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def two_sided(z: float) -> float:
    """Two-sided p value of a standard normal deviate."""
    return math.erfc(abs(z) / math.sqrt(2))


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction (modified Lentz)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1.0 / _away(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away(1 + term * d)
            c = _away(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return math.exp(front) * fraction / a


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, by bisection to the last bit."""
    return bisected(lambda x: beta_cdf(x, a, b) - p, 0.0, 1.0)


def bisected(rising: Callable[[float], float], low: float, high: float) -> float:
    """The zero of a rising function between `low` and `high`, to the last bit."""
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if rising(middle) < 0:
            low = middle
        else:
            high = middle


def binomial_half_p(k: int, n: int) -> float:
    """Two-sided exact p value of `k` of `n` against one half (the exact test of McNemar)."""
    if n == 0 or 2 * k == n:
        return 1.0
    smaller = min(k, n - k)
    # P(X <= k) = I_{1/2}(n - k, k + 1) for X ~ Binomial(n, 1/2).
    return min(1.0, 2 * beta_cdf(0.5, n - smaller, smaller + 1))


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
