"""The cohort of an evaluation: its levels, what is hidden, where it comes from."""

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from muniment.errors import UnreadableInput
from muniment.measure import AttributionTable, ProfiledTable, evaluate
from support.plans import PLAN


def test_each_level_is_compared_with_everybody_else(request_of, rows):
    """Women against men, by scikit-learn's areas and Newcombe's interval; hidden levels have no number."""
    body = evaluate(request_of())
    (women,) = [g for g in body["subgroups"] if g["level"] == "female"]
    (men,) = [g for g in body["subgroups"] if g["level"] == "male"]
    assert [d["metric"] for d in women["deltas"]] == ["auroc", "sensitivity", "specificity", "ppv"]
    for one, other in zip(women["deltas"], men["deltas"], strict=True):
        assert one["difference"] == pytest.approx(-other["difference"])
        assert (one["low"], one["n"]) == (pytest.approx(-other["high"]), other["n_rest"])
    sides = [rows.filter((pl.col("sex") == "female") == side) for side in (True, False)]
    mine, theirs = (roc_auc_score(side["death"], side["score"]) for side in sides)
    assert women["deltas"][0]["difference"] == pytest.approx(mine - theirs)
    for group in [g for g in body["subgroups"] if g["suppressed"]]:
        for delta in group["deltas"]:
            numbers = ("value", "rest", "difference", "low", "high", "n", "n_rest")
            assert [delta[key] for key in numbers] == [None] * 7
    (c,) = [g for g in body["subgroups"] if g["level"] == "c"]
    assert c["deltas"][0]["n_rest"] == 600 - c["n"]


def test_hidden_levels_leave_no_number_anywhere(request_of, rows):
    """Neither cohort, subgroups, comparisons nor criteria hold a number of a suppressed level."""
    body = evaluate(request_of())
    for part in ("a", "b"):
        assert [(c["n"], c["events"]) for c in body["cohort"]["by"] if c["level"] == part] == [(None, None)]
        for c in [c for c in body["comparisons"] if c["cohort"] == {"race": part}]:
            assert (c["a"], c["b"], c["difference"], c["n"], c["p"]) == (None,) * 5
            assert c["suppressed"] is True
    assert len([c for c in body["comparisons"] if c["suppressed"]]) == 2 * 3 + 2 * 1


def test_thresholds_by_level_apply_to_their_level(request_of, rows):
    """Women are called from 0.3, all others from 0.4."""
    body = evaluate(request_of())
    calls = rows["score"] >= pl.Series([0.3 if sex == "female" else 0.4 for sex in rows["sex"]])
    tp = (calls & (rows["death"] == 1)).sum()
    assert [e["value"] for e in body["estimates"] if (e["metric"], e["threshold"]) == ("tp", "by-sex")] == [
        tp
    ]


def test_a_level_without_threshold_is_refused(request_of):
    """Thresholds by level without one for the others must cover every level."""
    points = [{"id": "locked", "threshold": None, "by": {"column": "sex", "thresholds": {"female": 0.3}}}]
    with pytest.raises(UnreadableInput, match="no threshold for sex 'male'"):
        evaluate(request_of(plan=PLAN | {"operating_points": points}))


def test_axes_that_only_the_splits_know(request_of):
    """Site stands in the membership table and is joined by patient."""
    body = evaluate(request_of())
    assert [(c["level"], c["n"]) for c in body["cohort"]["by"] if c["axis"] == "site"] == [
        ("S0", 200), ("S1", 200), ("S2", 200)]  # fmt: skip


def test_splits_count_patients_and_overlaps(request_of):
    """Two patients who are in both partitions are found."""
    ids = pl.DataFrame({"patient_id": [*range(1000, 1600), 1, 2, 1000, 1001]})
    split = ids.with_columns(partition=pl.Series(["post"] * 600 + ["train"] * 4), site=pl.lit("S1"))
    body = evaluate(request_of(membership=split))
    assert body["splits"] == {
        "sizes": [{"partition": "post", "n": 600}, {"partition": "train", "n": 4}],
        "overlap": [{"a": "post", "b": "train", "unit": "patient", "n": 2}],
    }
    assert body["cohort"]["n"] == 600


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.head(595), "of its 595 patients 0 are not in members.parquet, and of that cohort's 600 "
                                "patients 5 have no prediction"),
        (lambda t: t.with_columns(pl.col("patient_id") + 2), "600 patients 2 are not in .* 2 have no"),
        (lambda t: pl.concat([t, t.head(3)]), "of 603 rows 3 have the id of an earlier row"),
        (lambda t: t.drop("death"), "no column 'death'"),
        (lambda t: t.drop("race"), "no column 'race'"),
        (lambda t: t.drop("score_previous"), "no column 'score_previous'"),
        (lambda t: t.drop("patient_id"), "no column 'patient_id'"),
    ],
)  # fmt: skip
def test_other_cohorts_and_missing_columns_are_refused(request_of, rows, change, message):
    """Fewer, other or repeated patients, or a missing column, stop with counts and names."""
    with pytest.raises(UnreadableInput, match=message):
        evaluate(request_of(change(rows)))


def test_lineage_is_measured_where_it_is_asked_for(request_of, rows, tmp_path, valid):
    """Two-by-two, profiles, rules and overlap are in the body when their tables are, and in its shape."""
    plain = evaluate(request_of())
    assert (plain["attribution"], plain["profiles"]) == ([], [])
    assert "training_overlap" not in plain["splits"]
    crossed = rows.select("patient_id", label="death", score_old="score_previous", score_new="score")
    conditions = [crossed.with_columns(condition=pl.lit(name)) for name in ("old", "new")]
    pl.concat(conditions).write_parquet(tmp_path / "crossed.parquet")
    full = evaluate(
        request_of(
            training=tmp_path / "members.parquet",
            rules=({"column": "partition", "operator": "in", "values": ("post",)},),
            attribution=(AttributionTable("features", tmp_path / "crossed.parquet"),),
            profiled=(ProfiledTable("labels", "datasets/labels/1", tmp_path / "predictions.parquet"),),
        )
    )
    valid(full, "evaluation")
    assert full["splits"]["training_overlap"] == 600
    assert full["cohort"]["rules"] == {"selected": 600, "missing": 0, "extra": 0, "steps": [600]}
    assert len(full["attribution"][0]["cells"]) == 4
