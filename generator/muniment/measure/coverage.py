"""Whether the uncertainty that users are told covers what it says: prediction sets and intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.analysis_rows import CohortRows, aligned, hidden_with, levels_of
from muniment.measure.error_cells import as_rate, rate
from muniment.measure.plan import Plan
from muniment.measure.prepare import LABEL
from muniment.measure.result import undecided
from muniment.measure.suppression import fewer
from muniment.measure.units import Flags
from muniment.model.estimate import rounded

NEGATIVE, POSITIVE = "in_set_negative", "in_set_positive"
LOWER, UPPER, OBSERVED = "lower", "upper", "observed"


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What the release tells users, and the table of it."""

    table: Path
    kind: Literal["set", "interval"]
    """`set`: which of the two outcomes it holds (`in_set_negative`, `in_set_positive`). `interval`: `lower`
    and `upper`, with `observed`, the value it was to hold."""
    method: str
    """How it is made, as the release says: `conformal`, `bootstrap` …"""
    target: float
    """Share that it shall cover, from 0 to 1."""


def coverage(rows: CohortRows, plan: Plan, told: Uncertainty) -> dict[str, Any]:
    """Share of patients whose outcome lies in their set or interval, overall, by outcome and by subgroup.

    A patient without a set or interval (all its cells empty) is left out and counted. An empty set covers
    nobody; the share of empty sets, and of sets that hold both outcomes and so say nothing, stands beside.

    Raises:
        UnreadableInput: a missing column, half a set or interval, bounds in the wrong order, or a table that
        is
            not of the cohort.
    """
    frame, given, inside = _inside(rows, told)
    label = rows.frame[LABEL]
    # A measured value needs no label; a set is held to it.
    known = given & (np.ones(len(given), dtype=bool) if told.kind == "interval" else _known(label))
    n, covered = int(known.sum()), int((known & inside).sum())
    small = fewer(plan.settings.min_n) if n < plan.settings.min_n else None
    found = as_rate(undecided(plan.settings.interval, small), None) if small else rate(covered, n, plan, "")
    interval = found.pop("method")
    out: dict[str, Any] = {
        "kind": told.kind,
        "method": told.method,
        "target": told.target,
        **found,
        "interval": interval,
        "without": int((~given).sum()),
        "by": [] if small else [*_outcomes(known, inside, label, plan), *_axes(rows, known, inside, plan)],
    }
    return out if small else out | _size(frame, known, told, plan)


def _inside(rows: CohortRows, told: Uncertainty) -> tuple[pl.DataFrame, Flags, Flags]:
    """The table in the cohort's order, who has a set or interval, and whose outcome lies in it."""
    columns = [NEGATIVE, POSITIVE] if told.kind == "set" else [LOWER, UPPER, OBSERVED]
    frame = aligned(told.table, rows.ids, columns)
    gaps = frame.select(pl.sum_horizontal(pl.col(columns).is_null().cast(pl.Int64))).to_series()
    partial = int(((gaps > 0) & (gaps < len(columns))).sum())
    if partial:
        raise UnreadableInput(
            f"{told.table.name} has {partial} rows with some of {', '.join(columns)} empty",
            hint="Fill all of them, or none where a patient got no estimate.",
        )
    given = (gaps == 0).to_numpy()
    if told.kind == "set":
        for column in columns:
            if frame[column].dtype not in (pl.Boolean, pl.Null):
                raise UnreadableInput(f"column {column!r} of {told.table.name} is not Boolean")
        negative, positive = (frame[c].fill_null(value=False).to_numpy().astype(bool) for c in columns)
        label = rows.frame[LABEL].fill_null(value=False).to_numpy().astype(bool)
        return frame, given, np.where(label, positive, negative)
    for column in columns:
        if not (frame[column].dtype.is_numeric() or frame[column].dtype == pl.Null):
            raise UnreadableInput(f"column {column!r} of {told.table.name} is not a number")
    low, high, seen = (frame[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in columns)
    if (given & ~(low <= high)).any():
        raise UnreadableInput(f"{told.table.name} has intervals whose lower bound is above the upper one")
    return frame, given, (low <= seen) & (seen <= high)


def _known(label: pl.Series) -> Flags:
    return label.is_not_null().to_numpy()


def _outcomes(known: Flags, inside: Flags, label: pl.Series, plan: Plan) -> list[dict[str, Any]]:
    """Coverage among patients with and without the outcome: one may pay for the other."""
    members = {
        level: known & (label == wanted).fill_null(value=False).to_numpy()
        for level, wanted in (("negative", False), ("positive", True))
    }
    return _cells("outcome", members, inside, plan, {})


def _axes(rows: CohortRows, known: Flags, inside: Flags, plan: Plan) -> list[dict[str, Any]]:
    out = []
    for axis in plan.single_axes:
        values = rows.frame[f"axis:{axis}"]
        members = {level: known & (values == level).to_numpy() for level in levels_of(rows.labelled, axis)}
        out += _cells(axis, members, inside, plan, rows.hide[axis])
    return out


def _cells(
    axis: str, members: Mapping[str, Flags], inside: Flags, plan: Plan, already: Mapping[str, str]
) -> list[dict[str, Any]]:
    sizes = {level: int(member.sum()) for level, member in members.items()}
    hide = hidden_with(sizes, already, plan.settings.min_n)
    out = []
    for level, member in members.items():
        head = {"axis": axis, "level": level, "suppressed": level in hide}
        if level in hide:
            out.append(head | as_rate(undecided(plan.settings.interval, hide[level]), None))
        else:
            out.append(head | rate(int((member & inside).sum()), sizes[level], plan, ""))
    return out


def _size(frame: pl.DataFrame, known: Flags, told: Uncertainty, plan: Plan) -> dict[str, Any]:
    """What coverage was bought with: empty and uninformative sets, or the median width."""
    if told.kind == "interval":
        width = (frame[UPPER] - frame[LOWER]).filter(pl.Series(known))
        return {"median_width": rounded(float(np.median(width.cast(pl.Float64).to_numpy())))}
    negative, positive = (
        frame[c].fill_null(value=False).to_numpy().astype(bool) for c in (NEGATIVE, POSITIVE)
    )
    n = int(known.sum())
    return {
        "empty": rate(int((known & ~negative & ~positive).sum()), n, plan, ""),
        "both": rate(int((known & negative & positive).sum()), n, plan, ""),
    }
