"""The pages on change control, use and operation: what they must say of records, on the edition's date."""

from __future__ import annotations

import json
import posixpath
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from muniment import render
from muniment.model.places import PLACES, places
from muniment.pipeline.policies import catalogue
from muniment.render.standing import due
from stages.render.html_tree import Tree, trees
from support.editions import AS_OF, DEVICE, edition

HOME = f"{DEVICE}/current"
LIVING = (
    *("environments", "endpoints", "access", "residency", "audit_trail", "retention", "control_plane"),
    *("tool_qualification", "signal", "incident", "event", "closure", "tabletop", "checklist"),
    *("monitoring_log", "surveillance", "reconstruction", "pccp", "contract", "dataset_snapshot", "security"),
)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Tree]:
    return trees(site)


def words(tree: Tree) -> str:
    """Return the text of a page with single spaces."""
    return " ".join(tree.text.split())


def says(tree: Tree, *phrases: str) -> None:
    """Fail on the first phrase that a page does not say, whatever its lines."""
    text = "".join(tree.text.split())
    for phrase in phrases:
        assert "".join(phrase.split()) in text, phrase


def test_every_record_is_linked_from_a_page(pages: dict[str, Tree]) -> None:
    """An auditor reaches the file of each record, not only what a page says of it."""
    linked = {
        posixpath.normpath(posixpath.join(posixpath.dirname(path), e.attributes.get("href", "")))
        for path, tree in pages.items()
        for e in tree.of("a")
    }
    device = edition().devices[0].device
    missing = [
        record.id
        for record in device.records.values()
        if f"{HOME}/data/{record.document.path.split('/', 1)[1]}" not in linked
    ]
    assert missing == []


def test_every_place_of_a_requirement_stands(pages: dict[str, Tree]) -> None:
    """The coverage report names pages and anchors that exist, for requirements that the catalogue holds."""
    known = {row["id"] for row in catalogue()["requirements"]}
    assert set(PLACES) <= known
    for requirement in PLACES:
        for place in places(requirement, "1.1.0"):
            page, _, anchor = place.partition("#")
            assert f"{HOME}/{page}" in pages, (requirement, place)
            assert not anchor or anchor in pages[f"{HOME}/{page}"].ids, (requirement, place)


def test_a_requirement_leads_to_its_page(site: Path, pages: dict[str, Tree]) -> None:
    """The requirements page and its data name the same pages, of the release in use."""
    links = {e.attributes.get("href") for e in pages[f"{HOME}/requirements.html"].of("a")}
    assert "releases/1.1.0/analysis.html#robustness" in links
    listed = json.loads((site / HOME / "data/derived/rules.json").read_text(encoding="utf-8"))
    found = {row["id"]: row["pages"] for row in listed["requirements"]}
    assert found["VAL-07"] == ["releases/1.1.0/analysis.html#robustness"]


def test_the_analysis_says_where_a_release_is_wrong(pages: dict[str, Tree]) -> None:
    """Both kinds of error stand with count and interval, for each subgroup and edge condition."""
    tree = pages[f"{HOME}/releases/1.1.0/analysis.html"]
    says(
        tree,
        "F 400 21 of 100 0.210 (0.180 to 0.240) 60 of 300 0.200 (0.170 to 0.230)",
        "unknown suppressed (n < 10)",
        "Low signal Values near the middle",
        "5 of 805 patients got no estimate",
        "No albumin (5)",
        "Worst case 0.791",
        "albumin 40 800 0.050",
        "1 of 2 inputs lack none",
        "7 of 8 came out as they must",
        "Quiet on the third day",
        "estimate: 0.2",
        "alert routing",
        "Measured twice",
    )


def test_a_loss_stands_beside_its_limit(pages: dict[str, Tree]) -> None:
    """A loss is held against the limit of the plan on the bound the plan names, in words."""
    tree = pages[f"{HOME}/releases/1.1.0/analysis.html"]
    says(tree, "Within R-1: at most 0.03 on the upper bound", "Beyond R-2: at most 0.01", "800 none set")


def test_explanations_stand_with_what_was_held_against_what(pages: dict[str, Tree]) -> None:
    """Golden cases that failed, cases that do not count, stability, and sections without numbers."""
    tree = pages[f"{HOME}/releases/1.1.0/analysis.html"]
    says(
        tree,
        "Not passed: old (differs by 0.2)",
        "Not counted: 78 (not of the locked cohort)",
        "What moved it most, log-odds",
        "albumin −0.400",
        "Everybody 0.700 (0.670 to 0.730) 400",
        "Counted at the operating point.",
        "Explanations: coverage the release tells no uncertainty",
        "Undecided: the release tells no uncertainty",
        "muniment verify computes every number again",
    )


def test_a_release_without_analysis_says_so(pages: dict[str, Tree]) -> None:
    """What was not analysed is said in a sentence, not shown as an empty table."""
    tree = pages[f"{HOME}/releases/1.2.0-rc1/analysis.html"]
    says(tree, "No analysis of this release is on record", "No test of the whole system is recorded")
    says(
        pages[f"{HOME}/releases/1.2.0-rc1/index.html"],
        "names no predetermined change control plan",
        "No determination for this release is on record",
        "No bill of materials is recorded",
        "No reconstruction of this release is on record",
    )


