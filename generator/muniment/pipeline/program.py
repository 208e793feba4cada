"""This very program, as what is kept between runs is kept under it."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from muniment import __version__
from muniment.load import stamp


@cache
def program() -> tuple[str, ...]:
    """Return what tells this program from another, or from itself elsewhere on this disk or on another one.

    The stamp of its source files holds their inodes and times of change, so nobody who hands a project on can
    know it: what came along in a project's cache never fits.
    """
    package = Path(__file__).resolve().parents[1]
    return (__version__, sys.version, stamp(package, suffix=".py").digest.hex())
