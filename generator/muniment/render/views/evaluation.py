"""The evaluation page: cohort, estimates, criteria, charts, comparisons, methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from muniment.model.edition import ReleaseView
from muniment.render import charts
from muniment.render.numbers import entries, find_estimate, interval, number, shown
from muniment.render.page import Chart, Desk, Page, folder, operating_point
from muniment.render.text import slug
from muniment.render.views import criteria, utility
from muniment.render.views.planned import drawn as drawn_planned
from muniment.render.views.planned import planned
from muniment.render.words import metric as printed

Entry = Mapping[str, Any]

FOREST = ("sensitivity", "auroc")


def evaluation(desk: Desk, view: ReleaseView) -> Page:
    """Return the page; without an evaluation it says so."""
    found = view.dossier.evaluation if isinstance(view.dossier.evaluation, Mapping) else {}
    plan = view.dossier.get(str(view.dossier.release.body.get("plan")))
    point = operating_point(view)
    drawn = _charts(view, found, plan.body if plan else {}, point)
    return Page(
        path=f"{folder(view)}/evaluation.md",
        title=f"Evaluation of {view.version}",
        template="evaluation.md.j2",
        values={
            "release": view,
            "evaluation": found,
            "plan": plan,
            "point": point,
            "estimates": entries(found, "estimates"),
            "headline": utility.headline(found, point),
            "cells": utility.table(found, point),
            "criteria": criteria.grouped(entries(found, "criteria")),
            "tally": _tally(entries(found, "criteria")),
            "subgroups": _subgroups(found, point),
            "min_n": plan.body.get("min_n", 10) if plan else 10,
            "comparisons": [_comparison(c) for c in entries(found, "comparisons") if not c.get("cohort")],
            "by_group": _by_group(found),
            "planned": planned(found, point),
            "attribution": entries(found, "attribution"),
            "operational": entries(found, "operational"),
            "roc_rows": _roc_rows(entries(found, "curves", "roc")),
            "recall_rows": utility.recall_rows(found),
            "decision_rows": utility.decision_rows(found),
            "calibration_rows": entries(found, "curves", "calibration"),
            "overlaps": entries(found, "splits", "overlap"),
            "sizes": entries(found, "splits", "sizes"),
            "inputs": entries(found, "inputs"),
        },
        sources=(
            *desk.source(f"{view.dossier.id}/evaluation.json"),
            *desk.source(f"{view.dossier.id}/operational.json"),
        ),
        charts=drawn,
        release=view.version,
    )


def _charts(view: ReleaseView, found: Entry, plan: Any, point: str | None) -> tuple[Chart, ...]:
    where = slug(view.version)
    out: list[Chart] = []
    curve = utility.numeric(entries(found, "curves", "roc"), ("fpr", "tpr"), ("threshold",))
    if curve:
        out.append(_roc(where, found, curve))
    recalled = utility.precision_recall(where, found)
    if recalled is not None:
        out.append(recalled)
    bins = utility.numeric(
        entries(found, "curves", "calibration"), ("predicted", "observed", "low", "high", "n")
    )
    if bins:
        scores = utility.numeric(entries(found, "curves", "scores"), ("low", "high", "n"), ("events",))
        out.append(_calibration(where, found, bins, scores))
    out += [
        chart
        for chart in (utility.decision(where, found, plan, point), utility.predictive(where, found, point))
        if chart is not None
    ]
    for name in FOREST:
        rows = _forest_rows(found, name, point)
        if rows:
            out.append(_forest(where, found, plan, name, rows, point))
    return (*out, *drawn_planned(where, found))


def _roc(where: str, found: Entry, curve: list[dict[str, float]]) -> Chart:
    auroc = find_estimate(found, "auroc") or {}
    marks = []
    for estimate in entries(found, "estimates"):
        if estimate.get("metric") != "sensitivity" or estimate.get("cohort"):
            continue
        threshold = estimate.get("threshold")
        specificity = _overall(found, "specificity", threshold)
        tpr, tnr = number(estimate.get("value")), number(specificity.get("value")) if specificity else None
        if tpr is not None and tnr is not None:
            marks.append(charts.Point(_point_name(threshold), 1 - tnr, tpr))
    text = f"AUROC {shown(auroc.get('value'))}, 95% interval {interval(auroc)}"
    stated = "; ".join(f"{m.name}: sensitivity {m.tpr:.3f} at 1 − specificity {m.fpr:.3f}" for m in marks)
    return Chart(
        name=f"{where}/roc",
        spec=charts.roc(curve, marks),
        alt=f"Receiver operating characteristic curve. {text}. {stated or 'No operating point is recorded'}.",
        caption="The curve over all thresholds; a diamond marks each locked operating point, the dashed "
        f"diagonal is a test without information. {text}.",
    )


def _overall(found: Entry, name: str, threshold: object) -> Entry | None:
    for estimate in entries(found, "estimates"):
        if (
            estimate.get("metric") == name
            and not estimate.get("cohort")
            and estimate.get("threshold") == threshold
        ):
            return estimate
    return None


def _point_name(threshold: object) -> str:
    value = number(threshold)
    return f"threshold {value:.3f}" if value is not None else str(threshold)


def _calibration(
    where: str, found: Entry, bins: list[dict[str, float]], scores: list[dict[str, float]]
) -> Chart:
    slope, ratio = find_estimate(found, "calibration_slope") or {}, find_estimate(found, "oe_ratio") or {}
    flexible = found.get("curves", {}).get("flexible") or {}
    smooth = utility.numeric(entries(flexible, "points"), ("predicted", "observed", "low", "high"))
    index = find_estimate(found, "ici") or {}
    drawn = ""
    if smooth:
        drawn = (
            " The orange line is the flexible calibration curve with its pointwise 95% band; on average it "
            f"is {shown(index.get('value'))} away from the score (ICI)."
        )
    widest = max(bins, key=lambda b: abs(b["observed"] - b["predicted"]))
    return Chart(
        name=f"{where}/calibration",
        spec=charts.calibration(bins, scores, smooth),
        alt=f"Calibration in {len(bins)} groups of predicted risk, with a histogram of scores. Slope "
        f"{shown(slope.get('value'))}, observed/expected {shown(ratio.get('value'))}. The widest gap: "
        f"predicted {shown(widest['predicted'])}, observed {shown(widest['observed'])}.{drawn}",
        caption="Observed proportion against predicted risk in groups with 95% intervals; on the dashed "
        f"diagonal they agree.{drawn} Below, how the scores are distributed.",
    )


def _forest(
    where: str, found: Entry, plan: Any, name: str, rows: list[charts.Row], point: str | None
) -> Chart:
    title = printed(name)
    overall = _chosen(entries(found, "estimates"), name, point) or {}
    bound = _subgroup_bound(plan, name)
    lowest, highest = min(rows, key=lambda r: r.value), max(rows, key=lambda r: r.value)
    line = (
        f" The solid line is the acceptance bound for subgroups, {shown(bound)}." if bound is not None else ""
    )
    return Chart(
        name=f"{where}/forest-{slug(name)}",
        spec=charts.forest(rows, title, overall=number(overall.get("value")), bound=bound),
        alt=f"{title} in {len(rows)} subgroups with 95% intervals. Lowest: {lowest.axis} {lowest.level} "
        f"{shown(lowest.value)}; highest: {highest.axis} {highest.level} {shown(highest.value)}; overall "
        f"{shown(overall.get('value'))}.",
        caption=f"{title} with 95% interval in each subgroup that is large enough to show. The dashed line "
        f"is everybody, {shown(overall.get('value'))}.{line}",
    )


def _subgroup_bound(plan: Any, name: str) -> float | None:
    """Return the threshold that every level of an axis must pass, where the plan states exactly one."""
    found = {
        number(c.get("threshold"))
        for c in entries(plan, "criteria")
        if c.get("metric") == name and c.get("each") and not c.get("against")
    }
    return next(iter(found)) if len(found) == 1 else None


def _chosen(estimates: Iterable[Entry], name: str, point: str | None) -> Entry | None:
    """Return the estimate of a metric at the release's operating point, else the first of that metric."""
    same = [e for e in estimates if e.get("metric") == name]
    return next((e for e in same if point and e.get("threshold") == point), same[0] if same else None)


