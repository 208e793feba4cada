"""Reading packs: every mistake is refused, and says where it stands."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tests.support.policies import rule_file

from muniment import judge
from muniment.errors import InvalidPolicy

HEAD: dict[str, Any] = {"kind": "policy", "schema": 1, "id": "t", "version": "1", "title": "T"}
TAXONOMY: dict[str, Any] = {"kind": "taxonomy", "schema": 1, "default": "clinical", "keys": {}, "paths": []}


def files(**rule: Any) -> dict[str, Any]:
    return {
        "t/pack.yaml": deepcopy(HEAD),
        "t/taxonomy.yaml": deepcopy(TAXONOMY),
        "t/rules/r.yaml": rule_file(**rule),
    }


@pytest.mark.parametrize(
    ("rule", "where", "word"),
    [
        ({"severty": "block"}, "/rules/0/severty", "did you mean `severity`"),
        ({"severity": "blocks"}, "/rules/0/severity", "did you mean `block`"),
        ({"severity": None}, "/rules/0", "`severity` is missing"),
        ({"id": "A Rule"}, "/rules/0/id", "lower-case"),
        ({"require": "release.version ="}, "/rules/0/require", "unexpected"),
        ({"require": "relese.version == '1'"}, "/rules/0/require", "unknown name `relese`"),
        ({"require": "frobnicate(release)"}, "/rules/0/require", "unknown function"),
        ({"message": "it is {release.}"}, "/rules/0/message", "unexpected"),
        ({"message": "it is {release"}, "/rules/0/message", "brace"),
        ({"let": {"release": "plan"}}, "/rules/0/let/release", "already the name"),
        ({"each": {"a": "plan.criteria[*]", "b": "plan"}}, "/rules/0/each", "binds one name"),
        ({"each": {"c": "plan.criteria[*].id"}}, "/rules/0/each/c", "ends in"),
        ({"at_least": 2}, "/rules/0/at_least", "`each`"),
        ({"effective": "soon"}, "/rules/0/effective", "2020-01-01"),
        ({"effective": "2025-02-30"}, "/rules/0/effective", "2020-01-01"),
        ({"requirements": "VAL-03"}, "/rules/0/requirements", "a list"),
        ({"waivable": "yes"}, "/rules/0/waivable", "true or false"),
    ],
)
def test_mistakes_in_a_rule(rule: dict[str, Any], where: str, word: str) -> None:
    """A mistake in a rule names its file and place, and what is wrong."""
    with pytest.raises(InvalidPolicy) as caught:
        judge.load_packs(files(**rule))
    assert caught.value.where == f"t/rules/r.yaml#{where}"
    assert word in str(caught.value)


def test_place_has_line_and_column_where_they_are_known() -> None:
    """With a locator, the place is file, line and column."""
    with pytest.raises(InvalidPolicy) as caught:
        judge.load_packs(files(require="nonsense"), lambda _file, pointer: (7, len(pointer)))
    assert caught.value.where == f"t/rules/r.yaml:7:{len('/rules/0/require')}"


@pytest.mark.parametrize(
    ("file", "change", "word"),
    [
        ("t/pack.yaml", {"kind": "polcy"}, "did you mean `policy`"),
        ("t/pack.yaml", {"schema": 2}, "reads schema 1"),
        (
            "t/pack.yaml",
            {"params": {"a": {"value": "x", "type": "number", "doc": "d"}}},
            "not of type number",
        ),
        (
            "t/pack.yaml",
            {"params": {"a": {"value": True, "type": "integer", "doc": "d"}}},
            "not of type integer",
        ),
        ("t/taxonomy.yaml", {"default": "cosmetic"}, "not one of"),
        (
            "t/taxonomy.yaml",
            {"paths": [{"path": "a..b", "class": "clinical", "reason": "r"}]},
            "no path pattern",
        ),
        (
            "t/taxonomy.yaml",
            {"paths": [{"path": "a", "class": "clinical", "reason": "r", "when": "later > before"}]},
            "unknown name `later`",
        ),
    ],
)
def test_mistakes_in_a_pack(file: str, change: dict[str, Any], word: str) -> None:
    """A mistake in the head or the taxonomy of a pack is refused in plain words."""
    documents = files()
    documents[file] |= change
    with pytest.raises(InvalidPolicy, match=word):
        judge.load_packs(documents)


def test_nothing_is_not_everything() -> None:
    """No pack, and a pack without a rule, are refused: they would accept whatever comes."""
    for documents in ({}, {"t/pack.yaml": HEAD, "t/taxonomy.yaml": TAXONOMY}):
        with pytest.raises(InvalidPolicy, match="no policy pack with rules"):
            judge.load_packs(documents)


def test_duplicate_ids_are_refused() -> None:
    """Two rules of one id would hide each other."""
    documents = files() | {"t/rules/s.yaml": rule_file()}
    with pytest.raises(InvalidPolicy, match="stands twice"):
        judge.load_packs(documents)
