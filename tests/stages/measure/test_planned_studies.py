"""Agreement and reader studies that a plan asks for, on published ratings and on the references' readings."""

import json
import shutil
from pathlib import Path

import pytest

from muniment.errors import UnreadableInput
from muniment.measure import evaluate
from support.plans import PLAN, criterion, outcome
from support.studies import CODERS, FLEISS, ratings_csv

REFERENCES = Path(__file__).parents[2] / "references"
READINGS = REFERENCES / "cases" / "readers.csv"
EVERY = [
    "cohen_kappa",
    "cohen_kappa_quadratic",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha_nominal",
    "krippendorff_alpha_ordinal",
    "krippendorff_alpha_interval",
    "krippendorff_alpha_ratio",
]


def agreement(**more):
    return {
        "id": "A-1",
        "title": "Coders on values",
        "table": "ratings",
        "unit": "unit",
        "rater": "rater",
        "rating": "rating",
        "coefficients": EVERY,
        "raters": ["1", "2"],
    } | more


def study(**more):
    return {
        "id": "R-1",
        "title": "Readers in two modalities",
        "table": "readings",
        "reader": "reader",
        "modality": "modality",
        "case": "case",
        "truth": "y",
        "score": "s",
        "compare": ["m1", "m2"],
    } | more


def planned(criteria=None, **analysis):
    plan = PLAN | {"analysis": analysis}
    return plan if criteria is None else plan | {"criteria": criteria}


@pytest.fixture
def tables(tmp_path):
    """Krippendorff's coders, Fleiss' diagnoses, and the readings that R analysed as well."""
    (tmp_path / "coders.csv").write_text(ratings_csv(CODERS))
    (tmp_path / "fleiss.csv").write_text(ratings_csv(FLEISS))
    shutil.copy(READINGS, tmp_path / "readings.csv")
    return {
        "ratings": tmp_path / "coders.csv",
        "diagnoses": tmp_path / "fleiss.csv",
        "readings": tmp_path / "readings.csv",
    }


def estimates(body, index=0):
    return {item["metric"]: item for item in body["agreement"][index]["estimates"]}


def test_published_agreement_comes_out_of_an_evaluation(request_of, tables, valid):
    """Krippendorff's printed alphas (2011) and Fleiss' printed kappa (1971), with n, interval and method."""
    both = [
        agreement(),
        agreement(id="A-2", table="diagnoses", coefficients=["fleiss_kappa"], raters=None),
    ]
    body = evaluate(request_of(plan=planned(agreement=both), tables=tables))
    valid(body, "evaluation")
    found = estimates(body)
    printed = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for metric, value in printed.items():
        entry = found[f"krippendorff_alpha_{metric}"]
        assert entry["value"] == pytest.approx(value, abs=5e-4)
        assert entry["low"] <= entry["value"] <= entry["high"]
        assert (entry["n"], entry["method"]) == (11, "bootstrap-percentile-units")
    assert estimates(body, 1)["fleiss_kappa"]["value"] == pytest.approx(0.210, abs=5e-4)
    assert (body["agreement"][0]["units"], body["agreement"][0]["raters"]) == (12, 4)
    assert "Krippendorff's alpha has percentiles of 200 resamples" in body["methods"]


def test_the_seed_is_the_plans(request_of, tables):
    """Two runs of one plan give the same interval, another plan another one."""
    plan = planned(agreement=[agreement()])
    one, again, other = (
        estimates(evaluate(request_of(plan=plan, tables=tables, plan_sha256=digest)))
        for digest in ("ab" * 32, "ab" * 32, "cd" * 8 + "ab" * 24)
    )
    alpha = "krippendorff_alpha_nominal"
    assert one == again
    assert (one[alpha]["value"], one["gwet_ac1"]) == (other[alpha]["value"], other["gwet_ac1"])
    assert one[alpha]["low"] != other[alpha]["low"]


def test_what_the_ratings_do_not_allow_is_undecided(request_of, tables, tmp_path, valid):
    """Four raters have no Cohen's kappa, words no order, few units no number; each with its reason."""
    words = [["abc"[int(v) % 3] if v is not None else None for v in row] for row in CODERS]
    (tmp_path / "words.csv").write_text(ratings_csv(words))
    plan = planned(agreement=[agreement(raters=None)])
    body = evaluate(request_of(plan=plan, tables=tables | {"ratings": tmp_path / "words.csv"}))
    valid(body, "evaluation")
    found = estimates(body)
    assert "two raters, not of '1', '2', '3', '4'" in found["cohen_kappa"]["undecided"]
    assert "have no order" in found["krippendorff_alpha_ordinal"]["undecided"]
    assert "are no numbers" in found["krippendorff_alpha_ratio"]["undecided"]
    assert found["fleiss_kappa"]["value"] is not None
    small = evaluate(request_of(plan=plan | {"min_n": 50}, tables=tables))
    valid(small, "evaluation")
    assert {item["value"] for item in estimates(small).values()} == {None}
    assert (small["agreement"][0]["units"], small["agreement"][0]["categories"]) == (None, [])