def _forest_rows(found: Entry, name: str, point: str | None) -> list[charts.Row]:
    rows = []
    for group in entries(found, "subgroups"):
        estimate = None if group.get("suppressed") else _chosen(entries(group, "estimates"), name, point)
        values = [number(estimate.get(key)) for key in ("value", "low", "high")] if estimate else [None]
        value, low, high = values if len(values) == 3 else (None, None, None)
        n, events = number(group.get("n")), number(group.get("events"))
        if value is None or low is None or high is None or n is None:
            continue
        axis, level = str(group.get("axis")), str(group.get("level"))
        rows.append(
            charts.Row(axis, level, value, low, high, int(n), None if events is None else int(events))
        )
    return rows


def _subgroups(found: Entry, point: str | None) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return each axis with its levels and the metrics the page shows of them."""
    axes: dict[str, list[dict[str, Any]]] = {}
    for group in entries(found, "subgroups"):
        estimates = entries(group, "estimates")
        chosen = {
            name: _chosen(estimates, name, point) for name in ("auroc", "sensitivity", "specificity", "ppv")
        }
        level = {"group": group, **chosen, "rest": utility.differences(group)}
        axes.setdefault(str(group.get("axis")), []).append(level)
    return list(axes.items())


def _tally(criteria: tuple[Entry, ...]) -> list[tuple[str, int]]:
    names = ("met", "unmet", "undecided")
    return [(name, sum(1 for c in criteria if c.get("outcome") == name)) for name in names]


def _comparison(entry: Entry) -> dict[str, Any]:
    bounds = {"metric": "", "low": entry.get("low"), "high": entry.get("high")}
    low, high = number(entry.get("low")), number(entry.get("high"))
    if low is None or high is None:
        reading = ""
    else:
        reading = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
    return {
        "entry": entry,
        "interval": interval(bounds),
        "cohort": criteria.cohort_text(entry.get("cohort")),
        "reading": reading,
    }


def _by_group(found: Entry) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the comparisons with the previous release in subgroups; the data holds those with others."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries(found, "comparisons"):
        if entry.get("cohort") and entry.get("against") == "previous":
            groups.setdefault(str(entry.get("against")), []).append(_comparison(entry))
    return list(groups.items())


def _roc_rows(curve: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """Return the curve read at eleven values of 1 − specificity, for readers of the table."""
    points = utility.numeric(curve, ("fpr", "tpr"), ("threshold",))
    if not points:
        return []
    return [min(points, key=lambda p: (abs(p["fpr"] - step / 10), -p["tpr"])) for step in range(11)]
