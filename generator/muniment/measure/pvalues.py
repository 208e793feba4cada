"""A criterion's p value: the smallest error rate at which the bound that it names still holds.

A criterion is judged on a bound of a two-sided interval at the plan's level. Turned round, the interval is a
test: were the level raised until the bound just meets the limit, one minus that level is the p value. So a
criterion is met at level 1 − α exactly where p ≤ α, whatever the method of its interval (Casella and Berger
2002, theorem 9.2.2). For Wilson's interval this is the score test, for Clopper and Pearson's twice the
binomial tail, for DeLong's the z test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from muniment.measure import proportions
from muniment.measure.criteria import Evidence, holds
from muniment.measure.distributions import t_critical
from muniment.measure.plan import Criterion

Interval: TypeAlias = tuple[float, float]
At: TypeAlias = Callable[[float], Interval]
"""Confidence level to interval."""

FLOOR = 1e-9
"""Smaller p values are given as this one."""
_STEPS = 60
_PLAIN = frozenset(
    {"delong", "delong-paired", "normal", "logistic-wald", "fleiss-cohen-everitt"}
    | {
        "anova-fixed-cases",
        "obuchowski-rockette-hillis",
        "obuchowski-rockette-hillis-fixed-readers",
        "gwet-t",
    }
)
_LOG = frozenset({"log-normal", "log-wald"})
_LOGIT = frozenset({"logit-wald", "mercaldo-logit"})
_AGAINST: Mapping[str, tuple[str, ...]] = {
    ">=": ("lower", "interval"),
    ">": ("lower", "interval"),
    "<=": ("upper", "interval"),
    "<": ("upper", "interval"),
    "within": ("interval",),
}
"""Operator to what may be compared for the comparison to be a test."""


@dataclass(frozen=True, slots=True)
class PValue:
    """The p value of a criterion on one number, or why it has none."""

    p: float | None
    method: str | None
    """The method of the interval that was turned round."""
    reason: str | None = None


def p_value(criterion: Criterion, evidence: Evidence) -> PValue:
    """Turn the criterion's interval round.

    Only a bound that stands against the limit is a test: a lower bound for `>=` and `>`, an upper one for
    `<=` and `<`, the whole interval for either and for `within`.
    """
    if criterion.on not in _AGAINST[criterion.operator]:
        what = {"point": "the estimate", "half_width": "the width of the interval"}
        said = what.get(criterion.on, f"the {criterion.on} bound")
        return PValue(None, None, f"judged on {said}, which is no test against the limit")
    if evidence.descriptive and criterion.each is not None:
        return PValue(None, None, "a level with few events or non-events is described only")
    if evidence.missing is not None or evidence.suppressed or evidence.value is None:
        return PValue(None, None, evidence.missing or "it was not measured")
    at = interval_at(evidence)
    if at is None:
        return PValue(None, None, f"its interval ({evidence.method or 'none'}) cannot be turned round")

    def met(alpha: float) -> bool:
        low, high = at(1 - alpha)
        return holds(criterion, evidence.value, low, high)

    if not met(1.0):
        return PValue(1.0, evidence.method)
    if met(FLOOR):
        return PValue(FLOOR, evidence.method)
    small, large = math.log(FLOOR), 0.0
    for _ in range(_STEPS):
        middle = (small + large) / 2
        small, large = (small, middle) if met(math.exp(middle)) else (middle, large)
    return PValue(math.exp(large), evidence.method)


def interval_at(evidence: Evidence) -> At | None:
    """A number's interval at any level, from the recorded one; `None` where its method has no such form."""
    value, low, high, level = evidence.value, evidence.low, evidence.high, evidence.level
    if value is None or low is None or high is None or not _level(level):
        return None
    assert level is not None
    method = evidence.method or ""
    if method in proportions.INTERVALS and evidence.n:
        hits, n = round(value * evidence.n), evidence.n
        if abs(hits - value * n) > 1e-6 * n:
            return None
        return lambda wanted: proportions.interval(hits, n, wanted, method)
    if evidence.pairs is not None:
        both, first, second, neither = evidence.pairs
        return lambda wanted: _paired(both, first, second, neither, wanted)
    if method in _PLAIN:
        return _symmetric(value, low, high, level, _same, _same, evidence.df)
    if method in _LOG and low > 0:
        return _symmetric(value, low, high, level, math.log, math.exp)
    if method in _LOGIT and low > 0 and high < 1:
        return _symmetric(value, low, high, level, _logit, _expit)
    return None


def _symmetric(
    value: float,
    low: float,
    high: float,
    level: float,
    to: Callable[[float], float],
    back: Callable[[float], float],
    df: float | None = None,
) -> At:
    """An interval that is a value plus and minus so many standard errors on some scale.

    A bound may have been clipped to where the metric can lie; clipping shortens, so the longer arm is whole.
    """
    freedom = math.inf if df is None else df
    centre = to(value)
    reach = max(centre - to(low), to(high) - centre)
    error = reach / t_critical(level, freedom)

    def at(wanted: float) -> Interval:
        arm = t_critical(wanted, freedom) * error
        return back(centre - arm), back(centre + arm)

    return at


def _paired(both: int, first: int, second: int, neither: int, level: float) -> Interval:
    result = proportions.paired_difference(both, first, second, neither, level)
    assert result.low is not None
    assert result.high is not None
    return result.low, result.high


def _level(level: object) -> bool:
    """Whether a recorded level is one; that of an operational metric is whatever its file says."""
    return isinstance(level, float) and 0 < level < 1


def _same(value: float) -> float:
    return value


def _logit(value: float) -> float:
    return math.log(value / (1 - value))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
