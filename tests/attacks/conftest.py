"""Fixtures of the attacks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.sealed import World, make_world

from muniment import archive, attest
from muniment.load import DeviceFiles
from support.project import CHECKOUT, DEVICE, Project


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A device folder with a frozen release, nothing sealed yet."""
    return make_world(tmp_path)


@pytest.fixture
def example(tmp_path: Path) -> Project:
    """A copy of the worked example for one attack."""
    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    return Project(tmp_path)


@pytest.fixture(scope="session")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An archive of the example as a folder, and the digest that its letter states.

    Its portal is one empty page: nothing here looks at it, and building the real one takes long.
    """
    root = tmp_path_factory.mktemp("archived")
    (root / "site").mkdir()
    (root / "site" / "index.html").write_text("<p>portal</p>", "utf-8")
    files = DeviceFiles(CHECKOUT / "evidence" / DEVICE)
    local = attest.Root("local", files.read("trust/local/trusted_root.json"))
    seals = attest.verify(files, (local,))
    assert {seal.outcome for seal in seals} == {"verified"}
    contents = archive.Contents(
        site=root / "site",
        holdings=(archive.Holding(DEVICE, files, files.listing(), seals=seals),),
        verification={"schema": "muniment/verification/v1"},
        trust={"local": local.trusted_root},
        extras={"muniment.yaml": (CHECKOUT / "muniment.yaml").read_bytes()},
    )
    made = archive.create(root / "bag", contents, made_on="2026-04-30")
    return made.path, made.digest