def test_the_overview_says_what_authorities_and_sources_say(pages: dict[str, Tree]) -> None:
    """Plan, determination, bill of materials, images and reconstruction stand on a release's first page."""
    says(
        pages[f"{HOME}/releases/1.1.0/index.html"],
        "pccp/1 , version 1.0",
        "M-1: Recalibration",
        "M-1: consistent. In bounds",
        "under pccp",
        "3 components (2 library, 1 machine learning model)",
        "V-1 library 1 low not affected",
        "registry.invalid/train@sha256:",
        "12 0 A chart 3.5",
    )


def test_the_device_shows_plan_security_and_contracts(pages: dict[str, Tree]) -> None:
    """Regulatory status, bounds of modifications, threats with controls, and training contracts."""
    says(
        pages[f"{HOME}/device.html"],
        "EU Authorised Notified body CE 0000",
        "B-1: AUROC, falls by at most 0.02, on the value",
        "plan.operating_points[flag].threshold moves by at most 0.1",
        "T-1: Training data are altered",
        "data poisoning SC-1",
        "Overdue by 29 days",
        "contracts/1: Training contract",
        "AUROC >= 0.7 on the lower bound",
    )
    says(pages[f"{HOME}/datasets.html"], "retrospective 2025-04-30 800 complete The locked cohort")


def test_after_release_shows_the_state_on_the_date(pages: dict[str, Tree]) -> None:
    """What happened later is not known yet: levels, runs and closures are those of the edition's date."""
    tree = pages[f"{HOME}/after-release.html"]
    says(
        tree,
        "The open signal opened 2026-03-01",
        "Overdue by 45 days",
        "(lapsed while the signal is open)",
        "Cause: data. Feed repaired",
        "Incidents by level on 2026-04-30",
        "Level 3 on 2026-04-02",
        "Not returned",
        "Ended 2026-04-10",
        "Due in 6 days",
        "TF-1, tabletop of 2025-05-06",
        "Overdue by 304 days",
        "Locked intended use claims/1",
        "Runs of the monitors, newest first: 1 of 1",
        "due 2025-10-07: done, 3 days late",
        "554 mapped",
        "pms-2025, pms report",
        "Overdue by 30 days",
    )
    assert "2026-05-02" not in tree.text
    assert "2026-05-05" not in tree.text


def test_operations_shows_what_holds_on_the_date(pages: dict[str, Tree]) -> None:
    """Entries that ended are left out, and what is late says so in words."""
    tree = pages[f"{HOME}/operations.html"]
    says(
        tree,
        "ward production account-1 identifiable",
        "gone.example.invalid",
        "Overdue by 10 days",
        "Alarm: ends in 32 days",
        "Overdue by 29 days",
        "Due in 31 days",
        "Contract of the hospital",
        "Unbroken 2026-03-31",
        "Gates Muniment plans/1",
        "muniment 0.1.0 ✓ Qualified",
    )
    text = words(tree)
    assert "old ward" not in text
    assert text.index("gone.example") < text.index("soon.example") < text.index("good.example")
    assert text.index("ward production") < text.index("lab research")


def test_the_front_page_lists_what_is_open_and_due(pages: dict[str, Tree]) -> None:
    """Signals, incidents, clocks, reviews, certificates and reports that need somebody stand on top."""
    says(
        pages[f"{HOME}/index.html"],
        *("Signal open", "Report overdue", "Mitigation lapsed", "Incident open", "Finding overdue"),
        *("Exercise due", "Certificate expired", "Certificate to renew", "Access review overdue"),
        *("Retention review due", "Security finding overdue"),
    )
    assert "The closed signal" not in pages[f"{HOME}/index.html"].text
    assert "good.example" not in pages[f"{HOME}/index.html"].text


def test_what_is_not_on_record_is_one_sentence() -> None:
    """A device without these records has every page, and each section says that there is none."""
    made = edition()
    view = made.devices[0]
    gone = (*LIVING, "drill")
    kept = {name: r for name, r in view.device.records.items() if r.kind not in gone}
    bare = replace(view, device=replace(view.device, records=kept))
    found = render.pages(replace(made, devices=(bare,)))

    def page(name: str) -> str:
        return found[f"{DEVICE}/docs/{name}.md"].decode()

    assert page("operations").count('<p class="none">') == 8
    assert page("after-release").count('<p class="none">') == 7
    assert "no predetermined change control plan" in page("device")
    assert "<table" not in page("operations") + page("after-release")


@pytest.mark.parametrize(
    ("day", "options", "word"),
    [
        ("2026-04-29", {}, "Overdue by 1 day"),
        (AS_OF, {}, "Due in 0 days"),
        ("2026-06-29", {}, "Due in 60 days"),
        ("2026-06-30", {}, "In date"),
        ("2026-06-01", {"within": 45, "verb": "Ends"}, "Ends in 32 days"),
        ("2026-06-01", {"within": 20}, "In date"),
        ("2026-04-01", {"done": "2026-04-01"}, "Done in time"),
        ("2026-04-01", {"done": "2026-04-03"}, "Done, 2 days late"),
        ("2026-04-01", {"done": "2026-05-01"}, "Overdue by 29 days"),
        ("soon", {}, "No date"),
        (None, {}, "No date"),
    ],
)
def test_a_date_is_judged_on_the_day_asked_for(day: Any, options: dict[str, Any], word: str) -> None:
    """A day is overdue once it has passed, and nothing is done before the day it was done."""
    assert due(AS_OF, day, **options).word == word
