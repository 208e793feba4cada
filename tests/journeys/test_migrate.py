"""`muniment migrate`, and older records that may not be touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from support.project import Project

MONITORS = "evidence/triage-ct/monitors/1.yaml"


@pytest.fixture
def older(tmp_path: Path) -> Project:
    """A device whose monitoring configuration was written in version 1."""
    project = Project(tmp_path)
    assert project.run("init", ".", "--device", "triage-ct", "--name", "Triage CT").code == 0
    path = tmp_path / MONITORS
    text = path.read_text("utf-8").replace("schema: 2", "schema: 1  # as it was")
    now = "window: {length: 1, unit: month, starts: calendar}"
    assert now in text
    path.write_text(text.replace(now, "window: one calendar month of scanning # kept"), "utf-8")
    return project


def outdated(project: Project) -> list[dict[str, object]]:
    found = project.run("check", "--as-of", "2026-01-01", "--format", "json")
    assert found.code == 0, found.out
    return [f for f in found.json["findings"] if f["rule"] == "outdated"]


def test_an_older_record_is_judged_and_named(older: Project) -> None:
    """Version 1 stays good; a warning says what to run."""
    (finding,) = outdated(older)
    assert finding["severity"] == "warn"
    assert "muniment migrate" in str(finding["hint"])
    assert finding["where"]["line"]  # type: ignore[index]


def test_migrate_changes_two_values_and_nothing_else(older: Project) -> None:
    """Comments, order and blank lines stay; afterwards nothing is left to do."""
    path = older.root / MONITORS
    path.chmod(0o640)
    before = path.read_text("utf-8")
    dry = older.run("migrate", "--dry-run")
    assert dry.code == 0
    assert "-schema: 1  # as it was" in dry.out
    assert "+schema: 2  # as it was" in dry.out
    assert path.read_text("utf-8") == before
    assert older.run("migrate").code == 0
    after = before.replace("schema: 1", "schema: 2").replace(
        "one calendar month of scanning", "{length: 1, unit: month, starts: calendar, dated_by: scanning}"
    )
    assert path.read_text("utf-8") == after
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640  # noqa: PTH116
    assert outdated(older) == []
    assert "every record follows" in older.run("migrate").out
    assert sorted(p.name for p in path.parent.iterdir()) == ["1.yaml"]


def test_what_only_a_person_can_say_is_left(older: Project) -> None:
    """A window nobody can read is no reason to guess: exit 1, the line, and the file as it was."""
    path = older.root / MONITORS
    path.write_text(path.read_text("utf-8").replace("one calendar month of scanning", "as needed"), "utf-8")
    before = path.read_bytes()
    ran = older.run("migrate")
    assert ran.code == 1
    assert "only a person" in ran.out
    assert path.read_bytes() == before
    assert len(outdated(older)) == 1


def test_paths_narrow_what_is_migrated(older: Project) -> None:
    """A file that was not named is not written."""
    before = (older.root / MONITORS).read_bytes()
    assert older.run("migrate", "evidence/triage-ct/claims").code == 0
    assert (older.root / MONITORS).read_bytes() == before
    assert older.run("migrate", MONITORS).code == 0
    assert (older.root / MONITORS).read_bytes() != before


def test_a_frozen_record_is_never_edited(example: Project) -> None:
    """What a manifest or a seal holds keeps its bytes and its version, and nobody is told to change it."""
    frozen = {path: path.read_bytes() for path in sorted(example.device.glob("monitors/*.yaml"))}
    assert any(b"\nschema: 1\n" in data for data in frozen.values())
    ran = example.run("migrate")
    assert ran.code == 0
    assert "left at schema 1" in ran.out
    assert {path: path.read_bytes() for path in frozen} == frozen
    found = example.run("check", "--format", "json")
    assert [f for f in found.json["findings"] if f["rule"] == "outdated"] == []


def test_a_newer_version_alone_is_no_change(pristine: Project) -> None:
    """Version 2 of the monitors says for 2.0.0 what version 1 said for the candidate before it."""
    versions = [(pristine.device / f"monitors/{n}.yaml").read_text("utf-8").split("\n")[1] for n in (4, 5)]
    assert versions == ["schema: 1", "schema: 2"]
    found = pristine.run("diff", "2.0.0-rc1", "2.0.0", "--format", "json").json
    below = [change["path"] for change in found["changes"] if change["path"].startswith("/monitoring/")]
    assert below
    assert [path for path in below if "window" in path or "schema" in path] == []


def test_a_version_that_never_was_is_a_fault(older: Project) -> None:
    """A record from the future is refused, and so is version 1 of a shape that is not version 1's."""
    path = older.root / MONITORS
    text = path.read_text("utf-8")
    path.write_text(text.replace("schema: 1", "schema: 3"), "utf-8")
    assert older.run("check", "--as-of", "2026-01-01").code == 1
    path.write_text(text.replace("one calendar month of scanning", "{length: 1, unit: month}"), "utf-8")
    ran = older.run("check", "--as-of", "2026-01-01")
    assert ran.code == 1
    assert "monitors/1.yaml" in ran.out
