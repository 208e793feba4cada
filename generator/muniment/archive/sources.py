"""Three ways to read a bag that nobody vouches for yet: nothing is followed, everything is bounded."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from muniment.archive.tags import BAGIT
from muniment.errors import UnreadableInput


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a bag may hold before it is refused unread."""

    files: int = 200_000
    octets: int = 64 << 30
    """Bytes of all files together, as declared and as read."""
    tag_octets: int = 128 << 20
    """Bytes of one tag file, the only ones that are held in memory."""
    ratio: int = 200
    """Unpacked bytes for each byte of a `.zip`; text rarely passes 20."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a bag, not yet read."""

    path: str
    """Relative to the bag's base folder."""
    size: int
    """Bytes declared."""
    open: Callable[[], IO[bytes]]
    fault: str = ""
    """Why it must not be read; empty for a plain file."""


BROKEN = (
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    UnicodeDecodeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
    tarfile.TarError,
)
"""What the standard library raises on a damaged or encrypted archive."""


@contextmanager
def entries(path: Path, limits: Limits) -> Iterator[tuple[Entry, ...]]:
    """Yield every entry of the bag at `path`, folders aside.

    Raises `UnreadableInput` where `path` is no folder, `.zip` or `.tar`, or passes `limits`.
    """
    if path.is_dir():
        yield _bounded(_folder(path, limits), limits)
        return
    if not path.is_file():
        raise UnreadableInput(f"there is no archive at {path}", hint="check the spelling of the path")
    opener = _zip if zipfile.is_zipfile(path) else _tar
    with opener(path, limits) as found:
        yield _bounded(found, limits)


def _bounded(found: tuple[Entry, ...], limits: Limits) -> tuple[Entry, ...]:
    if len(found) > limits.files:
        raise _too_large(f"more than {limits.files} files")
    if sum(entry.size for entry in found) > limits.octets:
        raise _too_large(f"more than {limits.octets} bytes")
    return found


def _too_large(what: str) -> UnreadableInput:
    return UnreadableInput(f"the archive holds {what}", hint="it was not unpacked: ask the sender what it is")


def _folder(root: Path, limits: Limits) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for folder, below, files in os.walk(root):
        for name in (*below, *files):
            path = Path(folder) / name
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode):
                found.append(_folder_entry(root, path, status))
        if len(found) > limits.files:
            break
    return tuple(found)


def _folder_entry(root: Path, path: Path, status: os.stat_result) -> Entry:
    name = path.relative_to(root).as_posix()
    fault = "" if stat.S_ISREG(status.st_mode) else "is a link or a special file"
    size = status.st_size if not fault else 0
    return Entry(name, size, lambda: os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb"), fault)


@contextmanager
def _zip(path: Path, limits: Limits) -> Iterator[tuple[Entry, ...]]:
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise _not_an_archive(path, error) from None
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if sum(info.file_size for info in infos) > limits.ratio * path.stat().st_size:
            raise _too_large(f"over {limits.ratio} times its own size")
        base = _base([info.filename for info in infos])
        yield tuple(_zip_entry(archive, info, base) for info in infos)


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, base: str) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    fault = "" if kind in (0, stat.S_IFREG) else "is a link or a special file"
    return Entry(info.filename.removeprefix(base), info.file_size, lambda: archive.open(info), fault)


@contextmanager
def _tar(path: Path, limits: Limits) -> Iterator[tuple[Entry, ...]]:
    members: list[tarfile.TarInfo] = []
    try:
        archive = tarfile.open(path, "r:")  # noqa: SIM115 - closed below
        for member in archive:
            members.append(member)
            if len(members) > limits.files:
                raise _too_large(f"more than {limits.files} files")
    except BROKEN as error:
        raise _not_an_archive(path, error) from None
    with archive:
        members = [member for member in members if not member.isdir()]
        base = _base([member.name for member in members])
        yield tuple(_tar_entry(archive, member, base) for member in members)


def _tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo, base: str) -> Entry:
    def content() -> IO[bytes]:
        handle = archive.extractfile(member)
        if handle is None:
            raise tarfile.ReadError(f"{member.name} is not a file")
        return handle

    # A sparse file declares any size at no cost, and nothing here writes one.
    plain = member.isreg() and not member.issparse()
    return Entry(
        member.name.removeprefix(base), member.size, content, "" if plain else "is a link or a special file"
    )


def _base(paths: list[str]) -> str:
    """Return the one folder at the top, with its slash (RFC 8493, section 4.1)."""
    declarations = [path for path in paths if path.count("/") == 1 and path.endswith("/" + BAGIT)]
    if len(declarations) != 1 or declarations[0].startswith("/"):
        raise UnreadableInput(
            f"the archive is no bag: it has no single top folder with {BAGIT}",
            hint="give a .zip, .tar or folder that `muniment archive create` wrote",
        )
    base = declarations[0].removesuffix(BAGIT)
    outside = next((path for path in sorted(paths) if not path.startswith(base)), None)
    if outside is not None:
        raise UnreadableInput(
            f"the archive is no bag: {outside!r} lies outside its top folder {base}",
            hint="ask the sender for a whole copy",
        )
    return base


def _not_an_archive(path: Path, error: Exception) -> UnreadableInput:
    return UnreadableInput(
        f"{path} cannot be read as a .zip or .tar: {error}", hint="ask the sender for a whole copy"
    )
