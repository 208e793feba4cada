"""Three ways to write a bag: a folder, a `.zip`, a `.tar`. Equal content gives equal bytes."""

from __future__ import annotations

import tarfile
import time
import zipfile
from calendar import timegm
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

MODE = 0o644
CHUNK = 1 << 20


class Readable(Protocol):
    """What the bytes of a file are drawn from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes at most; none at the end."""
        ...


class Sink(Protocol):
    """Takes the files of a bag one after the other."""

    def add(self, path: str, content: Readable, size: int) -> None:
        """Write `size` bytes of `content` at `path` inside the bag."""
        ...


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, path: str, content: Readable, size: int) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            _copy(content, out, size)
        target.chmod(MODE)


class _Zip:
    def __init__(self, archive: zipfile.ZipFile, base: str, made_on: str) -> None:
        self._archive, self._base = archive, base
        year, month, day = (int(part) for part in made_on.split("-"))
        self._time = (year, month, day, 0, 0, 0)

    def add(self, path: str, content: Readable, size: int) -> None:
        entry = zipfile.ZipInfo(f"{self._base}/{path}", self._time)
        entry.create_system = 3  # Unix, so that the mode below is read as one
        entry.external_attr = (0o100000 | MODE) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = size
        with self._archive.open(entry, "w") as out:
            _copy(content, out, size)


class _Tar:
    def __init__(self, archive: tarfile.TarFile, base: str, made_on: str) -> None:
        self._archive, self._base = archive, base
        self._time = timegm(time.strptime(made_on, "%Y-%m-%d"))

    def add(self, path: str, content: Readable, size: int) -> None:
        entry = tarfile.TarInfo(f"{self._base}/{path}")
        entry.size, entry.mode, entry.mtime = size, MODE, self._time
        self._archive.addfile(entry, content)


def _copy(content: Readable, out: IO[bytes], size: int) -> None:
    left = size
    while left > 0 and (chunk := content.read(min(CHUNK, left))):
        out.write(chunk)
        left -= len(chunk)


@contextmanager
def sink(target: Path, base: str, made_on: str) -> Iterator[Sink]:
    """Open `target` for writing: a `.zip` or a `.tar` by its suffix, a folder otherwise.

    `base` is the one folder at the top of a single-file archive (RFC 8493, section 4.1), `made_on`
    the ISO date that every entry of one carries.
    """
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            yield _Zip(archive, base, made_on)
    elif target.suffix == ".tar":
        with tarfile.open(target, "x:", format=tarfile.PAX_FORMAT) as tar:
            yield _Tar(tar, base, made_on)
    else:
        target.mkdir()
        yield _Folder(target)
