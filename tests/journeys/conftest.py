"""Copies of the worked example, for journeys through the command line and the browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import CHECKOUT, Project


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example as committed; tests must not change it."""
    root = tmp_path_factory.mktemp("pristine")
    shutil.copytree(CHECKOUT / "evidence", root / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", root)
    return Project(root)


@pytest.fixture
def example(tmp_path: Path) -> Project:
    """A copy of the example for one test to damage."""
    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    return Project(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[str], Project]:
    """A project with settings and nothing else."""

    def make(settings: str = "kind: settings\nschema: 1\nevidence: evidence\n") -> Project:
        (tmp_path / "muniment.yaml").write_text(settings, "utf-8")
        (tmp_path / "evidence").mkdir()
        return Project(tmp_path)

    return make
