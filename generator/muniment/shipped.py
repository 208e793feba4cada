"""Finds what ships with the program but is no Python: schemas, policies, the portal's source.

A wheel carries them under `muniment/_shipped/`; an editable install reads the checkout.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from muniment.errors import UnreadableInput

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_shipped"
_CHECKOUT = _PACKAGE.parent.parent


def folder(name: str) -> Path:
    """Return the folder `schemas`, `policies` or `site`; raise `UnreadableInput` where it is missing."""
    return _find(name, Path.is_dir)


def file(name: str) -> Path:
    """Return a file such as `mkdocs.yml`; raise `UnreadableInput` where it is missing."""
    return _find(name, Path.is_file)


def _find(name: str, there: Callable[[Path], bool]) -> Path:
    for base in (_WHEEL, _CHECKOUT):
        if there(base / name):
            return base / name
    raise UnreadableInput(
        f"this installation lacks its own {name}", hint="install the package again: its files are incomplete"
    )
