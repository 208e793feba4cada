"""How the device is operated on the edition's date, from its living records."""

from __future__ import annotations

from typing import Any

from muniment.render.page import Desk, Page
from muniment.render.standing import entry_due, in_force, pointed

SECTIONS = (
    ("environments", "environments", "environments"),
    ("endpoints", "endpoints", "endpoints"),
    ("access", "access", "access"),
    ("allowed", "residency", "allowed"),
    ("holdings", "residency", "holdings"),
    ("trails", "audit_trail", "trails"),
    ("retention", "retention", "retention"),
    ("functions", "control_plane", "functions"),
    ("tools", "tool_qualification", "tools"),
)
"""Name on the page, record kind, and the field of the record that holds the entries."""
KINDS = tuple(dict.fromkeys(kind for _, kind, _ in SECTIONS))
PURPOSES = ("production", "validation", "research")
"""Purposes of environments, the nearest to patients first."""


def operations(desk: Desk) -> Page:
    """Return the page: what holds on the date, each entry with the record it stands in."""
    return Page(
        path="operations.md",
        title="Operations",
        template="operations.md.j2",
        values=rows(desk),
        sources=tuple(ref for record in desk.of_kind(*KINDS) for ref in desk.source(pointed(record))),
        description=f"Environments, certificates, access, logs and tools, as of {desk.edition.as_of}",
    )


def rows(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each section, with how the dates in them stand."""
    out = {
        name: [
            {"record": record, "entry": entry, "due": entry_due(desk.edition.as_of, name, entry)}
            for record, entry in in_force(desk, kind, field)
        ]
        for name, kind, field in SECTIONS
    }
    out["environments"].sort(key=lambda row: _purpose(row["entry"].get("purpose")))
    out["endpoints"].sort(key=lambda row: str(row["due"].day))
    return out


def _purpose(purpose: Any) -> int:
    return PURPOSES.index(purpose) if purpose in PURPOSES else len(PURPOSES)
