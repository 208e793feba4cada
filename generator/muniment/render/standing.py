"""How records stand on the edition's date: in force, closed, due. The pages and the front page share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from muniment.render.numbers import days, entries
from muniment.render.page import Desk
from muniment.render.text import count

SOON = 60
"""Days before a date falls due from which on it is listed."""
STOPS = frozenset(("pause", "rollback", "recall", "withdrawal"))
"""Modes of an event that take a release out of use."""


@dataclass(frozen=True, slots=True)
class Due:
    """A date by which something must happen, or has happened."""

    day: Any
    chip: str
    """Kind of the chip: `unmet` once overdue, `undecided` when near, `met` otherwise."""
    word: str
    """The same in words, `Overdue by 3 days`."""
    overdue: bool = False
    near: bool = False


def due(as_of: str, day: Any, *, done: Any = None, within: Any = SOON, verb: str = "Due") -> Due:
    """Return how a date stands on the day `as_of`.

    `done` is the day it was done, if it was; `within` the days before the date from which on it is near;
    `verb` begins the words for one that is near.
    """
    if done is not None and str(done) <= as_of:
        late = days(day, done)
        if late is not None and late > 0:
            return Due(day, "undecided", f"Done, {count(late, 'day')} late")
        return Due(day, "met", "Done in time")
    left = days(as_of, day)
    if left is None:
        return Due(day, "undecided", "No date")
    if left < 0:
        return Due(day, "unmet", f"Overdue by {count(-left, 'day')}", overdue=True)
    if isinstance(within, int) and left <= within:
        return Due(day, "undecided", f"{verb} in {count(left, 'day')}", near=True)
    return Due(day, "met", "In date")


def entry_due(as_of: str, section: str, entry: Mapping[str, Any]) -> Due | None:
    """Return how the date of an entry stands: a certificate's end, a review; `None` where it has none."""
    if section == "endpoints":
        certificate = entry.get("certificate")
        ends = certificate.get("not_after") if isinstance(certificate, Mapping) else None
        return due(as_of, ends, within=entry.get("alarm_days"), verb="Alarm: ends")
    if section in ("access", "retention"):
        return due(as_of, entry.get("review_at"))
    return None


def happened(desk: Desk, kind: str, key: str = "on") -> tuple[Any, ...]:
    """Return the records of a kind up to the edition's date, the newest first."""
    found = [r for r in desk.of_kind(kind) if str(r.body.get(key, "")) <= desk.edition.as_of]
    return tuple(sorted(found, key=lambda r: (str(r.body.get(key, "")), r.id), reverse=True))


def in_force(desk: Desk, kind: str, field: str) -> tuple[tuple[Any, Mapping[str, Any]], ...]:
    """Return record and entry of every entry of living records that holds on the edition's date."""
    as_of = desk.edition.as_of
    return tuple(
        (record, entry)
        for record in desk.of_kind(kind)
        for entry in entries(record.body, field)
        if str(entry.get("from") or "") <= as_of
        and (entry.get("to") is None or as_of <= str(entry.get("to")))
    )


def closures(desk: Desk) -> dict[tuple[str, str], Any]:
    """Return the earliest closure of each thing by record id and item (empty for the record itself)."""
    out: dict[tuple[str, str], Any] = {}
    for record in reversed(happened(desk, "closure")):
        out.setdefault((str(record.body.get("of")), str(record.body.get("item") or "")), record)
    return out


def level(desk: Desk, incident: Any) -> Any:
    """Return the level an incident has on the edition's date; `None` where none was set yet."""
    known = [e for e in entries(incident.body, "levels") if str(e.get("on", "")) <= desk.edition.as_of]
    return max(known, key=lambda e: str(e.get("on", ""))).get("level") if known else None


def ended_by(desk: Desk, event: Any) -> Any:
    """Return the event that put back what a stop took away, or `None`."""
    return next((r for r in happened(desk, "event") if r.body.get("ends") == event.id), None)


def withdrawn_by(desk: Desk, event: Any) -> Any:
    """Return the event that withdrew the release of a stop for good, be it the stop itself, or `None`."""
    said = (event.body.get("release"), str(event.body.get("on", "")))
    return next(
        (
            r
            for r in happened(desk, "event")
            if r.body.get("mode") == "withdrawal"
            and r.body.get("release") == said[0]
            and str(r.body.get("on", "")) >= said[1]
        ),
        None,
    )


def findings(desk: Desk) -> list[dict[str, Any]]:
    """Return the findings of drills and tabletop exercises, the open ones first, then the newest."""
    closed = closures(desk)
    out = []
    for record in (*happened(desk, "tabletop"), *happened(desk, "drill")):
        for entry in entries(record.body, "findings"):
            closure = closed.get((record.id, str(entry.get("id") or "")))
            done = closure.body.get("on") if closure else None
            standing = due(desk.edition.as_of, entry.get("due"), done=done)
            out.append({"record": record, "entry": entry, "closure": closure, "due": standing})
    return sorted(out, key=lambda row: row["closure"] is not None)


def pointed(record: Any) -> str:
    """Return the path of a record's file inside its device."""
    return str(record.document.path).split("/", 1)[-1]
