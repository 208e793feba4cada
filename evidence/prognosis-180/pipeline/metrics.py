"""The few statistics the post-market windows need.

A release's evaluation is computed elsewhere from its prediction table; nothing here feeds a verdict.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import number

Z95 = 1.959963984540054


def proportion(hits: int, n: int) -> dict[str, Any]:
    """A share with its Wilson interval (Wilson 1927); null where there is nothing to divide by."""
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    p, z2 = hits / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At 0 and n hits a bound equals the estimate; rounding must not put it on the other side.
    low, high = min(centre - half, p), max(centre + half, p)
    return {"value": number(p), "low": number(max(low, 0.0)), "high": number(min(high, 1.0)), "n": n}


def auroc(score: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Area under the ROC curve with its DeLong interval (DeLong 1988)."""
    died, lived = score[y == 1], np.sort(score[y == 0])
    if len(died) < 2 or len(lived) < 2:
        return {"value": None, "low": None, "high": None}
    below, upto = np.searchsorted(lived, died, "left"), np.searchsorted(lived, died, "right")
    placed = (below + upto) / (2 * len(lived))
    cases = np.sort(died)
    above = len(died) - np.searchsorted(cases, lived, "right")
    tied = len(died) - np.searchsorted(cases, lived, "left") - above
    outranked = (above + tied / 2) / len(died)
    area = placed.mean()
    half = Z95 * np.sqrt(placed.var(ddof=1) / len(died) + outranked.var(ddof=1) / len(lived))
    return {
        "value": number(area),
        "low": number(max(area - half, 0.0)),
        "high": number(min(area + half, 1.0)),
    }


def calibration(score: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Observed over expected deaths, and Cox's calibration slope by Newton's method."""
    clipped = np.clip(score, 1e-6, 1 - 1e-6)
    design = np.column_stack([np.ones_like(clipped), np.log(clipped / (1 - clipped))])
    beta = np.array([0.0, 1.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (p * (1 - p))[:, None])
        beta = beta + np.linalg.solve(information, design.T @ (y - p))
    half = Z95 * np.sqrt(np.linalg.inv(information)[1, 1])
    return {
        "oe_ratio": number(y.sum() / score.sum()),
        "calibration_slope": {
            "value": number(beta[1]),
            "low": number(beta[1] - half),
            "high": number(beta[1] + half),
        },
    }


def psi(reference: np.ndarray, window: np.ndarray, bins: int = 10) -> float:
    """Population stability index over the recorded values, on the reference's deciles.

    Missing values are left out (missing data has its own monitor); an empty bin counts as 0.001.
    """
    old, new = reference[~np.isnan(reference)], window[~np.isnan(window)]
    if len(old) == 0 or len(new) == 0:
        return float("nan")
    edges = np.unique(np.quantile(old, np.linspace(0, 1, bins + 1)[1:-1]))
    share_old, share_new = (
        np.maximum(np.bincount(np.searchsorted(edges, x, "right"), minlength=len(edges) + 1) / len(x), 1e-3)
        for x in (old, new)
    )
    return float(((share_new - share_old) * np.log(share_new / share_old)).sum())


def psi_noise(n_reference: int, n_window: int, bins: int = 10) -> float | None:
    """What PSI averages to when nothing changed (Yurdakul 2018)."""
    return number((1 / n_reference + 1 / n_window) * (bins - 1)) if n_window else None


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rho over the pairs where both are recorded, with mid-ranks."""
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() < 3:
        return float("nan")
    return float(np.corrcoef(mid_ranks(a[both]), mid_ranks(b[both]))[0, 1])


def mid_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean."""
    ordered = np.sort(x)
    return (np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right") + 1) / 2
