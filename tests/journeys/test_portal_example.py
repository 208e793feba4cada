"""The portal of the worked example, built by the command and read in a real browser from a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page

from support.browser import Watch, search
from support.project import CHECKOUT, DEVICE, Project

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portal as `muniment build` leaves it."""
    root = tmp_path_factory.mktemp("example")
    shutil.copytree(CHECKOUT / "evidence", root / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", root)
    ran = Project(root).run("build")
    assert ran.code == 0, ran.out + ran.err
    seals = len(list((root / "evidence" / DEVICE / "seals").rglob("*.sigstore.json")))
    assert f"{seals} of {seals} seals verified, all numbers recomputed equal" in ran.out
    again = Project(root).run("build")
    assert again.out.startswith("unchanged")
    return root / "build" / "site"


def release(site: Path, version: str, page: str = "index") -> str:
    return (site / DEVICE / "current" / "releases" / version / f"{page}.html").as_uri()


def test_a_reader_goes_from_the_start_to_the_five_answers(site: Path, page: Page, watch: Watch) -> None:
    """Two clicks from the first page lead to what changed, when, why, who approved and on what evidence."""
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="Prognosis").first.click()
    page.get_by_role("link", name="2.0.0").first.click()
    for question in ("What changed?", "When?", "Why?", "Who approved?", "On what evidence?"):
        page.get_by_role("heading", name=question).wait_for()
    text = page.locator("main").inner_text()
    assert "Tamás Varga (biostatistics): approve" in text
    assert "self-asserted" in text
    assert page.get_by_text("Verified", exact=False).count() >= 5
    assert watch.complaints == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("calibration", "evaluation.html"),
        ("criteria-locked-first", "rules.html#criteria-locked-first"),
        ("VAL-03", "requirements.html"),
        ("colon cancer", "2.0.0"),
    ],
)
def test_search_finds(site: Path, page: Page, watch: Watch, words: str, expected: str) -> None:
    """Words, rule ids and requirement ids are found without a network."""
    page.goto((site / DEVICE / "current" / "index.html").as_uri())
    found = search(page, words)
    assert any(expected in link for link in found), found[:10]
    assert watch.complaints == []


def test_a_chart_answers_the_pointer(site: Path, page: Page, watch: Watch) -> None:
    """Hovering a point of the calibration chart shows its numbers."""
    page.goto(release(site, "2.0.0", "evaluation"))
    page.wait_for_selector(".chart__stage[data-live=yes] svg")
    assert page.locator(".chart__stage[data-live=yes]").count() >= 3
    stage = page.locator(".chart__stage[aria-label^='Chart. Calibration in']")
    # The grouped points are drawn last, over those of the flexible curve.
    point = stage.locator("svg .mark-symbol").last.locator("path").nth(4)
    point.scroll_into_view_if_needed()
    point.hover()
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert "Observed" in tip.inner_text()
    assert any(character.isdigit() for character in tip.inner_text())
    assert watch.complaints == []


def test_a_rejected_release_says_why(site: Path, page: Page) -> None:
    """The reader of 2.0.0-rc1 meets the two groups that failed it."""
    page.goto(release(site, "2.0.0-rc1", "rulings"))
    text = page.locator("main").inner_text()
    assert "CHF" in text
    assert "COPD" in text
    assert "Refused: a blocking rule is not met" in text
    page.get_by_role("link", name="Overview").last.click()
    assert "Rejected" in page.locator("main").inner_text()


def test_no_row_of_a_patient_is_on_any_page(site: Path) -> None:
    """Prediction tables are evidence, not pages."""
    assert not list(site.rglob("*.parquet"))
    assert not [p for p in site.rglob("*.csv") if "support2" in p.name or "predictions" in p.name]
