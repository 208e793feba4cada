"""The analysis page of a release: where it is wrong, what it stands, how it explains itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.model.edition import ReleaseView
from muniment.render import charts
from muniment.render.numbers import entries, number, shown
from muniment.render.page import Chart, Desk, Page, folder
from muniment.render.text import count

LEVEL = 0.95
"""Level of the intervals that a chart is drawn for."""
MARGINS = ("high", "drop")
"""Bound that a limit is held against: the upper one of the interval, or the point itself."""


def analysis(desk: Desk, view: ReleaseView) -> Page:
    """Return the page; without an analysis it says so and shows what the release record holds."""
    found = view.dossier.analysis
    body = view.dossier.release.body
    plan = desk.record(body.get("plan"))
    known = found if isinstance(found, Mapping) else {}
    path = f"{view.dossier.id}/analysis.json"
    sources = desk.source(path) if known else ()
    explained = known.get("explanations")
    explanations = explained if isinstance(explained, Mapping) else {}
    return Page(
        path=f"{folder(view)}/analysis.md",
        title=f"Analysis of {view.version}",
        template="analysis.md.j2",
        values={
            "release": view,
            "body": body,
            "analysis": known,
            "path": path,
            "digest": sources[0].sha256 if sources else None,
            "gaps": {str(e.get("section")): e.get("reason") for e in entries(known, "undecided")},
            "methods": {str(e.get("section")): e.get("text") for e in entries(known, "methods")},
            "axes": _axes(known, "errors", "by"),
            "edge": entries(known, "errors", "edge"),
            "robustness": _robustness(known, plan.body if plan else {}),
            "populations": _populations(known),
            "missing": [e for e in entries(known, "missing") if e.get("missing")],
            "columns": len(entries(known, "missing")),
            "rejects": known.get("quality_control") or {},
            "rejected_by": _axes(known, "quality_control", "by"),
            "prevalence": known.get("prevalence") or {},
            "clusters": entries(known, "clusters"),
            "explanations": explanations,
            "unit": _unit(body),
            "consistency": _agreement(explanations, "consistency"),
            "stability": _stability(explanations),
            "coverage": explanations.get("coverage") or {},
            "examples": _examples(known, body),
            "tests": entries(body, "system_tests"),
            "studies": [
                (name, body[key])
                for key, name in (("reader_study", "Reader study"), ("precision_study", "Precision study"))
                if isinstance(body.get(key), Mapping)
            ],
        },
        sources=(
            *sources,
            *desk.source(f"{view.dossier.id}/release.yaml"),
            *(desk.source(f"{plan.id}.yaml") if plan and known else ()),
        ),
        charts=_charts(folder(view), known),
        release=view.version,
        description=f"Errors, robustness and explanations of {view.version}",
    )


def _axes(found: Mapping[str, Any], *steps: str) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the levels of each axis, in the order of the file."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries(found, *steps):
        groups.setdefault(str(entry.get("axis")), []).append(entry)
    return list(groups.items())


def _robustness(found: Mapping[str, Any], plan: Any) -> list[dict[str, Any]]:
    """Return each loss under a perturbation beside the limit that the plan fixed for it, if any."""
    limits = {
        (e.get("perturbation"), number(e.get("level")), e.get("metric")): e
        for e in entries(plan, "robustness")
    }
    out = []
    for entry in entries(found, "robustness"):
        limit = limits.get((entry.get("perturbation"), number(entry.get("level")), entry.get("metric")))
        out.append(
            {
                "key": f"{entry.get('perturbation')} {entry.get('level')}",
                "entry": entry,
                "limit": limit,
                "within": _within(entry, limit) if limit else None,
            }
        )
    return out


def _within(entry: Mapping[str, Any], limit: Mapping[str, Any]) -> bool | None:
    """Whether a loss stays within its limit on the bound the plan names; `None` where it cannot be told."""
    bound = number(entry.get(MARGINS[0] if limit.get("on") == "upper" else MARGINS[1]))
    most = number(limit.get("max_drop"))
    return None if bound is None or most is None else bound <= most


def _populations(found: Mapping[str, Any]) -> list[tuple[str, dict[str, Mapping[str, Any]]]]:
    """Return the estimates of each population by metric: as intended, answered only, worst and best case."""
    groups: dict[str, dict[str, Mapping[str, Any]]] = {}
    for entry in entries(found, "populations"):
        groups.setdefault(str(entry.get("population")), {})[str(entry.get("metric"))] = entry
    return list(groups.items())


def _unit(body: Mapping[str, Any]) -> str:
    """Return the unit of a contribution, as the release says."""
    declared = body.get("analysis")
    table = declared.get("contributions") if isinstance(declared, Mapping) else None
    return str(table.get("unit") or "") if isinstance(table, Mapping) else ""


def _agreement(explanations: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return agreement by subgroup, the lowest first; suppressed cells last."""
    rows = entries(explanations, name)
    return sorted(rows, key=lambda e: (bool(e.get("suppressed")), number(e.get("value")) or 0.0))


