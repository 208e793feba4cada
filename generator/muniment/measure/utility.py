"""Curves of clinical use: precision over recall, net benefit over thresholds, PPV and NPV over prevalences.

Bounded tables for charts, as in `curves`: no point stands for fewer than `min_n` rows, and at least as many
lie between two points of one curve.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from muniment.measure.calibration import not_probabilities
from muniment.measure.cohorts import Counts
from muniment.measure.contingency import net_benefit, npv_at, ppv_at, treat_all
from muniment.measure.curves import operating
from muniment.measure.kernel import Keys
from muniment.model.estimate import rounded

Point = dict[str, float | None]

RANGE = (0.02, 0.98)
"""Thresholds of a decision curve where nobody stated a range."""
STEPS = (0.005, 0.01, 0.02)
"""From one threshold to the next: the finest step that makes at most `MOST` points."""
MOST = 49
PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def precision_recall(keys: Keys, min_n: int, lower_is_positive: bool = False) -> list[Point]:
    """Precision over recall at the thresholds of the ROC table, so that the two say the same and no more.

    Ascending recall; the last point calls everybody, and its precision is the prevalence. Empty where the ROC
    table is.
    """
    events = keys.positives(0, keys.n)
    return [
        {
            "recall": rounded(tp / events),
            "precision": rounded(tp / (tp + fp)),
            "threshold": rounded(threshold),
        }
        for tp, fp, threshold in operating(keys, min_n, lower_is_positive)
    ]


def decision(
    keys: Keys,
    level: float,
    min_n: int,
    between: tuple[float, float] = RANGE,
    lower_is_positive: bool = False,
) -> list[Point]:
    """Net benefit of the model and of treating all, each with its interval; treating none has 0.

    Vickers and Elkin 2006 (Med Decis Making 26:565), intervals as in `contingency.net_benefit`. Thresholds
    are equally spaced; one is left out where fewer than `min_n` rows lie between it and the one before, or
    where that few are called or are not. Empty where scores are no probabilities or rows are too few.

    Args:
        keys: the cohort's scores and labels.
        level: confidence level.
        min_n: the fewest rows a point may stand for.
        between: lowest and highest threshold, probabilities below 1.
        lower_is_positive: whether low scores speak for an event; then nothing is a probability.
    """
    if not_probabilities(keys, lower_is_positive) or keys.n < max(min_n, 1):
        return []
    events = keys.positives(0, keys.n)
    out: list[Point] = []
    # Rows called at the points so far, between those that call everybody and nobody.
    before = keys.n
    for threshold in _grid(between):
        first = keys.at_or_above(threshold)
        called = keys.n - first
        if 0 < before - called < min_n or 0 < called < min_n:
            continue
        before = called
        tp = keys.positives(first, keys.n)
        counts = Counts(tp, called - tp, events - tp, first - (events - tp))
        model = net_benefit(counts, threshold, level)
        everybody = treat_all(events, keys.n, threshold, level)
        out.append(
            {
                "threshold": threshold,
                "model": rounded(model.value),
                "model_low": rounded(model.low),
                "model_high": rounded(model.high),
                "all": rounded(everybody.value),
                "all_low": rounded(everybody.low),
                "all_high": rounded(everybody.high),
            }
        )
    return out


def _grid(between: tuple[float, float]) -> list[float]:
    low, high = between
    counts = {step: math.floor((high - low) / step + 1e-9) for step in STEPS}
    step = next((step for step in STEPS if counts[step] < MOST), STEPS[-1])
    # Rounded, so that 0.3 is 0.3 and not 0.30000000000000004, which a score of 0.3 does not reach.
    return [round(low + step * k, 10) for k in range(min(counts[step] + 1, MOST))]


def predictive_values(
    counts: Counts, level: float, min_n: int, prevalences: Sequence[float] = PREVALENCES
) -> list[Point]:
    """PPV and NPV of one operating point over prevalences (Mercaldo, Lau and Zhou 2007), with intervals.

    Empty where one of the two likelihood ratios has no value, or the cohort is too small to show.
    """
    out: list[Point] = []
    for prevalence in prevalences:
        ppv, npv = ppv_at(counts, prevalence, level), npv_at(counts, prevalence, level)
        if counts.n < min_n or ppv.value is None or npv.value is None:
            return []
        out.append(
            {
                "prevalence": prevalence,
                "ppv": rounded(ppv.value),
                "ppv_low": rounded(ppv.low),
                "ppv_high": rounded(ppv.high),
                "npv": rounded(npv.value),
                "npv_low": rounded(npv.low),
                "npv_high": rounded(npv.high),
            }
        )
    return out
