"""Verdicts of earlier runs on device folders that have not changed since.

A part is what `muniment check` says of one device in one format. It is kept under the *world* (everything
outside the device's folder that bears on what is said: policies, schemas, this program, the date, the
format) and the device's *stamp* (see `load.stamps`). Found is only what was said of exactly that. The file
is SQLite holding JSON; whatever is wrong with it, it is as if it were not there.

Never asked by a deep check, `verify`, `build` or `archive`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "verdicts.sqlite"
VERSION = 1
"""Shape of the table; a file of another shape is thrown away."""
MAX_BYTES = 512 << 20
"""Largest file kept; a larger one is begun anew."""
MAX_PART = 4 << 20
"""Largest part kept, in bytes."""
WAIT = 0.2
"""Seconds to wait for another run to be done with the file."""

_TABLE = (
    "CREATE TABLE part (device TEXT, view TEXT, world BLOB, stamp BLOB, body BLOB, proof BLOB, "
    "PRIMARY KEY (device, view))"
)
_BROKEN = (sqlite3.Error, OSError, ValueError, OverflowError)


class Verdicts:
    """The parts kept for one evidence folder in one format; silent about every fault of the file."""

    def __init__(self, folder: Path, evidence: str, view: str, world: bytes) -> None:
        self._file = folder / FILE
        self._prefix = f"{evidence}\0"
        self._view = view
        self._world = world
        self._link = self._opened()
        self._dirty = False

    def stamps(self) -> dict[str, bytes]:
        """Return device to the stamp of its part, for every part of this world."""
        query = "SELECT device, stamp FROM part WHERE view = ? AND world = ? AND device LIKE ? ESCAPE '\\'"
        like = self._prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._asked(query, (self._view, self._world, like))
        cut = len(self._prefix)
        return {
            device[cut:]: stamp
            for device, stamp in rows
            if isinstance(device, str) and device.startswith(self._prefix) and isinstance(stamp, bytes)
        }

    def get(self, device: str, stamp: bytes) -> Any:
        """Return the part kept for a device in exactly this state; `None` where there is none."""
        query = "SELECT body, proof FROM part WHERE device = ? AND view = ? AND world = ? AND stamp = ?"
        for body, proof in self._asked(query, (self._prefix + device, self._view, self._world, stamp)):
            if isinstance(body, bytes) and proof == self._proof(device, stamp, body):
                with contextlib.suppress(ValueError, RecursionError):
                    return json.loads(body)
        return None

    def put(self, device: str, stamp: bytes, part: Mapping[str, Any]) -> None:
        """Keep a part in place of the one before it."""
        body = json.dumps(part, sort_keys=True, separators=(",", ":")).encode("ascii")
        if len(body) > MAX_PART:
            return
        row = (self._prefix + device, self._view, self._world, stamp, body, self._proof(device, stamp, body))
        self._asked("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)", row)
        self._dirty = True

    def close(self, devices: Sequence[str]) -> None:
        """Forget what was said of devices that are gone, and write everything down."""
        if self._link is None:
            return
        if self._dirty:
            gone = set(self.stamps()) - set(devices)
            for device in gone:
                self._asked(
                    "DELETE FROM part WHERE device = ? AND view = ?", (self._prefix + device, self._view)
                )
        with contextlib.suppress(*_BROKEN):
            self._link.commit()
        with contextlib.suppress(*_BROKEN):
            self._link.close()
        self._link = None

    def now(self) -> int:
        """The file system's clock in nanoseconds; 0 where nothing can be written, so that nothing settles."""
        beside = self._file.with_name(f"clock-{os.getpid()}")
        try:
            beside.write_bytes(b"")
            found = beside.stat().st_mtime_ns
            beside.unlink()
        except OSError:
            return 0
        return found

    def _proof(self, device: str, stamp: bytes, body: bytes) -> bytes:
        """A checksum over the part and what it is kept under: a torn page is not taken for a verdict."""
        whole = b"\0".join(
            (device.encode("utf-8", "surrogateescape"), self._view.encode(), self._world, stamp)
        )
        return hashlib.blake2b(whole + b"\0" + body, digest_size=16).digest()

    def _opened(self) -> sqlite3.Connection | None:
        for _attempt in range(2):
            link = None
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                if self._file.exists() and self._file.stat().st_size > MAX_BYTES:
                    raise ValueError
                ignored = self._file.with_name(".gitignore")
                if not ignored.exists():
                    ignored.write_text("*\n", encoding="utf-8")
                link = sqlite3.connect(self._file, timeout=WAIT)
                link.execute("PRAGMA synchronous = OFF")
                version = link.execute("PRAGMA user_version").fetchone()[0]
                tables = [
                    row[0] for row in link.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")
                ]
                if version == VERSION and tables == [_TABLE]:
                    return link
                if version or tables:
                    raise ValueError
                link.execute(_TABLE)
                link.execute(f"PRAGMA user_version = {VERSION}")
                link.commit()
                return link
            except sqlite3.OperationalError:
                if link is not None:
                    link.close()
                return None  # busy, or nothing may be written: not the file's fault
            except _BROKEN:
                if link is not None:
                    link.close()
                with contextlib.suppress(OSError):
                    self._file.unlink()
        return None

    def _asked(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        if self._link is None:
            return []
        try:
            return self._link.execute(query, values).fetchall()
        except (UnicodeError, OverflowError):
            return []  # a device's name that is no text can be checked, and cannot be kept
        except sqlite3.DatabaseError as error:
            broken = not isinstance(error, sqlite3.OperationalError)
            with contextlib.suppress(*_BROKEN):
                self._link.close()
            self._link = None
            if broken:
                with contextlib.suppress(OSError):
                    self._file.unlink()
            return []
