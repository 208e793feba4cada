"""The embedded trust domain: an authority, a log and a clock that one person runs for themself.

Order of work in a seal: the signer's key is looked up in the register, the leaf issued, the statement
signed, the signature stamped, the entry staged in the log, the bundle verified with sigstore's own
verifier and put in the outbox, and only then is the entry kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from muniment.attest.local.authority import CertificateAuthority, Identity
from muniment.attest.local.entry import bundle, entry_body, pre_authentication_encoding
from muniment.attest.local.log import Entry, Head, Log
from muniment.attest.local.outbox import Outbox
from muniment.attest.local.people import PersonKey, new_person_key
from muniment.attest.local.register import (
    Notice,
    enrolled,
    enrolment,
    parse_register,
    require_enrolled,
    require_key,
    revocation,
)
from muniment.attest.local.timestamp import TimestampAuthority
from muniment.attest.statements import parse
from muniment.attest.strict import Refused
from muniment.attest.times import instant
from muniment.attest.verifier import Root, verify_bundle
from muniment.errors import SealError


@dataclass(frozen=True, slots=True)
class Extension:
    """Proof that a log grew and was not changed (RFC 6962, section 2.1.2)."""

    old_size: int
    old_root: str
    """Hexadecimal, as all hashes here."""
    size: int
    root: str
    proof: tuple[bytes, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape of `muniment/consistency/v1`."""
        return {
            "schema": "muniment/consistency/v1",
            "old": {"size": self.old_size, "root": self.old_root},
            "new": {"size": self.size, "root": self.root},
            "proof": [node.hex() for node in self.proof],
        }


