"""Another pack on the same evidence: by settings, by comparison, and at another date."""

from __future__ import annotations

import re

import pytest

from support.project import CHECKOUT, Project

PACK = """kind: policy
schema: 1
id: ours
version: "1.0.0"
title: What we demand beyond core
extends: [core]
set:
  drill_max_age: {value: 30}
  alert_review_days: {value: 60, loosens: one reviewer until June}
adjust:
  raw-licence-present: {drop: true, loosens: the contract with the hospital covers it}
"""
TAXONOMY = """kind: taxonomy
schema: 1
paths:
  - {path: release.summary, class: operational, reason: our readers rely on it}
"""


@pytest.fixture
def layered(example: Project) -> Project:
    """The example with a pack of its own on core, which nothing uses yet."""
    (example.root / "ours").mkdir()
    (example.root / "ours" / "pack.yaml").write_text(PACK, "utf-8")
    (example.root / "ours" / "taxonomy.yaml").write_text(TAXONOMY, "utf-8")
    return example


def use(project: Project, packs: str) -> None:
    settings = project.root / "muniment.yaml"
    settings.write_text(settings.read_text("utf-8").replace("packs: [core]", f"packs: [{packs}]"), "utf-8")


def test_diff_says_what_a_layer_changes_and_why(layered: Project) -> None:
    """Only the rulings that differ are listed, each with both sides and the reason; exit code 1."""
    ran = layered.run("policy", "diff", "core", "ours", "--format", "json")
    assert ran.code == 1
    body = ran.json
    assert (body["old"], body["new"], body["as_of"]) == (["core"], ["ours"], "2026-04-30")
    assert {c["rule"] for c in body["changes"]} == {"drill-in-date", "raw-licence-present"}
    (drill,) = [c for c in body["changes"] if c["rule"] == "drill-in-date"]
    assert (drill["release"], drill["before"]["outcome"], drill["after"]["outcome"]) == (
        "2.0.0",
        "met",
        "unmet",
    )
    assert drill["why"] == "params.drill_max_age is 30, was 365"
    licence = next(c for c in body["changes"] if c["rule"] == "raw-licence-present")
    assert licence["after"] is None
    assert "the contract with the hospital" in licence["why"]
    assert [(m["release"], m["before"]["outcome"], m["after"]["outcome"]) for m in body["releases"]] == [
        ("2.0.0", "accepted", "refused")
    ]
    one = layered.run("policy", "diff", "core", "ours", "--release", "1.2.0")
    assert one.code == 1
    assert "drill-in-date" not in one.out
    assert "1 ruling changed" in one.out


def test_diff_of_a_pack_with_itself_is_empty(pristine: Project) -> None:
    """Nothing changes, and the exit code says so."""
    ran = pristine.run("policy", "diff", "core", "core")
    assert (ran.code, ran.out) == (0, "as of 2026-04-30: no rulings changed\n")


@pytest.mark.parametrize("names", [("core", "nowhere"), ("core", ","), ("core",)])
def test_diff_of_what_is_not_there(pristine: Project, names: tuple[str, ...]) -> None:
    """A pack that does not exist is a mistake of the request."""
    ran = pristine.run("policy", "diff", *names)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_loosening_shows_wherever_the_rules_do(layered: Project) -> None:
    """Lint, rules, explain and check name the loosening, its reason and its place; none fails for it."""
    use(layered, "ours")
    assert layered.run("policy", "eval", "params.drill_max_age", "--release", "2.0.0").json == 30
    reason = "one reviewer until June"
    lint = layered.run("policy", "lint")
    assert lint.code == 0
    assert (
        f"ours/pack.yaml:9:22: note: pack ours loosens param alert_review_days from 30 to 60: {reason}"
        in lint.out
    )
    assert (
        f"note: pack ours loosens param alert_review_days from 30 to 60: {reason}" in layered.run("rules").out
    )
    listed = layered.run("rules", "--format", "json").json["loosenings"]
    assert [(item["what"], item["after"]) for item in listed] == [
        ("param alert_review_days", "60"),
        ("rule raw-licence-present", "dropped"),
    ]
    assert "does not judge" in layered.run("explain", "raw-licence-present").out
    check = layered.run("check", "--format", "json")
    notes = [f for f in check.json["findings"] if f["rule"] == "policy"]
    assert [(n["severity"], n["where"]["file"], n["where"]["line"]) for n in notes] == [
        ("info", "ours/pack.yaml", 9),
        ("info", "ours/pack.yaml", 11),
    ]
    assert layered.run("policy", "test").code == 0
    assert layered.run("explain", "change", "release.summary").out.startswith(
        "release.summary → release.summary → operational"
    )


