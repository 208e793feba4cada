"""An analysis from row-level tables: each number against another computation, each bad table refused."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from muniment.errors import UnreadableInput
from muniment.measure import (
    AnalysisRequest,
    EdgeCondition,
    GoldenCases,
    Perturbation,
    Shown,
    Sources,
    Uncertainty,
    analyse,
    evaluation_bytes,
)
from muniment.model.tree import frozen

FEATURES = ("age", "crea", "alb", "bili")
PLAN = {
    "endpoint": {"label": "death", "positive": 1, "horizon_days": 180},
    "operating_points": [
        {"id": "flag", "threshold": 0.4, "by": {"column": "sex", "thresholds": {"female": 0.3}}}
    ],
    "interval": {"level": 0.95, "proportions": "wilson", "auroc": "delong", "replicates": 60},
    "subgroups": [{"axis": "gender", "column": "sex"}, {"axis": "race", "column": "race"}],
    "min_n": 10,
    "min_events": 5,
    "criteria": [],
    "analysis": {"prevalence": {"intended": 0.2, "source": "Elsewhere."}},
}  # fmt: skip


class World:
    """The tables of one release, in memory until they are written."""

    def __init__(self, folder, rows):
        rng = np.random.default_rng(5)
        n = rows.height
        ids = rows["patient_id"]
        self.folder = folder
        self.rows = rows
        self.members = rows.select("patient_id")
        self.membership = rows.select("patient_id", partition=pl.lit("test")).with_columns(
            site=pl.format("S{}", pl.col("patient_id") % 4)
        )
        self.cohort = pl.DataFrame(
            {
                "patient_id": ids,
                "declined": pl.Series(
                    ["no albumin" if k < 12 else "too sick" if k < 15 else None for k in range(n)],
                    dtype=pl.String,
                ),
                "zero": rng.random(n) < 0.2,
                "rare": np.arange(n) < 4,
                "never": np.zeros(n, dtype=bool),
            }
        )
        moved = [
            pl.DataFrame(
                {
                    "patient_id": ids,
                    "perturbation": "noise",
                    "level": level,
                    "score": np.clip(rows["score"] + rng.normal(0, level, n), 0, 1),
                }
            ).with_columns(
                score=pl.when(pl.col("patient_id") % 40 == 0).then(None).otherwise(pl.col("score"))
            )
            for level in (0.1, 0.3)
        ]
        self.perturbed = pl.concat(moved)
        now = rng.normal(0, [1.0, 0.6, 0.3, 0.1], (n, 4)).round(6)
        before = (now + rng.normal(0, 0.3, (n, 4))).round(6)
        self.contributions = pl.concat(
            [
                pl.DataFrame(
                    {
                        "patient_id": ids,
                        "feature": feature,
                        "contribution": now[:, k],
                        "contribution_previous": before[:, k],
                    }
                ).with_columns(
                    contribution=pl.when(pl.col("patient_id") % (7 + k) == 0)
                    .then(None)
                    .otherwise(pl.col("contribution"))
                )
                for k, feature in enumerate(FEATURES)
            ]
        )
        self.features = rows.select("patient_id").with_columns(
            age=pl.when(pl.col("patient_id") % 5 == 0).then(None).otherwise(60.0), crea=pl.lit(1.0)
        )
        self.golden = {
            "schema_version": 1,
            "semantics_version": 2,
            "cases": [{"case": "old", "expected": {"age": 0.5, "crea": -0.25}}],
        }
        self.said = pl.DataFrame(
            {"case": ["old", "old"], "feature": ["age", "crea"], "contribution": [0.5, -0.25]}
        )
        self.shown = {"cases": []}

    def request(self, **more) -> AnalysisRequest:
        """Write every table and ask for the analysis."""
        paths = {}
        names = ("rows", "members", "membership", "cohort", "perturbed", "contributions", "features", "said")
        for name in names:
            paths[name] = self.folder / f"{name}.parquet"
            getattr(self, name).write_parquet(paths[name])
        request = AnalysisRequest(
            device="example",
            release="1.2.0",
            plan_id="plans/1",
            plan=frozen(PLAN),
            plan_sha256="ab" * 32,
            operating_point="flag",
            sources=Sources(
                paths["rows"],
                paths["members"],
                paths["membership"],
                "patient_id",
                "death",
                "score",
                paths["cohort"],
                "declined",
            ),
            inputs=({"role": "model", "path": "m.json", "sha256": "0" * 64},),
            edge=tuple(EdgeCondition(name, name, "As defined.") for name in ("zero", "rare", "never")),
            features=paths["features"],
            model_inputs=("age", "crea", "alb"),
            perturbed=paths["perturbed"],
            perturbations=tuple(Perturbation("noise", level, "Noise.") for level in (0.1, 0.3)),
            contributions=paths["contributions"],
            has_previous=True,
            tolerance=1e-6,
            golden=GoldenCases(self.golden, "golden.json", paths["said"]),
            shown=Shown(self.shown, "samples.json"),
            case_axes=("gender", "race"),
        )
        return replace(request, **more)

    def told(self) -> pl.DataFrame:
        """Who was called, by the plan, computed apart from the tool."""
        limit = pl.when(pl.col("sex") == "female").then(0.3).otherwise(0.4)
        joined = self.rows.join(self.cohort, on="patient_id")
        return joined.with_columns(
            limit=limit, called=(pl.col("score") >= limit) & pl.col("declined").is_null()
        )


@pytest.fixture
def world(tmp_path, rows) -> World:
    return World(tmp_path, rows)


def wilson(k, n):
    return stats.binomtest(int(k), n).proportion_ci(method="wilson")


def same(entry, value, low, high):
    assert (entry["value"], entry["low"], entry["high"]) == pytest.approx((value, low, high), abs=1e-9)


def test_the_whole_is_of_its_shape_and_the_same_twice(world, valid) -> None:
    """The body is what the schema says, to the same bytes on a rerun and for any order of rows."""
    first = analyse(world.request())
    valid(first, "analysis")
    assert [gap["section"] for gap in first["undecided"]] == ["explanations.coverage", "missing"]
    told = {item["section"] for item in first["methods"]}
    assert {"errors", "robustness", "explanations.stability", "clusters"} <= told
    for name in ("rows", "cohort", "perturbed", "contributions", "membership", "features"):
        setattr(world, name, getattr(world, name).sample(fraction=1, shuffle=True, seed=3))
    assert evaluation_bytes(analyse(world.request())) == evaluation_bytes(first)


def test_errors_are_counted_where_they_are(world) -> None:
    """Each level's misses and false calls, with Wilson's interval, as counted row by row elsewhere."""
    body = analyse(world.request())
    told = world.told()
    cells = {(cell["axis"], cell["level"]): cell for cell in body["errors"]["by"]}
    for sex in ("female", "male"):
        part = told.filter(pl.col("sex") == sex)
        died, lived = part.filter(pl.col("death") == 1), part.filter(pl.col("death") == 0)
        fn, fp = int((~died["called"]).sum()), int(lived["called"].sum())
        cell = cells["gender", sex]
        assert (cell["n"], cell["events"], cell["fn"], cell["fp"]) == (part.height, died.height, fn, fp)
        same(cell["fnr"], fn / died.height, *wilson(fn, died.height))
        same(cell["fpr"], fp / lived.height, *wilson(fp, lived.height))


def test_a_small_level_is_hidden_with_one_that_would_give_it_away(world) -> None:
    """Three levels, one below ten patients: two are hidden, everywhere in the file, with a reason."""
    body = analyse(world.request())
    assert world.rows.filter(pl.col("race") == "a").height < 10

    def hidden(entries):
        return {entry["level"] for entry in entries if entry["axis"] == "race" and entry["suppressed"]}

    explained = body["explanations"]
    for entries in (
        body["errors"]["by"], body["quality_control"]["by"], explained["consistency"], explained["stability"],
    ):  # fmt: skip
        assert hidden(entries) == {"a", "b"}
    for entry in body["errors"]["by"]:
        if entry["suppressed"]:
            assert {entry[key] for key in ("n", "events", "fp", "fn", "fpr", "fnr")} == {None}
            assert entry["undecided"]
    for case in (*body["errors"]["examples"], *explained["index"]):
        assert case["levels"]["race"] in (None, "c")


def test_an_edge_condition_is_counted_hidden_or_said_to_be_absent(world) -> None:
    """Nobody is no patient to protect; four patients are."""
    zero, rare, never = analyse(world.request())["errors"]["edge"]
    part = world.told().filter("zero")
    died = part.filter(pl.col("death") == 1)
    fn = int((~died["called"]).sum())
    assert (zero["n"], zero["fn"]) == (part.height, fn)
    same(zero["fnr"], fn / died.height, *wilson(fn, died.height))
    assert (rare["suppressed"], rare["n"]) == (True, None)
    assert (never["suppressed"], never["n"], never["fnr"]["undecided"]) == (False, 0, "no events")


def test_who_gets_no_estimate_is_counted_by_reason_without_telling_a_rare_one(world) -> None:
    """Reasons add up to the rejected; those of fewer than ten patients are counted together."""
    control = analyse(world.request())["quality_control"]
    n = world.rows.height
    assert (control["screened"], control["rejected"]) == (n, 15)
    same(control["share"], 15 / n, *wilson(15, n))
    assert sum(reason["n"] for reason in control["reasons"]) == 15
    assert "too sick" not in json.dumps(control)


def test_four_treatments_of_the_unanswered_bound_each_other(world) -> None:
    """No estimate is no call, left out, wrong, right; worst and best hold the other two between them."""
    found = {(p["population"], p["metric"]): p["value"] for p in analyse(world.request())["populations"]}
    died = world.told().filter(pl.col("death") == 1)
    gone = died["declined"].is_not_null()
    assert found["intention_to_diagnose", "sensitivity"] == pytest.approx(died["called"].mean())
    assert found["per_protocol", "sensitivity"] == pytest.approx(died.filter(~gone)["called"].mean())
    assert found["best_case", "sensitivity"] == pytest.approx((died["called"] | gone).mean())
    for metric in ("sensitivity", "specificity"):
        worst, best = found["worst_case", metric], found["best_case", metric]
        for population in ("intention_to_diagnose", "per_protocol"):
            assert worst <= found[population, metric] <= best


def test_losses_are_those_of_another_computation(world) -> None:
    """AUROC by scikit-learn, its paired interval by placements in a plain loop, shares row by row."""
    rows = analyse(world.request())["robustness"]
    told = world.told()
    for level in (0.1, 0.3):
        after = world.perturbed.filter(pl.col("level") == level).select("patient_id", after="score")
        joined = told.join(after, on="patient_id")
        both = joined.filter(pl.col("declined").is_null() & pl.col("after").is_not_null())
        y, a, b = (both[name].to_numpy() for name in ("death", "score", "after"))
        auroc, sensitivity, specificity = (row for row in rows if row["level"] == level)
        assert auroc["declined"] == joined["after"].null_count()
        assert auroc["n"] == both.height
        first, second = roc_auc_score(y, a), roc_auc_score(y, b)
        assert (auroc["reference"], auroc["value"]) == pytest.approx((first, second), abs=1e-12)

        def placements(scores, y=y):
            died, lived = scores[y == 1][:, None], scores[y == 0][None, :]
            wins = (died > lived) + 0.5 * (died == lived)
            return wins.mean(axis=1), wins.mean(axis=0)

        (v10a, v01a), (v10b, v01b) = placements(a), placements(b)
        variance = (v10a - v10b).var(ddof=1) / len(v10a) + (v01a - v01b).var(ddof=1) / len(v01a)
        half = stats.norm.ppf(0.975) * np.sqrt(variance)
        drop = first - second
        assert (auroc["drop"], auroc["low"], auroc["high"]) == pytest.approx(
            (drop, drop - half, drop + half), abs=1e-9
        )
        called = (joined["after"] >= joined["limit"]).fill_null(value=False)
        for row, wanted in ((sensitivity, 1), (specificity, 0)):
            among = (joined["death"] == wanted).to_numpy()
            right = (called == bool(wanted)).to_numpy()[among]
            was = (joined["called"] == bool(wanted)).to_numpy()[among]
            assert row["n"] == among.sum()
            assert row["drop"] == pytest.approx(was.mean() - right.mean(), abs=1e-12)
            assert row["low"] < row["drop"] < row["high"]
            bounds = (row["value_low"], row["value_high"])
            assert bounds == pytest.approx(wilson(int(right.sum()), int(among.sum())), abs=1e-9)


def test_untouched_inputs_lose_nothing(world) -> None:
    """The very same scores have a loss of zero, with an interval of no width for the area."""
    world.perturbed = world.rows.select(
        "patient_id", perturbation=pl.lit("none"), level=pl.lit(0.0), score="score"
    )
    declared = (Perturbation("none", 0.0, "Nothing was done."),)
    for row in analyse(world.request(perturbations=declared))["robustness"]:
        if row["metric"] == "auroc":
            assert (row["drop"], row["low"], row["high"]) == (0, 0, 0)


def test_agreement_of_explanations_is_spearmans(world) -> None:
    """Rho between mean absolute contributions is SciPy's, and the interval that of a plain bootstrap."""
    body = analyse(world.request())["explanations"]["consistency"]
    answered = world.cohort.filter(pl.col("declined").is_null())["patient_id"]
    wide = world.contributions.filter(pl.col("patient_id").is_in(answered.implode())).pivot(
        "feature", index="patient_id", values="contribution"
    )
    joined = world.rows.with_columns(key=pl.col("patient_id").cast(pl.String)).sort("key")
    joined = joined.join(wide, on="patient_id", how="left", maintain_order="left")
    size = np.abs(joined.select(sorted(FEATURES)).fill_null(float("nan")).to_numpy())
    member = (joined["sex"] == "female").to_numpy()
    found = next(entry for entry in body if entry["level"] == "female")
    rho = stats.spearmanr(np.nanmean(size[member], axis=0), np.nanmean(size, axis=0)).statistic
    assert found["value"] == pytest.approx(rho, abs=1e-12)
    seed = int("ab" * 8, 16) ^ int("ab" * 8, 16) ^ int("ab" * 8, 16) ^ int("ab" * 8, 16)
    drawn = []
    for replicate in range(60):
        key = np.array([seed, replicate], dtype=np.uint64)
        picked = np.random.Generator(np.random.Philox(key=key)).integers(0, len(size), len(size))
        inside = picked[member[picked]]
        drawn.append(
            stats.spearmanr(np.nanmean(size[inside], axis=0), np.nanmean(size[picked], axis=0)).statistic
        )
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found["low"] == pytest.approx(min(low, rho), abs=1e-12)
    assert found["high"] == pytest.approx(max(high, rho), abs=1e-12)


