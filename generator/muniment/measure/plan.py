"""The locked plan as typed values. Its schema was checked before; what is missing here stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from muniment.errors import UnreadableInput
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.estimates import Settings
from muniment.measure.planned import Analyses, read_analyses
from muniment.measure.prepare import plain
from muniment.measure.utility import RANGE
from muniment.model.tree import Tree

OPERATORS = (">=", "<=", ">", "<", "within")
BOUNDS = ("point", "lower", "upper", "interval", "half_width")
REPLICATES = 1000
"""Where the plan names no number."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion."""

    id: str
    domain: str
    metric: str
    operator: str
    threshold: float | tuple[float, float]
    """One limit, or the two of `within`."""
    on: str
    """What is compared with it: `point`, `lower`, `upper`, the whole `interval` or its `half_width`."""
    operating_point: str | None = None
    cohort: tuple[tuple[str, str], ...] = ()
    """Axis and level, for a criterion of one subgroup."""
    each: str | None = None
    """The axis whose every level must satisfy it."""
    against: str | None = None
    """The comparator whose paired difference is judged instead of the value."""
    analysis: str | None = None
    """The agreement analysis or reader study whose number is judged."""
    population: str | None = None
    """The treatment of incomplete rows under which the metric is judged."""


@dataclass(frozen=True, slots=True)
class Comparator:
    """What the release is compared with on the same patients."""

    id: str
    column: str
    release: str | None = None
    point: OperatingPoint | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an evaluation does, and nothing else."""

    positive: str | None
    points: tuple[OperatingPoint, ...]
    axes: Mapping[str, tuple[str, ...]]
    """Subgroup axis to its column, or to the columns whose combinations are its levels."""
    comparators: tuple[Comparator, ...]
    criteria: tuple[Criterion, ...]
    settings: Settings
    population: str
    """The population the plan analyses, in its own words; empty where it says nothing."""
    replicates: int = REPLICATES
    """Bootstrap replicates of what has no interval by formula, for everybody."""
    thresholds: tuple[float, float] = RANGE
    """Lowest and highest threshold of the decision curve."""
    analyses: Analyses = field(default_factory=Analyses)
    """What else the plan asks for."""

    @property
    def single_axes(self) -> dict[str, str]:
        """The axes of one column each, to that column: what a table of its own rows is shown by."""
        return {axis: columns[0] for axis, columns in self.axes.items() if len(columns) == 1}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that subgroups and thresholds need."""
        deciding = [point.column for point in (*self.points, *(c.point for c in self.comparators)) if point]
        grouped = (column for columns in self.axes.values() for column in columns)
        return tuple(dict.fromkeys([*grouped, *(column for column in deciding if column)]))


def read_plan(body: Tree) -> Plan:
    """Return the plan of a record's body.

    Raises:
        UnreadableInput: a field that the evaluation needs is missing or of the wrong kind.
    """
    try:
        interval = body["interval"]
        settings = Settings(
            level=float(interval["level"]),
            interval=str(interval["proportions"]),
            min_n=int(body["min_n"]),
            min_events=int(body["min_events"]),
            prevalence=_prevalence(body.get("utility") or {}),
        )
        positive = body["endpoint"].get("positive")
        comparators = tuple(_comparator(item) for item in body.get("comparators") or ())
        analysis = body.get("analysis") or {}
        return Plan(
            positive=None if positive is None else plain(positive),
            points=tuple(_point(item) for item in body["operating_points"]),
            axes=_axes(body["subgroups"]),
            comparators=comparators,
            criteria=tuple(_criterion(item) for item in body["criteria"]),
            settings=settings,
            population=str(analysis.get("population") or ""),
            replicates=int(interval.get("replicates") or REPLICATES),
            thresholds=_range(body.get("utility") or {}),
            analyses=read_analyses(analysis, {item.id for item in comparators}),
        )
    except KeyError as error:
        raise UnreadableInput(
            f"the plan has no field {error}", hint="Check it with 'muniment check'."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UnreadableInput(
            f"the plan cannot be run: {error}", hint="Check it with 'muniment check'."
        ) from error


def _point(body: Mapping[str, Any], name: str | None = None) -> OperatingPoint:
    by = body.get("by") or {}
    threshold = body.get("threshold")
    if threshold is None and not by:
        raise ValueError(f"operating point {body.get('id', name)!r} has no threshold")
    return OperatingPoint(
        str(body["id"]) if name is None else name,
        None if threshold is None else float(threshold),
        str(by["column"]) if by else None,
        {plain(level): float(value) for level, value in by["thresholds"].items()} if by else {},
    )


def _axes(items: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    axes = {
        str(item["axis"]): tuple(str(column) for column in (item["column"], *item.get("crossed_with", ())))
        for item in items
    }
    if any(len(set(columns)) < len(columns) for columns in axes.values()):
        raise ValueError("a subgroup axis names a column twice")
    if len({frozenset(columns) for columns in axes.values()}) < len(axes):
        raise ValueError("two subgroup axes have the same columns")
    return axes


def _prevalence(body: Mapping[str, Any]) -> float | None:
    prevalence = body.get("prevalence")
    return None if prevalence is None else float(prevalence)


def _range(body: Mapping[str, Any]) -> tuple[float, float]:
    low, high = (float(value) for value in body.get("thresholds") or RANGE)
    if not 0 <= low < high < 1:
        raise ValueError(f"the decision curve's thresholds {low} and {high} are no range below 1")
    return low, high


def _comparator(body: Mapping[str, Any]) -> Comparator:
    point = body.get("operating_point")
    return Comparator(
        str(body["id"]),
        str(body["column"]),
        body.get("release"),
        _point(point, str(body["id"])) if point else None,
    )


def _criterion(body: Mapping[str, Any]) -> Criterion:
    operator, on = str(body["operator"]), str(body["on"])
    if operator not in OPERATORS or on not in BOUNDS:
        raise ValueError(f"criterion {body['id']!r} has operator {operator!r} on {on!r}")
    limit = body["threshold"]
    threshold: float | tuple[float, float]
    if operator == "within":
        low, high = (float(value) for value in limit)
        threshold = (low, high)
    else:
        threshold = float(limit)
    cohort = {str(axis): plain(level) for axis, level in (body.get("cohort") or {}).items()}
    sources = [name for name in ("against", "analysis", "population") if body.get(name) is not None]
    if len(sources) > 1:
        raise ValueError(
            f"criterion {body['id']!r} has {' and '.join(sources)}; one of them says what is judged"
        )
    if sources and sources != ["against"] and (cohort or body.get("each")):
        raise ValueError(f"criterion {body['id']!r} is of one subgroup, but {sources[0]} is of everybody")
    return Criterion(
        str(body["id"]),
        str(body["domain"]),
        str(body["metric"]),
        operator,
        threshold,
        on,
        body.get("operating_point"),
        tuple(sorted(cohort.items())),
        body.get("each"),
        body.get("against"),
        body.get("analysis"),
        body.get("population"),
    )
