"""Calibration whose intervals need replicates: errors in bins, the flexible curve, and means of losses.

Bins are closed on the right, and stay where they are in every replicate. All of these errors are averages of
absolute distances, so noise alone makes them larger than zero: a small cohort looks worse calibrated than it
is, and so does each of its replicates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from muniment.measure.bootstrap import CLUSTERED, METHOD, Resampling, interval
from muniment.measure.calibration import not_probabilities, probabilities
from muniment.measure.flexible import Flexible, flexible
from muniment.measure.kernel import Floats, Ints, Keys
from muniment.measure.result import Result, undecided
from muniment.measure.units import Units
from muniment.model.dataclass import dataclass

BINS = 10
SMOOTH = ("ece", "ici", "e50", "e90")
"""Metrics that have no interval by formula, in the order of the contract."""
NEEDS = "needs bootstrap replicates"
MEANS = ("brier", "log_loss", "oe_ratio")
"""Metrics that have a formula, and replicates where these are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Smooth:
    """What replicates say of a cohort's calibration."""

    results: Mapping[str, Result]
    """Of `SMOOTH`, and `emax` and `ece_equal_mass`."""
    curve: Flexible | None
    """The flexible curve; `None` where there is none, for the reason in the results."""
    resampling: Resampling


def without_replicates(clustered: bool) -> dict[str, Result]:
    """The metrics of `SMOOTH` where nothing is resampled: a value never stands without its interval."""
    return {metric: undecided(CLUSTERED if clustered else METHOD, NEEDS) for metric in SMOOTH}


def smooth(
    keys: Keys,
    units: Units | None,
    resampling: Resampling,
    level: float,
    min_n: int,
    lower_is_positive: bool = False,
    clustered: bool = False,
) -> Smooth:
    """Expected calibration errors and the flexible curve with their percentile intervals.

    Args:
        keys: the cohort's scores and labels.
        units: which rows are drawn together; `None` draws single rows.
        resampling: replicates and seed.
        level: confidence level.
        min_n: rows that a point of the curve stands for, at least.
        lower_is_positive: whether low scores speak for an event; then nothing is a probability.
        clustered: whether `units` are patients, for the name of the method.
    """
    method = CLUSTERED if clustered else METHOD
    names = ("ece", "ece_equal_mass", "ici", "e50", "e90", "emax")
    reason = not_probabilities(keys, lower_is_positive)
    if units is not None and units.count < 2:
        reason = reason or "one cluster only"
    if reason:
        return Smooth({name: undecided(method, reason) for name in names}, None, resampling)
    rows = probabilities(keys)
    codes, count = (np.arange(rows.n), rows.n) if units is None else (units.codes, units.count)
    cuts = {"ece": equal_width(rows.p), "ece_equal_mass": equal_mass(rows.p)}
    gaps = rows.p - rows.y
    drawn: dict[str, list[float]] = {name: [] for name in cuts}
    for weights in resampling.draws(count):
        each = weights[codes]
        off, total = gaps * each, int(each.sum())
        for name, starts in cuts.items():
            drawn[name].append(binned_error(off, starts, total))
    results = {
        name: interval(binned_error(gaps, starts, rows.n), np.array(drawn[name]), level, method)
        for name, starts in cuts.items()
    }
    curve = flexible(rows, codes, count, resampling, level, min_n, method)
    if isinstance(curve, str):
        results |= {name: undecided(method, curve) for name in names[2:]}
        return Smooth(results, None, resampling)
    return Smooth(results | dict(curve.distances), curve, resampling)


def means(
    keys: Keys,
    units: Units | None,
    resampling: Resampling,
    level: float,
    plain: Mapping[str, Result],
    method: str,
) -> dict[str, Result]:
    """Brier score, log loss and ratio of observed to expected with the percentiles of their replicates.

    `plain` holds the values by formula; what has none there has none here, for the same reason.
    """
    kept = {name: plain[name] for name in MEANS}
    if all(result.value is None for result in kept.values()):
        return {name: undecided(method, result.undecided or "no value") for name, result in kept.items()}
    rows = probabilities(keys)
    codes, count = (np.arange(rows.n), rows.n) if units is None else (units.codes, units.count)
    with np.errstate(divide="ignore"):
        losses = -np.log(np.where(rows.y == 1, rows.p, 1 - rows.p))
    sums = np.array(
        [
            np.bincount(codes, weights=values, minlength=count)
            for values in (np.ones(rows.n), (rows.p - rows.y) ** 2, losses, rows.y, rows.p)
        ]
    )
    # Zero times an infinite loss would be no number; a log loss that is infinite has no value anyway.
    sums[~np.isfinite(sums)] = 0.0
    totals = np.array([(sums * weights).sum(axis=1) for weights in resampling.draws(count)])
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = {
            "brier": totals[:, 1] / totals[:, 0],
            "log_loss": totals[:, 2] / totals[:, 0],
            "oe_ratio": totals[:, 3] / totals[:, 4],
        }
    return {
        name: interval(result.value, drawn[name], level, method, result.undecided or "no value")
        for name, result in kept.items()
    }


def equal_width(p: Floats) -> Ints:
    """Where ten bins of equal width begin among ascending `p`: (0.1, 0.2], the first with 0; none empty."""
    edges = np.arange(1, BINS) / BINS
    return _begins(np.searchsorted(p, edges, side="right"), len(p))


def equal_mass(p: Floats) -> Ints:
    """Likewise with about equally many rows each; a tie lies whole in the bin where it begins."""
    lasts = [len(p) * k // BINS for k in range(1, BINS)]
    cuts = [int(np.searchsorted(p, p[last - 1], side="right")) for last in lasts if last]
    return _begins(np.array(cuts, dtype=np.int64), len(p))


def binned_error(gaps: Floats, starts: Ints, n: int) -> float:
    """Expected calibration error: bins' |mean predicted − share of events|, weighted by their rows.

    That is the sum over bins of |sum of (p − y)|, over n (Naeini, Cooper and Hauskrecht 2015, AAAI, with bins
    of equal width; Nixon et al. 2019, CVPR workshops, with bins of equal mass).
    """
    return float(np.abs(np.add.reduceat(gaps, starts)).sum()) / n


def _begins(cuts: Ints, n: int) -> Ints:
    return np.unique(np.concatenate(([0], cuts[cuts < n]))).astype(np.int64)
