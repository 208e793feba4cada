"""`measure TABLE`: anybody's table, no project around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl

from muniment import __version__
from muniment.errors import UsageError
from muniment.measure import large
from muniment.measure.bootstrap import Resampling
from muniment.measure.cohorts import (
    OperatingPoint,
    everybody,
    flagged,
    levels,
    of_keys,
    singles,
    withheld,
)
from muniment.measure.estimates import COUNT, Settings, estimates, estimates_of_levels
from muniment.measure.methods import methods
from muniment.measure.options import check_common
from muniment.measure.prepare import TableSpec, prepare
from muniment.measure.proportions import INTERVALS
from muniment.measure.tables import open_table, size_of
from muniment.model.dataclass import dataclass
from muniment.model.estimate import Estimate
from muniment.model.progress import Progress, silent

MEASURES_SCHEMA = "muniment/measures/v1"
FEWEST, MOST = 200, 100_000
"""Replicates of a bootstrap: fewer say nothing about a tail, more say nothing more."""


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """The options of `muniment measure`."""

    table: str
    """A path or a glob."""
    label: str
    score: str
    positive: str | None = None
    lower_is_positive: bool = False
    thresholds: tuple[float, ...] = ()
    by: tuple[tuple[str, ...], ...] = ()
    """Subgroup axes; several columns make an intersection."""
    level: float = 0.95
    interval: str = "wilson"
    min_n: int = 10
    cluster: str | None = None
    """The column that says which rows belong to one patient."""
    weight: str | None = None
    """The column that says how many equal rows a row stands for."""
    bootstrap: int | None = None
    """Replicates; `None` for intervals by formula."""
    seed: int = 0
    partial_fpr: float | None = None
    """Largest false positive rate of the partial AUROC; `None` leaves it out."""
    prevalence: float | None = None
    """Prevalence of the intended use, for predictive values there."""
    engine: str = "polars"


@dataclass(frozen=True, slots=True)
class Measures:
    """What `measure` found."""

    rows: int
    excluded: Mapping[str, int]
    estimates: tuple[Estimate, ...]
    """Overall first, then every level of every axis."""
    methods: str
    """One paragraph that says what was done."""

    def as_json(self) -> dict[str, Any]:
        """The shape `muniment/measures/v1`."""
        return {
            "schema": MEASURES_SCHEMA,
            "rows": self.rows,
            "excluded": dict(self.excluded),
            "estimates": [item.as_json() for item in self.estimates],
            "methods": self.methods,
        }

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Rows of text for a terminal, the heading first: one row an estimate, counts left out."""
        rows: list[tuple[str, ...]] = [
            ("cohort", "metric", "at", "value", f"{self._percent()} interval", "n", "events", "method")
        ]
        rows += [_row(item) for item in self.estimates if item.method != COUNT]
        return tuple(rows)

    def _percent(self) -> str:
        level = next((item.level for item in self.estimates if item.level is not None), 0.95)
        return f"{level * 100:.12g} %"


