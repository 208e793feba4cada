"""From a table to prepared rows: labels as booleans, scores as doubles, subgroups as text.

A row without a label or without a score is left out and counted, never guessed. NaN counts as no
score: Polars sorts NaN above every number, so that `NaN >= threshold` would be true.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.tables import collect, require
from muniment.model.dataclass import dataclass

MISSING = "(missing)"
"""The level that stands for a null in a subgroup column."""
MAX_LEVELS = 2000
MOST_ROWS = 1_000_000_000
NULL_WORDS = ("", "na", "nan", "n/a", "null", "none")
TRUE_WORDS = frozenset({"1", "true"})
FALSE_WORDS = frozenset({"0", "false"})
LABEL, SCORE, ID, CLUSTER, WEIGHT = "label", "score", "id", "cluster", "weight"


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Which columns of a table mean what."""

    label: str
    score: str
    positive: str | None = None
    """The label's value that means an event; `None` stands for 1 or true."""
    lower_is_positive: bool = False
    """Whether low scores speak for an event."""
    by: tuple[str, ...] = ()
    """Columns that any subgroup uses."""
    id: str | None = None
    """The column that identifies a row; values must be unique."""
    scores: Mapping[str, str] = field(default_factory=dict)
    """Further score columns (comparators): name to column; a null there excludes nothing."""
    cluster: str | None = None
    """The column that says which rows belong to one patient (or reader, or site)."""
    weight: str | None = None
    """The column with the number of equal rows that a row stands for; whole numbers, 0 leaves a row out."""
    name: str = "the table"
    """What messages call the table."""

    @property
    def title(self) -> str:
        """The name without its folder."""
        return Path(self.name).name


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Rows that can be measured."""

    frame: pl.DataFrame
    """Columns `label` (Boolean), `score` (Float64, high speaks for an event), `by:<column>` (String),
    `also:<name>` (Float64, nulls kept), `id` and `cluster` (Int64) where asked for. One row a case, repeated
    as often as its weight says."""
    rows: int
    """Rows of the table, before anything was left out."""
    excluded: Mapping[str, int]
    """`null_label`, and `null_score` among the others (NaN included)."""
    dtype: str
    """Type of the score column as stored, since a Float32 score meets a threshold differently."""
    lower_is_positive: bool


def prepare(table: pl.LazyFrame, spec: TableSpec, stored: pl.DataFrame | None = None) -> Prepared:
    """Read the needed columns of `table` and turn them into rows that can be measured.

    `stored` is what `stored_rows` gave, where the table has been read already.

    Raises:
        UnreadableInput: a missing column, no rows, a score that is no number, a label with more than
            two values or with a positive value that cannot be told, ids that repeat.
    """
    frame = _readable(stored_rows(table, spec) if stored is None else stored, spec)
    rows = frame.height
    if spec.weight:
        frame = _repeated(frame, spec)
    null_label = frame[LABEL].null_count()
    labelled = frame.drop_nulls(LABEL) if null_label else frame
    kept = labelled.drop_nulls(SCORE) if labelled[SCORE].null_count() else labelled
    excluded = {"null_label": null_label, "null_score": labelled.height - kept.height}
    dtype = str(table.collect_schema()[spec.score])
    return Prepared(kept, rows, excluded, dtype, spec.lower_is_positive)


def read_rows(table: pl.LazyFrame, spec: TableSpec) -> pl.DataFrame:
    """Read as `prepare` does, keeping the rows without label or score; weights repeat nothing yet."""
    return _readable(stored_rows(table, spec), spec)


def stored_rows(table: pl.LazyFrame, spec: TableSpec) -> pl.DataFrame:
    """The needed columns by the names they have here, and nothing else done to them.

    Raises:
        UnreadableInput: a missing column, or a damaged file.
    """
    optional = [column for column in (spec.id, spec.cluster, spec.weight) if column]
    columns = [spec.label, spec.score, *spec.by, *spec.scores.values(), *optional]
    require(table.collect_schema().names(), columns, spec.name)
    wanted = {LABEL: pl.col(spec.label), SCORE: pl.col(spec.score)}
    wanted |= {f"by:{column}": pl.col(column) for column in spec.by}
    wanted |= {f"also:{name}": pl.col(column) for name, column in spec.scores.items()}
    for name, column in ((ID, spec.id), (CLUSTER, spec.cluster), (WEIGHT, spec.weight)):
        if column:
            wanted[name] = pl.col(column)
    return collect(table.select(**wanted), spec.name)


def _readable(raw: pl.DataFrame, spec: TableSpec) -> pl.DataFrame:
    if raw.height == 0:
        raise UnreadableInput(f"{_name(spec)} has no rows", hint="Check the export that made it.")
    made = [
        _label(raw[LABEL], spec),
        _number(raw[SCORE], spec.score, spec),
        *(_number(raw[f"also:{name}"], column, spec) for name, column in spec.scores.items()),
        *(_levels(raw[f"by:{column}"], column) for column in spec.by),
    ]
    frame = pl.DataFrame(list({column.name: column for column in (*raw.get_columns(), *made)}.values()))
    if spec.lower_is_positive:
        frame = frame.with_columns(-pl.col(SCORE))
    if spec.id:
        _unique(frame[ID], spec)
    if spec.cluster:
        frame = frame.with_columns(_clusters(frame[CLUSTER], spec))
    return frame


def _number(series: pl.Series, column: str, spec: TableSpec) -> pl.Series:
    """The column as Float64 with NaN turned into null; +0.0 instead of -0.0."""
    if series.dtype == pl.String:
        series = _written(series, column, spec)
    elif not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
        raise UnreadableInput(
            f"column {column!r} of {_name(spec)} holds {series.dtype}, not scores", hint=_NUMBER_HINT
        )
    # Adding zero turns -0.0 into 0.0: they are one score and must have the same bits.
    values = series.cast(pl.Float64) + 0.0
    # What looks for NaN needs no plan of a query, which is dearer than a small table. Two infinities of
    # opposite sign only make it look again.
    with np.errstate(invalid="ignore"):
        doubtful = math.isnan(values.to_numpy().sum())
    return values.fill_nan(None) if doubtful else values


def _written(series: pl.Series, column: str, spec: TableSpec) -> pl.Series:
    """Numbers that are written out, as Float64; a word for nothing is null."""
    text = series.str.strip_chars()
    values = text.set(text.str.to_lowercase().is_in(list(NULL_WORDS)), None)
    numbers = values.cast(pl.Float64, strict=False)
    bad = values.is_not_null() & numbers.is_null()
    if bad.any():
        first = values.filter(bad)[0]
        raise UnreadableInput(
            f"column {column!r} of {_name(spec)} holds {first!r}{_more(int(bad.sum()) - 1)} "
            "where a number was expected",
            hint=_NUMBER_HINT,
        )
    return numbers


def _more(count: int) -> str:
    return f" (and {count} more)" if count else ""


_NUMBER_HINT = "A score is a number a row; leave a cell empty where the model gave none."


def _label(series: pl.Series, spec: TableSpec) -> pl.Series:
    """The column as Boolean, true for the positive value, null where there is no label."""
    if series.dtype.is_nested() or series.dtype.is_temporal():
        raise UnreadableInput(
            f"label {spec.label!r} of {_name(spec)} holds {series.dtype}, not labels",
            hint="A label has two values, such as 0 and 1; make a column that says whether it happened.",
        )
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return _by_value(series, spec)
    text = series.cast(pl.String) if series.dtype != pl.String else series.str.strip_chars()
    if series.dtype == pl.String:
        text = text.set(text.str.to_lowercase().is_in(list(NULL_WORDS)), None)
    positives = _positives(sorted(text.drop_nulls().unique().to_list()), spec)
    return text.is_in(positives).set(text.is_null(), None).alias(LABEL)


def _by_value(series: pl.Series, spec: TableSpec) -> pl.Series:
    """The same for numbers and booleans, of which only the distinct values are looked at as text."""
    events = positive_values(labels_of(series), spec)
    if len(events) == 1:
        called: pl.Series = series == events[0]
        return called.alias(LABEL)
    return series.is_in(events).set(series.is_null(), None).alias(LABEL)


def labels_of(series: pl.Series) -> list[object]:
    """The distinct labels of a column of numbers or booleans, in any order."""
    return list(_distinct(series))


def positive_values(found: Iterable[object], spec: TableSpec) -> list[object]:
    """Those of the distinct labels that stand for the event; raises where they are no two classes."""
    words = {str(value).lower() if isinstance(value, bool) else str(value): value for value in found}
    return [words[word] for word in _positives(sorted(words), spec)]


def _distinct(series: pl.Series) -> pl.Series:
    """The distinct values without null; two values are found without hashing every row."""
    if series.dtype == pl.Boolean:
        held = [value for value, there in ((False, not series.all()), (True, series.any())) if there]
        return pl.Series(held, dtype=pl.Boolean)
    if series.dtype.is_integer() and series.len() > series.null_count():
        low, high = series.min(), series.max()
        if ((series == low) | (series == high)).all():
            return pl.Series([low] if low == high else [low, high], dtype=series.dtype)
    return series.drop_nulls().unique()


def _positives(found: Sequence[str], spec: TableSpec) -> list[str]:
    """Which of the values stand for the event; raises where there are more than two values."""
    if len(found) > 2 and len({_canonical(value) for value in found}) > 2:
        shown = ", ".join(repr(value) for value in found[:5]) + (", …" if len(found) > 5 else "")
        raise UnreadableInput(
            f"label {spec.label!r} of {_name(spec)} has {len(found)} values: {shown}",
            hint="A label has two values; make a column that says whether the event happened.",
        )
    canonical = {value: _canonical(value) for value in found}
    distinct = set(canonical.values())
    if spec.positive is None:
        if distinct <= TRUE_WORDS | FALSE_WORDS:
            return [value for value in found if canonical[value] in TRUE_WORDS]
        shown = " and ".join(repr(value) for value in found)
        raise UnreadableInput(
            f"label {spec.label!r} of {_name(spec)} has the values {shown}; which one is the event?",
            hint=f"Say so with --positive, as in --positive {found[-1]!r}.",
        )
    wanted = _canonical(spec.positive)
    words = TRUE_WORDS if wanted in TRUE_WORDS else FALSE_WORDS if wanted in FALSE_WORDS else {wanted}
    positives = [value for value in found if canonical[value] in words]
    if not positives and len(distinct) == 2:
        shown = " and ".join(repr(value) for value in found)
        raise UnreadableInput(
            f"label {spec.label!r} of {_name(spec)} is never {spec.positive!r}: its values are {shown}",
            hint="Give one of them as the positive value.",
        )
    return positives


def _canonical(value: str) -> str:
    """`1.0` and `1` are one label, so are `True` and `true`; other words stay as they are."""
    if value.casefold() in ("true", "false"):
        return value.casefold()
    try:
        number = float(value)
    except ValueError:
        return value
    return str(int(number)) if number.is_integer() else repr(number)


def _levels(series: pl.Series, column: str) -> pl.Series:
    if series.dtype.is_nested() or series.dtype == pl.Binary:
        raise UsageError(
            f"column {column!r} holds {series.dtype} and cannot make subgroups",
            hint="Give a column of words, numbers or dates; take the part of it that makes the group.",
        )
    levels = series.cast(pl.String)
    if levels.null_count():
        levels = levels.fill_null(MISSING)
    if levels.n_unique() > MAX_LEVELS:
        raise UsageError(
            f"column {column!r} has {levels.n_unique()} levels; subgroups allow {MAX_LEVELS}",
            hint="Give a column with few levels, not an identifier or a measurement.",
        )
    return levels


def _unique(ids: pl.Series, spec: TableSpec) -> None:
    if ids.null_count():
        raise UnreadableInput(f"column {spec.id!r} of {_name(spec)} is empty in {ids.null_count()} rows")
    repeated = ids.len() - ids.n_unique()
    if repeated:
        raise UnreadableInput(
            f"column {spec.id!r} of {_name(spec)} repeats: {repeated} of {ids.len()} rows have an id "
            "that an earlier row has",
            hint="A case may stand in the table once; take one row a case.",
        )


def _clusters(names: pl.Series, spec: TableSpec) -> pl.Series:
    """Clusters numbered in the order of their names, whatever order the rows came in."""
    if names.null_count():
        raise UnreadableInput(
            f"column {spec.cluster!r} of {_name(spec)} is empty in {names.null_count()} rows",
            hint="Every row needs a cluster; a row on its own is a cluster with a name of its own.",
        )
    return (names.cast(pl.String).rank("dense") - 1).cast(pl.Int64).alias(CLUSTER)


def _repeated(frame: pl.DataFrame, spec: TableSpec) -> pl.DataFrame:
    """Every row as often as its weight says."""
    weights = _number(frame[WEIGHT], str(spec.weight), spec)
    wrong = frame.height - int(((weights >= 0) & (weights == weights.floor()) & weights.is_finite()).sum())
    if wrong:
        raise UnreadableInput(
            f"column {spec.weight!r} of {_name(spec)} is no whole number from 0 on in {wrong} rows",
            hint="A weight says how many equal rows a row stands for; sampling weights are not supported.",
        )
    if float(weights.sum()) > MOST_ROWS:
        raise UnreadableInput(
            f"the weights of {_name(spec)} add up to {weights.sum():.6g} rows",
            hint=f"At most {MOST_ROWS:,} rows can be measured this way.",
        )
    index = pl.Series(range(frame.height)).repeat_by(weights.cast(pl.Int64)).explode(empty_as_null=False)
    return frame[index].drop(WEIGHT)


def _name(spec: TableSpec) -> str:
    return Path(spec.name).name


def by_columns(values: Sequence[str]) -> list[str]:
    """The prepared columns of subgroup columns."""
    return [f"by:{value}" for value in values]


def plain(value: Any) -> str:
    """A level as a plan writes it, as the table's text has it: `True` is `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
