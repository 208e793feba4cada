"""The portal in a real Chromium, opened from a folder, with the network off."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from muniment import render
from muniment.render import portal
from support.browser import Watch, search
from support.editions import AS_OF, DEVICE, edition

pytestmark = pytest.mark.browser

HOME = f"{DEVICE}/current"
PALETTES = {"light": "default", "dark": "slate"}
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => {
    const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = c.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] > 250) return c;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const shown = element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true});
    const text = walker.currentNode.textContent.trim().slice(0, 40);
    if (!text || !shown || element.closest("svg, script, .headerlink, .md-search")) continue;
    const [one, other] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.className} ${text}`);
  }
  return [...new Set(poor)];
}
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The readable portal, and the one with hostile text in every field."""
    cache = tmp_path_factory.mktemp("charts")
    made = {}
    for hostile in (False, True):
        out = tmp_path_factory.mktemp("portal") / "site"
        portal.build(render.pages(edition(hostile=hostile)), out, as_of=AS_OF, cache=cache)
        made[hostile] = out
    return made


def test_every_page_opens_from_a_folder_without_a_complaint(
    sites: dict[bool, Path], page: Page, watch: Watch
) -> None:
    """No error, no warning, no failed file and no request outside `file:` on any page."""
    for path in sorted(sites[False].rglob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
        assert page.locator("h1").first.is_visible(), path
        assert watch.complaints == [], path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("calibration", "evaluation.html"),
        ("criteria-locked-first", "rules.html#criteria-locked-first"),
        ("drill-in-date", "rules.html#drill-in-date"),
        ("VAL-03", "requirements.html"),
        ("1.1.0", "releases/1.1.0/index.html"),
        ("night numbers", "after-release.html#exercises"),
        ("good.example.invalid", "operations.html"),
        ("poisoning", "device.html#security"),
        ("albumin", "analysis.html"),
    ],
)
def test_search_finds_words_and_ids(
    sites: dict[bool, Path], page: Page, watch: Watch, words: str, expected: str
) -> None:
    """Search works from a folder, for a word, a rule id and a requirement id."""
    page.goto((sites[False] / HOME / "index.html").as_uri())
    found = search(page, words)
    assert any(expected in address for address in found), found
    assert watch.complaints == []


def test_a_chart_shows_its_tooltip(sites: dict[bool, Path], page: Page, watch: Watch) -> None:
    """Hovering a point shows its values, under a policy that allows neither eval nor inline script."""
    page.goto((sites[False] / HOME / "releases/1.1.0/evaluation.html").as_uri())
    page.wait_for_selector(".chart__stage[data-live=yes] svg")
    assert page.locator(".chart__stage[data-live=yes]").count() == 5
    point = page.locator(".chart__stage").nth(1).locator("svg .mark-symbol path").nth(4)
    point.scroll_into_view_if_needed()
    point.hover()
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert "Predicted" in tip.inner_text()
    assert "Observed" in tip.inner_text()
    assert watch.complaints == []


def test_charts_can_be_reached_by_keyboard(sites: dict[bool, Path], page: Page) -> None:
    """A chart takes the focus and says in words what it shows."""
    page.goto((sites[False] / HOME / "releases/1.1.0/evaluation.html").as_uri())
    stage = page.locator(".chart__stage").first
    stage.focus()
    assert stage.evaluate("element => element === document.activeElement")
    assert "AUROC" in str(stage.get_attribute("aria-label"))


def test_drawings_stand_without_scripts(sites: dict[bool, Path], browser: Browser) -> None:
    """With scripts off, every chart is there as a drawing."""
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((sites[False] / HOME / "releases/1.1.0/evaluation.html").as_uri())
    for image in opened.locator(".chart__stage img").all():
        image.scroll_into_view_if_needed()
        box = image.bounding_box()
        assert box is not None
        assert box["height"] > 60
    context.close()


