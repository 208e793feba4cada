"""Logistic recalibration of many cohorts at once.

A cohort of a few hundred rows takes longer to call a function for than to compute. So the rows of many are
laid end to end, and Newton's method runs on all of them together, each with coefficients of its own. A sum
over a cohort looks at that cohort's rows alone, so it has the same bits by itself and among others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from muniment.measure.kernel import Floats, Ints
from muniment.model.dataclass import dataclass

STEPS = 60
NEAR = 1.0
"""A step that promises less gain in log-likelihood (twice, as a parabola) is taken whole."""
FAR = 50.0
"""A first step that promises more begins too far from the answer."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """The rows of `k` cohorts, one after the other."""

    logit: Floats
    """Shape (n,), finite."""
    y: Floats
    """Shape (n,), 1 for an event and 0 otherwise; each cohort has both."""
    starts: Ints
    """Index of each cohort's first row, shape (k,)."""
    sizes: Ints
    """Rows of each cohort, shape (k,)."""

    def sums(self, values: Floats) -> Floats:
        """Sum of `values` (n,) within each cohort, shape (k,)."""
        return np.add.reduceat(values, self.starts)

    def each(self, values: Floats) -> Floats:
        """A value a cohort as one a row; left as it is, to be broadcast, where there is one cohort."""
        return values if len(values) == 1 else np.repeat(values, self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """A coefficient of each cohort. Where `failed` its numbers mean nothing."""

    value: Floats
    """Shape (k,)."""
    variance: Floats
    """By the observed information, shape (k,)."""
    influence: Floats
    """What each row moves the coefficient by, shape (n,): its sums between clusters make the sandwich."""
    failed: Flags
    """Where the fit does not converge, shape (k,)."""


def stacked(logits: Sequence[Floats], outcomes: Sequence[Floats]) -> Stacked:
    """Lay the rows of cohorts end to end; those of one are not copied."""
    sizes = np.array([len(logit) for logit in logits])
    logit, y = (parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in (logits, outcomes))
    return Stacked(logit, y, np.cumsum(sizes) - sizes, sizes)


def intercepts(rows: Stacked) -> Fits:
    """Calibration-in-the-large: the intercept with the logit as offset.

    Newton's method in one unknown; the log-likelihood is concave, so a bounded step finds it.
    """
    a = np.zeros(len(rows.sizes))
    moving = np.ones(len(a), dtype=np.bool_)
    for _ in range(STEPS):
        fitted = _expit(rows.logit + rows.each(a))
        weight = rows.sums(fitted * (1 - fitted))
        moving &= weight >= 1e-12
        step = np.divide(rows.sums(rows.y - fitted), weight, out=np.zeros_like(a), where=moving)
        a = a + np.clip(step, -4.0, 4.0)
        # The step after this one would be of the order of its square.
        moving &= np.abs(step) >= 1e-9 * np.maximum(1.0, np.abs(a))
        if not moving.any():
            break
    fitted = _expit(rows.logit + rows.each(a))
    weight = rows.sums(fitted * (1 - fitted))
    residual = rows.y - fitted
    left = np.abs(rows.sums(residual)) > 1e-6 * np.maximum(1.0, rows.sums(rows.y))
    failed = (weight < 1e-12) | left
    safe = np.where(failed, 1.0, weight)
    return Fits(a, 1 / safe, residual / rows.each(safe), failed)


def slopes(rows: Stacked) -> Fits:
    """Cox's slope with a free intercept.

    Newton's method in two unknowns on the standardised logit, halving a step that does not help.
    """
    centre = rows.sums(rows.logit) / rows.sizes
    off = rows.logit - rows.each(centre)
    spread = np.sqrt(rows.sums(off * off) / rows.sizes)
    spread[spread == 0] = 1.0
    x = off / rows.each(spread)
    # Begun where the scores are right. If that promises much, they are far off, and 0 is the safer place.
    a, b = centre, spread
    step = _step(rows, x, a, b)
    far = step.flat | (step.gain > FAR)
    if far.any():
        a, b = np.where(far, 0.0, a), np.where(far, 0.0, b)
        step = _step(rows, x, a, b)
    value, variance, influence = np.zeros_like(a), np.ones_like(a), np.zeros_like(x)
    done, failed = np.zeros((2, len(a)), dtype=np.bool_)
    for _ in range(STEPS):
        failed |= ~done & (step.flat | (np.abs(b) > 200))
        small = np.maximum(np.abs(step.a), np.abs(step.b)) < 1e-12 * np.maximum(1.0, np.abs(b))
        ends = small & ~done & ~failed
        if ends.any():
            value = np.where(ends, (b + step.b) / spread, value)
            variance = np.where(ends, step.w0 / step.determinant / spread**2, variance)
            # The row of the inverse information that belongs to the slope, on each row's score.
            held = step.residual * (rows.each(step.w0) * x - rows.each(step.w1))
            held /= rows.each(step.determinant * spread)
            influence = np.where(rows.each(ends.astype(np.float64)) > 0, held, influence)
            done |= ends
        moving = ~(done | failed)
        if not moving.any():
            break
        scale = _helpful(rows, x, a, b, step, moving & (step.gain >= NEAR))
        a = np.where(moving, a + scale * step.a, a)
        b = np.where(moving, b + scale * step.b, b)
        step = _step(rows, x, a, b)
    return Fits(value, variance, influence, ~done)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A step of Newton's method for each cohort, and what it rests on."""

    a: Floats
    b: Floats
    gain: Floats
    """Twice what it adds to the log-likelihood, were that a parabola."""
    w0: Floats
    w1: Floats
    determinant: Floats
    """1 where the information has no inverse."""
    flat: Flags
    """Where it has none."""
    residual: Floats
    """Shape (n,)."""


def _step(rows: Stacked, x: Floats, a: Floats, b: Floats) -> _Step:
    fitted = _expit(rows.each(a) + rows.each(b) * x)
    residual = rows.y - fitted
    weights = fitted * (1 - fitted)
    weighted = weights * x
    w0, w1, w2 = rows.sums(weights), rows.sums(weighted), rows.sums(weighted * x)
    g0, g1 = rows.sums(residual), rows.sums(residual * x)
    determinant = w0 * w2 - w1 * w1
    flat = determinant <= 1e-10 * w0 * w2
    determinant = np.where(flat, 1.0, determinant)
    da, db = (w2 * g0 - w1 * g1) / determinant, (w0 * g1 - w1 * g0) / determinant
    return _Step(da, db, da * g0 + db * g1, w0, w1, determinant, flat, residual)


def _helpful(rows: Stacked, x: Floats, a: Floats, b: Floats, step: _Step, guarded: Flags) -> Floats:
    """How much of each step is taken: whole, or halved until it helps where it is guarded.

    Newton's method squares the error where little is promised; there is nothing to guard.
    """
    scale = np.ones_like(a)
    if not guarded.any():
        return scale
    least = _likelihood(rows, x, a, b) - 1e-9
    while True:
        trial = _likelihood(rows, x, a + scale * step.a, b + scale * step.b)
        worse = guarded & (scale > 1e-6) & (trial < least)
        if not worse.any():
            return scale
        scale[worse] /= 2


def _likelihood(rows: Stacked, x: Floats, a: Floats, b: Floats) -> Floats:
    linear = rows.each(a) + rows.each(b) * x
    # The logarithm of 1 + exp(linear), which does not overflow.
    softplus = np.maximum(linear, 0.0) + np.log1p(np.exp(-np.abs(linear)))
    return rows.sums(rows.y * linear - softplus)


def _expit(linear: Floats) -> Floats:
    # Overflow to infinity is the right limit here: 1 / (1 + inf) is 0.
    with np.errstate(over="ignore"):
        out: Floats = np.exp(-linear)
    out += 1
    return np.divide(1.0, out, out=out)
