"""A log's checkpoint: a signed note (C2SP) over its origin, its size and its root."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from muniment.attest.strict import Refused, parse_base64

MAX_CHECKPOINT = 4096
"""Bytes of a checkpoint file."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log once said of itself."""

    origin: str
    size: int
    root: bytes


def signed_checkpoint(point: Checkpoint, key: ed25519.Ed25519PrivateKey, key_id: bytes) -> str:
    """Return the note: text, blank line, signature line."""
    text = _text(point)
    signature = base64.b64encode(key_id[:4] + key.sign(text.encode())).decode()
    return f"{text}\n— {point.origin} {signature}\n"


def parse_checkpoint(note: str, key: ed25519.Ed25519PublicKey, key_id: bytes) -> Checkpoint:
    """Return the checkpoint in a note; `Refused` unless this key signed exactly this text."""
    lines = note.split("\n")
    try:
        origin, size, root, blank, signature, end = lines
        point = Checkpoint(origin, int(size), parse_base64(root, "checkpoint's root"))
    except ValueError as error:
        raise Refused("The file is no checkpoint of a log.") from error
    prefix = f"— {origin} "
    if (blank, end) != ("", "") or not signature.startswith(prefix) or f"{point.size}" != size:
        raise Refused("The file is no checkpoint of a log.")
    signed = parse_base64(signature.removeprefix(prefix), "checkpoint's signature")
    try:
        if signed[:4] != key_id[:4]:
            raise InvalidSignature
        key.verify(signed[4:], _text(point).encode())
    except InvalidSignature as error:
        raise Refused("The checkpoint was not signed by this log.") from error
    return point


def _text(point: Checkpoint) -> str:
    return f"{point.origin}\n{point.size}\n{base64.b64encode(point.root).decode()}\n"