def measure_table(request: MeasureRequest, *, progress: Progress = silent) -> Measures:
    """Metrics with intervals from a table of row-level predictions.

    Raises:
        UsageError: an option does not make sense, or is not available yet.
        UnreadableInput: the table cannot be read or lacks what was asked for.
    """
    _check(request)
    points = [OperatingPoint(threshold, threshold) for threshold in dict.fromkeys(request.thresholds)]
    # A column named twice makes no finer groups.
    by = tuple(dict.fromkeys(tuple(dict.fromkeys(axis)) for axis in request.by))
    spec = TableSpec(
        request.label,
        request.score,
        request.positive,
        request.lower_is_positive,
        by=tuple(dict.fromkeys(column for axis in by for column in axis)),
        cluster=request.cluster,
        weight=request.weight,
        name=request.table,
    )
    settings = Settings(
        request.level,
        request.interval,
        request.min_n,
        lower_is_positive=request.lower_is_positive,
        clustered=request.cluster is not None,
        resampling=None
        if request.bootstrap is None
        else Resampling(request.bootstrap, request.seed, partial(progress, "drawing replicates")),
        partial_fpr=request.partial_fpr,
        prevalence=request.prevalence,
    )
    table = open_table(request.table)
    stored = large.whole(table, spec, size_of(request.table))
    if stored is None and large.too_large(table, spec):
        return _measured_in_batches(table, spec, settings, points, progress)
    progress(f"reading {spec.title}")
    prepared = flagged(prepare(table, spec, stored), points)
    if settings.resampling is not None and not settings.clustered:
        prepared = singles(prepared, points)
    progress("estimating everybody")
    found = list(estimates(everybody(prepared, points, request.min_n), settings, tuple(points)))
    hide = withheld(prepared, by, request.min_n)
    for axis in by:
        cohorts = levels(prepared, axis, points, request.min_n, hide.get(axis))
        found += estimates_of_levels(
            cohorts, settings, tuple(points), partial(progress, f"estimating by {' and '.join(axis)}")
        )
    axes = [" and ".join(axis) for axis in by]
    said = methods(settings, prepared.rows, prepared.excluded, prepared.dtype, points, axes)
    return Measures(
        prepared.rows, prepared.excluded, tuple(found), f"{said} Computed by Muniment {__version__}."
    )


def _measured_in_batches(
    table: pl.LazyFrame,
    spec: TableSpec,
    settings: Settings,
    points: list[OperatingPoint],
    progress: Progress,
) -> Measures:
    """The estimates of everybody, from a table that is not held in memory as columns."""
    read = large.read(table, spec, progress)
    progress("estimating everybody")
    cohort = of_keys(read.keys, points, spec.lower_is_positive, settings.min_n)
    said = methods(settings, read.rows, read.excluded, read.dtype, points, [])
    return Measures(
        read.rows,
        read.excluded,
        estimates(cohort, settings, tuple(points)),
        f"{said} {read.said} Computed by Muniment {__version__}.",
    )


def _row(item: Estimate) -> tuple[str, ...]:
    cohort = ", ".join(f"{axis}={level}" for axis, level in sorted(item.cohort.items())) or "everybody"
    at = "" if item.threshold is None else f"{item.threshold}"
    if item.value is None or item.low is None or item.high is None:
        numbers = ("", item.undecided or "")
    else:
        numbers = (f"{item.value:.4f}", f"{item.low:.4f} to {item.high:.4f}")
    sizes = tuple("" if count is None else str(count) for count in (item.n, item.events))
    return (cohort, item.metric, at, *numbers, *sizes, item.method or "")


def _check(request: MeasureRequest) -> None:
    check_common(request.level, request.min_n, request.thresholds)
    if request.interval not in INTERVALS:
        raise UsageError(
            f"there is no interval {request.interval!r} for proportions",
            hint=f"Use {' or '.join(INTERVALS)}.",
        )
    if request.bootstrap is not None and not FEWEST <= request.bootstrap <= MOST:
        raise UsageError(
            f"{request.bootstrap} replicates make no interval",
            hint=f"Use {FEWEST} to {MOST}; 2000 is usual for a 95 % interval.",
        )
    if request.seed < 0:
        raise UsageError("a seed is 0 or above")
    if request.partial_fpr is not None and not 0 < request.partial_fpr <= 1:
        raise UsageError(
            f"a false positive rate of {request.partial_fpr} is not above 0 and up to 1",
            hint="--partial-fpr 0.2 takes the curve where specificity is at least 0.8.",
        )
    if request.prevalence is not None and not 0 < request.prevalence < 1:
        raise UsageError(
            f"a prevalence of {request.prevalence} is not between 0 and 1", hint="5 % is --prevalence 0.05."
        )
    if request.prevalence is not None and not request.thresholds:
        raise UsageError(
            "a prevalence without an operating point says nothing",
            hint="Give the threshold too: --threshold T.",
        )
    if request.engine != "polars":
        raise UsageError(f"engine {request.engine!r} is not available yet", hint="Use --engine polars.")
