"""Reads the windows that a monitoring record points at.

A window names its period (`quarter` or `window`), counts its patients (`n`), carries measures beside them
and below `outcomes`, and the same by group below `sites`. Measures are numbers, or mappings with `value`,
`low` and `high`, or with the `worst` of several. Whatever has another shape is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from muniment.errors import MunimentError
from muniment.model.evidence import Files
from muniment.model.tree import frozen
from muniment.render.charts import Reading
from muniment.render.numbers import entries, number

LIMIT = 8 << 20
COLUMNS = ("auroc", "sensitivity", "calibration_slope", "oe_ratio", "positive_rate", "psi", "linkage_rho")
"""Measures the table shows, where a window has them; the data file holds all."""


@dataclass(frozen=True, slots=True)
class Window:
    """One period of use."""

    name: str
    n: Any
    note: str
    """Where it comes from, and why outcomes are withheld."""
    body: Mapping[str, Any]


def read(files: Files, path: str) -> tuple[Window, ...]:
    """Return the windows in order of their names; none where the file is missing or not JSON."""
    if not path.endswith(".json"):
        return ()
    try:
        tree = frozen(json.loads(files.read(path, LIMIT)))
    except (MunimentError, ValueError, RecursionError):
        return ()
    found = [_window(body) for body in entries(tree, "windows")]
    return tuple(sorted(found, key=lambda w: w.name))


def _window(body: Mapping[str, Any]) -> Window:
    parts = [str(body[key]) for key in ("source", "outcomes_withheld") if body.get(key)]
    return Window(str(body.get("quarter") or body.get("window")), body.get("n"), "; ".join(parts), body)


def measure(body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return a measure of a window or of a group as `metric`, `value`, `low`, `high`; `None` where absent."""
    outcomes = body.get("outcomes")
    found = outcomes.get(name) if isinstance(outcomes, Mapping) else None
    if found is None:
        found = body.get(name)
    if isinstance(found, Mapping) and isinstance(found.get("worst"), Mapping):
        found = found["worst"]
    entry = found if isinstance(found, Mapping) else {"value": found}
    if number(entry.get("value")) is None:
        return None
    return {"metric": name, **{key: entry.get(key) for key in ("value", "low", "high", "n")}}


def columns(windows: tuple[Window, ...]) -> list[str]:
    """Return the measures that at least one window has, in the order of `COLUMNS`."""
    return [name for name in COLUMNS if any(measure(window.body, name) for window in windows)]


def rows(windows: tuple[Window, ...]) -> list[dict[str, Any]]:
    """Return one row a window, with one estimate, or `None`, a measure."""
    names = columns(windows)
    return [
        {
            "window": window.name,
            "n": window.n,
            "note": window.note,
            "cells": [measure(window.body, name) for name in names],
        }
        for window in windows
    ]


def readings(windows: tuple[Window, ...], name: str) -> list[Reading]:
    """Return a measure over everybody, window by window."""
    return [reading for window in windows for reading in _reading(window, window.body, name, "")]


def readings_by(windows: tuple[Window, ...], name: str, groups: str) -> list[Reading]:
    """Return a measure by group (`sites`), window by window; suppressed groups are left out."""
    return [
        reading
        for window in windows
        for group in entries(window.body, groups)
        if not group.get("suppressed")
        for reading in _reading(window, group, name, str(group.get("level")))
    ]


def _reading(window: Window, body: Mapping[str, Any], name: str, group: str) -> list[Reading]:
    entry = measure(body, name)
    if entry is None:
        return []
    counted = number(entry.get("n")) or number(body.get("n"))
    low, high = number(entry.get("low")), number(entry.get("high"))
    n = None if counted is None else int(counted)
    return [Reading(window.name, float(entry["value"]), low, high, n, group)]
