"""Calibration and overall accuracy of scores that are probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from muniment.measure import streamed
from muniment.measure.distributions import critical
from muniment.measure.kernel import BLOCK, Floats, Keys
from muniment.measure.recalibration import intercepts, slopes, stacked
from muniment.measure.result import Result, undecided, wald
from muniment.measure.units import Units, between
from muniment.model.dataclass import dataclass

Fit: TypeAlias = tuple[Result, Result]
"""Calibration intercept and slope."""
NORMAL = "normal"
"""Normal approximation of a mean: the standard deviation of the rows' losses over the root of n."""
LIKELIHOOD = "logistic-wald"
LOG_NORMAL = "log-normal"
CLUSTERED = {NORMAL: "normal-clustered", LIKELIHOOD: "logistic-sandwich", LOG_NORMAL: "log-linearised"}
"""What each method is called where its variance is the one between clusters."""
INFINITE = "a score of exactly 0 or 1 was wrong: the loss is infinite"
METRICS = ("brier", "log_loss", "calibration_intercept", "calibration_slope", "oe_ratio")
METHODS = {
    "brier": NORMAL,
    "log_loss": NORMAL,
    "calibration_intercept": LIKELIHOOD,
    "calibration_slope": LIKELIHOOD,
    "oe_ratio": LOG_NORMAL,
}


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """Predicted probabilities and outcomes of one cohort, in ascending order of probability."""

    p: Floats
    """Shape (n,), in [0, 1]."""
    y: Floats
    """Shape (n,), 1 for an event and 0 otherwise."""

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.p)

    @property
    def events(self) -> int:
        """Rows with an event."""
        return int(np.count_nonzero(self.y))


def probabilities(keys: Keys) -> Probabilities:
    """The cohort's probabilities; ask `not_probabilities` first."""
    return Probabilities(keys.scores, keys.labels.astype(np.float64))


def not_probabilities(keys: Keys, lower_is_positive: bool) -> str | None:
    """Why these scores cannot be read as probabilities of the event, or `None`."""
    if lower_is_positive:
        return "low scores speak for the event: not a probability"
    if keys.n == 0:
        return "no rows"
    ends = keys.scale.scores(keys.values[[0, -1]] >> np.uint64(1))
    lowest, highest = (float(score) for score in ends)
    if lowest < 0 or highest > 1:
        return f"scores outside [0, 1], from {lowest:.6g} to {highest:.6g}: not a probability"
    return None


def method_of(metric: str, clustered: bool) -> str:
    """How a metric's interval is made, with rows that are independent or come in clusters."""
    return CLUSTERED[METHODS[metric]] if clustered else METHODS[metric]


def calibration(
    keys: Keys,
    level: float,
    lower_is_positive: bool = False,
    units: Units | None = None,
    fit: Fit | None = None,
) -> dict[str, Result]:
    """Every metric of `METRICS` for one cohort, each with its interval or with why not.

    With `units` every variance is the one between clusters. `fit` is what `recalibrated` gave.
    """
    reason = not_probabilities(keys, lower_is_positive)
    if units is not None and units.count < 2:
        reason = reason or "one cluster only"
    if reason:
        return {metric: undecided(method_of(metric, units is not None), reason) for metric in METRICS}
    if units is None and keys.n >= streamed.FEWEST:
        return _of_many(keys, level)
    rows = probabilities(keys)
    intercept, slope = fit or recalibration(rows, level, units)
    return {
        "brier": brier(rows, level, units),
        "log_loss": log_loss(rows, level, units),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "oe_ratio": oe_ratio(rows, level, units),
    }


def _of_many(keys: Keys, level: float) -> dict[str, Result]:
    """The same numbers of many independent rows, without a copy of them."""
    rows = streamed.summary(keys)
    intercept, slope = _streamed_fits(keys, rows, level)
    reach = math.sqrt(rows.brier.variance / rows.n)
    out = {"brier": wald(rows.brier.mean, reach, level, NORMAL, (0.0, 1.0))}
    if rows.log_loss is None:
        out["log_loss"] = undecided(NORMAL, INFINITE)
    else:
        reach = math.sqrt(rows.log_loss.variance / rows.n)
        out["log_loss"] = wald(rows.log_loss.mean, reach, level, NORMAL, (0.0, math.inf))
    variance = (1 - rows.events / rows.n) / rows.events if rows.events else 0.0
    ratio = _ratio(rows.events, rows.expected, variance, level, LOG_NORMAL)
    return out | {"calibration_intercept": intercept, "calibration_slope": slope, "oe_ratio": ratio}


def _streamed_fits(keys: Keys, rows: streamed.Summary, level: float) -> tuple[Result, Result]:
    if rows.certain or rows.events in (0, rows.n):
        return recalibration(probabilities(keys), level)
    fits = streamed.intercept(keys, rows), streamed.slope(keys, rows)
    if fits[0] is None or fits[1] is None:
        # Far from converging: the slow way says why, or gets there.
        return recalibration(probabilities(keys), level)
    intercept, slope = (wald(fit.value, math.sqrt(fit.variance), level, LIKELIHOOD) for fit in fits if fit)
    return intercept, slope


def brier(rows: Probabilities, level: float, units: Units | None = None) -> Result:
    """Mean squared error of the probability (Brier 1950), with the interval of a mean."""
    return _mean((rows.p - rows.y) ** 2, level, "brier", (0.0, 1.0), units)


