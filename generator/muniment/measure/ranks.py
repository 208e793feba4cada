"""Rank correlation of many pairs of short lists at once, in NumPy alone."""

from __future__ import annotations

import numpy as np

from muniment.measure.kernel import Floats
from muniment.measure.units import Flags

FEWEST = 3
"""Pairs below which no correlation is told: two points always lie on a line."""


def mid_ranks(values: Floats, known: Flags) -> Floats:
    """Ranks from 1 within each row, ties sharing their mean; NaN where `known` is false.

    Args:
        values: shape (rows, columns).
        known: same shape; what is not known takes no part in its row's ranking.
    """
    rows, columns = values.shape
    # What is not known sorts behind everything, so it moves no rank of what is.
    held = np.where(known, values, np.inf)
    order = np.argsort(held, axis=1, kind="stable")
    ordered = np.take_along_axis(held, order, axis=1)
    position = np.broadcast_to(np.arange(columns), (rows, columns))
    fresh = np.ones((rows, columns), dtype=bool)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.ones((rows, columns), dtype=bool)
    ends[:, :-1] = fresh[:, 1:]
    first = np.maximum.accumulate(np.where(fresh, position, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, position, columns)[:, ::-1], axis=1)[:, ::-1]
    out = np.empty((rows, columns))
    np.put_along_axis(out, order, (first + last) / 2 + 1, axis=1)
    return np.where(known, out, np.nan)


def rank_correlations(a: Floats, b: Floats) -> Floats:
    """Spearman's rho of each row of `a` with the same row of `b`, over the columns that both know.

    Pearson's correlation of mid-ranks (Spearman 1904). NaN where fewer than three columns are known, or all
    values of a side are equal.

    Args:
        a: shape (rows, columns); NaN is not known.
        b: the same shape.
    """
    known = np.isfinite(a) & np.isfinite(b)
    n = known.sum(axis=1)
    x, y = mid_ranks(a, known), mid_ranks(b, known)
    # The mean of n mid-ranks is (n + 1)/2 whatever the ties are.
    middle = ((n + 1) / 2)[:, None]
    dx, dy = np.where(known, x - middle, 0.0), np.where(known, y - middle, 0.0)
    top = (dx * dy).sum(axis=1)
    below = np.sqrt((dx * dx).sum(axis=1) * (dy * dy).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where((n >= FEWEST) & (below > 0), top / below, np.nan)
    return np.clip(rho, -1.0, 1.0)
