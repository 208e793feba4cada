"""The lock files: complete, hashed, in step with each other, and free of addresses."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.lock"))
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)
ADDRESS = re.compile(
    r"https?:|//|@|file:|\.(org|com|net|io|dev)\b|--(index|extra|find|trusted)", re.IGNORECASE
)


def pins(name: str) -> dict[str, set[str]]:
    """Package to the versions a lock pins (several where they depend on the platform)."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall((CHECKOUT / "requirements" / name).read_text("utf-8")):
        found.setdefault(package, set()).add(version)
    return found


def test_there_are_locks() -> None:
    """The tests below look at something."""
    names = ("runtime", "dev", "integrations", "bench", "references")
    assert {path.name for path in LOCKS} == {f"{name}.lock" for name in names}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    """Where packages come from is the installer's business: no host, address or option stands in a lock."""
    assert ADDRESS.findall(lock.read_text("utf-8")) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    """Each pinned package is followed by at least one SHA-256."""
    blocks = re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())
    assert blocks
    assert all(PIN.match(block) and "--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize(
    ("lock", "groups", "alone"),
    [
        ("runtime.lock", ["build"], False),
        ("dev.lock", ["build", "dev"], False),
        ("integrations.lock", ["integrations"], True),
        ("bench.lock", ["bench"], True),
        ("references.lock", ["references"], True),
    ],
)
def test_a_lock_satisfies_the_project(lock: str, groups: list[str], alone: bool) -> None:
    """Every requirement of pyproject.toml is pinned by its lock at a version it allows."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    wanted = [] if alone else list(project["project"]["dependencies"])
    for group in groups:
        wanted += project["dependency-groups"][group]
    pinned = pins(lock)
    for text in wanted:
        requirement = Requirement(text)
        versions = pinned[requirement.name.lower()]
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), text


def test_tests_run_on_what_users_run() -> None:
    """Whatever both locks pin, they pin alike."""
    runtime, dev = pins("runtime.lock"), pins("dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_every_dependency_is_defended() -> None:
    """docs/dependencies.md says why each runtime dependency is there, and names no other."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    declared = {Requirement(text).name.lower() for text in project["project"]["dependencies"]}
    table = (CHECKOUT / "docs" / "dependencies.md").read_text("utf-8").split("## Development")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE)) == declared


def test_a_lock_is_whole() -> None:
    """Locks are installed without resolving, so whatever an installed package asks for is pinned as well."""
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
