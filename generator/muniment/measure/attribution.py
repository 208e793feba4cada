"""A better model, or an easier cohort: old and new model on old and new data, as a two-by-two of areas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.discrimination import DELONG, auroc, placements, too_few
from muniment.measure.kernel import Floats, RankState
from muniment.measure.result import Result, undecided, wald
from muniment.measure.splits import PATIENT
from muniment.measure.suppression import fewer
from muniment.measure.tables import collect, open_table, require
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

Axis = Literal["cohort", "features"]
MODELS = CONDITIONS = ("old", "new")
COLUMNS = (PATIENT, "condition", "label", "score_old", "score_new")
CONTRAST = "delong-contrast"
Bools = npt.NDArray[np.bool_]

EFFECTS: Mapping[str, Mapping[tuple[str, str], float]] = {
    "model_on_old": {("new", "old"): 1, ("old", "old"): -1},
    "model_on_new": {("new", "new"): 1, ("old", "new"): -1},
    "condition_for_old": {("old", "new"): 1, ("old", "old"): -1},
    "condition_for_new": {("new", "new"): 1, ("new", "old"): -1},
    "interaction": {("new", "new"): 1, ("old", "new"): -1, ("new", "old"): -1, ("old", "old"): 1},
}
"""Effect to the weight of each cell (model, condition)."""


@dataclass(frozen=True, slots=True)
class AttributionTable:
    """One table of the release."""

    axis: Axis
    """What is old and new besides the model: another cohort, or other features of the same patients."""
    path: Path


@dataclass(frozen=True, slots=True)
class _Group:
    """Cases whose areas vary together: one cohort, or the same patients under both conditions."""

    labels: Bools
    scores: Mapping[tuple[str, str], Floats]
    """(model, condition) to the score of each case."""


def attribution(
    tables: Sequence[AttributionTable], predictions: pl.DataFrame, level: float, min_n: int
) -> list[dict[str, Any]]:
    """Return, for each table, the four areas with DeLong intervals and the differences between them.

    Args:
        tables: columns `patient_id`, `condition` (old, new), `label` (0, 1), `score_old`, `score_new`.
        predictions: the released predictions of the locked cohort, columns `patient_id` (text) and
            `score`; the new model's score of a patient under the new condition must be the released one.
        level: confidence level.
        min_n: a condition with fewer rows is suppressed.

    The variance of a sum of weighted areas on the same cases is that of the weighted placements (DeLong,
    DeLong and Clarke-Pearson 1988, eq. 5 and 6); areas on different patients are independent.

    Raises:
        UnreadableInput: a table has other columns or conditions, repeats a patient, or holds scores or
            patients that are not those of the released predictions.
    """
    return [_one(table, predictions, level, min_n) for table in tables]


def _one(table: AttributionTable, predictions: pl.DataFrame, level: float, min_n: int) -> dict[str, Any]:
    frames = _read(table)
    strangers = frames["new"].join(predictions, on=PATIENT, how="anti").height
    same = frames["new"].join(predictions, on=PATIENT).filter(pl.col("score_new") != pl.col("score")).height
    if strangers or same:
        raise UnreadableInput(
            f"{table.path.name} is not about this release: of its new rows {strangers} are not in the locked "
            f"cohort and {same} have another score than the released predictions",
            hint="write the table again with the released model on the locked cohort",
        )
    groups = _groups(table, frames)
    small = {condition: frame.height < min_n for condition, frame in frames.items()}
    cells = [
        _cell(model, condition, frames[condition], level, fewer(min_n) if small[condition] else None)
        for model in MODELS
        for condition in CONDITIONS
    ]
    reason = fewer(min_n) if any(small.values()) else None
    return {
        "axis": table.axis,
        "level": level,
        "left_out": predictions.height - frames["new"].height,
        "cells": cells,
        "effects": [
            {"effect": name, **_shown(_effect(weights, groups, level, reason))}
            for name, weights in EFFECTS.items()
        ],
    }


def _read(table: AttributionTable) -> dict[str, pl.DataFrame]:
    """The rows of each condition, ordered by patient."""
    lazy = open_table(table.path)
    require(lazy.collect_schema().names(), list(COLUMNS), table.path)
    frame = collect(
        lazy.select(
            pl.col(PATIENT).cast(pl.String),
            pl.col("condition").cast(pl.String),
            pl.col("label").cast(pl.Int64),
            pl.col("score_old").cast(pl.Float64),
            pl.col("score_new").cast(pl.Float64),
        ),
        table.path,
    )
    broken = frame.filter(
        pl.any_horizontal(pl.all().is_null())
        | ~pl.col("condition").is_in(CONDITIONS)
        | ~pl.col("label").is_in([0, 1])
        | ~pl.col("score_old").is_finite()
        | ~pl.col("score_new").is_finite()
    ).height
    frames = {name: frame.filter(pl.col("condition") == name).sort(PATIENT) for name in CONDITIONS}
    repeated = any(part[PATIENT].n_unique() != part.height for part in frames.values())
    if broken or repeated:
        raise UnreadableInput(
            f"{table.path.name}: {broken} rows lack a value, or have another condition than old or new or "
            f"another label than 0 or 1{'; patients repeat within a condition' if repeated else ''}",
            hint="one row a patient and condition: patient_id, condition, label, score_old, score_new",
        )
    return frames


def _groups(table: AttributionTable, frames: Mapping[str, pl.DataFrame]) -> list[_Group]:
    old, new = frames["old"], frames["new"]
    if table.axis == "features":
        if not old.select(PATIENT, "label").equals(new.select(PATIENT, "label")):
            raise UnreadableInput(
                f"{table.path.name}: the patients or labels of old and new features are not the same",
                hint="features are compared on the same patients; another cohort is the axis cohort",
            )
        return [_group(old, {condition: frames[condition] for condition in CONDITIONS})]
    if old.join(new, on=PATIENT, how="semi").height:
        raise UnreadableInput(
            f"{table.path.name}: patients stand in the old and in the new cohort",
            hint="leave shared patients out of one of them: the cohorts are compared as independent",
        )
    return [_group(frame, {condition: frame}) for condition, frame in frames.items()]


def _group(frame: pl.DataFrame, by: Mapping[str, pl.DataFrame]) -> _Group:
    scores = {
        (model, condition): part[f"score_{model}"].to_numpy()
        for condition, part in by.items()
        for model in MODELS
    }
    return _Group(frame["label"].to_numpy().astype(bool), scores)


def _cell(
    model: str, condition: str, frame: pl.DataFrame, level: float, suppressed: str | None
) -> dict[str, Any]:
    labels, scores = frame["label"].to_numpy().astype(bool), frame[f"score_{model}"].to_numpy()
    result = undecided(DELONG, suppressed) if suppressed else auroc(_state(labels, scores), level)
    return {
        "model": model,
        "condition": condition,
        **_shown(result),
        "n": None if suppressed else frame.height,
        "events": None if suppressed else int(np.count_nonzero(labels)),
    }


def _state(labels: Bools, scores: Floats) -> RankState:
    """Rank state of plain arrays, from the placements."""
    positives = int(np.count_nonzero(labels))
    negatives = len(labels) - positives
    if min(positives, negatives) < 2:
        return RankState(positives, negatives, 0, 0.0, 0.0)
    value, above, below = placements(labels, scores)
    s10, s01 = (_variance(part) for part in (above, below))
    return RankState(positives, negatives, round(2 * value * positives * negatives), s10, s01)


def _effect(
    weights: Mapping[tuple[str, str], float], groups: Sequence[_Group], level: float, reason: str | None
) -> Result:
    value = variance = 0.0
    for group in groups:
        positives = int(np.count_nonzero(group.labels))
        negatives = len(group.labels) - positives
        reason = reason or too_few(RankState(positives, negatives, 0, 0.0, 0.0))
        if reason:
            return undecided(CONTRAST, reason)
        above, below = np.zeros(positives), np.zeros(negatives)
        for cell, weight in weights.items():
            if cell in group.scores:
                area, mine, theirs = placements(group.labels, group.scores[cell])
                value += weight * area
                above, below = above + weight * mine, below + weight * theirs
        variance += _variance(above) / positives + _variance(below) / negatives
    return wald(value, math.sqrt(variance), level, CONTRAST, (-2.0, 2.0))


def _variance(values: Floats) -> float:
    """Sample variance; sorted first, so that the order of the rows cannot reach the last bit."""
    ordered = np.sort(values)
    centred = ordered - ordered.sum() / len(ordered)
    return float((centred * centred).sum()) / (len(ordered) - 1)


def _shown(result: Result) -> dict[str, Any]:
    bounds = {"value": result.value, "low": result.low, "high": result.high}
    # Two models that rank alike differ by rounding noise; it is zero, and not minus zero.
    shown = {key: None if item is None else rounded(round(item, 15) + 0.0) for key, item in bounds.items()}
    return {**shown, "method": result.method}
