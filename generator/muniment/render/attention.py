"""What needs attention on the edition's date: one list, most pressing first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from muniment.model.edition import ReleaseView
from muniment.model.finding import Severity
from muniment.model.ruling import Outcome, Ruling, Status
from muniment.render.numbers import days, entries
from muniment.render.page import Desk, folder, shown_release
from muniment.render.standing import SOON, Due, closures, due, entry_due, findings, happened, in_force, level
from muniment.render.text import anchor

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
        *_signals(desk),
        *_incidents(desk),
        *_findings(desk),
        *_reports(desk),
        *_operations(desk),
        *_security(desk),
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


def _signals(desk: Desk) -> Iterator[Item]:
    """Open signals, clocks without a decision, and mitigations that lapsed while the signal is open."""
    closed, as_of = closures(desk), desk.edition.as_of
    for record in happened(desk, "signal", "opened_on"):
        body, version = record.body, _version(desk, record)
        link = f"after-release.html#{anchor(record.id)}"
        for clock in entries(body, "reportability"):
            if clock.get("decision") and str(clock.get("decided_on", "")) <= as_of:
                continue
            standing = due(as_of, clock.get("due_on"))
            text = f"{body.get('title')}: {clock.get('jurisdiction')}, due on {standing.day}"
            yield Item(
                "Act now" if standing.overdue else "Open",
                "Report overdue" if standing.overdue else "Reportability open",
                version,
                text,
                "after-release.html#clocks",
            )
        if (record.id, "") in closed:
            continue
        pressing = body.get("level") == 3
        text = f"{body.get('title')}: level {body.get('level')}, open since {body.get('opened_on')}"
        yield Item("Act now" if pressing else "Open", "Signal open", version, text, link)
        mitigation = body.get("interim_mitigation")
        expires = mitigation.get("expires") if isinstance(mitigation, Mapping) else None
        if expires is not None and due(as_of, expires).overdue:
            text = f"{body.get('title')}: the mitigation ended on {expires}, the signal is open"
            yield Item("Act now", "Mitigation lapsed", version, text, link)


def _incidents(desk: Desk) -> Iterator[Item]:
    closed = closures(desk)
    for record in happened(desk, "incident", "opened_on"):
        if (record.id, "") in closed:
            continue
        found = level(desk, record)
        stated = f"level {found}" if found is not None else "no level set"
        text = f"{record.body.get('title')}: {stated}, open since {record.body.get('opened_on')}"
        link = f"after-release.html#{anchor(record.id)}"
        yield Item("Act now" if found == 3 else "Open", "Incident open", _version(desk, record), text, link)


def _findings(desk: Desk) -> Iterator[Item]:
    """Findings of drills and exercises that are overdue or near, and the next tabletop exercise."""
    for row in findings(desk):
        if row["closure"] is None:
            entry, version = row["entry"], _version(desk, row["record"])
            text = f"{entry.get('id') or 'Finding'}, due {entry.get('due')}: {entry.get('text')}"
            yield from _dated(row["due"], "Finding", version, text, "after-release.html#exercises")
    for record in happened(desk, "tabletop")[:1]:
        standing = due(desk.edition.as_of, record.body.get("next_due"))
        text = f"Last tabletop exercise on {record.body.get('on')}; next due {standing.day}"
        link = f"after-release.html#{anchor(record.id)}"
        yield from _dated(standing, "Exercise", _version(desk, record), text, link)


def _reports(desk: Desk) -> Iterator[Item]:
    as_of = desk.edition.as_of
    for record in desk.of_kind("surveillance"):
        for entry in entries(record.body, "reports"):
            standing = due(as_of, entry.get("due"), done=entry.get("done_on"))
            text = f"{entry.get('id')}, {entry.get('jurisdiction')}: due {entry.get('due')}"
            yield from _dated(standing, "Report", "", text, "after-release.html#surveillance")


def _operations(desk: Desk) -> Iterator[Item]:
    """Certificates in their alarm window or expired, and reviews that are near or overdue."""
    as_of = desk.edition.as_of
    for _, entry in in_force(desk, "endpoints", "endpoints"):
        standing = entry_due(as_of, "endpoints", entry)
        if standing and standing.overdue:
            text = f"{entry.get('name')}: ended on {standing.day}"
            yield Item("Act now", "Certificate expired", "", text, "operations.html#certificates")
        elif standing and standing.near:
            text = f"{entry.get('name')}: ends on {standing.day}, {standing.word}"
            yield Item("Open", "Certificate to renew", "", text, "operations.html#certificates")
    for kind, what, named in (
        ("access", "Access review", "log"),
        ("retention", "Retention review", "records"),
    ):
        for _, entry in in_force(desk, kind, kind):
            standing = entry_due(as_of, kind, entry)
            if standing:
                text = f"{entry.get(named)}: due {standing.day}"
                yield from _dated(standing, what, "", text, f"operations.html#{kind}")


def _security(desk: Desk) -> Iterator[Item]:
    """Open findings of the security file of the release in use that are overdue or near."""
    view = shown_release(desk)
    record = desk.record(view.dossier.release.body.get("security")) if view else None
    if view is None or record is None:
        return
    for entry in entries(record.body, "findings"):
        if entry.get("state") == "open":
            standing = due(desk.edition.as_of, entry.get("due"))
            text = f"{entry.get('id')}, due {entry.get('due')}: {entry.get('text')}"
            yield from _dated(standing, "Security finding", view.version, text, "device.html#security")


def _dated(standing: Due, what: str, release: str, text: str, link: str) -> Iterator[Item]:
    """Yield an item for a date that is overdue or near, and none for one that is neither."""
    if standing.overdue:
        yield Item("Act now", f"{what} overdue", release, text, link)
    elif standing.near:
        yield Item("Coming up", f"{what} due", release, text, link)


def _version(desk: Desk, record: Any) -> str:
    view = desk.release(record.body.get("release"))
    return view.version if view else ""


def _faults(desk: Desk) -> Iterator[Item]:
    for finding in desk.view.findings:
        if finding.severity is Severity.BLOCK:
            yield Item(
                "Act now", "Fault in a file", "", f"{finding.where}: {finding.message}", "verify.html#faults"
            )
    for problem in desk.view.trail.problems if desk.view.trail is not None else ():
        yield Item("Act now", "The trail does not hold", "", problem, "trail.html")
