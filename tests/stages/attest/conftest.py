"""Fixtures of the attest stage."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.sealed import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A device folder with a frozen release, nothing sealed yet."""
    return make_world(tmp_path)
