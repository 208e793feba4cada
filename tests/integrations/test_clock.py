"""Kept seals under a later clock of the C library, which also moves what is not Python: OpenSSL and Rust."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stages.attest.test_old_seals import KEPT, LATER

from support.project import CHECKOUT

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))

pytestmark = pytest.mark.integration

UNMOVED = LATER.replace("with time_machine.travel(now, tick=True):", "if True:").replace(
    "import time_machine\n", ""
)
"""The same program without the library that moves Python's clock: here the system does."""


@pytest.mark.parametrize("year", [2031, 2045, 2060])
def test_kept_seals_verify_under_a_later_system_clock(year: int) -> None:
    """Under libfaketime `date` says the year, Python says the year, and every kept seal is what it was."""
    assert LIBRARIES, "this test moves the clock of a process: install Debian's package `faketime`"
    environment = {
        **os.environ,
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME": f"@{year}-06-01 12:00:00",
        "TZ": "UTC",
    }
    date = subprocess.run(["date", "+%Y"], env=environment, capture_output=True, text=True, check=True)
    assert date.stdout.strip() == str(year)
    ran = subprocess.run(
        [sys.executable, "-c", UNMOVED, str(year)],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert told["now"].startswith(f"{year}-06-01")
    assert told["kept"] == dict.fromkeys(KEPT, True)
