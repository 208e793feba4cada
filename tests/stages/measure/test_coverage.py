"""Coverage of uncertainty sets and intervals, against the rows."""

import numpy as np
import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import (
    Uncertainty,
    analyse,
)
from support.analysed import same, wilson


def conformal(rows, quantile):
    """Split-conformal sets of a calibrated score: an outcome is in where it is likely enough."""
    return rows.select(
        "patient_id",
        in_set_negative=(1 - pl.col("score")) >= quantile,
        in_set_positive=pl.col("score") >= quantile,
    )


def test_coverage_of_sets_is_that_of_the_rows(world, valid) -> None:
    """A constructed device with prediction sets: the share that holds the outcome, by outcome too."""
    sets = conformal(world.rows, 0.2)
    path = world.folder / "sets.parquet"
    sets.write_parquet(path)
    body = analyse(world.request(uncertainty=Uncertainty(path, "set", "conformal", 0.9)))
    valid(body, "analysis")
    found = body["explanations"]["coverage"]
    joined = world.rows.join(sets, on="patient_id")
    inside = pl.when(pl.col("death") == 1).then("in_set_positive").otherwise("in_set_negative")
    held = joined.select(inside=inside, death="death")
    k, n = int(held["inside"].sum()), held.height
    assert (found["kind"], found["method"], found["target"], found["n"]) == ("set", "conformal", 0.9, n)
    same(found, k / n, *wilson(k, n))
    positive = held.filter(pl.col("death") == 1)
    by = {(cell["axis"], cell["level"]): cell for cell in found["by"]}
    hits = int(positive["inside"].sum())
    same(by["outcome", "positive"], hits / positive.height, *wilson(hits, positive.height))
    both = int((joined["in_set_negative"] & joined["in_set_positive"]).sum())
    assert found["both"]["value"] == pytest.approx(both / n)
    assert by["race", "a"]["suppressed"]


def test_coverage_of_intervals_is_that_of_the_rows(world, valid) -> None:
    """Nine in ten normal values lie within 1.645 deviations; who got none is left out and counted."""
    seen = np.random.default_rng(2).normal(size=600)
    table = world.rows.select("patient_id").with_columns(
        lower=pl.lit(-1.645), upper=pl.lit(1.645), observed=pl.Series(seen)
    )
    gone = pl.col("patient_id") < 1030
    table = table.with_columns(
        pl.when(gone).then(None).otherwise(pl.col(c)).alias(c) for c in ("lower", "upper", "observed")
    )
    path = world.folder / "intervals.parquet"
    table.write_parquet(path)
    body = analyse(world.request(uncertainty=Uncertainty(path, "interval", "bootstrap", 0.9)))
    valid(body, "analysis")
    found = body["explanations"]["coverage"]
    k = int((np.abs(seen[30:]) <= 1.645).sum())
    assert (found["n"], found["without"]) == (570, 30)
    same(found, k / 570, *wilson(k, 570))
    assert found["low"] < 0.9 < found["high"]
    assert found["median_width"] == pytest.approx(3.29)


def test_a_level_with_few_known_is_hidden_with_another(world) -> None:
    """Large enough to be shown, but told of five patients: they must not follow from the other level."""
    few = world.rows.filter(pl.col("sex") == "female")["patient_id"].head(5)
    told = (pl.col("sex") == "male") | pl.col("patient_id").is_in(few.implode())
    sets = world.rows.select(
        "patient_id",
        in_set_negative=pl.when(told).then(pl.lit(value=True)),
        in_set_positive=pl.when(told).then(pl.col("score") > 0.5),
    )
    path = world.folder / "sets.parquet"
    sets.write_parquet(path)
    world.contributions = world.contributions.join(
        world.rows.select("patient_id", told=told), on="patient_id"
    ).select(
        "patient_id",
        "feature",
        *(pl.when("told").then(pl.col(c)).alias(c) for c in ("contribution", "contribution_previous")),
    )
    body = analyse(world.request(uncertainty=Uncertainty(path, "set", "conformal", 0.9)))["explanations"]
    for entries in (body["coverage"]["by"], body["consistency"], body["stability"]):
        hidden = [entry for entry in entries if entry["axis"] == "gender"]
        assert {entry["level"] for entry in hidden} == {"female", "male"}
        for entry in hidden:
            assert (entry["suppressed"], entry["n"], entry["value"]) == (True, None, None)
    assert body["coverage"]["n"] == int(world.rows.select(told.sum()).item())


@pytest.mark.parametrize(
    ("lower", "upper", "observed"), [(1.0, 0.0, 0.5), (None, 1.0, 0.5), (float("nan"), 1.0, 0.5)]
)
def test_an_interval_that_is_none_is_refused(world, lower, upper, observed) -> None:
    """Bounds in the wrong order, or half an interval, cover nothing and are no gap either."""
    path = world.folder / "intervals.parquet"
    world.rows.select("patient_id").with_columns(
        lower=pl.lit(lower, dtype=pl.Float64), upper=pl.lit(upper), observed=pl.lit(observed)
    ).write_parquet(path)
    with pytest.raises(UnreadableInput, match=r"intervals\.parquet"):
        analyse(world.request(uncertainty=Uncertainty(path, "interval", "bootstrap", 0.9)))
