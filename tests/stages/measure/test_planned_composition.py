"""Who was studied: a flow counted patient by patient, and Table 1."""

import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import ProfiledTable, evaluate
from support.plans import PLAN

RULES = (
    {"column": "partition", "operator": "in", "values": ("post",)},
    {"column": "site", "operator": "not_in", "values": ("S9",)},
)


@pytest.fixture
def membership():
    """700 patients: 100 trained on, 20 of site S9, 580 for the evaluation."""
    at = pl.col("patient_id")
    return pl.DataFrame({"patient_id": range(900, 1600)}).with_columns(
        partition=pl.when(at < 1000).then(pl.lit("train")).otherwise(pl.lit("post")),
        site=pl.when(at >= 1580).then(pl.lit("S9")).otherwise(pl.format("S{}", at % 3)),
    )


@pytest.fixture
def cohort(rows):
    """Their predictions: one row without a label, two without a score."""
    at = pl.col("patient_id")
    return rows.filter(at < 1580).with_columns(
        death=pl.when(at != 1001).then(pl.col("death")),
        score=pl.when(~at.is_in([1001, 1002])).then(pl.col("score")),
    )


def flowing(by="site"):
    return PLAN | {"analysis": {"flow": {"by": by}}}


def described(**more):
    return PLAN | {
        "analysis": {
            "table_one": {"by": "partition", "reference": "train", "columns": ["age", "ward", "site"]} | more
        }
    }


def test_the_flow_closes(request_of, cohort, membership, valid):
    """Each step begins with who was left; the analysed are the cohort's n, and the groups hold them all."""
    members = cohort.select("patient_id")
    body = evaluate(request_of(cohort, members, membership=membership, plan=flowing(), rules=RULES))
    valid(body, "evaluation")
    found = body["flow"]
    steps = [(step["step"], step["excluded"]) for step in found["steps"]]
    assert steps == [
        ("partition not in post", 100),
        ("site in S9", 20),
        ("not in the locked cohort", 0),
        ("no label", 1),
        ("no score", 1),
    ]
    left = found["screened"]
    for step in found["steps"]:
        assert step["n_in"] == left
        left = step["n_out"]
    assert left == found["analysed"] == body["cohort"]["n"] == 578
    assert sum(group["n"] for group in found["groups"]) == 578


def test_without_rules_the_locked_cohort_is_the_step(request_of, cohort, membership):
    """A cohort that no rule makes is one exclusion; small groups are hidden, and not alone."""
    members = cohort.select("patient_id")
    few = membership.with_columns(
        site=pl.when(pl.col("patient_id") == 1003).then(pl.lit("S8")).otherwise(pl.col("site"))
    )
    found = evaluate(request_of(cohort, members, membership=few, plan=flowing()))["flow"]
    assert [step["excluded"] for step in found["steps"]] == [120, 1, 1]
    hidden = [group["group"] for group in found["groups"] if group["n"] is None]
    assert len(hidden) == 2
    assert "S8" in hidden


def test_a_flow_that_does_not_close_is_undecided(request_of, cohort, membership, valid):
    """Patients whom the rules do not select, or whom the splits do not know, are named and counted."""
    members = cohort.select("patient_id")
    narrow = ({"column": "site", "operator": "in", "values": ("S0", "S1")},)
    body = evaluate(request_of(cohort, members, membership=membership, plan=flowing(), rules=narrow))
    valid(body, "evaluation")
    assert body["flow"]["analysed"] is None
    assert "are not selected by its rules" in body["flow"]["undecided"]
    short = membership.filter(pl.col("patient_id") != 1005)
    body = evaluate(request_of(cohort, members, membership=short, plan=flowing("partition")))
    assert "1 patients of the locked cohort are not in splits.parquet" in body["flow"]["undecided"]


def test_the_flow_that_the_record_states_is_checked(request_of, cohort, membership):
    """What a person wrote is added up against the table; nothing is said where it closes."""
    members = cohort.select("patient_id")

    def faults(*steps):
        declared = tuple({"step": name, "n_in": n_in, "n_out": n_out} for name, n_in, n_out in steps)
        request = request_of(cohort, members, membership=membership, plan=flowing(), declared_flow=declared)
        return evaluate(request)["flow"]["declared_faults"]

    assert faults(("all", 700, 700), ("post", 700, 600)) == []
    assert faults(("all", 701, 700)) == ["'all' begins with 701 where 700 were left"]


@pytest.fixture
def layers(tmp_path):
    """Features of all 700 patients, a number and words."""
    at = pl.col("patient_id")
    pl.DataFrame({"patient_id": range(900, 1600)}).with_columns(
        age=(at % 50).cast(pl.Float64) + pl.when(at < 1000).then(5.0).otherwise(0.0),
        ward=pl.when(at % 100 == 0).then(pl.lit("rare")).otherwise(pl.lit("common")),
    ).write_parquet(tmp_path / "features.parquet")
    return (ProfiledTable("features", "datasets/features/1", tmp_path / "features.parquet"),)


