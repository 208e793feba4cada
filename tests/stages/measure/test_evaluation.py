"""Running a locked plan: exactly it, on exactly the locked cohort, to the same bytes."""

import json
from dataclasses import replace

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from muniment.errors import UnreadableInput
from muniment.measure import (
    AttributionTable,
    EvaluationRequest,
    MeasureRequest,
    ProfiledTable,
    differences,
    evaluate,
    measure_table,
)
from muniment.measure import evaluation_bytes as as_bytes
from muniment.measure.compare import areas
from muniment.model.tree import frozen

OPERATIONAL = {
    "schema": "muniment/operational/v1",
    "metrics": [
        {"metric": "latency_p95_ms", "value": 0.1508123456789012, "low": 0.14, "high": 0.157, "level": 0.95,
         "n": 1000, "method": "order-statistics", "unit": "ms", "origin": "measured", "note": "Timed."},
        {"metric": "uptime", "value": 0.999, "low": None, "high": None, "level": None, "n": 40320,
         "method": "count", "unit": "proportion", "origin": "enacted", "note": ""},
    ],
}  # fmt: skip


def criterion(name, metric, operator, threshold, on, domain="clinical", **more):
    return {"id": name, "domain": domain, "metric": metric, "operator": operator, "threshold": threshold,
            "on": on, "rationale": "because"} | more  # fmt: skip


PLAN = {
    "endpoint": {"label": "death", "positive": 1, "horizon_days": 180},
    "operating_points": [
        {"id": "locked", "threshold": 0.4, "rationale": "r"},
        {"id": "by-sex", "threshold": 0.4, "rationale": "r",
         "by": {"column": "sex", "thresholds": {"female": 0.3}}},
    ],
    "interval": {"level": 0.95, "proportions": "wilson", "auroc": "delong", "replicates": 200},
    "subgroups": [{"axis": "gender", "column": "sex"}, {"axis": "race", "column": "race"},
                  {"axis": "site", "column": "site"}],
    "min_n": 10,
    "min_events": 5,
    "comparators": [
        {"id": "previous", "release": "releases/1.0.0", "column": "score_previous", "title": "t",
         "operating_point": {"threshold": 0.4}},
        {"id": "published", "column": "score_previous", "title": "t"},
    ],
    "criteria": [
        criterion("auroc", "auroc", ">=", 0.75, "lower"),
        criterion("too-high", "auroc", ">=", 0.95, "point"),
        criterion("slope", "calibration_slope", "within", [0.5, 1.5], "interval", "calibration"),
        criterion("gender", "sensitivity", ">=", 0.5, "lower", "subgroup", each="gender"),
        criterion("race", "sensitivity", ">=", 0.5, "lower", "subgroup", each="race"),
        criterion("female", "sensitivity", ">", 0.5, "lower", "subgroup", cohort={"gender": "female"},
                  operating_point="by-sex"),
        criterion("previous", "auroc", ">", 0, "lower", against="previous"),
        criterion("specificity", "specificity", ">=", -0.5, "lower", against="previous"),
        criterion("published", "sensitivity", ">=", -0.5, "lower", against="published"),
        criterion("latency", "latency_p95_ms", "<=", 200, "upper", "operational"),
        criterion("uptime", "uptime", ">=", 0.99, "lower", "operational"),
        criterion("absent", "fallback_success", ">=", 0.99, "point", "operational"),
        criterion("unknown", "f2", ">=", 0.5, "point"),
        criterion("nobody", "auroc", ">=", 0.5, "point", "subgroup", cohort={"race": "z"}),
    ],
}  # fmt: skip


