"""`measure TABLE` and `compare A B`: anybody's table, no project around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput, UsageError
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
from muniment.measure.compare import CALL, OTHER, OTHER_CALL, Comparison, areas, rates
from muniment.measure.discrimination import Contrast, unpaired
from muniment.measure.estimates import COUNT, Settings, estimates, estimates_of_levels, proportions
from muniment.measure.kernel import fold
from muniment.measure.methods import methods, paired_methods
from muniment.measure.prepare import ID, LABEL, SCORE, Prepared, TableSpec, prepare
from muniment.measure.proportions import INTERVALS, unpaired_difference
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer
from muniment.measure.tables import open_table, size_of
from muniment.model.dataclass import dataclass
from muniment.model.estimate import Estimate, rounded

MEASURES_SCHEMA = "muniment/measures/v1"
COMPARISON_SCHEMA = "muniment/comparison/v1"
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


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """The options of `muniment compare`."""

    a: str
    b: str
    label: str
    score: str
    id: str | None = None
    """The column that pairs the rows; without it the tables are two independent cohorts."""
    positive: str | None = None
    lower_is_positive: bool = False
    threshold: float | None = None
    threshold_b: float | None = None
    """Threshold of B where it is another one."""
    level: float = 0.95
    margin: float | None = None
    """Non-inferiority margin on the AUROC, above zero."""
    min_n: int = 10


def measure_table(request: MeasureRequest) -> Measures:
    """Metrics with intervals from a table of row-level predictions.

    Raises:
        UsageError: an option does not make sense, or is not available yet.
        UnreadableInput: the table cannot be read or lacks what was asked for.
    """
    _check(request)
    points = [OperatingPoint(threshold, threshold) for threshold in dict.fromkeys(request.thresholds)]
    spec = TableSpec(
        request.label,
        request.score,
        request.positive,
        request.lower_is_positive,
        by=tuple(dict.fromkeys(column for axis in request.by for column in axis)),
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
        resampling=None if request.bootstrap is None else Resampling(request.bootstrap, request.seed),
        partial_fpr=request.partial_fpr,
        prevalence=request.prevalence,
    )
    table = open_table(request.table)
    stored = large.whole(table, spec, size_of(request.table))
    if stored is None and large.too_large(table, spec):
        return _measured_in_batches(table, spec, settings, points)
    prepared = flagged(prepare(table, spec, stored), points)
    if settings.resampling is not None and not settings.clustered:
        prepared = singles(prepared, points)
    found = list(estimates(everybody(prepared, points, request.min_n), settings, tuple(points)))
    hide = withheld(prepared, request.by, request.min_n)
    for axis in dict.fromkeys(request.by):
        cohorts = levels(prepared, axis, points, request.min_n, hide.get(axis))
        found += estimates_of_levels(cohorts, settings, tuple(points))
    axes = [" and ".join(axis) for axis in dict.fromkeys(request.by)]
    said = methods(settings, prepared.rows, prepared.excluded, prepared.dtype, points, axes)
    return Measures(
        prepared.rows, prepared.excluded, tuple(found), f"{said} Computed by Muniment {__version__}."
    )


def _measured_in_batches(
    table: pl.LazyFrame, spec: TableSpec, settings: Settings, points: list[OperatingPoint]
) -> Measures:
    """The estimates of everybody, from a table that is not held in memory as columns."""
    read = large.read(table, spec)
    cohort = of_keys(read.keys, points, spec.lower_is_positive, settings.min_n)
    said = methods(settings, read.rows, read.excluded, read.dtype, points, [])
    return Measures(
        read.rows,
        read.excluded,
        estimates(cohort, settings, tuple(points)),
        f"{said} {read.said} Computed by Muniment {__version__}.",
    )


def compare_tables(request: CompareRequest) -> dict[str, Any]:
    """Compare two tables of predictions, A minus B (shape `muniment/comparison/v1`).

    With an id column the tables must hold the same cases with the same labels; a case that either side
    leaves out is left out and counted. Without one they are taken as independent cohorts.

    Raises:
        UsageError: an option does not make sense.
        UnreadableInput: a table cannot be read, or the cases are not the same.
    """
    _check_common(request.level, request.min_n, [request.threshold, request.threshold_b])
    if request.margin is not None and not 0 < request.margin < 1:
        raise UsageError(f"a margin of {request.margin} is not between 0 and 1")
    if request.threshold is None and request.threshold_b is not None:
        raise UsageError("a threshold for B needs one for A")
    a, b = (_side(request, name) for name in (request.a, request.b))
    body = _paired(request, a, b) if request.id else _unpaired(request, a, b)
    low = body["auroc"]["low"]
    decided = low is not None and request.margin is not None
    body["non_inferior"] = bool(low > -request.margin) if decided and request.margin is not None else None
    body["margin"] = request.margin
    return {"schema": COMPARISON_SCHEMA, "level": request.level, **body}


def _row(item: Estimate) -> tuple[str, ...]:
    cohort = ", ".join(f"{axis}={level}" for axis, level in sorted(item.cohort.items())) or "everybody"
    at = "" if item.threshold is None else f"{item.threshold}"
    if item.value is None or item.low is None or item.high is None:
        numbers = ("", item.undecided or "")
    else:
        numbers = (f"{item.value:.4f}", f"{item.low:.4f} to {item.high:.4f}")
    sizes = tuple("" if count is None else str(count) for count in (item.n, item.events))
    return (cohort, item.metric, at, *numbers, *sizes, item.method or "")


def _side(request: CompareRequest, name: str) -> Prepared:
    spec = TableSpec(
        request.label, request.score, request.positive, request.lower_is_positive, id=request.id, name=name
    )
    return prepare(open_table(name), spec)


def _paired(request: CompareRequest, a: Prepared, b: Prepared) -> dict[str, Any]:
    pairs = _joined(request, a, b)
    if pairs.height < request.min_n:
        return _suppressed(request, True)
    out = {"auroc": _paired_json(areas(pairs, {}, request.level))}
    if request.threshold is not None:
        for of_events in (True, False):
            item = rates(pairs, {}, of_events, request.level)
            out[item.metric] = _paired_json(item)
    return {
        "paired": True,
        "n": pairs.height,
        "events": int(pairs[LABEL].sum()),
        "excluded": {"a": dict(a.excluded), "b": dict(b.excluded)},
        **out,
        "methods": f"{paired_methods()} Computed by Muniment {__version__}.",
    }


def _joined(request: CompareRequest, a: Prepared, b: Prepared) -> pl.DataFrame:
    if a.frame.schema[ID] != b.frame.schema[ID]:
        a, b = (_text_id(side) for side in (a, b))
    only = [x.frame.join(y.frame, on=ID, how="anti").height for x, y in ((a, b), (b, a))]
    # Rows left out for a missing label or score explain a difference; anything more is another cohort.
    left_out = [sum(side.excluded.values()) for side in (a, b)]
    if a.rows != b.rows or only[0] > left_out[1] or only[1] > left_out[0]:
        raise UnreadableInput(
            f"the tables do not hold the same cases: A has {a.rows} rows and B {b.rows}; "
            f"{only[0]} cases stand in A alone and {only[1]} in B alone",
            hint="Compare predictions for the same cases, or leave out --id to take them as two cohorts.",
        )
    pairs = a.frame.join(b.frame, on=ID, suffix="_b").sort(ID)
    other_label = pairs.filter(pl.col(LABEL) != pl.col(f"{LABEL}_b")).height
    if other_label:
        raise UnreadableInput(
            f"{other_label} cases have another label in B than in A",
            hint="A paired comparison needs one outcome a case; check the label versions.",
        )
    calls = []
    if request.threshold is not None:
        second = request.threshold if request.threshold_b is None else request.threshold_b
        for name, column, threshold in ((CALL, SCORE, request.threshold), (OTHER_CALL, f"{SCORE}_b", second)):
            limit = OperatingPoint(name, threshold).limit(request.lower_is_positive)
            calls.append((pl.col(column) >= limit).alias(name))
    return pairs.with_columns(pl.col(f"{SCORE}_b").alias(OTHER), *calls)


def _text_id(side: Prepared) -> Prepared:
    frame = side.frame.with_columns(pl.col(ID).cast(pl.String))
    return Prepared(frame, side.rows, side.excluded, side.dtype, side.lower_is_positive)


def _paired_json(item: Comparison) -> dict[str, Any]:
    out = item.as_json(0.0)
    for key in ("metric", "cohort", "level", "events"):
        del out[key]
    if item.metric == "auroc":
        return out | {"z": rounded(item.z)}
    return out | {"mcnemar_p": out.pop("p")}


def _unpaired(request: CompareRequest, a: Prepared, b: Prepared) -> dict[str, Any]:
    points = [] if request.threshold is None else [OperatingPoint("a", request.threshold)]
    second = request.threshold if request.threshold_b is None else request.threshold_b
    others = [] if second is None else [OperatingPoint("b", second)]
    first = everybody(flagged(a, points), points, request.min_n)
    other = everybody(flagged(b, others), others, request.min_n)
    if first.suppressed or other.suppressed:
        return _suppressed(request, False)
    found = unpaired(fold(first.keys.values), fold(other.keys.values), request.level)
    areas_json = (
        _unpaired_json(found.a, found.b, found.difference) | {"z": rounded(found.z), "p": rounded(found.p)}
        if isinstance(found, Contrast)
        else _unpaired_json(None, None, undecided("delong-unpaired", found)) | {"z": None, "p": None}
    )
    out = {"auroc": areas_json}
    if points:
        for metric in ("sensitivity", "specificity"):
            k1, n1, _ = proportions(first.counts["a"])[metric]
            k2, n2, _ = proportions(other.counts["b"])[metric]
            result = unpaired_difference(k1, n1, k2, n2, request.level)
            shares = (k1 / n1 if n1 else None, k2 / n2 if n2 else None)
            out[metric] = _unpaired_json(*shares, result)
    return {
        "paired": False,
        "n": first.n + other.n,
        "events": first.events + other.events,
        "excluded": {"a": dict(a.excluded), "b": dict(b.excluded)},
        **out,
        "methods": (
            "The tables were taken as independent cohorts: areas were compared with the sum of DeLong's "
            "variances (1988), sensitivity and specificity by Newcombe's interval (1998, method 10). "
            f"Computed by Muniment {__version__}."
        ),
    }


def _unpaired_json(a: float | None, b: float | None, result: Result) -> dict[str, Any]:
    out: dict[str, Any] = {
        "a": rounded(a),
        "b": rounded(b),
        "difference": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})


def _suppressed(request: CompareRequest, paired: bool) -> dict[str, Any]:
    reason = fewer(request.min_n)
    method = "delong-paired" if paired else "delong-unpaired"
    area = _unpaired_json(None, None, undecided(method, reason)) | {"z": None, "p": None}
    return {"paired": paired, "n": None, "events": None, "auroc": area, "methods": f"Suppressed: {reason}."}


def _check(request: MeasureRequest) -> None:
    _check_common(request.level, request.min_n, request.thresholds)
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


def _check_common(level: float, min_n: int, thresholds: Any) -> None:
    if not 0 < level < 1:
        raise UsageError(f"a confidence level of {level} is not between 0 and 1", hint="95 % is 0.95.")
    if min_n < 1:
        raise UsageError(f"a minimum of {min_n} rows makes no sense", hint="Use 1 to show every cell.")
    for threshold in thresholds:
        if threshold is not None and math.isnan(threshold):
            raise UsageError("a threshold must be a number, not NaN")
