"""The example's pipeline is a folder of scripts, not a package: put it on the path for these tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DEVICE = Path(__file__).resolve().parents[3] / "evidence" / "prognosis-180"
sys.dont_write_bytecode = True  # nothing of ours may appear in the evidence folder
sys.path.insert(0, str(DEVICE / "pipeline"))


@pytest.fixture(scope="session")
def device() -> Path:
    """The example's device folder."""
    return DEVICE