@pytest.fixture
def request_of(tmp_path, rows):
    """A request over written tables, with anything replaced."""

    def make(predictions=rows, members=None, membership=None, plan=PLAN, **more) -> EvaluationRequest:
        members = rows.select("patient_id") if members is None else members
        if membership is None:
            everybody = pl.DataFrame({"patient_id": range(900, 1600)})
            membership = everybody.with_columns(
                partition=pl.when(pl.col("patient_id") < 1000)
                .then(pl.lit("train"))
                .otherwise(pl.lit("post")),
                site=pl.format("S{}", pl.col("patient_id") % 3),
            )
        for name, table in {"predictions": predictions, "members": members, "splits": membership}.items():
            table.write_parquet(tmp_path / f"{name}.parquet")
        request = EvaluationRequest(
            device="example",
            release="1.2.0",
            plan_id="plans/1",
            plan=frozen(plan),
            plan_sha256="ab" * 32,
            operating_point="locked",
            predictions=tmp_path / "predictions.parquet",
            members=tmp_path / "members.parquet",
            membership=tmp_path / "splits.parquet",
            id="patient_id",
            label="death",
            score="score",
            operational=frozen(OPERATIONAL),
            inputs=(
                {"role": "predictions", "path": "releases/1.2.0/predictions.parquet", "sha256": "0" * 64},
            ),
            limitations=("Not validated in children.",),
        )
        return replace(request, **more)

    return make


def entries(body, name):
    return [entry for entry in body["criteria"] if entry["id"] == name]


def outcome(body, name):
    (entry,) = entries(body, name)
    return entry["outcome"]


def test_shape_is_valid(request_of, valid):
    """The body follows the published schema, inputs with their rows."""
    body = evaluate(request_of())
    valid(body, "evaluation")
    assert body["inputs"][0]["rows"] == 600
    assert body["seed"] == "ab" * 32


def test_numbers_are_those_of_measure(request_of, tmp_path):
    """The evaluation says what `measure` says of the same table."""
    body = evaluate(request_of())
    alone = measure_table(
        MeasureRequest(
            str(tmp_path / "predictions.parquet"), "death", "score", thresholds=(0.4,), by=(("sex",),)
        )
    )
    drawn = ("ece", "ici", "e50", "e90")
    mine = {
        e["metric"]: (e["value"], e["low"])
        for e in body["estimates"]
        if e["threshold"] != "by-sex" and e["metric"] not in drawn
    }
    theirs = [e.as_json() for e in alone.estimates if e.metric not in drawn]
    assert mine == {e["metric"]: (e["value"], e["low"]) for e in theirs if not e["cohort"]}
    (female,) = [g for g in body["subgroups"] if (g["axis"], g["level"]) == ("gender", "female")]
    expected = [e["value"] for e in theirs if e["cohort"] == {"sex": "female"}]
    found = [e for e in female["estimates"] if e["metric"] not in drawn and e["threshold"] != "by-sex"]
    assert [e["value"] for e in found] == expected


def test_calibration_errors_are_those_of_measure_with_the_seed_of_the_plan(request_of, tmp_path):
    """The SHA-256 of the plan, folded, is the seed; the number of replicates is the plan's."""
    digest = "0123456789abcdef" + "00" * 16 + "ffffffffffffffff"
    body = evaluate(request_of(plan_sha256=digest))
    alone = measure_table(
        MeasureRequest(
            str(tmp_path / "predictions.parquet"),
            "death",
            "score",
            bootstrap=200,
            seed=0x0123456789ABCDEF ^ 0xFFFFFFFFFFFFFFFF,
        )
    )
    drawn = ("ece", "ici", "e50", "e90")
    theirs = [e.as_json() for e in alone.estimates if e.metric in drawn]
    assert [e for e in body["estimates"] if e["metric"] in drawn] == theirs
    assert all(e["low"] <= e["value"] <= e["high"] for e in theirs)
    flexible = body["curves"]["flexible"]
    assert (flexible["replicates"], flexible["seed"], flexible["lost"]) == (200, "fedcba9876543210", 0)
    for group in body["subgroups"]:
        assert all(e["value"] is None for e in group["estimates"] if e["metric"] in drawn)


def test_a_plan_that_names_no_number_of_replicates_gets_a_thousand(request_of):
    """The number is stated where the curve is, and in the methods."""
    plan = PLAN | {"interval": {k: v for k, v in PLAN["interval"].items() if k != "replicates"}}
    body = evaluate(request_of(plan=plan))
    assert body["curves"]["flexible"]["replicates"] == 1000
    assert "of 1000 bootstrap replicates" in body["methods"]


