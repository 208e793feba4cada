"""Explanations by contribution: agreement between subgroups, stability against the release before.

A contribution says by how much one input moved one patient's output, in a unit that the release names. The
maker computes it; this module reads the table and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.analysis_rows import ANSWERED, CohortRows, hidden_with, levels_of
from muniment.measure.bootstrap import Resampling, interval
from muniment.measure.distributions import t_critical
from muniment.measure.kernel import Floats, Ints
from muniment.measure.plan import Plan
from muniment.measure.prepare import ID, LABEL
from muniment.measure.proportions import proportion
from muniment.measure.ranks import rank_correlations
from muniment.measure.result import Result, undecided
from muniment.measure.splits import PATIENT
from muniment.measure.suppression import fewer
from muniment.measure.tables import collect, open_table, require
from muniment.measure.units import Flags
from muniment.model.estimate import rounded

NOW, BEFORE = "contribution", "contribution_previous"
MOST_FEATURES = 2000
"""Features beyond which a table is refused: it would not be read by anybody, and fill the memory."""
AT_ONCE = 50
"""Replicates whose weights are held in memory together."""
BOOTSTRAP = "bootstrap-percentile"
STUDENT = "t-mean"


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """One row a patient of the cohort, one column a feature; NaN where there is no figure."""

    features: tuple[str, ...]
    """In order of their names."""
    now: Floats
    """Shape (patients, features), in the unit that the release names."""
    before: Floats | None
    """The same patients under the release before; `None` where the table has no such column."""


def read_contributions(table: Path, rows: CohortRows) -> Contributions:
    """Read `patient_id`, `feature`, `contribution` and, where it is there, `contribution_previous`.

    Raises:
        UnreadableInput: a missing column, a patient of another cohort, a pair that repeats, a figure that is
            not finite, too many features, or an answered patient without a row: explanations of some are
            a choice of whoever made the table.
    """
    lazy = open_table(table)
    have = lazy.collect_schema().names()
    require(have, [PATIENT, "feature", NOW], table)
    columns = [NOW, BEFORE] if BEFORE in have else [NOW]
    size = lazy.select(pl.len().alias("rows"), pl.col("feature").n_unique().alias("features"))
    height, wide = collect(size, table).row(0)
    if wide > MOST_FEATURES or height > wide * rows.frame.height:
        raise UnreadableInput(
            f"{table.name} has {height} rows of {wide} features for {rows.frame.height} patients",
            hint=f"One row a patient and feature, and at most {MOST_FEATURES} features.",
        )
    frame = collect(
        lazy.select(
            pl.col(PATIENT).cast(pl.String).alias(ID),
            pl.col("feature").cast(pl.String),
            *(pl.col(column).cast(pl.Float64, strict=False) for column in columns),
        ),
        table,
    )
    _require_sound(frame, rows, table, columns)
    features = tuple(sorted(frame["feature"].unique().to_list()))
    ids = rows.ids.to_frame().with_row_index("row")
    names = pl.DataFrame({"feature": features}).with_row_index("column")
    placed = frame.join(ids, on=ID).join(names, on="feature")
    at = (placed["row"].to_numpy(), placed["column"].to_numpy())

    silent = ~rows.flags(ANSWERED)

    def matrix(column: str) -> Floats:
        out = np.full((rows.frame.height, len(features)), np.nan)
        out[at] = placed[column].fill_null(float("nan")).to_numpy()
        # Who got no estimate saw no explanation either.
        out[silent] = np.nan
        return out

    return Contributions(features, matrix(NOW), matrix(BEFORE) if BEFORE in columns else None)


def _require_sound(frame: pl.DataFrame, rows: CohortRows, table: Path, columns: list[str]) -> None:
    explained = frame[ID].unique()
    strangers = explained.filter(~explained.is_in(rows.ids.implode())).len()
    answered = rows.frame.filter(pl.col(ANSWERED))[ID]
    silent = answered.filter(~answered.is_in(explained.implode())).len()
    repeated = frame.height - frame.select(ID, "feature").n_unique()
    nameless = frame["feature"].null_count() + frame[ID].null_count()
    infinite = sum(int(frame[column].is_infinite().sum()) for column in columns)
    if strangers or silent or repeated or nameless or infinite:
        raise UnreadableInput(
            f"{table.name} does not explain the locked cohort: {strangers} patients are of another, {silent} "
            f"with an estimate are not explained, {repeated} rows repeat a patient and feature, {nameless} "
            f"name no patient or feature, and {infinite} figures are infinite",
            hint="Explain every patient who got an estimate; leave a figure that does not exist empty.",
        )


def consistency(
    found: Contributions, rows: CohortRows, plan: Plan, resampling: Resampling
) -> list[dict[str, Any]]:
    """Rank correlation of mean absolute contributions, each level against the whole cohort.

    Spearman's rho over the features; intervals from patients drawn with replacement, the level and the cohort
    from the same draw. A figure that is missing is left out of its feature's mean.
    """
    size = np.abs(found.now)
    explained: Flags = np.asarray(np.isfinite(size).any(axis=1))
    cells = list(_levels(rows, plan, explained))
    shown = [member for _axis, _level, member, why in cells if why is None]
    whole = np.ones(len(size), dtype=bool)
    means = _means(size, [whole, *shown], np.ones((1, len(size)), dtype=np.int64))
    drawn = _replicates(size, [whole, *shown], resampling)
    out, at = [], 0
    for axis, level, member, why in cells:
        head = {"axis": axis, "level": level, "metric": "rank_correlation"}
        if why is not None:
            out.append(head | _told(undecided(BOOTSTRAP, why), None, suppressed=True))
            continue
        at += 1
        rho = float(rank_correlations(means[at], means[0])[0])
        value = None if np.isnan(rho) else rho
        result = interval(value, drawn[at - 1], plan.settings.level, BOOTSTRAP, "fewer than three features")
        out.append(head | _told(result, int(member.sum()), suppressed=False))
    return out


def _replicates(size: Floats, members: list[Flags], resampling: Resampling) -> list[Floats]:
    """For each level after the first member, its correlation with the first in every replicate."""
    draws = resampling.draws(len(size))
    parts: list[list[Floats]] = [[] for _ in members[1:]]
    for start in range(0, resampling.replicates, AT_ONCE):
        count = min(AT_ONCE, resampling.replicates - start)
        weights = np.stack([next(draws) for _ in range(count)])
        whole, *levels = _means(size, members, weights)
        for part, level in zip(parts, levels, strict=True):
            part.append(rank_correlations(level, whole))
    return [np.concatenate(part) if part else np.empty(0) for part in parts]


def _means(size: Floats, members: list[Flags], weights: Ints) -> list[Floats]:
    """Weighted mean of each feature among the members, shape (replicates, features); NaN where nothing is."""
    known = np.isfinite(size)
    held = np.where(known, size, 0.0)
    out = []
    for member in members:
        own = weights[:, member].astype(np.float64)
        # `einsum` adds in one order; a matrix product may split the sum over threads.
        total = np.einsum("rp,pf->rf", own, held[member])
        often = np.einsum("rp,pf->rf", own, known[member].astype(np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            out.append(np.where(often > 0, total / often, np.nan))
    return out


def stability(found: Contributions, rows: CohortRows, plan: Plan) -> list[dict[str, Any]]:
    """How alike the explanations of the same patients are under this release and the one before.

    Two metrics for everybody and each level: the mean over patients of Spearman's rho between the two sets of
    contributions, over the features that both releases attribute, with Student's interval of a mean; and the
    share of patients whose largest contribution is of the same feature, with the plan's interval. Patients
    with fewer than three common figures, or with equal ones throughout, have no correlation and are left out.
    """
    if found.before is None:
        return []
    rho = rank_correlations(found.now, found.before)
    both: Flags = np.asarray(np.isfinite(found.now).any(axis=1) & np.isfinite(found.before).any(axis=1))
    same = _largest(found.now) == _largest(found.before)
    out = [
        *_cells(
            "rank_correlation",
            STUDENT,
            rows,
            plan,
            np.isfinite(rho),
            lambda m: student(rho[m], plan.settings.level),
        ),
        *_cells(
            "same_first_feature", plan.settings.interval, rows, plan, both, lambda m: _share(same[m], plan)
        ),
    ]
    axes = {None: 0} | {axis: place for place, axis in enumerate(plan.axes, 1)}
    return sorted(out, key=lambda e: (axes[e["axis"]], e["level"] or "", e["metric"]))


def _cells(
    metric: str,
    method: str,
    rows: CohortRows,
    plan: Plan,
    known: Flags,
    statistic: Callable[[Flags], Result],
) -> Iterator[dict[str, Any]]:
    """A statistic of everybody for whom it is known, and of each level of each axis."""
    small = fewer(plan.settings.min_n) if int(known.sum()) < plan.settings.min_n else None
    for axis, level, member, why in ((None, None, known, small), *_levels(rows, plan, known)):
        head = {"axis": axis, "level": level, "metric": metric}
        reason = small or why
        if reason:
            yield head | _told(undecided(method, reason), None, suppressed=True)
        else:
            yield head | _told(statistic(member), int(member.sum()), suppressed=False)


def _largest(values: Floats) -> Ints:
    """The column of each row's largest absolute figure, the first of equal ones."""
    return np.asarray(np.argmax(np.where(np.isfinite(values), np.abs(values), -1.0), axis=1))


