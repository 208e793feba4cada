"""What a plan asks for beside estimates: its section `analysis` as typed values.

Only what is there is asked for. A section that contradicts the rest of the plan stops, since a plan is run
whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from muniment.measure.prepare import plain

INTENTION, PROTOCOL, WORST, BEST = "intention_to_diagnose", "per_protocol", "worst_case", "best_case"
IMPUTATION = "multiple_imputation"
READER_DIFFERENCE = "reader_difference"
"""Metric of a criterion on a reader study."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Not worse than any comparator by its margin."""

    id: str
    metric: str
    """`auroc`, `sensitivity` or `specificity`."""
    margins: Mapping[str, float]
    """Comparator to margin, above zero, on the metric's own scale."""


@dataclass(frozen=True, slots=True)
class Control:
    """How several chances to pass are kept from adding up."""

    method: str
    """`none`, `all_must_pass`, `fixed_sequence`, `holm` or `bonferroni`."""
    family: tuple[str, ...]
    """Ids of criteria, in their order."""
    alpha: float
    """Two-sided error rate of the family."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """How rows without a score or a label are counted."""

    primary: str
    populations: tuple[str, ...]
    """The primary one first, then the sensitivity analyses."""
    reject_column: str | None = None
    """Column of the predictions that says why the device declined a row."""


@dataclass(frozen=True, slots=True)
class Target:
    """Precision planned for one estimate over the whole cohort."""

    metric: str
    half_width: float
    """On the metric's own scale."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the number of patients for one target is reckoned from."""

    target: str
    expected: float
    half_width: float
    prevalence: float
    predictor: tuple[float, float] | None = None
    """Mean and standard deviation of the linear predictor, for the calibration slope."""


@dataclass(frozen=True, slots=True)
class TableOneSpec:
    """Which Table 1 is made."""

    by: str
    """`partition` or `use`."""
    reference: str
    columns: tuple[str, ...]
    levels: tuple[str, ...] = ()
    """Columns whose numbers are names."""


@dataclass(frozen=True, slots=True)
class AgreementSpec:
    """One analysis of agreement."""

    id: str
    title: str
    table: str
    """Id of its table."""
    unit: str
    rater: str
    rating: str
    coefficients: tuple[str, ...]
    order: tuple[str, ...] = ()
    raters: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """One reader study."""

    id: str
    title: str
    table: str
    """Id of its table."""
    reader: str
    modality: str
    case: str
    truth: str
    score: str
    compare: tuple[str, str]
    positive: str | None = None
    random: str = "readers and cases"


@dataclass(frozen=True, slots=True)
class Analyses:
    """Every analysis that a plan asks for."""

    hypotheses: tuple[Hypothesis, ...] = ()
    control: Control | None = None
    incomplete: Incomplete | None = None
    targets: tuple[Target, ...] = ()
    sizes: tuple[Size, ...] = ()
    table_one: TableOneSpec | None = None
    flow: str | None = None
    """Column of the membership table by which the analysed are told apart."""
    agreement: tuple[AgreementSpec, ...] = ()
    readers: tuple[ReaderSpec, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Ids of the tables that must be at hand, in alphabetical order."""
        return tuple(sorted({spec.table for spec in self.agreement} | {spec.table for spec in self.readers}))


def read_analyses(body: Mapping[str, Any], comparators: Collection[str]) -> Analyses:
    """Return the analyses of a plan's section `analysis`.

    Args:
        body: the section; its schema was checked before.
        comparators: ids of the plan's comparators.

    Raises:
        ValueError: a margin against nobody, an id that two studies share.
        KeyError, TypeError: a field is missing or of the wrong kind.
    """
    found = Analyses(
        hypotheses=tuple(_hypothesis(item, comparators) for item in body.get("non_inferiority") or ()),
        control=_control(body.get("multiplicity_control")),
        incomplete=_incomplete(body.get("missing_data")),
        targets=tuple(
            Target(str(item["metric"]), float(item["half_width"]))
            for item in (body.get("precision") or {}).get("targets") or ()
        ),
        sizes=tuple(_size(item) for item in (body.get("precision") or {}).get("sizes") or ()),
        table_one=_table_one(body.get("table_one")),
        flow=str(body["flow"]["by"]) if body.get("flow") else None,
        agreement=tuple(_agreement(item) for item in body.get("agreement") or ()),
        readers=tuple(_readers(item) for item in body.get("reader_studies") or ()),
    )
    ids = [*(spec.id for spec in found.agreement), *(spec.id for spec in found.readers)]
    shared = sorted({name for name in ids if ids.count(name) > 1})
    if shared:
        raise ValueError(f"two analyses have the id {shared[0]!r}")
    return found


def _hypothesis(body: Mapping[str, Any], comparators: Collection[str]) -> Hypothesis:
    margins = {str(item["against"]): float(item["margin"]) for item in body["margins"]}
    for name, margin in margins.items():
        if name not in comparators:
            raise ValueError(
                f"hypothesis {body['id']!r} has a margin against {name!r}, which is no comparator"
            )
        if not margin > 0:
            raise ValueError(f"hypothesis {body['id']!r} has a margin of {margin}, not above zero")
    return Hypothesis(str(body["id"]), str(body["metric"]), margins)


def _control(body: Mapping[str, Any] | None) -> Control | None:
    if body is None:
        return None
    family = tuple(str(name) for name in body["family"])
    return Control(str(body["method"]), family, float(body["alpha"]))


def _incomplete(body: Mapping[str, Any] | None) -> Incomplete | None:
    if body is None:
        return None
    primary = str(body["primary"])
    further = (str(name) for name in body["sensitivity_analyses"])
    column = body.get("reject_column")
    return Incomplete(
        primary, tuple(dict.fromkeys((primary, *further))), None if column is None else str(column)
    )


def _size(body: Mapping[str, Any]) -> Size:
    predictor = body.get("predictor")
    if body["target"] == "calibration_slope" and predictor is None:
        raise ValueError("the size for calibration_slope needs the distribution of the linear predictor")
    return Size(
        str(body["target"]),
        float(body["expected"]),
        float(body["half_width"]),
        float(body["prevalence"]),
        None if predictor is None else (float(predictor["mean"]), float(predictor["sd"])),
    )


def _table_one(body: Mapping[str, Any] | None) -> TableOneSpec | None:
    if body is None:
        return None
    return TableOneSpec(
        str(body["by"]),
        str(body["reference"]),
        tuple(str(name) for name in body["columns"]),
        tuple(str(name) for name in body.get("levels") or ()),
    )


def _agreement(body: Mapping[str, Any]) -> AgreementSpec:
    return AgreementSpec(
        id=str(body["id"]),
        title=str(body["title"]),
        table=str(body["table"]),
        unit=str(body["unit"]),
        rater=str(body["rater"]),
        rating=str(body["rating"]),
        coefficients=tuple(str(name) for name in body["coefficients"]),
        order=tuple(str(level) for level in body.get("order") or ()),
        raters=_two(body["raters"]) if body.get("raters") else None,
    )


def _readers(body: Mapping[str, Any]) -> ReaderSpec:
    positive = body.get("positive")
    return ReaderSpec(
        id=str(body["id"]),
        title=str(body["title"]),
        table=str(body["table"]),
        reader=str(body["reader"]),
        modality=str(body["modality"]),
        case=str(body["case"]),
        truth=str(body["truth"]),
        score=str(body["score"]),
        compare=_two(body["compare"]),
        positive=None if positive is None else plain(positive),
        random=str(body.get("random") or "readers and cases"),
    )


def _two(names: Any) -> tuple[str, str]:
    first, second = (str(name) for name in names)
    return first, second
