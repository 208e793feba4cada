"""The one door to the bytes of a device folder: contained, regular files only, digests remembered."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from muniment.errors import UnreadableInput

_CHUNK = 1 << 20
_WORTH_REMEMBERING = 1 << 18
"""Smaller files are hashed faster than a cache is read."""

_Key = tuple[int, int, int, int]
"""Size, mtime and ctime in nanoseconds, inode."""


class DeviceFiles:
    """Implements `model.evidence.Files` on a folder of the local disk.

    Digests are kept in memory, and for large files in `cache` across runs, under a key of size, mtime,
    ctime and inode. A run that must trust nothing (`--deep`, `verify`) is given no cache. With `still` what
    the disk says of a file is asked once: for a run that writes nothing between its questions.
    """

    def __init__(self, folder: Path, cache: Path | None = None, *, still: bool = False) -> None:
        self._folder = folder
        self._real = folder.resolve()
        self._base = os.fspath(self._real)
        self._plain = {"": True}
        """Folder of the device to whether it is one, with no link on the way; asked once each."""
        self._seen: dict[str, os.stat_result | None] | None = {} if still else None
        self._digests: dict[str, tuple[_Key, str]] = {}
        self._kept = _Kept(cache, self._real) if cache is not None else None

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at `path`, spelt exactly so."""
        try:
            return self._regular(path) is not None and self._spelt(path)
        except (OSError, ValueError):
            return False

    def linked(self, path: str) -> bool:
        """Whether `path` is, or is reached through, a symbolic link.

        Raises `UnreadableInput` where it leads out of the device folder.
        """
        return os.fspath(self._contained(path)) != f"{self._base}/{path}"

    def digest(self, path: str) -> str:
        """Lower-case hex SHA-256 of the file.

        Raises `UnreadableInput` where it is missing, or changes while it is read.
        """
        known = self._digests.get(path)
        if known is not None and self._state(path) == known[0]:
            return known[1]
        with self._opened(path) as handle:
            before = os.fstat(handle)
            key = _key(before)
            kept = self._kept.get(path, key) if self._kept else None
            sha256 = kept or _hashed(handle)
            if _key(os.fstat(handle)) != key:
                raise UnreadableInput(
                    f"{path} changed while it was read", hint="run again when nothing writes to it"
                )
        self._digests[path] = (key, sha256)
        if self._kept and kept is None and before.st_size >= _WORTH_REMEMBERING:
            self._kept.put(path, key, sha256)
        return sha256

    def size(self, path: str) -> int:
        """Size in bytes; raises `UnreadableInput` where the file is missing."""
        state = self._state(path)
        if state is not None:
            return state[0]
        with self._opened(path) as handle:
            return os.fstat(handle).st_size

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        """All bytes of the file; raises `UnreadableInput` above `limit` bytes or where it is missing."""
        with self._opened(path) as handle:
            size = os.fstat(handle).st_size
            if size > limit:
                raise UnreadableInput(f"{path} has {size} bytes; at most {limit} are read", where=path)
            with os.fdopen(os.dup(handle), "rb") as stream:
                data = stream.read(limit + 1)
        if len(data) != size:
            raise UnreadableInput(
                f"{path} changed while it was read", hint="run again when nothing writes to it"
            )
        return data

    def open_table(self, path: str) -> Path:
        """The real path of a file for a scanner, after containment was checked."""
        with self._opened(path):
            return self._contained(path)

    def listing(self, below: str = "") -> tuple[str, ...]:
        """Sorted paths of all regular files below a folder.

        Links that leave the device and names that are not UTF-8 are left out.
        """
        start = os.fspath(self._contained(below)) if below else self._base
        found = []
        for entry, path in _entries(start, f"{below}/" if below else ""):
            if entry.is_symlink():
                if self._listed(path):
                    found.append(path)
            elif entry.is_file(follow_symlinks=False) and _is_text(path):
                found.append(path)
        return tuple(sorted(found))

    def links_out(self) -> tuple[str, ...]:
        """Sorted paths of symbolic links that lead out of the device folder, or nowhere."""
        found = []
        for entry, path in _entries(self._base, ""):
            if entry.is_symlink():
                target = Path(entry.path)
                if not (_inside(target, self._real) and target.exists()):
                    found.append(path.encode("utf-8", "backslashreplace").decode("utf-8"))
        return tuple(sorted(found))

    def _direct(self, path: str) -> str | None:
        """The place of `path` where its folder is known to lie inside without a link on the way.

        Following every step of every path anew would cost more than all other reading together.
        """
        folder, _, name = path.rpartition("/")
        plain = self._plain.get(folder)
        if plain is None:
            try:
                plain = os.fspath(self._contained(folder)) == f"{self._base}/{folder}"
            except UnreadableInput:
                plain = False
            self._plain[folder] = plain
        if not plain or name in ("", ".", "..") or "\\" in name or "\0" in name:
            return None
        return f"{self._base}/{path}"

    def _regular(self, path: str) -> os.stat_result | None:
        """What the disk says of a regular file inside the device; `None` for anything else.

        Raises `UnreadableInput` for a path that leads out, `OSError` for one that leads nowhere.
        """
        if self._seen is not None and path in self._seen:
            return self._seen[path]
        direct = self._direct(path)
        status = os.lstat(direct) if direct is not None else None
        if status is None or stat.S_ISLNK(status.st_mode):
            status = self._contained(path).stat()
        found = status if stat.S_ISREG(status.st_mode) else None
        if self._seen is not None:
            self._seen[path] = found
        return found

    def _state(self, path: str) -> _Key | None:
        """The state of a file without opening it; `None` where it cannot be told."""
        try:
            status = self._regular(path)
        except (OSError, ValueError, UnreadableInput):
            return None
        return _key(status) if status is not None else None

    def _spelt(self, path: str) -> bool:
        """Whether every part of `path` is spelt as on disk, also where the disk ignores case."""
        return not self._ignores_case or _spelt(self._folder, path)

    @cached_property
    def _ignores_case(self) -> bool:
        return _ignores_case(self._folder)

    def _listed(self, path: str) -> bool:
        try:
            path.encode("utf-8")
            return stat.S_ISREG(self._contained(path).stat().st_mode)
        except (OSError, UnicodeEncodeError, UnreadableInput):
            return False

    def _contained(self, path: str) -> Path:
        """Return the real path, or raise `UnreadableInput` if it lies outside the device folder."""
        parts = path.split("/")
        if not path or "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
            raise UnreadableInput(
                f"the path {path!r} is not a plain path inside the device folder",
                hint="write it relative to the device folder, with '/' and without '..'",
            )
        try:
            real = self._real.joinpath(*parts).resolve()
        except (OSError, RuntimeError) as error:
            raise UnreadableInput(f"{path} cannot be followed", hint="remove the circular link") from error
        if not real.is_relative_to(self._real):
            raise UnreadableInput(
                f"{path} leads out of the device folder", hint="copy the file into the folder"
            )
        return real

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        """Open a regular file; never waits on a pipe, never follows out of the folder."""
        real = self._direct(path)
        if real is None or os.path.islink(real):  # noqa: PTH114 - three times as fast
            real = os.fspath(self._contained(path))
        try:
            handle = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise UnreadableInput(
                f"{path} cannot be read: {error.strerror}", hint="check that the file is there and readable"
            ) from error
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UnreadableInput(f"{path} is no regular file", hint="put the file itself there")
            yield handle
        finally:
            os.close(handle)


