"""Planted faults: each ends in one clear finding with file, line, column and a hint."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.project import DEVICE, Project

CLAIM = "claims/1.yaml"


def broken_yaml(project: Project) -> None:
    project.edit(CLAIM, "kind: claim\n", "kind: [claim\n")


def unknown_field(project: Project) -> None:
    project.edit(CLAIM, "\nintended_use:", "\nintented_use:")


def wrong_type(project: Project) -> None:
    project.edit(CLAIM, "\nschema: 1\n", "\nschema: one\n")


def dangling_reference(project: Project) -> None:
    project.edit("releases/1.2.0/release.yaml", "\nclaim: claims/1\n", "\nclaim: claims/7\n")


def digest_does_not_hold(project: Project) -> None:
    with (project.device / "releases/1.2.0/operational.json").open("a") as file:
        file.write(" ")


def duplicate_key(project: Project) -> None:
    project.edit(CLAIM, "\nschema: 1\n", "\nschema: 1\nschema: 1\n")


def missing_file(project: Project) -> None:
    (project.device / "releases/1.2.0/predictions.parquet").unlink()


def bad_word(project: Project) -> None:
    project.edit(CLAIM, "\ndecision_role: informs\n", "\ndecision_role: informes\n")


def ambiguous_scalar(project: Project) -> None:
    project.edit(CLAIM, "\ndecision_role: informs\n", "\ndecision_role: no\n")


def anchor(project: Project) -> None:
    project.edit(CLAIM, "kind: claim\n", "kind: &x claim\n")


def date_that_does_not_exist(project: Project) -> None:
    text = (project.device / "roster.yaml").read_text("utf-8")
    date = re.search(r"from: \"?(\d{4}-\d{2}-\d{2})", text)
    assert date is not None
    (project.device / "roster.yaml").write_text(text.replace(date[1], "2023-02-31", 1), "utf-8")


def two_devices_worth_of_kind(project: Project) -> None:
    project.edit(CLAIM, "kind: claim\n", "kind: hazards\n")


FAULTS: dict[Callable[[Project], None], tuple[str, str]] = {
    broken_yaml: (CLAIM, "yaml"),
    unknown_field: (CLAIM, "intended_use"),
    wrong_type: (CLAIM, "schema"),
    dangling_reference: ("releases/1.2.0/release.yaml", "claims/7"),
    digest_does_not_hold: ("releases/1.2.0/release.yaml", "operational.json"),
    duplicate_key: (CLAIM, "schema"),
    missing_file: ("releases/1.2.0/release.yaml", "predictions.parquet"),
    bad_word: (CLAIM, "informs"),
    ambiguous_scalar: (CLAIM, "quote"),
    anchor: (CLAIM, "anchor"),
    date_that_does_not_exist: ("roster.yaml", "2023-02-31"),
    two_devices_worth_of_kind: (CLAIM, "claim"),
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda f: f.__name__)
def test_a_planted_fault_is_one_located_finding(example: Project, plant: Callable[[Project], None]) -> None:
    """Exit 1, `file:line:column`, the offending word and a hint; no traceback."""
    file, word = FAULTS[plant]
    plant(example)
    ran = example.run("check")
    assert ran.code == 1, ran.out + ran.err
    assert "Traceback" not in ran.out + ran.err
    place = re.compile(rf"^evidence/{DEVICE}/{re.escape(file)}:(\d+):(\d+): ", re.M)
    assert place.search(ran.out), ran.out[:3000]
    block = ran.out[place.search(ran.out).start() :]  # type: ignore[union-attr]
    assert word in block
    assert "hint:" in block
    found = example.run("check", "--format", "json").json
    assert found["outcome"] == "refused"
    first = next(f for f in found["findings"] if f["where"]["file"].endswith(file))
    assert first["hint"]
    assert first["where"]["line"] >= 1
    assert first["where"]["column"] >= 1


def test_an_empty_evidence_folder_says_how_to_start(empty: Callable[[], Project]) -> None:
    """Nothing to judge is not a pass."""
    ran = empty().run("check")
    assert ran.code in (1, 2)
    assert "muniment init" in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_missing_evidence_folder_is_exit_2(empty: Callable[[], Project]) -> None:
    """A folder that is not there cannot be judged."""
    ran = empty().run("check", "--evidence", "nowhere")
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_a_table_without_its_label_column_is_named(example: Project) -> None:
    """`measure` names the column it misses and those it found."""
    table = str(example.device / "releases/1.2.0/predictions.parquet")
    ran = example.run("measure", table, "--label", "death", "--score", "score")
    assert ran.code == 2
    assert "death_180d" in ran.err
    assert "Traceback" not in ran.err


def test_a_date_that_does_not_exist_is_exit_2(example: Project) -> None:
    """`--as-of` takes calendar dates only."""
    ran = example.run("check", "--as-of", "2025-02-30")
    assert ran.code == 2
    assert "2025-02-30" in ran.err
