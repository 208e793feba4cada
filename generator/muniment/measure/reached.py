"""Planned against achieved precision, and the number of patients that the plan's assumptions ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from muniment.errors import UsageError
from muniment.measure import sample_size
from muniment.measure.cohorts import Cohort
from muniment.measure.plan import Plan
from muniment.measure.planned import Size, Target
from muniment.model.estimate import Estimate, rounded

HALF = 2.0


def reached(overall: Cohort, found: Sequence[Estimate], plan: Plan, point: str) -> dict[str, Any]:
    """Return `precision` of `evaluation.json`.

    Args:
        overall: everybody.
        found: everybody's estimates.
        plan: its targets and assumptions.
        point: the release's operating point, at which threshold metrics are meant.
    """
    return {
        "targets": [_target(target, found, point) for target in plan.analyses.targets],
        "sizes": [_size(size, overall, plan.settings.level) for size in plan.analyses.sizes],
    }


def _target(target: Target, found: Sequence[Estimate], point: str) -> dict[str, Any]:
    same = [item for item in found if item.metric == target.metric and item.threshold in (None, point)]
    out: dict[str, Any] = {"metric": target.metric, "planned_half_width": target.half_width}
    if not same:
        nothing = dict.fromkeys(("threshold", "value", "low", "high", "level", "method", "n"))
        return (
            out
            | nothing
            | {
                "achieved_half_width": None,
                "reached": None,
                "undecided": "no such metric was measured",
            }
        )
    (estimate,) = same
    precision = sample_size.precision(estimate, HALF * target.half_width)
    body = estimate.as_json()
    out |= {key: body[key] for key in ("threshold", "value", "low", "high", "level", "method", "n")}
    achieved = precision.achieved
    out |= {
        "achieved_half_width": None if achieved is None else rounded(achieved / HALF),
        "reached": precision.reached,
    }
    reason = estimate.undecided or (None if achieved is not None else "it has no interval")
    return out | ({"undecided": reason} if reason else {})


def _size(size: Size, overall: Cohort, level: float) -> dict[str, Any]:
    """Needed and found; sensitivity needs events, specificity non-events, the rest patients."""
    out: dict[str, Any] = {
        "target": size.target,
        "expected": size.expected,
        "half_width": size.half_width,
        "prevalence": size.prevalence,
        "level": level,
    }
    shown = overall.suppressed is None
    out |= {"n": overall.n if shown else None, "events": overall.events if shown else None}
    try:
        needed = _needed(size, level)
    except UsageError as error:
        return (
            out
            | {"needed_n": None, "needed_events": None, "enough": None, "method": None}
            | {"undecided": str(error)}
        )
    have, want = {
        "sensitivity": (overall.events, needed.events),
        "specificity": (overall.n - overall.events, needed.n - needed.events),
    }.get(size.target, (overall.n, needed.n))
    return out | {
        "needed_n": needed.n,
        "needed_events": needed.events,
        "enough": have >= want if shown else None,
        "method": needed.method,
    }


def _needed(size: Size, level: float) -> sample_size.SampleSize:
    width = HALF * size.half_width
    match size.target:
        case "auroc":
            return sample_size.c_statistic(size.prevalence, size.expected, width, level)
        case "oe_ratio":
            return sample_size.oe_ratio(size.prevalence, width, size.expected, level)
        case "calibration_slope":
            assert size.predictor is not None  # the plan was read so
            return sample_size.calibration_slope(
                size.prevalence, size.predictor, width, size.expected, level=level
            )
        case target:
            return sample_size.buderer(target, size.expected, width, size.prevalence, level)


def sentences(plan: Plan) -> str:
    """What was done about precision."""
    parts = []
    if plan.analyses.targets:
        parts.append(
            "The half width of each interval that the plan sets a target for stands beside that target."
        )
    methods = {size.target in ("sensitivity", "specificity") for size in plan.analyses.sizes}
    named = [
        name
        for buderer, name in ((True, "Buderer (1996)"), (False, "Riley et al. (2021)"))
        if buderer in methods
    ]
    if named:
        parts.append(
            f"The numbers of patients that the plan's assumptions ask for are reckoned after "
            f"{' and '.join(named)}, from expected values and not from these data."
        )
    return " ".join(parts)
