"""The release digest as documented: another program comes to the same value."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from muniment.link.references import PARTS

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "release-digest.md"
DEVICE = CHECKOUT / "evidence" / "prognosis-180"
VERSIONS = sorted(path.parent.name for path in DEVICE.glob("releases/*/manifest.json"))


def computed(program: Path, device: Path, version: str) -> str:
    """What the program of the page prints; it runs without this package in reach."""
    done = subprocess.run(
        [sys.executable, str(program), str(device), version], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program as the page prints it, in a file of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert "muniment" not in code.replace("muniment/manifest/v1", "")
    assert len([line for line in code.splitlines() if line.strip()]) <= 45
    path = tmp_path / "digest.py"
    path.write_text(code, "utf-8")
    return path


def test_there_are_releases() -> None:
    """The test below looks at something."""
    assert len(VERSIONS) == 5


@pytest.mark.parametrize("version", VERSIONS)
def test_an_independent_program_comes_to_the_digest(program: Path, version: str) -> None:
    """From records and files alone it comes to the digest of the manifest that was approved."""
    manifest = (DEVICE / "releases" / version / "manifest.json").read_bytes()
    assert computed(program, DEVICE, version) == hashlib.sha256(manifest).hexdigest()


def test_it_sees_what_changed(program: Path, tmp_path: Path) -> None:
    """One byte of one file, and it comes to another digest."""
    device = tmp_path / "device"
    shutil.copytree(DEVICE, device)
    manifest = (device / "releases/2.0.0/manifest.json").read_bytes()
    claim = device / "claims/2.yaml"
    claim.write_bytes(claim.read_bytes() + b"\n")
    assert computed(program, device, "2.0.0") != hashlib.sha256(manifest).hexdigest()


def test_the_page_names_every_field_that_is_followed() -> None:
    """Table and program of the page list exactly the fields that the program follows."""
    text = PAGE.read_text("utf-8")
    table, _, rest = text.partition("## How it is written")
    (followed,) = re.findall(r"^FOLLOWED = \{\n(.*?)^\}", rest, re.DOTALL | re.MULTILINE)
    for kind, fields in PARTS.items():
        (row,) = [line for line in table.splitlines() if re.match(rf"\|[^|]*`{kind}`", line)]
        named = set(re.findall(r"`([^`]+)`", row.split("|")[2]))
        assert named == {field.removeprefix("/") for field in fields}, kind
        (listed,) = re.findall(rf'"{kind}": (?:"""(.*?)"""|"(.*?)")', followed, re.DOTALL)
        assert set("".join(listed).split()) == named, kind
