"""Percentile intervals from resampled clusters; without clusters every row is one.

Replicate r draws from a counter-based generator keyed by (seed, r), so the numbers do not depend on how
many replicates run together, or where. A replicate in which a statistic has no value (one class drawn) is
left out and counted; where that is more than one in twenty, there is no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from muniment.measure.kernel import Floats, Ints, Keys
from muniment.measure.result import Result, undecided
from muniment.measure.units import Units
from muniment.model.dataclass import dataclass

MOST_UNDEFINED = 0.05
METHOD = "bootstrap-percentile"
CLUSTERED = "bootstrap-percentile-clustered"


@dataclass(frozen=True, slots=True)
class Resampling:
    """How often, and from which seed."""

    replicates: int
    seed: int
    tell: Callable[[int, int], None] = lambda _done, _whole: None
    """Takes the replicates drawn so far, and all of them: thousands take a while on many rows."""

    def draws(self, clusters: int) -> Iterator[Ints]:
        """Yield, a replicate, how often each of `clusters` was drawn; shape (clusters,)."""
        for replicate in range(self.replicates):
            self.tell(replicate, self.replicates)
            picked = self.generator(replicate).integers(0, clusters, clusters)
            yield np.bincount(picked, minlength=clusters)

    def generator(self, replicate: int) -> np.random.Generator:
        """The generator of one replicate: Philox (Salmon et al. 2011) keyed by seed and replicate."""
        return np.random.Generator(np.random.Philox(key=np.array([self.seed, replicate], dtype=np.uint64)))


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A cohort's rows split by class, ready for weights: nothing is sorted again in a replicate."""

    events: Ints
    """Cluster of each event, in ascending order of score."""
    others: Ints
    """Cluster of each non-event, likewise."""
    below: Ints
    """For each event, non-events with a lower score."""
    upto: Ints
    """For each event, non-events with a lower score or the same."""
    above_events: Ints
    """For each event, index of the first event of its own score: those from there on are called with it."""


def ranked(keys: Keys, codes: Ints) -> Ranked:
    """Split sorted keys by class; `codes` are the clusters in the order of the keys."""
    labels = keys.labels
    scores = keys.values >> np.uint64(1)
    events, others = scores[labels], scores[~labels]
    return Ranked(
        codes[labels],
        codes[~labels],
        np.searchsorted(others, events, side="left"),
        np.searchsorted(others, events, side="right"),
        np.searchsorted(events, events, side="left"),
    )


def auroc_of(rows: Ranked, weights: Ints) -> float:
    """AUROC with each cluster counted as often as `weights` says; NaN where a class is missing."""
    events, others = weights[rows.events], weights[rows.others]
    total = int(events.sum()) * int(others.sum())
    if not total:
        return float("nan")
    cumulated = np.concatenate(([0], np.cumsum(others)))
    twice_u = int((events * (cumulated[rows.below] + cumulated[rows.upto])).sum())
    return twice_u / (2 * total)


def average_precision_of(rows: Ranked, weights: Ints) -> float:
    """Average precision (step-wise, as scikit-learn) under weights; NaN where no event is drawn."""
    events, others = weights[rows.events], weights[rows.others]
    total = int(events.sum())
    if not total:
        return float("nan")
    hits = total - np.concatenate(([0], np.cumsum(events)))[rows.above_events]
    misses = int(others.sum()) - np.concatenate(([0], np.cumsum(others)))[rows.below]
    drawn = events > 0
    return float((events[drawn] * (hits[drawn] / (hits[drawn] + misses[drawn]))).sum()) / total


def interval(
    value: float | None, replicates: Floats, level: float, method: str, reason: str = "no value"
) -> Result:
    """A value with the percentiles of its replicates (linear interpolation between order statistics)."""
    if value is None:
        return undecided(method, reason)
    held = replicates[np.isfinite(replicates)]
    lost = len(replicates) - len(held)
    if lost > MOST_UNDEFINED * len(replicates):
        return undecided(method, f"no value in {lost} of {len(replicates)} replicates")
    tail = (1 - level) / 2
    low, high = np.quantile(held, [tail, 1 - tail])
    # Percentiles need not hold the value itself; an interval that misses it would only confuse.
    return Result(value, min(float(low), value), max(float(high), value), method)


def cell_replicates(
    cells: Ints, resampling: Resampling, statistics: Mapping[str, Callable[[Floats], Floats]]
) -> dict[str, Floats]:
    """Replicates of statistics of a 2×2 table.

    Clusters with equal counts are exchangeable, so it is enough to draw how often each distinct count
    vector comes: a multinomial over them, which is exact and does not grow with the rows.

    Args:
        cells: counts a cluster, shape (clusters, 4): tp, fp, fn, tn.
        resampling: replicates and seed.
        statistics: name to function of tables of shape (replicates, 4), NaN where undefined.
    """
    distinct, often = _distinct(cells)
    shares = often / often.sum()
    drawn = np.array(
        [
            resampling.generator(replicate).multinomial(len(cells), shares)
            for replicate in range(resampling.replicates)
        ]
    )
    tables = (drawn @ distinct).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: statistic(tables) for name, statistic in statistics.items()}


def _distinct(cells: Ints) -> tuple[Ints, Ints]:
    """The distinct rows, in ascending order, and how often each comes."""
    sizes = [int(size) + 1 for size in cells.max(axis=0, initial=0)]
    if math.prod(sizes) >= 1 << 62:
        rows, often = np.unique(cells, axis=0, return_counts=True)
        return rows, often
    # One whole number a row sorts several times as fast as the row, in the same order.
    codes = np.zeros(len(cells), dtype=np.int64)
    for column, size in enumerate(sizes):
        codes = codes * size + cells[:, column]
    found, often = np.unique(codes, return_counts=True)
    columns = []
    for size in reversed(sizes):
        columns.append(found % size)
        found = found // size
    return np.stack(columns[::-1], axis=1), often


def share(over: tuple[int, ...], under: tuple[int, ...]) -> Callable[[Floats], Floats]:
    """A proportion of many 2×2 tables at once; cells are tp, fp, fn, tn."""

    def of(tables: Floats) -> Floats:
        return np.asarray(tables[:, list(over)].sum(axis=1) / tables[:, list(under)].sum(axis=1))

    return of


def areas(
    keys: Keys, units: Units, resampling: Resampling, level: float, method: str, plain: Mapping[str, Result]
) -> dict[str, Result]:
    """AUROC and average precision with the percentiles of their replicates."""
    kept = [name for name, result in plain.items() if result.value is not None]
    rows = ranked(keys, units.codes)
    found: dict[str, list[float]] = {name: [] for name in kept}
    functions = {"auroc": auroc_of, "average_precision": average_precision_of}
    if kept:
        for weights in resampling.draws(units.count):
            for name, values in found.items():
                values.append(functions[name](rows, weights))
    return {
        name: interval(
            result.value, np.array(found.get(name, [])), level, method, result.undecided or "no value"
        )
        for name, result in plain.items()
    }
