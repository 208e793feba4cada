"""The shipped policy packs, read as the pipeline reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from muniment import judge, load
from muniment.model.tree import Tree

POLICIES = Path(__file__).parents[2] / "policies"


@cache
def documents() -> Mapping[str, Tree]:
    """Path below `policies/` to parsed YAML; a fault in one fails the test that asks."""
    found: dict[str, Tree] = {}
    for path in sorted(POLICIES.rglob("*.yaml")):
        name = path.relative_to(POLICIES).as_posix()
        tree, faults = load.yaml_tree(path.read_bytes(), name)
        assert not faults, faults
        found[name] = tree
    return MappingProxyType(found)


SHIPPED = ("core", "internal")
"""Packs that ship with the program; each judges alone."""


@cache
def packs(name: str = "core") -> judge.Packs:
    """A shipped pack."""
    return judge.load_packs({path: tree for path, tree in documents().items() if path.startswith(f"{name}/")})


@cache
def schema_documents() -> Mapping[str, Any]:
    """Every JSON Schema by name, as the pipeline hands them to the lint."""
    folder = POLICIES.parent / "schemas"
    return MappingProxyType(
        {
            path.relative_to(folder).as_posix().removesuffix(".json"): json.loads(path.read_text("utf-8"))
            for path in sorted(folder.rglob("*.json"))
        }
    )


def rule_file(**fields: Any) -> dict[str, Any]:
    """A rules document with one rule, complete but for what a test changes."""
    rule: dict[str, Any] = {
        "id": "a-rule",
        "title": "A rule",
        "severity": "block",
        "requirements": ["VAL-03"],
        "require": "release.version == '1'",
        "message": "it is {release.version}",
        "why": "why",
        "fix": "fix",
        "cases": {},
    }
    rule |= fields
    return {"kind": "rules", "schema": 1, "rules": [{k: v for k, v in rule.items() if v is not None}]}


def pack_of(*rules: Mapping[str, Any], **params: Any) -> judge.Packs:
    """A pack of rule files, with an empty taxonomy."""
    head = {"kind": "policy", "schema": 1, "id": "t", "version": "1", "title": "T", "params": params}
    taxonomy = {"kind": "taxonomy", "schema": 1, "default": "clinical", "keys": {}, "paths": []}
    files = {f"t/rules/{number}.yaml": rule for number, rule in enumerate(rules)}
    return judge.load_packs({"t/pack.yaml": head, "t/taxonomy.yaml": taxonomy, **files})
