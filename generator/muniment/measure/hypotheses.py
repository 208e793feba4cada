"""The plan's hypotheses of non-inferiority, judged on the comparisons that were made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from muniment.measure.compare import DELONG_PAIRED, NEWCOMBE_PAIRED, Comparison
from muniment.measure.noninferiority import NonInferiority, non_inferiority
from muniment.measure.plan import Comparator, Plan
from muniment.measure.planned import Hypothesis
from muniment.measure.result import undecided

NON_INFERIOR, NOT_SHOWN, UNDECIDED = "non_inferior", "not_shown", "undecided"
_OUTCOMES = {True: NON_INFERIOR, False: NOT_SHOWN, None: UNDECIDED}


def hypotheses(
    plan: Plan, compared: Sequence[tuple[Comparator, Comparison]], point: str
) -> list[dict[str, Any]]:
    """Return `non_inferiority` of `evaluation.json`: every hypothesis against every comparator it names.

    A comparison that could not be made leaves its hypothesis undecided, unless another one fails it.
    """
    return [_judged(hypothesis, plan, compared, point) for hypothesis in plan.analyses.hypotheses]


def _judged(
    hypothesis: Hypothesis, plan: Plan, compared: Iterable[tuple[Comparator, Comparison]], point: str
) -> dict[str, Any]:
    made = {
        comparator.id: item
        for comparator, item in compared
        if item.metric == hypothesis.metric and not item.cohort
    }
    releases = {comparator.id: comparator.release for comparator in plan.comparators}
    comparisons = {name: made.get(name) or _not_made(hypothesis.metric, name) for name in hypothesis.margins}
    verdict = non_inferiority(comparisons, hypothesis.margins, plan.settings.level)
    out: dict[str, Any] = {
        "id": hypothesis.id,
        "metric": hypothesis.metric,
        "operating_point": None if hypothesis.metric == "auroc" else point,
        "level": plan.settings.level,
        "outcome": _OUTCOMES[verdict.non_inferior],
        "entries": [_entry(entry, releases[entry.against], plan.settings.level) for entry in verdict.entries],
    }
    reasons = [
        f"against {entry.against}: {entry.comparison.result.undecided}"
        for entry in verdict.entries
        if entry.comparison.result.undecided
    ]
    return out | ({"undecided": "; ".join(reasons)} if reasons else {})


def _entry(entry: NonInferiority, release: str | None, level: float) -> dict[str, Any]:
    body = entry.as_json(level)
    for known in ("metric", "cohort", "level"):
        del body[known]
    body["outcome"] = _OUTCOMES[entry.non_inferior]
    body["suppressed"] = entry.comparison.suppressed
    del body["non_inferior"]
    return body | ({"release": release} if release is not None else {})


def _not_made(metric: str, against: str) -> Comparison:
    method = DELONG_PAIRED if metric == "auroc" else NEWCOMBE_PAIRED
    reason = f"{against} has no operating point"
    return Comparison(metric, {}, None, None, undecided(method, reason), None, None)


def sentences(plan: Plan) -> str:
    """What was done about non-inferiority."""
    said = "; ".join(
        f"{hypothesis.metric} by less than "
        + " and ".join(f"{margin:.12g} against {name}" for name, margin in sorted(hypothesis.margins.items()))
        for hypothesis in plan.analyses.hypotheses
    )
    return (
        f"Non-inferiority was planned with fixed margins: a loss of {said}. It is shown where the lower "
        f"bound of the two-sided {plan.settings.level * 100:.12g} % interval of the paired difference lies "
        "above minus the margin, against every comparator (Piaggio et al. 2012)."
    )
