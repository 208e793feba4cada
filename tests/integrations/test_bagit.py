"""Our bags, checked by the Library of Congress's own `bagit` program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from muniment import archive

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = CHECKOUT / "build" / "integrations" / "bin" / "python"

pytestmark = pytest.mark.integration


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<p>portal</p>", encoding="utf-8")
    (site / "übersicht und mehr.html").write_text("ü", encoding="utf-8")
    contents = archive.Contents(site=site, holdings=(), verification={"outcome": "verified"})
    return archive.create(tmp_path / "bag", contents, made_on="2026-04-30").path


def validate(bag: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), "-m", "bagit", "--validate", str(bag)], capture_output=True, text=True, check=False
    )


def test_the_reference_implementation_accepts_our_bag(bag: Path) -> None:
    """A bag of ours is valid to the program that the format's authors keep."""
    done = validate(bag)
    assert done.returncode == 0, done.stderr


def test_both_see_the_same_faults(bag: Path) -> None:
    """What that program refuses, `archive.verify` refuses too."""
    (bag / "data" / "site" / "index.html").write_text("<p>Portal</p>", encoding="utf-8")
    assert validate(bag).returncode != 0
    assert [check.path for check in archive.verify(bag) if not check.good] == ["data/site/index.html"]
