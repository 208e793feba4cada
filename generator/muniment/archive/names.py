"""Which paths a bag may hold. The same rules bind writing and reading."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST = 1024
"""Bytes of a path in UTF-8."""


def fault(path: str) -> str:
    """Return why `path` may not stand in a bag, or the empty string.

    Percent signs and backslashes are refused although RFC 8493 allows them: BagIt escapes the first
    and `sha256sum` the second, so a manifest with either could not be read by both.
    """
    if not path or path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        return "is not a relative path"
    if any(part in ("", ".", "..") for part in path.split("/")):
        return "leaves its folder or has an empty step"
    if "\\" in path or "%" in path:
        return "has a backslash or a percent sign"
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in path):
        return "has a control character"
    if len(path.encode()) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    return ""


def folded(path: str) -> str:
    """Return the form under which two paths are one file on some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def collisions(paths: Iterable[str]) -> frozenset[str]:
    """Return the paths that some file system could not hold side by side.

    Two paths collide when they are equal but for case or Unicode composition, or when one is a file
    where the other needs a folder.
    """
    forms: dict[str, list[str]] = {}
    for path in paths:
        forms.setdefault(folded(path), []).append(path)
    bad = {path for group in forms.values() if len(group) > 1 for path in group}
    for form, group in forms.items():
        parts = form.split("/")
        parents = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        for parent in parents:
            if parent in forms:
                bad.update(group)
                bad.update(forms[parent])
    return frozenset(bad)
