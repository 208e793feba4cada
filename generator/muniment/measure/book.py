"""The numbers of an evaluation where criteria look them up, and the judging of each criterion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from muniment.measure.compare import Comparison
from muniment.measure.criteria import Evidence, judged, of_comparison, of_estimate
from muniment.measure.estimates import AT_PREVALENCE, COUNT_METRICS, THRESHOLD_METRICS
from muniment.measure.plan import Comparator, Criterion, Plan
from muniment.measure.planned import READER_DIFFERENCE

Level = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The numbers found."""

    point: str
    """The release's operating point."""
    estimates: dict[tuple[str, str | None, Level], Evidence] = field(default_factory=dict)
    """By metric, operating point, axis and level."""
    comparisons: dict[tuple[str, str, Level], Evidence] = field(default_factory=dict)
    """By comparator, metric, axis and level."""
    operational: dict[str, Evidence] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Axis to its levels."""
    populations: dict[tuple[str, str, str | None], Evidence] = field(default_factory=dict)
    """By treatment of incomplete rows, metric and operating point."""
    studies: dict[str, dict[str, Evidence]] = field(default_factory=dict)
    """By agreement analysis or reader study, and metric."""


def book(
    plan: Plan,
    point: str,
    overall: Sequence[Mapping[str, Any]],
    subgroups: Sequence[Mapping[str, Any]],
    compared: Sequence[tuple[Comparator, Comparison]],
    operational: Sequence[Mapping[str, Any]],
    analyses: Mapping[str, Any],
    *,
    suppressed: bool,
) -> Book:
    """Enter every number, in the JSON shapes of `evaluation.json`.

    Args:
        plan: its level of confidence.
        point: the release's operating point.
        overall: estimates of everybody.
        subgroups: every level of every axis.
        compared: the comparisons with whom they were made.
        operational: metrics of `operational.json`.
        analyses: what else the plan asked for.
        suppressed: whether everybody is too few to show.
    """
    out = Book(point)
    marks: dict[Level, bool] = {
        ((group["axis"], group["level"]),): group["descriptive"] for group in subgroups
    }
    for body in overall:
        out.estimates[body["metric"], body["threshold"], ()] = of_estimate(body, suppressed)
    for group in subgroups:
        key = ((group["axis"], group["level"]),)
        out.levels[group["axis"]] = (*out.levels.get(group["axis"], ()), group["level"])
        for body in group["estimates"]:
            out.estimates[body["metric"], body["threshold"], key] = of_estimate(
                body, group["suppressed"], group["descriptive"]
            )
    for comparator, item in compared:
        cohort = tuple(sorted(item.cohort.items()))
        body = item.as_json(plan.settings.level)
        out.comparisons[comparator.id, item.metric, cohort] = of_comparison(
            body, item.suppressed, marks.get(cohort, False), item.pairs
        )
    for body in operational:
        out.operational[str(body["metric"])] = of_estimate(body)
    for body in (analyses.get("missing_data") or {}).get("estimates", ()):
        out.populations[body["population"], body["metric"], body["threshold"]] = of_estimate(body)
    for body in analyses.get("agreement") or ():
        out.studies[body["id"]] = {item["metric"]: of_estimate(item) for item in body["estimates"]}
    for body in analyses.get("reader_studies") or ():
        out.studies[body["id"]] = {READER_DIFFERENCE: of_estimate(body["difference"])}
    return out


def judgements(criterion: Criterion, plan: Plan, numbers: Book) -> Iterator[tuple[dict[str, Any], Evidence]]:
    """The entries of one criterion and what each was judged on: one, or one a level for `each`."""
    at_threshold = criterion.metric in (*THRESHOLD_METRICS, *AT_PREVALENCE, *COUNT_METRICS)
    point = (criterion.operating_point or numbers.point) if at_threshold else None
    cohorts = [criterion.cohort]
    if criterion.each is not None:
        cohorts = [((criterion.each, level),) for level in numbers.levels.get(criterion.each, ())]
        if not cohorts:
            missing = Evidence(missing=f"the plan has no subgroup axis {criterion.each}")
            yield judged(criterion, missing, {}, point, plan.settings), missing
    for cohort in cohorts:
        evidence = _evidence(criterion, point, cohort, numbers, plan)
        yield judged(criterion, evidence, dict(cohort), point, plan.settings), evidence


def _evidence(criterion: Criterion, point: str | None, cohort: Level, numbers: Book, plan: Plan) -> Evidence:
    if criterion.against is not None:
        return _difference(criterion, point, cohort, numbers, plan)
    if criterion.analysis is not None:
        return _of_study(criterion, numbers)
    if criterion.population is not None:
        found = numbers.populations.get((criterion.population, criterion.metric, point))
        return found or Evidence(missing=f"the plan asks for no such result by {criterion.population}")
    if criterion.domain == "operational" and not cohort and criterion.metric in numbers.operational:
        return numbers.operational[criterion.metric]
    found = numbers.estimates.get((criterion.metric, point, cohort))
    if found is not None:
        return found
    if criterion.domain == "operational":
        return Evidence(missing="operational.json has no such metric")
    if point is not None and point not in {candidate.id for candidate in plan.points}:
        return Evidence(missing=f"the plan has no operating point {point}")
    return Evidence(missing="no rows" if cohort else "no such metric was measured")


def _difference(
    criterion: Criterion, point: str | None, cohort: Level, numbers: Book, plan: Plan
) -> Evidence:
    if point not in (None, numbers.point):
        return Evidence(missing=f"comparisons are made at operating point {numbers.point} only")
    if criterion.against not in {comparator.id for comparator in plan.comparators}:
        return Evidence(missing=f"the plan has no comparator {criterion.against}")
    found = numbers.comparisons.get((str(criterion.against), criterion.metric, cohort))
    return found or Evidence(missing="no such comparison was made")


def _of_study(criterion: Criterion, numbers: Book) -> Evidence:
    found = numbers.studies.get(str(criterion.analysis))
    if found is None:
        return Evidence(missing=f"the plan has no analysis {criterion.analysis}")
    return found.get(criterion.metric) or Evidence(missing="that analysis has no such number")
