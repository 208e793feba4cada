"""Bad tables of an analysis: each refused with what was found."""

import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import (
    analyse,
)


def left_out(table):
    return table.filter(pl.col("patient_id") != 1003)


def stranger(table):
    return table.with_columns(
        patient_id=pl.when(pl.col("patient_id") == 1003).then(77).otherwise(pl.col("patient_id"))
    )


def twice(table):
    return pl.concat([left_out(table), table.filter(pl.col("patient_id") == 1004)])


@pytest.mark.parametrize("change", [left_out, stranger, twice])
@pytest.mark.parametrize("table", ["cohort", "perturbed", "contributions"])
def test_a_table_of_other_patients_is_refused(world, table, change) -> None:
    """A maker who leaves patients out, or takes others, gets no number but one clear error."""
    if table == "contributions":
        # 1003 was declined; an answered patient is what may not be left out.
        world.cohort = world.cohort.with_columns(declined=pl.lit(None, dtype=pl.String))
    setattr(world, table, change(getattr(world, table)))
    with pytest.raises(UnreadableInput, match=rf"{table}\.parquet") as caught:
        analyse(world.request())
    assert caught.value.hint


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("cohort", "zero", "yes"),
        ("cohort", "declined", 3),
        ("perturbed", "score", "0.5"),
        ("contributions", "contribution", float("inf")),
    ],
)
def test_a_column_of_another_kind_is_refused(world, table, column, value) -> None:
    """A text where truth values belong, a number for a reason, an infinite figure."""
    setattr(world, table, getattr(world, table).with_columns(pl.lit(value).alias(column)))
    with pytest.raises(UnreadableInput, match=rf"{table}\.parquet"):
        analyse(world.request())


def test_a_table_too_tall_is_refused_before_it_is_read(world) -> None:
    """Rows are counted first: what was not declared is not loaded."""
    world.perturbed = pl.concat([world.perturbed] * 3)
    with pytest.raises(UnreadableInput, match="3600 rows; 2 perturbations of 600 patients make 1200"):
        analyse(world.request())
