"""`drift BASELINE WINDOW`: two tables of the same columns, no project around them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput, UsageError
from muniment.measure.drift import ColumnDrift, levels, numeric
from muniment.measure.prepare import MAX_LEVELS, NULL_WORDS
from muniment.measure.tables import collect, open_table, require
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded
from muniment.model.progress import Progress, silent

DRIFT_SCHEMA = "muniment/drift/v1"


@dataclass(frozen=True, slots=True)
class DriftRequest:
    """The options of `muniment drift`."""

    baseline: str
    """A path or a glob."""
    window: str
    columns: tuple[str, ...] = ()
    """What to compare; nothing named means every column that both tables have."""
    levels: tuple[str, ...] = ()
    """Columns of numbers that are names (codes), compared level by level."""
    min_n: int = 10


@dataclass(frozen=True, slots=True)
class Drift:
    """What `drift` found."""

    rows_baseline: int
    rows_window: int
    columns: tuple[ColumnDrift, ...]
    left_out: tuple[str, ...]
    """Columns that only one of the tables has."""
    methods: str

    def as_json(self) -> dict[str, Any]:
        """The shape `muniment/drift/v1`."""
        return {
            "schema": DRIFT_SCHEMA,
            "rows_baseline": self.rows_baseline,
            "rows_window": self.rows_window,
            "columns": [_as_json(column) for column in self.columns],
            "left_out": list(self.left_out),
            "methods": self.methods,
        }

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Rows of text for a terminal, the heading first."""
        head = ("column", "n", "PSI", "(noise)", "KS", "p", "JS, bits", "Wasserstein", "χ² p", "missing")
        return (head, *(_row(column) for column in self.columns))


def drift_tables(request: DriftRequest, *, progress: Progress = silent) -> Drift:
    """Compare every column of a window with the same column of a baseline.

    Raises:
        UsageError: an option does not make sense.
        UnreadableInput: a table cannot be read, lacks a column, or a column holds another kind of value
            in the window than in the baseline.
    """
    if request.min_n < 1:
        raise UsageError(
            f"a minimum of {request.min_n} rows makes no sense", hint="Use 1 to show every cell."
        )
    first, second = open_table(request.baseline), open_table(request.window)
    names, others = first.collect_schema().names(), second.collect_schema().names()
    wanted = request.columns or tuple(name for name in names if name in others)
    if not wanted:
        raise UnreadableInput(
            "the tables have no column in common", hint=f"The baseline has {', '.join(names[:12])}."
        )
    for found, table in ((names, request.baseline), (others, request.window)):
        require(found, [*wanted, *request.levels], table)
    progress("reading the tables")
    a, b = (
        collect(frame.select(wanted), name)
        for frame, name in ((first, request.baseline), (second, request.window))
    )
    columns = []
    for number, name in enumerate(wanted):
        progress(f"comparing {name}", number, len(wanted))
        columns.append(_column(request, name, a[name], b[name]))
    alone = () if request.columns else tuple(sorted({*names, *others} - set(wanted)))
    return Drift(a.height, b.height, tuple(columns), alone, _methods(request))


def _column(request: DriftRequest, name: str, a: pl.Series, b: pl.Series) -> ColumnDrift:
    if name not in request.levels:
        numbers = [_numbers(series) for series in (a, b)]
        if numbers[0] is not None and numbers[1] is not None:
            return numeric(name, numbers[0], numbers[1], request.min_n)
        if numbers[0] is not None and numbers[0].null_count() < numbers[0].len():
            raise UnreadableInput(
                f"column {name!r} holds numbers in the baseline and {_first_word(b)!r} in the window",
                hint=f"Compare it level by level with --levels {name}, or mend the window.",
            )
    texts = [_texts(series, name) for series in (a, b)]
    return levels(name, texts[0], texts[1], request.min_n)


def _numbers(series: pl.Series) -> pl.Series | None:
    """The column as Float64 with null for what is missing, or `None` where it holds anything but numbers."""
    if series.dtype == pl.String:
        text = _text(series)
        values = text.cast(pl.Float64, strict=False)
        return None if (text.is_not_null() & values.is_null()).any() else values.fill_nan(None)
    if not series.dtype.is_numeric():
        return None
    return series.cast(pl.Float64).fill_nan(None) + 0.0


def _texts(series: pl.Series, name: str) -> pl.Series:
    if series.dtype.is_nested() or series.dtype == pl.Binary:
        raise UsageError(f"column {name!r} holds {series.dtype} and cannot be compared")
    text = _text(series.cast(pl.String))
    count = text.n_unique()
    if count > MAX_LEVELS:
        raise UsageError(
            f"column {name!r} has {count} levels; {MAX_LEVELS} can be compared",
            hint="Leave out identifiers and free text: name the columns with --columns.",
        )
    return text


def _text(series: pl.Series) -> pl.Series:
    text = series.str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(list(NULL_WORDS)), None)


def _first_word(series: pl.Series) -> str:
    text = _text(series.cast(pl.String))
    bad = text.filter(text.is_not_null() & text.cast(pl.Float64, strict=False).is_null())
    return str(bad[0]) if bad.len() else "levels"


def _methods(request: DriftRequest) -> str:
    return (
        f"Each column of {Path(request.window).name} was compared with {Path(request.baseline).name}. PSI "
        "uses the baseline's deciles (its values or levels where there are ten or fewer), with half a row "
        "for an empty bin; beside it stands the PSI to be expected of two samples of these sizes without "
        "drift (Yurdakul 2018). Jensen–Shannon is the divergence in bits on the same bins, not its root. "
        "Kolmogorov–Smirnov has the p value of the limiting distribution; Wasserstein is of order 1 in the "
        "column's unit; levels are compared by Pearson's chi-square. Missing values are left out and their "
        f"share is given. No p value is adjusted for multiplicity. Computed by Muniment {__version__}."
    )


def _as_json(column: ColumnDrift) -> dict[str, Any]:
    body = {
        name: rounded(value) if isinstance(value, float) else value for name, value in asdict(column).items()
    }
    if column.undecided is None:
        del body["undecided"]
    return body


def _row(column: ColumnDrift) -> tuple[str, ...]:
    missing = f"{column.missing_baseline:.1%} → {column.missing_window:.1%}"
    sizes = f"{column.n_baseline} → {column.n_window}"
    if column.undecided is not None:
        return (column.column, sizes, column.undecided, *([""] * 6), missing)
    numbers = (
        column.psi,
        column.psi_noise,
        column.ks,
        column.ks_p,
        column.jensen_shannon,
        column.wasserstein,
        column.chi_square_p,
    )
    return (column.column, sizes, *("" if x is None else f"{x:.4g}" for x in numbers), missing)
