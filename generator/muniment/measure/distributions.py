"""The few distribution functions that intervals need, without the weight of a statistics library."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from statistics import NormalDist

_TINY = 1e-300
_TERMS = 10_000


@functools.lru_cache(maxsize=64)
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


def t_two_sided(t: float, df: float) -> float:
    """Two-sided p value of Student's t with `df` degrees of freedom, which need not be whole."""
    # x = df/(df + t²) goes through the incomplete beta function: P(|T| > t) = I_x(df/2, 1/2).
    return beta_cdf(df / (df + t * t), df / 2, 0.5)


def t_critical(level: float, df: float) -> float:
    """Two-sided critical value of Student's t at a confidence level: 2.2281 for 0.95 and 10."""
    if math.isinf(df):
        return critical(level)
    # Found on the scale of x = df/(df + t²), which is bounded.
    x = bisected(lambda x: beta_cdf(x, df / 2, 0.5) - (1 - level), 0.0, 1.0)
    return math.sqrt(df * (1 - x) / x) if x > 0 else math.inf


def f_p(f: float, df1: float, df2: float) -> float:
    """Upper tail of the F distribution; degrees of freedom need not be whole."""
    return 1.0 if f <= 0 else beta_cdf(df2 / (df2 + df1 * f), df2 / 2, df1 / 2)


def binomial_half_p(k: int, n: int) -> float:
    """Two-sided exact p value of `k` of `n` against one half (the exact test of McNemar)."""
    if n == 0 or 2 * k == n:
        return 1.0
    smaller = min(k, n - k)
    # P(X <= k) = I_{1/2}(n - k, k + 1) for X ~ Binomial(n, 1/2).
    return min(1.0, 2 * beta_cdf(0.5, n - smaller, smaller + 1))


def kolmogorov_p(x: float) -> float:
    """P(K > x) of the limiting Kolmogorov distribution; `x` is the distance times the root of n.

    The alternating series converges fast for a large `x`, its theta transform for a small one.
    """
    if x <= 0:
        return 1.0
    if x < 1.18:
        base = -(math.pi**2) / (8 * x * x)
        below = math.fsum(math.exp((2 * k - 1) ** 2 * base) for k in range(1, 20))
        return max(0.0, 1.0 - math.sqrt(2 * math.pi) / x * below)
    return min(1.0, 2 * math.fsum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 20)))


def chi_square_p(statistic: float, df: int) -> float:
    """Upper tail of the chi-square distribution: the regularised incomplete gamma function Q(df/2, x/2)."""
    if statistic <= 0:
        return 1.0
    a, x = df / 2, statistic / 2
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for k in range(1, _TERMS):
            term *= x / (a + k)
            total += term
            if term < total * 1e-17:
                break
        return max(0.0, 1.0 - front * total)
    # The continued fraction of the upper tail, by the modified method of Lentz.
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for k in range(1, _TERMS):
        step = -k * (k - a)
        b += 2
        d = 1 / _away(step * d + b)
        c = _away(b + step / c)
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