def test_the_reader_study_is_that_of_r(request_of, tables, valid):
    """Difference, interval and p agree with R's covariances and Hillis' formula to 1e-9."""
    body = evaluate(request_of(plan=planned(reader_studies=[study()]), tables=tables))
    valid(body, "evaluation")
    (found,) = body["reader_studies"]
    reference = json.loads((REFERENCES / "r.json").read_text())["cases"]["readers"]["readers"]
    sign = 1 if found["difference"]["value"] * reference["difference"] > 0 else -1
    low, high = sorted((sign * reference["low"], sign * reference["high"]))
    assert found["difference"]["value"] == pytest.approx(sign * reference["difference"], abs=1e-9)
    assert (found["difference"]["low"], found["difference"]["high"]) == pytest.approx((low, high), abs=1e-9)
    assert (found["difference"]["p"], found["difference"]["df"]) == pytest.approx(
        (reference["p"], reference["df2"]), abs=1e-9
    )
    assert found["n"] is not None


def test_the_difference_is_the_first_minus_the_second(request_of, tables, valid):
    """Turned round it is the same with the other sign; a modality that is not there is undecided."""
    both = [study(), study(id="R-2", compare=["m2", "m1"]), study(id="R-3", compare=["m1", "m9"])]
    body = evaluate(request_of(plan=planned(reader_studies=both), tables=tables))
    valid(body, "evaluation")
    one, other, absent = (item["difference"] for item in body["reader_studies"])
    assert (one["value"], one["low"], one["high"]) == (-other["value"], -other["high"], -other["low"])
    assert (one["p"], one["standard_error"]) == (other["p"], other["standard_error"])
    assert (absent["value"], absent["undecided"]) == (None, "the table has no modality 'm9'")


def test_criteria_may_rest_on_studies(request_of, tables, valid):
    """A coefficient and a reader difference are judged on their bounds, and have p values in a family."""
    criteria = [
        criterion("kappa", "fleiss_kappa", ">=", 0.2, "lower", analysis="A-1"),
        criterion("readers", "reader_difference", ">=", -0.25, "lower", analysis="R-1"),
        criterion("no-study", "fleiss_kappa", ">=", 0.2, "lower", analysis="A-9"),
        criterion("no-number", "gwet_ac2", ">=", 0.2, "lower", analysis="A-1"),
    ]
    control = {"method": "holm", "family": ["kappa", "readers"], "alpha": 0.05}
    plan = planned(criteria, agreement=[agreement()], reader_studies=[study()], multiplicity_control=control)
    body = evaluate(request_of(plan=plan, tables=tables))
    valid(body, "evaluation")
    assert [outcome(body, name) for name in ("kappa", "readers")] == ["met", "met"]
    kappa, readers = body["multiplicity"]["criteria"]
    assert (kappa["p_method"], readers["p_method"]) == ("gwet-t", "obuchowski-rockette-hillis")
    assert kappa["p"] < 0.05
    assert readers["p"] < 0.05
    messages = {entry["id"]: entry["message"] for entry in body["criteria"]}
    assert "of fleiss_kappa of A-1 (n 12)" in messages["kappa"]
    assert "the plan has no analysis A-9" in messages["no-study"]
    assert "that analysis has no such number" in messages["no-number"]


def test_a_table_that_is_not_there_stops(request_of, tables, tmp_path):
    """The plan is run whole or not at all: no table, no column, or not fully crossed."""
    plan = planned(reader_studies=[study()])
    with pytest.raises(UnreadableInput, match="analyses a table 'readings', which neither"):
        evaluate(request_of(plan=plan))
    with pytest.raises(UnreadableInput, match="no column 'arm'"):
        evaluate(request_of(plan=planned(reader_studies=[study(modality="arm")]), tables=tables))
    lines = (tmp_path / "readings.csv").read_text().splitlines()
    (tmp_path / "readings.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(UnreadableInput, match="not fully crossed"):
        evaluate(request_of(plan=plan, tables=tables))
    same = planned(agreement=[agreement(id="X")], reader_studies=[study(id="X")])
    with pytest.raises(UnreadableInput, match="two analyses have the id 'X'"):
        evaluate(request_of(plan=same, tables=tables))
