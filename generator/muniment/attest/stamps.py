"""Timestamps over files that are no seals (RFC 3161): asked for, and held to an authority's certificate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import rfc3161_client
from cryptography import x509

from muniment.errors import SealError

SHA512 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.3")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a timestamp vouches for."""

    time: datetime
    authority: str
    """Subject of the certificate that it was verified with (RFC 4514)."""


def stamp_query(data: bytes) -> bytes:
    """Return a request (DER) for a timestamp over the SHA-512 of `data`, with the authority's certificate.

    It has no nonce, so that the same data gives the same request: what is stamped is checked, not the asking.
    """
    builder = rfc3161_client.TimestampRequestBuilder(
        data, rfc3161_client.HashAlgorithm.SHA512, nonce=False, cert_req=True
    )
    return builder.build().as_bytes()


def stamped(reply: bytes, data: bytes, certificates: bytes) -> Stamp:
    """Verify a reply over the SHA-512 of `data` with one of the certificates (PEM): authority and above.

    Those that signed themselves are what is trusted; without any of these, all of them are. Raises
    `SealError` where nothing can be read, or the reply does not verify.
    """
    try:
        roots, others = _sorted(certificates)
        answer = rfc3161_client.decode_timestamp_response(_in_order(reply))
        imprint = answer.tst_info.message_imprint
        if imprint.hash_algorithm != SHA512:
            raise SealError(
                "The reply is over another digest than SHA-512.", hint="ask again, with the query"
            )
        if imprint.message != hashlib.sha512(data).digest():
            raise SealError("The reply is for other data.", hint="ask again, with the query of this archive")
        for root in roots:
            if _verifies(answer, data, root, others):
                return Stamp(answer.tst_info.gen_time, root.subject.rfc4514_string())
    except (SealError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # what parses it is written in Rust, and may panic: fail closed
        raise SealError("The reply is no timestamp that can be read.", hint="ask again") from error
    raise SealError(
        "The reply verifies with none of the authority's certificates.", hint="is it this authority's root?"
    )


_SIGNED_DATA = (0x30, 1), (0x30, 1), (0xA0, 0), (0x30, 0)
"""From a reply to its SignedData: tag of the element, and which of the elements below it comes next."""
_CERTIFICATES = 0xA0


def _in_order(reply: bytes) -> bytes:
    """Put the certificates of a reply in the order that DER asks of a set.

    Many authorities, OpenSSL's among them, send them as they have them, and the library refuses that. They
    are not signed: the signature names the one that it is of. What has another form is left to the library.
    """
    start, stop = 0, len(reply)
    for tag, place in _SIGNED_DATA:
        held, start, stop = _element(reply, start, stop)
        if held != tag:
            return reply
        start = _elements(reply, start, stop)[place][0]
    for begin, end in _elements(reply, start, stop):
        tag, inner, _ = _element(reply, begin, end)
        if tag == _CERTIFICATES:
            each = sorted(reply[a:b] for a, b in _elements(reply, inner, end))
            return reply[:inner] + b"".join(each) + reply[end:]
    return reply


def _elements(data: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Where each element between two places begins and ends."""
    out = []
    while start < stop:
        end = _element(data, start, stop)[2]
        out.append((start, end))
        start = end
    return out


def _element(data: bytes, start: int, stop: int) -> tuple[int, int, int]:
    """Tag of an element, where its content begins, and where it ends (X.690, definite lengths)."""
    size, inner = data[start + 1], start + 2
    if size >= 0x80:
        wide = size & 0x7F
        size, inner = int.from_bytes(data[inner : inner + wide], "big"), inner + wide
    if inner + size > stop:
        raise ValueError("an element is longer than what it lies in")
    return data[start], inner, inner + size


def _sorted(certificates: bytes) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Those that are trusted, and those between them and the authority's own."""
    try:
        held = x509.load_pem_x509_certificates(certificates)
        roots = [each for each in held if each.issuer == each.subject] or held
    except ValueError as error:
        raise SealError(
            "The authority's certificates are no PEM file that can be read.", hint="give its root as PEM"
        ) from error
    return roots, [each for each in held if each not in roots]


def _verifies(
    answer: rfc3161_client.TimeStampResponse,
    data: bytes,
    root: x509.Certificate,
    others: list[x509.Certificate],
) -> bool:
    verifier = rfc3161_client.VerifierBuilder(roots=[root], intermediates=list(others)).build()
    try:
        return bool(verifier.verify_message(answer, data))
    except rfc3161_client.VerificationError:
        return False