def _stability(explanations: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return both metrics of everybody and each level in one row, in the order of the file."""
    rows: dict[tuple[Any, Any], dict[str, Any]] = {}
    for entry in entries(explanations, "stability"):
        key = (entry.get("axis"), entry.get("level"))
        row = rows.setdefault(key, {"axis": key[0], "level": key[1]})
        row[str(entry.get("metric"))] = entry
    return list(rows.values())


def _examples(found: Mapping[str, Any], body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each example of a wrong output with what a clinician says of it."""
    computed = {(str(e.get("case")), e.get("kind")): e for e in entries(found, "errors", "examples")}
    return [
        {"said": said, "case": computed.get((str(said.get("case")), said.get("kind")), {})}
        for said in entries(body, "error_examples")
    ]


def _charts(where: str, found: Mapping[str, Any]) -> tuple[Chart, ...]:
    if found.get("level") != LEVEL:  # the axis of the chart says 95%
        return ()
    drawn = (_missed(where, found), _losses(where, found), _agreeing(where, found))
    return tuple(chart for chart in drawn if chart)


def _missed(where: str, found: Mapping[str, Any]) -> Chart | None:
    rows = [
        row
        for entry in entries(found, "errors", "by")
        if (row := _row(str(entry.get("axis")), str(entry.get("level")), entry.get("fnr"), entry))
    ]
    if len(rows) < 2:
        return None
    lowest, highest = min(rows, key=lambda r: r.value), max(rows, key=lambda r: r.value)
    return Chart(
        name=f"{where}/missed",
        spec=charts.forest(rows, "False-negative rate"),
        alt=f"False-negative rate in {count(len(rows), 'subgroup')} with intervals. Lowest: {lowest.axis} "
        f"{lowest.level} {shown(lowest.value)}; highest: {highest.axis} {highest.level} "
        f"{shown(highest.value)}.",
        caption="Share of patients with the outcome who are not flagged, by subgroup, with its interval. "
        "Cells that are too small are left out.",
    )


def _losses(where: str, found: Mapping[str, Any]) -> Chart | None:
    losses = []
    for entry in entries(found, "robustness"):
        asked = [number(entry.get(key)) for key in ("level", "drop", "low", "high", "n")]
        known = [value for value in asked if value is not None]
        if entry.get("metric") == "auroc" and len(known) == len(asked):
            level, drop, low, high, n = known
            name = str(entry.get("perturbation")).replace("_", " ")
            losses.append(charts.Loss(name, level, drop, low, high, int(n)))
    if len(losses) < 2:
        return None
    worst = max(losses, key=lambda loss: loss.drop)
    return Chart(
        name=f"{where}/losses",
        spec=charts.degradation(losses, "Loss of AUROC"),
        alt=f"Loss of AUROC under {count(len(losses), 'perturbation')} with intervals. Largest: "
        f"{worst.perturbation} {shown(worst.level)}, {shown(worst.drop)}.",
        caption="Loss of AUROC against the untouched cohort on the same patients, over how strongly inputs "
        "were changed, with its interval. What a level means stands in the table.",
    )


def _agreeing(where: str, found: Mapping[str, Any]) -> Chart | None:
    explained = found.get("explanations")
    rows = [
        row
        for entry in entries(explained if isinstance(explained, Mapping) else {}, "consistency")
        if (row := _row(str(entry.get("axis")), str(entry.get("level")), entry, {"n": entry.get("n")}))
    ]
    if len(rows) < 2:
        return None
    lowest = min(rows, key=lambda r: r.value)
    return Chart(
        name=f"{where}/agreement",
        spec=charts.forest(rows, "Rank correlation with the cohort's explanations"),
        alt=f"Agreement of explanations in {count(len(rows), 'subgroup')} with the cohort's, with intervals. "
        f"Lowest: {lowest.axis} {lowest.level} {shown(lowest.value)}.",
        caption="Rank correlation of the inputs' mean absolute contributions in a subgroup with those of the "
        "cohort; 1 is full agreement.",
    )


def _row(axis: str, level: str, found: Any, counted: Mapping[str, Any]) -> charts.Row | None:
    if not isinstance(found, Mapping):
        return None
    value, low, high = (number(found.get(key)) for key in ("value", "low", "high"))
    n, events = number(counted.get("n")), number(counted.get("events"))
    if value is None or low is None or high is None or n is None:
        return None
    return charts.Row(axis, level, value, low, high, int(n), None if events is None else int(events))
