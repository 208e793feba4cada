"""Rows that belong together: several rows of one patient are not several patients.

Codes number the clusters of a cohort in the order of their names, so that nothing depends on the order of
the rows. Every variance here is the linearised one between clusters, with the factor c/(c − 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from muniment.measure.kernel import Floats, Ints, Keys
from muniment.measure.proportions import interval
from muniment.measure.result import Result, undecided
from muniment.model.dataclass import dataclass

Flags = npt.NDArray[np.bool_]
Cells = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Which cluster each row of a cohort belongs to, rows in the order of the cohort's keys."""

    codes: Ints
    """Shape (n,), from 0 to `count - 1`."""
    count: int
    """Clusters."""
    cells: Mapping[float | str, Cells]
    """Operating point to counts a cluster, shape (count, 4): tp, fp, fn, tn."""

    def sums(self, values: Floats) -> Floats:
        """Sum of `values` (n,) within each cluster, shape (count,)."""
        return np.bincount(self.codes, weights=values, minlength=self.count).astype(np.float64)


def between(totals: Floats) -> float:
    """Variance of the sum of independent cluster totals that sum to zero in expectation."""
    count = len(totals)
    return float((totals * totals).sum()) * count / (count - 1) if count > 1 else math.inf


def clustered_auroc_variance(keys: Keys, units: Units) -> float:
    """Variance of the AUROC with several rows a cluster (Obuchowski 1997, Biometrics 53:567, eq. 3).

    Placements are summed within clusters; positives and negatives of one cluster may covary.
    """
    positive, placements = placed(keys)
    labels = positive.astype(np.float64)
    events, others = float(labels.sum()), float((1 - labels).sum())
    area = float((placements * labels).sum()) / events
    with_events = int(np.count_nonzero(units.sums(labels)))
    with_others = int(np.count_nonzero(units.sums(1 - labels)))
    if min(with_events, with_others) < 2:
        return math.inf
    off_events = units.sums((placements - area) * labels)
    off_others = units.sums((placements - area) * (1 - labels))
    s10 = float((off_events**2).sum()) * with_events / ((with_events - 1) * events)
    s01 = float((off_others**2).sum()) * with_others / ((with_others - 1) * others)
    s11 = float((off_events * off_others).sum()) * units.count / (units.count - 1)
    return s10 / events + s01 / others + 2 * s11 / (events * others)


def placed(keys: Keys) -> tuple[Flags, Floats]:
    """Labels, and each row's placement: the share of the other class that it ranks on the right side of."""
    codes = keys.values >> np.uint64(1)
    labels = keys.labels
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    sizes = np.diff(np.append(starts, len(codes)))
    events = np.add.reduceat(labels.astype(np.int64), starts)
    others = sizes - events
    below = np.cumsum(others) - others / 2
    above = events.sum() - np.cumsum(events) + events / 2
    share_below = np.repeat(below / max(int(others.sum()), 1), sizes)
    share_above = np.repeat(above / max(int(events.sum()), 1), sizes)
    return labels, np.where(labels, share_below, share_above)


def clustered_proportion(hits: Floats, rows: Floats, level: float, method: str, nothing: str) -> Result:
    """A proportion whose rows come in clusters: the interval at the effective number of rows.

    The design effect is the variance between clusters over the binomial one (Rao and Scott 1992, Biometrics
    48:577); hits and rows are divided by it. It counts as one where it is smaller, so that clustering never
    makes an interval narrower.

    Args:
        hits: shape (clusters,), rows of each that count.
        rows: shape (clusters,), rows of each.
        level: confidence level.
        method: interval of proportions.
        nothing: what it means that there are no rows.
    """
    name = f"{method}-rao-scott"
    k, n = float(hits.sum()), float(rows.sum())
    if n == 0:
        return undecided(name, nothing)
    share = k / n
    holding = rows > 0
    variance = between((hits - share * rows)[holding]) / (n * n)
    binomial = share * (1 - share) / n
    effect = variance / binomial if binomial > 0 else _largest(rows)
    if not math.isfinite(effect):
        return undecided(name, "one cluster only")
    effect = max(effect, 1.0)
    low, high = interval(k / effect, n / effect, level, method)
    return Result(share, low, high, name)


def _largest(rows: Floats) -> float:
    """Where every row agrees nothing shows the design effect; take every cluster for one row of its size."""
    return float((rows**2).sum() / rows.sum())
