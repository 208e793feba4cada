"""Home, device and the list of releases."""

from __future__ import annotations

from typing import Any

from muniment.model.edition import ReleaseView
from muniment.model.ruling import Outcome, Status
from muniment.render.attention import LEVELS, items
from muniment.render.numbers import entries
from muniment.render.page import HEADLINE, Desk, Page, folder, headline, shown_release
from muniment.render.standing import due, pointed
from muniment.render.store import DataRef
from muniment.render.text import plain


def home(desk: Desk) -> Page:
    """What is released, what needs attention, every release in one line."""
    rows = release_rows(desk)
    attention = items(desk)
    return Page(
        path="index.md",
        title=plain(device_title(desk)),
        template="home.md.j2",
        values={
            "device": body_of(desk, "device"),
            "current": desk.view.current,
            "current_row": next(
                (r for r in rows if desk.view.current and r["version"] == desk.view.current.version), None
            ),
            "attention": attention,
            "levels": [(level, [i for i in attention if i.level == level]) for level in LEVELS],
            "rows": rows,
        },
        sources=(_checked(desk),),
        description=f"What is released and what needs attention, as of {desk.edition.as_of}",
    )


def releases(desk: Desk) -> Page:
    """One row a release."""
    rows = release_rows(desk)
    return Page(
        path="releases/index.md",
        title="Releases",
        template="releases.md.j2",
        values={"rows": rows},
        sources=(_checked(desk),),
    )


def device(desk: Desk) -> Page:
    """Identity, claim, risk, hazards, safe state, roster on the edition's date."""
    current = shown_release(desk)
    release = current.dossier.release.body if current else {}
    claim = desk.record(release.get("claim"))
    hazards = desk.record(release.get("hazards"))
    monitors = desk.record(release.get("monitors"))
    security = desk.record(release["security"]) if release.get("security") else None
    plans, contracts = desk.of_kind("pccp"), tuple(reversed(desk.of_kind("contract")))
    shown = [desk.record("device"), claim, hazards, monitors, desk.record("roster"), security]
    return Page(
        path="device.md",
        title="Device",
        template="device.md.j2",
        values={
            "device": body_of(desk, "device"),
            "shown": current,
            "claim": claim.body if claim else {},
            "hazards": hazards.body if hazards else {},
            "monitors": monitors.body if monitors else {},
            "safe_state": release.get("safe_state", {}),
            "roster": _roster(desk),
            "security": security,
            "security_findings": _security_findings(desk, security),
            "pccps": plans,
            "contracts": contracts,
        },
        sources=tuple(
            ref for record in (*shown, *plans, *contracts) if record for ref in desk.source(pointed(record))
        ),
    )


def _security_findings(desk: Desk, record: Any) -> list[dict[str, Any]]:
    """Return the findings of a security file, the open ones first, with how their dates stand."""
    out = [
        {
            "entry": entry,
            "due": due(desk.edition.as_of, entry.get("due")) if entry.get("state") == "open" else None,
        }
        for entry in (entries(record.body, "findings") if record else ())
    ]
    return sorted(out, key=lambda row: row["due"] is None)


def device_title(desk: Desk) -> str:
    """Return the device's printed name, its folder's where the record has none."""
    body = body_of(desk, "device")
    return str(body.get("name") or body.get("title") or desk.view.device.id)


def body_of(desk: Desk, reference: str) -> Any:
    """Return a record's body, empty where it is missing."""
    record = desk.record(reference)
    return record.body if record else {}


def release_rows(desk: Desk) -> list[dict[str, Any]]:
    """Return the releases, newest first, with what a list shows of each."""
    successor = {
        str(view.changes.old): view.version for view in desk.view.releases if view.status is Status.RELEASED
    }
    return [{**_row(view), "successor": successor.get(view.version)} for view in reversed(desk.view.releases)]


def _row(view: ReleaseView) -> dict[str, Any]:
    rulings = view.verdict.rulings
    return {
        "version": view.version,
        "title": str(view.dossier.release.body.get("title", "")),
        "status": str(view.status),
        "class": view.verdict.change_class.word,
        "decided_on": view.decided_on,
        "verdict": view.verdict.outcome,
        **headline(view),
        "supersedes": view.changes.old,
        "waived": sum(1 for r in rulings if r.outcome is Outcome.WAIVED),
        "unmet": sum(1 for r in rulings if r.outcome is Outcome.UNMET),
        "undecided": sum(1 for r in rulings if r.outcome is Outcome.UNDECIDED),
        "link": f"{folder(view)}/index.html",
    }


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON: estimates keep value, interval, count and method only."""
    kept = ("value", "threshold", "low", "high", "level", "method", "n", "events", "undecided")
    out = {key: value for key, value in row.items() if key != "link"}
    for name in HEADLINE:
        if row[name] is not None:
            out[name] = {key: row[name].get(key) for key in kept if key in row[name]}
    return out


def _checked(desk: Desk) -> DataRef:
    rows = [plain_row(row) for row in release_rows(desk)]
    return desk.store.derived(
        "releases.json", {"schema": "muniment/releases/v1", "as_of": desk.edition.as_of, "releases": rows}
    )


def _roster(desk: Desk) -> list[dict[str, Any]]:
    """Return who holds which role on the edition's date."""
    body = body_of(desk, "roster")
    as_of = desk.edition.as_of
    people = {str(p.get("id")): p for p in entries(body, "people")}
    return [
        {**entry, "person": people.get(str(entry.get("person")), {"name": entry.get("person")})}
        for entry in entries(body, "entries")
        if str(entry.get("from", "")) <= as_of and (entry.get("to") is None or str(entry.get("to")) >= as_of)
    ]
