"""What else a plan asked for, as the evaluation page tells it: sentences, and rows for the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from muniment.render import charts
from muniment.render.numbers import entries, number, shown, signed, whole
from muniment.render.page import Chart
from muniment.render.text import slug
from muniment.render.views.criteria import cohort_text
from muniment.render.words import metric, spoken

Entry = Mapping[str, Any]

_OUTCOMES = {
    "non_inferior": ("met", "Non-inferior"),
    "not_shown": ("unmet", "Not shown"),
    "undecided": ("undecided", "Undecided"),
}
_FAMILIES = {
    "none": "The plan declares no control: each criterion stands alone.",
    "all_must_pass": "All of these criteria must be met together, so no p value is adjusted: one failure is "
    "enough to fail the claim.",
    "fixed_sequence": "These criteria are tested in this order at the full error rate, up to the first that "
    "is not shown.",
    "holm": "The p values of these criteria are adjusted by Holm's procedure.",
    "bonferroni": "The p values of these criteria are multiplied by their number (Bonferroni).",
}
METRICS = ("auroc", "sensitivity", "specificity", "ppv", "npv")


def planned(found: Entry, point: str | None) -> dict[str, Any]:
    """Return every planned analysis that the evaluation holds; what is not there is empty or `None`."""
    return {
        "hypotheses": [_hypothesis(item) for item in entries(found, "non_inferiority")],
        "family": _family(_section(found, "multiplicity")),
        "missing": _missing(_section(found, "missing_data"), point),
        "precision": _precision(_section(found, "precision")),
        "flow": _flow(_section(found, "flow")),
        "table_one": _table_one(_section(found, "table_one")),
        "agreement": entries(found, "agreement"),
        "readers": [_readers(item) for item in entries(found, "reader_studies")],
    }


def drawn(where: str, found: Entry) -> tuple[Chart, ...]:
    """Return a forest chart of each hypothesis of non-inferiority that has a difference to draw."""
    out = []
    for item in entries(found, "non_inferiority"):
        rows = [row for row in map(_row, entries(item, "entries")) if row is not None]
        if rows:
            out.append(_differences(where, item, rows))
    return tuple(out)


def _row(entry: Entry) -> charts.Row | None:
    value, low, high = (number(entry.get(key)) for key in ("difference", "low", "high"))
    n, events = number(entry.get("n")), number(entry.get("events"))
    if value is None or low is None or high is None or n is None:
        return None
    name = spoken(entry.get("against"))
    return charts.Row("against", name, value, low, high, int(n), None if events is None else int(events))


def _differences(where: str, item: Entry, rows: list[charts.Row]) -> Chart:
    name = metric(item.get("metric"))
    margins = {number(entry.get("margin")) for entry in entries(item, "entries")}
    margin = next(iter(margins)) if len(margins) == 1 else None
    line = "" if margin is None else f" The solid line is minus the margin, {shown(-margin)}."
    stated = "; ".join(
        f"against {row.level} {signed(row.value)}, {signed(row.low)} to {signed(row.high)}" for row in rows
    )
    return Chart(
        name=f"{where}/{_chart(item)}",
        spec=charts.forest(
            rows, f"Difference in {name}", overall=0.0, bound=None if margin is None else -margin
        ),
        alt=f"Difference in {name}, this release minus the comparator, with 95% intervals: {stated}.{line}",
        caption=f"Difference in {name} with 95% interval. The dashed line is no difference; an interval "
        f"that begins right of minus the margin rules the loss out.{line}",
    )


def _chart(item: Entry) -> str:
    return f"non-inferiority-{slug(str(item.get('id')))}"


def _section(found: Entry, name: str) -> Entry:
    section = found.get(name)
    return section if isinstance(section, Mapping) else {}


def _hypothesis(item: Entry) -> dict[str, Any]:
    kind, word = _OUTCOMES.get(str(item.get("outcome")), ("undecided", "Undecided"))
    compared = entries(item, "entries")
    return {
        "id": item.get("id"),
        "metric": item.get("metric"),
        "point": item.get("operating_point"),
        "kind": kind,
        "word": word,
        "sentence": _ruled_out(item, compared),
        "chart": _chart(item),
        "entries": [
            {"entry": entry, "verdict": _OUTCOMES.get(str(entry.get("outcome")), ("undecided", "Undecided"))}
            for entry in compared
        ],
    }


def _ruled_out(item: Entry, compared: tuple[Entry, ...]) -> str:
    name = metric(item.get("metric"))
    if item.get("outcome") == "non_inferior":
        losses = _listed(f"{shown(e.get('margin'))} against {spoken(e.get('against'))}" for e in compared)
        return f"A loss of {name} of {losses} is ruled out."
    open_ones = [e for e in compared if e.get("outcome") == "not_shown"]
    if open_ones:
        said = _listed(
            f"{shown(e.get('margin'))} against {spoken(e.get('against'))} (bound {shown(e.get('bound'))})"
            for e in open_ones
        )
        return f"A loss of {name} of {said} is not ruled out."
    return f"Nothing can be said of a loss of {name}: {item.get('undecided') or 'nothing was compared'}."


def _family(found: Entry) -> dict[str, Any] | None:
    if not found:
        return None
    method = str(found.get("method"))
    return {
        "sentence": _FAMILIES.get(method, f"Method: {spoken(method)}."),
        "found": found,
        "criteria": entries(found, "criteria"),
        "adjusted": found.get("adjusted") is True,
    }


def _missing(found: Entry, point: str | None) -> dict[str, Any] | None:
    if not found:
        return None
    estimates = entries(found, "estimates")
    names = list(dict.fromkeys(str(item.get("population")) for item in estimates))
    incomplete = sum(int(number(found.get(part)) or 0) for part in ("no_score", "no_label", "neither"))
    rows = [
        {
            "population": name,
            "primary": name == found.get("primary"),
            "cells": [_chosen(estimates, name, of, point) for of in METRICS],
        }
        for name in names
        # Where no row is incomplete the treatments are one: the sentence says so, and one row shows it.
        if incomplete or name == found.get("primary")
    ]
    return {
        "found": found,
        "sentence": _incomplete(found, incomplete),
        "rows": rows,
        "inputs": entries(found, "inputs"),
        "no_estimate": [
            {"share": item, "cohort": cohort_text(item.get("cohort"))}
            for item in entries(found, "no_estimate")
        ],
        "rejects": found.get("rejects") if isinstance(found.get("rejects"), Mapping) else None,
    }


def _incomplete(found: Entry, incomplete: int) -> str:
    primary = spoken(found.get("primary"))
    if not incomplete:
        return (
            f"Each of the {whole(found.get('rows'))} rows has score and label, so every treatment of "
            f"incomplete rows gives the same numbers. The plan's primary result is {primary}."
        )
    return (
        f"Of {whole(found.get('rows'))} rows {whole(found.get('no_score'))} have no score, "
        f"{whole(found.get('no_label'))} no label and {whole(found.get('neither'))} neither. The plan's "
        f"primary result is {primary}; the others show how much the incomplete rows could change."
    )


def _chosen(estimates: tuple[Entry, ...], population: str, name: str, point: str | None) -> Entry:
    at = None if name == "auroc" else point
    return next(
        (
            item
            for item in estimates
            if item.get("population") == population
            and item.get("metric") == name
            and item.get("threshold") == at
        ),
        {},
    )


def _precision(found: Entry) -> dict[str, Any] | None:
    if not found:
        return None
    targets, sizes = entries(found, "targets"), entries(found, "sizes")
    wide = [metric(item.get("metric")) for item in targets if item.get("reached") is not True]
    small = [metric(item.get("target")) for item in sizes if item.get("enough") is not True]
    parts = []
    if targets:
        parts.append(
            f"Wider than planned, or without an interval: {_listed(wide)}."
            if wide
            else "Every interval is as narrow as planned."
        )
    if sizes:
        parts.append(
            f"By the plan's own assumptions the cohort is too small, or unknown, for: {_listed(small)}."
            if small
            else "The cohort is as large as the plan's assumptions ask for."
        )
    return {"sentence": " ".join(parts), "targets": targets, "sizes": sizes}


def _flow(found: Entry) -> dict[str, Any] | None:
    if not found:
        return None
    faults = found.get("declared_faults") or ()
    if found.get("undecided"):
        sentence = f"Of {whole(found.get('screened'))} patients, {found.get('undecided')}."
    else:
        sentence = (
            f"Of {whole(found.get('screened'))} patients in the splits {whole(found.get('analysed'))} were "
            "analysed; each step begins with who was left before it."
        )
    return {"found": found, "sentence": sentence, "steps": entries(found, "steps"), "faults": list(faults)}


def _table_one(found: Entry) -> dict[str, Any] | None:
    if not found:
        return None
    rows = entries(found, "rows")
    far = sorted(
        {
            _characteristic(row)
            for row in rows
            for entry in entries(row, "entries")
            if abs(number(_section(entry, "standardised_difference").get("value")) or 0) > 0.1
        }
    )
    reference = spoken(found.get("reference"))
    return {
        "found": found,
        "sentence": f"Further than 0.1 standard deviations from {reference} in some group: {_listed(far)}."
        if far
        else f"No group is further than 0.1 standard deviations from {reference} in anything.",
        "heads": _heads(entries(found, "partitions")),
        "rows": [{"name": _characteristic(row), "entries": entries(row, "entries")} for row in rows],
    }


def _heads(groups: tuple[Entry, ...]) -> list[str]:
    """Column heads: the reference, then each group with its difference."""
    heads = [""]
    for index, group in enumerate(groups):
        heads.append(f"#{spoken(group.get('partition'))} (n {whole(group.get('n'))})")
        if index:
            heads.append("#Difference")
    return heads


def _characteristic(row: Entry) -> str:
    level = row.get("level")
    return str(row.get("column")) if level is None else f"{row.get('column')}: {level}"


def _readers(item: Entry) -> dict[str, Any]:
    first, second = (*item.get("compare", ()), "", "")[:2]
    difference = _section(item, "difference")
    low, high = number(difference.get("low")), number(difference.get("high"))
    if low is None or high is None:
        reason = difference.get("undecided") or "no interval"
        reading = f"Nothing can be said of {first} against {second}: {reason}."
    elif low > 0:
        reading = f"On average the readers do better with {first} than with {second}."
    elif high < 0:
        reading = f"On average the readers do worse with {first} than with {second}."
    else:
        reading = f"No difference between {first} and {second} is shown."
    return {
        "study": item,
        "first": first,
        "second": second,
        "difference": difference,
        "sentence": reading,
        "areas": entries(item, "areas"),
    }


def _listed(parts: Iterable[str]) -> str:
    found = list(parts)
    return " and ".join((", ".join(found[:-1]), found[-1])) if len(found) > 1 else "".join(found)
