"""Ratings of units by raters, with gaps: one table for every coefficient of agreement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.kernel import Floats, Ints
from muniment.measure.prepare import MAX_LEVELS, NULL_WORDS
from muniment.measure.tables import collect, require
from muniment.model.dataclass import dataclass

MOST_CELLS = 20_000_000
"""Units times raters that a table may have: every pair of them is a cell in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Who put which unit into which category."""

    codes: Ints
    """Shape (units, raters): position of the category, −1 where there is no rating."""
    raters: tuple[str, ...]
    categories: tuple[str, ...]
    """In their order: by number where all are numbers, as declared, or else by name."""
    numbers: Floats | None
    """The categories as numbers, where they are."""
    ordered: bool
    """Whether the order of the categories means anything."""

    def counts(self) -> Ints:
        """How many raters put each unit into each category, shape (units, categories)."""
        return np.stack([(self.codes == code).sum(axis=1) for code in range(len(self.categories))], axis=1)

    def require_order(self) -> None:
        """Raise `UsageError` where the categories have no order."""
        if not self.ordered:
            raise UsageError(
                f"the categories {', '.join(map(repr, self.categories[:5]))} have no order",
                hint="Give the order of all categories, lowest first.",
            )

    def require_numbers(self) -> Floats:
        """Return the categories as numbers; raise `UsageError` where they are none."""
        if self.numbers is None:
            raise UsageError(
                f"the categories {', '.join(map(repr, self.categories[:5]))} are no numbers",
                hint="Use the nominal or the ordinal metric.",
            )
        return self.numbers


def read_ratings(
    table: pl.LazyFrame,
    unit: str,
    rater: str,
    rating: str,
    name: str = "the table",
    order: Sequence[str] = (),
) -> Ratings:
    """Read ratings from a long table, one row a rating; a row with an empty rating is no rating.

    Args:
        table: any order of rows.
        unit: column of what was rated.
        rater: column of who rated.
        rating: column of the category.
        name: what messages call the table.
        order: all categories, lowest first; nothing means numbers by size, words without order.

    Raises:
        UnreadableInput: a missing column, no rating at all, a row without unit or rater, two ratings of one
            unit by one rater, a category that `order` lacks, more pairs of unit and rater than fit.
    """
    require(table.collect_schema().names(), [unit, rater, rating], name)
    rows = collect(
        table.select(
            unit=pl.col(unit).cast(pl.String),
            rater=pl.col(rater).cast(pl.String),
            rating=_text(pl.col(rating)),
        ),
        name,
    )
    shown = Path(name).name
    nameless = rows.filter(pl.col("unit").is_null() | pl.col("rater").is_null()).height
    if nameless:
        raise UnreadableInput(f"{shown} has {nameless} rows without a unit or without a rater")
    repeated = rows.height - rows.select("unit", "rater").n_unique()
    if repeated:
        raise UnreadableInput(
            f"{shown} holds {repeated} ratings by a rater of a unit that the same rater has rated before",
            hint="Give one rating a unit and rater; repeated readings are raters of their own.",
        )
    units, raters = (rows[column].unique().sort().to_list() for column in ("unit", "rater"))
    if len(units) * len(raters) > MOST_CELLS:
        raise UnreadableInput(
            f"{shown} has {len(units)} units and {len(raters)} raters; {MOST_CELLS:,} pairs can be held",
            hint="Check which column is the unit and which the rater.",
        )
    filled: list[list[str | None]] = [[None] * len(raters) for _ in units]
    at_unit, at_rater = ({key: index for index, key in enumerate(keys)} for keys in (units, raters))
    for row_unit, row_rater, value in rows.iter_rows():
        filled[at_unit[row_unit]][at_rater[row_rater]] = value
    return rated(filled, tuple(raters), order, shown)


def rated(
    rows: Sequence[Sequence[object]],
    raters: Sequence[str] = (),
    order: Sequence[str] = (),
    name: str = "the ratings",
) -> Ratings:
    """Ratings from a matrix, a row a unit and a column a rater; `None` is no rating.

    Raises:
        UnreadableInput: no rating at all, or a category that `order` lacks.
        UsageError: more categories than can be compared.
    """
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    found = {value for row in texts for value in row if value is not None}
    if not found:
        raise UnreadableInput(f"{name} hold no rating", hint="Check the column of the ratings.")
    if len(found) > MAX_LEVELS:
        raise UsageError(f"{name} have {len(found)} different values; {MAX_LEVELS} can be compared")
    if order and found - set(order):
        missing = ", ".join(repr(value) for value in sorted(found - set(order))[:5])
        raise UnreadableInput(f"{name} hold {missing}, which the order of categories lacks")
    numbers = _numbers(order or found)
    if order:
        categories = tuple(dict.fromkeys(order))
    elif numbers is not None:
        categories = tuple(sorted(found, key=lambda value: (float(value), value)))
    else:
        categories = tuple(sorted(found))
    code = {value: index for index, value in enumerate(categories)}
    width = max(len(row) for row in texts)
    codes = np.array([[-1 if value is None else code[value] for value in row] for row in texts])
    return Ratings(
        codes.astype(np.int64),
        tuple(raters) or tuple(str(index + 1) for index in range(width)),
        categories,
        None if numbers is None else np.array([float(value) for value in categories]),
        bool(order) or numbers is not None,
    )


def _numbers(values: Iterable[str]) -> list[float] | None:
    try:
        found = [float(value) for value in values]
    except ValueError:
        return None
    return found if all(np.isfinite(found)) else None


def _text(column: pl.Expr) -> pl.Expr:
    text = column.cast(pl.String).str.strip_chars()
    return pl.when(text.str.to_lowercase().is_in(list(NULL_WORDS))).then(None).otherwise(text)
