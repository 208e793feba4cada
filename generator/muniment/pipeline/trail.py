"""Writing the trail: one process at a time, one line an act, nothing ever rewritten.

The file of an act is written first, then its entry. Stopped in between, the seal is there and the trail does
not know of it: `verify` says so, and `adopt` takes it in under its own name. Stopped within a line, the torn
end is cut off by the next entry; nothing that was once a whole line is ever touched.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from muniment import attest
from muniment.attest import trail as trails
from muniment.attest.strict import Refused
from muniment.attest.times import instant
from muniment.errors import SealError, UsageError
from muniment.model.evidence import Device
from muniment.model.trail import FIRST, Entry, Trail
from muniment.pipeline.judging import verified_seals
from muniment.pipeline.request import Request
from muniment.pipeline.survey import survey

_ATTEMPTS = 200
_PAUSE = 0.05
"""Seconds between attempts at the lock: ten seconds in all."""
_REACH = 4096
"""Bytes of a trail's end that are read first."""
_LOCKED_BYTE = 1 << 40
"""Where Windows locks: beyond the end, so that readers are not kept out."""


def head(folder: Path) -> str:
    """Return the SHA-256 of the newest entry in a device folder's trail, or `FIRST`."""
    try:
        with (folder / trails.PATH).open("rb") as stream:
            last, _ = _last(stream.fileno())
    except FileNotFoundError:
        return FIRST
    return last.sha256 if last else FIRST


def append(
    folder: Path,
    *,
    at: datetime,
    command: str,
    who: str | None,
    wrote: Mapping[str, str],
    published: Mapping[str, str] | None = None,
) -> Entry:
    """Add one entry to a device folder's trail and return it, once it is on the disk."""
    with writing(folder) as pen:
        return pen.append(at=at, command=command, who=who, wrote=wrote, published=published)


@contextmanager
def writing(folder: Path) -> Iterator[Pen]:
    """Hold the trail of a device folder; `SealError` if another process keeps it for ten seconds."""
    path = folder / trails.PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        _lock(descriptor)
        yield Pen(descriptor)
    finally:
        os.close(descriptor)  # gives the lock back, also after a crash


class Pen:
    """The right to append, while the trail is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._entry, self._end = _last(descriptor)

    @property
    def head(self) -> str:
        """SHA-256 of the newest entry, or `FIRST`."""
        return self._entry.sha256 if self._entry else FIRST

    def append(
        self,
        *,
        at: datetime,
        command: str,
        who: str | None,
        wrote: Mapping[str, str],
        published: Mapping[str, str] | None = None,
    ) -> Entry:
        """Add one entry; a torn line that a crash left behind is cut off first."""
        try:
            line = trails.encode(
                (self._entry.seq if self._entry else 0) + 1,
                at=instant(at),
                command=command,
                who=who,
                wrote=wrote,
                published=published,
                previous=self.head,
            )
        except Refused as error:
            raise SealError(f"This cannot go on the trail. {error}") from error
        os.ftruncate(self._descriptor, self._end)
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        _write_all(self._descriptor, line + b"\n")
        os.fsync(self._descriptor)
        self._entry, self._end = trails.decode(line), self._end + len(line) + 1
        return self._entry


def begin(folder: Path, device: Device, *, at: datetime) -> str:
    """Return the head of a device's trail; a trail that is not there yet begins with the seals that are."""
    if not (folder / trails.PATH).exists():
        there = {seal.file: seal.sha256 for seal in attest.read(device.files)}
        if there:
            return append(folder, at=at, command=trails.ADOPT, who=None, wrote=there).sha256
    return head(folder)


def read(asked: Request) -> dict[str, Trail]:
    """Return the trail of every device, held against its files and its verified seals."""
    return {
        device.id: attest.read_trail(device.files, verified_seals(device, asked))
        for device in survey(asked, trust_cache=False).devices
    }


def adopt(request: Request, *, at: datetime, who: str | None) -> dict[str, tuple[str, ...]]:
    """Take in the seals that no trail knows of; return device to the files taken in.

    The entry says `adopt`, not how they came about: nobody saw them made. Raises `UsageError` for a trail
    that does not hold otherwise, for a later entry would seem to vouch for what is broken.
    """
    out = {}
    for device in survey(request, trust_cache=False).devices:
        seals = attest.read(device.files)
        found = attest.read_trail(device.files, seals)
        known = {path for entry in found.entries for path in entry.wrote}
        new = {seal.file: seal.sha256 for seal in seals if seal.file not in known}
        if any("not on the trail" not in problem and "torn" not in problem for problem in found.problems):
            raise UsageError(f"the trail of {device.id} does not hold: {found.problems[0]}")
        if new:
            append(request.evidence / device.id, at=at, command=trails.ADOPT, who=who, wrote=new)
        out[device.id] = tuple(sorted(new))
    return out


def _last(descriptor: int) -> tuple[Entry | None, int]:
    """Return the newest whole entry, and where it ends; what stands behind is a torn line."""
    size = os.fstat(descriptor).st_size
    reach = _REACH
    while True:  # what is read grows with the newest lines, not with the trail
        start = max(0, size - reach)
        tail = _read(descriptor, start, size)
        if start == 0 or tail.count(b"\n") > 1 or reach > 2 * trails.MAX_ENTRY:
            break
        reach *= 8
    whole, newline, _torn = tail.rpartition(b"\n")
    if not newline:
        return None, 0
    try:
        return trails.decode(whole.rpartition(b"\n")[2]), start + len(whole) + 1
    except Refused as error:
        raise SealError(
            f"The last entry of {trails.PATH} cannot be read. {error}",
            hint="restore the file; `muniment trail` says what else does not hold",
        ) from error


def _read(descriptor: int, start: int, end: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    data = b""
    while chunk := os.read(descriptor, end - start - len(data)):
        data += chunk
    return data


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _lock(descriptor: int) -> None:
    for _ in range(_ATTEMPTS):
        try:
            if sys.platform == "win32":
                import msvcrt

                os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE)
        else:
            return
    raise SealError(
        "Another process is writing to the trail.", hint="wait until it has finished, then try again"
    )
