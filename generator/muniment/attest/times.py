"""Instants as seals state them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from muniment.attest.strict import Refused

_INSTANT = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def instant(at: datetime) -> str:
    """Return `at` as `2024-03-01T00:00:00Z`; fractions of a second are cut off.

    Raises `ValueError` for a time without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone names no instant")
    return at.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(value: object, what: str) -> datetime:
    """Return the instant of a statement, which must be written exactly as `instant` writes it."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise Refused(f"The {what} is not an instant like `2024-03-01T00:00:00Z`.")
    return _parsed(value, what)


def parse_rfc3339(value: object, what: str) -> datetime:
    """Return any RFC 3339 instant, as trusted roots of other programs write them."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise Refused(f"The {what} is not an RFC 3339 instant.")
    return _parsed(re.sub(r"(\.\d{6})\d+", r"\1", value), what)


def _parsed(value: str, what: str) -> datetime:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(f"The {what} is no date and time of the calendar: `{value}`.") from error
