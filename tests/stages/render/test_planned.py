"""What the evaluation page says of planned analyses: sentences true of the numbers, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from muniment.render.views.planned import drawn, planned
from stages.render.html_tree import Tree, trees
from support.editions.planned import planned as planned_analyses

HEADINGS = ("non-inferiority", "multiplicity", "precision", "missing", "studied", "agreement", "readers")


@pytest.fixture
def sections():
    return planned_analyses()


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Tree]:
    return trees(site)


def test_the_page_shows_every_planned_analysis(pages):
    """Each has its heading, its sentence and its table; reasons stand where a number is missing."""
    page = pages["demo-1/current/releases/1.1.0/evaluation.html"]
    anchors = {element.attributes.get("id") for element in page.of("h2")}
    assert set(HEADINGS) <= anchors
    for text in (
        "A loss of AUROC of 0.030 against original (bound −0.060) is not ruled out.",
        "Nothing can be said of a loss of Sensitivity: published has no operating point.",
        "adjusted by Holm's procedure",
        "no p value: judged on a point",
        "Of 805 rows 5 have no score, 0 no label and 0 neither.",
        "Rows with neither score nor reason: 0; with both: 1.",
        "Wider than planned, or without an interval: AUROC.",
        "961 (385)",
        "Of 2,805 patients in the splits 805 were analysed",
        "'Enrolled' begins with 2800 where 2805 were left",
        "Further than 0.1 standard deviations from training in some group: age.",
        "fewer than 10 rows",
        "the raters never disagree: no interval",
        "On average the readers do better with aided than with unaided.",
    ):
        assert text in page.text, text


def test_an_evaluation_without_them_shows_none(sections):
    """Nothing is claimed where nothing was asked for."""
    assert planned({}, "flag") == {
        "hypotheses": [],
        "family": None,
        "missing": None,
        "precision": None,
        "flow": None,
        "table_one": None,
        "agreement": (),
        "readers": [],
    }


def test_a_loss_is_ruled_out_only_against_all(sections):
    """The sentence of a non-inferior release names every margin; one that is open is named with its bound."""
    (open_one, _) = planned(sections, "default")["hypotheses"]
    assert (open_one["kind"], open_one["word"]) == ("unmet", "Not shown")
    sections["non_inferiority"][0] |= {"outcome": "non_inferior"}
    sections["non_inferiority"][0]["entries"][1]["outcome"] = "non_inferior"
    (shown, _) = planned(sections, "default")["hypotheses"]
    assert shown["sentence"] == (
        "A loss of AUROC of 0.030 against previous and 0.030 against original is ruled out."
    )


def test_complete_rows_need_one_line(sections):
    """Where no row is incomplete all treatments are the same: a sentence says so, the primary one stands."""
    assert len(planned(sections, "default")["missing"]["rows"]) == 2
    sections["missing_data"] |= {"no_score": 0, "complete": 805}
    found = planned(sections, "default")["missing"]
    assert [row["population"] for row in found["rows"]] == ["intention_to_diagnose"]
    assert "Each of the 805 rows has score and label" in found["sentence"]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.05, "do better with aided"),
        (-0.05, -0.01, "do worse with aided"),
        (-0.01, 0.05, "No difference between aided and unaided is shown"),
        (None, None, "Nothing can be said of aided against unaided: no interval"),
    ],
)
def test_readers_are_said_to_do_better_only_where_the_interval_says_so(sections, low, high, words):
    """An interval that holds zero shows nothing."""
    sections["reader_studies"][0]["difference"] |= {"low": low, "high": high}
    assert words in planned(sections, None)["readers"][0]["sentence"]


def test_the_flow_says_why_it_does_not_close(sections):
    """No number of analysed patients is given then."""
    sections["flow"] |= {"undecided": "the flow does not close: 3 patients are lost", "analysed": None}
    assert planned(sections, None)["flow"]["sentence"] == (
        "Of 2,805 patients, the flow does not close: 3 patients are lost."
    )


def test_a_hypothesis_is_drawn_where_it_has_a_difference(sections):
    """The chart says its numbers in words and has one line for the margin; no difference, no chart."""
    (chart,) = drawn("1.1.0", sections)
    assert chart.name == "1.1.0/non-inferiority-NI-1"
    assert "against previous +0.030, +0.010 to +0.050; against original −0.040, −0.060 to −0.020" in chart.alt
    assert "The solid line is minus the margin, −0.030." in chart.caption
    sections["non_inferiority"][0]["entries"][0]["margin"] = 0.02
    (chart,) = drawn("1.1.0", sections)
    assert "solid" not in chart.caption
