"""The body of `analysis.json`: errors, robustness and explanations of a release, from row-level tables.

The maker's pipeline runs the model and leaves tables; every statistic is computed here, by `muniment
evaluate`, and again by `muniment verify`. A section whose table the release does not declare is listed as
undecided.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput
from muniment.measure import error_cells
from muniment.measure.analysis_methods import said_of
from muniment.measure.analysis_rows import CALLED, CohortRows, Sources, cohort_rows
from muniment.measure.bootstrap import Resampling
from muniment.measure.contributions import consistency, moved_most, read_contributions, stability
from muniment.measure.correlated import alike
from muniment.measure.coverage import Uncertainty, coverage
from muniment.measure.degradation import Perturbation, degradation
from muniment.measure.error_cells import KINDS, EdgeCondition
from muniment.measure.evaluation_curves import folded
from muniment.measure.golden import contract, samples
from muniment.measure.plan import Plan, read_plan
from muniment.measure.prepare import LABEL, MISSING
from muniment.measure.prevalence import prevalence
from muniment.measure.suppression import fewer
from muniment.model.estimate import rounded
from muniment.model.tree import Tree, thawed

SCHEMA = "muniment/analysis/v1"
SHOWN = 4
"""Contributions that are shown with a case."""
SITE = "site"
"""Column of the predictions or the membership table that says in which hospital a patient was."""


@dataclass(frozen=True, slots=True)
class GoldenCases:
    """The contract of the explanation, and what the release said of its golden cases."""

    golden: Tree
    """The golden file parsed."""
    name: str
    said: Path | None
    """Table of `case`, `feature`, `contribution`; `None` where nobody ran them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The explained cases that people are shown."""

    samples: Tree
    """The file parsed."""
    name: str


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """Everything an analysis reads. Paths were opened, contained and hashed by whoever asks."""

    device: str
    release: str
    plan_id: str
    plan: Tree
    plan_sha256: str
    """Digest of the plan's bytes; also the seed of everything random."""
    operating_point: str
    sources: Sources
    inputs: tuple[Mapping[str, Any], ...] = ()
    """`{role, path, sha256}` of every input, as they are to be listed."""
    edge: tuple[EdgeCondition, ...] = ()
    features: Path | None = None
    """The feature table, column `patient_id`."""
    model_inputs: tuple[str, ...] = ()
    """Inputs of the model, columns of the feature table."""
    perturbed: Path | None = None
    perturbations: tuple[Perturbation, ...] = ()
    contributions: Path | None = None
    has_previous: bool = False
    """Whether the release supersedes another."""
    tolerance: float | None = None
    """Largest difference between two figures of an explanation that are to be the same."""
    golden: GoldenCases | None = None
    shown: Shown | None = None
    uncertainty: Uncertainty | None = None
    case_axes: tuple[str, ...] = ()
    """Subgroup axes whose level may be shown with a single case."""


