"""What a change can affect: from files that were touched to the devices and releases to judge.

The rule is to judge too much rather than too little. A device is read, checked and linked as a whole,
so a fault in any of its files is found; which of its releases are *judged* is narrowed to those that
refer to what was touched, and all that succeed them. Where the answer is not certain (a record that is
gone, the roster, a decision, a seal, the trusted roots) every release of the device is judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path

from muniment import shipped
from muniment.errors import UsageError
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Device, Dossier
from muniment.pipeline.request import SETTINGS_FILE, Request

_QUIET = ("claims", "hazards", "monitors", "pccp", "plans", "runs", "datasets")
"""Folders whose records matter to a release only by its reference; a draft matters to none."""
_WIDE = frozenset(("", "decisions", "postmarket", "releases", "seals", "trust", *_QUIET))
"""Folders in which anything may bear on every release: a board's condition outlives its release."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the evidence is looked at."""

    everything: bool = True
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Device to paths in its folder; the empty path is the whole folder."""

    @property
    def nothing(self) -> bool:
        """Whether no device is concerned at all."""
        return not self.everything and not self.touched

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices to read; none means all of them."""
        return () if self.everything else tuple(sorted(self.touched))

    def present(self, evidence: Path) -> Scope:
        """The scope without devices that are not there."""
        there = {name: paths for name, paths in self.touched.items() if (evidence / name).is_dir()}
        return replace(self, touched=there)

    def judges(self, device: Device) -> frozenset[str]:
        """The versions to judge of a device that was read."""
        every = frozenset(dossier.version for dossier in device.releases)
        if self.everything:
            return every
        direct: set[str] = set()
        for path in self.touched.get(device.id, ()):
            found = _concerned(device, path)
            if found is None:
                return every
            direct |= found
        return _with_successors(device, direct)


def scope_of(request: Request, paths: Iterable[str | Path], *, gone: bool = False) -> Scope:
    """Return what the files and folders `paths` can affect, relative ones seen from where the command runs.

    The settings, a policy pack and a shipped schema affect everything; what lies neither there nor in a
    device folder affects nothing. With `gone`, a path may name what was deleted, also with its whole
    device, which `present` takes away again. Otherwise `UsageError` is raised for a path outside the
    device folders that does not exist: a misspelt path must not narrow what is judged in silence.
    """
    governing = tuple(_governing(request))
    touched: dict[str, set[str]] = {}
    for path in paths:
        places = _spellings(Path(path))
        if any(
            place.is_relative_to(rule) or rule.is_relative_to(place) for place in places for rule in governing
        ):
            return Scope()
        inside = _inside(request, places)
        if inside == ".":
            return Scope()
        there = any(os.path.lexists(place) for place in places)
        if not (there or gone) and (inside is None or "/" not in inside):
            raise UsageError(f"there is no {path}", hint="name files and folders that exist; none means all")
        device, _, rest = (inside or "").partition("/")
        if inside is None or not (gone or rest or (request.evidence / device).is_dir()):
            continue
        if not gone and not (request.evidence / device).is_dir():
            names = sorted(entry.name for entry in request.evidence.iterdir() if entry.is_dir())
            raise UsageError(
                f"{device} is not in the evidence folder", hint=f"there are: {', '.join(names) or 'none'}"
            )
        touched.setdefault(device, set()).add(rest)
    return Scope(False, {device: tuple(sorted(found)) for device, found in sorted(touched.items())})


def pack_folders(request: Request) -> tuple[Path, ...]:
    """Return the folders of the packs that a request names."""
    policies = shipped.folder("policies")
    return tuple(
        policies / name if (policies / name).is_dir() else request.root / name for name in request.packs
    )


def _governing(request: Request) -> Iterable[Path]:
    """Yield the files and folders that every device is judged by, in every spelling."""
    own = (*pack_folders(request), request.root / SETTINGS_FILE, shipped.folder("schemas"))
    for path in (*own, shipped.folder("policies")):
        yield from _spellings(path)


def _spellings(path: Path) -> set[Path]:
    """The path as written and with links followed: it concerns what either of them concerns."""
    plain = Path(os.path.abspath(path))  # noqa: PTH100 - the link itself counts, and where it leads as well
    return {plain, plain.parent.resolve() / plain.name, plain.resolve()}


def _inside(request: Request, places: Iterable[Path]) -> str | None:
    """Return the path in the evidence folder, `.` for the folder or one around it, else `None`."""
    for root in _spellings(request.evidence):
        for place in sorted(places):
            if place.is_relative_to(root):
                return place.relative_to(root).as_posix()
            if root.is_relative_to(place):
                return "."
    return None


def _concerned(device: Device, path: str) -> set[str] | None:
    """Return the versions that a path in the device folder concerns; `None` where it may be all of them."""
    top, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    if top == "releases" and name:
        return {name, *_referring(device, f"releases/{name}"), *_holding(device, path)}
    if path.endswith((".yaml", ".yml")) or top in _WIDE:
        identity = path.removesuffix(".yaml")
        known = top in _QUIET and identity in device.records
        return _referring(device, identity) | _holding(device, path) if known else None
    return _holding(device, path)


def _referring(device: Device, identity: str) -> set[str]:
    return {dossier.version for dossier in device.releases if dossier.get(identity) is not None}


def _holding(device: Device, path: str) -> set[str]:
    """The releases of which a file is, or lies in a folder that holds, an artefact or a frozen file."""
    return {
        dossier.version for dossier in device.releases if any(_at(path, held) for held in _files(dossier))
    }


def _files(dossier: Dossier) -> Iterable[str]:
    yield from (artifact.path for artifact in dossier.artifacts)
    yield from dossier.manifest


def _at(path: str, held: str) -> bool:
    return held == path or held.startswith(f"{path}/")


def _with_successors(device: Device, versions: set[str]) -> frozenset[str]:
    """Add every release that succeeds one of `versions`, also one that is itself gone."""
    found = set(versions)
    for dossier in device.releases:  # in order of succession
        previous = dossier.release.body.get("supersedes")
        if isinstance(previous, str) and previous.removeprefix("releases/") in found:
            found.add(dossier.version)
    return frozenset(found)
