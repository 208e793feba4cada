"""Enacted: what a hospital's operations would report. Invented for the example, and labelled so."""

from __future__ import annotations

from typing import Any

from common import number
from metrics import proportion

MINUTES_A_DAY = 24 * 60
PILOT = {
    "1.0.0": {"days": 28, "down": 52, "alerts": 240, "routed": 239},
    "1.1.0-rc1": {"days": 28, "down": 47, "alerts": 240, "routed": 240},
    "1.2.0": {"days": 28, "down": 31, "alerts": 240, "routed": 240},
    "2.0.0-rc1": {"days": 28, "down": 38, "alerts": 240, "routed": 239},
    "2.0.0": {"days": 28, "down": 26, "alerts": 240, "routed": 240},
}
"""Staging environment, four weeks before each board: minutes down, test alerts sent and delivered."""


def uptime(version: str) -> dict[str, Any]:
    """Share of minutes in which the service answered."""
    told = PILOT[version]
    total = told["days"] * MINUTES_A_DAY
    return {
        "metric": "uptime",
        "value": number(1 - told["down"] / total),
        "low": None,
        "high": None,
        "level": None,
        "n": total,
        "method": "count",
        "unit": "proportion",
        "origin": "enacted",
        "note": f"Enacted: {told['down']} minutes down in {told['days']} days of staging.",
    }


def alert_routing(version: str) -> dict[str, Any]:
    """Share of test alerts that reached the inbox they were meant for."""
    told = PILOT[version]
    return {
        **proportion(told["routed"], told["alerts"]),
        "metric": "alert_routing_success",
        "level": 0.95,
        "method": "wilson",
        "unit": "proportion",
        "origin": "enacted",
        "note": f"Enacted: {told['routed']} of {told['alerts']} test alerts reached the right inbox.",
    }
