"""Predictive values where a device is meant to be used, and net benefit over thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from muniment.measure.analysis_rows import ANSWERED, CohortRows
from muniment.measure.cohorts import Counts
from muniment.measure.contingency import net_benefit, npv_at, ppv_at, treat_all
from muniment.measure.error_cells import counted, rate
from muniment.measure.plan import Plan
from muniment.measure.prepare import LABEL, SCORE
from muniment.model.estimate import rounded
from muniment.model.tree import Tree

STEPS = tuple(round(step / 10, 1) for step in range(1, 10))
"""Thresholds of the table of net benefit, as far as they lie in the plan's range; the decision curve of
`evaluation.json` has more."""


def prevalence(rows: CohortRows, plan: Plan, body: Tree, gaps: list[tuple[str, str]]) -> dict[str, Any]:
    """Share with the outcome, PPV and NPV at the plan's intended prevalence, net benefit.

    A patient without an estimate is not called (intention to diagnose). What the plan does not say is noted
    in `gaps`.
    """
    labelled = rows.labelled
    n, events = labelled.height, int(labelled[LABEL].sum())
    out: dict[str, Any] = {"study": rate(events, n, plan, "no rows"), "net_benefit": []}
    intended = _intended(body)
    if intended is None:
        gaps.append(("prevalence.predictive_values", "the plan states no intended prevalence"))
    else:
        counts = counted(labelled)
        out["intended"] = intended
        out["predictive_values"] = [
            _value(metric, found(counts, intended, plan.settings.level), n)
            for metric, found in (("ppv", ppv_at), ("npv", npv_at))
        ]
    scores = labelled[SCORE].drop_nulls()
    if scores.len() and not (scores.is_between(0.0, 1.0)).all():
        gaps.append(("prevalence.net_benefit", "some scores are no probabilities"))
        return out
    out["net_benefit"] = _benefits(labelled, plan)
    return out


def _intended(body: Tree) -> float | None:
    analysis = body.get("analysis")
    stated = analysis.get("prevalence") if isinstance(analysis, Mapping) else None
    value = stated.get("intended") if isinstance(stated, Mapping) else None
    return None if value is None else float(value)


def _value(metric: str, result: Any, n: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "metric": metric,
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "n": n,
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})


def _benefits(labelled: pl.DataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Net benefit at each threshold that enough patients lie on both sides of (Vickers and Elkin 2006)."""
    low, high = plan.thresholds
    level, min_n, n = plan.settings.level, plan.settings.min_n, labelled.height
    events = int(labelled[LABEL].sum())
    out = []
    for threshold in STEPS:
        if not low <= threshold <= high:
            continue
        called = labelled.filter(pl.col(ANSWERED) & (pl.col(SCORE) >= threshold))
        if called.height < min_n or n - called.height < min_n:
            continue
        tp = int(called[LABEL].sum())
        fp = called.height - tp
        model = net_benefit(Counts(tp, fp, events - tp, n - events - fp), threshold, level)
        everybody = treat_all(events, n, threshold, level)
        out.append(
            {
                "threshold": threshold,
                "n": n,
                "method": model.method,
                "model": rounded(model.value),
                "model_low": rounded(model.low),
                "model_high": rounded(model.high),
                "all": rounded(everybody.value),
                "all_low": rounded(everybody.low),
                "all_high": rounded(everybody.high),
                "none": 0.0,
            }
        )
    return out
