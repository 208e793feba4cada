"""Portals built once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from muniment import render
from muniment.render import portal
from support.editions import AS_OF, edition


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps drawn charts between builds."""
    return tmp_path_factory.mktemp("charts")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, charts: Path) -> Path:
    """A portal of the readable edition."""
    return _built(tmp_path_factory.mktemp("plain"), charts, hostile=False)


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory, charts: Path) -> Path:
    """A portal of the edition with hostile text in every field."""
    return _built(tmp_path_factory.mktemp("hostile"), charts, hostile=True)


def _built(folder: Path, charts: Path, *, hostile: bool) -> Path:
    out = folder / "site"
    portal.build(render.pages(edition(hostile=hostile)), out, as_of=AS_OF, cache=charts)
    return out
