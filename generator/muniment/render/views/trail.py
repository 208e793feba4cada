"""The page of the trail: what the program sealed and published, entry upon entry."""

from __future__ import annotations

from muniment.model.trail import Trail
from muniment.render.page import Desk, Page

FILE = "trail/log.jsonl"


def trail(desk: Desk) -> Page:
    """Every entry, newest first, with what does not hold above them."""
    found = desk.view.trail or Trail((), (), there=False)
    value = {
        "schema": "muniment/trail/v1",
        "devices": [
            {
                "device": desk.view.device.id,
                "head": found.head if found.entries else None,
                "entries": [entry.as_json() for entry in found.entries],
                "problems": list(found.problems),
            }
        ],
    }
    commands = sorted({entry.command for entry in found.entries})
    return Page(
        path="trail.md",
        title="Trail",
        template="trail.md.j2",
        values={
            "trail": found,
            "entries": tuple(reversed(found.entries)),
            "commands": [(name, sum(e.command == name for e in found.entries)) for name in commands],
            "seals": sum(seal.extra.get("trail") is not None for seal in desk.view.seals),
        },
        sources=(desk.store.derived("trail.json", value), *desk.source(FILE)),
    )
