"""Verdicts of earlier runs: taken only for what they were said of, and then byte for byte."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from muniment import load, shipped
from muniment.pipeline import cache as kept
from muniment.pipeline import checking
from support.project import CHECKOUT
from support.swept import Small, settle, small

FORMATS = ("text", "json", "jsonl")


@pytest.fixture
def project(tmp_path: Path) -> Small:
    """A project that was checked once in every format, its verdicts kept."""
    made = small(tmp_path)
    settle()
    for output in FORMATS:
        made.say(output)
    return made


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forbid judging from here on."""

    def no_judging(*_args: object, **_named: object) -> None:
        raise AssertionError("a device was judged")

    return lambda: monkeypatch.setattr(checking, "run", no_judging)


@pytest.mark.parametrize("output", FORMATS)
def test_a_hit_says_what_a_miss_says(project: Small, unjudged: Callable[[], None], output: str) -> None:
    """A verdict from the cache is byte for byte the verdict of a run that judged."""
    fresh = project.say(output, cached=False)
    unjudged()
    assert project.say(output) == fresh


def test_the_example_is_told_from_the_cache_as_it_was_judged(tmp_path: Path) -> None:
    """On the worked example too, a second run says the same bytes, and so does a run without cache."""
    for name in ("evidence", "muniment.yaml"):
        source = CHECKOUT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, tmp_path / name)
    project = Small(tmp_path)
    settle()
    for output in FORMATS:
        first, second = project.say(output), project.say(output)
        assert first == second == project.say(output, cached=False)


def _files(project: Small) -> list[Path]:
    return sorted(path for path in (project.root / "evidence").rglob("*") if path.is_file())


def test_an_edit_of_any_file_is_seen(project: Small) -> None:
    """Whatever file of a device changes, by a byte or by being gone, the next check judges it anew."""
    for number, path in enumerate(_files(project)):
        before = path.read_bytes()
        if number % 3 == 2:
            path.unlink()
        else:
            path.write_bytes(before + b"\n# more\n" if number % 3 else before.replace(b"1", b"2") + b" ")
        assert project.say() == project.say(cached=False), path
        path.write_bytes(before)
    settle()
    assert project.say() == project.say(cached=False)


