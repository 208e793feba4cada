"""Running a locked plan over a release's locked predictions: the body of `evaluation.json`."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput
from muniment.measure.attribution import AttributionTable, attribution
from muniment.measure.cohorts import JOINED, Cohort, everybody, flagged, levels, on_axis, withheld
from muniment.measure.compare import CALL, OTHER, OTHER_CALL, Axis, Comparison, comparisons
from muniment.measure.criteria import Evidence, judged, of_comparison, of_estimate
from muniment.measure.deltas import deltas
from muniment.measure.equivalence import equivalence
from muniment.measure.estimates import AT_PREVALENCE, COUNT_METRICS, THRESHOLD_METRICS, descriptive, estimates
from muniment.measure.evaluation_curves import curves, drawn_for
from muniment.measure.membership import by_rules, distribution, training_overlap
from muniment.measure.methods import evaluation_methods, methods
from muniment.measure.plan import Comparator, Criterion, Plan, read_plan
from muniment.measure.prepare import ID, LABEL, SCORE, Prepared, TableSpec, by_columns, prepare
from muniment.measure.profiles import ProfiledTable, profiles
from muniment.measure.splits import PATIENT, require_cohort, splits, with_membership
from muniment.measure.tables import open_table
from muniment.model.estimate import rounded
from muniment.model.tree import Tree, thawed

SCHEMA = "muniment/evaluation/v1"


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Everything an evaluation reads. Paths were opened, contained and hashed by whoever asks."""

    device: str
    release: str
    """Version, `1.2.0`."""
    plan_id: str
    """Record id, `plans/1`."""
    plan: Tree
    """The plan's body."""
    plan_sha256: str
    """Digest of the plan's bytes; also the seed of everything random."""
    operating_point: str
    """The release's operating point, an id of the plan; criteria that name none are judged at it."""
    predictions: Path
    members: Path
    """The baseline's locked cohort: column `patient_id`."""
    membership: Path
    """The splits' membership table: columns `patient_id`, `partition`, and usually `site` and `quarter`."""
    id: str
    """The predictions' column with the patient's id."""
    label: str
    score: str
    operational: Tree = None
    """`operational.json` parsed; `None` where the release has none."""
    inputs: tuple[Mapping[str, Any], ...] = ()
    """`{role, path, sha256, rows?}` of every input, as they are to be listed."""
    limitations: tuple[str, ...] = ()
    deviations: tuple[Mapping[str, Any], ...] = ()
    """Where the evaluation departed from its plan, as the release states it."""
    positive: str | None = None
    """The label's positive value where it is not the plan's."""
    training: Path | None = None
    """Patients whose outcomes shaped the model, column `patient_id`."""
    rules: tuple[Mapping[str, Any], ...] = ()
    """The cohort's machine-readable rules."""
    attribution: tuple[AttributionTable, ...] = ()
    profiled: tuple[ProfiledTable, ...] = ()


@dataclass(frozen=True, slots=True)
class _Book:
    """The numbers found, where criteria look them up."""

    estimates: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], Evidence] = field(
        default_factory=dict
    )
    comparisons: dict[tuple[str, str, tuple[tuple[str, str], ...]], Evidence] = field(default_factory=dict)
    operational: dict[str, Evidence] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)