def test_stability_is_the_mean_of_each_patients_correlation(world) -> None:
    """Spearman a patient by SciPy, Student's interval by SciPy; the first feature counted by hand."""
    body = analyse(world.request())["explanations"]["stability"]
    answered = world.cohort.filter(pl.col("declined").is_null())["patient_id"]
    own = world.contributions.filter(pl.col("patient_id").is_in(answered.implode()))
    rhos, alike, pairs = [], 0, 0
    for _, part in own.sort("feature").group_by("patient_id", maintain_order=True):
        known = part.drop_nulls()
        if known.height >= 3:
            rhos.append(stats.spearmanr(known["contribution"], known["contribution_previous"]).statistic)
        now = part.filter(pl.col("contribution").is_not_null())
        if now.height:
            pairs += 1
            first = now.sort(pl.col("contribution").abs(), descending=True)["feature"][0]
            before = part.sort(pl.col("contribution_previous").abs(), descending=True)["feature"][0]
            alike += first == before
    everybody = [entry for entry in body if entry["axis"] is None]
    rho, share = everybody
    assert (rho["metric"], rho["n"], share["n"]) == ("rank_correlation", len(rhos), pairs)
    bounds = stats.t.interval(0.95, len(rhos) - 1, np.mean(rhos), stats.sem(rhos))
    same(rho, np.mean(rhos), *bounds)
    same(share, alike / pairs, *wilson(alike, pairs))