def test_an_edit_that_keeps_size_and_time_is_seen(project: Small, unjudged: Callable[[], None]) -> None:
    """Setting a file's time back does not hide that it changed: the disk notes the change itself."""
    path = project.root / "evidence/demo-1/data/raw.csv"
    state, before = path.stat(), path.read_bytes()
    path.write_bytes(before.replace(b"70", b"71"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_mtime_ns == state.st_mtime_ns
    said = project.say()
    assert "raw.csv is not the file that was recorded" in said.text
    assert said == project.say(cached=False)


def test_random_edits_are_seen(project: Small) -> None:
    """Any sequence of edits, moves, deletions and new files leaves cached and uncached runs in agreement."""
    rng = random.Random(7)
    for step in range(24):
        path = rng.choice(_files(project))
        match rng.randrange(5):
            case 0:
                data = bytearray(path.read_bytes() or b" ")
                data[rng.randrange(len(data))] = rng.choice(b"aA0 \n:")
                path.write_bytes(bytes(data))
            case 1:
                path.rename(path.with_name(f"moved-{step}{path.suffix}"))
            case 2:
                (path.parent / f"new-{step}.yaml").write_bytes(path.read_bytes())
            case 3:
                path.touch()
            case _:
                path.write_bytes(path.read_bytes())
        if step % 8 == 0:
            settle()
        output = rng.choice(FORMATS)
        assert project.say(output) == project.say(output, cached=False), f"step {step}: {path}"


def test_a_link_turned_elsewhere_is_seen(project: Small) -> None:
    """A link counts by where it leads, though its own name stays."""
    folder = project.root / "evidence/demo-1/data"
    (folder / "other.csv").write_bytes(b"else\n")
    (folder / "raw.csv").rename(folder / "first.csv")
    (folder / "raw.csv").symlink_to("first.csv")
    settle()
    assert project.say() == project.say(cached=False)
    (folder / "raw.csv").unlink()
    (folder / "raw.csv").symlink_to("other.csv")
    assert project.say() == project.say(cached=False)


def test_a_new_record_is_seen(project: Small) -> None:
    """A waiver, a seal or a decision that was not there bears on the verdict once it is."""
    project.say()
    for path, text in (
        ("decisions/waiver-1.yaml", "kind: waiver\nschema: 1\n"),
        ("seals/releases/1.0.0/x.sigstore.json", "{}"),
        ("postmarket/1.0.0/drill-2.yaml", "kind: drill\nschema: 1\n"),
    ):
        target = project.root / "evidence/demo-1" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        said = project.say()
        assert said == project.say(cached=False)
        assert path.rpartition("/")[2] in said.text


def test_the_date_is_part_of_the_question(project: Small) -> None:
    """Another date, from the option or the settings, never gets the verdict of the first."""
    assert project.say(as_of="2025-06-01") == project.say(as_of="2025-06-01", cached=False)
    settings = project.root / "muniment.yaml"
    settings.write_text(settings.read_text().replace("2024-06-01", "2025-07-01"), encoding="utf-8")
    said = project.say()
    assert "as of 2025-07-01" in said.text
    assert said == project.say(cached=False)


def test_what_counts_is_part_of_the_question(project: Small) -> None:
    """`--fail-on warn` is not answered by what was said under `block`."""
    for fail_on in ("block", "warn", "block"):
        assert project.say(fail_on=fail_on) == project.say(fail_on=fail_on, cached=False)


def test_an_edited_policy_is_seen(project: Small) -> None:
    """A changed rule or parameter re-judges everything, and a broken one is an error as without cache."""
    pack = project.root / "house"
    shutil.copytree(shipped.folder("policies") / "core", pack)
    settings = project.root / "muniment.yaml"
    settings.write_text(settings.read_text().replace("[core]", "[house]"), encoding="utf-8")
    settle()
    first = project.say()
    assert first == project.say() == project.say(cached=False)
    rules, count = sorted((pack / "rules").glob("*.yaml")), 0
    for path in rules[:2]:
        path.write_text(path.read_text("utf-8").replace("    title: ", "    title: New "), encoding="utf-8")
        said = project.say("json")
        assert said == project.say("json", cached=False), path.name
        assert said.text.count('"title": "New ') > count, path.name
        count = said.text.count('"title": "New ')
    rules[0].unlink()
    assert project.say("json") == project.say("json", cached=False)
    (pack / "pack.yaml").write_text("kind: policy\n", encoding="utf-8")
    with pytest.raises(Exception, match="missing"):
        project.say()


def test_a_policy_behind_a_link_is_seen(project: Small) -> None:
    """A rule file that lies elsewhere, and is linked into its pack, counts by what stands there."""
    pack = project.root / "house"
    shutil.copytree(shipped.folder("policies") / "core", pack)
    settings = project.root / "muniment.yaml"
    settings.write_text(settings.read_text().replace("[core]", "[house]"), encoding="utf-8")
    inside, outside = pack / "rules" / "change.yaml", project.root / "change.yaml"
    inside.rename(outside)
    inside.symlink_to(outside)
    settle()
    project.say("json")
    outside.write_text(outside.read_text("utf-8").replace("    title: ", "    title: New "), encoding="utf-8")
    said = project.say("json")
    assert "New " in said.text
    assert said == project.say("json", cached=False)


def test_an_edited_schema_is_seen(project: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict rests on the schemas it was given by."""
    schemas = tmp_path / "elsewhere" / "schemas"
    shutil.copytree(shipped.folder("schemas"), schemas)
    real = shipped.folder
    monkeypatch.setattr(shipped, "folder", lambda name: schemas if name == "schemas" else real(name))
    settle()
    assert project.say() == project.say(cached=False)
    claim = schemas / "claim.json"
    claim.write_text(claim.read_text("utf-8").replace('"indications"', '"indication"'), encoding="utf-8")
    said = project.say()
    assert "indication" in said.text
    assert said == project.say(cached=False)


def test_a_device_that_is_gone_is_forgotten(project: Small) -> None:
    """The cache holds what there is: a part of a device that was removed goes with it."""
    project.device("demo-2")
    settle()
    project.say()
    shutil.rmtree(project.root / "evidence/demo-2")
    (project.root / "evidence/demo-1/data/note.txt").write_text("x")
    settle()
    assert "demo-2" not in project.say().text
    with sqlite3.connect(project.cache) as link:
        names = {row[0] for row in link.execute("SELECT device FROM part WHERE view LIKE 'text%'")}
    assert {name.rpartition("\0")[2] for name in names} == {"demo-1"}


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE part (x TEXT)")


def _scrambled(path: Path) -> None:
    with sqlite3.connect(path) as link:
        link.execute("UPDATE part SET body = replace(CAST(body AS TEXT), 'held', 'accepted')")


def _mistyped(path: Path) -> None:
    with sqlite3.connect(path) as link:
        link.execute("UPDATE part SET stamp = 7, body = 'text', proof = NULL")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [_garbage, _half, _foreign, _scrambled, _mistyped, _folder])
def test_a_damaged_cache_is_as_none(project: Small, harm: Callable[[Path], None]) -> None:
    """A file that is torn, foreign or edited is passed over, and written again where it can be."""
    fresh = project.say(cached=False)
    harm(project.cache)
    assert project.say() == fresh
    assert project.say() == fresh


def test_a_cache_that_cannot_be_written_is_as_none(tmp_path: Path) -> None:
    """Where no cache folder can be made, the check says what it says."""
    project = small(tmp_path)
    (tmp_path / "build").write_text("a file in the way")
    settle()
    assert project.say() == project.say() == project.say(cached=False)


def test_a_folder_without_settings_gets_no_files(tmp_path: Path) -> None:
    """A check leaves nothing behind in a folder that is no project of ours."""
    project = small(tmp_path)
    (tmp_path / "muniment.yaml").unlink()
    settle()
    project.say()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence"]


def test_a_name_that_is_no_text_is_checked_and_not_kept(project: Small) -> None:
    """A folder whose name is not UTF-8 is a finding, with a cache as without."""
    (project.root / "evidence" / os.fsdecode(b"\xff-device")).mkdir()
    settle()
    assert project.say() == project.say() == project.say(cached=False)


def test_what_just_changed_is_not_kept(tmp_path: Path, unjudged: Callable[[], None]) -> None:
    """A file may change twice within a tick of the disk's clock: only what has settled is kept."""
    project = small(tmp_path)
    (tmp_path / "evidence/demo-1/data/raw.csv").touch()
    project.say()
    unjudged()
    state = load.stamp(tmp_path / "evidence/demo-1")
    assert not state.settled(state.newest)
    with pytest.raises(AssertionError, match="judged"):
        project.say()


def test_a_forged_verdict_is_never_trusted_for_depth(project: Small) -> None:
    """Whatever stands in the cache, `--deep`, `--no-cache` and `verify` look for themselves."""
    raw = project.root / "evidence/demo-1/data/raw.csv"
    raw.write_bytes(raw.read_bytes() + b"3,50,0\n")
    settle()
    project.say()
    forged = {
        "blocking": 0,
        "objections": 0,
        "others": 0,
        "outcome": "accepted",
        "sections": {"findings": "", "rulings": "", "lines": "all is well"},
    }
    with sqlite3.connect(project.cache) as link:
        query = "SELECT world, stamp FROM part WHERE view = 'text block'"
        ((world, stamp),) = link.execute(query).fetchall()
    evidence = os.fspath((project.root / "evidence").resolve())
    cache = kept.Verdicts(project.cache.parent, evidence, "text block", world)
    cache.put("demo-1", stamp, forged)
    cache.close(["demo-1"])
    assert "all is well" in project.run("check").stdout, "the forgery is of the right shape"
    for args in (("check", "--deep"), ("check", "--no-cache"), ("verify",)):
        ran = project.run(*args)
        assert ran.returncode == 1, args
        assert "raw.csv" in ran.stdout, args
