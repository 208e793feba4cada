"""Laws of packs: declared directions are true, and no tree of a pack file ends in anything but a refusal."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.policies import SHIPPED, documents, packs, schema_documents

from muniment import judge
from muniment.errors import InvalidPolicy
from muniment.judge.layers import tightens
from muniment.judge.linting import case_facts, outcome_of
from muniment.model.policy import Param
from muniment.model.tree import frozen, thawed

CATALOGUE = documents()["catalogue/requirements.yaml"]


def stricter(param: Param) -> list[Any]:
    """Values that the declared direction calls stricter than the parameter's own."""
    value = thawed(param.value)
    up = param.tighter == "higher"
    match value:
        case bool():
            return [up]
        case int() | float():
            return [value + 1, value * 10] if up else [value - 1, 0]
        case list():
            return [[*value, "another"]] if up else [value[1:], []]
        case dict():
            return [{name: [*item, ["nobody"]] for name, item in value.items()}] if up else []
    return []


STRICTER = [
    (name, param, value)
    for name in SHIPPED
    for param in packs(name).packs[0].params.values()
    if param.tighter is not None
    for value in stricter(param)
]


@pytest.mark.parametrize(("name", "param", "value"), STRICTER, ids=lambda v: getattr(v, "name", None))
def test_a_declared_direction_is_true(name: str, param: Param, value: Any) -> None:
    """A value that its direction calls stricter never lets a case through that was not let through before."""
    assert tightens(param, frozen(value))
    rules = [c for c in packs(name).rules if f"params.{param.name}" in _text(c)]
    for compiled in rules:
        params = MappingProxyType({**compiled.own_params, param.name: frozen(value)})
        changed = replace(compiled, own_params=params)
        for _outcome, path in compiled.rule.cases.listed():
            facts = case_facts(compiled.pack, path)
            before, _ = outcome_of(packs(name), compiled, facts)
            after, message = outcome_of(packs(name), changed, facts)
            assert after == before or after in ("unmet", "undecided"), (
                f"{path}: {before} → {after}: {message}"
            )


def _text(compiled: Any) -> str:
    rule = compiled.rule
    return " ".join([rule.require, rule.when or "", *(rule.each or ()), *(text for _, text in rule.let)])


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["", "x", "core", "a.b", "{", "[*]", "params.nope", "block", "2020-01-01", "é😀", "a.**"]
    )
)
TREES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from("abc"), below, max_size=2),
)
LAYER: dict[str, Any] = {
    "ours/pack.yaml": {
        "kind": "policy",
        "schema": 1,
        "id": "ours",
        "version": "1",
        "title": "Ours",
        "extends": ["internal"],
        "complete": False,
        "params": {"most": {"value": 1, "type": "integer", "doc": "most", "tighter": "lower"}},
        "set": {"signatures": {"value": 3}, "waiver_max_days": {"value": 99, "loosens": "why"}},
        "adjust": {
            "two-signatures": {"drop": True, "loosens": "why"},
            "results-sealed": {"severity": "block"},
        },
    },
    "ours/taxonomy.yaml": {
        "kind": "taxonomy",
        "schema": 1,
        "keys": {"sites": "id", "labels": ["name"]},
        "paths": [
            {"path": "release.summary", "class": "operational", "reason": "r"},
            {
                "path": "run.argv",
                "class": "administrative",
                "reason": "r",
                "loosens": "w",
                "when": "after == null",
            },
        ],
    },
    "ours/rules/r.yaml": {
        "kind": "rules",
        "schema": 1,
        "title": "R",
        "rules": [
            {
                "id": "a-rule",
                "title": "T",
                "severity": "warn",
                "requirements": ["VAL-03"],
                "effective": "2020-01-01",
                "when": "release.status == 'released'",
                "let": {"stages": "release.stages"},
                "each": {"s": "release.stages[*]"},
                "at_least": 0,
                "require": "size(stages) <= params.most",
                "at": "s.id",
                "message": "it is {s.id}",
                "why": "w",
                "fix": "f",
                "waivable": True,
                "cases": {"met": ["cases/c.yaml"]},
            }
        ],
    },
    "ours/cases/c.yaml": {"note": "n", "facts": {"release": {"stages": []}}},
}
INTERNAL = {path: tree for path, tree in documents().items() if path.startswith("internal/")}


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a tree."""
    found = [at]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        found += places(item, (*at, key))
    return found


PLACES = [(file, at) for file, tree in LAYER.items() for at in places(tree)]


def damaged(file: str, at: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The layer with another value at one place."""
    files = deepcopy(LAYER)
    if not at:
        return files | {file: value}
    node = files[file]
    for step in at[:-1]:
        node = node[step]
    node[at[-1]] = value
    return files


def test_the_layer_is_in_order() -> None:
    """What is damaged below loads, and lints but for its missing case."""
    found = judge.load_packs({**INTERNAL, **frozen(LAYER)})
    assert len(found.loosenings) == 3
    (finding,) = judge.lint(found, CATALOGUE, schema_documents())
    assert "no case for unmet" in finding.message


@given(st.sampled_from(PLACES), TREES)
@settings(max_examples=400, deadline=None)
def test_a_damaged_pack_is_refused_or_loads(place: tuple[str, tuple[Any, ...]], value: Any) -> None:
    """Whatever stands wherever in a pack: it is refused at its own file, or it loads and lints."""
    problem = refusal(damaged(*place, value))
    assert problem is None or (problem.message and (problem.where.startswith("ours/") or not problem.where))


def refusal(files: dict[str, Any]) -> InvalidPolicy | None:
    """Why a layer on the internal pack is refused; `None` where it loads, lints and is tested."""
    try:
        found = judge.load_packs({**INTERNAL, **frozen(files)})
    except InvalidPolicy as refused:
        return refused
    judge.lint(found, CATALOGUE, schema_documents())
    judge.test(found)
    return None
