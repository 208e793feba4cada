"""How far the distribution of a column in a window is from the same column in a baseline.

The baseline sets the bins, so PSI and Jensen–Shannon change when the two tables are exchanged.

* **PSI** on bins cut at the baseline's deciles (distinct values or levels where there are few). A share of
  zero counts as half a row of its own sample. Its expectation under no drift is about
  `(1/n + 1/m)(B − 1)` (Yurdakul 2018), given as `psi_noise`: a small window shows a PSI of that size always.
* **Jensen–Shannon divergence** (not its root) in bits, on the same bins, without any floor.
* **Kolmogorov–Smirnov** distance of the two empirical distributions, with the p value of the limiting
  distribution (Kolmogorov 1933; Smirnov 1948), conservative where values are tied.
* **Wasserstein** distance of order 1 between the empirical distributions, in the column's own unit.
* **Pearson's chi-square** of the two-sample table, for columns of levels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from muniment.measure.codes import BLOCK, decode, encode, offset_of
from muniment.measure.distributions import chi_square_p, kolmogorov_p
from muniment.measure.kernel import Floats, Ints
from muniment.model.dataclass import dataclass

BINS = 10
"""Bins of a column of numbers."""
FEW = 10
"""Up to so many distinct baseline values, each has a bin of its own."""
NUMERIC, LEVELS = "numeric", "levels"


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column in both tables. A statistic is `None` where it does not apply, or `undecided` says why."""

    column: str
    kind: str
    """`numeric` or `levels`."""
    n_baseline: int
    """Rows with a value."""
    n_window: int
    missing_baseline: float
    """Share of rows without a value, NaN included."""
    missing_window: float
    psi: float | None = None
    psi_noise: float | None = None
    """Expected PSI between two samples of these sizes from one distribution."""
    jensen_shannon: float | None = None
    """In bits, between 0 and 1."""
    ks: float | None = None
    ks_p: float | None = None
    wasserstein: float | None = None
    """In the unit of the column."""
    chi_square: float | None = None
    chi_square_df: int | None = None
    chi_square_p: float | None = None
    undecided: str | None = None


def numeric(column: str, baseline: pl.Series, window: pl.Series, min_n: int) -> ColumnDrift:
    """Drift of a column of numbers; the series are Float64 with null for what is missing."""
    a, b = _sorted(baseline), _sorted(window)
    shown = _counts(column, NUMERIC, baseline, window, len(a), len(b))
    if min(len(a), len(b)) < max(min_n, 1):
        return _undecided(shown, min_n)
    edges = _edges(a)
    first, second = _histogram(a, edges), _histogram(b, edges)
    distance, moved = _distances(a, b)
    effective = len(a) * len(b) / (len(a) + len(b))
    return _with(
        shown,
        first,
        second,
        ks=distance,
        ks_p=kolmogorov_p(math.sqrt(effective) * distance),
        wasserstein=moved,
    )


def levels(column: str, baseline: pl.Series, window: pl.Series, min_n: int) -> ColumnDrift:
    """Drift of a column of levels; the series are text with null for what is missing."""
    shown = _counts(
        column,
        LEVELS,
        baseline,
        window,
        baseline.len() - baseline.null_count(),
        window.len() - window.null_count(),
    )
    if min(shown.n_baseline, shown.n_window) < max(min_n, 1):
        return _undecided(shown, min_n)
    names = sorted({*baseline.drop_nulls().unique().to_list(), *window.drop_nulls().unique().to_list()})
    first, second = (_tally(series, names) for series in (baseline, window))
    statistic, df = _pearson(first, second)
    return _with(
        shown,
        first,
        second,
        chi_square=statistic,
        chi_square_df=df,
        chi_square_p=chi_square_p(statistic, df) if df else None,
    )


def psi(first: Ints, second: Ints) -> float:
    """Population stability index of two histograms over the same bins; zero counts as half a row."""
    p, q = _floored(first), _floored(second)
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(first: Ints, second: Ints) -> float:
    """Jensen–Shannon divergence of two histograms over the same bins, in bits (Lin 1991)."""
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2

    def towards(share: Floats) -> float:
        held = share > 0
        return float((share[held] * np.log2(share[held] / middle[held])).sum())

    return max((towards(p) + towards(q)) / 2, 0.0)


