"""Calibration of many rows: one pass for the moments, two or three for the fits, none of it held in memory.

The keys are sorted, so neighbours have nearly the same score. Newton's method first runs on a few thousand
groups of neighbours, which lands within about 1e-6 of the answer; exact steps over all rows then finish it,
each of them squaring the error. Blocks begin at multiples of their size in the sorted order, so the bits do
not depend on threads, chunks or the order of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from muniment.measure.kernel import BLOCK, Floats, Keys
from muniment.model.dataclass import dataclass

Flags: TypeAlias = npt.NDArray[np.bool_]
FEWEST = BLOCK
"""Rows from which on this pays."""
GROUPS = 4096
"""At most so many groups of neighbours up to 100 million rows."""
STEPS = 40
NEAR = 1e-8
"""A Newton step, relative to the answer, that ends the fit of the groups."""
DONE = 1e-11
"""A Newton step that ends the exact fit: the variance is that of the coefficients before it."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Sum, and sum of squares about `about`, of a loss over all rows."""

    mean: float
    variance: float
    """Sample variance of the rows' losses."""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What the first pass leaves."""

    n: int
    events: int
    expected: float
    """Sum of the probabilities."""
    brier: Moments
    log_loss: Moments | None
    """`None` where a score of exactly 0 or 1 was wrong."""
    certain: int
    """Scores of exactly 0 or 1."""
    lowest: float
    highest: float
    logits: Floats
    """Mean logit of each group of neighbours; empty where a score is certain."""
    sizes: Floats
    """Rows of each group."""
    hits: Floats
    """Events of each group."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A coefficient and its variance by the observed information."""

    value: float
    variance: float


def summary(keys: Keys) -> Summary:
    """Read all rows once; the scores must be probabilities and there must be two rows at least."""
    size = 1
    while size < BLOCK and keys.n > GROUPS * size:
        size *= 2
    losses, errors = _Sums(), _Sums()
    events = certain = 0
    expected = 0.0
    finite = True
    groups: list[tuple[Floats, Floats, Floats]] = []
    for p, y in _rows(keys):
        outcome = y.astype(np.float64)
        errors.add((p - outcome) ** 2)
        expected += float(p.sum())
        hits = int(np.count_nonzero(y))
        events += hits
        rest = 1 - p
        edge = int(np.count_nonzero((p == 0) | (rest == 0)))
        certain += edge
        with np.errstate(divide="ignore"):
            high, low = np.log(p), np.log(rest)
        loss = -np.where(y, high, low)
        finite = finite and bool(np.isfinite(loss).all())
        if finite:
            losses.add(loss)
        if not certain:
            starts = np.arange(0, len(p), size)
            sizes = np.diff(np.append(starts, len(p))).astype(np.float64)
            groups.append(
                (np.add.reduceat(high - low, starts) / sizes, sizes, np.add.reduceat(outcome, starts))
            )
    columns = [np.concatenate(column) for column in zip(*groups, strict=True)] if not certain else []
    logits, counts, found = columns or [np.empty(0)] * 3
    ends = keys.scale.scores(keys.values[[0, -1]] >> np.uint64(1))
    return Summary(
        keys.n,
        events,
        expected,
        errors.moments(),
        losses.moments() if finite else None,
        certain,
        float(ends[0]),
        float(ends[1]),
        logits,
        counts,
        found,
    )


def intercept(keys: Keys, rows: Summary) -> Fit | None:
    """Calibration-in-the-large: the intercept with the logit as offset. `None` where it does not converge."""
    a = 0.0
    for _ in range(STEPS):
        fitted = _expit(rows.logits + a)
        weight = float((rows.sizes * fitted * (1 - fitted)).sum())
        if weight <= 0:
            return None
        step = float((rows.hits - rows.sizes * fitted).sum()) / weight
        a += max(-4.0, min(4.0, step))
        if abs(step) < NEAR * max(1.0, abs(a)):
            break
    for _ in range(STEPS):
        sums = [0.0, 0.0]
        for logit, _y in _logits(keys):
            fitted = _expit(logit + a)
            sums[0] += float(fitted.sum())
            sums[1] += float((fitted * (1 - fitted)).sum())
        if sums[1] < 1e-12:
            return None
        step = (rows.events - sums[0]) / sums[1]
        a += step
        if abs(step) < DONE * max(1.0, abs(a)):
            return Fit(a, 1 / sums[1])
    return None


