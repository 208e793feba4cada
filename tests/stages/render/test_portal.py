"""Building the site: the same bytes, beside the old one, nothing of no use in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from muniment import render
from muniment.errors import MunimentError
from muniment.render import portal
from support.editions import AS_OF, DEVICE, edition

CHECKOUT = Path(__file__).resolve().parents[3]
AGAIN = """
import sys
from pathlib import Path
from muniment import render
from muniment.render import portal
from support.editions import AS_OF, edition
portal.build(render.pages(edition()), Path(sys.argv[1]), as_of=AS_OF, cache=Path(sys.argv[2]))
"""


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_two_builds_are_identical(site: Path, tmp_path: Path) -> None:
    """Folder, time zone, hash seed and chart cache leave no trace in a portal."""
    environment = {
        **os.environ,
        "TZ": "Pacific/Auckland",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": f"{CHECKOUT}/tests:{CHECKOUT}/generator",
    }
    out = tmp_path / "elsewhere" / "site"
    command = [sys.executable, "-c", AGAIN, str(out), str(tmp_path / "fresh-cache")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120, capture_output=True)
    first, second = tree(site), tree(out)
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


def test_a_frozen_edition_is_left_alone(tmp_path: Path, charts: Path) -> None:
    """A build replaces the living edition and touches nothing beside it."""
    out = tmp_path / "site"
    frozen = out / DEVICE / "1.0.0" / "index.html"
    frozen.parent.mkdir(parents=True)
    frozen.write_text("frozen", encoding="utf-8")
    stale = out / DEVICE / "current" / "stale.html"
    stale.parent.mkdir()
    stale.write_text("stale", encoding="utf-8")
    portal.build(render.pages(edition()), out, as_of=AS_OF, cache=charts)
    assert frozen.read_text(encoding="utf-8") == "frozen"
    assert not stale.exists()
    assert (out / DEVICE / "current" / "index.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_failed_build_leaves_the_old_portal(tmp_path: Path, charts: Path) -> None:
    """A portal is replaced only by a complete one, and a failure is one sentence."""
    out = tmp_path / "site"
    pages = render.pages(edition())
    portal.build(pages, out, as_of=AS_OF, cache=charts)
    before = tree(out)
    broken = pages | {f"{DEVICE}/docs/device.md": b"# Device\n\n[nowhere](missing.md)\n"}
    with pytest.raises(MunimentError, match=r"could not be built.*missing\.md"):
        portal.build(broken, out, as_of=AS_OF, cache=charts)
    assert tree(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_chart_that_cannot_be_drawn_stops_the_build(tmp_path: Path) -> None:
    """A specification the drawing library refuses ends in one error, not in a page without its chart."""
    pages = render.pages(edition()) | {f"{DEVICE}/docs/charts/bad.vl.json": b'{"mark": 3}'}
    with pytest.raises(MunimentError, match="could not be drawn"):
        portal.build(pages, tmp_path / "site", as_of=AS_OF)


def test_pages_without_their_manifest_are_refused(tmp_path: Path) -> None:
    """`build` takes what `render.pages` gives, and says so."""
    with pytest.raises(MunimentError, match=r"portal\.json is missing"):
        portal.build({}, tmp_path / "site", as_of=AS_OF)


def test_the_portal_holds_nothing_of_no_use(site: Path) -> None:
    """No sitemap, no page for a server's errors, no source maps, no inline script."""
    names = {path.name for path in site.rglob("*")}
    assert not names & {"sitemap.xml", "sitemap.xml.gz", "404.html"}
    assert not [name for name in names if name.endswith(".map")]
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert not re.search(r"<script>", page), path
        assert "Content-Security-Policy" in page, path


def test_sizes_stay_in_budget(site: Path) -> None:
    """A page is at most 100 kB of HTML, the search index at most 2.5 MB."""
    sizes = {path.name: path.stat().st_size for path in site.rglob("*.html")}
    assert max(sizes.values()) <= 100_000, sizes
    assert (site / DEVICE / "current/search/search_index.json").stat().st_size <= 2_500_000


def test_editions_are_listed_in_two_shapes(site: Path) -> None:
    """Tools read versions.json as mike writes it; pages opened from a folder read versions.js."""
    listed = json.loads((site / DEVICE / "versions.json").read_text(encoding="utf-8"))
    assert listed == [{"version": "current", "title": f"current (as of {AS_OF})", "aliases": []}]
    script = (site / DEVICE / "versions.js").read_text(encoding="utf-8")
    assert json.loads(script.removeprefix("window.munimentEditions = ").rstrip(";\n")) == listed


def test_a_version_is_one_word_of_the_search_index(site: Path) -> None:
    """The separator splits at hyphens, as the query parser does, and leaves the dots of a version."""
    index = json.loads((site / DEVICE / "current/search/search_index.json").read_text(encoding="utf-8"))
    words = re.split(index["config"]["separator"], "(see criteria-locked-first, in 1.2.0).")
    assert [word for word in words if word] == ["see", "criteria", "locked", "first", "in", "1.2.0"]
