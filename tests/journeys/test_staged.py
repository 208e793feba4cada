"""`muniment check --staged` and `check PATH`: what a change can affect is judged, and nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.project import CHECKOUT, DEVICE, Project, Ran
from support.repository import Repository, made

RELEASE = "releases/1.2.0/release.yaml"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("template")).top


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    top = tmp_path / "repository"
    shutil.copytree(template, top)
    return Repository(top, Project(top))


def judged(ran: Ran) -> list[str]:
    return [release["release"] for device in ran.json["devices"] for release in device["releases"]]


def staged(repository: Repository, *options: str) -> Ran:
    return repository.project.run("check", "--staged", "--format", "json", *options)


def test_nothing_of_the_evidence_leaves_at_once(repository: Repository) -> None:
    """A commit that touches no evidence is let through, and judges nothing."""
    repository.top.joinpath("README.md").write_text("Other words.\n", "utf-8")
    repository.stage()
    ran = staged(repository)
    assert ran.code == 0
    assert ran.json["devices"] == []
    assert "nothing that is staged" in ran.err


def test_a_changed_release_judges_itself_and_what_succeeds_it(repository: Repository) -> None:
    """A change of 1.2.0 cannot affect 1.0.0, and can affect all that stand on it."""
    repository.project.edit(RELEASE, "kind: release\n", "kind: release # changed\n")
    repository.stage()
    ran = staged(repository)
    assert judged(ran) == ["1.2.0", "2.0.0-rc1", "2.0.0"]
    assert ran.code == 1
    assert any(f["rule"] == "manifest" for f in ran.json["findings"])


def test_a_deleted_release_judges_its_successors(repository: Repository) -> None:
    """A deletion hands no file name to anybody, and git knows of it all the same."""
    repository.git("rm", "--quiet", f"evidence/{DEVICE}/{RELEASE}")
    ran = staged(repository)
    assert ran.code == 1
    assert {"2.0.0-rc1", "2.0.0"} <= set(judged(ran))
    assert any("no release.yaml" in f["message"] for f in ran.json["findings"])


def test_a_renamed_release_is_a_deleted_and_an_added_one(repository: Repository) -> None:
    """Under its new name a release is not what its successors and its seals refer to."""
    repository.git("mv", f"evidence/{DEVICE}/releases/1.2.0", f"evidence/{DEVICE}/releases/1.2.1")
    ran = staged(repository)
    assert ran.code == 1
    assert any('"releases/1.2.0"' in f["message"] for f in ran.json["findings"])
    assert any('the folder says "1.2.1"' in f["message"] for f in ran.json["findings"])


def test_unstaged_edits_are_not_judged(repository: Repository) -> None:
    """What will be committed is judged: a fault in the work tree alone does not stop a commit."""
    repository.project.edit("device.yaml", "kind: device\n", "kind: device # staged\n")
    repository.stage()
    repository.project.edit("claims/1.yaml", "kind: claim\n", "kind: [claim\n")
    ran = staged(repository)
    assert ran.code == 0, ran.out
    assert "edits that are not staged" in ran.err
    assert list(repository.top.joinpath(".git").glob("muniment-*")) == []


def test_a_fault_that_is_staged_is_found_though_the_work_tree_is_sound(repository: Repository) -> None:
    """A correction that was not staged does not repair the commit."""
    path = repository.project.device / "claims/1.yaml"
    sound = path.read_bytes()
    repository.project.edit("claims/1.yaml", "kind: claim\n", "kind: [claim\n")
    repository.stage()
    path.write_bytes(sound)
    ran = staged(repository)
    assert ran.code == 1
    assert ran.json["findings"][0]["where"]["file"] == f"evidence/{DEVICE}/claims/1.yaml"


def test_a_file_that_was_not_added_is_missing_from_the_commit(repository: Repository) -> None:
    """A new record that a staged one refers to must be staged with it."""
    shutil.copy(repository.project.device / "claims/2.yaml", repository.project.device / "claims/3.yaml")
    repository.project.edit("releases/2.0.0/release.yaml", "\nclaim: claims/2\n", "\nclaim: claims/3\n")
    repository.git("add", "--update")
    ran = staged(repository)
    assert ran.code == 1
    assert any('"claims/3"' in f["message"] for f in ran.json["findings"])


def test_ignored_files_count_as_being_there(repository: Repository) -> None:
    """Large tables that git is told to ignore are no part of a commit, and are not missing from it."""
    table = f"evidence/{DEVICE}/releases/1.2.0/predictions.parquet"
    with repository.top.joinpath(".gitignore").open("a", encoding="utf-8") as ignored:
        ignored.write("predictions.parquet\n")
    repository.git("rm", "--quiet", "--cached", table)
    repository.stage()
    repository.project.edit("claims/1.yaml", "kind: claim\n", "kind: [claim\n")
    ran = staged(repository)
    assert ran.code == 0, ran.out
    assert "edits that are not staged" in ran.err


def test_changed_settings_judge_everything(repository: Repository) -> None:
    """Which packs judge, and at what date, bears on every release."""
    with (repository.top / "muniment.yaml").open("a", encoding="utf-8") as settings:
        settings.write("# changed\n")
    repository.stage()
    assert judged(staged(repository)) == ["1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0"]


def test_the_whole_device_deleted_is_said(repository: Repository) -> None:
    """Nothing is left to judge, which is not the same as nothing to say."""
    shutil.copytree(repository.project.device, repository.top / "evidence" / "other")
    repository.project.edit("../other/device.yaml", f"id: {DEVICE}\n", "id: other\n")
    repository.stage()
    repository.git("commit", "--quiet", "--message", "another")
    repository.git("rm", "-r", "--quiet", "evidence/other")
    ran = staged(repository)
    assert ran.code == 0
    assert "leaves nothing of other" in ran.err


def test_the_last_device_is_not_deleted_in_silence(repository: Repository) -> None:
    """Evidence that is gone altogether is refused, and never accepted for lack of anything to object to."""
    (repository.top / "evidence" / "README.md").write_text("Devices lie here.\n", "utf-8")
    repository.git("rm", "-r", "--quiet", f"evidence/{DEVICE}")
    repository.stage()
    ran = staged(repository)
    assert ran.code == 1
    assert "holds no device" in ran.json["findings"][0]["message"]


def test_evidence_in_a_subfolder_is_found(tmp_path: Path) -> None:
    """A hook runs at the top of the repository, wherever the project lies in it."""
    repository = made(tmp_path / "mono", below="devices/one")
    repository.project.edit("claims/1.yaml", "kind: claim\n", "kind: [claim\n")
    repository.stage()
    ran = Project(repository.top).run("check", "--staged", "--format", "json")
    assert ran.code == 1
    assert ran.json["findings"][0]["where"]["file"] == f"evidence/{DEVICE}/claims/1.yaml"


def test_the_index_of_a_first_commit_is_judged(tmp_path: Path) -> None:
    """A repository without any commit has staged everything it has."""
    repository = made(tmp_path / "new")
    shutil.rmtree(repository.top / ".git")
    repository.git("init", "--quiet")
    repository.stage()
    ran = staged(repository)
    assert ran.code == 0
    assert len(judged(ran)) == 5


def test_outside_git_there_is_nothing_staged(pristine: Project) -> None:
    """No repository is a wrong request, and no reason to pass."""
    ran = pristine.run("check", "--staged")
    assert ran.code == 2
    assert "git" in ran.err
    assert "hint:" in ran.err


def test_staged_takes_no_paths(pristine: Project) -> None:
    """Two answers to the same question are refused."""
    assert pristine.run("check", "--staged", "evidence").code == 2


@pytest.mark.parametrize(
    ("paths", "versions"),
    [
        (["claims/2.yaml"], ["2.0.0-rc1", "2.0.0"]),
        (["monitors/3.yaml"], ["1.2.0", "2.0.0-rc1", "2.0.0"]),
        (["data/splits/1.parquet"], ["1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0"]),
        (["releases/2.0.0/model.json"], ["2.0.0"]),
        (["releases/1.1.0-rc1"], ["1.1.0-rc1"]),
        (["roster.yaml"], ["1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0"]),
        (["pipeline/README.md"], []),
        (["claims/9.yaml"], ["1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0"]),
    ],
)
def test_paths_narrow_what_is_judged(pristine: Project, paths: list[str], versions: list[str]) -> None:
    """A release is judged if it refers to a path, or succeeds one that does; in doubt all are judged."""
    named = [f"evidence/{DEVICE}/{path}" for path in paths]
    found = pristine.run("check", "--format", "json", *named)
    assert found.code == 0, found.err
    assert judged(found) == versions


def test_a_path_outside_the_evidence_is_passed_over(pristine: Project, tmp_path: Path) -> None:
    """pre-commit passes whatever changed; what is no evidence is no reason to judge or to object."""
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    ran = pristine.run("check", "--format", "json", str(tmp_path / "notes.txt"))
    assert ran.code == 0
    assert ran.json["devices"] == []
    assert pristine.run("check", "--format", "json", "muniment.yaml").json["devices"] != []


def test_a_path_that_does_not_exist_is_refused(pristine: Project) -> None:
    """A misspelt folder must not pass for one that concerns nothing."""
    ran = pristine.run("check", f"evidnce/{DEVICE}/claims/1.yaml")
    assert ran.code == 2
    assert "evidnce" in ran.err


def test_a_narrow_check_rules_as_a_whole_one_does(pristine: Project) -> None:
    """What is judged alone is judged alike."""
    whole = pristine.run("check", "--format", "json").json["devices"][0]["releases"]
    alone = pristine.run("check", "--format", "json", f"evidence/{DEVICE}/releases/2.0.0/release.yaml")
    assert alone.json["devices"][0]["releases"] == [r for r in whole if r["release"] == "2.0.0"]


def test_the_shipped_hooks_run_this() -> None:
    """The hook that is offered asks git, since a deletion hands no file name to a hook."""
    text = (CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert "entry: muniment check --staged\n" in text
    assert text.count("always_run: true") == text.count("pass_filenames: false") == 2
