"""The whole portal as a dictionary of paths to bytes. Reads nothing but the edition and the templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

from muniment import shipped
from muniment.errors import UsageError
from muniment.model.edition import DeviceView, Edition
from muniment.model.ruling import Status
from muniment.render import attention
from muniment.render.page import Desk, Page, folder
from muniment.render.store import Store, as_json
from muniment.render.text import plain, slug
from muniment.render.views import (
    after_release,
    analysis,
    changes,
    datasets,
    evaluation,
    home,
    monitoring,
    operations,
    records,
    release,
    trail,
)
from muniment.render.writer import environment, write

MANIFEST = "portal.json"
"""Names the devices, their titles and their navigation; read by `render.portal`."""
DOCS = "docs"
"""Folder of a device's Markdown and data, beside its `versions.json`."""
NAVIGATED = 12
"""Newest releases listed in the navigation; older ones are reached by the list of releases."""


def pages(edition: Edition) -> dict[str, bytes]:
    """Return every file of the portal, by POSIX path.

    `portal.json`, `index.html` and, for each device, `<device>/docs/**` (Markdown pages, data files,
    chart specifications), `<device>/versions.json` and `<device>/versions.js`. The same edition gives
    the same bytes. Raises `UsageError` for an edition without a device.
    """
    if not edition.devices:
        raise UsageError("there is no device to show", hint="run `muniment init DIR` to begin one")
    env = environment(shipped.folder("site") / "templates")
    out: dict[str, bytes] = {}
    summaries = []
    for view in edition.devices:
        desk = _desk(edition, view)
        files, nav = _device(env, desk)
        name = slug(view.device.id)
        out.update((f"{name}/{DOCS}/{path}", data) for path, data in files.items())
        out.update(_editions(edition, name))
        summaries.append(_summary(desk, name, nav))
    summaries.sort(key=lambda entry: str(entry["folder"]))
    out[MANIFEST] = as_json(
        {
            "schema": "muniment/portal/v1",
            "as_of": edition.as_of,
            "basis": edition.basis,
            "tool_version": edition.tool_version,
            "devices": summaries,
        }
    )
    out["index.html"] = _index(env, edition, summaries)
    return out


def _desk(edition: Edition, view: DeviceView) -> Desk:
    return Desk(
        edition,
        view,
        Store(view.device),
        frozenset(rule.id for rule in edition.rules),
        frozenset(entry.id for entry in edition.requirements),
    )


def _device(env: Environment, desk: Desk) -> tuple[dict[str, bytes], list[Any]]:
    """Return the files of one device and its navigation."""
    data_page, lineage = datasets.datasets(desk)
    front = (home.home(desk), home.device(desk), home.releases(desk))
    back = (
        data_page,
        monitoring.monitoring(desk),
        after_release.after_release(desk),
        operations.operations(desk),
        records.decisions(desk),
        records.rules(desk),
        records.requirements(desk),
        records.inspection(desk),
        records.verify(desk),
        trail.trail(desk),
    )
    of_releases = tuple(
        page
        for view in desk.view.releases
        for page in (
            release.overview(desk, view),
            changes.changes(desk, view),
            evaluation.evaluation(desk, view),
            analysis.analysis(desk, view),
            release.rulings(desk, view),
            release.approvals(desk, view),
        )
    )
    files = write(env, desk, (*front, *back, *of_releases))
    return files | {datasets.LINEAGE: lineage}, _navigation(desk, front, back)


def _navigation(desk: Desk, front: tuple[Page, ...], back: tuple[Page, ...]) -> list[Any]:
    newest = list(reversed(desk.view.releases))[:NAVIGATED]
    listed: list[Any] = [{"All releases": "releases/index.md"}]
    listed += [{f"{plain(v.version)} · {v.status}": f"{folder(v)}/index.md"} for v in newest]
    return [
        {"Overview": front[0].path},
        {front[1].title: front[1].path},
        {"Releases": listed},
        *({page.title: page.path} for page in back),
    ]


def _editions(edition: Edition, name: str) -> dict[str, bytes]:
    """Return the list of a device's editions: as JSON in mike's shape, and as a script for `file://`."""
    title = f"current (as of {edition.as_of})"
    listed = [{"version": "current", "title": title, "aliases": []}]
    text = json.dumps(listed, sort_keys=True)
    return {
        f"{name}/versions.json": as_json(listed),
        f"{name}/versions.js": f"window.munimentEditions = {text};\n".encode(),
    }


def _summary(desk: Desk, name: str, nav: list[Any]) -> dict[str, Any]:
    current = desk.view.current
    open_items = attention.items(desk)
    notice = home.body_of(desk, "device")
    return {
        "folder": name,
        "title": plain(home.device_title(desk)),
        "purpose": plain(str(notice.get("title") or "")),
        "example": bool(notice.get("example")),
        "released": plain(current.version) if current else None,
        "since": current.decided_on if current else None,
        "class": current.verdict.change_class.word if current else None,
        "verdict": current.verdict.outcome if current else None,
        "releases": len(desk.view.releases),
        "candidates": sum(1 for v in desk.view.releases if v.status is Status.CANDIDATE),
        "attention": {level: sum(1 for i in open_items if i.level == level) for level in attention.LEVELS},
        "nav": nav,
    }


def _index(env: Environment, edition: Edition, summaries: list[dict[str, Any]]) -> bytes:
    values: Mapping[str, Any] = {"edition": edition, "devices": summaries, "levels": attention.LEVELS}
    return env.get_template("portal.html.j2").render(values).encode()
