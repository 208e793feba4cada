"""A transparency log in the manner of Rekor v2: a Merkle tree with signed checkpoints.

On disk: `entries.jsonl` (a line an entry, only ever appended to) and `head.json` (how much of it
counts, the root, the last entry's time, the signed checkpoint). An entry counts once the head names
it; what a crash left behind the head is cut off by the next append.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from muniment.attest.local.checkpoint import Checkpoint, parse_checkpoint, signed_checkpoint
from muniment.attest.local.merkle import MerkleTree, consistent, leaf_hash
from muniment.attest.local.register import PREFIX
from muniment.attest.local.storage import replace_file, writer_lock
from muniment.attest.strict import Refused, canonical
from muniment.attest.times import instant, parse_instant
from muniment.errors import SealError

_LOST = "restore the domain's folder from its newest backup, and tell whoever relies on its seals"


@dataclass(frozen=True, slots=True)
class Entry:
    """Proof that a body stands in the log."""

    index: int
    size: int
    """Leaves in the tree that the proof is for."""
    root: bytes
    path: tuple[bytes, ...]
    checkpoint: str
    """Signed note over origin, size and root."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log reaches."""

    size: int
    length: int
    """Bytes of `entries.jsonl` that count."""
    root: str
    """Hexadecimal."""
    time: datetime
    """Of the last entry."""
    checkpoint: str


