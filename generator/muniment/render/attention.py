"""What needs attention on the edition's date: one list, most pressing first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muniment.model.edition import ReleaseView
from muniment.model.finding import Severity
from muniment.model.ruling import Outcome, Ruling, Status
from muniment.render.numbers import days
from muniment.render.page import Desk, folder
from muniment.render.text import anchor

SOON = 60
"""Days before a date falls due from which on it is listed."""

LEVELS = ("Act now", "Open", "Coming up")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at."""

    level: str
    """`Act now`, `Open` or `Coming up`."""
    kind: str
    """What it is: rule not met, waiver lapsed, alert open, drill overdue …"""
    release: str
    """Version it concerns; empty for the device."""
    text: str
    link: str
    """Path of the page, with anchor, that shows it."""


def items(desk: Desk) -> tuple[Item, ...]:
    """Return everything open on released and candidate releases, by level, then release and kind."""
    found = [
        *_rulings(desk),
        *_waivers(desk),
        *_alerts(desk),
        *_drills(desk),
        *_conditions(desk),
        *_faults(desk),
    ]
    return tuple(sorted(found, key=lambda i: (LEVELS.index(i.level), i.release, i.kind, i.text)))


def living(desk: Desk) -> tuple[ReleaseView, ...]:
    """Return the releases that can need attention: in use, or waiting to be decided."""
    return tuple(v for v in desk.view.releases if v.status in (Status.RELEASED, Status.CANDIDATE))


def _superseded(desk: Desk, view: ReleaseView) -> bool:
    current = desk.view.current
    return view.status is Status.RELEASED and current is not None and view.version != current.version


def _rulings(desk: Desk) -> Iterator[Item]:
    for view in living(desk):
        if _superseded(desk, view):
            continue
        for ruling in view.verdict.rulings:
            level = _pressing(ruling, view)
            if level:
                kind = "Rule not met" if ruling.outcome is Outcome.UNMET else "Rule undecided"
                link = f"{folder(view)}/rulings.html#{anchor(ruling.rule)}"
                yield Item(level, kind, view.version, f"{ruling.title}: {ruling.message}", link)


def _pressing(ruling: Ruling, view: ReleaseView) -> str | None:
    if ruling.outcome is Outcome.UNMET:
        return "Act now" if ruling.severity is Severity.BLOCK and view.status is Status.RELEASED else "Open"
    if ruling.outcome is Outcome.UNDECIDED and ruling.severity is not Severity.INFO:
        return "Open"
    return None


def _waivers(desk: Desk) -> Iterator[Item]:
    as_of = desk.edition.as_of
    alive = {v.dossier.id: v for v in living(desk)}
    for record in desk.of_kind("waiver"):
        view = alive.get(str(record.body.get("release")))
        left = days(as_of, record.body.get("expires"))
        if view is None or left is None or str(record.body.get("issued", "")) > as_of:
            continue
        text = f"Waiver of {record.body.get('rule')}, expires {record.body.get('expires')}"
        link = f"decisions.html#{anchor(record.id)}"
        if left < 0:
            yield Item("Act now", "Waiver lapsed", view.version, text, link)
        elif left <= SOON:
            yield Item("Coming up", "Waiver expiring", view.version, f"{text}, in {left} days", link)
        else:
            yield Item("Open", "Waiver in force", view.version, text, link)


def _alerts(desk: Desk) -> Iterator[Item]:
    for record in desk.of_kind("alert"):
        body = record.body
        if body.get("state") != "open" or str(body.get("opened_on", "")) > desk.edition.as_of:
            continue
        view = desk.release(body.get("release"))
        level = "Act now" if body.get("level") == 3 else "Open"
        text = f"{body.get('monitor')} in window {body.get('window')}: open since {body.get('opened_on')}"
        yield Item(
            level, "Alert open", view.version if view else "", text, f"monitoring.html#{anchor(record.id)}"
        )


def _drills(desk: Desk) -> Iterator[Item]:
    current = desk.view.current
    if current is None:
        return
    as_of = desk.edition.as_of
    drills = [r for r in desk.of_kind("drill") if str(r.body.get("on", "")) <= as_of]
    own = [r for r in drills if r.body.get("release") == current.dossier.id]
    if not own:
        yield Item(
            "Open",
            "Drill missing",
            current.version,
            "No drill of this release is on record",
            "monitoring.html#drills",
        )
        return
    last = max(own, key=lambda r: str(r.body.get("on", "")))
    left = days(as_of, last.body.get("next_due"))
    if left is None:
        return
    text = (
        f"Last {last.body.get('type')} drill on {last.body.get('on')}; next due {last.body.get('next_due')}"
    )
    link = f"monitoring.html#{anchor(last.id)}"
    if left < 0:
        yield Item("Act now", "Drill overdue", current.version, text, link)
    elif left <= SOON:
        yield Item("Coming up", "Drill due", current.version, text, link)


def _conditions(desk: Desk) -> Iterator[Item]:
    as_of = desk.edition.as_of
    for decision, found in desk.conditions.items():
        record = desk.record(decision)
        view = desk.release(record.body.get("release")) if record else None
        for condition in found:
            if condition.closed_on is not None:
                continue
            left = days(as_of, condition.due)
            overdue = left is not None and left < 0
            yield Item(
                "Act now" if overdue else "Open" if left is None or left > SOON else "Coming up",
                "Condition overdue" if overdue else "Condition open",
                view.version if view else "",
                f"Due {condition.due}: {condition.text}",
                f"decisions.html#{anchor(decision)}",
            )


def _faults(desk: Desk) -> Iterator[Item]:
    for finding in desk.view.findings:
        if finding.severity is Severity.BLOCK:
            yield Item(
                "Act now", "Fault in a file", "", f"{finding.where}: {finding.message}", "verify.html#faults"
            )
