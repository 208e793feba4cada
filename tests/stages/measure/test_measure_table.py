"""`measure`: every figure from a table, right at thresholds and in subgroups."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from muniment.errors import UsageError
from muniment.measure import MeasureRequest, measure_table


@pytest.fixture
def measured(tmp_path):
    def run(table, **options):
        table.write_parquet(tmp_path / "t.parquet")
        request = {"label": "death", "score": "score"} | options
        return measure_table(MeasureRequest(str(tmp_path / "t.parquet"), **request))

    return run


def found(result, metric, threshold=None, **cohort):
    (one,) = [
        e
        for e in result.estimates
        if e.metric == metric and e.threshold == threshold and dict(e.cohort) == cohort
    ]
    return one


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 1.0, 1.5])
def test_threshold_metrics_agree_with_scikit_learn(measured, rows, threshold):
    """A score at or above the threshold is a positive; the 2×2 table is scikit-learn's."""
    result = measured(rows, thresholds=(threshold,))
    labels, calls = rows["death"].to_numpy(), rows["score"].to_numpy() >= threshold
    tn, fp, fn, tp = metrics.confusion_matrix(labels, calls, labels=[0, 1]).ravel()
    for name, value in {"tp": tp, "fp": fp, "fn": fn, "tn": tn}.items():
        assert found(result, name, threshold).value == value
    expected = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "accuracy": (tp + tn, 600),
        "positive_rate": (tp + fp, 600),
    }
    for name, (k, n) in expected.items():
        one = found(result, name, threshold)
        assert one.n == n
        assert one.value == (pytest.approx(k / n) if n else None)
        assert bool(one.undecided) == (n == 0)


def test_an_axis_asked_for_twice_is_one(measured, rows):
    """However often a column or an axis is named, its levels are shown once, under its name alone."""
    once = measured(rows, by=(("sex",), ("sex", "race")))
    again = measured(rows, by=(("sex",), ("sex", "sex"), ("sex", "race", "sex"), ("sex", "race")))
    assert again == once


def test_subgroups_are_the_filtered_tables(measured, rows):
    """A level's estimates are those of a table of that level alone."""
    both = measured(rows, thresholds=(0.4,), by=(("sex",),))
    alone = measured(rows.filter(pl.col("sex") == "female"), thresholds=(0.4,))
    for one in alone.estimates:
        same = found(both, one.metric, one.threshold, sex="female")
        assert dataclasses.replace(same, cohort={}) == one


def test_intersections_and_missing_levels(measured, rows):
    """Several columns make an intersection; a null is a level of its own."""
    table = rows.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise(pl.col("sex")).alias("sex"),
        (pl.col("patient_id") % 2 == 0).alias("even"),
    )
    result = measured(table, by=(("sex", "even"),))
    cohorts = {tuple(sorted(e.cohort.items())) for e in result.estimates if e.cohort}
    assert len(cohorts) == 6
    assert found(result, "auroc", sex="(missing)", even="true").n == 100


def test_a_small_level_is_suppressed_without_a_trace(measured, rows):
    """No number of a hidden level is in the output, nor can it be computed from the others."""
    result = measured(rows, by=(("race",),), thresholds=(0.4,))
    small = rows.filter(pl.col("race") == "a").height
    assert 0 < small < 10
    hidden = [e for e in result.estimates if e.n is None and e.cohort]
    assert {e.cohort["race"] for e in hidden} == {"a", "b"}
    for one in hidden:
        assert (one.value, one.low, one.high, one.n, one.events) == (None,) * 5
    assert found(result, "auroc", race="a").undecided == "fewer than 10 rows"
    shown = [e for e in result.estimates if e.cohort == {"race": "c"}]
    assert [(e.metric, e.threshold) for e in shown] == [
        (e.metric, e.threshold) for e in hidden if e.cohort == {"race": "a"}
    ]


def test_a_table_below_the_minimum_is_suppressed(measured, rows):
    """Nine rows give no number at all, in subgroups neither."""
    result = measured(rows.head(9), by=(("sex",),))
    assert all(e.undecided == "fewer than 10 rows" and e.n is None for e in result.estimates)


def test_no_row_left_is_no_crash(measured):
    """A table in which no row has a label is counted and suppressed."""
    table = pl.DataFrame(
        {"death": [None, None], "score": [0.1, 0.2]}, schema={"death": pl.Int8, "score": pl.Float64}
    )
    result = measured(table, thresholds=(0.5,), by=(("score",),), min_n=1)
    assert result.excluded == {"null_label": 2, "null_score": 0}
    assert found(result, "auroc").undecided == "no rows"


