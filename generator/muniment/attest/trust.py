"""A trusted root, with what the library does not check about it kept at hand.

sigstore's `Verifier` checks signatures, chains and proofs, but not whether a key's own period of
validity covered the time of a seal, nor which log a bundle claims. Those facts are taken from the
same bytes, parsed once and strictly.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from muniment.attest.strict import Refused, parse_base64, parse_json
from muniment.attest.times import parse_rfc3339
from muniment.model.seal import Domain

MAX_ROOT = 1 << 20
"""Bytes of a trusted root. The public-good instance's has about 7 kB."""
PUBLIC_AUTHORITIES = frozenset(
    {
        "03a38ffb1f450100c2596d1d10b900ac4d504058006dda58199576bbeb9c73d0",  # to the end of 2022
        "3ba7b6cc4e95469d4d334b49cb257ad8537076fa84b0ca87ff4ecfe6a54680c1",  # to 2031
    }
)
"""SHA-256 of the root certificates of the public Sigstore's authority.

Its other keys are rotated, these have stayed. Nobody else can issue a certificate below them, so a root
that calls itself public and has another authority in it was made, or merged, by somebody else.
"""


@dataclass(frozen=True, slots=True)
class Root:
    """A trusted root given to the verifier, and what its domain is called."""

    domain: Domain
    trusted_root: bytes
    """The bytes of a `trusted_root.json`. Never two instances merged into one."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a key was valid; both ends belong to it."""

    start: datetime | None
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        """Whether the key was valid at an instant."""
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class Authority:
    """An issuer of certificates or timestamps: its chain from the signer up, and its window."""

    chain: tuple[x509.Certificate, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Trust:
    """One domain, ready to verify."""

    domain: Domain
    verifier: Verifier
    logs: Mapping[bytes, Window]
    """Log id to the window of the log's key."""
    transparency_logs: Mapping[bytes, Window]
    authorities: tuple[Authority, ...]
    timestamp_authorities: tuple[tuple[rfc3161_client.Verifier, Window], ...]


def open_trust(root: Root) -> Trust:
    """Return the domain of a root; `Refused` where its bytes are no trusted root."""
    fields = parse_json(root.trusted_root, "trusted root", MAX_ROOT)
    try:
        authorities = _authorities(fields["certificateAuthorities"])
        if root.domain == "public":
            _check_public(authorities)
        return Trust(
            domain=root.domain,
            verifier=Verifier(trusted_root=_library_root(root.trusted_root)),
            logs=_logs(fields["tlogs"]),
            transparency_logs=_logs(fields["ctlogs"]),
            authorities=authorities,
            timestamp_authorities=tuple(
                (_timestamp_verifier(authority.chain), authority.window)
                for authority in _authorities(fields.get("timestampAuthorities", []))
                if len(authority.chain) > 1
            ),
        )
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # libraries trip over a malformed root; a panic in Rust is no `Exception`
        raise Refused(
            f"The trusted root of the {root.domain} domain cannot be read ({type(error).__name__})."
        ) from error


def _check_public(authorities: Sequence[Authority]) -> None:
    """Refuse a root that calls itself public and trusts anybody besides the public Sigstore."""
    for authority in authorities:
        if authority.chain[-1].fingerprint(hashes.SHA256()).hex() not in PUBLIC_AUTHORITIES:
            raise Refused(
                "The trusted root given for the public domain names an authority that is not the public"
                " Sigstore's; give each domain its own root, under its own name."
            )


def _library_root(data: bytes) -> TrustedRoot:
    """The library's public way in is a file."""
    with tempfile.TemporaryDirectory(prefix="muniment-") as folder:
        path = Path(folder) / "trusted_root.json"
        path.write_bytes(data)
        return TrustedRoot.from_file(str(path))


def _logs(entries: Sequence[Mapping[str, Any]]) -> dict[bytes, Window]:
    return {
        parse_base64(entry["logId"]["keyId"], "trusted root's log id"): _window(
            entry["publicKey"].get("validFor")
        )
        for entry in entries
    }


def _authorities(entries: Sequence[Mapping[str, Any]]) -> tuple[Authority, ...]:
    return tuple(
        Authority(
            tuple(_certificate(item["rawBytes"]) for item in entry["certChain"]["certificates"]),
            _window(entry.get("validFor")),
        )
        for entry in entries
    )


def _certificate(text: str) -> x509.Certificate:
    """Return a certificate whose names and extensions can be read.

    They are parsed when they are asked for; a library in Rust that is given one that cannot be read panics.
    """
    certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
    _ = (certificate.subject, certificate.issuer, list(certificate.extensions))
    return certificate


def _timestamp_verifier(chain: tuple[x509.Certificate, ...]) -> rfc3161_client.Verifier:
    builder = rfc3161_client.VerifierBuilder(
        tsa_certificate=chain[0], intermediates=list(chain[1:-1]), roots=[chain[-1]]
    )
    return builder.build()


def _window(value: Mapping[str, Any] | None) -> Window:
    if value is None:
        return Window(None, None)
    start, end = value.get("start"), value.get("end")
    return Window(
        None if start is None else parse_rfc3339(start, "trusted root's validity"),
        None if end is None else parse_rfc3339(end, "trusted root's validity"),
    )
