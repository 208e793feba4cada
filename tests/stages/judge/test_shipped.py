"""The shipped packs: their cases, their catalogue, their lint."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from tests.support.policies import POLICIES, SHIPPED, documents, packs, rule_file, schema_documents

from muniment import judge
from muniment.model.tree import thawed

CATALOGUE = "catalogue/requirements.yaml"


@pytest.mark.parametrize(
    "result",
    [result for name in SHIPPED for result in judge.test(packs(name))],
    ids=lambda result: result.case,
)
def test_case(result: judge.CaseResult) -> None:
    """Every case of every rule has the outcome it stands under."""
    assert result.passed, f"{result.rule}: {result.found}, not {result.expected}: {result.message}"


@pytest.mark.parametrize("name", SHIPPED)
def test_lint_has_nothing_to_say(name: str) -> None:
    """Shipped packs name existing cases, requirements and fields, and core speaks for every catalogue row."""
    found = judge.lint(packs(name), documents()[CATALOGUE], schema_documents())
    assert [f"{f.where}: {f.message}" for f in found] == []
    assert packs(name).loosenings == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_knows_what_it_says_without_evidence(name: str) -> None:
    """Every shipped rule has a case for met, one for unmet and one for missing evidence."""
    for compiled in packs(name).rules:
        cases = compiled.rule.cases
        assert cases.met, compiled.rule.id
        assert cases.unmet, compiled.rule.id
        assert cases.undecided, compiled.rule.id


def test_catalogue_is_whole() -> None:
    """All 150 requirements are there once, each with rules or a reason for having none."""
    entries = judge.requirements(packs(), documents()[CATALOGUE])
    assert len(entries) == len({entry.id for entry in entries}) == 150
    assert all(bool(entry.rules) != bool(entry.why_not) for entry in entries)
    assert sum(bool(entry.rules) for entry in entries) >= 80


def test_index_lists_every_rule() -> None:
    """The rule index has one entry a rule, in order of id, the engine's own on waivers among them."""
    entries = judge.index(packs())
    rules = {compiled.rule.id for compiled in packs().rules}
    assert [entry.id for entry in entries] == sorted({*rules, "waiver-in-order"})
    assert len(entries) >= 28
    assert all(entry.require and entry.why and entry.fix for entry in entries)


def test_shipped_files_hold_to_the_schema() -> None:
    """The published schema of policy files accepts what is shipped, and refuses an unknown key."""
    schema = json.loads((POLICIES.parent / "schemas" / "policies" / "pack.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    files = {path: thawed(tree) for path, tree in documents().items() if "/cases/" not in path}
    for path, tree in files.items():
        if path != CATALOGUE:
            assert list(validator.iter_errors(tree)) == [], path
            assert list(validator.iter_errors(tree | {"surprise": 1})), path


def test_lint_finds_what_is_wrong() -> None:
    """A rule without cases, a case nobody names, an unknown fact and an unknown requirement are named."""
    files = {
        "t/pack.yaml": {"kind": "policy", "schema": 1, "id": "t", "version": "1", "title": "T"},
        "t/taxonomy.yaml": {
            "kind": "taxonomy",
            "schema": 1,
            "default": "clinical",
            "keys": {},
            "paths": [{"path": "claim.**", "class": "clinical", "reason": "r"}] * 2,
        },
        "t/rules/r.yaml": rule_file(requirements=["VAL-99"], cases={"unmet": ["cases/gone.yaml"]}),
        "t/cases/stray.yaml": {"facts": {"relese": {}}},
    }
    found = "; ".join(f.message for f in judge.lint(judge.load_packs(files), documents()[CATALOGUE]))
    for words in (
        "no case for met",
        "cases/gone.yaml (unmet), which is not there",
        "no rule names the case cases/stray.yaml",
        "`relese` is the name of no fact",
        "VAL-99",
        "`claim.**` stands twice",
    ):
        assert words in found
