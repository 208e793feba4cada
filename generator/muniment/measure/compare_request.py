"""`compare A B`: two tables of predictions, paired by id or as two cohorts, with no project around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput, UsageError
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.compare import CALL, DELONG_PAIRED, NEWCOMBE_PAIRED, OTHER, OTHER_CALL, areas, rates
from muniment.measure.discrimination import DELONG, Contrast, auroc, unpaired
from muniment.measure.kernel import RankState, fold, scale_of, sorted_keys
from muniment.measure.methods import paired_methods
from muniment.measure.options import check_common
from muniment.measure.prepare import ID, LABEL, SCORE, Prepared, TableSpec, prepare
from muniment.measure.proportions import proportion, unpaired_difference
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer
from muniment.measure.tables import open_table
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded
from muniment.model.progress import Progress, silent

COMPARISON_SCHEMA = "muniment/comparison/v1"
DELONG_UNPAIRED, NEWCOMBE = "delong-unpaired", "newcombe"
WILSON = "wilson"
AREA = "auroc"
RATES = ("sensitivity", "specificity")
"""Metrics that need a threshold."""


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """The options of `muniment compare`."""

    a: str
    b: str
    label: str
    score: str
    score_b: str | None = None
    """The score's column in B where it has another name: two columns of one table are compared so."""
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

    @property
    def thresholds(self) -> tuple[float, float] | None:
        """Of A and of B; `None` where there is none."""
        if self.threshold is None:
            return None
        return self.threshold, self.threshold if self.threshold_b is None else self.threshold_b


@dataclass(frozen=True, slots=True)
class Side:
    """A metric of one table alone."""

    result: Result
    n: int | None
    """Rows it rests on: events for a sensitivity, non-events for a specificity; `None` where suppressed."""

    def as_json(self, name: str) -> dict[str, Any]:
        """The value under the table's name, and what goes with it."""
        return {
            name: rounded(self.result.value),
            f"{name}_low": rounded(self.result.low),
            f"{name}_high": rounded(self.result.high),
            f"{name}_method": self.result.method,
            f"{name}_n": self.n,
        }

    def words(self) -> str:
        """Value, interval and rows as a cell of a table."""
        found = self.result
        if found.value is None or found.low is None or found.high is None:
            return ""
        return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f}; n {self.n})"


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of both tables, and A minus B."""

    metric: str
    a: Side
    b: Side
    result: Result
    z: float | None = None
    """Of the areas."""
    p: float | None = None
    """Two-sided: of `z`, or McNemar's exact p of paired rates; rates of two cohorts have none."""

    def as_json(self, paired: bool) -> dict[str, Any]:
        """The shape of a metric in `muniment/comparison/v1`."""
        out = {
            **self.a.as_json("a"),
            **self.b.as_json("b"),
            "difference": rounded(self.result.value),
            "low": rounded(self.result.low),
            "high": rounded(self.result.high),
            "method": self.result.method,
        }
        if self.metric == AREA:
            out |= {"z": rounded(self.z), "p": rounded(self.p)}
        elif paired:
            out |= {"mcnemar_p": rounded(self.p)}
        if paired and self.a.n is not None:
            out["n"] = self.a.n
        return out | ({"undecided": self.result.undecided} if self.result.undecided else {})


