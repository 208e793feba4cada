"""What pages say, and what they must not hold."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from muniment import render
from muniment.errors import UsageError
from stages.render.html_tree import Tree, trees
from support.editions import AS_OF, DEVICE, edition

HOME = f"{DEVICE}/current"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Tree]:
    return trees(site)


def test_pages_are_a_function_of_the_edition() -> None:
    """The same edition gives the same bytes."""
    assert render.pages(edition()) == render.pages(edition())


def test_an_edition_without_a_device_is_refused() -> None:
    """Nothing is not everything: an empty portal is not a portal."""
    with pytest.raises(UsageError, match="no device"):
        render.pages(replace(edition(), devices=()))


def test_every_page_names_its_date_and_basis(pages: dict[str, Tree]) -> None:
    """A printed page says of itself when and on what it was judged."""
    for path, tree in pages.items():
        assert f"As of {AS_OF}" in tree.text, path
        assert "verified facts" in tree.text, path


def test_every_link_and_anchor_resolves(site: Path, pages: dict[str, Tree]) -> None:
    """Every address in a page is a file of the portal, and every anchor stands on its page."""
    for path, tree in pages.items():
        for element in tree.elements:
            for name in ("href", "src"):
                address = unquote(element.attributes.get(name, ""))
                if not address or address.startswith(("https:", "mailto:")):
                    continue
                file, _, anchor = address.partition("#")
                target = (site / path).parent / file if file else site / path
                assert target.resolve().exists(), (path, address)
                if anchor and target.suffix == ".html" and not anchor.startswith("__"):
                    found = pages[target.resolve().relative_to(site.resolve()).as_posix()].ids
                    assert anchor in found, (path, address)


def test_nothing_is_fetched_from_elsewhere(pages: dict[str, Tree]) -> None:
    """No page loads a script, a style, an image or a frame from another host."""
    for path, tree in pages.items():
        for element in tree.of("script", "link", "img", "iframe", "source", "object"):
            address = element.attributes.get("src", "") + element.attributes.get("href", "")
            assert "//" not in address, (path, element)


def test_stated_digests_are_those_of_the_files(site: Path) -> None:
    """Each data file a page names has the SHA-256 that stands beside it."""
    seen = 0
    for path in sorted((site / HOME).rglob("*.html")):
        page = path.read_text(encoding="utf-8")
        for target, digest in re.findall(
            r'<li><a href="([^"]+)">[^<]+</a> <code class="digest">sha256:(\w{64})', page
        ):
            data = (path.parent / target).read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest, (path, target)
            seen += 1
    assert seen > 20


def test_pages_with_numbers_link_their_data(site: Path, pages: dict[str, Tree]) -> None:
    """Numbers are rendered from a file the reader can have."""
    for name in (
        "index",
        "releases/index",
        "releases/1.1.0/evaluation",
        "releases/1.1.0/rulings",
        "monitoring",
        "after-release",
        "operations",
        "releases/1.1.0/analysis",
    ):
        links = [e.attributes.get("href", "") for e in pages[f"{HOME}/{name}.html"].of("a")]
        assert any("data/" in link for link in links), name


def test_no_table_of_rows_is_copied(site: Path) -> None:
    """The portal carries records, summaries and seals; row-level tables stay in the bundle."""
    kinds = {path.suffix for path in (site / HOME / "data").rglob("*") if path.is_file()}
    assert kinds <= {".json", ".yaml"}


def test_copies_of_evidence_are_byte_for_byte(site: Path) -> None:
    """What stands under data/ is the evidence itself, so that its digest can be compared."""
    files = edition().devices[0].device.files
    for path in ("releases/1.1.0/evaluation.json", "releases/1.1.0/release.yaml", "device.yaml"):
        assert (site / HOME / "data" / path).read_bytes() == files.read(path)


def test_small_cells_are_suppressed_in_words(pages: dict[str, Tree]) -> None:
    """A cell below the minimum shows neither its number nor an empty field."""
    assert "suppressed (n < 10)" in pages[f"{HOME}/releases/1.1.0/evaluation.html"].text


def test_every_table_has_a_caption_and_headed_cells(pages: dict[str, Tree]) -> None:
    """A screen reader can name each table and each column."""
    for path, tree in pages.items():
        assert len(tree.of("caption")) == len(tree.of("table")), path
        assert all(e.attributes.get("scope") in ("row", "col", "rowgroup") for e in tree.of("th")), path


def test_every_image_has_words(pages: dict[str, Tree]) -> None:
    """A chart says in words what it shows, with its numbers."""
    images = [
        image for tree in pages.values() for image in tree.of("img") if "logo" not in image.attributes["src"]
    ]
    assert len(images) > 8
    assert all(len(image.attributes.get("alt", "")) > 40 for image in images)


def test_a_status_is_always_a_word(pages: dict[str, Tree]) -> None:
    """Colour and sign repeat a word, and the sign is hidden from a screen reader."""
    for path in (site_path for site_path in pages if "/releases/" in site_path):
        page = pages[path].path.read_text(encoding="utf-8")
        for chip in re.findall(r'<span class="chip [^>]*>(.*?)</span> ?([^<]*)</span>', page):
            assert 'aria-hidden="true"' in chip[0], path
            assert re.search(r"[A-Za-z]{3}", chip[1]), path


def test_the_five_answers_stand_at_the_top_of_a_release(pages: dict[str, Tree]) -> None:
    """What, when, why, who and evidence come before anything else, each with its citations."""
    text = pages[f"{HOME}/releases/1.1.0/index.html"].text
    places = [text.index(q) for q in ("What changed?", "When?", "Why?", "Who approved?", "On what evidence?")]
    assert places == sorted(places)
    assert places[-1] < text.index("Rationale")
    page = (pages[f"{HOME}/releases/1.1.0/index.html"].path).read_text(encoding="utf-8")
    assert page.count('class="citations"') == 5


def test_what_needs_attention_is_listed(pages: dict[str, Tree]) -> None:
    """Rules not met, overdue conditions and drills, open alerts, expiring waivers stand on the first page."""
    text = pages[f"{HOME}/index.html"].text
    for phrase in ("Rule not met", "Condition overdue", "Drill overdue", "Alert open", "Waiver expiring"):
        assert phrase in text


def test_rules_and_requirements_have_anchors_of_their_own_id(pages: dict[str, Tree]) -> None:
    """An address with a rule or requirement id stays good across editions."""
    assert "criteria-locked-first" in pages[f"{HOME}/rules.html"].ids
    assert "VAL-03" in pages[f"{HOME}/requirements.html"].ids


def test_a_release_without_evaluation_has_every_page(pages: dict[str, Tree]) -> None:
    """Missing evidence is said, not shown as an empty table or an error."""
    assert (
        "No evaluation of this release is on record"
        in pages[f"{HOME}/releases/1.2.0-rc1/evaluation.html"].text
    )
    assert "Nobody has signed" in pages[f"{HOME}/releases/1.2.0-rc1/approvals.html"].text


def test_derived_data_is_json_with_a_schema_name(site: Path) -> None:
    """Each derived file says which shape it has."""
    found = sorted((site / HOME / "data" / "derived").rglob("*.json"))
    assert len(found) >= 10
    for path in found:
        assert json.loads(path.read_text(encoding="utf-8"))["schema"].startswith("muniment/"), path


def test_the_headline_stands_with_interval_and_count(pages: dict[str, Tree]) -> None:
    """No release is known by one number: both errors at its operating point stand beside discrimination."""
    for name in ("index", "releases/1.1.0/index"):
        text = " ".join(pages[f"{HOME}/{name}.html"].text.split())
        for metric in ("AUROC", "Sensitivity at operating point", "Specificity at operating point"):
            found = re.search(
                rf"{metric}[ a-z_-]* (\d\.\d{{3}}) \((.*?) to (.*?)\) ?95% interval, n [\d,]+", text
            )
            assert found, (name, metric)


def test_the_chain_says_what_was_signed_and_by_whom() -> None:
    """A seal on a record names the record; a name that the statement nests is printed."""
    made = edition()
    view = next(v for v in made.devices[0].releases if v.version == "1.1.0")
    sealed = replace(
        view.seals[0],
        predicate_type="https://muniment.invalid/predicate/record/v1",
        subjects={"decisions/cr-9.yaml": "0" * 64},
        extra={"printed_name": "Ada Example"},
    )
    shown = replace(view, seals=(sealed,))
    device = replace(made.devices[0], releases=(shown,))
    page = render.pages(replace(made, devices=(device,)))[
        f"{DEVICE}/docs/releases/1.1.0/approvals.md"
    ].decode()
    assert "Signed: decisions/cr-9</strong>" in page
    assert f'by Ada Example <span class="sub-inline">{sealed.identity}</span>' in page


def test_no_sentence_ends_twice(pages: dict[str, Tree]) -> None:
    """A record's own full stop is not followed by another."""
    for path, tree in pages.items():
        assert not re.search(r"\w\.\.(\s|$)", tree.text), path


def test_a_seal_says_its_time_as_a_signature_does(pages: dict[str, Tree]) -> None:
    """A signature shows date and time in words a reader knows, beside name, role and meaning."""
    assert re.search(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", pages[f"{HOME}/releases/1.1.0/approvals.html"].text
    )
