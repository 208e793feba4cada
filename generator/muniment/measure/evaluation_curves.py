"""The curves of an evaluation, as its charts need them, and what is resampled for them."""

from __future__ import annotations

from typing import Any

from muniment.measure.bootstrap import Resampling
from muniment.measure.cohorts import Cohort
from muniment.measure.curves import calibration_curve, histogram, roc
from muniment.measure.plan import Plan
from muniment.measure.resampled import Smooth, smooth
from muniment.measure.utility import decision, precision_recall, predictive_values
from muniment.model.estimate import rounded


def drawn_for(overall: Cohort, plan: Plan, digest: str) -> Smooth | None:
    """What replicates say of everybody's calibration; `None` where everybody is suppressed.

    `digest` is the SHA-256 of the plan's bytes, from which everything random is drawn.
    """
    if overall.suppressed is not None:
        return None
    settings = plan.settings
    return smooth(
        overall.keys, None, Resampling(plan.replicates, folded(digest)), settings.level, settings.min_n
    )


def folded(digest: str) -> int:
    """A SHA-256 as a seed of 64 bits: the exclusive or of its four words."""
    seed = 0
    for start in range(0, 64, 16):
        seed ^= int(digest[start : start + 16], 16)
    return seed


def curves(overall: Cohort, plan: Plan, drawn: Smooth | None, point: str) -> dict[str, Any]:
    """Every table of `curves` in `evaluation.json`; empty ones where everybody is suppressed."""
    keys, level, min_n = overall.keys, plan.settings.level, plan.settings.min_n
    if drawn is None:
        names = ("roc", "precision_recall", "decision", "predictive_values", "calibration", "scores")
        return {name: [] for name in names} | {"flexible": None}
    return {
        "roc": roc(keys, min_n),
        "precision_recall": precision_recall(keys, min_n),
        "decision": decision(keys, level, min_n, plan.thresholds),
        "predictive_values": predictive_values(overall.counts[point], level, min_n),
        "calibration": calibration_curve(keys, level, min_n),
        "flexible": _flexible(drawn, overall, level),
        "scores": histogram(keys, min_n),
    }


def _flexible(drawn: Smooth, overall: Cohort, level: float) -> dict[str, Any]:
    """The flexible calibration curve, how it was drawn, and the errors that are no metric of the contract."""
    curve = drawn.curve
    out: dict[str, Any] = {
        "replicates": drawn.resampling.replicates,
        "seed": f"{drawn.resampling.seed:016x}",
        "lost": None if curve is None else curve.lost,
        "knots": [] if curve is None else [rounded(float(knot)) for knot in curve.knots],
        "points": [],
    }
    for name in ("emax", "ece_equal_mass"):
        result = drawn.results[name]
        out[name] = {
            "value": rounded(result.value),
            "low": rounded(result.low),
            "high": rounded(result.high),
            "level": level,
            "method": result.method,
            "n": overall.n,
            "events": overall.events,
        } | ({"undecided": result.undecided} if result.undecided else {})
    if curve is not None:
        out["points"] = [
            {key: rounded(value) if isinstance(value, float) else value for key, value in point.items()}
            for point in curve.points
        ]
    return out