@dataclass(frozen=True, slots=True)
class Compared:
    """What `compare` found; every difference is A minus B."""

    paired: bool
    level: float
    margin: float | None
    n: int | None
    """Cases in both tables where paired, rows of both together otherwise; `None` where suppressed."""
    events: int | None
    excluded: Mapping[str, Mapping[str, int]] | None
    """Table to rows left out by reason; `None` where suppressed."""
    differences: tuple[Difference, ...]
    """The areas first; rates where there is a threshold."""
    methods: str
    """One paragraph that says what was done."""

    @property
    def non_inferior(self) -> bool | None:
        """Whether the difference of the areas lies above minus the margin, by its lower bound."""
        low = self.differences[0].result.low
        return None if low is None or self.margin is None else low > -self.margin

    def as_json(self) -> dict[str, Any]:
        """The shape `muniment/comparison/v1`."""
        out: dict[str, Any] = {
            "schema": COMPARISON_SCHEMA,
            "level": self.level,
            "paired": self.paired,
            "n": self.n,
            "events": self.events,
            **{item.metric: item.as_json(self.paired) for item in self.differences},
            "margin": self.margin,
            "non_inferior": self.non_inferior,
            "methods": self.methods,
        }
        if self.excluded is not None:
            out["excluded"] = {name: dict(counts) for name, counts in self.excluded.items()}
        return out

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Rows of text for a terminal, the heading first: one row a metric."""
        interval = f"{self.level * 100:.12g} % interval"
        rows: list[tuple[str, ...]] = [
            ("metric", f"A ({interval})", f"B ({interval})", "A − B", interval, "p", "method")
        ]
        for item in self.differences:
            found = item.result
            if found.value is None or found.low is None or found.high is None:
                shown = ("", found.undecided or "")
            else:
                shown = (f"{found.value:+.4f}", f"{found.low:+.4f} to {found.high:+.4f}")
            p = "" if item.p is None else f"{item.p:.4g}"
            rows.append((item.metric, item.a.words(), item.b.words(), *shown, p, found.method))
        return tuple(rows)

    def verdict(self) -> str | None:
        """Whether A is non-inferior to B, and by what; `None` without a margin."""
        if self.margin is None:
            return None
        found = self.differences[0].result
        if found.low is None:
            return f"Non-inferiority is undecided: {found.undecided}."
        word = "is" if self.non_inferior else "is not shown to be"
        side = "above" if self.non_inferior else "not above"
        low = f"{found.low:+.4f}".replace("-", "−")
        return (
            f"A {word} non-inferior to B at a margin of {self.margin:.12g}: the lower bound of the "
            f"difference of areas, {low}, is {side} −{self.margin:.12g}."
        )


def compare_tables(request: CompareRequest, *, progress: Progress = silent) -> Compared:
    """Compare two tables of predictions, A minus B.

    With an id column the tables must hold the same cases with the same labels; a case that either side
    leaves out is left out and counted. Without one they are taken as independent cohorts.

    Raises:
        UsageError: an option does not make sense.
        UnreadableInput: a table cannot be read, or the cases are not the same.
    """
    check_common(request.level, request.min_n, [request.threshold, request.threshold_b])
    if request.margin is not None and not 0 < request.margin < 1:
        raise UsageError(f"a margin of {request.margin} is not between 0 and 1")
    if request.threshold is None and request.threshold_b is not None:
        raise UsageError("a threshold for B needs one for A")
    progress("reading the tables")
    a = _read(request, request.a, request.score)
    b = _read(request, request.b, request.score_b or request.score)
    progress("comparing")
    frames = (a.frame, b.frame)
    pairs = None
    if request.id:
        pairs = _joined(request, a, b)
        frames = (pairs.select(LABEL, SCORE), pairs.select(LABEL, pl.col(OTHER).alias(SCORE)))
    if min(frame.height for frame in frames) < request.min_n:
        return _suppressed(request)
    sides = tuple(_sides(request, frames))
    found = _paired(request, pairs, sides) if pairs is not None else _unpaired(request, sides)
    counted = frames[:1] if request.id else frames
    return Compared(
        request.id is not None,
        request.level,
        request.margin,
        sum(frame.height for frame in counted),
        sum(int(frame[LABEL].sum()) for frame in counted),
        {"a": dict(a.excluded), "b": dict(b.excluded)},
        tuple(found),
        " ".join(_methods(request, a, b, counted[0].height)),
    )


def _read(request: CompareRequest, name: str, score: str) -> Prepared:
    spec = TableSpec(
        request.label, score, request.positive, request.lower_is_positive, id=request.id, name=name
    )
    return prepare(open_table(name), spec)


def _joined(request: CompareRequest, a: Prepared, b: Prepared) -> pl.DataFrame:
    """The cases of both tables: `label`, `score`, `other`, and the calls where there are thresholds."""
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
    pairs = pairs.with_columns(pl.col(f"{SCORE}_b").alias(OTHER))
    columns = zip((CALL, OTHER_CALL), (SCORE, OTHER), request.thresholds or (), strict=False)
    return pairs.with_columns(
        (pl.col(column) >= _limit(request, threshold)).alias(name) for name, column, threshold in columns
    )


def _text_id(side: Prepared) -> Prepared:
    frame = side.frame.with_columns(pl.col(ID).cast(pl.String))
    return Prepared(frame, side.rows, side.excluded, side.dtype, side.lower_is_positive)


def _limit(request: CompareRequest, threshold: float) -> pl.Expr:
    return OperatingPoint(threshold, threshold).limit(request.lower_is_positive)


@dataclass(frozen=True, slots=True)
class _Of:
    """One table alone."""

    state: RankState
    metrics: Mapping[str, Side]
    rates: Mapping[str, tuple[int, int]]
    """Metric to how many of how many."""


def _sides(request: CompareRequest, frames: tuple[pl.DataFrame, ...]) -> Iterator[_Of]:
    for index, frame in enumerate(frames):
        state = fold(sorted_keys(frame, scale_of(frame)).values)
        metrics = {AREA: Side(auroc(state, request.level), frame.height)}
        shares = {}
        if request.thresholds is not None:
            called = frame.select(pl.col(SCORE) >= _limit(request, request.thresholds[index])).to_series()
            events = frame[LABEL]
            shares = {
                RATES[0]: (int((called & events).sum()), int(events.sum())),
                RATES[1]: (int((~called & ~events).sum()), int((~events).sum())),
            }
        for metric, (k, n) in shares.items():
            nothing = "no events" if metric == RATES[0] else "no non-events"
            metrics[metric] = Side(proportion(k, n, request.level, WILSON, nothing), n)
        yield _Of(state, metrics, shares)


def _paired(request: CompareRequest, pairs: pl.DataFrame, sides: tuple[_Of, ...]) -> Iterator[Difference]:
    a, b = (side.metrics for side in sides)
    area = areas(pairs, {}, request.level)
    yield Difference(AREA, a[AREA], b[AREA], area.result, area.z, area.p)
    if request.thresholds is not None:
        for metric in RATES:
            item = rates(pairs, {}, metric == RATES[0], request.level)
            yield Difference(metric, a[metric], b[metric], item.result, p=item.p)


def _unpaired(request: CompareRequest, sides: tuple[_Of, ...]) -> Iterator[Difference]:
    a, b = sides
    found = unpaired(a.state, b.state, request.level)
    if isinstance(found, Contrast):
        yield Difference(AREA, a.metrics[AREA], b.metrics[AREA], found.difference, found.z, found.p)
    else:
        yield Difference(AREA, a.metrics[AREA], b.metrics[AREA], undecided(DELONG_UNPAIRED, found))
    for metric in a.rates:
        result = unpaired_difference(*a.rates[metric], *b.rates[metric], request.level)
        yield Difference(metric, a.metrics[metric], b.metrics[metric], result)


def _suppressed(request: CompareRequest) -> Compared:
    """Every metric that was asked for, without a number."""
    reason = fewer(request.min_n)
    paired = request.id is not None
    area, rate = (DELONG_PAIRED, NEWCOMBE_PAIRED) if paired else (DELONG_UNPAIRED, NEWCOMBE)
    asked = (AREA, *(RATES if request.thresholds is not None else ()))
    differences = []
    for metric in asked:
        alone, both = (DELONG, area) if metric == AREA else (WILSON, rate)
        side = Side(undecided(alone, reason), None)
        differences.append(Difference(metric, side, side, undecided(both, reason)))
    said = f"Suppressed: {reason}."
    return Compared(paired, request.level, request.margin, None, None, None, tuple(differences), said)


def _methods(request: CompareRequest, a: Prepared, b: Prepared, pairs: int) -> Iterator[str]:
    for name, side in (("A", a), ("B", b)):
        yield (
            f"Of {side.rows} rows of {name} {sum(side.excluded.values())} were left out "
            f"({side.excluded['null_label']} without a label, {side.excluded['null_score']} without a score)."
        )
    yield f"All intervals are two-sided at {request.level * 100:.12g} %."
    yield "Each area by itself has DeLong's interval (1988; Newcombe's of 2006 where all placements agree)."
    if request.id:
        yield f"{pairs} cases stand in both. {paired_methods()}"
    else:
        yield (
            "The tables were taken as independent cohorts: areas were compared with the sum of DeLong's "
            "variances (1988), sensitivity and specificity by Newcombe's interval (1998, method 10)."
        )
    if request.thresholds is not None:
        first, second = (f"{threshold:.12g}" for threshold in request.thresholds)
        at = first if first == second else f"{first} in A and {second} in B"
        which = "at or below" if request.lower_is_positive else "at or above"
        yield f"Each rate has Wilson's interval (Newcombe 1998); a score {which} {at} counts as positive."
    if request.margin is not None:
        yield (
            f"A is called non-inferior where the lower bound of the difference of areas lies above "
            f"−{request.margin:.12g}."
        )
    yield f"Computed by Muniment {__version__}."
