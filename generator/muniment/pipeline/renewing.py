"""Renewing an archive: held to its manifests, listed anew and stamped; and what was stamped, verified."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from muniment import archive, attest
from muniment.archive import renewal
from muniment.attest.times import instant
from muniment.errors import MunimentError, SealError, UsageError
from muniment.model.progress import Progress, silent
from muniment.pipeline.writing import write_beside

Stamper = Callable[[bytes], tuple[bytes, bytes]]
"""A list to the authority's reply and its certificates (PEM)."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A renewal that was written."""

    folder: Path
    number: int
    files: int
    """Files of the bag that it covers."""
    time: str
    authority: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal as it verifies now."""

    file: str
    """Name of the reply, after the folder that it lies in."""
    outcome: Literal["verified", "failed"]
    time: str | None
    authority: str | None
    certificates: str
    """SHA-256 of the certificates that lie beside it: a reader compares it with one that came another way."""
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape in `muniment/verification/v1`."""
        return {
            "file": self.file,
            "outcome": self.outcome,
            "time": self.time,
            "authority": self.authority,
            "certificates_sha256": self.certificates,
            "reason": self.reason,
        }


def query(path: Path, *, pinned: str | None = None, progress: Progress = silent) -> bytes:
    """Return the request that an authority of one's own choice answers for the next renewal of an archive."""
    return attest.stamp_query(_next(path, pinned, progress).listed)


def renew(path: Path, stamper: Stamper, *, pinned: str | None = None, progress: Progress = silent) -> Renewed:
    """Have an archive stamped once more, over everything in it and every earlier renewal, and keep the reply.

    Nothing of the archive is changed. Raises `MunimentError` where the archive or an earlier renewal does not
    hold, `SealError` where the reply does not verify or is older than the renewal before it.
    """
    due = _next(path, pinned, progress)
    reply, certificates = stamper(due.listed)
    stamp = attest.stamped(reply, due.listed, certificates)
    time, place = instant(stamp.time), renewal.folder(path)
    if due.after is not None and time < due.after:
        raise SealError(
            f"The timestamp of {time} is older than the renewal of {due.after}.",
            hint="renewals go forward in time",
        )
    # The reply last: without it the others count for nothing, and the next renewal writes over them.
    parts = {renewal.LIST: due.listed, renewal.ROOT: certificates, renewal.REPLY: reply}
    for part, data in parts.items():
        write_beside(place / renewal.named(due.number, part), data)
    return Renewed(place, due.number, due.files, time, stamp.authority)


@dataclass(frozen=True, slots=True)
class _Due:
    """The renewal to come."""

    number: int
    listed: bytes
    """What it stamps."""
    files: int
    """Files of the bag."""
    after: str | None
    """When the archive was renewed last."""


def _next(path: Path, pinned: str | None, progress: Progress) -> _Due:
    wrong = [check for check in archive.verify(path, pinned=pinned) if not check.good]
    if wrong:
        raise MunimentError(
            f"{path.name} does not hold, so it is not renewed: {wrong[0].path}",
            hint="run `muniment verify --archive` on it",
        )
    earlier = renewal.read(path)
    if len(earlier) == renewal.MOST:
        raise UsageError(f"{path.name} has been renewed {renewal.MOST} times", hint="archive it anew")
    bag = renewal.sums(path, progress=progress)
    after = None
    for found in _held(path, bag, earlier, None):
        if found.outcome == "failed":
            raise MunimentError(
                f"{found.file} does not verify, so nothing is stamped over it: {found.reason}",
                hint="restore the files of that renewal",
            )
        after = found.time
    return _Due(len(earlier) + 1, renewal.listed(bag, earlier, renewal.folder(path).name), len(bag), after)


def renewals(
    path: Path, *, authority: bytes | None = None, progress: Progress = silent
) -> tuple[Renewal, ...]:
    """Verify every renewal of an archive, oldest first; none is not a fault.

    `authority` are the reader's own certificates (PEM); without them those beside each renewal are used,
    which prove nothing unless their digest came by another way. Raises `UnreadableInput` where the folder of
    renewals holds anything else, or lacks a part.
    """
    kept = renewal.read(path)
    if not kept:
        return ()
    bag = renewal.sums(path, progress=progress)
    return tuple(_held(path, bag, kept, authority))


def _held(
    path: Path, bag: Mapping[str, str], kept: tuple[renewal.Renewal, ...], authority: bytes | None
) -> Iterator[Renewal]:
    before = None
    for index, each in enumerate(kept):
        certificates = each.parts[renewal.ROOT] if authority is None else authority
        reason, stamp = "", None
        try:
            stamp = attest.stamped(each.parts[renewal.REPLY], each.parts[renewal.LIST], certificates)
        except SealError as error:
            reason = error.message
        listed = each.parts[renewal.LIST]
        beside = renewal.beside(listed) or renewal.folder(path).name
        differs = renewal.difference(listed, renewal.listed(bag, kept[:index], beside))
        if not reason and differs:
            reason = f"{differs}."
        if not reason and stamp is not None and before is not None and stamp.time < before:
            reason = "It is older than the renewal before it."
        if stamp is not None:
            before = stamp.time
        sure = None if reason else stamp
        yield Renewal(
            file=f"{renewal.folder(path).name}/{renewal.named(each.number, renewal.REPLY)}",
            outcome="failed" if sure is None else "verified",
            time=None if sure is None else instant(sure.time),
            authority=None if sure is None else sure.authority,
            certificates=hashlib.sha256(each.parts[renewal.ROOT]).hexdigest(),
            reason=reason,
        )
