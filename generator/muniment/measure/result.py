"""A statistic and its interval before it knows whose it is."""

from __future__ import annotations

from muniment.measure.distributions import critical
from muniment.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """A value with its interval, or the reason why there is none."""

    value: float | None
    low: float | None
    high: float | None
    method: str
    """How value and interval were made."""
    undecided: str | None = None
    """Why there is no value; then `value`, `low` and `high` are `None`."""


def undecided(method: str, reason: str) -> Result:
    """No value, and why."""
    return Result(None, None, None, method, reason)


def wald(
    value: float, error: float, level: float, method: str, bounds: tuple[float, float] | None = None
) -> Result:
    """Value plus and minus the critical value times its standard error, clipped to `bounds`."""
    reach = critical(level) * error
    low, high = value - reach, value + reach
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Result(value, low, high, method)
