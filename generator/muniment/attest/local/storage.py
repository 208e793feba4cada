"""How a domain lies on disk: private, whole, and written by one process at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from muniment.errors import SealError

_ATTEMPTS = 200
_PAUSE = 0.05
"""Seconds between attempts: ten seconds in all."""

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write `data` beside `path` and rename it into place, so that a crash leaves the old file."""
    beside = path.with_name(path.name + ".new")
    # What a crash left there may have been made with another mode.
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key that only its owner may read."""
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    replace_file(path, data, 0o600)


def private_bytes(path: Path, what: str, limit: int = 1 << 16) -> bytes:
    """Return the bytes of a file that only its owner may read; `SealError` otherwise."""
    try:
        with path.open("rb") as stream:
            if os.name == "posix" and os.fstat(stream.fileno()).st_mode & 0o077:
                raise SealError(
                    f"The {what} can be read by others.",
                    hint=f"chmod 600 {path}, and consider making a new one",
                )
            return stream.read(limit)
    except OSError as error:
        raise SealError(f"The {what} cannot be read: {error.strerror}.") from error


def read_key(path: Path) -> PrivateKey:
    """Return a private key of a domain; `SealError` where it is missing, open to others, or no key."""
    data = private_bytes(path, f"private key {path.name}")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise SealError(f"The private key {path.name} of the local domain cannot be read.") from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
        raise SealError(f"The private key {path.name} of the local domain is of the wrong kind.")
    return key


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; `SealError` if another process keeps it for ten seconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(_ATTEMPTS):
            if _try_lock(descriptor):
                break
            time.sleep(_PAUSE)
        else:
            raise SealError(
                "Another process is writing to the local domain's log.",
                hint="wait until it has finished, then try again",
            )
        yield
    finally:
        # Closing the descriptor gives the lock back, also after a crash.
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
