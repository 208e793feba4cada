"""How many patients a planned precision takes, and whether it was reached.

All sizes are for the full width of the two-sided interval, never for a p value. They are rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from muniment.errors import UsageError
from muniment.measure.distributions import critical
from muniment.model.dataclass import dataclass
from muniment.model.estimate import Estimate, rounded

BUDERER, RILEY = "buderer-1996", "riley-2021"
_NODES = 4001
_REACH = 12.0
"""Standard deviations on both sides of the mean that the linear predictor is summed over."""
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Patients needed for one target."""

    target: str
    """`sensitivity`, `specificity`, `oe_ratio`, `calibration_slope` or `auroc`."""
    n: int
    """Patients."""
    events: int
    """Of whom with the event, as expected."""
    expected: float
    """The value that is expected of the target."""
    width: float
    """Planned width of the interval, on the target's own scale."""
    prevalence: float
    level: float
    method: str

    def as_json(self) -> dict[str, Any]:
        """All fields, numbers rounded."""
        return {
            "target": self.target,
            "n": self.n,
            "events": self.events,
            "expected": rounded(self.expected),
            "width": rounded(self.width),
            "prevalence": rounded(self.prevalence),
            "level": self.level,
            "method": self.method,
        }


@dataclass(frozen=True, slots=True)
class Precision:
    """Planned against achieved width of one estimate's interval."""

    estimate: Estimate
    planned: float
    """Full width that the plan allows, on the estimate's own scale."""
    achieved: float | None
    """Full width of its interval; `None` where it has none."""
    reached: bool | None
    """Whether the interval is no wider than planned; `None` where there is no interval."""

    def as_json(self) -> dict[str, Any]:
        """The estimate with both widths."""
        return {
            **self.estimate.as_json(),
            "planned_width": rounded(self.planned),
            "achieved_width": rounded(self.achieved),
            "precision_reached": self.reached,
        }


def precision(estimate: Estimate, planned: float) -> Precision:
    """Compare the width of an estimate's interval with the one planned.

    Raises:
        UsageError: the planned width is not above zero.
    """
    _positive("a planned width", planned)
    if estimate.low is None or estimate.high is None:
        return Precision(estimate, planned, None, None)
    # To 12 digits, as it is written: a width that is the planned one but for rounding has reached it.
    achieved = float(f"{estimate.high - estimate.low:.12g}")
    return Precision(estimate, planned, achieved, achieved <= planned)


def buderer(target: str, expected: float, width: float, prevalence: float, level: float = 0.95) -> SampleSize:
    """Patients for a sensitivity or specificity of a given precision (Buderer 1996, Acad Emerg Med 3:895).

    Half the width is `z √(p (1 − p) / m)`, so `m = z² p (1 − p) / (width/2)²` events (or non-events), and
    `m / prevalence` (or `m / (1 − prevalence)`) patients must be seen to find them.

    Args:
        target: `sensitivity` or `specificity`.
        expected: its expected value.
        width: full width of the interval; the paper's W is half of it.
        prevalence: expected share of events.
        level: confidence level.

    Raises:
        UsageError: another target, or a number out of its range.
    """
    if target not in ("sensitivity", "specificity"):
        raise UsageError(f"there is no such size for {target!r}", hint="Use sensitivity or specificity.")
    _share("the expected value", expected)
    _share("the prevalence", prevalence)
    _positive("the width", width)
    z = critical(_level(level))
    members = _up(z * z * expected * (1 - expected) / (width / 2) ** 2)
    n = _up(members / (prevalence if target == "sensitivity" else 1 - prevalence))
    events = members if target == "sensitivity" else n - members
    return SampleSize(target, n, events, expected, width, prevalence, level, BUDERER)


def oe_ratio(prevalence: float, width: float = 0.2, expected: float = 1.0, level: float = 0.95) -> SampleSize:
    """Patients for the ratio of observed to expected events (Riley et al. 2021, Stat Med 40:4230, step 1).

    The interval is made on the log scale, where the standard error is `√((1 − φ) / (n φ))`; the standard
    error whose interval has the width is `asinh(width / (2 · O/E)) / z`.
    """
    _share("the prevalence", prevalence)
    _positive("the width", width)
    _positive("the expected ratio", expected)
    error = math.asinh(width / (2 * expected)) / critical(_level(level))
    n = _up((1 - prevalence) / (prevalence * error * error))
    return SampleSize("oe_ratio", n, _up(n * prevalence), expected, width, prevalence, level, RILEY)


