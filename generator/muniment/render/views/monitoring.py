"""The monitoring page: windows, alerts, drills, deployments of every release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from muniment.model.deployment import ended_on
from muniment.model.seal import Seal
from muniment.render import charts
from muniment.render.numbers import entries, number, shown
from muniment.render.page import Chart, Desk, Page
from muniment.render.standing import pointed
from muniment.render.text import slug
from muniment.render.views import windows as reader
from muniment.render.words import metric as printed

DRAWN = ("auroc", "calibration_slope", "oe_ratio", "psi")
"""Measures drawn over everybody."""
KINDS = ("monitoring", "alert", "drill", "deployment")
DEPLOYMENT = "/predicate/deployment/v1"
BY_SITE = ("linkage_rho",)
"""Measures drawn by site, where a fault of one feed would show."""


def monitoring(desk: Desk) -> Page:
    """Return the page over all releases, newest first."""
    followed = [_followed(desk, record) for record in reversed(desk.of_kind("monitoring"))]
    return Page(
        path="monitoring.md",
        title="Monitoring",
        template="monitoring.md.j2",
        values={
            "followed": followed,
            "alerts": sorted(desk.of_kind("alert"), key=_newest("opened_on")),
            "drills": sorted(desk.of_kind("drill"), key=_newest("on")),
            "deployments": desk.of_kind("deployment"),
            "ended": lambda record: ended_on(record, desk.view.device.records.values(), desk.edition.as_of),
            "sealed": lambda record: _sealed(desk, record),
        },
        sources=(
            *(ref for entry in followed for ref in desk.source(entry["path"])),
            *(ref for record in desk.of_kind(*KINDS) for ref in desk.source(pointed(record))),
        ),
        charts=tuple(chart for entry in followed for chart in entry["charts"]),
    )


def _followed(desk: Desk, record: Any) -> dict[str, Any]:
    table = record.body.get("table")
    path = str(table.get("path")) if isinstance(table, Mapping) else ""
    windows = reader.read(desk.view.device.files, path)
    return {
        "record": record,
        "path": path,
        "charts": _charts(desk, record, windows),
        "metrics": reader.columns(windows),
        "rows": reader.rows(windows),
    }


def _sealed(desk: Desk, record: Any) -> Seal | None:
    """Return the earliest seal that puts this very record into effect."""
    path = record.document.path.split("/", 1)[1]
    found = [s for s in desk.view.seals if s.predicate_type.endswith(DEPLOYMENT) and path in s.subjects]
    return min(found, key=lambda seal: (seal.time or "9", seal.file), default=None)


def _newest(key: str) -> Callable[[Any], Any]:
    """Return a sort key: the latest date first, then by id."""
    return lambda record: (tuple(-ord(char) for char in str(record.body.get(key, ""))), record.id)


def _charts(desk: Desk, record: Any, windows: tuple[reader.Window, ...]) -> list[Chart]:
    version = str(record.body.get("release", "")).removeprefix("releases/")
    bounds = _bounds(desk, record.body.get("release"))
    names = [window.name for window in windows]
    drawn = [
        _chart(version, name, reader.readings(windows, name), names, bounds.get(name, {}), "")
        for name in DRAWN
    ]
    sites = [
        _chart(version, name, reader.readings_by(windows, name, "sites"), names, bounds.get(name, {}), "site")
        for name in BY_SITE
    ]
    return [chart for chart in (*drawn, *sites) if chart]


def _chart(
    version: str,
    name: str,
    readings: list[charts.Reading],
    windows: list[str],
    bounds: Mapping[str, float],
    by: str,
) -> Chart | None:
    if len({reading.window for reading in readings}) < 2:
        return None
    first, last = readings[0], readings[-1]
    title = printed(name) + (f" by {by}" if by else "")
    lowest = min(readings, key=lambda r: r.value)
    stated = ", ".join(f"{key} {shown(value)}" for key, value in sorted(bounds.items()))
    return Chart(
        name=f"monitoring/{slug(version)}-{slug(name)}{'-by-' + by if by else ''}",
        spec=charts.trend(readings, title, windows=windows, bounds=bounds),
        alt=f"{title} of release {version} over {len({r.window for r in readings})} windows, {first.window} "
        f"to {last.window}. Lowest: {shown(lowest.value)} in {lowest.window} {lowest.group}.".replace(
            " .", "."
        ),
        caption=f"{title}, release {version}"
        + (", with 95% intervals" if any(r.low is not None for r in readings) and not by else "")
        + (f". Bounds that open an alert: {stated}." if stated else "."),
    )


def _bounds(desk: Desk, reference: object) -> dict[str, dict[str, float]]:
    """Return the alert bounds of a release's monitors, by metric."""
    view = desk.release(reference)
    record = desk.record(view.dossier.release.body.get("monitors")) if view else None
    out: dict[str, dict[str, float]] = {}
    for monitor in entries(record.body, "monitors") if record else ():
        threshold = monitor.get("threshold")
        if not isinstance(threshold, Mapping):
            continue
        found = {name: number(threshold.get(name)) for name in ("warn", "act")}
        kept = {name: value for name, value in found.items() if value is not None}
        if kept:
            out.setdefault(str(monitor.get("metric")), kept)
    return out
