"""Checks of single fields, shared by every predicate.

Each mirrors a keyword of the JSON Schemas in `schemas/statements/`: what one accepts, so does the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from muniment.attest.strict import Refused, require_keys
from muniment.attest.subjects import check_sha256
from muniment.attest.times import parse_instant

Fields = Mapping[str, Any]
Subjects = Mapping[str, str]

MAX_TEXTS = 1000
"""Texts of one list."""

_ROLE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,59}")
_PLAN = re.compile(r"plans/[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}")
_DAY = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_URI = re.compile(r"[a-z][a-z0-9+.-]{0,30}:[!-~]{1,400}")

SIGNER = frozenset({"printed_name", "identity", "role", "meaning", "signed_at"})
"""What every signer says of themself."""
SIGNER_OPTIONAL = frozenset({"trail"})
"""`trail`: digest of the newest entry of the device's trail when this was signed."""


def manifest_path(version: str) -> str:
    """Return where the manifest of a release lies in the device folder."""
    return f"releases/{check_version(version)}/manifest.json"


def check_version(value: Any) -> str:
    """Return `value` once it is the version text of a release."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value) or ".." in value:
        raise Refused(f"`{value}` is not a version of a release.")
    return value


def check_plan(value: Any) -> str:
    """Return `value` once it is the id of a plan record, `plans/3`."""
    if not isinstance(value, str) or not _PLAN.fullmatch(value) or ".." in value:
        raise Refused("The predicate's plan is not the id of a plan, such as `plans/3`.")
    return value


def check_text(value: Any, what: str, limit: int = 200) -> str:
    """Return `value` once it is text of 1 to `limit` printable characters; it may have several lines."""
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise Refused(f"The predicate's {what} is not text of 1 to {limit} characters.")
    if not value.replace("\n", " ").isprintable():
        raise Refused(f"The predicate's {what} holds characters that do not print.")
    return value


def check_choice(value: Any, what: str, choices: frozenset[str]) -> str:
    """Return `value` once it is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise Refused(f"The predicate's {what} is not one of {', '.join(sorted(choices))}.")
    return value


def check_list(value: Any, what: str, most: int = MAX_TEXTS, least: int = 0) -> tuple[Any, ...]:
    """Return the items of a list of `least` to `most` items."""
    if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
        raise Refused(f"The predicate's {what} is not a list of {least} to {most} items.")
    return tuple(value)


def check_texts(value: Any, what: str) -> None:
    """Refuse anything but a list of texts of at most 2000 characters."""
    for item in check_list(value, what):
        check_text(item, what, 2000)


def check_names(value: Any, what: str) -> None:
    """Refuse anything but a list of distinct short names, at least one."""
    items = check_list(value, what, least=1)
    if not all(isinstance(item, str) and _NAME.fullmatch(item) for item in items):
        raise Refused(f"The predicate's {what} holds something that is no plain name.")
    if len(set(items)) != len(items):
        raise Refused(f"The predicate's {what} names something twice.")


def check_day(value: Any, what: str) -> str:
    """Return `value` once it is a day of the calendar, `2026-03-01`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Refused(f"The predicate's {what} is not a day like `2026-03-01`.")
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise Refused(f"The predicate's {what} is no day of the calendar: `{value}`.") from error
    return value


def check_uri(value: Any, what: str) -> str:
    """Return `value` once it is a URI in printable ASCII."""
    if not isinstance(value, str) or not _URI.fullmatch(value):
        raise Refused(f"The predicate's {what} is not a URI.")
    return value


def check_digest(value: Any, what: str) -> str:
    """Return the SHA-256 of a digest set that holds it and nothing else."""
    return check_sha256(require_keys(value, what, frozenset({"sha256"}))["sha256"], what)


def check_signer(fields: Fields, meanings: frozenset[str]) -> None:
    """Refuse words of a signer that do not hold; `meanings` are those that a signature may have."""
    check_text(fields["printed_name"], "printed_name")
    check_text(fields["identity"], "identity", 400)
    if not isinstance(fields["role"], str) or not _ROLE.fullmatch(fields["role"]):
        raise Refused("The predicate's role is not a role name such as `clinical`.")
    check_choice(fields["meaning"], "meaning", meanings)
    parse_instant(fields["signed_at"], "predicate's signed_at")
    if "trail" in fields:
        check_sha256(fields["trail"], "predicate's trail")


def check_only_subject(subjects: Subjects, path: str, what: str) -> None:
    """Refuse a statement with any other subject than the one expected."""
    if set(subjects) != {path}:
        raise Refused(f"A {what} has exactly one subject, `{path}`; this one names {', '.join(subjects)}.")


def check_release(fields: Fields, subjects: Subjects, what: str, *others: str) -> None:
    """A release is sealed by its digest: the SHA-256 of its manifest, which is a subject; so are `others`."""
    manifest = manifest_path(fields["release"])
    stated = check_sha256(fields["release_digest"], "predicate's release_digest")
    if not others:
        check_only_subject(subjects, manifest, what)
    elif set(subjects) != {manifest, *others}:
        named = ", ".join(sorted({manifest, *others}))
        raise Refused(f"A {what} has the subjects {named}; this one names {', '.join(subjects)}.")
    if stated != subjects[manifest]:
        raise Refused("The predicate's release_digest is not the digest of the statement's subject.")
