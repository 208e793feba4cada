"""Partial area under the ROC curve: discrimination where false positives are rare enough to be accepted."""

from __future__ import annotations

import math

import numpy as np

from muniment.measure.bootstrap import Resampling, interval
from muniment.measure.kernel import Floats, Ints, Keys
from muniment.measure.resampled import NEEDS
from muniment.measure.result import Result, undecided
from muniment.measure.units import Units

METRICS = ("partial_auroc", "partial_auroc_standardised")


def partial_auroc(
    keys: Keys, units: Units | None, most: float, resampling: Resampling | None, level: float, method: str
) -> dict[str, Result]:
    """Area under the ROC curve from a false positive rate of 0 to `most`, and the same standardised.

    The standardised area (McClish 1989, Med Decis Making 9:190) is 1 for perfect and 1/2 for no
    discrimination, whatever the range: `(1 + (A − m²/2) / (m − m²/2)) / 2`. Percentile intervals.

    Args:
        keys: the cohort's scores and labels.
        units: which rows are drawn together; `None` draws single rows.
        most: largest false positive rate, above 0 and up to 1.
        resampling: replicates and seed; without them there is no interval, and so no value.
        level: confidence level.
        method: name of the interval.
    """
    events = keys.positives(0, keys.n)
    reason = None
    if events in (0, keys.n):
        reason = "one class only" if keys.n else "no rows"
    elif resampling is None:
        reason = NEEDS
    if reason or resampling is None:
        return {metric: undecided(method, reason or NEEDS) for metric in METRICS}
    # From the highest score down; one group a distinct score.
    labels = keys.labels[::-1]
    scores = (keys.values >> np.uint64(1))[::-1]
    codes = np.arange(keys.n) if units is None else units.codes[::-1]
    count = keys.n if units is None else units.count
    starts = np.flatnonzero(np.concatenate(([True], scores[1:] != scores[:-1])))
    plain = _area(labels, np.ones(keys.n, dtype=np.int64), starts, most)
    drawn = np.array([_area(labels, weights[codes], starts, most) for weights in resampling.draws(count)])
    return {
        METRICS[0]: interval(plain, drawn, level, method),
        METRICS[1]: interval(float(standardised(plain, most)), standardised(drawn, most), level, method),
    }


def standardised(area: float | Floats, most: float) -> Floats:
    """McClish's scale, elementwise."""
    chance = most * most / 2
    return np.asarray((1 + (area - chance) / (most - chance)) / 2)


def _area(
    labels: np.ndarray[tuple[int], np.dtype[np.bool_]], weights: Ints, starts: Ints, most: float
) -> float:
    """Trapezoidal area up to `most`; the last trapezoid is cut by linear interpolation."""
    events = np.add.reduceat(weights * labels, starts)
    others = np.add.reduceat(weights * ~labels, starts)
    positives, negatives = int(events.sum()), int(others.sum())
    if not positives or not negatives:
        return math.nan
    tpr = np.concatenate(([0.0], np.cumsum(events) / positives))
    fpr = np.concatenate(([0.0], np.cumsum(others) / negatives))
    inside = int(np.searchsorted(fpr, most, side="right"))
    if inside < len(fpr):
        share = (most - fpr[inside - 1]) / (fpr[inside] - fpr[inside - 1])
        end = tpr[inside - 1] + share * (tpr[inside] - tpr[inside - 1])
        tpr, fpr = np.append(tpr[:inside], end), np.append(fpr[:inside], most)
    return float((np.diff(fpr) * (tpr[1:] + tpr[:-1])).sum()) / 2