class Log:
    """One log, one key, one writer at a time."""

    def __init__(self, folder: Path, origin: str, key: ed25519.Ed25519PrivateKey) -> None:
        self.folder = folder
        self.origin = origin
        self._key = key
        self._tree = MerkleTree()
        self._length = 0
        self._notices: list[bytes] = []

    @property
    def public_key(self) -> ed25519.Ed25519PublicKey:
        """The key that checkpoints verify with."""
        return self._key.public_key()

    @property
    def key_id(self) -> bytes:
        """Key id of a signed note (C2SP): SHA-256 of origin, newline, 0x01 and the raw Ed25519 key."""
        raw = self.public_key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(self.origin.encode() + b"\n\x01" + raw).digest()

    def create(self, at: datetime) -> None:
        """Write the log's first entry, so that no later proof is empty."""
        self.folder.mkdir(mode=0o700)
        (self.folder / "entries.jsonl").touch(mode=0o600)
        body = canonical({"created": instant(at), "origin": self.origin})
        self._commit(self._stage(body), at)

    def writing(self) -> AbstractContextManager[None]:
        """Hold the writer's lock."""
        return writer_lock(self.folder / "lock")

    def head(self) -> Head:
        """Return the head as it lies on disk; `SealError` where it cannot be read."""
        try:
            fields = json.loads((self.folder / "head.json").read_bytes())
            return Head(
                size=int(fields["size"]),
                length=int(fields["length"]),
                root=str(fields["root"]),
                time=parse_instant(fields["time"], "log head's time"),
                checkpoint=str(fields["checkpoint"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged("its head cannot be read") from error

    @property
    def size(self) -> int:
        """Entries read so far; call `refresh` first."""
        return self._tree.size

    @property
    def root(self) -> bytes:
        """Root hash of the entries read so far."""
        return self._tree.root()

    def refresh(self) -> tuple[bytes, ...]:
        """Read what stands on disk by now; return the bodies of the register's notices, oldest first.

        Raises `SealError` where the log on disk is damaged, or shorter than this object knows it.
        """
        self._catch_up(self.head())
        return tuple(self._notices)

    def holds(self, index: int, body: bytes) -> bool:
        """Whether this body stands at this index; call `refresh` first."""
        return index < self._tree.size and self._tree.leaf(index) == leaf_hash(body)

    def extend(self, note: str) -> tuple[Checkpoint, tuple[bytes, ...]]:
        """Return an older checkpoint of this log, and the proof that the log on disk extends it.

        Raises `SealError` for a note this log never signed, and where entries that it covers are gone
        or others: the log was truncated, rolled back or rewritten.
        """
        try:
            point = parse_checkpoint(note, self.public_key, self.key_id)
        except Refused as error:
            raise SealError(str(error), hint="give a file that `muniment trust checkpoint` wrote") from error
        self.refresh()
        if point.origin != self.origin or point.size < 1:
            raise SealError("The checkpoint is not one of this log.")
        if point.size > self._tree.size:
            raise SealError(
                f"The log was cut short or rolled back: it has {self._tree.size} entries, "
                f"and had {point.size} when the checkpoint was signed.",
                hint=_LOST,
            )
        proof = self._tree.consistency(point.size)
        if not consistent(point.size, point.root, self._tree.size, self._tree.root(), proof):
            raise SealError(
                f"The log was rewritten: its first {point.size} entries are not those of the checkpoint.",
                hint=_LOST,
            )
        return point, proof

    def append(self, body: bytes, at: datetime, accept: Callable[[Entry], None]) -> Entry:
        """Add one entry dated `at`, once `accept` has taken it without raising.

        The caller holds `writing()`. Raises `SealError` for a time before the last entry's, and
        where the log on disk is damaged. An entry that `accept` refuses leaves no trace.
        """
        head = self.head()
        self._catch_up(head)
        if at < head.time:
            raise SealError(
                f"A seal dated {instant(at)} would follow the log's last entry of {instant(head.time)}.",
                hint="seal in the order of dates, or make a fresh domain for older records",
            )
        entry = self._stage(body)
        try:
            accept(entry)
            self._commit(entry, at)
        except BaseException:
            self._tree.pop()
            raise
        return entry

    def _catch_up(self, head: Head) -> None:
        """Read what other processes appended, and check that the tree on disk is the one in the head."""
        if head.size < self._tree.size or head.length < self._length:
            raise _damaged("it is shorter than it was a moment ago")
        try:
            with (self.folder / "entries.jsonl").open("rb") as stream:
                stream.seek(self._length)
                lines = stream.read(head.length - self._length)
        except OSError as error:
            raise _damaged("its entries cannot be read") from error
        if len(lines) != head.length - self._length:
            raise _damaged("it has fewer entries than its head says")
        try:
            for line in lines.splitlines():
                body = base64.b64decode(json.loads(line)["body"], validate=True)
                self._tree.append(leaf_hash(body))
                if body.startswith(PREFIX):
                    self._notices.append(body)
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged("an entry cannot be read") from error
        self._length = head.length
        if self._tree.size != head.size or self._tree.root().hex() != head.root:
            raise _damaged("its entries do not hash to its head's root")

    def _stage(self, body: bytes) -> Entry:
        self._tree.append(leaf_hash(body))
        size, root = self._tree.size, self._tree.root()
        note = signed_checkpoint(Checkpoint(self.origin, size, root), self._key, self.key_id)
        return Entry(size - 1, size, root, self._tree.path(size - 1), note, body)

    def _commit(self, entry: Entry, at: datetime) -> None:
        line = _line({"body": base64.b64encode(entry.body).decode(), "time": instant(at)})
        with (self.folder / "entries.jsonl").open("r+b") as stream:
            stream.truncate(self._length)
            stream.seek(self._length)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        length = self._length + len(line)
        head = {
            "schema": "muniment/local-log/v1",
            "size": entry.size,
            "length": length,
            "root": entry.root.hex(),
            "time": instant(at),
            "checkpoint": entry.checkpoint,
        }
        replace_file(self.folder / "head.json", _line(head))
        self._length = length
        if entry.body.startswith(PREFIX):
            self._notices.append(entry.body)


def _line(value: dict[str, Any]) -> bytes:
    return canonical(value) + b"\n"


def _damaged(what: str) -> SealError:
    return SealError(
        f"The local domain's log is damaged: {what}.",
        hint="restore the domain's folder from a backup; a new domain starts a new log",
    )
