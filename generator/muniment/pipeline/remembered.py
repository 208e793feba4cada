"""The settings of a project as an earlier run read them, for a check that has nothing else to read.

Reading a dozen lines of strict YAML takes two libraries that cost more to import than an unchanged project
to check. What is remembered holds for one state of the file on this disk (size, times, inode), which no
copy of a project has, and for this very program.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import cached_property
from pathlib import Path

from muniment import shipped
from muniment.load import stamp
from muniment.model.tree import Tree, frozen, thawed
from muniment.pipeline.program import program

FILE = "settings.json"


class Settings:
    """The remembered settings of one file."""

    def __init__(self, path: Path, cache: Path) -> None:
        self._path = path
        self._file = cache / FILE
        state = path.stat()
        self._state = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]

    @cached_property
    def _key(self) -> list[object]:
        schemas = stamp(shipped.folder("schemas")).digest.hex()
        return [os.fspath(self._path.resolve()), *self._state, *program(), schemas]

    def get(self) -> Tree:
        """Return the settings, or `None` where they are not known for exactly this state of the file."""
        try:
            kept = json.loads(self._file.read_bytes())
            return (
                frozen(kept["body"]) if kept["key"] == self._key and isinstance(kept["body"], dict) else None
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def put(self, body: Tree) -> None:
        """Remember sound settings, if their file is older than the clock's tick; say nothing of a failure."""
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._file.with_name(f"{FILE}-{os.getpid()}")
            beside.write_text(json.dumps({"key": self._key, "body": thawed(body)}) + "\n", encoding="utf-8")
            if self._path.stat().st_ctime_ns + 2_000_000_000 < beside.stat().st_mtime_ns:
                beside.replace(self._file)
            else:
                beside.unlink()
