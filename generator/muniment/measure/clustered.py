"""Metrics of a 2×2 table whose rows come in clusters, by the delta method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from muniment.measure.cohorts import Counts
from muniment.measure.contingency import LOG, ON_LOG_SCALE, indices
from muniment.measure.distributions import critical
from muniment.measure.kernel import Floats
from muniment.measure.result import Result, undecided, wald
from muniment.measure.units import Cells, between


def method_of(metric: str) -> str:
    """How the interval of a metric is made with clusters."""
    return f"{LOG if metric in ON_LOG_SCALE else 'wald'}-clustered"


def clustered_indices(
    counts: Counts, cells: Cells, threshold: float | None, level: float
) -> dict[str, Result]:
    """The same with several rows a cluster, by the delta method on the clusters' counts.

    None of these metrics changes when every cell is doubled, so the linearised contributions of the clusters
    sum to zero, and their variance is the one between clusters.

    Args:
        counts: the 2×2 table.
        cells: its counts a cluster, shape (clusters, 4): tp, fp, fn, tn.
        threshold: the one probability all rows are called at, or `None`.
        level: confidence level.
    """
    out = {}
    for metric, plain in indices(counts, threshold, level).items():
        method = method_of(metric)
        if plain.value is None:
            out[metric] = undecided(method, plain.undecided or "")
            continue
        error = math.sqrt(between(cells @ _GRADIENTS[metric](counts, threshold or 0.0)))
        if not math.isfinite(error):
            out[metric] = undecided(method, "one cluster only")
        elif metric in ON_LOG_SCALE:
            factor = math.exp(critical(level) * error)
            out[metric] = Result(plain.value, plain.value / factor, plain.value * factor, method)
        else:
            out[metric] = wald(plain.value, error, level, method, _BOUNDS.get(metric))
    return out


def _gradient_of_youden(counts: Counts, _threshold: float) -> Floats:
    events, others = counts.tp + counts.fn, counts.fp + counts.tn
    return np.array(
        [
            counts.fn / events**2,
            -counts.tn / others**2,
            -counts.tp / events**2,
            counts.fp / others**2,
        ]
    )


def _gradient_of_f1(counts: Counts, _threshold: float) -> Floats:
    whole = (2 * counts.tp + counts.fp + counts.fn) ** 2
    return np.array(
        [2 * (counts.fp + counts.fn) / whole, -2 * counts.tp / whole, -2 * counts.tp / whole, 0.0]
    )


def _gradient_of_net_benefit(counts: Counts, threshold: float) -> Floats:
    weight = threshold / (1 - threshold)
    value = (counts.tp - weight * counts.fp) / counts.n
    return np.array([1 - value, -weight - value, -value, -value]) / counts.n


def _gradient_of_log_lr_positive(counts: Counts, _threshold: float) -> Floats:
    events, others = counts.tp + counts.fn, counts.fp + counts.tn
    return np.array([1 / counts.tp - 1 / events, 1 / others - 1 / counts.fp, -1 / events, 1 / others])


def _gradient_of_log_lr_negative(counts: Counts, _threshold: float) -> Floats:
    events, others = counts.tp + counts.fn, counts.fp + counts.tn
    return np.array([-1 / events, 1 / others, 1 / counts.fn - 1 / events, 1 / others - 1 / counts.tn])


def _gradient_of_log_odds_ratio(counts: Counts, _threshold: float) -> Floats:
    return np.array([1 / counts.tp, -1 / counts.fp, -1 / counts.fn, 1 / counts.tn])


_GRADIENTS: Mapping[str, Callable[[Counts, float], Floats]] = {
    "balanced_accuracy": lambda counts, threshold: _gradient_of_youden(counts, threshold) / 2,
    "f1": _gradient_of_f1,
    "lr_positive": _gradient_of_log_lr_positive,
    "lr_negative": _gradient_of_log_lr_negative,
    "diagnostic_odds_ratio": _gradient_of_log_odds_ratio,
    "youden": _gradient_of_youden,
    "net_benefit": _gradient_of_net_benefit,
}
"""Derivatives by tp, fp, fn, tn; of the logarithm where the interval is made on that scale."""
_BOUNDS = {"balanced_accuracy": (0.0, 1.0), "f1": (0.0, 1.0), "youden": (-1.0, 1.0)}