def evaluate(request: EvaluationRequest) -> dict[str, Any]:
    """Run exactly the plan and return the body of `evaluation.json` (shape: `evaluation.v1.json`).

    Raises:
        UnreadableInput: a table or column is missing, an id repeats, the predictions are not of the
            locked cohort, or the plan lacks a field.
    """
    plan = read_plan(request.plan)
    if request.operating_point not in {point.id for point in plan.points}:
        raise UnreadableInput(
            f"the plan {request.plan_id} has no operating point {request.operating_point!r}",
            hint="It has " + ", ".join(repr(point.id) for point in plan.points) + ".",
        )
    prepared, rows = _table(request, plan)
    settings = plan.settings
    overall = everybody(prepared, plan.points, settings.min_n)
    hide = withheld(prepared, list(plan.axes.values()), settings.min_n)
    found = {
        axis: levels(prepared, columns, plan.points, settings.min_n, hide.get(columns))
        for axis, columns in plan.axes.items()
    }
    axes = {axis: on_axis(axis, cohorts) for axis, cohorts in found.items()}
    compared = [
        (comparator, item)
        for comparator in plan.comparators
        for item in _against(prepared, plan, comparator, request.operating_point, found)
    ]
    drawn = drawn_for(overall, plan, request.plan_sha256)
    overall_estimates = [item.as_json() for item in estimates(overall, settings, plan.points, drawn)]
    subgroups = [
        _subgroup(axis, cohort, plan, differences)
        for axis, cohorts in axes.items()
        for cohort, differences in zip(
            cohorts, deltas(cohorts, request.operating_point, settings.level, settings.min_n), strict=True
        )
    ]
    operational = _operational(request.operational)
    book = _book(plan, overall_estimates, subgroups, compared, operational, overall.suppressed is not None)
    return {
        "schema": SCHEMA,
        "device": request.device,
        "release": request.release,
        "plan": request.plan_id,
        "plan_sha256": request.plan_sha256,
        "seed": request.plan_sha256,
        "operating_point": request.operating_point,
        "inputs": _inputs(request.inputs, rows),
        "producer": {
            "tool": "muniment",
            "version": __version__,
            "polars": pl.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "cohort": _cohort(prepared, overall, axes) | _composition(request, settings.min_n),
        "estimates": overall_estimates,
        "subgroups": subgroups,
        "curves": curves(overall, plan, drawn, request.operating_point),
        "comparisons": [_comparison(item, who, plan, request.operating_point) for who, item in compared],
        "equivalence": equivalence(prepared, plan, request.operating_point),
        "splits": splits(request.membership) | _overlap(request),
        "operational": operational,
        "criteria": [
            entry for criterion in plan.criteria for entry in _judged(criterion, plan, book, request)
        ],
        "deviations": [dict(thawed(item)) for item in request.deviations],
        "limitations": list(request.limitations),
        "methods": _methods(plan, prepared),
        "attribution": attribution(request.attribution, _scores(prepared), settings.level, settings.min_n),
        "profiles": profiles(request.profiled),
    }


def _table(request: EvaluationRequest, plan: Plan) -> tuple[Prepared, dict[str, int]]:
    """The prepared predictions with flags and keys, and the rows of the tables that were read."""
    table = open_table(request.predictions)
    members = require_cohort(table, request.id, request.predictions, request.members)
    table = with_membership(table, request.id, request.membership, plan.columns)
    spec = TableSpec(
        request.label,
        request.score,
        positive=request.positive or plan.positive,
        by=plan.columns,
        id=request.id,
        scores={comparator.id: comparator.column for comparator in plan.comparators},
        name=str(request.predictions),
    )
    prepared = prepare(table, spec)
    return flagged(prepared, plan.points), {"predictions": prepared.rows, "members": members}


def _inputs(inputs: Sequence[Mapping[str, Any]], rows: Mapping[str, int]) -> list[dict[str, Any]]:
    out = []
    for item in inputs:
        body = dict(thawed(item))
        if body.get("role") in rows:
            body.setdefault("rows", rows[body["role"]])
        out.append(body)
    return out


def _cohort(prepared: Prepared, overall: Cohort, axes: Mapping[str, Sequence[Cohort]]) -> dict[str, Any]:
    hide = overall.suppressed is not None
    return {
        "rows": prepared.rows,
        "excluded": dict(prepared.excluded),
        "n": None if hide else overall.n,
        "events": None if hide else overall.events,
        "by": [
            {"axis": axis, "level": cohort.by[axis], **_sizes(cohort)}
            for axis, cohorts in axes.items()
            for cohort in cohorts
        ],
    }


def _composition(request: EvaluationRequest, min_n: int) -> dict[str, Any]:
    """The cohort by site and quarter, and what its rules select."""
    spread = {"distribution": distribution(request.membership, request.members, min_n)}
    if not request.rules:
        return spread
    return spread | {"rules": by_rules(request.rules, request.membership, request.members)}


def _overlap(request: EvaluationRequest) -> dict[str, Any]:
    if request.training is None:
        return {}
    return {"training_overlap": training_overlap(request.training, request.members)}


def _scores(prepared: Prepared) -> pl.DataFrame:
    """Patient and released score."""
    return prepared.frame.select(pl.col(ID).cast(pl.String).alias(PATIENT), pl.col(SCORE).alias("score"))


def _sizes(cohort: Cohort) -> dict[str, int | None]:
    if cohort.suppressed is not None:
        return {"n": None, "events": None}
    return {"n": cohort.n, "events": cohort.events}


def _subgroup(
    axis: str, cohort: Cohort, plan: Plan, differences: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    shown = cohort.suppressed is None
    return {
        "axis": axis,
        "level": cohort.by[axis],
        **_sizes(cohort),
        "suppressed": not shown,
        "descriptive": shown and descriptive(cohort, plan.settings),
        "estimates": [item.as_json() for item in estimates(cohort, plan.settings, plan.points)],
        "deltas": [dict(item) for item in differences],
    }


def _against(
    prepared: Prepared,
    plan: Plan,
    comparator: Comparator,
    point: str,
    axes: Mapping[str, Sequence[Cohort]],
) -> Iterator[Comparison]:
    """Every comparison with one comparator, on the rows where it has a score.

    `axes` holds the cohorts of each axis by the levels of its columns.
    """
    other = pl.col(f"also:{comparator.id}")
    index = [candidate.id for candidate in plan.points].index(point)
    columns = [pl.col(LABEL), pl.col(SCORE), other.alias(OTHER)]
    columns += [pl.col(column) for column in by_columns(plan.columns)]
    if comparator.point is not None:
        limit = comparator.point.limit()
        columns += [pl.col(f"flag:{index}").alias(CALL), (other >= limit).alias(OTHER_CALL)]
    pairs = prepared.frame.filter(other.is_not_null()).select(columns)
    if comparator.point is not None and pairs[OTHER_CALL].null_count():
        raise UnreadableInput(
            f"comparator {comparator.id!r} has no threshold for some levels of {comparator.point.column}",
            hint="Give a threshold for every level, or one for all others.",
        )
    settings = plan.settings
    already: dict[Axis, dict[tuple[str, ...], str]] = {
        plan.axes[axis]: {
            tuple(cohort.by.values()): cohort.suppressed
            for cohort in cohorts
            if cohort.suppressed is not None
        }
        for axis, cohorts in axes.items()
    }
    names = {columns: axis for axis, columns in plan.axes.items()}
    for item in comparisons(pairs, list(names), settings.level, settings.min_n, already):
        cohort = item.cohort and {names[tuple(item.cohort)]: JOINED.join(item.cohort.values())}
        yield replace(item, cohort=cohort)


def _comparison(item: Comparison, comparator: Comparator, plan: Plan, point: str) -> dict[str, Any]:
    out: dict[str, Any] = {"against": comparator.id, **item.as_json(plan.settings.level)}
    if comparator.release is not None:
        out["release"] = comparator.release
    if item.metric != "auroc":
        out["operating_point"] = point
    out["suppressed"] = item.suppressed
    return out


def _operational(body: Tree) -> list[dict[str, Any]]:
    """The metrics of `operational.json`, numbers rounded like all others."""
    if body is None:
        return []
    metrics = body.get("metrics") if isinstance(body, Mapping) else None
    if not isinstance(metrics, (list, tuple)) or not all(
        isinstance(item, Mapping) and "metric" in item for item in metrics
    ):
        raise UnreadableInput(
            "operational.json has no list of metrics", hint="Its shape is muniment/operational/v1."
        )
    return [
        {key: rounded(value) if isinstance(value, float) else value for key, value in thawed(item).items()}
        for item in metrics
    ]


def _book(
    plan: Plan,
    overall: Sequence[Mapping[str, Any]],
    subgroups: Sequence[Mapping[str, Any]],
    compared: Sequence[tuple[Comparator, Comparison]],
    operational: Sequence[Mapping[str, Any]],
    suppressed: bool,
) -> _Book:
    book = _Book()
    marks: dict[tuple[tuple[str, str], ...], bool] = {
        ((group["axis"], group["level"]),): group["descriptive"] for group in subgroups
    }
    for body in overall:
        book.estimates[body["metric"], body["threshold"], ()] = of_estimate(body, suppressed)
    for group in subgroups:
        key = ((group["axis"], group["level"]),)
        book.levels[group["axis"]] = (*book.levels.get(group["axis"], ()), group["level"])
        for body in group["estimates"]:
            book.estimates[body["metric"], body["threshold"], key] = of_estimate(
                body, group["suppressed"], group["descriptive"]
            )
    for comparator, item in compared:
        cohort = tuple(sorted(item.cohort.items()))
        body = item.as_json(plan.settings.level)
        mark = marks.get(cohort, False)
        book.comparisons[comparator.id, item.metric, cohort] = of_comparison(body, item.suppressed, mark)
    for body in operational:
        book.operational[str(body["metric"])] = of_estimate(body)
    return book


def _judged(
    criterion: Criterion, plan: Plan, book: _Book, request: EvaluationRequest
) -> Iterator[dict[str, Any]]:
    """The entries of one criterion: one, or one a level for `each`."""
    at_threshold = criterion.metric in (*THRESHOLD_METRICS, *AT_PREVALENCE, *COUNT_METRICS)
    point = (criterion.operating_point or request.operating_point) if at_threshold else None
    cohorts = [criterion.cohort]
    if criterion.each is not None:
        cohorts = [((criterion.each, level),) for level in book.levels.get(criterion.each, ())]
        if not cohorts:
            missing = Evidence(missing=f"the plan has no subgroup axis {criterion.each}")
            yield judged(criterion, missing, {}, point, plan.settings)
    for cohort in cohorts:
        evidence = _evidence(criterion, point, cohort, book, plan, request.operating_point)
        yield judged(criterion, evidence, dict(cohort), point, plan.settings)


def _evidence(
    criterion: Criterion,
    point: str | None,
    cohort: tuple[tuple[str, str], ...],
    book: _Book,
    plan: Plan,
    release_point: str,
) -> Evidence:
    if criterion.against is not None:
        if point not in (None, release_point):
            return Evidence(missing=f"comparisons are made at operating point {release_point} only")
        if criterion.against not in {comparator.id for comparator in plan.comparators}:
            return Evidence(missing=f"the plan has no comparator {criterion.against}")
        found = book.comparisons.get((criterion.against, criterion.metric, cohort))
        return found or Evidence(missing="no such comparison was made")
    if criterion.domain == "operational" and not cohort and criterion.metric in book.operational:
        return book.operational[criterion.metric]
    found = book.estimates.get((criterion.metric, point, cohort))
    if found is not None:
        return found
    if criterion.domain == "operational":
        return Evidence(missing="operational.json has no such metric")
    if point is not None and point not in {candidate.id for candidate in plan.points}:
        return Evidence(missing=f"the plan has no operating point {point}")
    return Evidence(missing="no rows" if cohort else "no such metric was measured")


def _methods(plan: Plan, prepared: Prepared) -> str:
    said = methods(
        plan.settings,
        prepared.rows,
        prepared.excluded,
        prepared.dtype,
        plan.points,
        tuple(plan.axes),
        bool(plan.comparators),
    )
    return f"{said} {evaluation_methods(plan.replicates, plan.thresholds, bool(plan.axes))}"