def calibration_slope(
    prevalence: float,
    predictor: tuple[float, float] | Sequence[float],
    width: float = 0.2,
    expected: float = 1.0,
    intercept: float = 0.0,
    level: float = 0.95,
    *,
    sample: bool = False,
) -> SampleSize:
    """Patients for the calibration slope (Riley et al. 2021, step 2).

    The slope's standard error is `√(Iα / (n (Iα Iβ − Iαβ²)))` with the information of a logistic model of
    the outcome on the linear predictor, `Iα = E[p(1 − p)]`, `Iαβ = E[LP p(1 − p)]`, `Iβ = E[LP² p(1 − p)]`.
    The expectation is summed over the normal density, not simulated.

    Args:
        prevalence: expected share of events; it only counts the events among the patients.
        predictor: mean and standard deviation of the linear predictor in the validation population, or,
            with `sample`, its values in a sample.
        width: full width of the interval.
        expected: slope that is expected.
        intercept: calibration intercept that is expected.
        level: confidence level.
        sample: whether `predictor` is a sample.

    Raises:
        UsageError: a number out of its range, or a predictor that does not vary.
    """
    _share("the prevalence", prevalence)
    _positive("the width", width)
    if sample:
        values = np.sort(np.asarray(predictor, dtype=np.float64))
        weights = np.full(len(values), 1 / max(len(values), 1))
    else:
        mean, deviation = (float(value) for value in predictor)
        _positive("the standard deviation of the linear predictor", deviation)
        steps = np.linspace(-_REACH, _REACH, _NODES)
        values, weights = mean + deviation * steps, np.exp(-steps * steps / 2)
        # The trapezoidal rule converges geometrically for a smooth function that vanishes at both ends.
        weights = weights / weights.sum()
    if len(values) < 2 or not np.isfinite(values).all() or values[0] == values[-1]:
        raise UsageError("a calibration slope needs a linear predictor that varies")
    risk = 1 / (1 + np.exp(-(intercept + expected * values)))
    information = weights * risk * (1 - risk)
    centre = float((information * values).sum() / information.sum())
    # Iβ − Iαβ²/Iα, about the weighted mean so that nothing cancels.
    left = float((information * (values - centre) ** 2).sum())
    error = width / (2 * critical(_level(level)))
    n = _up(1 / (error * error * left))
    return SampleSize("calibration_slope", n, _up(n * prevalence), expected, width, prevalence, level, RILEY)


def c_statistic(prevalence: float, expected: float, width: float = 0.1, level: float = 0.95) -> SampleSize:
    """Patients for the area under the ROC curve (Riley et al. 2021, step 3).

    The standard error is Newcombe's (2006, Stat Med 25:559), of the expected area `C` and prevalence `φ`:
    `√(C (1 − C) (1 + (n/2 − 1) ((1 − C)/(2 − C) + C/(1 + C))) / (n² φ (1 − φ)))`.
    """
    _share("the prevalence", prevalence)
    _share("the expected area", expected)
    _positive("the width", width)
    z = critical(_level(level))

    def wide(n: int) -> bool:
        spread = 1 + (n / 2 - 1) * ((1 - expected) / (2 - expected) + expected / (1 + expected))
        variance = expected * (1 - expected) * spread / (n * n * prevalence * (1 - prevalence))
        return 2 * z * math.sqrt(variance) > width

    low, high = 1, 2
    while wide(high):
        low, high = high, _up(2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return SampleSize("auroc", high, _up(high * prevalence), expected, width, prevalence, level, RILEY)


def external_validation(
    prevalence: float,
    area: float,
    predictor: tuple[float, float],
    widths: tuple[float, float, float] = (0.2, 0.2, 0.1),
    level: float = 0.95,
) -> tuple[SampleSize, SampleSize, SampleSize]:
    """The three sizes for an external validation: O/E, calibration slope, area; the largest one is needed."""
    return (
        oe_ratio(prevalence, widths[0], level=level),
        calibration_slope(prevalence, predictor, widths[1], level=level),
        c_statistic(prevalence, area, widths[2], level),
    )


def _up(value: float) -> int:
    if not value < _MOST:
        raise UsageError("no practical number of patients is enough", hint="Plan a wider interval.")
    # A value that is whole but for rounding is that whole number.
    return max(1, math.ceil(value - 1e-9 * max(1.0, value)))


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"a confidence level of {level} is not between 0 and 1", hint="95 % is 0.95.")
    return level


def _share(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(f"{what} {value} is not between 0 and 1")


def _positive(what: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise UsageError(f"{what} of {value} is not above zero")
