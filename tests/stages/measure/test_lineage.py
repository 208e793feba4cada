"""Attribution, composition and profiles: what tells a better model from other data."""

import numpy as np
import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import AttributionTable, CompareRequest, ProfiledTable, compare_tables
from muniment.measure.attribution import attribution
from muniment.measure.membership import by_rules, distribution, training_overlap
from muniment.measure.profiles import profiles


def cases(n, start, seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(n)
    return pl.DataFrame(
        {
            "patient_id": np.arange(start, start + n),
            "label": (rng.random(n) < truth).astype(np.int64),
            "score_old": np.clip(truth + rng.normal(0, 0.5, n), 0, 1).round(6),
            "score_new": np.clip(truth + rng.normal(0, 0.2, n), 0, 1).round(6),
        }
    )


OLD, NEW = cases(300, 0, 1), cases(400, 1000, 2)
RELEASED = NEW.select(pl.col("patient_id").cast(pl.String), score="score_new")


def table(tmp_path, old=OLD, new=NEW, axis="cohort"):
    both = [part.with_columns(condition=pl.lit(name)) for name, part in (("old", old), ("new", new))]
    path = tmp_path / "attribution.parquet"
    pl.concat(both).write_parquet(path)
    return AttributionTable(axis, path)


def effect(body, name):
    return next(item for item in body["effects"] if item["effect"] == name)


def cell(body, model, condition):
    return next(c for c in body["cells"] if (c["model"], c["condition"]) == (model, condition))


def compared(tmp_path, a, b, column_a, column_b, paired):
    for name, frame, column in (("a", a, column_a), ("b", b, column_b)):
        frame.select("patient_id", "label", score=column).write_parquet(tmp_path / f"{name}.parquet")
    names = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    return compare_tables(
        CompareRequest(*names, "label", "score", id="patient_id" if paired else None)
    ).as_json()


def test_cells_and_effects_are_those_of_compare(tmp_path):
    """The model's effect is the paired comparison, the cohort's effect the unpaired one."""
    (body,) = attribution([table(tmp_path)], RELEASED, 0.95, 10)
    paired = compared(tmp_path, NEW, NEW, "score_new", "score_old", paired=True)["auroc"]
    unpaired = compared(tmp_path, NEW, OLD, "score_new", "score_new", paired=False)["auroc"]
    for name, wanted in (("model_on_new", paired), ("condition_for_new", unpaired)):
        found = effect(body, name)
        assert found["value"] == pytest.approx(wanted["difference"], abs=1e-12)
        assert (found["low"], found["high"]) == pytest.approx((wanted["low"], wanted["high"]), abs=1e-12)
    assert cell(body, "old", "new")["value"] == pytest.approx(paired["b"], abs=1e-12)
    assert (cell(body, "new", "old")["n"], cell(body, "new", "new")["n"]) == (300, 400)


def test_the_interaction_is_the_difference_of_the_model_effects(tmp_path):
    """On independent cohorts its variance is the sum of theirs, so its interval is the wider one."""
    (body,) = attribution([table(tmp_path)], RELEASED, 0.95, 10)
    new, old, both = (effect(body, name) for name in ("model_on_new", "model_on_old", "interaction"))
    assert both["value"] == pytest.approx(new["value"] - old["value"], abs=1e-12)
    half = [(item["high"] - item["low"]) / 2 for item in (new, old, both)]
    assert half[2] == pytest.approx(np.hypot(half[0], half[1]), abs=1e-12)


def test_the_same_patients_on_other_features_are_paired(tmp_path):
    """A condition that changes nothing has no effect, and no width: the patients cancel out."""
    (body,) = attribution([table(tmp_path, NEW, NEW, "features")], RELEASED, 0.95, 10)
    for name in ("condition_for_old", "condition_for_new", "interaction"):
        found = effect(body, name)
        assert (found["value"], found["low"], found["high"]) == (0, 0, 0)
    assert effect(body, "model_on_new")["value"] > 0


def test_the_order_of_rows_does_not_matter(tmp_path):
    """Equal rows give equal bytes."""
    (body,) = attribution([table(tmp_path)], RELEASED, 0.95, 10)
    (shuffled,) = attribution(
        [table(tmp_path, OLD.sample(fraction=1, shuffle=True, seed=3), NEW.reverse())], RELEASED, 0.95, 10
    )
    assert shuffled == body


def test_a_small_condition_is_suppressed(tmp_path):
    """A cell of fewer rows than the minimum shows nothing, and neither does an effect that rests on it."""
    (body,) = attribution([table(tmp_path, OLD.head(9))], RELEASED, 0.95, 10)
    hidden = cell(body, "old", "old")
    assert (hidden["value"], hidden["n"], hidden["events"]) == (None, None, None)
    assert all(item["value"] is None for item in body["effects"])


@pytest.mark.parametrize(
    ("old", "new", "axis", "words"),
    [
        (OLD, NEW.with_columns(pl.col("score_new") + 1), "cohort", "400 have another score"),
        (OLD, OLD, "cohort", "300 are not in the locked cohort"),
        (NEW.head(20), NEW, "cohort", "stand in the old and in the new cohort"),
        (NEW.head(20), NEW, "features", "are not the same"),
        (OLD.with_columns(label=pl.lit(2, pl.Int64)), NEW, "cohort", "300 rows lack a value"),
        (pl.concat([OLD, OLD]), NEW, "cohort", "patients repeat"),
    ],
)
def test_a_table_about_something_else_is_refused(tmp_path, old, new, axis, words):
    """A two-by-two of other scores, patients or labels than the release's proves nothing."""
    with pytest.raises(UnreadableInput, match=words):
        attribution([table(tmp_path, old, new, axis)], RELEASED, 0.95, 10)


@pytest.fixture
def places(tmp_path):
    """A membership table of 100 patients, and the 40 of them who are the cohort."""
    ids = pl.DataFrame({"patient_id": range(100)})
    membership = ids.with_columns(
        partition=pl.when(pl.col("patient_id") < 60).then(pl.lit("train")).otherwise(pl.lit("test")),
        site=pl.when(pl.col("patient_id") < 95).then(pl.lit("S1")).otherwise(pl.lit("S2")),
        quarter=pl.lit("2024Q1"),
    )
    membership.write_parquet(tmp_path / "membership.parquet")
    ids.filter(pl.col("patient_id") >= 60).write_parquet(tmp_path / "members.parquet")
    return tmp_path / "membership.parquet", tmp_path / "members.parquet"


def rule(column, operator, *values):
    return {"column": column, "operator": operator, "values": values}


def test_rules_are_carried_out_step_by_step(places):
    """Right rules give exactly the members; other rules say how many they miss and add."""
    assert by_rules([rule("partition", "in", "test")], *places) == {
        "selected": 40, "missing": 0, "extra": 0, "steps": [40],
    }  # fmt: skip
    narrow = by_rules([rule("partition", "in", "test"), rule("site", "not_in", "S2")], *places)
    assert narrow == {"selected": 35, "missing": 0, "extra": 5, "steps": [40, 35]}
    assert by_rules([rule("site", "in", "S1")], *places)["missing"] == 60
    with pytest.raises(UnreadableInput, match="'ward'"):
        by_rules([rule("ward", "in", "A")], *places)


def test_the_composition_hides_small_levels(places):
    """A site of fewer patients than the minimum shows its name and no number."""
    assert distribution(*places, min_n=10) == [
        {"column": "site", "level": "S1", "n": 35},
        {"column": "site", "level": "S2", "n": None},
        {"column": "quarter", "level": "2024Q1", "n": 40},
    ]


def test_overlap_with_training_counts_patients(places, tmp_path):
    """A patient who shaped the model and is evaluated is counted once, however often listed."""
    pl.DataFrame({"patient_id": [1, 2, 61, 61, 62]}).write_parquet(tmp_path / "trained.parquet")
    assert training_overlap(tmp_path / "trained.parquet", places[1]) == 2


def test_a_profile_shows_columns_and_no_patient(tmp_path):
    """Types, missing values and range violations are seen; the one extreme value is not."""
    frame = pl.DataFrame(
        {
            "patient_id": range(100),
            "age": [float(i) for i in range(98)] + [None, 1234.5],
            "sex": ["f", "m"] * 50,
        }
    )
    frame.write_parquet(tmp_path / "features.parquet")
    (body,) = profiles(
        [ProfiledTable("features", "datasets/features/1", tmp_path / "features.parquet", {"age": (0, 120)})]
    )
    age, sex = body["columns"]
    assert (age["type"], age["missing"], age["out_of_range"], age["distinct"]) == ("numeric", 0.01, 1, 99)
    assert (sex["type"], sex["mean"], sex["out_of_range"]) == ("text", None, None)
    assert 1234.5 not in age.values()
    frame.rename({"age": "years"}).write_parquet(tmp_path / "features.parquet")
    (other,) = profiles([ProfiledTable("features", "datasets/features/1", tmp_path / "features.parquet")])
    assert other["schema_sha256"] != body["schema_sha256"]