def slope(keys: Keys, rows: Summary) -> Fit | None:
    """Cox's slope with a free intercept. `None` where it does not converge, as where the classes separate."""
    centre = float((rows.logits * rows.sizes).sum()) / rows.n
    spread = math.sqrt(float(((rows.logits - centre) ** 2 * rows.sizes).sum()) / rows.n)
    if not spread > 1e-6 * max(1.0, abs(centre)):
        return None
    start = _grouped((rows.logits - centre) / spread, rows)
    if start is None:
        return None
    a, b = start
    for _ in range(STEPS):
        w0 = w1 = w2 = g0 = g1 = 0.0
        for logit, y in _logits(keys):
            x = (logit - centre) / spread
            fitted = _expit(a + b * x)
            residual = y - fitted
            weights = fitted * (1 - fitted)
            g0 += float(residual.sum())
            g1 += float((residual * x).sum())
            w0 += float(weights.sum())
            weights *= x
            w1 += float(weights.sum())
            weights *= x
            w2 += float(weights.sum())
        determinant = w0 * w2 - w1 * w1
        if determinant <= 1e-10 * w0 * w2:
            return None
        da, db = (w2 * g0 - w1 * g1) / determinant, (w0 * g1 - w1 * g0) / determinant
        a, b = a + da, b + db
        if max(abs(da), abs(db)) < DONE * max(1.0, abs(b)):
            return Fit(b / spread, w0 / determinant / spread**2)
    return None


def _grouped(x: Floats, rows: Summary) -> tuple[float, float] | None:
    """The two coefficients on groups of neighbours, halving a step that does not help."""
    a = b = 0.0
    best = _likelihood(x, rows, a, b)
    for _ in range(STEPS):
        fitted = _expit(a + b * x)
        weights = rows.sizes * fitted * (1 - fitted)
        residual = rows.hits - rows.sizes * fitted
        w0, w1, w2 = float(weights.sum()), float((weights * x).sum()), float((weights * x * x).sum())
        g0, g1 = float(residual.sum()), float((residual * x).sum())
        determinant = w0 * w2 - w1 * w1
        if determinant <= 1e-10 * w0 * w2 or abs(b) > 200:
            return None
        da, db = (w2 * g0 - w1 * g1) / determinant, (w0 * g1 - w1 * g0) / determinant
        scale = 1.0
        while (trial := _likelihood(x, rows, a + scale * da, b + scale * db)) < best - 1e-9 * abs(best):
            scale /= 2
            if scale < 1e-6:
                return None
        a, b, best = a + scale * da, b + scale * db, trial
        if max(abs(da), abs(db)) < NEAR * max(1.0, abs(b)):
            return a, b
    return None


def _likelihood(x: Floats, rows: Summary, a: float, b: float) -> float:
    linear = a + b * x
    return float((rows.hits * linear - rows.sizes * np.logaddexp(0.0, linear)).sum())


class _Sums:
    """Running sums about the mean of the first block, which keeps the leading digits of the variance."""

    def __init__(self) -> None:
        self.about: float | None = None
        self.n = 0
        self.total = self.squares = 0.0

    def add(self, values: Floats) -> None:
        """Take another block."""
        if self.about is None:
            self.about = float(values.sum()) / len(values)
        off = values - self.about
        self.n += len(values)
        self.total += float(off.sum())
        self.squares += float((off * off).sum())

    def moments(self) -> Moments:
        """Mean and sample variance of all blocks."""
        spread = max(self.squares - self.total * self.total / self.n, 0.0)
        return Moments((self.about or 0.0) + self.total / self.n, spread / (self.n - 1))


def _rows(keys: Keys) -> Iterator[tuple[Floats, Flags]]:
    """Probabilities and labels, block by block."""
    for start in range(0, keys.n, BLOCK):
        part = keys.values[start : start + BLOCK]
        yield keys.scale.scores(part >> np.uint64(1)), (part & np.uint64(1)).astype(np.bool_)


def _logits(keys: Keys) -> Iterator[tuple[Floats, Flags]]:
    """Logits and outcomes, block by block; no score may be 0 or 1."""
    for p, y in _rows(keys):
        yield np.log(p / (1 - p)), y


def _expit(linear: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-linear)), dtype=np.float64)