def _inside(entry: Path, real: Path) -> bool:
    try:
        return entry.resolve().is_relative_to(real)
    except (OSError, RuntimeError):
        return False


def _entries(folder: str, base: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield everything below a folder with its path, folders not followed through links.

    A folder that is not there or may not be read holds nothing.
    """
    waiting = [(folder, base)]
    while waiting:
        folder, base = waiting.pop()
        try:
            entries = os.scandir(folder)
        except OSError:
            continue
        with entries:
            for entry in entries:
                path = base + entry.name
                yield entry, path
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{path}/"))


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _spelt(folder: Path, path: str) -> bool:
    here = folder
    for part in path.split("/"):
        if part not in (entry.name for entry in here.iterdir()):
            return False
        here = here / part
    return True


def _ignores_case(folder: Path) -> bool:
    swapped = folder.parent / folder.name.swapcase()
    return swapped != folder and swapped.exists() and swapped.samefile(folder)


def _key(status: os.stat_result) -> _Key:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _hashed(handle: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(handle, _CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class _Kept:
    """Digests of one device's large files, kept between runs in one small JSON file."""

    def __init__(self, cache: Path, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        self._file = cache / f"digests-{name}.json"
        self._entries = self._read()

    def get(self, path: str, key: _Key) -> str | None:
        """Return the digest kept for exactly this state of the file."""
        entry = self._entries.get(path)
        if (
            isinstance(entry, list)
            and len(entry) == 5
            and tuple(entry[:4]) == key
            and isinstance(entry[4], str)
        ):
            return entry[4]
        return None

    def put(self, path: str, key: _Key, sha256: str) -> None:
        """Keep a digest; a cache that cannot be written is no reason to stop."""
        self._entries[path] = [*key, sha256]
        text = json.dumps(self._entries, sort_keys=True) + "\n"
        import tempfile

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(beside).replace(self._file)
        except OSError:
            return

    def _read(self) -> dict[str, object]:
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return entries if isinstance(entries, dict) else {}
