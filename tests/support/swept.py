"""A small project under test, and what `muniment check` says of it with and without earlier verdicts."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from muniment.pipeline import request
from muniment.pipeline.sweep import Sweep, sweep
from support.bundle import Bundle

SETTINGS = 'kind: settings\nschema: 1\nevidence: evidence\nas_of: "2024-06-01"\npacks: [core]\n'
TICK = 0.25
"""Seconds after which a write is told from the next one; see `load.stamps`."""


@dataclass(frozen=True)
class Said:
    """A report and its number of objections."""

    text: str
    objections: int


@dataclass(frozen=True)
class Small:
    """A project with demo devices."""

    root: Path

    def device(self, name: str = "demo-1") -> Bundle:
        """Write a device."""
        made = Bundle(self.root / "evidence", name)
        made.bodies["device"]["id"] = name
        return made.write()

    def say(
        self, output: str = "text", *, cached: bool = True, as_of: str | None = None, fail_on: str = "block"
    ) -> Said:
        """What a check says, in this process."""
        doors = request.Doors(today=lambda: datetime.date(2024, 6, 1))
        asked = request.request(doors, start=self.root, as_of=as_of, cached=cached)
        chunks: list[str] = []
        objections = sweep(Sweep(asked, fail_on, output, False, cached), chunks.append)
        return Said("".join(chunks), objections)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """What the command says, in a process of its own."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")}
        return subprocess.run(
            [sys.executable, "-m", "muniment.cli.main", *args],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @property
    def cache(self) -> Path:
        """Where verdicts are kept."""
        return self.root / "build" / "cache" / "verdicts.sqlite"


def small(folder: Path) -> Small:
    """Write a project with one device."""
    (folder / "muniment.yaml").write_text(SETTINGS, encoding="utf-8")
    made = Small(folder)
    made.device()
    return made


def settle() -> None:
    """Wait until the last write is older than the disk's clock can blur."""
    time.sleep(TICK)