def test_the_plan_states_range_and_prevalence(request_of, valid):
    """The decision curve keeps to the plan's thresholds; predictive values stand at its prevalence."""
    body = evaluate(request_of(plan=PLAN | {"utility": {"thresholds": [0.2, 0.5], "prevalence": 0.1}}))
    valid(body, "evaluation")
    thresholds = [point["threshold"] for point in body["curves"]["decision"]]
    assert 0.2 == thresholds[0] < 0.45 < thresholds[-1] <= 0.5
    found = [e for e in body["estimates"] if e["metric"] == "ppv_at_prevalence"]
    assert [(e["threshold"], e["prevalence"]) for e in found] == [("locked", 0.1), ("by-sex", 0.1)]
    with pytest.raises(UnreadableInput, match="no range below 1"):
        evaluate(request_of(plan=PLAN | {"utility": {"thresholds": [0.5, 0.2]}}))


def test_curves_agree_with_each_other(request_of):
    """Precision and recall stand at the ROC's thresholds; net benefit at the locked one is the estimate."""
    body = evaluate(request_of())
    curves, events = body["curves"], body["cohort"]["events"]
    others = 600 - events
    assert len(curves["precision_recall"]) == len(curves["roc"]) - 1
    for roc, point in zip(curves["roc"][1:], curves["precision_recall"], strict=True):
        tp, fp = roc["tpr"] * events, roc["fpr"] * others
        assert (point["threshold"], point["recall"]) == (roc["threshold"], roc["tpr"])
        assert point["precision"] == pytest.approx(tp / (tp + fp))
    (at,) = [point for point in curves["decision"] if point["threshold"] == 0.4]
    (benefit,) = [e for e in body["estimates"] if (e["metric"], e["threshold"]) == ("net_benefit", "locked")]
    assert (at["model"], at["model_low"], at["model_high"]) == (
        benefit["value"],
        benefit["low"],
        benefit["high"],
    )
    assert at["all"] == pytest.approx(events / 600 - others / 600 * 0.4 / 0.6)


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


def test_criteria_are_judged_on_the_bound_they_name(request_of):
    """Point, lower, upper and whole interval each decide as written."""
    body = evaluate(request_of())
    outcomes = {entry["id"]: entry["outcome"] for entry in body["criteria"] if not entry["each"]}
    assert outcomes == {
        "auroc": "met",
        "too-high": "unmet",
        "slope": "met",
        "female": "met",
        "previous": "met",
        "specificity": "met",
        "published": "undecided",
        "latency": "met",
        "uptime": "undecided",
        "absent": "undecided",
        "unknown": "undecided",
        "nobody": "undecided",
    }
    (auroc,) = entries(body, "auroc")
    assert auroc["message"] == f"lower bound {auroc['low']:.3g} of auroc (n 600) is at or above 0.75"
    assert entries(body, "uptime")[0]["message"] == "uptime has no lower bound"


@pytest.mark.parametrize("on", ["point", "lower", "upper", "interval"])
@pytest.mark.parametrize("operator", [">=", "<=", ">", "<"])
def test_a_number_at_its_limit(request_of, on, operator):
    """A number equal to the limit satisfies `>=` and `<=` and neither `>` nor `<`."""
    exact = {"metrics": [{"metric": "m", "value": 0.75, "low": 0.75, "high": 0.75}]}
    plan = PLAN | {"criteria": [criterion("c", "m", operator, 0.75, on, "operational")]}
    body = evaluate(request_of(plan=plan, operational=exact))
    assert outcome(body, "c") == ("met" if "=" in operator else "unmet")


def test_a_message_never_contradicts_its_outcome(request_of):
    """A bound just below the limit is not printed as the limit."""
    close = {"metrics": [{"metric": "m", "value": 0.74999999, "low": None, "high": None}]}
    plan = PLAN | {"criteria": [criterion("c", "m", ">=", 0.75, "point", "operational")]}
    (entry,) = evaluate(request_of(plan=plan, operational=close))["criteria"]
    assert (entry["outcome"], entry["message"]) == ("unmet", "value 0.74999999 of m is below 0.75")


def test_each_level_has_an_entry_and_a_suppressed_one_is_undecided(request_of):
    """A small level is undecided, marked, and shows no number; so is the level that protects it."""
    body = evaluate(request_of())
    assert [entry["cohort"] for entry in entries(body, "gender")] == [
        {"gender": "female"},
        {"gender": "male"},
    ]
    race = {entry["cohort"]["race"]: entry for entry in entries(body, "race")}
    assert race["c"]["outcome"] == "met"
    for level, reason in (("a", "fewer than 10 rows"), ("b", "withheld to protect a smaller level")):
        entry = race[level]
        assert (entry["outcome"], entry["suppressed"]) == ("undecided", True)
        assert entry["message"] == f"suppressed: {reason}"
        assert (entry["value"], entry["low"], entry["n"], entry["events"]) == (None,) * 4


