"""What the parts of a seal look like as bytes: the log entry's body, and the bundle around it all."""

from __future__ import annotations

import base64
from typing import Any

from muniment.attest.bundles import MEDIA_TYPE
from muniment.attest.local.log import Entry
from muniment.attest.statements import PAYLOAD_TYPE
from muniment.attest.strict import canonical


def pre_authentication_encoding(payload: bytes) -> bytes:
    """Return what DSSE v1 signs: type and payload, each with its length before it."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def entry_body(digest: bytes, signature: bytes, leaf: bytes) -> bytes:
    """Return the log entry of a DSSE envelope: `hashedrekord` v0.0.2 over what DSSE signs."""
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": _text(leaf)}}
    spec = {
        "data": {"algorithm": "SHA2_256", "digest": _text(digest)},
        "signature": {"content": _text(signature), "verifier": verifier},
    }
    # Base64 and ASCII only: sorted keys without spaces are then the form of RFC 8785.
    return canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": spec}})


def log_entry(entry: Entry, log_id: bytes) -> dict[str, Any]:
    """Return a `TransparencyLogEntry` as JSON fields."""
    proof = {
        "logIndex": str(entry.index),
        "rootHash": _text(entry.root),
        "treeSize": str(entry.size),
        "hashes": [_text(node) for node in entry.path],
        "checkpoint": {"envelope": entry.checkpoint},
    }
    return {
        "logIndex": str(entry.index),
        "logId": {"keyId": _text(log_id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": proof,
        "canonicalizedBody": _text(entry.body),
    }


def bundle(
    statement: bytes, signature: bytes, leaf: bytes, stamp: bytes, entry: Entry, log_id: bytes
) -> bytes:
    """Return a Sigstore bundle v0.3 (JSON)."""
    fields = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": _text(leaf)},
            "tlogEntries": [log_entry(entry, log_id)],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": _text(stamp)}]},
        },
        "dsseEnvelope": {
            "payload": _text(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": _text(signature)}],
        },
    }
    return canonical(fields) + b"\n"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
