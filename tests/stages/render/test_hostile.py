"""Text of a record is shown, never run: as Markdown, HTML, script, link or title."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.render.html_tree import Tree, trees
from support.editions import HOSTILE

FIRST = HOSTILE.split(" ")[0]


@pytest.fixture(scope="module")
def pages(hostile_site: Path) -> dict[str, Tree]:
    return trees(hostile_site)


def test_no_record_adds_a_script_or_a_handler(pages: dict[str, Tree]) -> None:
    """Every script is one of ours, by address; no element carries a handler."""
    ours = ("assets/", "charts/", "../", "./../versions.js")
    for path, tree in pages.items():
        for script in tree.of("script"):
            source = script.attributes.get("src", "")
            theme = script.attributes.get("id") == "__config"  # data of the theme: paths and labels
            assert theme or source.startswith(ours), (path, script)
        handlers = [e for e in tree.elements for name in e.attributes if name.startswith("on")]
        assert not handlers, (path, handlers)


def test_no_record_adds_a_link_of_a_forbidden_scheme(pages: dict[str, Tree]) -> None:
    """A link leads to a file of the portal, or to an address of an allowed scheme."""
    for path, tree in pages.items():
        for element in tree.elements:
            for name in ("href", "src", "action", "formaction", "xlink:href"):
                address = element.attributes.get(name, "").strip().lower()
                assert not address.startswith(("javascript:", "data:", "vbscript:", "//")), (path, element)


def test_hostile_text_is_there_to_read(pages: dict[str, Tree]) -> None:
    """Escaping keeps the text: a reader sees what the record says."""
    shown = [path for path, tree in pages.items() if FIRST in tree.text]
    for page in (
        "demo-1/current/index.html",
        "demo-1/current/device.html",
        "demo-1/current/datasets.html",
        "demo-1/current/decisions.html",
        "demo-1/current/monitoring.html",
        "demo-1/current/after-release.html",
        "demo-1/current/operations.html",
        "demo-1/current/rules.html",
        "demo-1/current/requirements.html",
        "demo-1/current/verify.html",
        "demo-1/current/releases/1.1.0/index.html",
        "demo-1/current/releases/1.1.0/evaluation.html",
        "demo-1/current/releases/1.1.0/analysis.html",
        "demo-1/current/releases/1.1.0/rulings.html",
        "demo-1/current/releases/1.1.0/approvals.html",
    ):
        assert page in shown


def test_markdown_of_a_record_is_not_read(pages: dict[str, Tree]) -> None:
    """No record makes emphasis, a heading or a template expression."""
    for path, tree in pages.items():
        assert "head" not in tree.ids, path
        assert "49" not in tree.text.split("7*7")[0][-20:], path
        if FIRST in tree.text:
            assert "**bold**" in tree.text, path


def test_control_and_direction_characters_do_not_reach_a_page(hostile_site: Path) -> None:
    """A text cannot reverse what stands after it, nor hide in a control character."""
    for path in hostile_site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert "\u202e" not in page, path
        assert "\x00" not in page, path


def test_chart_data_is_never_read_as_code(hostile_site: Path) -> None:
    """A page's chart script is one call that parses one string, and what it parses is JSON."""
    script = (hostile_site / "demo-1/current/charts/releases/1.1.0/evaluation.js").read_text(encoding="ascii")
    before, after = "window.munimentCharts = JSON.parse(", ");\n"
    assert script.startswith(before)
    assert script.endswith(after)
    found = json.loads(json.loads(script.removeprefix(before).removesuffix(after)))
    assert len(found["specs"]) == 5
    assert all(spec["background"] == "white" for spec in found["specs"].values())


def test_search_index_holds_no_markup_of_a_record(hostile_site: Path) -> None:
    """The index is shown as HTML by the theme: a record's markup stands escaped in it."""
    index = json.loads((hostile_site / "demo-1/current/search/search_index.json").read_text(encoding="utf-8"))
    whole = " ".join(entry["title"] + entry["text"] for entry in index["docs"])
    assert "&lt;script&gt;" in whole
    assert "<script" not in whole
    assert "<img" not in whole
