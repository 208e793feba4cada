"""Everything a plan asks for beside estimates, carried out: the further sections of `evaluation.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.cohorts import Cohort
from muniment.measure.compare import Comparison
from muniment.measure.plan import Comparator, Plan
from muniment.measure.prepare import TableSpec, read_rows
from muniment.model.estimate import Estimate

FEATURES = "features"
"""The layer that holds the model's inputs."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables behind the analyses. Paths were opened, contained and hashed by whoever asks."""

    membership: Path
    members: Path
    training: Path | None = None
    layers: Mapping[str, Path] = field(default_factory=dict)
    """`features`, `labels`: each one row a patient, with `patient_id`."""
    inputs: tuple[str, ...] = ()
    """Inputs of the model, columns of the features table."""
    rules: tuple[Mapping[str, Any], ...] = ()
    """The cohort's rules."""
    declared_flow: tuple[Mapping[str, Any], ...] = ()
    """The flow that the splits record states."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Ratings and readings, by the id that the plan names."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured already."""

    table: pl.LazyFrame
    """The predictions, with the columns of the plan's axes."""
    spec: TableSpec
    overall: Cohort
    estimates: Sequence[Estimate]
    """Of everybody."""
    compared: Sequence[tuple[Comparator, Comparison]]
    point: str
    """The release's operating point."""
    seed: int
    hidden: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column of an axis to its suppressed levels and why; nothing else may give them away."""


def analyses(plan: Plan, measured: Measured, sources: Sources) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Carry out what the plan asks for and nothing else; return the sections and what was done in sentences.

    What is not asked for is not imported either, so that a plain evaluation does not wait for it.

    Raises:
        UnreadableInput: a table that the plan names is not there, or does not have what the plan says.
    """
    asked = plan.analyses
    lost = [name for name in asked.tables if name not in sources.tables]
    if lost:
        raise UnreadableInput(
            f"the plan analyses a table {lost[0]!r}, which neither the release nor its labels have",
            hint="Name it under `tables` of the release or of the labels, with its path and SHA-256.",
        )
    out: dict[str, Any] = {}
    said: list[str] = []
    if asked.hypotheses:
        from muniment.measure import hypotheses

        out["non_inferiority"] = hypotheses.hypotheses(plan, measured.compared, measured.point)
        said.append(hypotheses.sentences(plan))
    if asked.incomplete is not None:
        from muniment.measure import populations

        out["missing_data"] = populations.populations(
            measured.table, measured.spec, plan, asked.incomplete, measured.hidden
        ) | {
            "inputs": populations.missing_inputs(
                sources.inputs, sources.layers.get(FEATURES), sources.members, plan
            )
        }
        said.append(populations.sentences(asked.incomplete, out["missing_data"]))
    if asked.targets or asked.sizes:
        from muniment.measure import reached

        out["precision"] = reached.reached(measured.overall, measured.estimates, plan, measured.point)
        said.append(reached.sentences(plan))
    if asked.flow is not None or asked.table_one is not None:
        said.append(_composition(plan, measured, sources, out))
    if asked.agreement or asked.readers:
        from muniment.measure import studies

        if asked.agreement:
            out["agreement"] = studies.agreements(plan, sources.tables, measured.seed)
        if asked.readers:
            out["reader_studies"] = studies.reader_studies(plan, sources.tables)
        said.append(studies.sentences(plan))
    return out, tuple(said)


def _composition(plan: Plan, measured: Measured, sources: Sources, out: dict[str, Any]) -> str:
    from muniment.measure import composition

    asked, settings = plan.analyses, plan.settings
    if asked.flow is not None:
        out["flow"] = composition.flow(
            asked.flow,
            sources.membership,
            read_rows(measured.table, measured.spec),
            sources.rules,
            sources.declared_flow,
            settings.min_n,
            measured.hidden.get(asked.flow, {}),
        )
    if asked.table_one is not None:
        out["table_one"] = composition.described(
            asked.table_one,
            sources.membership,
            sources.layers,
            sources.members,
            sources.training,
            settings.level,
            settings.min_n,
            measured.hidden,
        )
    return composition.sentences(asked.table_one, asked.flow)
