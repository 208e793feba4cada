"""A page before it is written: a title, a template, values, charts and the data it rests on."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from muniment.model.conditions import Condition, conditions
from muniment.model.edition import DeviceView, Edition, ReleaseView
from muniment.render.numbers import find_estimate
from muniment.render.store import DataRef, Store
from muniment.render.text import slug

HEADLINE = ("auroc", "sensitivity", "specificity")
"""Metrics shown of a release wherever it is listed."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as data. The portal draws it as a static image; scripts make it live."""

    name: str
    """Unique path below `charts/`, `1.2.0/roc`."""
    spec: Mapping[str, Any]
    """Vega-Lite specification with its values inline."""
    alt: str
    """What the chart shows, for a reader who does not see it."""
    caption: str
    """One sentence that says how to read it."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The specification without the look that all charts share."""
        return {key: value for key, value in self.spec.items() if key != "config"}

    @property
    def image(self) -> str:
        """Path of the drawn image below the device's edition."""
        return f"charts/{self.name}.svg"

    @property
    def source(self) -> str:
        """Path of the specification below the device's edition."""
        return f"charts/{self.name}.vl.json"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a device's portal."""

    path: str
    """Path of the Markdown file below the device's edition, `releases/1.2.0/index.md`."""
    title: str
    template: str
    """Name of the Jinja template below `site/templates/`."""
    values: Mapping[str, Any]
    sources: tuple[DataRef, ...] = ()
    """The data files its numbers were rendered from."""
    charts: tuple[Chart, ...] = ()
    release: str | None = None
    """Version of the release the page belongs to, for the navigation among its pages."""
    description: str = ""
    boost: float = 1.0
    """Weight in the search: below 1 for pages that name what others show, so that records come first."""

    @property
    def html(self) -> str:
        """Path of the page as built."""
        return self.path.removesuffix(".md") + ".html"

    @property
    def script(self) -> str:
        """Path of the script that holds the page's charts."""
        return f"charts/{self.path.removesuffix('.md')}.js"

    def to(self, target: str) -> str:
        """Return a relative address from this page to `target` (a path, with or without an anchor)."""
        path, mark, anchor = target.partition("#")
        if not path:
            return mark + anchor
        return posixpath.relpath(path, posixpath.dirname(self.html) or ".") + mark + anchor


@dataclass(frozen=True, slots=True)
class Desk:
    """All a page of one device is written from."""

    edition: Edition
    view: DeviceView
    store: Store
    rule_ids: frozenset[str] = field(default_factory=frozenset)
    """Rules that the rule index holds, for links to them."""
    requirement_ids: frozenset[str] = field(default_factory=frozenset)

    def record(self, reference: object) -> Any:
        """Return the record an id names, or `None`."""
        return self.view.device.records.get(str(reference))

    def of_kind(self, *kinds: str) -> tuple[Any, ...]:
        """Return all records of these kinds, sorted by id."""
        found = (r for r in self.view.device.records.values() if r.kind in kinds)
        return tuple(sorted(found, key=lambda r: r.id))

    @property
    def conditions(self) -> Mapping[str, tuple[Condition, ...]]:
        """Every board decision's conditions by record id, with what closed them by the edition's date."""
        return conditions(self.view.device.records.values(), self.edition.as_of)

    def release(self, reference: object) -> ReleaseView | None:
        """Return the release that a record id or a version names, or `None`."""
        text = str(reference)
        return next((v for v in self.view.releases if text in (v.version, v.dossier.id)), None)

    def person(self, identifier: object) -> str:
        """Return a person's printed name from the roster; the id where the roster does not know it."""
        roster = self.record("roster")
        people = roster.body.get("people", ()) if roster else ()
        return next((str(p["name"]) for p in people if p.get("id") == identifier), str(identifier))

    def source(self, path: str) -> tuple[DataRef, ...]:
        """Copy a file of the evidence; a tuple of one, or none where it is absent."""
        found = self.store.copy(path)
        return (found,) if found else ()


def operating_point(view: ReleaseView) -> str | None:
    """Return the name of the operating point a release is used at, or `None`."""
    model = view.dossier.release.body.get("model")
    found = model.get("operating_point") if isinstance(model, Mapping) else None
    return str(found) if found else None


def headline(view: ReleaseView) -> dict[str, Mapping[str, Any] | None]:
    """Return the estimates a release is known by: discrimination, and both errors where it is used."""
    point = operating_point(view)
    return {name: find_estimate(view.dossier.evaluation, name, point) for name in HEADLINE}


def shown_release(desk: Desk) -> ReleaseView | None:
    """Return the release that the device page speaks of: the one in use, else the newest."""
    return desk.view.current or (desk.view.releases[-1] if desk.view.releases else None)


def folder(view: ReleaseView) -> str:
    """Return the folder of a release's pages."""
    return f"releases/{slug(view.version)}"