def analyse(request: AnalysisRequest) -> dict[str, Any]:
    """Compute every section that the release's tables allow (shape: `analysis.v1.json`).

    Raises:
        UnreadableInput: a declared table is missing a column or is not of the locked cohort.
    """
    plan = read_plan(request.plan)
    if request.operating_point not in {point.id for point in plan.points}:
        raise UnreadableInput(
            f"the plan {request.plan_id} has no operating point {request.operating_point!r}",
            hint="It has " + ", ".join(repr(point.id) for point in plan.points) + ".",
        )
    rows = cohort_rows(request.sources, plan, request.operating_point, extra=(SITE,))
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "device": request.device,
        "release": request.release,
        "plan": request.plan_id,
        "plan_sha256": request.plan_sha256,
        "seed": request.plan_sha256,
        "operating_point": request.operating_point,
        "level": plan.settings.level,
        "min_n": plan.settings.min_n,
        "inputs": [dict(thawed(item)) for item in request.inputs],
        "producer": {
            "tool": "muniment",
            "version": __version__,
            "polars": pl.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    if rows.labelled.height < plan.settings.min_n:
        why = fewer(plan.settings.min_n)
        nothing = {"n": None, "events": None, "unlabelled": None}
        return head | {
            "cohort": nothing,
            "undecided": [{"section": "errors", "reason": why}],
            "methods": [],
        }
    sections, gaps = _sections(request, rows, plan)
    label = rows.labelled[LABEL]
    return head | {
        "cohort": {
            "n": rows.frame.height,
            "events": int(label.sum()),
            "unlabelled": rows.frame.height - label.len(),
        },
        **sections,
        "undecided": [{"section": name, "reason": reason} for name, reason in gaps],
        "methods": said_of(sections, plan),
    }


Gaps = list[tuple[str, str]]
"""Section and the reason why it has no numbers."""


def _sections(request: AnalysisRequest, rows: CohortRows, plan: Plan) -> tuple[dict[str, Any], Gaps]:
    gaps: Gaps = []
    out: dict[str, Any] = {
        "errors": _errors(request, rows, plan, gaps),
        "populations": error_cells.populations(rows, plan),
        "clusters": _clusters(rows, plan, gaps),
        "prevalence": prevalence(rows, plan, request.plan, gaps),
        "explanations": _explanations(request, rows, plan, gaps),
    }
    if request.sources.cohort is None or request.sources.declined is None:
        gaps.append(("quality_control", "the release declares no table of who was declined"))
    else:
        out["quality_control"] = error_cells.quality_control(rows, plan)
    if request.features is None:
        gaps.append(("missing", "the release has no feature table"))
    else:
        found, reason = error_cells.missing_inputs(rows, plan, request.features, request.model_inputs)
        if found:
            out["missing"] = found
        if reason:
            gaps.append(("missing", reason))
    if request.perturbed is None:
        gaps.append(("robustness", "no perturbed table"))
    else:
        out["robustness"] = degradation(rows, plan, request.perturbed, request.perturbations)
    return out, sorted(gaps)


def _errors(request: AnalysisRequest, rows: CohortRows, plan: Plan, gaps: Gaps) -> dict[str, Any]:
    out: dict[str, Any] = {
        "by": error_cells.by_subgroup(rows, plan),
        "examples": [
            error_cells.told(case, rows, plan, request.case_axes)
            for case in error_cells.picked(rows, ("false_positive", "false_negative"))
        ],
    }
    if request.sources.cohort is None or not request.edge:
        gaps.append(("errors.edge", "the release declares no table of edge conditions"))
    else:
        out["edge"] = error_cells.by_edge(rows, plan, request.sources.cohort, request.edge)
    return out


def _clusters(rows: CohortRows, plan: Plan, gaps: Gaps) -> list[dict[str, Any]]:
    """Correlation of right answers within a hospital, for sensitivity and specificity."""
    if f"by:{SITE}" not in rows.frame.columns:
        gaps.append(("clusters", f"neither predictions nor membership have a column {SITE}"))
        return []
    known = rows.labelled.filter(pl.col(f"by:{SITE}") != MISSING)
    out = []
    for metric, of_events in (("sensitivity", True), ("specificity", False)):
        part = known.filter(pl.col(LABEL) == of_events)
        right = (part[CALLED] == of_events).cast(pl.Float64).to_numpy()
        found = alike(right, part[f"by:{SITE}"].to_list(), plan.settings.level)
        body: dict[str, Any] = {
            "unit": SITE,
            "metric": metric,
            "clusters": found.clusters,
            "n": found.n,
            "icc": rounded(found.icc.value),
            "low": rounded(found.icc.low),
            "high": rounded(found.icc.high),
            "method": found.icc.method,
            "design_effect": rounded(found.design_effect.value),
            "design_effect_low": rounded(found.design_effect.low),
            "design_effect_high": rounded(found.design_effect.high),
        }
        out.append(body | ({"undecided": found.icc.undecided} if found.icc.undecided else {}))
    return out


def _explanations(request: AnalysisRequest, rows: CohortRows, plan: Plan, gaps: Gaps) -> dict[str, Any]:
    out: dict[str, Any] = {}
    found = None
    if request.contributions is None:
        gaps.append(("explanations.consistency", "no table of contributions"))
    else:
        found = read_contributions(request.contributions, rows)
        drawn = Resampling(plan.replicates, folded(request.plan_sha256))
        out["consistency"] = consistency(found, rows, plan, drawn)
        out["index"] = [
            error_cells.told(case, rows, plan, request.case_axes)
            | {"moved_most": moved_most(found, case.row, SHOWN)}
            for case in error_cells.picked(rows, tuple(KINDS))
        ]
    if not request.has_previous:
        gaps.append(("explanations.stability", "there is no release before"))
    elif found is None or found.before is None:
        gaps.append(("explanations.stability", "no contributions of the release before"))
    else:
        out["stability"] = stability(found, rows, plan)
    if request.golden is None:
        gaps.append(("explanations.contract", "the release has no contract of its explanations"))
    elif request.golden.said is None or request.tolerance is None:
        gaps.append(("explanations.contract", "no table of what the release said of the golden cases"))
    else:
        golden = request.golden
        out["contract"] = contract(golden.golden, golden.name, request.golden.said, request.tolerance)
    if request.shown is None:
        gaps.append(("explanations.samples", "the release has no explained cases"))
    else:
        shown, tolerance = request.shown, request.tolerance or 0.0
        held = samples(shown.samples, shown.name, rows, found, tolerance)
        out["samples"] = [{"kind": kind, "n": n} for kind, n in held.counts.items()]
        out["unfounded"] = [dict(item) for item in held.unfounded]
        if "index" in out:
            out["index"] = [item | {"in_samples": item["case"] in held.held} for item in out["index"]]
    if request.uncertainty is None:
        gaps.append(("explanations.coverage", "the release tells no uncertainty, or has no table of it"))
    else:
        out["coverage"] = coverage(rows, plan, request.uncertainty)
    return out