def _distances(a: Floats, b: Floats) -> tuple[float, float | None]:
    """Kolmogorov–Smirnov and Wasserstein distance of two sorted samples, in one merge.

    Where a value is infinite no finite distance moves one sample to the other: the second is `None`.
    """
    distance = moved = 0.0
    from_a = done = 0
    last: float | None = None
    apart_before = 0.0
    finite = bool(np.isfinite([a[0], a[-1], b[0], b[-1]]).all())
    for values, of_a in _merged(a, b):
        counted = from_a + np.cumsum(of_a)
        apart = counted / len(a) - (np.arange(done + 1, done + len(values) + 1) - counted) / len(b)
        # Between tied values the distributions are half-way through one jump; only its end counts.
        ends = values[1:] > values[:-1]
        if last is not None and values[0] > last:
            distance = max(distance, abs(apart_before))
        if ends.any():
            distance = max(distance, float(np.abs(apart[:-1][ends]).max()))
        if finite:
            if last is not None:
                moved += abs(apart_before) * (float(values[0]) - last)
            moved += float((np.abs(apart[:-1]) * np.diff(values)).sum())
        from_a, done = int(counted[-1]), done + len(values)
        last, apart_before = float(values[-1]), float(apart[-1])
    return distance, moved if finite else None


def _merged(a: Floats, b: Floats) -> Iterator[tuple[Floats, npt.NDArray[np.bool_]]]:
    """Both samples in ascending order, block by block, and which values are the first one's."""
    offset = offset_of(a, b)
    if offset is None:
        values = np.concatenate((a, b))
        # Two ascending runs: a stable sort merges them.
        order = np.argsort(values, kind="stable")
        merged, of_a = values[order], order < len(a)
        for start in range(0, len(merged), BLOCK):
            yield merged[start : start + BLOCK], of_a[start : start + BLOCK]
        return
    keys = np.empty(len(a) + len(b), dtype=np.uint64)
    encode(a, offset, keys[: len(a)])
    encode(b, offset, keys[len(a) :], 1)
    keys.sort()
    for start in range(0, len(keys), BLOCK):
        part = keys[start : start + BLOCK]
        yield decode(part >> np.uint64(1), offset), (part & np.uint64(1)) == 0


def _edges(baseline: Floats) -> Floats:
    """Upper edges of all bins but the last; a bin holds what is above the edge before it, up to its own."""
    last = np.flatnonzero(baseline[1:] > baseline[:-1])
    if len(last) < FEW:
        return baseline[last]
    ranks = [math.ceil(len(baseline) * k / BINS) - 1 for k in range(1, BINS)]
    return np.unique(baseline[ranks])


def _histogram(ascending: Floats, edges: Floats) -> Ints:
    cuts = np.searchsorted(ascending, edges, side="right")
    return np.diff(np.concatenate(([0], cuts, [len(ascending)]))).astype(np.int64)


def _tally(series: pl.Series, names: Sequence[str]) -> Ints:
    found = dict(series.drop_nulls().value_counts().rows())
    return np.array([found.get(name, 0) for name in names], dtype=np.int64)


def _pearson(first: Ints, second: Ints) -> tuple[float, int]:
    """Chi-square statistic of the 2×k table and its degrees of freedom."""
    total = first + second
    n, m = int(first.sum()), int(second.sum())
    statistic = 0.0
    for counts, rows in ((first, n), (second, m)):
        expected = total * (rows / (n + m))
        statistic += float((((counts - expected) ** 2) / expected).sum())
    return statistic, len(total) - 1


def _floored(counts: Ints) -> Floats:
    total = int(counts.sum())
    return np.maximum(counts, 0.5) / total


def _sorted(series: pl.Series) -> npt.NDArray[np.float64]:
    return np.sort(series.drop_nulls().to_numpy())


def _counts(column: str, kind: str, baseline: pl.Series, window: pl.Series, n: int, m: int) -> ColumnDrift:
    return ColumnDrift(column, kind, n, m, _missing(n, baseline.len()), _missing(m, window.len()))


def _missing(present: int, rows: int) -> float:
    return (rows - present) / rows if rows else 0.0


def _undecided(shown: ColumnDrift, min_n: int) -> ColumnDrift:
    side = "baseline" if shown.n_baseline < max(min_n, 1) else "window"
    return replace(shown, undecided=f"fewer than {max(min_n, 1)} values in the {side}")


def _with(shown: ColumnDrift, first: Ints, second: Ints, **more: float | int | None) -> ColumnDrift:
    noise = (1 / shown.n_baseline + 1 / shown.n_window) * (len(first) - 1)
    return replace(
        shown,
        psi=psi(first, second),
        psi_noise=noise,
        jensen_shannon=jensen_shannon(first, second),
        **more,  # type: ignore[arg-type]
    )