def test_missing_values_are_counted_from_the_feature_table(world) -> None:
    """A column that is not there is said to be missing, and not taken for complete."""
    body = analyse(world.request())
    age, crea = body["missing"]
    k = int(world.features["age"].null_count())
    assert (age["column"], age["missing"], crea["missing"]) == ("age", k, 0)
    assert age["share"] == pytest.approx(k / world.rows.height)
    assert "alb" in next(gap["reason"] for gap in body["undecided"] if gap["section"] == "missing")


def test_predictive_values_and_net_benefit_have_their_textbook_values(world) -> None:
    """Bayes at the intended prevalence; tp/n − fp/n · t/(1 − t)."""
    found = analyse(world.request())["prevalence"]
    told = world.told()
    died, lived = told.filter(pl.col("death") == 1), told.filter(pl.col("death") == 0)
    se, sp = died["called"].mean(), 1 - lived["called"].mean()
    ppv, npv = found["predictive_values"]
    assert ppv["value"] == pytest.approx(se * 0.2 / (se * 0.2 + (1 - sp) * 0.8))
    assert npv["value"] == pytest.approx(sp * 0.8 / (sp * 0.8 + (1 - se) * 0.2))
    third = next(point for point in found["net_benefit"] if point["threshold"] == 0.3)
    acted = told.filter((pl.col("score") >= 0.3) & pl.col("declined").is_null())["death"]
    fp = int((acted == 0).sum())
    assert third["model"] == pytest.approx((acted.sum() - fp * 3 / 7) / told.height)


