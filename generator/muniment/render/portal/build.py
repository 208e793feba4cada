"""Stages the files of a portal, builds each device's site beside the old one, and puts it in place."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from muniment import shipped
from muniment.errors import MunimentError
from muniment.model.progress import Progress, silent
from muniment.render.compose import DOCS, MANIFEST
from muniment.render.portal import draw, site

EDITION = "current"
"""The living edition; frozen ones lie beside it and are never touched here."""


def build(
    pages: Mapping[str, bytes],
    out: Path,
    *,
    as_of: str,
    cache: Path | None = None,
    progress: Progress = silent,
) -> None:
    """Write the portal of `pages` (see `render.pages`) to `out`.

    For each device `<out>/<device>/current/`, `versions.json` and `versions.js`; for all of them
    `<out>/index.html`. A new edition is built beside the old one and renamed into place. `as_of` is the
    ISO date every file is dated with; `cache` keeps drawn charts. The same pages give the same bytes.
    Raises `MunimentError` where a page or chart cannot be built.
    """
    portal = _manifest(pages, as_of)
    out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=out.parent))
    try:
        for device in portal["devices"]:
            name = str(device["folder"])
            fresh = work / "site" / name
            _stage(pages, work / "stage" / name, name, cache, progress)
            progress(f"building the pages of {name}")
            site.render(work / "stage" / name, fresh, device=device, portal=portal)
            _replace(fresh, out / name / EDITION, work / "old" / name)
            for listed in ("versions.json", "versions.js"):
                _write(out / name / listed, pages[f"{name}/{listed}"], work)
        _write(out / "portal.css", (shipped.folder("site") / "assets" / "portal.css").read_bytes(), work)
        _write(out / "index.html", pages["index.html"], work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _manifest(pages: Mapping[str, bytes], as_of: str) -> dict[str, Any]:
    if MANIFEST not in pages:
        raise MunimentError(f"{MANIFEST} is missing among the pages", hint="make them with render.pages")
    return {**json.loads(pages[MANIFEST]), "as_of": as_of}


def _stage(
    pages: Mapping[str, bytes], stage: Path, name: str, cache: Path | None, progress: Progress
) -> None:
    """Write a device's pages, its drawn charts and the site's own assets to `stage`."""
    prefix = f"{name}/{DOCS}/"
    files = {path.removeprefix(prefix): data for path, data in pages.items() if path.startswith(prefix)}
    drawn = draw.images(files, cache, progress)
    for path, data in (files | drawn).items():
        target = stage.joinpath(*PurePosixPath(path).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    shutil.copytree(shipped.folder("site") / "assets", stage / "assets", dirs_exist_ok=True)
    (stage / "assets" / "portal.css").unlink(missing_ok=True)
    if drawn:
        (stage / "assets" / "vega.js").write_bytes(draw.bundle(cache))


def _replace(fresh: Path, target: Path, aside: Path) -> None:
    """Put a new folder in the place of an old one; the old one goes only once the new one is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        target.rename(aside)
    fresh.rename(target)


def _write(path: Path, data: bytes, work: Path) -> None:
    """Write a small file beside and rename it into place."""
    fresh = work / "new"
    fresh.write_bytes(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh.replace(path)
