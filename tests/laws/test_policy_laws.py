"""Laws over the shipped rules and the change taxonomy."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests.support.policies import packs

from muniment.diff import Classifier
from muniment.judge.linting import case_facts, outcome_of
from muniment.judge.place import Facts
from muniment.model.finding import Severity
from muniment.model.tree import frozen, thawed

CASES = [
    (compiled.rule.id, path) for compiled in packs().rules for _outcome, path in compiled.rule.cases.listed()
]
RULES = {compiled.rule.id: compiled for compiled in packs().rules}
OPEN: dict[tuple[str, str], str] = {
    ("serious-alert-has-incident", "review"): "alerts-reviewed",
    ("alert-mitigation-in-date", "review"): "alerts-reviewed",
    ("alert-mitigation-in-date", "mitigation"): "alerts-reviewed",
    ("incident-closed-with-cause", "closure"): "incident-level-in-time",
    ("signal-closed-with-cause-and-check", "closure"): "signal-reportability-decided",
    ("signal-mitigation-in-date", "interim_mitigation"): "signal-reportability-decided",
}
"""Parts whose absence says that something is still open, and the rule that watches it while it is.

These rules judge how an alert was reviewed or a signal closed; without the part there is nothing yet to
judge, and what is open stays on the list of what needs attention.
"""


def keys(node: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key of every mapping, however deep."""
    if isinstance(node, dict):
        for name, item in node.items():
            yield (*at, name)
            yield from keys(item, (*at, name))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from keys(item, (*at, index))


def without(tree: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    copy = deepcopy(tree)
    node: Any = copy
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    return copy


@pytest.mark.parametrize(("rule", "path"), CASES, ids=[f"{path}" for _rule, path in CASES])
def test_deleting_evidence_never_helps(rule: str, path: str) -> None:
    """Deleting a fact never turns an outcome into met, nor an unmet rule into one that does not apply."""
    compiled = RULES[rule]
    facts = case_facts(compiled.pack, path)
    before, _message = outcome_of(packs(), compiled, facts)
    tree = thawed(facts.tree)
    deletions = list(keys(tree))
    assert deletions
    for deletion in deletions:
        poorer = Facts(frozen(without(tree, deletion)), home=facts.home)
        after, message = outcome_of(packs(), compiled, poorer)
        if (rule, str(deletion[-1])) in OPEN:
            continue
        if before != "met":
            assert after != "met", f"{rule}: without {deletion} it is met: {message}"
        if before in {"unmet", "undecided"}:
            assert after != "not_applicable", f"{rule}: without {deletion} it no longer applies"


@pytest.mark.parametrize(("rule", "part"), OPEN, ids=lambda word: word)
def test_what_is_open_is_watched_by_another_rule(rule: str, part: str) -> None:
    """Each exception above is needed by a case, and the rule that watches meanwhile blocks a release."""
    compiled = RULES[rule]
    eased = False
    for _outcome, path in compiled.rule.cases.listed():
        facts = case_facts(compiled.pack, path)
        before, _message = outcome_of(packs(), compiled, facts)
        tree = thawed(facts.tree)
        for deletion in keys(tree):
            if deletion[-1] == part and before != "met":
                poorer = Facts(frozen(without(tree, deletion)), home=facts.home)
                eased |= outcome_of(packs(), compiled, poorer)[0] == "met"
    assert eased
    assert RULES[OPEN[rule, part]].rule.severity is Severity.BLOCK


def test_every_rule_decides_both_ways() -> None:
    """Every shipped rule has a case it meets and one it fails, and says so."""
    for compiled in packs().rules:
        assert compiled.rule.cases.met, compiled.rule.id
        assert compiled.rule.cases.unmet, compiled.rule.id
        assert compiled.rule.cases.undecided, compiled.rule.id


def test_no_unlisted_path_is_harmless() -> None:
    """A path that nobody thought about is clinical."""
    taxonomy = packs().taxonomy
    assert taxonomy is not None
    classifier = Classifier(taxonomy)
    for steps in (("release", "new_field"), ("unknown",), ("datasets", "raw", "anything", "[x]", "below")):
        assert classifier.of(steps).change_class.word == "clinical", steps
