"""What changed a metric: the model, the cohort, or both together.

A new model on a new cohort differs from the old model on the old cohort in two ways at once. All four
combinations are measured; the model's effect is the mean of its two differences, so is the cohort's, and the
interaction says by how much the model's effect differs between the cohorts. Rows that cells share covary:
each metric is a sum over independent cases, so the covariance of two cells is a sum over the cases that
stand in both. It is DeLong's (1988) for the same cases, and zero for different ones.

"Cohort" may be any change of the rows or their inputs: other patients, other sites, other features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.discrimination import DELONG, auroc, placements
from muniment.measure.distributions import two_sided
from muniment.measure.kernel import Floats, all_keys, fold, keyed, scale_of
from muniment.measure.prepare import ID, LABEL, SCORE, Prepared
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided, wald
from muniment.measure.suppression import fewer
from muniment.model.estimate import rounded

OLD, NEW = "old", "new"
CELLS = ((OLD, OLD), (NEW, OLD), (OLD, NEW), (NEW, NEW))
"""Model, cohort."""
EFFECTS: Mapping[str, tuple[float, float, float, float]] = {
    "model": (-0.5, 0.5, -0.5, 0.5),
    "cohort": (-0.5, -0.5, 0.5, 0.5),
    "interaction": (1.0, -1.0, -1.0, 1.0),
    "total": (-1.0, 0.0, 0.0, 1.0),
}
"""Weights of the four cells; model and cohort add up to the total."""
METHODS = {
    "auroc": "delong-shared-cases",
    "sensitivity": "wald-shared-cases",
    "specificity": "wald-shared-cases",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One model on one cohort."""

    model: str
    cohort: str
    result: Result
    n: int | None
    """Rows; `None` where suppressed."""
    events: int | None

    def as_json(self) -> dict[str, Any]:
        """One of the four cells."""
        return {
            "model": self.model,
            "cohort": self.cohort,
            **_result_json(self.result),
            "n": self.n,
            "events": self.events,
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """A contrast of the four cells."""

    name: str
    """A key of `EFFECTS`."""
    result: Result
    z: float | None = None
    p: float | None = None
    """Two-sided, against no effect."""

    def as_json(self) -> dict[str, Any]:
        """One of the four effects."""
        return {"effect": self.name, **_result_json(self.result), "z": rounded(self.z), "p": rounded(self.p)}


@dataclass(frozen=True, slots=True)
class Attribution:
    """One metric in four cells, and what they say."""

    metric: str
    level: float
    shared: int | None
    """Cases that stand in both cohorts; `None` where suppressed."""
    cells: tuple[Cell, ...]
    effects: tuple[Effect, ...]

    def as_json(self) -> dict[str, Any]:
        """Cells and effects with their intervals."""
        return {
            "metric": self.metric,
            "level": self.level,
            "shared": self.shared,
            "cells": [cell.as_json() for cell in self.cells],
            "effects": [effect.as_json() for effect in self.effects],
        }


def attribute_change(
    tables: Mapping[tuple[str, str], Prepared],
    metric: str = "auroc",
    points: Mapping[str, OperatingPoint] | None = None,
    level: float = 0.95,
    min_n: int = 10,
    interval: str = "wilson",
) -> Attribution:
    """Attribute the change of a metric to model and cohort.

    Args:
        tables: each of `CELLS` to rows prepared with an id.
        metric: a key of `METHODS`.
        points: model (`old`, `new`) to its operating point, for sensitivity and specificity.
        level: confidence level.
        min_n: where a cohort, or the part of it that the other lacks, has fewer rows, all is suppressed.
        interval: interval of a cell's proportion.

    Raises:
        UsageError: no such metric, a missing cell, no operating points where they are needed.
        UnreadableInput: the two models were not run on the same cases of a cohort, or a case that both
            cohorts hold has another label in each.
    """
    if metric not in METHODS:
        raise UsageError(f"{metric!r} cannot be attributed", hint=f"Use {', '.join(METHODS)}.")
    if set(tables) != set(CELLS):
        raise UsageError("attribution needs the old and the new model on the old and the new cohort")
    if metric != "auroc" and set(points or {}) != {OLD, NEW}:
        raise UsageError(f"{metric} needs the operating point of the old and of the new model")
    frames = {cell: tables[cell].frame.sort(ID) for cell in CELLS}
    for cohort in (OLD, NEW):
        require_same_cases(
            frames[OLD, cohort],
            frames[NEW, cohort],
            f"old model, {cohort} cohort",
            f"new model, {cohort} cohort",
        )
    shared = _shared(frames[OLD, OLD], frames[OLD, NEW])
    sizes = [frames[OLD, cohort].height for cohort in (OLD, NEW)]
    alone = [size - shared for size in sizes]
    if min(sizes) < min_n or any(0 < count < min_n for count in (*alone, shared)):
        return _suppressed(metric, level, min_n)
    found = {}
    for model, cohort in CELLS:
        prepared, frame = tables[model, cohort], frames[model, cohort]
        limit = None if metric == "auroc" else (points or {})[model].limit(prepared.lower_is_positive)
        found[model, cohort] = _cell(model, cohort, frame, metric, limit, level, interval)
    cells = tuple(cell for cell, _ in found.values())
    lacking = next((cell.result.undecided for cell in cells if cell.result.value is None), None)
    if lacking is not None:
        nothing = undecided(METHODS[metric], f"a cell has no value: {lacking}")
        return Attribution(metric, level, shared, cells, tuple(Effect(name, nothing) for name in EFFECTS))
    covariance = _covariances([part for _, part in found.values()])
    values = np.array([cell.result.value for cell in cells])
    effects = tuple(_effect(name, values, covariance, metric, level) for name in EFFECTS)
    return Attribution(metric, level, shared, cells, effects)


def require_same_cases(a: pl.DataFrame, b: pl.DataFrame, a_name: str, b_name: str) -> None:
    """Raise `UnreadableInput` that says what differs unless two tables hold the same cases and labels.

    Args:
        a: columns `id` and `label`, ids unique.
        b: likewise.
        a_name: what messages call the first.
        b_name: and the second.
    """
    if a.schema[ID] != b.schema[ID]:
        raise UnreadableInput(
            f"{a_name} and {b_name} are not of the same cases: "
            f"ids are {a.schema[ID]} in the first and {b.schema[ID]} in the second"
        )
    only_a, only_b = (x.join(y, on=ID, how="anti").height for x, y in ((a, b), (b, a)))
    relabelled = _relabelled(a, b)
    if only_a or only_b or relabelled:
        raise UnreadableInput(
            f"{a_name} and {b_name} are not of the same cases: {a.height} rows with {_events(a)} events "
            f"against {b.height} with {_events(b)}; {only_a} cases stand in the first alone, {only_b} in the "
            f"second alone, and {relabelled} have another label",
            hint="Predict with both models for the same rows of the same label version.",
        )


def _relabelled(a: pl.DataFrame, b: pl.DataFrame) -> int:
    return a.join(b, on=ID, suffix="_b").filter(pl.col(LABEL) != pl.col(f"{LABEL}_b")).height


def _events(frame: pl.DataFrame) -> int:
    return int(frame[LABEL].sum())


def _shared(old: pl.DataFrame, new: pl.DataFrame) -> int:
    if old.schema[ID] != new.schema[ID]:
        raise UnreadableInput(
            f"ids are {old.schema[ID]} in the old cohort and {new.schema[ID]} in the new one",
            hint="Cases that both hold could not be found; store the ids in the same type.",
        )
    relabelled = _relabelled(old, new)
    if relabelled:
        raise UnreadableInput(
            f"{relabelled} cases stand in both cohorts with another label in each",
            hint="Attribute a change of labels apart: one label version for both cohorts.",
        )
    return old.join(new, on=ID, how="semi").height


def _cell(
    model: str,
    cohort: str,
    frame: pl.DataFrame,
    metric: str,
    limit: pl.Expr | None,
    level: float,
    interval: str,
) -> tuple[Cell, tuple[pl.Series, Floats]]:
    """The cell, and its cases with what each adds to the deviation of the metric from its expectation."""
    labels = frame[LABEL].to_numpy()
    n, events = frame.height, int(np.count_nonzero(labels))
    parts = np.zeros(n)
    if metric == "auroc":
        result = auroc(fold(all_keys(keyed(frame, scale_of(frame)), scale_of(frame)).values), level)
        if result.value is not None:
            area, positive, negative = placements(labels, frame[SCORE].to_numpy())
            parts[labels], parts[~labels] = _scaled(positive, area), _scaled(negative, area)
        return Cell(model, cohort, result, n, events), (frame[ID], parts)
    wanted = metric == "sensitivity"
    called = frame.select(pl.col(SCORE) >= limit).to_series()
    if called.null_count():
        raise UnreadableInput(f"the {model} model has no threshold for some rows of the {cohort} cohort")
    held = labels == wanted
    right = (called.to_numpy() == wanted)[held]
    result = proportion(
        int(right.sum()), len(right), level, interval, "no events" if wanted else "no non-events"
    )
    if len(right) == 1:
        result = undecided(interval, "one event only" if wanted else "one non-event only")
    elif result.value is not None:
        parts[held] = _scaled(right.astype(np.float64), result.value)
    return Cell(model, cohort, result, n, events), (frame[ID], parts)


def _scaled(values: Floats, mean: float) -> Floats:
    """Deviations whose squares add up to the variance of the mean, with the factor n/(n − 1)."""
    count = len(values)
    return np.asarray((values - mean) / math.sqrt(count * (count - 1)))


def _covariances(parts: list[tuple[pl.Series, Floats]]) -> Floats:
    """Sums over shared cases, in the order of their ids."""
    frames = [pl.DataFrame({ID: ids, f"part{index}": part}) for index, (ids, part) in enumerate(parts)]
    wide = frames[0]
    for frame in frames[1:]:
        wide = wide.join(frame, on=ID, how="full", coalesce=True)
    matrix = wide.sort(ID).drop(ID).fill_null(0.0).to_numpy()
    size = matrix.shape[1]
    return np.array([[float((matrix[:, i] * matrix[:, j]).sum()) for j in range(size)] for i in range(size)])


def _effect(name: str, values: Floats, covariance: Floats, metric: str, level: float) -> Effect:
    weights = np.array(EFFECTS[name])
    value = float((weights * values).sum())
    variance = float((np.outer(weights, weights) * covariance).sum())
    error = math.sqrt(max(variance, 0.0))
    # Rounding leaves a variance of about 1e-34 where the contributions cancel.
    if error < 1e-12:
        if abs(value) < 1e-12:
            return Effect(name, Result(0.0, 0.0, 0.0, METHODS[metric]), 0.0, 1.0)
        return Effect(name, undecided(METHODS[metric], "the difference does not vary: no interval"))
    reach = 2.0 if name == "interaction" else 1.0
    result = wald(value, error, level, METHODS[metric], (-reach, reach))
    z = value / error
    return Effect(name, result, z, two_sided(z))


def _suppressed(metric: str, level: float, min_n: int) -> Attribution:
    reason = f"a cohort, or what the cohorts share or do not, has {fewer(min_n)}"
    cell_method = DELONG if metric == "auroc" else "wilson"
    cells = tuple(Cell(model, cohort, undecided(cell_method, reason), None, None) for model, cohort in CELLS)
    effects = tuple(Effect(name, undecided(METHODS[metric], reason)) for name in EFFECTS)
    return Attribution(metric, level, None, cells, effects)


def _result_json(result: Result) -> dict[str, Any]:
    out: dict[str, Any] = {
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})
