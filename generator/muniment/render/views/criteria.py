"""Acceptance criteria as a page shows them: one group a criterion, its condition once, its levels below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from muniment.render.numbers import shown
from muniment.render.words import metric, spoken

Entry = Mapping[str, Any]

_BOUNDS = {
    "point": "point estimate",
    "lower": "lower bound",
    "upper": "upper bound",
    "interval": "whole interval",
    "half_width": "half width",
}
_OPERATORS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "within": "within"}
_DOMAINS = ("clinical", "calibration", "subgroup", "operational")
_OUTCOMES = ("unmet", "undecided", "met")
"""The worst first, as a reader looks for them."""


def grouped(criteria: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Return the criteria by id: what is not met first, then by domain; the same within a criterion."""
    groups: dict[str, list[Entry]] = {}
    for entry in criteria:
        groups.setdefault(str(entry.get("id")), []).append(entry)
    return sorted((_group(name, found) for name, found in groups.items()), key=lambda g: g["order"])


def _group(name: str, found: list[Entry]) -> dict[str, Any]:
    levels = sorted(found, key=_outcome)
    first, counts = levels[0], Counter(str(entry.get("outcome")) for entry in levels)
    domain = str(first.get("domain"))
    return {
        "id": name,
        "domain": domain,
        "order": (_outcome(first), _DOMAINS.index(domain) if domain in _DOMAINS else len(_DOMAINS), name),
        "subject": _subject(first),
        "condition": _condition(first),
        "outcome": str(first.get("outcome")),
        "count": f"{counts[str(first.get('outcome'))]} of {len(levels)}",
        "levels": [{"entry": entry, "cohort": cohort_text(entry.get("cohort"))} for entry in levels],
        "single": len(levels) == 1 and not first.get("cohort"),
    }


def _outcome(entry: Entry) -> int:
    outcome = str(entry.get("outcome"))
    return _OUTCOMES.index(outcome) if outcome in _OUTCOMES else len(_OUTCOMES)


def _subject(entry: Entry) -> str:
    """Return what is measured, in words."""
    name, against, each = metric(entry.get("metric")), entry.get("against"), entry.get("each")
    said = f"Difference in {name} against {against}" if against else name
    if entry.get("analysis"):
        said = f"{said} of {entry.get('analysis')}"
    if entry.get("population"):
        said = f"{said}, {spoken(entry.get('population'))}"
    return f"{said}, in each {each}" if each else said


def _condition(entry: Entry) -> str:
    """Return the condition in words: `lower bound ≥ 0.750`."""
    threshold = entry.get("threshold")
    if isinstance(threshold, (list, tuple)):
        limit = " to ".join(shown(part) for part in threshold)
    else:
        limit = shown(threshold)
    bound = _BOUNDS.get(str(entry.get("on")), str(entry.get("on", "")))
    return f"{bound} {_OPERATORS.get(str(entry.get('operator')), str(entry.get('operator', '')))} {limit}"


def cohort_text(cohort: Any) -> str:
    """Return a cohort in words: `sex F, site S2`; `everybody` where it is empty."""
    if not isinstance(cohort, Mapping) or not cohort:
        return "everybody"
    return ", ".join(f"{axis} {level}" for axis, level in sorted(cohort.items()))
