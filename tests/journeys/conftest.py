"""Copies of the worked example, and a browser without a network, for the journeys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from support.browser import BROWSERS, Watch
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; a test that cannot have one fails, and says what to install."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "this test drives Chromium: install Debian's package `chromium`"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def watch() -> Watch:
    """What the pages of this test do that they should not."""
    return Watch()


@pytest.fixture
def page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page of a browser without a network, that reports what it tries."""
    context = browser.new_context(offline=True, viewport={"width": 1360, "height": 900})
    context.route(lambda url: not url.startswith(("file:", "data:", "about:")), lambda route: route.abort())
    opened = context.new_page()
    watch.over(opened)
    yield opened
    context.close()
