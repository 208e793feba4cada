"""`compare`: paired by id, or two cohorts."""

import polars as pl
import pytest

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import CompareRequest, MeasureRequest, compare_tables, measure_table
from muniment.measure.proportions import mcnemar_p, paired_difference


@pytest.fixture
def compared(tmp_path):
    def run(a, b, **options):
        a.write_parquet(tmp_path / "a.parquet")
        b.write_parquet(tmp_path / "b.parquet")
        options = {"id": "patient_id"} | options
        return compare_tables(
            CompareRequest(
                str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "death", "score", **options
            )
        )

    return run


def previous(rows):
    return rows.select("patient_id", "death", pl.col("score_previous").alias("score"))


def test_paired_comparison(compared, rows, valid, tmp_path):
    """Areas are those of each table; sensitivity is Newcombe's interval of the discordant calls."""
    body = compared(rows, previous(rows).reverse(), threshold=0.5, margin=0.05)
    valid(body, "comparison")
    for side, name in (("a", "a"), ("b", "b")):
        alone = measure_table(
            MeasureRequest(str(tmp_path / f"{name}.parquet"), "death", "score", thresholds=(0.5,))
        )
        rates = {e.metric: e.value for e in alone.estimates}
        for metric in ("auroc", "sensitivity", "specificity"):
            assert body[metric][side] == pytest.approx(rates[metric])
    events = rows.filter(pl.col("death") == 1)
    one, two = (events["score"] >= 0.5), (events["score_previous"] >= 0.5)
    table = ((one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum())
    expected = paired_difference(*table, 0.95)
    assert body["sensitivity"]["low"] == pytest.approx(expected.low)
    assert body["sensitivity"]["mcnemar_p"] == pytest.approx(mcnemar_p(table[1], table[2]))
    assert body["non_inferior"] is True


def test_difference_is_a_minus_b(compared, rows):
    """Exchanging the tables changes the sign."""
    one, other = compared(rows, previous(rows)), compared(previous(rows), rows)
    assert one["auroc"]["difference"] == -other["auroc"]["difference"] > 0
    assert one["auroc"]["low"] == pytest.approx(-other["auroc"]["high"])


def test_non_inferiority_is_decided_on_the_lower_bound(compared, rows):
    """A margin smaller than the lower bound's distance refuses; no margin decides nothing."""
    body = compared(previous(rows), rows, margin=0.9)
    assert body["non_inferior"] is True
    assert compared(previous(rows), rows, margin=0.001)["non_inferior"] is False
    assert compared(previous(rows), rows)["non_inferior"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.head(590), "A has 600 rows and B 590; 10 cases stand in A alone"),
        (lambda t: t.with_columns(pl.col("patient_id") + 1), "1 cases stand in A alone and 1 in B alone"),
        (lambda t: t.with_columns(death=1 - pl.col("death")), "600 cases have another label"),
        (lambda t: t.with_columns(pl.col("patient_id") // 2), "repeats: 300 of 600"),
    ],
)
def test_other_cases_are_refused(compared, rows, change, message):
    """Fewer cases, other cases, other labels and repeated ids are no paired comparison."""
    with pytest.raises(UnreadableInput, match=message):
        compared(rows, change(previous(rows)))


def test_cases_without_a_score_are_left_out_and_counted(compared, rows):
    """A null score in B takes the pair out, and is said."""
    b = previous(rows).with_columns(pl.when(pl.col("patient_id") > 1009).then(pl.col("score")).alias("score"))
    body = compared(rows, b)
    assert (body["n"], body["excluded"]["b"]) == (590, {"null_label": 0, "null_score": 10})


def test_without_an_id_the_tables_are_two_cohorts(compared, rows, valid):
    """Unpaired: any two tables, with wider intervals."""
    body = compared(rows, previous(rows).head(400), id=None, threshold=0.5, threshold_b=0.4)
    valid(body, "comparison")
    assert (body["paired"], body["n"], body["auroc"]["method"]) == (False, 1000, "delong-unpaired")


def test_few_cases_are_suppressed(compared, rows, valid):
    """Nine pairs give no number."""
    body = compared(rows.head(9), previous(rows).head(9), threshold=0.5, margin=0.1)
    valid(body, "comparison")
    assert (body["n"], body["auroc"]["value" if "value" in body["auroc"] else "a"]) == (None, None)
    assert body["non_inferior"] is None


def test_options_that_make_no_sense(compared, rows):
    """A negative margin and a threshold for B alone are refused."""
    with pytest.raises(UsageError, match="margin"):
        compared(rows, rows, margin=-0.1)
    with pytest.raises(UsageError, match="needs one for A"):
        compared(rows, rows, threshold_b=0.1)