def test_a_level_with_few_events_is_described_and_not_judged(request_of):
    """Under `each` it is undecided with its numbers; a criterion that names the level judges it."""
    body = evaluate(request_of(plan=PLAN | {"min_events": 200}))
    assert all(entry["descriptive"] and entry["value"] for entry in entries(body, "gender"))
    assert {entry["outcome"] for entry in entries(body, "gender")} == {"undecided"}
    assert outcome(body, "female") == "met"


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_n": None}, "cannot be run"),
        ({"criteria": [criterion("c", "auroc", "~", 1, "point")]}, "operator '~'"),
        ({"criteria": [criterion("c", "auroc", "within", 1, "point")]}, "cannot be run"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(request_of, change, message):
    """A plan is run whole or not at all."""
    with pytest.raises(UnreadableInput, match=message):
        evaluate(request_of(plan=PLAN | change))
    with pytest.raises(UnreadableInput, match="no field 'interval'"):
        evaluate(request_of(plan={k: v for k, v in PLAN.items() if k != "interval"}))
    with pytest.raises(UnreadableInput, match="no operating point 'other'"):
        evaluate(request_of(operating_point="other"))


def test_a_rerun_gives_the_same_bytes_whatever_the_order_of_rows(request_of, rows):
    """Rows, members and membership in any order and chunking: one evaluation."""
    once = as_bytes(evaluate(request_of()))
    shuffled = rows.sample(fraction=1, shuffle=True, seed=4)
    chunked = pl.concat([shuffled[k * 50 : k * 50 + 50] for k in range(12)], rechunk=False)
    assert as_bytes(evaluate(request_of(chunked, members=shuffled.select("patient_id")))) == once
    assert once.endswith(b"}\n")
    assert json.loads(once)["cohort"]["rows"] == 600


def test_differences_name_what_changed(request_of, rows):
    """Nothing on equal bytes; one changed label shows in counts; the producer does not count."""
    body = json.loads(as_bytes(evaluate(request_of())))
    assert differences(body, frozen(body)) == []
    assert differences(body, body | {"producer": {"tool": "another"}}) == []
    flipped = rows.with_columns(
        death=pl.when(pl.col("patient_id") == 1005).then(1 - pl.col("death")).otherwise(pl.col("death"))
    )
    found = differences(body, json.loads(as_bytes(evaluate(request_of(flipped)))))
    assert "/cohort/events" in {item["pointer"] for item in found}
    assert {item["outcome"] for item in found} == {"differs"}


@pytest.mark.parametrize(
    ("recorded", "recomputed", "expected"),
    [
        (0.5, 0.5 + 5e-10, "within 1e-9"),
        (0.5, 0.5 + 5e-9, "differs"),
        (5, 6, "differs"),
        (5, 5.0, "differs"),
        (True, 1, "differs"),
        (None, 0.5, "differs"),
        ("met", "unmet", "differs"),
        (float("nan"), 0.5, "differs"),
        ([1], [1, 2], "differs"),
    ],
)
def test_tolerance_is_for_floats_only(recorded, recomputed, expected):
    """A float may differ in its last digits, and is named; a count or a word may not differ."""
    (item,) = differences({"x": recorded}, {"x": recomputed})
    assert item["outcome"] == expected
    json.dumps(item, allow_nan=False)


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


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.8, 1.2, "met"), (0.79, 1.2, "unmet"), (0.8, 1.21, "unmet")]
)
def test_an_interval_lies_within_or_does_not(request_of, low, high, expected):
    """Both ends must lie between the limits, the limits included."""
    exact = {"metrics": [{"metric": "m", "value": 1.0, "low": low, "high": high}]}
    plan = PLAN | {"criteria": [criterion("c", "m", "within", [0.8, 1.2], "interval", "operational")]}
    assert outcome(evaluate(request_of(plan=plan, operational=exact)), "c") == expected


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