def test_one_row_and_one_class(measured):
    """A single case, and a single class, have a prevalence and no area."""
    result = measured(pl.DataFrame({"death": [1], "score": [0.4]}), min_n=1, thresholds=(0.5,))
    assert found(result, "prevalence").value == 1.0
    assert found(result, "auroc").undecided == "one class only"
    assert found(result, "specificity", 0.5).undecided == "no non-events"


def test_low_scores_for_the_event(measured, rows):
    """Turning scores and orientation round changes no area and no 2×2 table."""
    plain = measured(rows, thresholds=(0.25,))
    turned = measured(
        rows.with_columns(score=1 - pl.col("score")), thresholds=(0.75,), lower_is_positive=True
    )
    assert found(turned, "auroc").value == found(plain, "auroc").value
    assert found(turned, "tp", 0.75).value == found(plain, "tp", 0.25).value
    assert "low scores" in found(turned, "brier").undecided


@pytest.mark.parametrize("kind", [pl.Float32, pl.Float64, pl.Int64, pl.UInt8, pl.Boolean])
def test_scores_of_every_type(measured, rows, kind):
    """Integer, boolean and Float32 scores are taken as numbers; the methods name the type."""
    table = rows.with_columns((pl.col("score") > 0.5).cast(pl.Float64).cast(kind).alias("score"))
    result = measured(table, thresholds=(1.0,))
    area = metrics.roc_auc_score(rows["death"], rows["score"] > 0.5)
    assert found(result, "auroc").value == pytest.approx(area)
    assert str(kind()) in result.methods


def test_a_float32_score_meets_the_threshold_as_it_is_stored(measured):
    """0.7 as Float32 is below 0.7 as a double, and is not called."""
    table = pl.DataFrame({"death": [1, 0], "score": pl.Series([0.7, 0.7], dtype=pl.Float32)})
    assert float(np.float32(0.7)) < 0.7
    assert found(measured(table, thresholds=(0.7,), min_n=1), "tp", 0.7).value == 0


def test_a_threshold_below_zero_with_scores_below_zero(measured):
    """Scores of any sign meet a threshold of any sign."""
    table = pl.DataFrame({"death": [1, 1, 0, 0], "score": [-0.5, 2.0, -0.6, -np.inf]})
    result = measured(table, thresholds=(-0.5,), min_n=1)
    assert (found(result, "tp", -0.5).value, found(result, "fp", -0.5).value) == (2, 0)


def test_minus_zero_is_zero(measured):
    """-0.0 ties with 0.0 and is at the threshold 0."""
    table = pl.DataFrame({"death": [1, 1, 0, 0], "score": [-0.0, 0.0, -0.0, 0.0]})
    result = measured(table, thresholds=(0.0,), min_n=1)
    assert (found(result, "auroc").value, found(result, "tp", 0.0).value) == (0.5, 2)


def test_interval_and_level_are_what_was_asked(measured, rows):
    """Clopper–Pearson at 90 % is named so on every proportion."""
    result = measured(rows, interval="clopper-pearson", level=0.9)
    one = found(result, "prevalence")
    assert (one.method, one.level) == ("clopper-pearson", 0.9)
    assert "Clopper and Pearson" in result.methods


def test_output_is_valid_and_says_what_was_done(measured, rows, valid):
    """The JSON follows its schema; the table has a row an estimate but for counts."""
    result = measured(rows, thresholds=(0.3, 0.3, 0.6), by=(("race",), ("sex", "race")))
    valid(result.as_json(), "measures")
    table = result.table()
    assert table[0][0] == "cohort"
    assert len(table) == 1 + len([e for e in result.estimates if e.method != "count"])
    assert "DeLong" in result.methods


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, "not between 0 and 1"),
        ({"interval": "wald"}, "no interval 'wald'"),
        ({"min_n": 0}, "makes no sense"),
        ({"thresholds": (float("nan"),)}, "not NaN"),
        ({"bootstrap": 100}, "100 replicates make no interval"),
        ({"bootstrap": 500, "seed": -1}, "a seed is 0 or above"),
        ({"engine": "spark"}, "'spark' is not available yet"),
    ],
)
def test_options_that_cannot_be_served(measured, rows, options, message):
    """An option is served or refused, never ignored."""
    with pytest.raises(UsageError, match=message):
        measured(rows, **options)
