"""Seals that the log holds and whose file may not be written yet.

A finished bundle is kept here before its entry counts, and removed once its file lies where it belongs.
After a crash in between, the next command finds it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from muniment.attest.bundles import parse_outer
from muniment.attest.local.storage import replace_file
from muniment.attest.statements import SUFFIX
from muniment.attest.strict import Refused


@dataclass(frozen=True, slots=True)
class Outbox:
    """A folder of bundles, each named by its SHA-256."""

    folder: Path

    def keep(self, bundle: bytes) -> None:
        """Write a finished bundle down."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(self._path(bundle), bundle)

    def remove(self, bundle: bytes) -> None:
        """Forget a bundle whose file has been written."""
        self._path(bundle).unlink(missing_ok=True)

    def waiting(self, logged: Callable[[int, bytes], bool]) -> tuple[bytes, ...]:
        """Return the bundles whose entry counts, by file name; forget those whose entry never did.

        `logged` says whether the log holds a body at an index.
        """
        out = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            data = path.read_bytes()
            try:
                (entry,) = parse_outer(data).fields["verificationMaterial"]["tlogEntries"]
                held = logged(
                    int(entry["inclusionProof"]["logIndex"]), base64.b64decode(entry["canonicalizedBody"])
                )
            except (Refused, ValueError, KeyError, TypeError):
                held = False
            if held:
                out.append(data)
            else:
                path.unlink()
        return tuple(out)

    def _path(self, bundle: bytes) -> Path:
        return self.folder / f"{hashlib.sha256(bundle).hexdigest()}{SUFFIX}"
