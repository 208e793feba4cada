"""Starting a device of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import Project


@pytest.fixture
def started(tmp_path: Path) -> Project:
    """What `muniment init` leaves."""
    project = Project(tmp_path)
    ran = project.run("init", ".", "--device", "triage-ct", "--name", "Triage CT")
    assert ran.code == 0, ran.out + ran.err
    return project


def test_a_new_device_passes_up_to_what_people_must_write(started: Project) -> None:
    """The scaffold is valid; every text left to a person is a located warning, and no fault."""
    ran = started.run("check", "--as-of", "2026-01-01", "--format", "json")
    found = ran.json
    assert ran.code == 0, ran.out
    assert {f["rule"] for f in found["findings"]} == {"unwritten"}
    assert all(f["severity"] == "warn" and f["where"]["line"] for f in found["findings"])
    assert started.run("check", "--as-of", "2026-01-01", "--fail-on", "warn").code == 1


def test_a_new_device_has_a_portal_at_once(started: Project) -> None:
    """A maker sees pages before the first release."""
    ran = started.run("build", "--as-of", "2026-01-01")
    assert ran.code == 0, ran.out + ran.err
    assert (started.root / "build/site/triage-ct/current/index.html").is_file()


def test_nothing_is_overwritten(started: Project) -> None:
    """Running init again refuses, and leaves every byte."""
    before = {p: p.read_bytes() for p in started.root.rglob("*.yaml")}
    ran = started.run("init", ".", "--device", "triage-ct", "--name", "Other")
    assert ran.code == 2
    assert before == {p: p.read_bytes() for p in started.root.rglob("*.yaml")}


def test_a_second_device_joins_the_first(started: Project) -> None:
    """The settings stay; the new folder stands beside the old."""
    assert started.run("init", ".", "--device", "triage-mr", "--name", "Triage MR").code == 0
    found = started.run("check", "--as-of", "2026-01-01", "--format", "json").json
    assert [device["device"] for device in found["devices"]] == ["triage-ct", "triage-mr"]


def test_a_dry_run_writes_nothing(empty: Callable[[], Project]) -> None:
    """`--dry-run` lists, and touches nothing."""
    project = empty()
    ran = project.run("init", "new", "--device", "x", "--name", "X", "--dry-run")
    assert ran.code == 0
    assert "would write" in ran.out
    assert not (project.root / "new").exists()


@pytest.mark.parametrize("device", ["Upper", "../out", "a b", ""])
def test_a_bad_device_id_is_refused(empty: Callable[[], Project], device: str) -> None:
    """An id is a folder name that every disk can hold."""
    ran = empty().run("init", "new", "--device", device, "--name", "X")
    assert ran.code == 2
    assert "Traceback" not in ran.err