def test_the_internal_pack_judges_by_settings(example: Project) -> None:
    """Packs are data: a team that nobody regulates names another one, and everything works with it."""
    use(example, "internal")
    ran = example.run("check", "--format", "json")
    assert ran.code == 0
    releases = {r["release"]: r for r in ran.json["devices"][0]["releases"]}
    assert {ruling["pack"] for ruling in releases["1.2.0"]["rulings"]} == {"internal"}
    assert {r["outcome"] for r in releases.values()} == {"accepted"}
    assert example.run("policy", "lint").code == 0
    assert example.run("policy", "test").code == 0
    with (example.device / "releases/2.0.0/model.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    broken = example.run("check", "--rule", "files-as-recorded", "--format", "json")
    last = next(r for r in broken.json["devices"][0]["releases"] if r["release"] == "2.0.0")
    assert broken.code == 1
    assert {ruling["outcome"] for ruling in last["rulings"]} == {"unmet"}


def test_core_and_internal_together_are_two_answers(example: Project) -> None:
    """Two taxonomies cannot both say what a change is: exit code 2, and which files say so."""
    use(example, "core, internal")
    ran = example.run("check")
    assert ran.code == 2
    assert "internal/taxonomy.yaml:1:1: two change taxonomies" in ran.err


def test_a_rule_takes_effect_by_the_release_date(layered: Project) -> None:
    """A rule binds releases decided from its day on; older ones are not judged by it, whenever one asks."""
    rule = """kind: rules
schema: 1
rules:
  - id: never
    title: Never met
    severity: warn
    requirements: [VAL-03]
    effective: "2025-03-01"
    require: "false"
    message: never
    why: why
    fix: fix
    cases: {}
"""
    (layered.root / "ours" / "rules").mkdir()
    (layered.root / "ours" / "rules" / "never.yaml").write_text(rule, "utf-8")
    use(layered, "ours")

    def outcomes(*options: str) -> dict[str, str]:
        ran = layered.run("check", "--rule", "never", "--format", "json", *options)
        return {r["release"]: r["rulings"][0]["outcome"] for r in ran.json["devices"][0]["releases"]}

    dates = {
        r: layered.run("policy", "eval", "release.date", "--release", r).json
        for r in ("1.0.0", "1.2.0", "2.0.0")
    }
    now = outcomes()
    for release, day in dates.items():
        assert now[release] == ("unmet" if day >= "2025-03-01" else "not_applicable"), (release, day)
    assert set(now.values()) >= {"unmet", "not_applicable"}
    # Replayed before its decision a release is a candidate, and is judged at the day of the replay.
    assert outcomes("--as-of", "2025-02-28")["2.0.0"] == "not_applicable"


def test_replay_leaves_out_what_came_later(pristine: Project) -> None:
    """At an earlier date a release that was authorised later is a candidate; the output names the date."""
    day = pristine.run("policy", "eval", "release.date", "--release", "2.0.0").json
    ran = pristine.run("check", "--as-of", "2024-06-30", "--format", "json")
    assert ran.json["as_of"] == "2024-06-30"
    statuses = {r["release"]: r["status"] for r in ran.json["devices"][0]["releases"]}
    assert day > "2024-06-30"
    assert statuses["2.0.0"] == "candidate"


def test_eval_needs_one_source_of_facts(example: Project) -> None:
    """One expression has one set of facts; a file of expressions has its own."""
    (example.root / "facts.json").write_text('{"a": {"b": [1, 2.5]}}', "utf-8")
    ran = example.run("policy", "eval", "a.b.map(x, x > 2)", "--context", "facts.json")
    assert (ran.code, ran.json) == (0, [False, True])
    both = example.run("policy", "eval", "a", "--context", "facts.json", "--release", "2.0.0")
    assert both.code == 2
    assert example.run("policy", "eval").code == 2
    assert example.run("policy", "eval", "a", "--context", "muniment.yaml").code == 2


def test_packs_are_linted_and_tested_by_name(pristine: Project) -> None:
    """A shipped pack is looked at without naming it in the settings."""
    for command in (("policy", "lint"), ("policy", "test"), ("rules",)):
        ran = pristine.run(*command, "--pack", "internal")
        assert ran.code == 0, ran.err
    assert "two-signatures" in pristine.run("rules", "--pack", "internal").out
    assert "27 of 27" in pristine.run("policy", "test", "--pack", "internal").out


def test_the_layer_of_the_how_to_works(example: Project) -> None:
    """The pack in "Layer packs" loads, lints and judges; it loosens what the page gives reasons for."""
    page = (CHECKOUT / "docs" / "how-to" / "layer-packs.md").read_text("utf-8")
    first, _settings, looser, _internal = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (example.root / "ours").mkdir()
    (example.root / "ours" / "pack.yaml").write_text(first, "utf-8")
    assert example.run("policy", "lint", "--pack", "ours").out == "no findings\n"
    head = re.sub(r"^set:.*", "", first, flags=re.MULTILINE | re.DOTALL)
    (example.root / "ours" / "pack.yaml").write_text(head + looser, "utf-8")
    ran = example.run("policy", "lint", "--pack", "ours")
    assert ran.code == 0
    assert ran.out.count("note: pack ours loosens") == 2


def test_a_misspelt_field_is_found_with_line_and_column(layered: Project) -> None:
    """Lint names file, line and column of a field that no schema has, and suggests the right one."""
    rule = """kind: rules
schema: 1
rules:
  - id: typo
    title: A typo
    severity: block
    requirements: [VAL-03]
    require: plan.criteria.all(c, c.metrik != '')
    message: "{plan.titel}"
    why: why
    fix: fix
    cases: {}
"""
    (layered.root / "ours" / "rules").mkdir()
    (layered.root / "ours" / "rules" / "typo.yaml").write_text(rule, "utf-8")
    ran = layered.run("policy", "lint", "--pack", "ours")
    assert ran.code == 1
    assert "ours/rules/typo.yaml:8:14: `c` has no field `metrik`\n  hint: did you mean `metric`?" in ran.out
    assert "ours/rules/typo.yaml:9:14: `plan` has no field `titel`\n  hint: did you mean `title`?" in ran.out
