"""Which files a statement may name, and how.

A subject is a file of the device folder: a relative POSIX path and the SHA-256 of its bytes as
stored. Two names that one file system could take for the same file are refused together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from muniment.attest.strict import Refused, require_keys

_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_SUBJECTS = 10_000
"""Subjects of one statement; an approval has one."""


def check_sha256(value: Any, what: str) -> str:
    """Return `value` once it is a lower-case hexadecimal SHA-256."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Refused(f"The {what} is not a lower-case hexadecimal SHA-256.")
    return value


def check_path(path: Any) -> str:
    """Return `path` once it is a relative POSIX path that stays in the device folder."""
    if not isinstance(path, str) or not path or len(path) > 400:
        raise Refused("A subject's name is not a path of 1 to 400 characters.")
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        raise Refused(f"The subject `{path}` is an absolute path; name it relative to the device folder.")
    if "\\" in path:
        raise Refused(f"The subject `{path}` has a backslash; write POSIX paths.")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise Refused(f"The subject `{path}` is not a plain path: `.`, `..` and empty steps are refused.")
    if any(unicodedata.category(character).startswith("C") for character in path):
        raise Refused("A subject's name holds control or invisible characters.")
    if unicodedata.normalize("NFC", path) != path:
        raise Refused(f"The subject `{path}` is not in Unicode normal form C.")
    return path


def check_distinct(paths: Iterable[str]) -> None:
    """Refuse two paths that are equal, or that differ only in case or Unicode form."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(unicodedata.normalize("NFKC", path).casefold(), path)
        if other is not path:
            raise Refused(f"The subjects `{other}` and `{path}` could be one file on some file systems.")


def check_subjects(subjects: Mapping[str, str]) -> dict[str, str]:
    """Return path to SHA-256, sorted by path, once every name and digest holds."""
    if not subjects or len(subjects) > MAX_SUBJECTS:
        raise Refused(f"A statement has 1 to {MAX_SUBJECTS} subjects, this one has {len(subjects)}.")
    ordered = sorted(subjects)
    check_distinct(check_path(path) for path in ordered)
    return {path: check_sha256(subjects[path], f"digest of `{path}`") for path in ordered}


def encode_subjects(subjects: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the `subject` array of an in-toto statement, sorted by name."""
    return [{"digest": {"sha256": digest}, "name": path} for path, digest in check_subjects(subjects).items()]


def decode_subjects(value: Any) -> dict[str, str]:
    """Return path to SHA-256 of a `subject` array; every entry has a name and one SHA-256, no more."""
    if not isinstance(value, list) or not value or len(value) > MAX_SUBJECTS:
        raise Refused(f"The statement's `subject` is not a list of 1 to {MAX_SUBJECTS} entries.")
    pairs = []
    for entry in value:
        require_keys(entry, "subject", frozenset({"name", "digest"}))
        digest = require_keys(entry["digest"], "subject's digest", frozenset({"sha256"}))
        pairs.append((check_path(entry["name"]), check_sha256(digest["sha256"], "subject's digest")))
    check_distinct(path for path, _ in pairs)
    return dict(pairs)
