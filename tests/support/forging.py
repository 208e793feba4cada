"""An operator who keeps no rules: signs any payload, for anybody, at any time, with sound cryptography.

What it makes are bundles that sigstore's own verifier accepts, so that a refusal is ours. It assembles
them itself, from the parts that a local domain is made of.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

from muniment.attest.local.authority import CertificateAuthority, Identity, create_authority
from muniment.attest.local.log import Entry, Log
from muniment.attest.local.root import trusted_root
from muniment.attest.local.timestamp import TimestampAuthority, create_timestamp_authority
from muniment.attest.verifier import Root

INTOTO = "application/vnd.in-toto+json"


@dataclass
class Operator:
    """Every key of a domain in one hand."""

    name: str
    authority: CertificateAuthority
    timestamps: TimestampAuthority
    log: Log
    root_bytes: bytes

    @property
    def issuer(self) -> str:
        return f"https://{self.name}.muniment.invalid"

    @property
    def root(self) -> Root:
        return Root("local", self.root_bytes)

    def sign(
        self,
        payload: bytes,
        who: str,
        when: datetime,
        *,
        payload_type: str = INTOTO,
        issuer: str | None = None,
        stamped: Sequence[datetime] | None = None,
    ) -> bytes:
        """Return a bundle over any bytes; `stamped` are the times of its timestamps (default: `when`)."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.authority.issue(Identity(who, issuer or self.issuer), key.public_key(), when)
        kind = payload_type.encode()
        pae = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        signature = key.sign(pae, ec.ECDSA(hashes.SHA256()))
        times = (when,) if stamped is None else stamped
        stamps = [{"signedTimestamp": _text(self.timestamps.stamp(signature, at))} for at in times]
        with self.log.writing():
            # The log takes entries in any order of time here: each is dated like the one before it.
            entry = self.log.append(_body(pae, signature, leaf), self.log.head().time, lambda _: None)
        bundle = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(leaf)},
                "tlogEntries": [_entry(entry, self.log.key_id)],
                "timestampVerificationData": {"rfc3161Timestamps": stamps},
            },
            "dsseEnvelope": {
                "payload": _text(payload),
                "payloadType": payload_type,
                "signatures": [{"sig": _text(signature)}],
            },
        }
        return json.dumps(bundle, sort_keys=True).encode() + b"\n"


def make_operator(folder: Path, at: datetime, name: str = "rogue") -> Operator:
    """Return an operator whose log lies in `folder` and whose keys are valid from `at`."""
    authority = create_authority(name, at)
    timestamps, tsa_root = create_timestamp_authority(name, at)
    folder.mkdir(parents=True)
    log = Log(folder / "log", f"log.{name}.muniment.invalid", ed25519.Ed25519PrivateKey.generate())
    log.create(at)
    chain: tuple[x509.Certificate, x509.Certificate] = (timestamps.certificate, tsa_root)
    return Operator(name, authority, timestamps, log, trusted_root(name, authority, chain, log))


def library_accepts(bundle: bytes, root: bytes, folder: Path, who: str, issuer: str) -> tuple[str, bytes]:
    """Return payload type and payload as sigstore alone verifies them; it raises where it refuses."""
    path = folder / "library-root.json"
    path.write_bytes(root)
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(path)))
    return verifier.verify_dsse(Bundle.from_json(bundle), policy.Identity(identity=who, issuer=issuer))


def _body(pae: bytes, signature: bytes, leaf: bytes) -> bytes:
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": _text(leaf)}}
    spec = {
        "data": {"algorithm": "SHA2_256", "digest": _text(hashlib.sha256(pae).digest())},
        "signature": {"content": _text(signature), "verifier": verifier},
    }
    entry = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": spec}}
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


def _entry(entry: Entry, log_id: bytes) -> dict[str, Any]:
    return {
        "logIndex": str(entry.index),
        "logId": {"keyId": _text(log_id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": {
            "logIndex": str(entry.index),
            "rootHash": _text(entry.root),
            "treeSize": str(entry.size),
            "hashes": [_text(node) for node in entry.path],
            "checkpoint": {"envelope": entry.checkpoint},
        },
        "canonicalizedBody": _text(entry.body),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
