"""Ways to get a policy wrong: each is the policy's fault, and names its file, line and column."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from muniment.cli.main import main
from muniment.errors import InvalidPolicy, MunimentError
from muniment.pipeline.policies import load_packs
from muniment.pipeline.request import Request
from support.project import Project

HEAD = """kind: policy
schema: 1
id: ours
version: "1.0.0"
title: Ours
extends: [core]
params:
  most:
    type: integer
    tighter: lower
    doc: Most stages
    value: 9
set:
  drill_max_age: {value: 90}
adjust:
  subgroups-monitored: {severity: block}
"""
RULE = """kind: rules
schema: 1
rules:
  - id: ours-first
    title: A rule of ours
    severity: block
    requirements: [VAL-03]
    effective: "2020-01-01"
    when: release.status == 'released'
    let:
      stages: release.stages
    each: {stage: "release.stages[*]"}
    at_least: 1
    require: size(stages) <= params.most
    at: stage.id
    message: "there are {size(stages)} stages"
    why: why
    fix: fix
    waivable: false
    cases: {}
"""
TAXONOMY = """kind: taxonomy
schema: 1
keys:
  owners: id
paths:
  - {path: release.summary, class: operational, reason: readers rely on it}
"""
FILES = {"pack.yaml": HEAD, "rules/first.yaml": RULE, "taxonomy.yaml": TAXONOMY}

MISTAKES: list[tuple[str, str, str, str, str]] = [
    # File, what stands there, what is written instead, the place, words of the message.
    ("pack.yaml", "kind: policy", "kind: polcy", "1:7", "did you mean `policy`"),
    ("pack.yaml", "schema: 1", "schema: 2", "2:9", "reads schema 1"),
    ("pack.yaml", "title: Ours", "titel: Ours", "5:8", "unknown key `titel`"),
    ("pack.yaml", "id: ours", "id: ''", "3:5", "a text is expected"),
    ("pack.yaml", "extends: [core]", "extends: [core, core2]", "", "no policy pack 'core2'"),
    ("pack.yaml", "type: integer", "type: integr", "9:11", "did you mean `integer`"),
    ("pack.yaml", "tighter: lower", "tighter: less", "10:14", "not one of higher, lower"),
    ("pack.yaml", "value: 9", "value: nine", "12:12", "not of type integer"),
    ("pack.yaml", "drill_max_age:", "drill_max:", "14:14", "no pack below has the parameter"),
    ("pack.yaml", "{value: 90}", "{value: 900}", "14:18", "without a reason"),
    ("pack.yaml", "severity: block", "severity: info", "16:24", "without a reason"),
    ("pack.yaml", "subgroups-monitored", "subgroup-monitored", "16:23", "did you mean `subgroups-monitored`"),
    ("pack.yaml", "id: ours", "id: ours\nid: ours", "4:1", "duplicate key"),
    ("pack.yaml", "id: ours", "id: &a ours", "3:", "anchor"),
    ("rules/first.yaml", "severity: block", "severity: blocking", "6:15", "did you mean `block`"),
    ("rules/first.yaml", "    why: why\n", "", "4:5", "`why` is missing"),
    ("rules/first.yaml", "id: ours-first", "id: Ours First", "4:9", "lower-case words"),
    ("rules/first.yaml", "id: ours-first", "id: drill-in-date", "4:9", "stands twice"),
    ("rules/first.yaml", '"2020-01-01"', "soon", "8:16", "a date such as"),
    ("rules/first.yaml", "status == 'released'", "status = 'released'", "9:11", "unexpected"),
    ("rules/first.yaml", "stages: release.stages", "stages: relese.stages", "11:15", "unknown name `relese`"),
    ("rules/first.yaml", "stages: release.stages", "plan: release.stages", "11:13", "already the name"),
    ("rules/first.yaml", "release.stages[*]", "release.stages[*].id", "12:19", "ends in"),
    ("rules/first.yaml", "at_least: 1", "at_least: -1", "13:15", "an integer from 0"),
    ("rules/first.yaml", "size(stages) <=", "len(stages) <=", "14:14", "unknown function `len`"),
    ("rules/first.yaml", "size(stages) <= params.most", "size(stages", "14:14", "unexpected"),
    ("rules/first.yaml", "size(stages) <= params.most", "stages.matches('a')", "14:14", "unknown method"),
    (
        "rules/first.yaml",
        "size(stages) <= params.most",
        '"' + "(" * 60 + "1" + ")" * 60 + '"',
        "14:14",
        "nested",
    ),
    ("rules/first.yaml", "at: stage.id", "at: stage.", "15:9", "unexpected"),
    ("rules/first.yaml", "{size(stages)} stages", "{size(stages) stages", "16:14", "brace"),
    ("rules/first.yaml", "there are {size", "{1}" * 41 + "{size", "16:14", "placeholders"),
    ("rules/first.yaml", "waivable: false", "waivable: no", "19:15", "quote"),
    ("rules/first.yaml", "cases: {}", "cases: {maybe: []}", "20:20", "unknown key `maybe`"),
    ("taxonomy.yaml", "owners: id", "hazards: title", "4:12", "matched by"),
    ("taxonomy.yaml", "class: operational", "class: cosmetic", "6:36", "not one of"),
    ("taxonomy.yaml", "path: release.summary", "path: release..summary", "6:12", "no path pattern"),
    ("taxonomy.yaml", "path: release.summary", "path: release.model.file.sha256", "6:5", "without a reason"),
    ("taxonomy.yaml", "reason: readers", "when: later, reason: readers", "6:", "unknown name `later`"),
]


def no_clock() -> Any:
    raise AssertionError("no clock")


def request(root: Path, edits: dict[str, str] | None = None) -> Request:
    for name, text in {**FILES, **(edits or {})}.items():
        path = root / "ours" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Request(root=root, evidence=root, as_of="2026-04-30", packs=("ours",))


def test_without_a_mistake_it_loads(tmp_path: Path) -> None:
    """What the mistakes are made in is in order."""
    packs = load_packs(request(tmp_path))
    assert "ours-first" in {compiled.rule.id for compiled in packs.rules}


@pytest.mark.parametrize(("file", "right", "wrong", "place", "words"), MISTAKES)
def test_a_mistake_names_its_place(
    tmp_path: Path, file: str, right: str, wrong: str, place: str, words: str
) -> None:
    """A mistake in a policy is no finding about the evidence: it stops, at its own file, line and column."""
    assert FILES[file].count(right) >= 1
    with pytest.raises(MunimentError) as caught:
        load_packs(request(tmp_path, {file: FILES[file].replace(right, wrong, 1)}))
    assert words in str(caught.value)
    if place:
        assert isinstance(caught.value, InvalidPolicy)
        assert caught.value.where.startswith(f"ours/{file}:{place}")
        assert re.fullmatch(r"ours/\S+\.yaml:\d+:\d+", caught.value.where)


def test_it_is_exit_2_for_whatever_reads_the_pack(example: Project) -> None:
    """Check, rules, lint and diff all stop with exit code 2, and say where."""
    request(example.root, {"rules/first.yaml": RULE.replace("size(stages) <=", "len(stages) <=")})
    settings = (example.root / "muniment.yaml").read_text("utf-8").replace("[core]", "[ours]")
    (example.root / "muniment.yaml").write_text(settings, "utf-8")
    for command in (("check",), ("rules",), ("policy", "lint"), ("policy", "diff", "core", "ours")):
        ran = example.run(*command)
        assert ran.code == 2, command
        assert "ours/rules/first.yaml:14:14: unknown function `len`" in ran.err
        assert "Traceback" not in ran.err


def test_a_budget_names_the_rule_that_spends_it(
    example: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endless nest is found when it judges, within seconds, and the rule is named with its place."""
    nest = '"' + "[1,2,3,4,5,6,7,8,9].all(a, " * 6 + "[1,2,3,4,5,6,7,8,9].all(z, true)" + ")" * 6 + '"'
    request(example.root, {"rules/first.yaml": RULE.replace("size(stages) <= params.most", nest)})
    settings = (example.root / "muniment.yaml").read_text("utf-8").replace("[core]", "[ours]")
    (example.root / "muniment.yaml").write_text(settings, "utf-8")
    monkeypatch.chdir(example.root)
    with pytest.raises(SystemExit) as stopped:
        main(["check"])
    assert stopped.value.code == 2
    assert (
        "ours/rules/first.yaml:4:5: rule `ours-first`: an expression took more than"
        in capsys.readouterr().err
    )
