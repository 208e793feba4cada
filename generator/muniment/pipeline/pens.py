"""How a statement gets its seal: the pen, and the file, trail and root that go with it. No stage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from muniment import attest
from muniment.attest import statements
from muniment.attest.times import parse_instant
from muniment.attest.trail import ADOPT
from muniment.errors import SealError, UsageError
from muniment.model.evidence import Device
from muniment.model.seal import Domain
from muniment.pipeline import trail
from muniment.pipeline.request import Request
from muniment.pipeline.survey import survey
from muniment.pipeline.writing import Written, device_folder, write_beside


class Pen(Protocol):
    """What signs in one trust domain; `attest.LocalPen` and `attest.RemotePen` are the two kinds."""

    @property
    def kind(self) -> Domain:
        """The domain its seals belong to."""

    def trusted_root(self) -> bytes:
        """Return the root they verify with."""

    def heed(self, bundles: Iterable[bytes]) -> None:
        """Refuse to sign where earlier seals contradict the state of the domain."""

    def ready(self, identity: str) -> None:
        """Have the signer's key at hand before anything is locked: a person may have to type."""

    def seal(self, statement: bytes, *, identity: str, at: datetime) -> bytes:
        """Return the verified bundle over a statement, by whom and, where the domain lets it say so, when."""

    def delivered(self, bundle: bytes) -> None:
        """Be told that a bundle's file has been written."""

    def undelivered(self) -> tuple[bytes, ...]:
        """Return finished bundles whose files a crash has kept from being written."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Who signs, as whom, when, and in which domain."""

    who: str
    """Person id, service id or e-mail address, as the roster has it."""
    role: str
    at: datetime
    """A local domain dates the seal so; elsewhere its authorities do, and this is what the statement says."""
    pen: Pen


def seal_statement(
    request: Request, device: Device, statement: bytes, hand: Hand, *, beside: Mapping[str, str] | None = None
) -> Written:
    """Seal a statement and tell the trail; nothing else is sealed there in between.

    `beside` are files that the command wrote for it (path to SHA-256): they stand in the same entry.
    """
    pen, accepted = hand.pen, request.accepted
    if accepted is not None and pen.kind not in accepted:
        raise UsageError(
            f"the settings accept no seals of the {pen.kind} domain",
            hint="add it to trust.domains in muniment.yaml, or sign in another domain",
        )
    _same_domain(device, pen)
    parsed = attest.parse(statement)
    who = parsed.words["identity"]
    folder, place, root = device_folder(request, device), attest.seal_path(parsed), _root_path(pen.kind)
    pen.ready(who)
    with trail.writing(folder) as book:
        if parsed.words["trail"] != book.head:
            raise SealError(
                f"something else was sealed for {device.id} meanwhile", hint="run the command again"
            )
        pen.heed(device.files.read(path) for path in device.files.listing("seals"))
        bundle = pen.seal(statement, identity=who, at=hand.at)
        wrote = dict(beside or {})
        if not (folder / root).exists():
            # Beside a device's first seal lies what it verifies with.
            write_beside(folder / root, pen.trusted_root())
            wrote[root] = hashlib.sha256(pen.trusted_root()).hexdigest()
        write_beside(folder / place, bundle)
        wrote[place] = hashlib.sha256(bundle).hexdigest()
        book.append(
            at=hand.at, command=attest.command_of(parsed.kind, parsed.predicate), who=who, wrote=wrote
        )
        pen.delivered(bundle)
    return Written(folder / place, wrote[place])


def publish_root(request: Request, kind: Domain, root: bytes, *, at: datetime) -> tuple[Written, ...]:
    """Write a domain's public trusted root beside each device's seals, and tell their trails at `at`."""
    out = []
    for device in survey(request).devices:
        folder, path = device_folder(request, device), _root_path(kind)
        with trail.writing(folder) as book:
            write_beside(folder / path, root)
            out.append(Written(folder / path, hashlib.sha256(root).hexdigest()))
            book.append(at=at, command="trust show --publish", who=None, wrote={path: out[-1].sha256})
    return tuple(out)


def recover(request: Request, pen: Pen) -> tuple[Written, ...]:
    """Write the seals that an interrupted run has logged and not written, where their files still hold.

    One whose files are those of no device here, or of several, stays where it is kept; `muniment trust
    show` counts it.
    """
    waiting = pen.undelivered()
    devices = survey(request).devices if waiting else ()
    out = []
    for bundle in waiting:
        statement = attest.sealed_statement(bundle)
        homes = [
            device
            for device in devices
            if all(_holds(device, path, digest) for path, digest in statement.subjects.items())
        ]
        # A model's signature says nothing of its signer, and lies where its folder is.
        if len(homes) == 1 and statement.words:
            written = _restored(device_folder(request, homes[0]), homes[0], statement, bundle)
            out += [written] if written else []
            pen.delivered(bundle)
    return tuple(out)


def _restored(folder: Path, device: Device, statement: statements.Statement, bundle: bytes) -> Written | None:
    """Write what a crash left out, the seal's file and its entry on the trail; `None` where nothing was.

    Where the trail has grown since, the entry says `adopt`: the seal does not follow the entry it names.
    """
    place, sha256 = attest.seal_path(statement), hashlib.sha256(bundle).hexdigest()
    words = statement.words
    with trail.writing(folder) as book:
        told = any(place in entry.wrote for entry in attest.read_trail(device.files, ()).entries)
        if told and (folder / place).exists():
            return None
        write_beside(folder / place, bundle)
        if not told:
            follows = words["trail"] == book.head
            book.append(
                at=parse_instant(words["signed_at"], "signed_at"),
                command=attest.command_of(statement.kind, statement.predicate) if follows else ADOPT,
                who=words["identity"],
                wrote={place: sha256},
            )
    return Written(folder / place, sha256)


def _same_domain(device: Device, pen: Pen) -> None:
    """Refuse to mix a second domain of one kind into a device's seals."""
    path = _root_path(pen.kind)
    if device.files.exists(path) and device.files.read(path) != pen.trusted_root():
        raise SealError(
            f"the seals of {device.id} belong to another {pen.kind} trust domain than the one opened",
            hint=_OTHER_DOMAIN[pen.kind],
        )


_OTHER_DOMAIN: Mapping[Domain, str] = {
    "local": "name that domain's folder with --trust-folder; `muniment trust show` prints its digest",
    "private": "if the Sigstore's keys were rotated, `muniment trust show --domain private --publish` "
    "takes over its new root, which must still hold the old keys",
    "public": "if the Sigstore's keys were rotated, `muniment trust show --domain public --publish` "
    "takes over its new root",
}


def _root_path(kind: Domain) -> str:
    return f"trust/{kind}/trusted_root.json"


def _holds(device: Device, path: str, digest: str) -> bool:
    return device.files.exists(path) and device.files.digest(path) == digest