def test_cases_are_picked_by_the_stated_rule(world) -> None:
    """The middle of the scores and their end, among answered patients, with what moved them most."""
    body = analyse(world.request())
    told = world.told().filter(pl.col("declined").is_null())
    told = told.with_columns(key=pl.col("patient_id").cast(pl.String))
    missed = told.filter((pl.col("death") == 1) & ~pl.col("called")).sort("score", "key")
    typical, confident = (e for e in body["errors"]["examples"] if e["kind"] == "false_negative")
    assert typical["case"] == missed["key"][missed.height // 2]
    assert confident["case"] == missed["key"][0]
    index = {case["case"]: case for case in body["explanations"]["index"]}
    own = world.contributions.filter(pl.col("patient_id") == int(confident["case"])).drop_nulls(
        "contribution"
    )
    wanted = own.sort(pl.col("contribution").abs(), descending=True)["feature"].to_list()
    assert [figure["feature"] for figure in index[confident["case"]]["moved_most"]] == wanted
    assert {case["kind"] for case in index.values()} == {
        "true_positive", "false_positive", "true_negative", "false_negative",
    }  # fmt: skip


def test_an_explained_case_counts_only_if_the_rows_bear_it_out(world) -> None:
    """A wrong kind, another figure, a stranger, a repeat: each is named, and none is counted."""
    first = analyse(world.request())["explanations"]["index"][0]
    good = {key: first[key] for key in ("case", "kind", "moved_most")}
    other = [{"feature": good["moved_most"][0]["feature"], "contribution": 9.0}]
    world.shown = {
        "cases": [
            good,
            good,
            {**good, "case": "0"},
            *(
                {**good, "case": case["case"], "kind": "true_positive"}
                for case in analyse(world.request())["explanations"]["index"][2:3]
            ),
        ]
    }
    explained = analyse(world.request())["explanations"]
    assert {s["kind"]: s["n"] for s in explained["samples"]}["true_positive"] == 1
    reasons = [fault["reason"] for fault in explained["unfounded"]]
    assert reasons[:2] == ["shown more than once", "not of the locked cohort"]
    assert "make it false_positive" in reasons[2]
    assert explained["index"][0]["in_samples"] is True
    assert not any(case["in_samples"] for case in explained["index"][1:])
    for bad in (
        other,
        [],
        [{"feature": ["x"], "contribution": 1}],
        [{"feature": "age", "contribution": 10**400}],
    ):
        world.shown = {"cases": [{**good, "moved_most": bad}]}
        counts = analyse(world.request())["explanations"]["samples"]
        assert {sample["n"] for sample in counts} == {0}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"age": 0.5, "crea": -0.25}, None),
        ({"age": 0.5000005, "crea": -0.25}, None),
        ({"age": 0.51, "crea": -0.25}, "differs by 0.01"),
        ({"age": 0.5}, "no figure for crea"),
        ({"age": 0.5, "crea": float("nan")}, "no figure for crea"),
        ({"age": 0.5, "crea": float("inf")}, "differs by inf"),
        ({"age": 0.5, "crea": -0.25, "alb": 0.0}, "a figure for alb"),
    ],
)
def test_a_golden_case_passes_within_its_tolerance_only(world, said, reason) -> None:
    """Exactly the expected features, each within the tolerance; a gap or an extra figure fails."""
    world.said = pl.DataFrame(
        {"case": ["old"] * len(said), "feature": list(said), "contribution": list(said.values())}
    )
    found = analyse(world.request())["explanations"]["contract"]
    assert (found["cases"], found["passed"]) == (1, 0 if reason else 1)
    assert found["semantics_version"] == 2
    assert found["tolerance_share"] == pytest.approx(1e-6 / 0.375)
    if reason:
        assert found["failed"][0]["reason"].startswith(reason)
    evaluation_bytes(found)


