"""What the evaluation page says of clinical use: what the file holds, in words that are true of it."""

from __future__ import annotations

import pytest

from muniment.render.numbers import signed, signed_interval
from muniment.render.views import utility

POINTS = [(0.1, 0.5, 0.5), (0.2, 0.4, 0.3), (0.3, 0.3, 0.1), (0.4, 0.2, -0.1), (0.5, -0.1, -0.4)]


VALUES = [
    ("auroc", None, 0.8),
    ("ici", None, 0.02),
    ("sensitivity", "flag", 0.7),
    ("sensitivity", "other", 0.6),
    ("lr_positive", "flag", 2.0),
    ("net_benefit", "flag", 0.2),
    ("f1", "flag", 0.6),
    ("ppv", "flag", 0.5),
    ("tp", "flag", 7),
    ("fp", "flag", 5),
    ("fn", "flag", 3),
    ("tn", "flag", 9),
    ("tp", "other", 1),
]


def found(points=POINTS):
    decision = [
        {
            "threshold": t,
            "model": m,
            "model_low": m - 0.1,
            "model_high": m + 0.1,
            "all": a,
            "all_low": a,
            "all_high": a,
        }
        for t, m, a in points
    ]
    estimates = [
        {"metric": metric, "cohort": {}, "threshold": at, "value": value, "low": 0.1, "high": 0.9, "n": 9}
        for metric, at, value in VALUES
    ]
    return {"curves": {"decision": decision}, "estimates": estimates}


def test_the_headline_holds_the_release_s_operating_point():
    """Numbers of other operating points and lesser indices stay in the full table."""
    parts = utility.headline(found(), "flag")
    assert [(e["metric"], e["threshold"]) for e in parts["point"]] == [
        ("sensitivity", "flag"),
        ("ppv", "flag"),
        ("lr_positive", "flag"),
        ("net_benefit", "flag"),
    ]
    assert [e["metric"] for e in parts["overall"]] == ["auroc"]
    assert [e["metric"] for e in parts["calibration"]] == ["ici"]


def test_a_table_is_whole_or_absent():
    """Four cells of one operating point, or none."""
    assert utility.table(found(), "flag") == {"tp": 7, "fp": 5, "fn": 3, "tn": 9}
    assert utility.table(found(), "other") == {}
    assert utility.table(found(), None) == {}


def test_the_sentence_names_the_thresholds_where_the_model_is_above_both():
    """From the first to the last threshold of the longest run, equality not counted."""
    plan = {"operating_points": [{"id": "flag", "threshold": 0.3}, {"id": "by", "threshold": 0.3, "by": {}}]}
    chart = utility.decision("1.0.0", found(), plan, "flag")
    assert "from a threshold of 0.20 to 0.40" in chart.caption
    assert "operating point's threshold, 0.300" in chart.caption
    nowhere = utility.decision("1.0.0", found([(t, -0.1, a) for t, _, a in POINTS]), plan, "flag")
    assert "At no threshold" in nowhere.caption


def test_thresholds_by_level_draw_no_line():
    """There is not one threshold to draw."""
    plan = {"operating_points": [{"id": "flag", "threshold": None, "by": {"column": "sex"}}]}
    assert "orange" not in utility.decision("1.0.0", found(), plan, "flag").caption


def test_an_older_evaluation_has_none_of_it():
    """Files written before these curves existed still make a page."""
    assert utility.decision("1.0.0", {}, {}, "flag") is None
    assert utility.precision_recall("1.0.0", {}) is None
    assert utility.predictive("1.0.0", {}, "flag") is None
    assert utility.differences({"axis": "sex"}) == {"deltas": {}, "words": {}}
    assert utility.decision_rows({}) == utility.recall_rows({}) == []


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.2, "higher"), (-0.2, -0.01, "lower"), (-0.1, 0.1, None), (0.0, 0.1, None), (None, None, None)],
)
def test_a_level_is_apart_where_its_interval_excludes_zero(low, high, word):
    """An end at zero does not exclude it; no interval says nothing."""
    delta = {"metric": "auroc", "difference": 0.0, "low": low, "high": high}
    assert utility.differences({"deltas": [delta]})["words"].get("auroc") == word


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "+0.012"), (-0.0123, "−0.012"), (0.0, "0.000"), (None, "–"), (1, "+1.000")]
)
def test_a_difference_has_its_sign(value, text):
    """Plus, minus, or nothing at zero."""
    assert signed(value) == text


def test_an_interval_of_a_difference_has_signs():
    """Both ends say on which side of zero they lie."""
    assert signed_interval({"low": -0.1, "high": 0.2}) == "−0.100 to +0.200"
    assert signed_interval({"low": None, "high": 0.2}) == "–"
