"""The hooks under the real `pre-commit` and the real `prek`, on a throw-away repository, offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.project import CHECKOUT, DEVICE, Project
from support.repository import Repository, made

TOOLS = ("pre-commit", "prek")
BIN = Path(sys.executable).parent
RULE = """kind: rules
schema: 1
rules:
  - id: own-rule
    title: The release says what it is for
    severity: block
    requirements: [VAL-03]
    require: release.version != '1.2.0'
    message: "{release.version} is refused here"
    why: A test needs a rule of the project's own.
    fix: Give it another version.
    cases: {met: [cases/met.yaml]}
"""
CASE = "note: Another version\nfacts:\n  release: {version: 2.0.0}\n"
PACK = "kind: policy\nschema: 1\nid: own\nversion: 1.0.0\ntitle: Our own\n"


def local_hooks() -> str:
    """The shipped hooks, word for word, but run from this environment instead of one made over a network."""
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {hook["language"] for hook in hooks} == {"python"}
    return yaml.safe_dump(
        {"repos": [{"repo": "local", "hooks": [h | {"language": "system"} for h in hooks]}]}
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a pack of the project's own and the hooks, committed."""
    repository = made(tmp_path_factory.mktemp("template"))
    own = repository.top / "own"
    own.joinpath("rules").mkdir(parents=True)
    own.joinpath("cases").mkdir()
    own.joinpath("cases/met.yaml").write_text(CASE, "utf-8")
    own.joinpath("pack.yaml").write_text(PACK, "utf-8")
    own.joinpath("rules/own.yaml").write_text(RULE.replace("'1.2.0'", "'0.0.0'"), "utf-8")
    settings = repository.top / "muniment.yaml"
    settings.write_text(settings.read_text("utf-8").replace("[core]", "[core, own]"), "utf-8")
    (repository.top / ".pre-commit-config.yaml").write_text(local_hooks(), "utf-8")
    repository.stage()
    repository.git("commit", "--quiet", "--message", "With hooks")
    return repository.top


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    top = tmp_path / "repository"
    shutil.copytree(template, top)
    return Repository(top, Project(top))


def hook(tool: str, repository: Repository, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the tool as its git hook does, with a home of its own and nothing to reach."""
    home = repository.top.parent / "home"
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("MUNIMENT_", "GIT_", "PRE_COMMIT", "PREK"))
    }
    nowhere = "http://127.0.0.1:9"
    settled = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PREK_HOME": str(home / "prek"),
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [str(BIN / tool), *words],
        cwd=repository.top,
        env=clean | settled,
        capture_output=True,
        text=True,
        check=False,
    )


def changed(repository: Repository) -> str:
    repository.project.edit("releases/1.2.0/release.yaml", "kind: release\n", "kind: release # changed\n")
    return "releases/1.2.0/release.yaml"


def deleted(repository: Repository) -> str:
    shutil.rmtree(repository.project.device / "releases/1.2.0")
    return 'there is no record "releases/1.2.0"'


def renamed(repository: Repository) -> str:
    releases = repository.project.device / "releases"
    (releases / "1.2.0").rename(releases / "1.2.1")
    return 'the folder says "1.2.1"'


def tightened(repository: Repository) -> str:
    (repository.top / "own/rules/own.yaml").write_text(RULE, "utf-8")
    return "unmet[own-rule] 1.2.0 is refused here"


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("change", [changed, deleted, renamed, tightened], ids=lambda f: f.__name__)
def test_a_commit_that_spoils_a_release_is_stopped(
    repository: Repository, tool: str, change: Callable[[Repository], str]
) -> None:
    """A bundle changed, deleted or renamed, or a policy that no longer accepts one: the hook says which."""
    words = change(repository)
    repository.stage()
    ran = hook(tool, repository, "run", "muniment-check")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert words in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_a_commit_that_spoils_nothing_passes(repository: Repository, tool: str) -> None:
    """Both hooks let words elsewhere through, and unstaged faults are put away before they run."""
    (repository.top / "README.md").write_text("Other words.\n", "utf-8")
    repository.stage()
    repository.project.edit("claims/1.yaml", "kind: claim\n", "kind: [claim\n")
    ran = hook(tool, repository, "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("Passed") == 2
    assert "kind: [claim" in (repository.project.device / "claims/1.yaml").read_text("utf-8")


@pytest.mark.parametrize("tool", TOOLS)
def test_git_commit_runs_it(repository: Repository, tool: str) -> None:
    """As a git hook it stops `git commit`, also of a deletion by `--all`, which stages by itself."""
    assert hook(tool, repository, "install").returncode == 0
    (repository.project.device / "claims/1.yaml").unlink()
    head = repository.git("rev-parse", "HEAD").stdout
    ran = subprocess.run(
        ["git", "-c", "user.name=Ann", "-c", "user.email=a@example.invalid", "commit", "--all", "-m", "x"],
        cwd=repository.top,
        env=os.environ
        | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(repository.top.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "claims/1" in ran.stdout + ran.stderr
    assert repository.git("rev-parse", "HEAD").stdout == head


def test_the_manifest_is_a_good_one() -> None:
    """pre-commit itself accepts the file that offers the hooks."""
    ran = subprocess.run(
        [str(BIN / "pre-commit"), "validate-manifest", str(CHECKOUT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_device_is_the_one_under_test() -> None:
    """The words above name files of the example's only device."""
    assert (CHECKOUT / "evidence" / DEVICE / "releases/1.2.0").is_dir()
