"""The datasets page: five layers with their versions, lineage, cohort flow, partitions, faults, access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.render import charts
from muniment.render.numbers import entries, whole
from muniment.render.page import Desk, Page
from muniment.render.standing import pointed
from muniment.render.words import LAYERS

LINEAGE = "charts/lineage.svg"

COLUMNS = ("Raw data", "Splits, labels, features", "Baselines", "Releases")
"""Columns of the drawing, from what is made to what is made of it."""
_COLUMN = {
    "dataset_raw": 0,
    "dataset_splits": 1,
    "dataset_labels": 1,
    "dataset_features": 1,
    "dataset_baseline": 2,
}


def datasets(desk: Desk) -> tuple[Page, bytes]:
    """Return the page and the drawing of the lineage."""
    layers = [(kind, name, desk.of_kind(kind)) for kind, name in LAYERS.items()]
    records = [record for _, _, found in layers for record in found]
    snapshots = sorted(
        desk.of_kind("dataset_snapshot"), key=lambda r: (str(r.body.get("taken_on", "")), r.id), reverse=True
    )
    nodes, edges = _graph(desk, layers)
    page = Page(
        path="datasets.md",
        title="Datasets",
        template="datasets.md.j2",
        values={
            "layers": layers,
            "edges": edges,
            "used_by": _used_by(desk),
            "snapshots": snapshots,
            "snapshot_users": _snapshot_users(desk),
            "flows": [(r, entries(r.body, "flow")) for r in records if r.kind == "dataset_splits"],
            "lineage": LINEAGE,
            "alt": _alt(nodes, edges),
        },
        sources=tuple(ref for r in (*records, *snapshots) for ref in desk.source(pointed(r))),
    )
    return page, charts.lineage(COLUMNS, nodes, edges)


def references(body: Any) -> tuple[str, ...]:
    """Return the ids of dataset records that a record names, in its own order."""
    found: list[str] = []
    for key in ("raw", "splits", "labels", "features", "supersedes"):
        value = body.get(key)
        if isinstance(value, str) and value.startswith("datasets/"):
            found.append(value)
    return tuple(found)


def _graph(
    desk: Desk, layers: list[tuple[str, str, tuple[Any, ...]]]
) -> tuple[list[charts.Node], list[charts.Edge]]:
    nodes: list[charts.Node] = []
    edges: list[charts.Edge] = []
    for kind, _, records in layers:
        for record in records:
            label = record.id.removeprefix("datasets/")
            nodes.append(charts.Node(record.id, label, _note(record), _COLUMN[kind]))
            own = [ref for ref in references(record.body) if ref != record.body.get("supersedes")]
            edges.extend(charts.Edge(ref, record.id) for ref in own)
    for view in desk.view.releases:
        nodes.append(charts.Node(view.dossier.id, view.version, str(view.status), len(COLUMNS) - 1))
        used = view.dossier.release.body.get("datasets")
        baseline = used.get("baseline") if isinstance(used, Mapping) else None
        if baseline:
            edges.append(charts.Edge(str(baseline), view.dossier.id))
    return nodes, edges


def _note(record: Any) -> str:
    body = record.body
    if record.kind == "dataset_baseline":
        return f"n {whole(body.get('n'))}, events {whole(body.get('events'))}"
    if record.kind == "dataset_features":
        return f"{len(body.get('features', ()))} features"
    if record.kind == "dataset_splits":
        return f"{len(body.get('partitions', ()))} partitions"
    if record.kind == "dataset_labels":
        return ", ".join(str(label.get("name")) for label in entries(body, "labels"))
    return f"{len(body.get('sites', ()))} sites"


def _used_by(desk: Desk) -> dict[str, list[str]]:
    """Return the versions of releases that name each dataset record."""
    out: dict[str, list[str]] = {}
    for view in desk.view.releases:
        used = view.dossier.release.body.get("datasets")
        for reference in sorted(set(map(str, used.values()))) if isinstance(used, Mapping) else ():
            out.setdefault(reference, []).append(view.version)
    return out


def _snapshot_users(desk: Desk) -> dict[str, list[str]]:
    """Return the versions of releases that name each snapshot."""
    out: dict[str, list[str]] = {}
    for view in desk.view.releases:
        for reference in view.dossier.release.body.get("snapshots") or ():
            out.setdefault(str(reference), []).append(view.version)
    return out


def _alt(nodes: list[charts.Node], edges: list[charts.Edge]) -> str:
    return (
        f"Lineage: {len(nodes)} versions of raw data, splits, labels, features, baselines and releases, "
        f"joined by {len(edges)} references. The list below names each of them."
    )
