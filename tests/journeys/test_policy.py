"""Trying out policies at the command line."""

from __future__ import annotations

import json

import pytest

from support.project import Project


def test_every_shipped_case_holds(pristine: Project) -> None:
    """`policy lint` finds nothing, and each rule says of its cases what they are filed under."""
    assert pristine.run("policy", "lint").code == 0
    ran = pristine.run("policy", "test", "--format", "json")
    cases = ran.json["cases"]
    assert ran.code == 0
    assert len(cases) >= 150
    assert all(case["expected"] == case["found"] for case in cases)


def test_an_expression_is_tried_on_a_release(pristine: Project) -> None:
    """The facts are those that rules see."""
    ran = pristine.run("policy", "eval", "measures.cohort.n", "--release", "2.0.0")
    assert (ran.code, ran.json) == (0, 1260)
    wrong = "analysis.errors.edge.map(e, e.condition)"
    ran = pristine.run("policy", "eval", wrong, "--release", "2.0.0")
    assert (ran.code, ran.json) == (0, ["low_signal", "artefact", "missing_input"])
    missing = pristine.run("policy", "eval", "plan.nothing", "--release", "2.0.0")
    assert missing.code == 1
    assert "plan.nothing" in missing.err


def test_a_mistake_in_an_expression_is_exit_2(pristine: Project) -> None:
    """It could not be judged, and the place of the mistake is said."""
    ran = pristine.run("policy", "eval", "measures.cohort. > 1", "--release", "2.0.0")
    assert ran.code == 2
    assert "character" in ran.err


def test_many_expressions_are_answered_a_line_each(example: Project) -> None:
    """A bad line is an error of its own; the others are answered."""
    lines = [
        {"id": "a", "expr": "x + 1", "context": {"x": 41}},
        {"id": "b", "expr": "missing.y", "context": {"missing": {}}},
        {"id": "c", "expr": "x +", "context": {"x": 1}},
        {"id": "d", "expr": "timestamp('2026-01-01T00:00:00Z') + duration('1h')"},
        {"id": "e", "expr": "{'k': [1, 2.5, true, null]}"},
    ]
    (example.root / "many.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    ran = example.run("policy", "eval", "--from", "many.jsonl")
    found = {item["id"]: item for item in map(json.loads, ran.out.splitlines())}
    assert ran.code == 0
    assert found["a"]["value"] == 42
    assert "missing.y" in found["b"]["error"]
    assert found["c"]["error"].startswith("invalid")
    assert found["d"]["value"] == "2026-01-01T01:00:00Z"
    assert found["e"]["value"] == {"k": [1, 2.5, True, None]}


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("release.explainability.contract.semantics_version", "clinical"),
        ("release.explainability.contract.schema_version", "operational"),
        ("release.analysis.perturbed.table.sha256", "administrative"),
        ("plan.robustness[R-1].max_drop", "clinical"),
        ("release.summary", "administrative"),
        ("monitoring.monitors[M-1].owner", "operational"),
        ("monitoring.monitors[M-1].threshold.warn", "clinical"),
        ("release.model.file.sha256", "clinical"),
        ("nothing.known", "clinical"),
    ],
)
def test_the_class_of_a_path_is_explained(pristine: Project, path: str, word: str) -> None:
    """Path, pattern and class; what no pattern names is clinical."""
    ran = pristine.run("explain", "change", path)
    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith(f"→ {word}")


def test_a_pack_with_a_mistake_is_exit_2_and_names_its_line(example: Project) -> None:
    """A misspelt key in a pack of one's own stops the check; the evidence is not blamed."""
    pack = example.root / "ours"
    pack.mkdir()
    head = "kind: policy\nschema: 1\nid: ours\nversion: 1.0.0\ntitle: Ours\nparms: {}\n"
    (pack / "pack.yaml").write_text(head, "utf-8")
    settings = (example.root / "muniment.yaml").read_text("utf-8").replace("[core]", "[core, ours]")
    assert "ours" in settings
    (example.root / "muniment.yaml").write_text(settings, "utf-8")
    ran = example.run("check")
    assert ran.code == 2
    assert "ours/pack.yaml:6:" in ran.err
    assert "params" in ran.err