def test_hostile_text_does_not_run(sites: dict[bool, Path], page: Page, watch: Watch) -> None:
    """No dialog opens, no script of a record runs: on any page, in search results, in a tooltip."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in sorted(sites[True].rglob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_load_state("load")
    page.goto((sites[True] / HOME / "index.html").as_uri())
    assert search(page, "calibration")
    page.wait_for_timeout(300)
    page.goto((sites[True] / HOME / "releases/1.1.0/evaluation.html").as_uri())
    page.wait_for_selector(".chart__stage[data-live=yes] svg")
    point = page.locator(".chart__stage").nth(2).locator("svg .mark-symbol path").first
    point.hover()
    page.locator("#vg-tooltip-element.visible").wait_for()
    assert page.locator("#vg-tooltip-element script, #vg-tooltip-element img").count() == 0
    assert dialogs == []
    assert watch.complaints == []


def test_the_search_dialog_has_a_name(sites: dict[bool, Path], page: Page) -> None:
    """A screen reader can say what the dialog is."""
    page.goto((sites[False] / HOME / "index.html").as_uri())
    assert page.get_by_role("dialog", name="Search").count() == 1


def test_the_edition_is_chosen_from_a_labelled_list(sites: dict[bool, Path], page: Page) -> None:
    """The list of editions is read from beside the edition, and names the one that is open."""
    page.goto((sites[False] / HOME / "releases/1.1.0/index.html").as_uri())
    assert page.get_by_label("Edition").input_value() == "current"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_palettes(sites: dict[bool, Path], browser: Browser, scheme: str) -> None:
    """Every visible text has a contrast of at least 4.5 : 1 on its ground (WCAG 2.2, 1.4.3)."""
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    opened = context.new_page()
    for name in (
        "index",
        "device",
        "releases/1.1.0/index",
        "releases/1.1.0/evaluation",
        "releases/1.1.0/rulings",
        "releases/1.1.0/analysis",
        "after-release",
        "operations",
    ):
        opened.goto((sites[False] / HOME / f"{name}.html").as_uri())
        opened.wait_for_load_state("load")
        assert opened.locator("body").get_attribute("data-md-color-scheme") == (
            "slate" if scheme == "dark" else "default"
        )
        assert opened.evaluate(CONTRAST) == [], name
    context.close()


def test_the_palette_is_remembered(sites: dict[bool, Path], page: Page, watch: Watch) -> None:
    """The reader's choice of palette holds on the next page."""
    page.goto((sites[False] / HOME / "index.html").as_uri())
    page.locator("label[for=__palette_1]").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.goto((sites[False] / HOME / "device.html").as_uri())
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert watch.complaints == []


def test_a_narrow_screen_scrolls_tables_not_the_page(sites: dict[bool, Path], browser: Browser) -> None:
    """On a telephone nothing is wider than the screen (WCAG 2.2, 1.4.10)."""
    context = browser.new_context(viewport={"width": 375, "height": 800})
    opened = context.new_page()
    for name in (
        *("index", "device", "datasets", "monitoring", "after-release", "operations"),
        *("releases/1.1.0/index", "releases/1.1.0/evaluation", "releases/1.1.0/analysis"),
        "releases/1.1.0/approvals",
    ):
        opened.goto((sites[False] / HOME / f"{name}.html").as_uri())
        opened.wait_for_load_state("load")
        assert opened.evaluate("document.documentElement.scrollWidth") <= 375, name
    context.close()


def test_print_folds_nothing_away(sites: dict[bool, Path], page: Page) -> None:
    """On paper there is no navigation, every list is open, and a digest stands in full."""
    page.goto((sites[False] / HOME / "releases/1.1.0/index.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator(".md-header, .md-sidebar, .tabs, summary").locator("visible=true").count() == 0
    hidden = "all => all.filter((e) => !e.checkVisibility({contentVisibilityAuto: true})).length"
    assert page.locator("details table").count() > 0
    assert page.locator("details table, details li").evaluate_all(hidden) == 0
    shown = "element => getComputedStyle(element, '::after').content"
    assert len(str(page.locator("code.sha").first.evaluate(shown))) > 64


def test_a_live_chart_is_one_image_with_words(sites: dict[bool, Path], page: Page) -> None:
    """A screen reader hears what a chart shows, and not its marks one at a time (WCAG 2.2, 1.1.1)."""
    page.goto((sites[False] / HOME / "releases/1.1.0/evaluation.html").as_uri())
    page.wait_for_selector(".chart__stage[data-live=yes] svg")
    assert page.get_by_role("img", name="Receiver operating characteristic").count() == 1
    assert page.locator(".chart__live svg:not([aria-hidden=true])").count() == 0


def test_links_in_text_are_not_told_by_colour_alone(sites: dict[bool, Path], page: Page) -> None:
    """A link in a sentence is underlined (WCAG 2.2, 1.4.1)."""
    page.goto((sites[False] / HOME / "rules.html").as_uri())
    plain = "all => all.filter((e) => !getComputedStyle(e).textDecorationLine.includes('underline')).length"
    links = page.locator("article p a:not(.headerlink)")
    assert links.count() > 0
    assert links.evaluate_all(plain) == 0
