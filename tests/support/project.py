"""A project folder that a test may damage, and the real command to run on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
DEVICE = "prognosis-180"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A project folder with evidence in it."""

    root: Path

    @property
    def device(self) -> Path:
        return self.root / "evidence" / DEVICE

    def run(self, *args: str) -> Ran:
        """Run the installed command as a user would, in a process of its own."""
        command = Path(sys.executable).with_name("muniment")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")} | {
            "NO_COLOR": "1"
        }
        done = subprocess.run(
            [str(command), *args],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of `old` in a file of the device."""
        file = self.device / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), "utf-8")