@dataclass(frozen=True, slots=True)
class LocalDomain:
    """An opened domain. Its keys stay in its folder and in this object."""

    folder: Path
    name: str
    created: datetime
    """Nothing older can be sealed."""
    unattended: bool
    """Nobody is enrolled: whoever holds the folder signs for anybody, each time with a key dropped after."""
    _authority: CertificateAuthority = field(repr=False)
    _timestamps: TimestampAuthority = field(repr=False)
    _log: Log = field(repr=False)
    _trusted_root: bytes = field(repr=False)

    @property
    def _outbox(self) -> Outbox:
        return Outbox(self.folder / "outbox")

    @property
    def issuer(self) -> str:
        """The issuer that this domain's certificates name unless told otherwise."""
        return f"https://{self.name}.muniment.invalid"

    def trusted_root(self) -> bytes:
        """Return `trusted_root.json` (Sigstore, v0.1): public keys and certificates, nothing private."""
        return self._trusted_root

    @property
    def log_id(self) -> str:
        """The log's key id in base64, as bundles name it."""
        return base64.b64encode(self._log.key_id).decode()

    def head(self) -> Head:
        """Return how far the log reaches, the time of its last entry, and its newest signed checkpoint."""
        return self._log.head()

    def checkpoint(self) -> str:
        """Return the log's newest signed checkpoint."""
        return self._log.head().checkpoint

    def register(self) -> tuple[Notice, ...]:
        """Return every enrolment, replacement and revocation, oldest first."""
        return parse_register(self._log.refresh())

    def enrolment(self, identity: str) -> Notice:
        """Return the notice of the key that `identity` signs with now; `SealError` where there is none."""
        return require_enrolled(self.register(), identity)

    def enrol(
        self,
        identity: str,
        key: PersonKey,
        *,
        person: str,
        at: datetime,
        replace: bool = False,
        reason: str = "",
    ) -> Notice:
        """Enter a key in the register as the one that `identity` signs with from `at` on.

        `replace` puts it in the place of an earlier key, whether that was lost, rotated or revoked.
        Raises `SealError` for a second key without `replace`, and for an `at` before the log's last entry.
        """
        at = whole(at)
        with self._writing():
            before = self.check_enrolment(identity, replace=replace)
            for notice in self.register():
                if notice.fingerprint == key.fingerprint:
                    raise SealError(
                        f"This key was {notice.act} for {notice.identity} at {notice.at}.",
                        hint="every enrolment takes a fresh key",
                    )
            leaf = enrolment(
                key,
                "enrolled" if before is None else "replaced",
                identity=identity,
                person=person,
                at=instant(at),
                reason=reason,
            )
            self._log.append(leaf, at, _no_objection)
            return self.register()[-1]

    def check_enrolment(self, identity: str, *, replace: bool) -> Notice | None:
        """Return what the register says of an identity that is to get a key; `SealError` if it may not."""
        before = enrolled(self.register()).get(identity)
        if before is not None and not replace:
            raise SealError(
                f"{identity} was {before.act} at {before.at}.",
                hint="a new key takes the place of the old one with --replace",
            )
        if before is None and replace:
            raise SealError(f"{identity} has no key to replace.", hint="enrol without --replace")
        return before

    def revoke(self, identity: str, *, at: datetime, reason: str) -> Notice:
        """End an enrolment: from `at` on nothing is sealed for `identity`. Earlier seals stay valid.

        Raises `SealError` where nobody of that name holds a key.
        """
        at = whole(at)
        with self._writing():
            before = enrolled(self.register()).get(identity)
            if before is None or before.act == "revoked":
                raise SealError(
                    f"{identity} has no key to revoke.", hint="`muniment trust show` lists the keys"
                )
            self._log.append(revocation(before, at=instant(at), reason=reason), at, _no_objection)
            return self.register()[-1]

    def extend(self, checkpoint: str) -> Extension:
        """Return the proof that the log as it is now extends an older checkpoint; `SealError` otherwise."""
        old, proof = self._log.extend(checkpoint)
        return Extension(old.size, old.root.hex(), self._log.size, self._log.root.hex(), proof)

    def undelivered(self) -> tuple[bytes, ...]:
        """Return the finished bundles that nobody reported as written: a crash came in between."""
        with self._writing():
            self._log.refresh()
            return self._outbox.waiting(self._log.holds)

    def delivered(self, bundle: bytes) -> None:
        """Report that a bundle's file has been written."""
        self._outbox.remove(bundle)

    def seal(
        self, statement: bytes, *, identity: Identity, at: datetime, key: PersonKey | None = None
    ) -> bytes:
        """Return a Sigstore bundle v0.3 (JSON) over a statement, with every time in it set to `at`.

        `at` has a zone and is cut to whole seconds. `key` is the one enrolled for the identity; an
        unattended domain takes none, and makes one for this seal alone. Raises `SealError` where the
        statement is not one that is read, names another signer, or is dated elsewhere; where the key is
        not the enrolled one; where `at` lies before the domain's or the log's last entry; and where the
        finished bundle does not verify with sigstore.
        """
        at = whole(at)
        self._check(statement, identity, at)
        with self._writing():
            if self.unattended:
                key = new_person_key()
            elif key is None:
                raise SealError(
                    f"In this local domain {identity.name} signs with a key of their own.",
                    hint="enrol it with `muniment trust enrol PERSON`",
                )
            else:
                require_key(self.enrolment(identity.name), key)
            return self._seal(statement, identity, at, key)

    def stamp(self, data: bytes, *, at: datetime) -> tuple[bytes, bytes]:
        """Return a timestamp (DER) over the SHA-512 of data that is no seal, and its authority's root (PEM).

        Raises `SealError` where `at` lies before the domain was made.
        """
        at = whole(at)
        if at < self.created:
            raise SealError(
                f"A timestamp of {instant(at)} is older than the domain, made at {instant(self.created)}.",
                hint="give a later time",
            )
        reply = self._timestamps.stamp_digest(hashlib.sha512(data).digest(), at)
        chain = json.loads(self._trusted_root)["timestampAuthorities"][0]["certChain"]["certificates"]
        root = x509.load_der_x509_certificate(base64.b64decode(chain[-1]["rawBytes"]))
        return reply, root.public_bytes(serialization.Encoding.PEM)

    def _seal(self, statement: bytes, identity: Identity, at: datetime, key: PersonKey) -> bytes:
        try:
            leaf = self._authority.issue(identity, key.private.public_key(), at)
        except (ValueError, UnicodeError) as error:
            raise SealError(f"No certificate can name `{identity.name}`: {error}.") from error
        pae = pre_authentication_encoding(statement)
        signature = key.sign(pae)
        stamp = self._timestamps.stamp(signature, at)
        body = entry_body(hashlib.sha256(pae).digest(), signature, leaf)

        def finished(entry: Entry) -> bytes:
            return bundle(statement, signature, leaf, stamp, entry, self._log.key_id)

        def accept(entry: Entry) -> None:
            reason = verify_bundle(finished(entry), Root("local", self._trusted_root))
            if reason:
                raise SealError(f"The finished seal does not verify. {reason}")
            self._outbox.keep(finished(entry))

        return finished(self._log.append(body, at, accept))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._log.writing():
                yield
        except OSError as error:
            raise SealError(f"The local domain's log cannot be written: {error.strerror}.") from error

    def _check(self, statement: bytes, identity: Identity, at: datetime) -> None:
        host = urlsplit(identity.issuer).hostname or ""
        if urlsplit(identity.issuer).scheme != "https" or not host.endswith(".invalid"):
            raise SealError(
                f"A local domain cannot speak for the issuer `{identity.issuer}`.",
                hint=f"use an https address under .invalid, such as {self.issuer}",
            )
        if at < self.created:
            raise SealError(
                f"A seal dated {instant(at)} is older than the domain, made at {instant(self.created)}.",
                hint="make the domain with an earlier date",
            )
        try:
            words = parse(statement).words
        except Refused as error:
            raise SealError(f"This cannot be sealed. {error}") from error
        if words and (words["identity"] != identity.name or words["signed_at"] != instant(at)):
            raise SealError(
                f"The statement says {words['identity']} at {words['signed_at']}, "
                f"the seal would say {identity.name} at {instant(at)}.",
                hint="build the statement with the same signer and time",
            )


def whole(at: datetime) -> datetime:
    """Return an instant in UTC, cut to whole seconds; `SealError` where it has no zone."""
    if at.tzinfo is None:
        raise SealError("A time without a zone names no instant.", hint="give the time in UTC")
    return at.astimezone(UTC).replace(microsecond=0)


def _no_objection(_entry: Entry) -> None:
    """A notice needs no check beyond the register's own."""