def student(values: Floats, level: float) -> Result:
    """Mean of correlations with Student's interval, clipped to what a correlation can be; shape (n,)."""
    n = len(values)
    if n < 2:
        return undecided(STUDENT, "fewer than two patients")
    # Sorted, so that the order of the rows cannot reach the last bit of the sums.
    held = np.sort(values)
    mean = float(held.sum() / n)
    centred = held - mean
    reach = t_critical(level, n - 1) * float(np.sqrt((centred * centred).sum() / (n - 1) / n))
    return Result(mean, max(mean - reach, -1.0), min(mean + reach, 1.0), STUDENT)


def _share(alike: Flags, plan: Plan) -> Result:
    settings = plan.settings
    return proportion(int(alike.sum()), len(alike), settings.level, settings.interval, "no patients")


def moved_most(found: Contributions, row: int, most: int) -> list[dict[str, Any]]:
    """The largest contributions of one patient, ties in order of name."""
    values = found.now[row]
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-np.abs(values[known]), kind="stable")][:most]
    return [{"feature": found.features[int(at)], "contribution": rounded(float(values[at]))} for at in order]


def _levels(rows: CohortRows, plan: Plan, known: Flags) -> Iterator[tuple[str, str, Flags, str | None]]:
    """Axis, level, its labelled patients of whom something is known, and why they are not shown."""
    labelled = rows.frame.select(pl.col(LABEL).is_not_null()).to_series().to_numpy() & known
    for axis in plan.single_axes:
        values = rows.frame[f"axis:{axis}"]
        members = {level: (values == level).to_numpy() & labelled for level in levels_of(rows.labelled, axis)}
        sizes = {level: int(member.sum()) for level, member in members.items()}
        hide = hidden_with(sizes, rows.hide[axis], plan.settings.min_n)
        for level, member in members.items():
            yield axis, level, member, hide.get(level)


def _told(result: Result, n: int | None, *, suppressed: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "suppressed": suppressed,
        "n": n,
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})
