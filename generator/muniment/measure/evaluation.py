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
from muniment.measure.analyses import Measured, Sources, analyses
from muniment.measure.attribution import AttributionTable, attribution
from muniment.measure.book import book, judgements
from muniment.measure.cohorts import JOINED, Cohort, everybody, flagged, levels, on_axis, withheld
from muniment.measure.compare import CALL, OTHER, OTHER_CALL, Axis, Comparison, comparisons
from muniment.measure.deltas import deltas
from muniment.measure.equivalence import equivalence
from muniment.measure.estimates import descriptive, estimates
from muniment.measure.evaluation_curves import curves, drawn_for, folded
from muniment.measure.families import family
from muniment.measure.families import sentences as family_sentences
from muniment.measure.membership import by_rules, distribution, training_overlap
from muniment.measure.methods import evaluation_methods, methods
from muniment.measure.plan import Comparator, Plan, read_plan
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
    model_inputs: tuple[str, ...] = ()
    """Names of the model's inputs, columns of the profiled features table."""
    declared_flow: tuple[Mapping[str, Any], ...] = ()
    """The flow of records that the splits record states, `{step, n_in, n_out}`."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Tables of ratings and readings, by the id that the plan names."""


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
    table, spec, members = _table(request, plan)
    prepared = flagged(prepare(table, spec), plan.points)
    rows = {"predictions": prepared.rows, "members": members}
    settings = plan.settings
    overall = everybody(prepared, plan.points, settings.min_n)
    hide = withheld(prepared, list(plan.axes.values()), settings.min_n)
    grouped = {
        axis: levels(prepared, columns, plan.points, settings.min_n, hide.get(columns))
        for axis, columns in plan.axes.items()
    }
    axes = {axis: on_axis(axis, cohorts) for axis, cohorts in grouped.items()}
    compared = [
        (comparator, item)
        for comparator in plan.comparators
        for item in _against(prepared, plan, comparator, request.operating_point, grouped)
    ]
    drawn = drawn_for(overall, plan, request.plan_sha256)
    found = estimates(overall, settings, plan.points, drawn)
    overall_estimates = [item.as_json() for item in found]
    subgroups = [
        _subgroup(axis, cohort, plan, differences)
        for axis, cohorts in axes.items()
        for cohort, differences in zip(
            cohorts, deltas(cohorts, request.operating_point, settings.level, settings.min_n), strict=True
        )
    ]
    operational = _operational(request.operational)
    planned, said = analyses(
        plan,
        Measured(
            table,
            spec,
            overall,
            found,
            compared,
            request.operating_point,
            folded(request.plan_sha256),
            _hidden(plan, axes),
        ),
        _sources(request),
    )
    numbers = book(
        plan,
        request.operating_point,
        overall_estimates,
        subgroups,
        compared,
        operational,
        planned,
        suppressed=overall.suppressed is not None,
    )
    judged = {criterion: list(judgements(criterion, plan, numbers)) for criterion in plan.criteria}
    control = plan.analyses.control
    if control is not None:
        planned["multiplicity"] = family(control, judged)
        said = (*said, family_sentences(control))
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
        "criteria": [entry for found in judged.values() for entry, _ in found],
        "deviations": [dict(thawed(item)) for item in request.deviations],
        "limitations": list(request.limitations),
        "methods": " ".join((_methods(plan, prepared), *said)),
        "attribution": attribution(request.attribution, _scores(prepared), settings.level, settings.min_n),
        "profiles": profiles(request.profiled),
    } | planned


def _table(request: EvaluationRequest, plan: Plan) -> tuple[pl.LazyFrame, TableSpec, int]:
    """The predictions with every axis's column, how they are read, and the size of the locked cohort."""
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
    return table, spec, members


def _hidden(plan: Plan, axes: Mapping[str, Sequence[Cohort]]) -> dict[str, dict[str, str]]:
    """Column of each axis of one column to its suppressed levels and why."""
    return {
        column: {cohort.by[axis]: cohort.suppressed for cohort in axes[axis] if cohort.suppressed is not None}
        for axis, column in plan.single_axes.items()
    }


def _sources(request: EvaluationRequest) -> Sources:
    return Sources(
        request.membership,
        request.members,
        request.training,
        {table.layer: table.path for table in request.profiled},
        request.model_inputs,
        request.rules,
        request.declared_flow,
        request.tables,
    )


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
    for item in metrics:
        for key in ("value", "low", "high", "level", "n", "events"):
            number = item.get(key)
            if number is not None and (isinstance(number, bool) or not isinstance(number, (int, float))):
                raise UnreadableInput(
                    f"operational.json: {key} of {item['metric']!r} is {number!r} and no number",
                    hint="Its shape is muniment/operational/v1.",
                )
    return [
        {key: rounded(value) if isinstance(value, float) else value for key, value in thawed(item).items()}
        for item in metrics
    ]


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
