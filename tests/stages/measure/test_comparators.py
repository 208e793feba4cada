"""The release against its comparators, on the same patients."""

import polars as pl
import pytest

from muniment.measure import evaluate
from muniment.measure.compare import areas
from support.plans import entries


def test_comparison_is_this_release_minus_the_comparator(request_of, rows):
    """The paired difference of the table's own columns, with the release that is compared with."""
    body = evaluate(request_of())
    (mine,) = [
        c
        for c in body["comparisons"]
        if (c["against"], c["metric"], c["cohort"]) == ("previous", "auroc", {})
    ]
    pairs = rows.select(pl.col("death").cast(pl.Boolean).alias("label"), "score", other="score_previous")
    direct = areas(pairs, {}, 0.95)
    assert mine["difference"] == pytest.approx(direct.result.value)
    assert (mine["release"], mine["n"]) == ("releases/1.0.0", 600)
    assert entries(body, "previous")[0]["value"] == mine["difference"]


def test_cases_without_comparator_score_leave_only_the_comparison(request_of, rows):
    """A null comparator score shortens the comparison and nothing else."""
    some = rows.with_columns(
        score_previous=pl.when(pl.col("patient_id") % 2 == 0).then(pl.col("score_previous"))
    )
    body = evaluate(request_of(some))
    assert body["cohort"]["n"] == 600
    assert {c["n"] for c in body["comparisons"] if c["metric"] == "auroc" and not c["cohort"]} == {300}


def test_the_comparator_is_called_at_or_above_its_threshold(request_of, rows):
    """A comparator whose scores are this release's, at the same threshold, makes the same calls."""
    same = rows.with_columns(score=pl.col("score").round(1), score_previous=pl.col("score").round(1))
    body = evaluate(request_of(same))
    found = [c for c in body["comparisons"] if c["against"] == "previous" and not c["suppressed"]]
    assert {(c["difference"], c["p"]) for c in found} == {(0.0, 1.0)}


def test_a_level_with_few_pairs_is_suppressed_in_the_comparison(request_of, rows):
    """Where a comparator has few scores in a level, that level's comparison is hidden, and not alone."""
    women = (pl.col("sex") == "female") & (pl.col("patient_id") > 1010)
    some = rows.with_columns(score_previous=pl.when(~women).then(pl.col("score_previous")))
    body = evaluate(request_of(some))
    assert all(not group["suppressed"] for group in body["subgroups"] if group["axis"] == "gender")
    found = [c for c in body["comparisons"] if "gender" in c["cohort"]]
    assert {(c["suppressed"], c["n"]) for c in found} == {(True, None)}


def test_equivalence_compares_with_every_release(request_of, rows):
    """Scores are held against each comparator that is a release, row by row, and against no other."""
    body = evaluate(request_of())
    (entry,) = body["equivalence"]
    gap = rows.select((pl.col("score") - pl.col("score_previous")).abs().max()).item()
    calls = rows.filter((pl.col("score") >= 0.4) != (pl.col("score_previous") >= 0.4)).height
    compared = rows["score_previous"].drop_nulls().len()
    assert entry["max_difference"] == pytest.approx(gap, abs=0)
    assert (entry["against"], entry["release"]) == ("previous", "releases/1.0.0")
    assert (entry["rows"], entry["compared"], entry["calls_differing"]) == (600, compared, calls)


def test_equal_scores_are_equal_and_one_changed_row_is_seen(request_of, rows):
    """The same scores differ by nothing; one row moved across the threshold is one call and its distance."""
    same = rows.with_columns(score_previous=pl.col("score"))
    (entry,) = evaluate(request_of(same))["equivalence"]
    assert (entry["max_difference"], entry["calls_differing"], entry["compared"]) == (0.0, 0, 600)
    first = pl.int_range(pl.len()) == 0
    above = pl.when(first).then(pl.lit(0.39)).otherwise(pl.col("score"))
    below = pl.when(first).then(pl.lit(0.41)).otherwise(pl.col("score"))
    moved = rows.with_columns(score=above, score_previous=below)
    (entry,) = evaluate(request_of(moved))["equivalence"]
    assert entry["max_difference"] == pytest.approx(0.02)
    assert entry["calls_differing"] == 1


def test_a_row_without_the_other_score_is_not_compared(request_of, rows):
    """A row that only one release scored is missing from the comparison, and the count says so."""
    first = pl.int_range(pl.len()) == 0
    missing = pl.when(first).then(None).otherwise(pl.col("score"))
    (entry,) = evaluate(request_of(rows.with_columns(score_previous=missing)))["equivalence"]
    assert (entry["rows"], entry["compared"], entry["max_difference"]) == (600, 599, 0.0)
