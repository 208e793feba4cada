"""Numbers as a reader needs them: never without interval and count, never more digits than they carry."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from muniment.model.tree import Tree

DASH = "–"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_COUNTS = frozenset({"tp", "fp", "fn", "tn", "n", "events"})


def number(value: Any) -> float | None:
    """Return a finite number, or `None` for anything else (a text, a boolean, infinity)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def shown(value: Any, metric: str = "") -> str:
    """Return a value to three decimals, a count or a large value without them; a dash for none."""
    found = number(value)
    if found is None:
        return DASH
    if metric in _COUNTS or (isinstance(value, int) and abs(found) >= 2):
        return f"{found:,.0f}"
    if abs(found) >= 100:
        return f"{found:,.1f}"
    text = f"{found:.3f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: Any) -> str:
    """Return a difference to three decimals with its sign, `+0.012`; a dash for none."""
    found = number(value)
    if found is None:
        return DASH
    text = shown(float(found))
    return text if text.startswith("−") or not text.strip("0.") else f"+{text}"


def signed_interval(entry: Tree) -> str:
    """Return `−0.041 to +0.012`, or a dash where there is no interval."""
    low, high = number(entry.get("low")), number(entry.get("high"))
    return DASH if low is None or high is None else f"{signed(low)} to {signed(high)}"


def p_value(value: Any) -> str:
    """Return a p value to three decimals, `< 0.001` below that."""
    found = number(value)
    return "< 0.001" if found is not None and found < 0.001 else shown(value)


def interval(entry: Tree) -> str:
    """Return `0.742 to 0.820`, or a dash where there is no interval."""
    low, high = number(entry.get("low")), number(entry.get("high"))
    if low is None or high is None:
        return DASH
    metric = str(entry.get("metric", ""))
    return f"{shown(low, metric)} to {shown(high, metric)}"


def with_interval(entry: Tree | None) -> str:
    """Return `0.781 (0.742 to 0.820)`; the reason where the estimate is undecided."""
    if not isinstance(entry, Mapping):
        return DASH
    if number(entry.get("value")) is None:
        return str(entry.get("undecided") or DASH)
    bounds = interval(entry)
    value = shown(entry.get("value"), str(entry.get("metric", "")))
    return value if bounds == DASH else f"{value} ({bounds})"


def whole(value: Any) -> str:
    """Return a count with thousands separated, a dash for none."""
    found = number(value)
    return DASH if found is None else f"{found:,.0f}"


def find_estimate(evaluation: Tree, metric: str, point: str | None = None) -> Mapping[str, Any] | None:
    """Return the overall estimate of a metric at an operating point, else its first one, or `None`."""
    same = [e for e in entries(evaluation, "estimates") if e.get("metric") == metric and not e.get("cohort")]
    return next((e for e in same if point and e.get("threshold") == point), same[0] if same else None)


def instant(time: Any) -> str:
    """Return an RFC 3339 instant as a reader writes it: `2024-03-01 00:00:00 UTC`; other text as it is."""
    text = str(DASH if time is None else time)
    return f"{text[:10]} {text[11:-1]} UTC" if _INSTANT.fullmatch(text) else text


def entries(tree: Tree, *keys: str) -> tuple[Mapping[str, Any], ...]:
    """Return the list of mappings found below `keys`; nothing where the shape is another."""
    node = tree
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    if not isinstance(node, (list, tuple)):
        return ()
    return tuple(item for item in node if isinstance(item, Mapping))


def days(start: Any, end: Any) -> int | None:
    """Return whole days from one ISO date to another, `None` where either is not a date."""
    try:
        return (date.fromisoformat(str(end)[:10]) - date.fromisoformat(str(start)[:10])).days
    except ValueError:
        return None
