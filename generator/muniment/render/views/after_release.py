"""What happened after release: signals, incidents, stops, exercises, checklists, logs, surveillance."""

from __future__ import annotations

from typing import Any

from muniment.render.numbers import entries
from muniment.render.page import Desk, Page
from muniment.render.standing import (
    STOPS,
    closures,
    due,
    ended_by,
    findings,
    happened,
    level,
    pointed,
    withdrawn_by,
)

DETAILED = 12
"""Signals shown with their whole text; older closed ones stand in the table and in their files."""
RUNS = 24
"""Newest runs of the monitors listed; the logs hold all."""
LISTS = 4
"""Newest checklists and exercises listed."""
KINDS = ("signal", "incident", "event", "closure", "tabletop", "checklist", "monitoring_log", "surveillance")


def after_release(desk: Desk) -> Page:
    """Return the page over all releases, newest first."""
    signals = _signals(desk)
    runs = _runs(desk)
    return Page(
        path="after-release.md",
        title="After release",
        template="after_release.md.j2",
        values={
            "signals": signals,
            "detailed": [s for n, s in enumerate(signals) if n < DETAILED or s["closure"] is None],
            "incidents": _incidents(desk),
            "events": [
                {
                    "record": r,
                    "stop": r.body.get("mode") in STOPS,
                    "ended": ended_by(desk, r),
                    "final": withdrawn_by(desk, r),
                }
                for r in happened(desk, "event")
            ],
            "findings": findings(desk),
            "tabletops": _tabletops(desk),
            "checklists": happened(desk, "checklist")[:LISTS],
            "runs": runs[:RUNS],
            "run_count": len(runs),
            "surveillance": desk.of_kind("surveillance"),
            "reports": _reports(desk),
        },
        sources=tuple(ref for record in desk.of_kind(*KINDS) for ref in desk.source(pointed(record))),
        description="Signals, incidents, stops, exercises and surveillance, as of " + desk.edition.as_of,
    )


def _signals(desk: Desk) -> list[dict[str, Any]]:
    """Return the signals, the open ones first, each with its closure and its clocks."""
    closed, as_of = closures(desk), desk.edition.as_of
    out = []
    for record in happened(desk, "signal", "opened_on"):
        clocks = [
            {
                "entry": entry,
                "due": due(
                    as_of,
                    entry.get("due_on"),
                    done=entry.get("decided_on") if entry.get("decision") else None,
                ),
            }
            for entry in entries(record.body, "reportability")
        ]
        out.append({"record": record, "closure": closed.get((record.id, "")), "clocks": clocks})
    return sorted(out, key=lambda row: row["closure"] is not None)


def _incidents(desk: Desk) -> list[dict[str, Any]]:
    """Return the incidents, the highest level first, then the newest."""
    closed, as_of = closures(desk), desk.edition.as_of
    out = [
        {
            "record": record,
            "level": level(desk, record),
            "levels": [e for e in entries(record.body, "levels") if str(e.get("on", "")) <= as_of],
            "closure": closed.get((record.id, "")),
        }
        for record in happened(desk, "incident", "opened_on")
    ]
    return sorted(out, key=lambda row: -row["level"] if isinstance(row["level"], int) else -4)


def _tabletops(desk: Desk) -> list[dict[str, Any]]:
    """Return the newest exercises; the next date counts for the newest one only."""
    found = happened(desk, "tabletop")
    return [
        {"record": r, "next": due(desk.edition.as_of, r.body.get("next_due")) if r is found[0] else None}
        for r in found[:LISTS]
    ]


def _runs(desk: Desk) -> list[dict[str, Any]]:
    """Return the runs of the monitors, the newest first, each with how it stands to its date."""
    as_of = desk.edition.as_of
    out = [
        {"record": record, "entry": entry, "due": due(as_of, entry.get("due"), done=entry.get("on"))}
        for record in desk.of_kind("monitoring_log")
        for entry in entries(record.body, "runs")
        if str(entry.get("on", "")) <= as_of
    ]
    return sorted(out, key=lambda row: str(row["entry"].get("on", "")), reverse=True)


def _reports(desk: Desk) -> list[dict[str, Any]]:
    """Return the surveillance reports, the one due last first."""
    out = [
        {
            "record": record,
            "entry": entry,
            "due": due(desk.edition.as_of, entry.get("due"), done=entry.get("done_on")),
        }
        for record in desk.of_kind("surveillance")
        for entry in entries(record.body, "reports")
    ]
    return sorted(out, key=lambda row: str(row["entry"].get("due", "")), reverse=True)
