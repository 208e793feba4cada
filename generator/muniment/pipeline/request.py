"""What a run is asked to do: where the evidence lies, and the date it is judged at."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from muniment.errors import UsageError
from muniment.model.dataclass import dataclass
from muniment.model.progress import Progress, silent
from muniment.model.tree import Tree

if TYPE_CHECKING:
    from muniment.attest import Demands
    from muniment.model.seal import Domain

SETTINGS_FILE = "muniment.yaml"
SHIPPED = ("core",)
"""What judges where nothing else is said; with nothing below it, it loosens nothing."""
CACHE = "build/cache"
"""Below the root: what may be deleted at any time."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways out to the world, handed in so that no stage opens one by itself."""

    today: Callable[[], datetime.date]
    """Read once, and only where neither an option nor the settings give a date."""
    progress: Progress = silent
    """Told what is being done now; shows it on a terminal only."""


def hushed(doors: Doors) -> Doors:
    """Return the same doors with no progress told."""
    return replace(doors, progress=silent)


@dataclass(frozen=True, slots=True)
class Request:
    """Where and when to judge."""

    root: Path
    """Folder of `muniment.yaml`; caches go to its `build/`."""
    evidence: Path
    """The evidence folder, holding one folder a device."""
    as_of: str
    """ISO date every judgement of this run is made at."""
    packs: tuple[str, ...] = SHIPPED
    """Names of shipped packs, or folders of packs relative to the root."""
    settings: Tree = field(default_factory=dict)
    demands: Demands | None = None
    """What verified seals must be besides; `None` leaves it to the domains that the settings accept."""
    roots: Mapping[Domain, bytes] | None = None
    """Trusted roots that the asker brought along, by domain; then none of the evidence's own is used."""
    project: Path | None = None
    """Where `root` is a copy of what is staged: the root of the project itself, which keeps its packs."""
    doors: Doors = field(default_factory=lambda: Doors(today=datetime.date.today))

    @property
    def accepted(self) -> frozenset[Domain] | None:
        """The trust domains whose seals the settings accept; `None` is all."""
        domains = self.settings.get("trust", {}).get("domains")
        return None if domains is None else frozenset(domains)

    @property
    def prefix(self) -> str:
        """What is put before a path inside the evidence folder to name it from the root."""
        try:
            return self.evidence.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return self.evidence.name

    @property
    def cache(self) -> Path:
        """Derived data that may be deleted at any time."""
        return self.root / CACHE


def find_root(start: Path) -> Path | None:
    """Return the nearest folder at or above `start` that holds `muniment.yaml`, if there is one."""
    # Anything of that name counts: settings that cannot be read must not pass for no settings.
    return next((folder for folder in (start, *start.parents) if (folder / SETTINGS_FILE).exists()), None)


def request(
    doors: Doors,
    *,
    start: Path,
    evidence: str | None = None,
    as_of: str | None = None,
    packs: tuple[str, ...] = (),
    cached: bool = False,
) -> Request:
    """Settle a request from options, `muniment.yaml` and defaults, in that order.

    An evidence folder named by option is judged by the settings of the project it lies in, so that the
    answer does not depend on where the question is asked. With `cached`, settings whose file has not
    changed are taken as an earlier run read them.

    Raises `UsageError` for a date that does not exist or an evidence folder that is missing.
    """
    named = Path(os.path.abspath(start / evidence)) if evidence is not None else None  # noqa: PTH100 - a symlink is judged, not resolved here
    root = (find_root(named) if named else None) or find_root(start.resolve()) or start.resolve()
    path = root / SETTINGS_FILE
    settings = _settings(path, cached) if path.exists() else {}
    folder = named or root / str(settings.get("evidence", "evidence"))
    if not folder.is_dir():
        raise UsageError(
            f"there is no evidence folder {evidence or settings.get('evidence', 'evidence')!s}",
            hint="name one with --evidence DIR, or start one with `muniment init DIR`",
        )
    date = as_of or settings.get("as_of") or doors.today().isoformat()
    return Request(
        root=root,
        evidence=folder,
        as_of=iso_date(str(date)),
        packs=packs or tuple(settings.get("packs", SHIPPED)),
        settings=settings,
        doors=doors,
    )


def _settings(path: Path, cached: bool) -> Tree:
    """Read `muniment.yaml` and hold it against its schema."""
    from muniment.pipeline import remembered

    memory = remembered.Settings(path, path.parent / CACHE) if cached else None
    known = memory.get() if memory is not None else None
    if known is not None:
        return known
    from muniment import check, load, shipped

    body = load.settings(path)
    schemas = check.Schemas.from_folder(shipped.folder("schemas"), only="settings")
    faults = check.conform(schemas, "settings", body, SETTINGS_FILE)
    if faults:
        line, column = load.locate(path.read_bytes(), faults[0].where.pointer, key=faults[0].where.on_key)
        where = f"{SETTINGS_FILE}:{line}:{column}"
        raise UsageError(faults[0].message, where=where, hint=faults[0].hint)
    if memory is not None:
        memory.put(body)
    return body


def iso_date(text: str) -> str:
    """Return `text` if it is a calendar date `YYYY-MM-DD`; raise `UsageError` otherwise."""
    try:
        if not DATE.fullmatch(text):
            raise ValueError
        datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a date", hint="write it as YYYY-MM-DD, for example 2026-04-30"
        ) from None
    return text
