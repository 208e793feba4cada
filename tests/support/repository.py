"""A throw-away git repository with the worked example in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.project import CHECKOUT, Project

SETTINGS = 'kind: settings\nschema: 1\nevidence: evidence\nas_of: "2026-04-30"\npacks: [core]\n'


@dataclass(frozen=True)
class Repository:
    """A git repository, and the project in it."""

    top: Path
    project: Project

    def git(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git with a name and a date of its own, whatever the machine's settings say."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        settled = clean | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.invalid",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.invalid",
        }
        return subprocess.run(
            ["git", *words], cwd=self.top, env=settled, capture_output=True, text=True, check=check
        )

    def stage(self) -> None:
        """Stage everything, deletions as well."""
        self.git("add", "--all")


def made(top: Path, below: str = "") -> Repository:
    """Make a repository with the example, and a pack of the project's own, committed below a folder of it."""
    root = top / below
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(CHECKOUT / "evidence", root / "evidence")
    (root / "muniment.yaml").write_text(SETTINGS, "utf-8")
    (top / "README.md").write_text("Evidence.\n", "utf-8")
    (top / ".gitignore").write_text("build/\n", "utf-8")
    repository = Repository(top, Project(root))
    repository.git("init", "--quiet")
    repository.stage()
    repository.git("commit", "--quiet", "--message", "Evidence as it stands")
    return repository
