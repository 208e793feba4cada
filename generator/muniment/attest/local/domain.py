"""The embedded trust domain: an authority, a log and a clock that one person runs for themself.

Order of work in a seal: the signer's key is looked up in the register, the leaf issued, the statement
signed, the signature stamped, the entry staged in the log, the bundle verified with sigstore's own
verifier and put in the outbox, and only then is the entry kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from muniment.attest.local.authority import CertificateAuthority, Identity, create_authority
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
from muniment.attest.local.root import trusted_root
from muniment.attest.local.storage import PrivateKey, read_key, replace_file, write_key
from muniment.attest.local.timestamp import TimestampAuthority, create_timestamp_authority
from muniment.attest.statements import parse
from muniment.attest.strict import Refused, canonical
from muniment.attest.times import instant, parse_instant
from muniment.attest.verifier import Root, verify_bundle
from muniment.errors import SealError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEYS = ("authority", "transparency", "log", "timestamp")


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
        at = _whole(at)
        with self._writing():
            before = self.check_enrolment(identity, replace=replace)
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
        at = _whole(at)
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
        return Extension(old.size, old.root.hex(), self._log.size, self._log.head().root, proof)

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
        at = _whole(at)
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
        if words["identity"] != identity.name or words["signed_at"] != instant(at):
            raise SealError(
                f"The statement says {words['identity']} at {words['signed_at']}, "
                f"the seal would say {identity.name} at {instant(at)}.",
                hint="build the statement with the same signer and time",
            )


def default_folder() -> Path:
    """Return where a user's own domain lies: the platform's user data folder, never a repository."""
    return Path(platformdirs.user_data_dir("muniment", appauthor=False)) / "trust" / "local"


def create_domain(folder: Path, *, name: str, at: datetime, unattended: bool = False) -> LocalDomain:
    """Make a domain in `folder`, which must not exist yet, and return it opened.

    `name` is a short host label and stands in every address of the domain. `at` (with a zone) is
    the earliest time it can seal at. An `unattended` domain enrols nobody and says so in the issuer of
    every certificate; it is for demonstrations and tests. The folder is private to its owner (0700,
    keys 0600) and, as a second line of defence, tells git to ignore it whole. Raises `SealError`.
    """
    if not _NAME.fullmatch(name):
        raise SealError(f"`{name[:60]}` cannot name a domain.", hint="use a to z, 0 to 9 and -")
    if folder.exists():
        raise SealError(f"There is already something at {folder}.", hint="open it, or choose another place")
    at = _whole(at)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise SealError(f"No domain can be made at {folder}: {error.strerror}.") from error
    try:
        _write_domain(staging, name, at, unattended)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return open_domain(folder)


def open_domain(folder: Path) -> LocalDomain:
    """Return the domain in `folder`; `SealError` where there is none, or others can read its keys."""
    try:
        fields = json.loads((folder / "domain.json").read_bytes())
        name, created = str(fields["name"]), parse_instant(fields["created"], "domain's time")
        ca = x509.load_der_x509_certificate(base64.b64decode(fields["authority"]))
        tsa = x509.load_der_x509_certificate(base64.b64decode(fields["timestamp"]))
        root = (folder / "trusted_root.json").read_bytes()
    except FileNotFoundError as error:
        raise SealError(
            f"There is no local domain at {folder}.", hint="make one with `muniment trust init`"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SealError(f"The local domain at {folder} cannot be read.") from error
    keys = {part: read_key(folder / "keys" / f"{part}.pem") for part in _KEYS}
    return LocalDomain(
        folder=folder,
        name=name,
        created=created,
        unattended=fields.get("unattended") is True,
        _authority=CertificateAuthority(_ec(keys["authority"]), ca, _ec(keys["transparency"])),
        _timestamps=TimestampAuthority(_ec(keys["timestamp"]), tsa),
        _log=Log(folder / "log", _origin(name), _ed25519(keys["log"])),
        _trusted_root=root,
    )


def _write_domain(folder: Path, name: str, at: datetime, unattended: bool) -> None:
    authority = create_authority(f"{name} (unattended)" if unattended else name, at)
    timestamps, tsa_root = create_timestamp_authority(name, at)
    log_key = ed25519.Ed25519PrivateKey.generate()
    keys: dict[str, PrivateKey] = {
        "authority": authority.key,
        "transparency": authority.ct_key,
        "log": log_key,
        "timestamp": timestamps.key,
    }
    (folder / "keys").mkdir(mode=0o700)
    for part, key in keys.items():
        write_key(folder / "keys" / f"{part}.pem", key)
    log = Log(folder / "log", _origin(name), log_key)
    log.create(at)
    root = trusted_root(name, authority, (timestamps.certificate, tsa_root), log)
    replace_file(folder / "trusted_root.json", root)
    replace_file(folder / ".gitignore", b"*\n")
    domain = {
        "schema": "muniment/local-domain/v1",
        "name": name,
        "created": instant(at),
        "unattended": unattended,
        "authority": _der_text(authority.certificate),
        "timestamp": _der_text(timestamps.certificate),
    }
    replace_file(folder / "domain.json", canonical(domain) + b"\n")


def _origin(name: str) -> str:
    return f"log.{name}.muniment.invalid"


def _whole(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise SealError("A time without a zone names no instant.", hint="give the time in UTC")
    return at.astimezone(UTC).replace(microsecond=0)


def _ec(key: PrivateKey) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SealError("A private key of the local domain is of the wrong kind.")
    return key


def _ed25519(key: PrivateKey) -> ed25519.Ed25519PrivateKey:
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SealError("The log's private key is of the wrong kind.")
    return key


def _der_text(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _no_objection(_entry: Entry) -> None:
    """A notice needs no check beyond the register's own."""
