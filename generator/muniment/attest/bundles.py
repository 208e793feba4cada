"""The outside of a Sigstore bundle: one reading of its JSON, and the statement inside.

Nothing here is cryptography. What parses is well formed, no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.attest.statements import PAYLOAD_TYPE, Statement, parse
from muniment.attest.strict import MAX_BUNDLE, MAX_STATEMENT, Refused, parse_base64, parse_json, require_keys
from muniment.errors import SealError
from muniment.model.dataclass import dataclass

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""What Muniment writes."""
MEDIA_TYPES = frozenset(
    {
        MEDIA_TYPE,
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
    }
)
"""What it reads."""

_BASE64_FIELDS = frozenset(
    {
        "rawBytes",
        "keyId",
        "rootHash",
        "canonicalizedBody",
        "signedTimestamp",
        "signedEntryTimestamp",
        "payload",
        "sig",
    }
)


@dataclass(frozen=True, slots=True)
class Outer:
    """A bundle taken apart, whatever its statement says."""

    fields: Mapping[str, Any]
    """The bundle's JSON."""
    payload: bytes
    """The statement's exact bytes."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A bundle taken apart, its statement parsed."""

    outer: Outer
    statement: Statement


def parse_bundle(data: bytes) -> Envelope:
    """Return the bundle in `data` and its statement, which must be one that Muniment knows; or `Refused`."""
    outer = parse_outer(data)
    return Envelope(outer, parse(outer.payload))


def sealed_statement(data: bytes) -> Statement:
    """Return the statement inside a bundle of our own making; `SealError` where it cannot be read."""
    try:
        return parse_bundle(data).statement
    except Refused as error:
        raise SealError(f"A seal kept for writing cannot be read. {error}") from error


def parse_outer(data: bytes) -> Outer:
    """Return the bundle in `data`; `Refused` where two programs could read it differently."""
    fields = require_keys(
        parse_json(data, "bundle", MAX_BUNDLE),
        "bundle",
        frozenset({"mediaType", "verificationMaterial", "dsseEnvelope"}),
    )
    if not isinstance(fields["mediaType"], str) or fields["mediaType"] not in MEDIA_TYPES:
        raise Refused("The file is not a Sigstore bundle of version 0.1 to 0.3.")
    if not isinstance(fields["verificationMaterial"], dict):
        raise Refused("The bundle's verificationMaterial is not a JSON object.")
    envelope = require_keys(
        fields["dsseEnvelope"], "DSSE envelope", frozenset({"payload", "payloadType", "signatures"})
    )
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise Refused(f"The envelope's payload type is not {PAYLOAD_TYPE}.")
    if not isinstance(envelope["signatures"], list) or len(envelope["signatures"]) != 1:
        raise Refused("The envelope does not hold exactly one signature.")
    require_keys(envelope["signatures"][0], "signature", frozenset({"sig"}), frozenset({"keyid"}))
    if envelope["signatures"][0].get("keyid"):
        raise Refused("The signature names a key id, which nothing authenticates.")
    _check_base64(fields)
    payload = parse_base64(envelope["payload"], "envelope's payload")
    if len(payload) > MAX_STATEMENT:
        raise Refused(f"The statement has more than {MAX_STATEMENT} bytes.")
    return Outer(fields, payload)


def _check_base64(value: Any, name: str = "") -> None:
    """Refuse base64 with stray bits anywhere: libraries drop them silently."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_base64(item, key)
    elif isinstance(value, list):
        for item in value:
            _check_base64(item, "keyId" if name == "hashes" else name)
    elif name in _BASE64_FIELDS:
        parse_base64(value, f"bundle's {name}")
