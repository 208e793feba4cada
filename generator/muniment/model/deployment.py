"""When a deployment ended: by its own record, or by a later one, for a sealed record is not edited."""

from __future__ import annotations

from collections.abc import Iterable

from muniment.model.evidence import Record

FOR_GOOD = frozenset({"recall", "withdrawal"})
"""Modes of an event that end a deployment at the sites it names."""


def ended_on(deployment: Record, records: Iterable[Record], as_of: str = "9999-12-31") -> str | None:
    """Return the last day of a deployment (ISO) as it was known on the day `as_of`; `None` while it runs.

    Its own `to` comes first; else the earliest day on which another deployment replaced it, or its release
    was withdrawn or recalled at all of its sites.
    """
    own = deployment.body.get("to")
    if own is not None:
        return str(own)
    sites = set(deployment.body["sites"])
    ends = []
    for record in records:
        if record.kind == "deployment" and deployment.id in record.body.get("replaces", ()):
            ends.append(str(record.body["from"]))
        elif (
            record.kind == "event"
            and record.body["mode"] in FOR_GOOD
            and record.body["release"] == deployment.body["release"]
            and sites <= set(record.body["sites"])
            and record.body["on"] >= deployment.body["from"]
        ):
            ends.append(str(record.body["on"]))
    return min((day for day in ends if day <= as_of), default=None)
