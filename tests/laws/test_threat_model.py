"""The threat model's table says what the tests do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
REFERENCES = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("|") and "`tests/" in line and line.count(" | ") == 3
]


def functions(path: str) -> set[str]:
    tree = ast.parse((CHECKOUT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), REFERENCES)
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    """A line that names no test, or one that is gone, promises what nobody checks."""
    assert (CHECKOUT / path).is_file()
    assert not name or name in functions(path)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:50] for row in ROWS])
def test_the_reason_that_is_quoted_is_the_one_given(row: list[str]) -> None:
    """What stands in quotation marks as the reason given is what the test looks for."""
    path = re.findall(r"`(tests/[\w/]+\.py)", row[3])[0]
    for quoted in re.findall(r"“(.+?)”", row[2]):
        assert quoted in (CHECKOUT / path).read_text("utf-8"), quoted


def test_every_attack_is_in_the_table() -> None:
    """No test of an attack is missing from the page: what was tried is what is told."""
    told = {name for _, name in REFERENCES}
    files = {path for path, name in REFERENCES if not name}
    assert len(ROWS) > 35
    for path in sorted((CHECKOUT / "tests" / "attacks").glob("test_*.py")):
        relative = path.relative_to(CHECKOUT).as_posix()
        if relative in files:
            continue
        assert {name for name in functions(relative) if name.startswith("test_")} - told <= SUPPORT, relative


SUPPORT = {
    "test_a_sound_vote_counts",
    "test_the_measure_is_sound",
    "test_the_forger_is_no_straw_man",
    "test_the_digest_of_a_seal_is_that_of_its_file",
    "test_the_earliest_of_several_timestamps_counts",
    "test_no_roots_vouch_for_nothing",
}
"""Tests that show the others to be fair, and are no attacks."""
