"""Packs of earlier runs: taken only for the very same files, and then they judge as packs read anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.policies import documents, packs, rule_file

from muniment import judge, shipped
from muniment.errors import InvalidPolicy
from muniment.judge.cel import Fault, Program, Read, compile_expression
from muniment.pipeline import checking, kept_packs, policies, program, request
from support.swept import Small, small

SOURCES = (
    "1 + 2 * 3 - 4 / 2 % 5 >= -1.5e3",
    "has(a.b) && a.b.?c.orValue([1, 2.0, 'x', null, true]) != [] || !a.d",
    "a.list.filter(x, x.n > 0).map(x, x.n == 1, {'k': x.n}).exists_one(y, y['k'] == 1)",
    "a.list.all(x, x.n in [0, 1, 2]) ? a.list[0].n : size('text\\u00e9\"')",
    "a.list.exists(a, a.n == 2) && timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-02T00:00:00Z')",
    "a.nothing.at.all",
)

FACTS: tuple[dict[str, Any], ...] = (
    {"a": {"b": {}, "list": [{"n": 1}, {"n": 2}], "d": False}},
    {"a": {"list": []}},
    {"a": None},
)


@pytest.fixture
def project(tmp_path: Path) -> Small:
    """A project that was checked once: its pack is kept."""
    made = small(tmp_path)
    made.say()
    return made


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forbid reading packs from here on."""

    def no_reading(*_args: object, **_named: object) -> None:
        raise AssertionError("a pack was read")

    return lambda: monkeypatch.setattr(judge, "load_packs", no_reading)


def kept(project: Small) -> Path:
    """Where packs are kept."""
    return project.root / "build" / "cache" / kept_packs.FILE


def house(project: Small) -> Path:
    """Give the project a pack of its own, a copy of core."""
    pack = project.root / "house"
    shutil.copytree(shipped.folder("policies") / "core", pack)
    settings = project.root / "muniment.yaml"
    settings.write_text(settings.read_text().replace("[core]", "[house]"), encoding="utf-8")
    return pack


@pytest.mark.parametrize("source", SOURCES)
def test_a_kept_expression_means_the_same(source: str) -> None:
    """A tree that went through JSON gives the same value or fault, and the same facts looked at."""
    fresh = compile_expression(source, frozenset({"a", "b"}))
    written, tree, cost, names = json.loads(json.dumps(fresh.kept()))
    again = Program(written, tree, cost, frozenset(names))
    assert again.kept() == fresh.kept()
    assert again.names == fresh.names
    for facts in FACTS:
        first: list[Read] = []
        second: list[Read] = []
        said, told = fresh.run(facts, first), again.run(facts, second)
        assert (said, first) == (told, second)
        assert isinstance(said, Fault) == isinstance(told, Fault)


def layered() -> judge.Packs:
    """Core with a layer that sets, adjusts, adds a rule with every part, and adds to the taxonomy."""
    core = {path: tree for path, tree in documents().items() if path.startswith("core/")}
    core = {path: tree for path, tree in core.items() if not path.startswith("core/cases/")}
    head = {
        "kind": "policy",
        "schema": 1,
        "id": "ours",
        "version": "1",
        "title": "Ours",
        "extends": ["core"],
        "params": {"mine": {"value": [{"a": 1.0}], "type": "list", "doc": "mine", "tighter": "higher"}},
        "set": {"drill_max_age": {"value": 900, "loosens": "the second site starts in June"}},
        "adjust": {packs().rules[0].rule.id: {"drop": True, "loosens": "it is judged elsewhere"}},
    }
    rule = rule_file(
        effective="2020-01-01",
        when="has(release.version)",
        let={"m": "plan.metrics"},
        each={"x": "plan.metrics[*].levels[*]"},
        at_least=2,
        at="release.version",
        require="size(m) > 0 && x != null",
        waivable=False,
        message="{x} of {size(m)} {now}",
    )
    entry = {"path": "release.summary", "class": "operational", "reason": "r", "when": "before == after"}
    more = {"kind": "taxonomy", "schema": 1, "paths": [entry]}
    files: Mapping[str, Any] = {"ours/pack.yaml": head, "ours/rules/r.yaml": rule, "ours/taxonomy.yaml": more}
    return judge.load_packs({**core, **files})


def test_packs_come_back_as_they_were() -> None:
    """Through JSON and back, nothing of core or of a layer on it is lost or changed."""
    found = layered()
    again = judge.unpacked(json.loads(json.dumps(judge.packed(found))))
    assert json.dumps(judge.packed(again)) == json.dumps(judge.packed(found))
    assert again.loosenings == found.loosenings
    assert len(found.loosenings) > 1
    plain = [replace(pack, taxonomy=None, cases={}) for pack in found.packs]
    assert [replace(pack, taxonomy=None, cases={}) for pack in again.packs] == plain
    for one, other in zip(again.rules, found.rules, strict=True):
        assert one.rule == other.rule
        assert (one.params, one.own_params) == (other.params, other.own_params)
        assert one.each is None or (one.each.variable, one.each.below) == (
            other.each.variable,  # type: ignore[union-attr]
            other.each.below,  # type: ignore[union-attr]
        )
        assert one.spot() == other.spot()
    for entry, as_read in zip(again.taxonomy.paths, found.taxonomy.paths, strict=True):
        assert replace(entry, applies=None) == replace(as_read, applies=None)
        for before, after in ((1, 1), (1, 2), (None, {"a": 1})):
            if as_read.applies is not None:
                assert entry.applies is not None
                assert entry.applies(before, after) == as_read.applies(before, after)