def log_loss(rows: Probabilities, level: float, units: Units | None = None) -> Result:
    """Mean negative log-likelihood in nats, with the interval of a mean."""
    held = np.where(rows.y == 1, rows.p, 1 - rows.p)
    if float(held.min()) == 0:
        method = method_of("log_loss", units is not None)
        return undecided(method, INFINITE)
    return _mean(-np.log(held), level, "log_loss", (0.0, math.inf), units)


def oe_ratio(rows: Probabilities, level: float, units: Units | None = None) -> Result:
    """Observed over expected events, with an interval on the scale of the logarithm.

    The standard error of the ratio's logarithm is sqrt((1 - O/n) / O) (Debray et al. 2017, BMJ 356:i6460),
    which takes every row for one of mean risk: for calibrated scores that differ the interval is wider than
    it need be (it holds 1 in about 97 of 100 samples, tests/laws/test_coverage.py);
    with clusters it is that of the linearised `sum(y)/O - sum(p)/E` between them.
    """
    method = method_of("oe_ratio", units is not None)
    observed, expected = rows.events, float(rows.p.sum())
    if observed == 0 or expected == 0:
        return _ratio(observed, expected, 0.0, level, method)
    if units is None:
        variance = (1 - observed / rows.n) / observed
    else:
        variance = between(units.sums(rows.y / observed - rows.p / expected))
    return _ratio(observed, expected, variance, level, method)


def _ratio(observed: int, expected: float, variance: float, level: float, method: str) -> Result:
    """Observed over expected, with the variance of its logarithm."""
    if observed == 0 or expected == 0:
        return undecided(method, "no events" if observed == 0 else "no events expected")
    ratio = observed / expected
    factor = math.exp(critical(level) * math.sqrt(variance))
    return Result(ratio, ratio / factor, ratio * factor, method)


def recalibration(rows: Probabilities, level: float, units: Units | None = None) -> Fit:
    """Calibration-in-the-large and Cox's calibration slope, both with Wald intervals.

    The intercept is that of a logistic regression with the logit of the score as offset (slope 1);
    the slope is that of a regression on the logit with a free intercept (Cox 1958; Steyerberg 2009).
    With `units` the standard errors are those of the sandwich with clusters (Liang and Zeger 1986).
    """
    (found,) = recalibrations([rows], level, units)
    return found


def recalibrations(
    cohorts: Sequence[Probabilities], level: float, units: Units | None = None
) -> Iterator[Fit]:
    """The same for each of many cohorts; with `units` there is one."""
    method = method_of("calibration_slope", units is not None)
    reasons = [_no_logit(rows) for rows in cohorts]
    usable = [rows for rows, reason in zip(cohorts, reasons, strict=True) if reason is None]
    fits = _fits(usable, level, units) if usable else iter(())
    for reason in reasons:
        yield next(fits) if reason is None else (undecided(method, reason), undecided(method, reason))


def _fits(cohorts: Sequence[Probabilities], level: float, units: Units | None) -> Iterator[Fit]:
    methods = [method_of(metric, units is not None) for metric in METRICS[2:4]]
    logits = [np.log(rows.p) - np.log1p(-rows.p) for rows in cohorts]
    rows = stacked(logits, [rows.y for rows in cohorts])
    reasons = ("the fit does not converge", "the scores separate the classes: the fit does not converge")
    found = []
    for fits, method, reason in zip((intercepts(rows), slopes(rows)), methods, reasons, strict=True):
        variances = fits.variance if units is None else np.array([between(units.sums(fits.influence))])
        found.append(
            [
                undecided(method, reason) if failed else wald(value, math.sqrt(variance), level, method)
                for value, variance, failed in zip(
                    fits.value.tolist(), variances.tolist(), fits.failed.tolist(), strict=True
                )
            ]
        )
    for logit, intercept, slope in zip(logits, *found, strict=True):
        equal = float(logit[0]) == float(logit[-1])
        yield intercept, undecided(methods[1], "all scores are equal") if equal else slope


def recalibrated(cohorts: Sequence[Keys], level: float, lower_is_positive: bool = False) -> list[Fit | None]:
    """What `recalibration` gives for each of many cohorts of independent rows, for `calibration` to take.

    `None` for a cohort that is large, which gains nothing, or whose scores are no probabilities.
    """
    out: list[Fit | None] = [None] * len(cohorts)
    held: list[int] = []
    rows = 0
    for index, keys in enumerate(cohorts):
        if keys.n >= streamed.FEWEST or not_probabilities(keys, lower_is_positive):
            continue
        if rows + keys.n > BLOCK:
            _recalibrate(cohorts, held, level, out)
            held, rows = [], 0
        held.append(index)
        rows += keys.n
    _recalibrate(cohorts, held, level, out)
    return out


def _recalibrate(cohorts: Sequence[Keys], held: Sequence[int], level: float, out: list[Fit | None]) -> None:
    found = recalibrations([probabilities(cohorts[index]) for index in held], level)
    for index, fit in zip(held, found, strict=True):
        out[index] = fit


def _no_logit(rows: Probabilities) -> str | None:
    if rows.events in (0, rows.n):
        return "one class only"
    certain = int(np.count_nonzero((rows.p == 0) | (rows.p == 1)))
    return f"{certain} scores are exactly 0 or 1 and have no logit" if certain else None


def _mean(
    losses: Floats, level: float, metric: str, bounds: tuple[float, float], units: Units | None
) -> Result:
    n = len(losses)
    method = method_of(metric, units is not None)
    if n < 2:
        return undecided(method, "one row only")
    mean = float(losses.sum()) / n
    if units is None:
        variance = float(((losses - mean) ** 2).sum()) / (n - 1) / n
    else:
        variance = between(units.sums(losses - mean)) / (n * n)
    return wald(mean, math.sqrt(variance), level, method, bounds)
