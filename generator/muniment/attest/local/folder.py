"""A domain's folder: made whole or not at all, and opened only where nobody else can read its keys."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from muniment.attest.local.authority import (
    CERTIFICATE_AUTHORITY,
    CertificateAuthority,
    authority_name,
    create_authority,
)
from muniment.attest.local.domain import LocalDomain, whole
from muniment.attest.local.log import Log
from muniment.attest.local.root import trusted_root
from muniment.attest.local.storage import PrivateKey, read_key, replace_file, write_key
from muniment.attest.local.timestamp import TimestampAuthority, create_timestamp_authority
from muniment.attest.strict import canonical
from muniment.attest.times import instant, parse_instant
from muniment.errors import SealError
from muniment.model.seal import UNATTENDED

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_KEYS = ("authority", "transparency", "log", "timestamp")


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
    at = whole(at)
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
        unattended=ca.subject == authority_name(_titled(name, unattended=True), CERTIFICATE_AUTHORITY),
        _authority=CertificateAuthority(_ec(keys["authority"]), ca, _ec(keys["transparency"])),
        _timestamps=TimestampAuthority(_ec(keys["timestamp"]), tsa),
        _log=Log(folder / "log", _origin(name), _ed25519(keys["log"])),
        _trusted_root=root,
    )


def _write_domain(folder: Path, name: str, at: datetime, unattended: bool) -> None:
    authority = create_authority(_titled(name, unattended=unattended), at)
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


def _titled(name: str, *, unattended: bool) -> str:
    """Return what the authority is called: its certificates say what they are worth, whatever a file says."""
    return f"{name} {UNATTENDED}" if unattended else name


def _origin(name: str) -> str:
    return f"log.{name}.muniment.invalid"


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