@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
def test_kept_packs_say_what_read_ones_say(
    project: Small, unread: Callable[[], None], output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check with the pack of an earlier run gives the bytes of a check that read it."""
    with monkeypatch.context() as patched:
        patched.setattr(kept_packs.KeptPacks, "get", lambda _self, _locate: None)
        fresh = project.say(output, cached=False)
    unread()
    assert project.say(output, cached=False) == fresh


def test_an_edit_of_a_pack_is_seen(project: Small) -> None:
    """A changed byte of any pack file brings a new reading, and so does a file that comes or goes."""
    pack = house(project)
    project.say(cached=False)
    rules = sorted((pack / "rules").glob("*.yaml"))[0]
    before = rules.read_text("utf-8")
    rules.write_text(before.replace("    title: ", "    title: New "), encoding="utf-8")
    assert '"title": "New ' in project.say("json", cached=False).text
    rules.write_text(before, encoding="utf-8")
    assert '"title": "New ' not in project.say("json", cached=False).text
    every = project.say("json", cached=False)
    rules.unlink()
    assert len(project.say("json", cached=False).text) < len(every.text)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("    require: ", "    require: nonsense && ", "unknown name"),
        ("    message: ", "    massage: ", "unknown key"),
        ("    title: ", "   title: ", "indent|block|expected"),
    ],
)
def test_a_mistake_is_found_each_time(project: Small, right: str, wrong: str, said: str) -> None:
    """A pack with a mistake stops every check with its file and line, whatever is kept of the one before."""
    pack = house(project)
    project.say(cached=False)
    rules = pack / "rules" / "change.yaml"
    rules.write_text(rules.read_text("utf-8").replace(right, wrong, 1), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InvalidPolicy, match=said) as caught:
            project.say(cached=False)
        assert caught.value.where.startswith("house/rules/change.yaml:")


def test_a_file_out_of_place_is_found_each_time(project: Small) -> None:
    """A rule file that would not be read stops every check, kept packs or not."""
    pack = house(project)
    project.say(cached=False)
    (pack / "cases" / "more.yml").write_text("a: 1\n")
    for _ in range(2):
        with pytest.raises(InvalidPolicy, match="no place in a pack"):
            project.say(cached=False)


def _garbage(path: Path) -> None:
    path.write_bytes(b"\xff nothing" * 100)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _toothless(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"block"', b'"info"'))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [_garbage, _half, _toothless, _empty, _folder])
def test_a_damaged_file_is_as_none(project: Small, harm: Callable[[Path], None]) -> None:
    """What is torn, foreign or edited is passed over."""
    fresh = project.say(cached=False)
    harm(kept(project))
    assert project.say(cached=False) == fresh
    assert project.say(cached=False) == fresh


def test_what_another_program_kept_is_as_none(
    project: Small, unread: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that came along with a project fits no other installation, whatever it claims."""
    monkeypatch.setattr(kept_packs, "program", lambda: (*program.program()[:2], "of another disk"))
    unread()
    with pytest.raises(AssertionError, match="a pack was read"):
        project.say(cached=False)


def test_depth_and_every_other_command_read_packs_themselves(
    project: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a shallow check takes what is kept; `check --deep` and all that load packs otherwise do not."""

    def opened(*_args: object) -> None:
        raise AssertionError("kept packs were opened")

    monkeypatch.setattr(policies, "KeptPacks", opened)
    doors = request.Doors(today=lambda: pytest.fail("the date is set"))
    asked = request.request(doors, start=project.root)
    policies.load_packs(asked)
    policies.load_packs(asked, cases=True, kept=True)
    checking.run(asked, checking.Selection(), deep=True)
    with pytest.raises(AssertionError, match="opened"):
        checking.run(asked, checking.Selection(), deep=False)


def test_a_folder_without_settings_gets_no_packs(tmp_path: Path) -> None:
    """Nothing is kept in a folder that is no project of ours."""
    made = small(tmp_path)
    (tmp_path / "muniment.yaml").unlink()
    made.say(cached=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence"]


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    """A file in the way of the cache folder is no reason to stop."""
    made = small(tmp_path)
    (tmp_path / "build").write_text("a file in the way")
    assert made.say(cached=False) == made.say(cached=False)


def test_staged_files_are_judged_by_the_packs_of_their_project(
    project: Small, unread: Callable[[], None]
) -> None:
    """What is staged is laid out and judged elsewhere, and its packs are kept where the project lies."""
    before = kept(project).read_bytes()
    copy = shutil.copytree(project.root / "evidence", project.root / "aside" / "evidence")
    shutil.copy2(project.root / "muniment.yaml", copy.parent)
    doors = request.Doors(today=lambda: pytest.fail("the date is set"))
    laid = replace(request.request(doors, start=copy.parent), project=project.root)
    unread()
    checking.run(laid, checking.Selection(), deep=False)
    assert kept(project).read_bytes() == before
    assert not (copy.parent / "build" / "cache" / kept_packs.FILE).exists()
