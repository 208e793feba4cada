"""What the overview of a release says of authorities, of what it is made of, and of making it again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from muniment.errors import MunimentError
from muniment.model.edition import ReleaseView
from muniment.model.tree import frozen
from muniment.render.numbers import entries
from muniment.render.page import Desk
from muniment.render.standing import happened
from muniment.render.store import DataRef

LIMIT = 8 << 20
"""Bytes: a larger bill of materials is named, and not counted."""


def values(desk: Desk, view: ReleaseView) -> dict[str, Any]:
    """Return what the sections on regulation, supply and reconstruction show of a release."""
    body = view.dossier.release.body
    said = body.get("pccp")
    plan = desk.record(said.get("plan")) if isinstance(said, Mapping) else None
    determinations = [r for r in happened(desk, "determination") if r.body.get("release") == view.dossier.id]
    return {
        "pccp": said if isinstance(said, Mapping) else None,
        "pccp_plan": plan,
        "modification": _modification(said, plan),
        "determinations": determinations,
        "verdicts": [r for r in determinations if isinstance(r.body.get("pccp"), Mapping)],
        "sbom": _bill(desk, body.get("sbom")),
        "images": _images(body.get("images")),
        "privacy": body.get("privacy") if isinstance(body.get("privacy"), Mapping) else None,
        "security": desk.record(body.get("security")) if body.get("security") else None,
        "reconstructions": [
            r for r in happened(desk, "reconstruction") if r.body.get("release") == view.dossier.id
        ],
    }


def sources(desk: Desk, view: ReleaseView) -> tuple[DataRef, ...]:
    """Copy the files those sections rest on."""
    body = view.dossier.release.body
    named = [_path(body.get("sbom"), "file"), _path(body.get("privacy"), "report")]
    return tuple(ref for path in named if path for ref in desk.source(path))


def _modification(said: Any, plan: Any) -> Any:
    if plan is None or not said.get("modification"):
        return None
    return next(
        (m for m in entries(plan.body, "modifications") if m.get("id") == said.get("modification")), None
    )


def _path(section: Any, key: str) -> str:
    found = section.get(key) if isinstance(section, Mapping) else None
    return str(found.get("path")) if isinstance(found, Mapping) else ""


def _bill(desk: Desk, section: Any) -> dict[str, Any] | None:
    """Return how many components the bill of materials lists, by type, and what is known against them."""
    if not isinstance(section, Mapping):
        return None
    path = _path(section, "file")
    tree = _json(desk, path)
    listed = entries(tree, "components") or entries(tree, "packages")
    kinds = Counter(
        str(c.get("type") or c.get("primaryPackagePurpose") or "component").lower() for c in listed
    )
    known = section.get("vulnerabilities")
    return {
        "path": path,
        "file": section.get("file"),
        "format": section.get("format"),
        "components": len(listed) if tree else None,
        "kinds": sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])),
        "looked_up": known if isinstance(known, Mapping) else {},
        "items": entries(section, "vulnerabilities", "items"),
    }


def _json(desk: Desk, path: str) -> Any:
    if not path.endswith(".json"):
        return {}
    try:
        tree = frozen(json.loads(desk.view.device.files.read(path, LIMIT)))
    except (MunimentError, ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, Mapping) else {}


def _images(section: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(section, Mapping):
        return []
    return [
        (name, section[name])
        for name in ("training", "evaluation", "inference")
        if isinstance(section.get(name), Mapping)
    ]
