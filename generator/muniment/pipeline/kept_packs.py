"""Policy packs that an earlier run read and compiled without a mistake, for a check of the very same packs.

Reading and compiling some hundred rules takes longer than judging a release by them. What is kept holds for
these bytes of the pack files and for this program on this disk; whatever is wrong with it, it is as if it
were not there. A pack with a mistake is never kept, so the mistake is found anew each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from muniment import judge
from muniment.pipeline.program import program

if TYPE_CHECKING:
    from muniment.judge.shape import Locate

FILE = "packs.json"
SHAPE = 1
"""Shape of what is kept."""
MAX_BYTES = 32 << 20
"""Largest file that is read or written."""


class KeptPacks:
    """The packs kept for one set of pack files."""

    def __init__(self, cache: Path, sources: Mapping[str, bytes]) -> None:
        """`sources` are the files, cases left out, by their path from the folder that holds the packs."""
        self._file = cache / FILE
        files = [(name, hashlib.sha256(data).hexdigest()) for name, data in sorted(sources.items())]
        said = repr((SHAPE, program(), files))
        self._key = hashlib.sha256(said.encode("utf-8", "surrogateescape")).hexdigest().encode()

    def get(self, locate: Locate) -> judge.Packs | None:
        """Return the packs, or `None` where they are not known for exactly these files."""
        try:
            if self._file.stat().st_size > MAX_BYTES:
                return None
            head, _, body = self._file.read_bytes().partition(b"\n")
            if head != self._head(body):
                return None
            return judge.unpacked(json.loads(body), locate)
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
            return None

    def put(self, packs: judge.Packs) -> None:
        """Keep packs in place of those before; say nothing of a failure."""
        body = json.dumps(judge.packed(packs), separators=(",", ":")).encode("ascii")
        whole = self._head(body) + b"\n" + body
        if len(whole) > MAX_BYTES:
            return
        beside = self._file.with_name(f"{FILE}-{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            ignored = self._file.with_name(".gitignore")
            if not ignored.exists():
                ignored.write_text("*\n", encoding="utf-8")
            beside.write_bytes(whole)
            beside.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()

    def _head(self, body: bytes) -> bytes:
        """What stands before a body: under what it is kept, and a checksum, for a disk may tear a file."""
        return self._key + b" " + hashlib.sha256(self._key + body).hexdigest().encode()