def test_table_one_reads_splits_and_features(request_of, membership, layers, valid):
    """Partitions with their sizes, a number with quartiles, and levels with small ones hidden everywhere."""
    body = evaluate(request_of(membership=membership, plan=described(), profiled=layers))
    valid(body, "evaluation")
    table = body["table_one"]
    assert table["partitions"] == [{"partition": "train", "n": 100}, {"partition": "post", "n": 600}]
    age = next(row for row in table["rows"] if row["column"] == "age")
    train, post = age["entries"]
    assert (train["n"], train["median"]) == (100, 29.5)
    expected = -5 / ((50**2 - 1) / 12 * (100 / 99 + 600 / 599) / 2) ** 0.5
    assert post["standardised_difference"]["value"] == pytest.approx(expected, rel=1e-9)
    rare = next(row for row in table["rows"] if row["level"] == "rare")
    assert all("undecided" in entry and "count" not in entry for entry in rare["entries"])
    assert "by partition of the splits; differences from train" in body["methods"]


def test_columns_may_be_called_anything(request_of, membership, tmp_path, valid):
    """A column called id, label, score or use is a column like others."""
    split = membership.with_columns(label=pl.lit("x"), score=pl.col("patient_id") % 7)
    pl.DataFrame({"patient_id": range(900, 1600)}).with_columns(
        id=pl.col("patient_id") % 11, use=pl.lit("y")
    ).write_parquet(tmp_path / "features.parquet")
    named = (ProfiledTable("features", "datasets/features/1", tmp_path / "features.parquet"),)
    plan = described(by="use", reference="other", columns=["id", "label", "score", "use"])
    plan["analysis"] = plan["analysis"] | {"flow": {"by": "label"}}
    body = evaluate(request_of(membership=split, plan=plan, profiled=named))
    valid(body, "evaluation")
    assert [row["column"] for row in body["table_one"]["rows"]] == ["id", "label", "score", "use"]
    assert body["flow"]["groups"] == [{"group": "x", "n": 600}]


def test_table_one_by_use(request_of, membership, layers, rows, tmp_path, valid):
    """Evaluated, trained on, or neither: whoever is both counts as evaluated."""
    pl.DataFrame({"patient_id": range(900, 1010)}).write_parquet(tmp_path / "training.parquet")
    members = rows.filter(pl.col("patient_id") >= 1000)
    plan = described(by="use", reference="training", columns=["age"])
    request = request_of(
        rows, members.select("patient_id"), membership=membership, plan=plan, profiled=layers,
        training=tmp_path / "training.parquet",
    )  # fmt: skip
    body = evaluate(request)
    valid(body, "evaluation")
    assert body["table_one"]["partitions"] == [
        {"partition": "training", "n": 100},
        {"partition": "evaluated", "n": 600},
    ]


def test_table_one_refuses_what_it_cannot_describe(request_of, membership, layers, tmp_path):
    """A column that no table has, a group that is not there, and a patient in two rows stop with a reason."""

    def run(plan, tables=layers, split=membership):
        return evaluate(request_of(membership=split, plan=plan, profiled=tables))

    with pytest.raises(UnreadableInput, match="describes 'height', which no table"):
        run(described(columns=["height"]))
    with pytest.raises(UnreadableInput, match="no row is of the reference partition 'pilot'"):
        run(described(reference="pilot"))
    twice = pl.concat([membership, membership.head(2).with_columns(site=pl.lit("S7"))])
    with pytest.raises(UnreadableInput, match="holds 2 patients in several rows, and Table 1 counts"):
        run(described(), split=twice)


def test_a_level_hidden_among_the_subgroups_is_hidden_here(request_of, rows, membership, layers, valid):
    """Neither the flow's groups nor Table 1 show a level that the axes hide, however large elsewhere."""
    at = pl.col("patient_id")
    split = membership.with_columns(
        site=pl.when(at.is_between(1000, 1003)).then(pl.lit("S7")).otherwise(pl.format("S{}", at % 3))
    )
    axes = [{"axis": "site", "column": "site"}]
    plan = described(columns=["site"]) | {"subgroups": axes, "criteria": PLAN["criteria"][:1]}
    plan["operating_points"] = plan["operating_points"][:1]
    plan["analysis"] = plan["analysis"] | {"flow": {"by": "site"}}
    body = evaluate(request_of(membership=split, plan=plan, profiled=layers))
    valid(body, "evaluation")
    hidden = {group["level"] for group in body["subgroups"] if group["suppressed"]}
    assert "S7" in hidden
    assert len(hidden) == 2
    assert {group["group"] for group in body["flow"]["groups"] if group["n"] is None} == hidden
    rows_of = {row["level"]: row["entries"] for row in body["table_one"]["rows"]}
    for level in hidden:
        assert all("undecided" in entry and "count" not in entry for entry in rows_of[level])
    assert all("count" in entry for level in set(rows_of) - hidden for entry in rows_of[level])