@pytest.mark.parametrize(
    "golden",
    [
        {},
        {"schema_version": 1, "semantics_version": 1, "cases": []},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a"}]},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": "1"}}]},
        {"schema_version": 1, "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": 10**400}}]},
        {"schema_version": "1", "semantics_version": 1, "cases": [{"case": "a", "expected": {"x": 1}}]},
    ],
)
def test_a_golden_file_of_another_shape_is_refused(world, golden) -> None:
    """What is no contract is never a contract that holds."""
    world.golden = golden
    with pytest.raises(UnreadableInput, match=r"golden\.json"):
        analyse(world.request())


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


def test_without_tables_everything_else_is_computed(world, valid) -> None:
    """A release that declares nothing gets its errors by subgroup, and each gap with its reason."""
    request = world.request(
        edge=(), features=None, perturbed=None, perturbations=(), contributions=None, has_previous=False,
        golden=None, shown=None, tolerance=None,
    )  # fmt: skip
    body = analyse(replace(request, sources=replace(request.sources, cohort=None, declined=None)))
    valid(body, "analysis")
    gaps = {gap["section"]: gap["reason"] for gap in body["undecided"]}
    assert gaps["robustness"] == "no perturbed table"
    assert set(gaps) == {
        "errors.edge", "explanations.consistency", "explanations.contract", "explanations.coverage",
        "explanations.samples", "explanations.stability", "missing", "quality_control", "robustness",
    }  # fmt: skip
    assert body["errors"]["by"]
    assert body["explanations"] == {}
    assert "robustness" not in body


