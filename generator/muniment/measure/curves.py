"""Curves as small tables for charts: bounded, and no point stands for a handful of rows."""

from __future__ import annotations

import itertools
import math

import numpy as np

from muniment.measure.calibration import not_probabilities
from muniment.measure.kernel import Ints, Keys, tie_counts
from muniment.measure.proportions import wilson
from muniment.measure.suppression import hidden
from muniment.model.estimate import rounded

ROC_POINTS = 200
CALIBRATION_BINS = 10
SCORE_BINS = 20


def roc(keys: Keys, min_n: int, lower_is_positive: bool = False) -> list[dict[str, float | None]]:
    """The empirical ROC curve from (0, 0) to (1, 1), thinned.

    At most `ROC_POINTS` points, and at least `min_n` rows between two of them; an inner point is an exact
    point of the curve, and `threshold` the score at or above which it calls a positive. The first point
    (nothing is called) has none. Empty where a class is missing or there are fewer than `min_n` rows.
    """
    positives = keys.positives(0, keys.n)
    points: list[dict[str, float | None]] = [
        {
            "fpr": rounded(fp / (keys.n - positives)),
            "tpr": rounded(tp / positives),
            "threshold": rounded(threshold),
        }
        for tp, fp, threshold in operating(keys, min_n, lower_is_positive)
    ]
    return [{"fpr": 0.0, "tpr": 0.0, "threshold": None}, *points] if points else []


def operating(keys: Keys, min_n: int, lower_is_positive: bool = False) -> list[tuple[int, int, float]]:
    """True positives, false positives and score of a thinned set of thresholds, from the highest score down.

    The last one calls everybody. Empty where a class is missing or there are fewer than `min_n` rows.
    """
    positives = keys.positives(0, keys.n)
    if positives in (0, keys.n) or keys.n < min_n:
        return []
    parts = list(tie_counts(keys.values))
    codes = np.concatenate([codes for codes, _, _ in parts])
    events = np.concatenate([events for _, events, _ in parts])
    others = np.concatenate([others for _, _, others in parts])
    # Calls at or above each distinct score, from the highest score down.
    tp, fp = np.cumsum(events[::-1]), np.cumsum(others[::-1])
    scores = keys.scale.scores(codes)[::-1]
    stride = max(keys.n / (ROC_POINTS - 2), float(max(min_n, 1)))
    sign = -1.0 if lower_is_positive else 1.0
    return [
        (int(tp[index]), int(fp[index]), sign * float(scores[index]))
        for index in _strided(tp + fp, stride, keys.n)
    ]


def _strided(called: Ints, stride: float, n: int) -> list[int]:
    """Indices of cumulative counts at least a stride apart, from 0 and from `n` too; then the last."""
    out: list[int] = []
    at = 0
    while True:
        index = int(np.searchsorted(called, math.ceil(at + stride)))
        if index >= len(called) or n - int(called[index]) < stride:
            return [*out, len(called) - 1]
        out.append(index)
        at = int(called[index])


def calibration_curve(
    keys: Keys, level: float, min_n: int, lower_is_positive: bool = False
) -> list[dict[str, float | int | None]]:
    """Mean predicted against observed in bins of equal size, ascending.

    Ten quantile bins, cut between tied scores, with a Wilson interval each; a bin of fewer than `min_n`
    rows is merged into the one below (the first one, into the one above). Empty where the scores are no
    probabilities or there are fewer than `min_n` rows.
    """
    if not_probabilities(keys, lower_is_positive) or keys.n < min_n:
        return []
    edges = _merged(_quantile_edges(keys), min_n)
    scores, labels = keys.scores, keys.labels
    out: list[dict[str, float | int | None]] = []
    for start, stop in itertools.pairwise(edges):
        n, events = stop - start, int(np.count_nonzero(labels[start:stop]))
        low, high = wilson(events, n, level)
        out.append(
            {
                "predicted": rounded(float(scores[start:stop].sum()) / n),
                "observed": rounded(events / n),
                "low": rounded(low),
                "high": rounded(high),
                "n": n,
            }
        )
    return out


def _quantile_edges(keys: Keys) -> list[int]:
    """Row indices where bins begin and end; a tie lies whole in the bin where it begins."""
    edges = [0]
    for k in range(1, CALIBRATION_BINS):
        at = keys.n * k // CALIBRATION_BINS
        if at == 0:
            continue
        last = int(keys.values[at - 1]) >> 1
        edges.append(int(np.searchsorted(keys.values, np.uint64(last * 2 + 1), side="right")))
    return sorted({*edges, keys.n})


def _merged(edges: list[int], min_n: int) -> list[int]:
    kept = [edges[0]]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= min_n:
            kept.append(edge)
    while len(kept) > 1 and edges[-1] - kept[-1] < min_n:
        kept.pop()
    return [*kept, edges[-1]]


def histogram(keys: Keys, min_n: int, lower_is_positive: bool = False) -> list[dict[str, float | int | None]]:
    """Rows and events in twenty bins of equal width, `low` included and `high` excluded (the last included).

    The bins span [0, 1] for probabilities and the range of the finite scores otherwise. A bin with fewer
    than `min_n` rows is suppressed (`n` and `events` null), with others so that it cannot be computed; an
    empty bin shows its zero. Empty list where fewer than `min_n` rows have a finite score.
    """
    finite = np.isfinite(keys.scores)
    scores, labels = keys.scores[finite], keys.labels[finite]
    if lower_is_positive:
        scores, labels = -scores[::-1], labels[::-1]
    if len(scores) < max(min_n, 1):
        return []
    low, high = float(scores[0]), float(scores[-1])
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if low == high:
        high = low + 1.0
    edges = [low + (high - low) * k / SCORE_BINS for k in range(SCORE_BINS)] + [high]
    cuts = [0, *(int(cut) for cut in np.searchsorted(scores, edges[1:-1])), len(scores)]
    sizes = {(f"{k:02}",): cuts[k + 1] - cuts[k] for k in range(SCORE_BINS)}
    gone = hidden({level: n for level, n in sizes.items() if n}, min_n)
    out: list[dict[str, float | int | None]] = []
    for k, level in enumerate(sizes):
        shown = level not in gone
        events = int(np.count_nonzero(labels[cuts[k] : cuts[k + 1]]))
        out.append(
            {
                "low": rounded(edges[k]),
                "high": rounded(edges[k + 1]),
                "n": sizes[level] if shown else None,
                "events": events if shown else None,
            }
        )
    return out
