"""A folder hashed: every file once, several at a time, in bounded memory, no link followed."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from muniment.errors import UnreadableInput

_BUFFER = 1 << 20
"""Bytes read at a time, one buffer a thread. Hashing holds no lock of the interpreter meanwhile."""
_MOST_THREADS = 16

Progress = Callable[[int, int], None]
"""Told the bytes hashed so far, and the bytes of all."""


def hash_folder(
    folder: Path,
    *,
    ignored: tuple[str, ...] = (),
    threads: int | None = None,
    progress: Progress = lambda _done, _all: None,
) -> dict[str, str]:
    """Return path (POSIX, in the folder) to SHA-256 of every file, `ignored` paths and folders left out.

    Raises `UnreadableInput` for a link or anything else that is no file, even where it is ignored, and
    for a file that changes while it is read.
    """
    found = dict(_walk(folder, ignored))
    whole = sum(found.values())
    lock, done = threading.Lock(), 0

    def count(size: int) -> None:
        nonlocal done
        with lock:
            done += size
            progress(done, whole)

    workers = threads or min(_MOST_THREADS, os.cpu_count() or 1)
    # The largest first: the last thread to finish is then one with little to do.
    order = sorted(found, key=lambda path: (-found[path], path))
    with ThreadPoolExecutor(max(1, min(workers, len(order)))) as pool:
        digests = dict(zip(order, pool.map(lambda path: hash_file(folder / path, count), order), strict=True))
    return {path: digests[path] for path in sorted(digests)}


def hash_file(path: Path, count: Callable[[int], None] = lambda _size: None) -> str:
    """Return the SHA-256 of a regular file, `count` told of every piece; `UnreadableInput` otherwise."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableInput(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb", buffering=0) as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableInput(f"{path.name} is no regular file")
        digest, buffer = hashlib.sha256(), memoryview(bytearray(min(_BUFFER, max(1, before.st_size))))
        while size := stream.readinto(buffer):
            digest.update(buffer[:size])
            count(size)
        after = os.fstat(handle)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise UnreadableInput(f"{path.name} changed while it was read", hint="run again when nothing writes")
    return digest.hexdigest()


def _walk(folder: Path, ignored: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield path and size of every file below a folder; refuse what is neither file nor folder."""
    if folder.is_symlink() or not folder.is_dir():
        raise UnreadableInput(f"{folder.name} is not a folder", hint="name the model's own folder, no link")
    waiting = [""]
    while waiting:
        base = waiting.pop()
        with os.scandir(folder / base) as entries:
            for entry in entries:
                path = base + entry.name
                if entry.is_symlink():
                    raise UnreadableInput(
                        f"{path} is a link",
                        hint="copy what it points at: a model is signed with its own files",
                    )
                if path in ignored:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry.stat(follow_symlinks=False).st_size
                else:
                    raise UnreadableInput(f"{path} is no regular file", hint="take it out of the folder")
