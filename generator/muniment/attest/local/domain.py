"""The embedded trust domain: an authority, a log and a clock that one person runs for themself.

Order of work in a seal: the leaf is issued, the statement signed, the signature stamped, the entry
staged in the log, the bundle verified with sigstore's own verifier, and only then is the entry kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from muniment.attest.bundles import MEDIA_TYPE
from muniment.attest.local.authority import CertificateAuthority, Identity, create_authority
from muniment.attest.local.log import Entry, Log
from muniment.attest.local.root import trusted_root
from muniment.attest.local.storage import PrivateKey, read_key, replace_file, write_key
from muniment.attest.local.timestamp import TimestampAuthority, create_timestamp_authority
from muniment.attest.statements import PAYLOAD_TYPE, parse
from muniment.attest.strict import Refused, canonical
from muniment.attest.times import instant, parse_instant
from muniment.attest.verifier import Root, verify_bundle
from muniment.errors import SealError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEYS = ("authority", "transparency", "log", "timestamp")


@dataclass(frozen=True, slots=True)
class LocalDomain:
    """An opened domain. Its keys stay in its folder and in this object."""

    folder: Path
    name: str
    created: datetime
    """Nothing older can be sealed."""
    _authority: CertificateAuthority = field(repr=False)
    _timestamps: TimestampAuthority = field(repr=False)
    _log: Log = field(repr=False)
    _trusted_root: bytes = field(repr=False)

    @property
    def issuer(self) -> str:
        """The issuer that this domain's certificates name unless told otherwise."""
        return f"https://{self.name}.muniment.invalid"

    def trusted_root(self) -> bytes:
        """Return `trusted_root.json` (Sigstore, v0.1): public keys and certificates, nothing private."""
        return self._trusted_root

    def checkpoint(self) -> str:
        """Return the log's newest signed checkpoint."""
        return self._log.head().checkpoint

    def seal(self, statement: bytes, *, identity: Identity, at: datetime) -> bytes:
        """Return a Sigstore bundle v0.3 (JSON) over a statement, with every time in it set to `at`.

        `at` has a zone and is cut to whole seconds. The key is made for this one seal and dropped.
        Raises `SealError` where the statement is not one that is read, names another signer, or is
        dated elsewhere; where `at` lies before the domain's or the log's last entry; and where the
        finished bundle does not verify with sigstore.
        """
        at = _whole(at)
        self._check(statement, identity, at)
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            leaf = self._authority.issue(identity, key.public_key(), at)
        except (ValueError, UnicodeError) as error:
            raise SealError(f"No certificate can name `{identity.name}`: {error}.") from error
        pae = _pre_authentication_encoding(statement)
        signature = key.sign(pae, ec.ECDSA(hashes.SHA256()))
        stamp = self._timestamps.stamp(signature, at)
        body = _entry_body(hashlib.sha256(pae).digest(), signature, leaf)

        def bundle(entry: Entry) -> bytes:
            return _bundle(statement, signature, leaf, stamp, entry, self._log.key_id)

        def accept(entry: Entry) -> None:
            reason = verify_bundle(bundle(entry), Root("local", self._trusted_root))
            if reason:
                raise SealError(f"The finished seal does not verify. {reason}")

        try:
            with self._log.writing():
                return bundle(self._log.append(body, at, accept))
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


def default_folder() -> Path:
    """Return where a user's own domain lies: the platform's user data folder, never a repository."""
    return Path(platformdirs.user_data_dir("muniment", appauthor=False)) / "trust" / "local"


def create_domain(folder: Path, *, name: str, at: datetime) -> LocalDomain:
    """Make a domain in `folder`, which must not exist yet, and return it opened.

    `name` is a short host label and stands in every address of the domain. `at` (with a zone) is
    the earliest time it can seal at. The folder is private to its owner (0700, keys 0600) and, as a
    second line of defence, tells git to ignore it whole. Raises `SealError`.
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
        _write_domain(staging, name, at)
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
        _authority=CertificateAuthority(_ec(keys["authority"]), ca, _ec(keys["transparency"])),
        _timestamps=TimestampAuthority(_ec(keys["timestamp"]), tsa),
        _log=Log(folder / "log", _origin(name), _ed25519(keys["log"])),
        _trusted_root=root,
    )


def _write_domain(folder: Path, name: str, at: datetime) -> None:
    authority = create_authority(name, at)
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
    return _text(certificate.public_bytes(serialization.Encoding.DER))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _pre_authentication_encoding(payload: bytes) -> bytes:
    """Return what DSSE v1 signs: type and payload, each with its length before it."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _entry_body(digest: bytes, signature: bytes, leaf: bytes) -> bytes:
    """Return the log entry of a DSSE envelope: `hashedrekord` v0.0.2 over what DSSE signs."""
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": _text(leaf)}}
    spec = {
        "data": {"algorithm": "SHA2_256", "digest": _text(digest)},
        "signature": {"content": _text(signature), "verifier": verifier},
    }
    # Base64 and ASCII only: sorted keys without spaces are then the form of RFC 8785.
    return canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": spec}})


def _bundle(
    statement: bytes, signature: bytes, leaf: bytes, stamp: bytes, entry: Entry, log_id: bytes
) -> bytes:
    proof: dict[str, Any] = {
        "logIndex": str(entry.index),
        "rootHash": _text(entry.root),
        "treeSize": str(entry.size),
        "hashes": [_text(node) for node in entry.path],
        "checkpoint": {"envelope": entry.checkpoint},
    }
    log_entry = {
        "logIndex": str(entry.index),
        "logId": {"keyId": _text(log_id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": proof,
        "canonicalizedBody": _text(entry.body),
    }
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": _text(leaf)},
            "tlogEntries": [log_entry],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": _text(stamp)}]},
        },
        "dsseEnvelope": {
            "payload": _text(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _text(signature)}],
        },
    }
    return canonical(bundle) + b"\n"
