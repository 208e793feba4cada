"""`compare`: paired by id, or two cohorts."""

from dataclasses import replace

import polars as pl
import pytest

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import CompareRequest, MeasureRequest, compare_tables, measure_table
from muniment.measure.proportions import mcnemar_p, paired_difference


def tabled(request):
    """What `compare` found; its table for people has a row a metric, and each says a number or why not."""
    found = compare_tables(request)
    head, *rows = found.table()
    body = found.as_json()
    assert [row[0] for row in rows] == [item.metric for item in found.differences]
    for row in rows:
        item = dict(zip(head[1:], row[1:], strict=True))
        difference = body[row[0]]["difference"]
        assert item["A − B"] == ("" if difference is None else f"{difference:+.4f}")
        assert item[f"{request.level * 100:g} % interval"]
        assert item["method"] == body[row[0]]["method"]
    return found


@pytest.fixture
def compared(tmp_path):
    def run(a, b, **options):
        a.write_parquet(tmp_path / "a.parquet")
        b.write_parquet(tmp_path / "b.parquet")
        options = {"id": "patient_id"} | options
        return tabled(
            CompareRequest(
                str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "death", "score", **options
            )
        ).as_json()

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
        rates = {e.metric: e for e in alone.estimates}
        for metric in ("auroc", "sensitivity", "specificity"):
            found, item = body[metric], rates[metric]
            assert found[side] == pytest.approx(item.value, abs=1e-12)
            assert (found[f"{side}_low"], found[f"{side}_high"]) == pytest.approx((item.low, item.high))
            assert (found[f"{side}_method"], found[f"{side}_n"]) == (item.method, item.n)
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
    assert (body["auroc"]["a_n"], body["auroc"]["b_n"]) == (600, 400)
    events = rows["death"].sum(), rows["death"].head(400).sum()
    assert (body["sensitivity"]["a_n"], body["sensitivity"]["b_n"]) == events
    assert (body["specificity"]["a_n"], body["specificity"]["b_n"]) == (600 - events[0], 400 - events[1])


def test_two_columns_of_one_table_are_compared(rows, tmp_path):
    """With another name for B's score, one file is both tables."""
    path = str(tmp_path / "both.parquet")
    rows.write_parquet(path)
    request = CompareRequest(path, path, "death", "score", "score_previous", id="patient_id", threshold=0.5)
    found = tabled(request)
    previous(rows).write_parquet(tmp_path / "b.parquet")
    assert found == tabled(replace(request, b=str(tmp_path / "b.parquet"), score_b=None))
    with pytest.raises(UnreadableInput, match="no column 'score_prev'"):
        tabled(replace(request, score_b="score_prev"))


def test_scores_turned_round_give_the_same_differences(compared, rows, valid):
    """Where low scores speak for an event, the mirrored scores and thresholds give the mirrored calls."""
    turned = (
        rows.with_columns(score=1 - pl.col("score")),
        previous(rows).with_columns(score=1 - pl.col("score")),
    )
    for identifier in ("patient_id", None):
        options = {"id": identifier, "margin": 0.05}
        one = compared(rows, previous(rows), threshold=0.5001, threshold_b=0.4001, **options)
        other = compared(*turned, threshold=0.4999, threshold_b=0.5999, lower_is_positive=True, **options)
        valid(other, "comparison")
        assert "A score at or below" not in one["methods"]
        assert "a score at or below 0.4999 in A and 0.5999 in B counts as positive" in other["methods"]
        for metric in ("auroc", "sensitivity", "specificity"):
            assert {k: v for k, v in other[metric].items() if not isinstance(v, str)} == pytest.approx(
                {k: v for k, v in one[metric].items() if not isinstance(v, str)}
            )


def test_one_class_leaves_what_can_be_said(compared, rows, valid):
    """Without events there is no area and no sensitivity; the specificity stands."""
    alive = rows.with_columns(death=pl.lit(0))
    for identifier in ("patient_id", None):
        body = compared(alive, previous(alive), id=identifier, threshold=0.5, margin=0.1)
        valid(body, "comparison")
        assert body["auroc"]["undecided"] == "one class only"
        assert (body["auroc"]["a"], body["auroc"]["a_n"], body["sensitivity"]["b_n"]) == (None, 600, 0)
        assert body["specificity"]["difference"] is not None


def test_what_was_done_is_said(compared, rows, tmp_path):
    """Thresholds, what was left out, the margin and its outcome stand in sentences."""
    b = previous(rows).with_columns(pl.when(pl.col("patient_id") > 1009).then(pl.col("score")).alias("score"))
    options = {"threshold": 0.5, "threshold_b": 0.4}
    said = compared(rows, b, margin=0.05, **options)["methods"]
    for sentence in (
        "Of 600 rows of A 0 were left out",
        "Of 600 rows of B 10 were left out (0 without a label, 10 without a score).",
        "590 cases stand in both.",
        "a score at or above 0.5 in A and 0.4 in B counts as positive.",
        "lies above −0.05.",
    ):
        assert sentence in said
    names = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    request = CompareRequest(*names, "death", "score", id="patient_id", margin=0.05)
    assert tabled(request).verdict().startswith("A is non-inferior to B at a margin of 0.05: the lower bound")
    other = CompareRequest(*reversed(names), "death", "score", id="patient_id", margin=0.001)
    assert "is not shown to be non-inferior" in tabled(other).verdict()
    assert tabled(replace(request, margin=None)).verdict() is None
    assert tabled(replace(request, min_n=1000)).verdict() == (
        "Non-inferiority is undecided: fewer than 1000 rows."
    )


def test_few_cases_are_suppressed(compared, rows, valid):
    """Nine pairs give no number."""
    body = compared(rows.head(9), previous(rows).head(9), threshold=0.5, margin=0.1)
    valid(body, "comparison")
    for metric in ("auroc", "sensitivity", "specificity"):
        assert {body[metric][key] for key in ("a", "a_low", "a_n", "b", "b_n", "difference", "low")} == {None}
        assert body[metric]["undecided"] == "fewer than 10 rows"
    assert (body["n"], body["events"], body["non_inferior"], "excluded" in body) == (None, None, None, False)


def test_options_that_make_no_sense(compared, rows):
    """A negative margin and a threshold for B alone are refused."""
    with pytest.raises(UsageError, match="margin"):
        compared(rows, rows, margin=-0.1)
    with pytest.raises(UsageError, match="needs one for A"):
        compared(rows, rows, threshold_b=0.1)
