"""The public half of a domain, in Sigstore's own format."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from muniment.attest.local.authority import CertificateAuthority, spki
from muniment.attest.local.log import Log


def trusted_root(
    name: str,
    authority: CertificateAuthority,
    timestamp_chain: tuple[x509.Certificate, x509.Certificate],
    log: Log,
) -> bytes:
    """Return `trusted_root.json` v0.1: CA, transparency key, log key, time-stamping chain (signer, root).

    Every key is valid as long as the certificate authority is.
    """
    window = _window(authority.certificate)
    ct_key = spki(authority.ct_key.public_key())
    log_key = log.public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    root = {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [_log(f"https://{log.origin}", log_key, "PKIX_ED25519", log.key_id, window)],
        "certificateAuthorities": [
            _authority(name, f"https://ca.{name}.muniment.invalid", (authority.certificate,))
        ],
        "ctlogs": [
            _log(
                f"https://ct.{name}.muniment.invalid",
                ct_key,
                "PKIX_ECDSA_P256_SHA_256",
                hashlib.sha256(ct_key).digest(),
                window,
            )
        ],
        "timestampAuthorities": [_authority(name, f"https://tsa.{name}.muniment.invalid", timestamp_chain)],
    }
    return (json.dumps(root, indent=2, sort_keys=True) + "\n").encode()


def _window(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "start": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _log(url: str, key: bytes, details: str, key_id: bytes, window: dict[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _text(key), "keyDetails": details, "validFor": window},
        "logId": {"keyId": _text(key_id)},
    }


def _authority(name: str, uri: str, chain: tuple[x509.Certificate, ...]) -> dict[str, Any]:
    certificates = [
        {"rawBytes": _text(certificate.public_bytes(serialization.Encoding.DER))} for certificate in chain
    ]
    return {
        "subject": {"organization": f"Muniment local domain {name}", "commonName": name},
        "uri": uri,
        "certChain": {"certificates": certificates},
        "validFor": _window(chain[0]),
    }