def test_a_cohort_too_small_shows_nothing(world, valid) -> None:
    """Nine patients are no statistic: no count, no case, no rate."""
    few = world.rows["patient_id"].head(9)
    for name in ("rows", "members", "cohort", "perturbed", "contributions"):
        table = getattr(world, name)
        setattr(world, name, table.filter(pl.col("patient_id").is_in(few.implode())))
    body = analyse(world.request())
    valid(body, "analysis")
    assert body["cohort"] == {"n": None, "events": None, "unlabelled": None}
    assert "errors" not in body
    assert body["undecided"] == [{"section": "errors", "reason": "fewer than 10 rows"}]


def test_patients_without_a_label_are_in_no_rate(world) -> None:
    """They are screened and counted, and leave every share as it would be without them."""
    whole = analyse(world.request())
    world.rows = world.rows.with_columns(
        death=pl.when(pl.col("patient_id") < 1020).then(None).otherwise(pl.col("death"))
    )
    body = analyse(world.request())
    assert (body["cohort"]["n"], body["cohort"]["unlabelled"]) == (600, 20)
    assert body["quality_control"]["rejected"] == whole["quality_control"]["rejected"]
    by = [cell["n"] for cell in body["errors"]["by"] if cell["axis"] == "gender"]
    assert sum(by) == 580


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
