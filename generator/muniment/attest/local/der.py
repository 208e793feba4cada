"""The few DER encodings (X.690) that a timestamp and a certificate extension need."""

from __future__ import annotations

from datetime import UTC, datetime


def tlv(tag: int, content: bytes) -> bytes:
    """Return tag, definite length and content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*items: bytes) -> bytes:
    """Return a SEQUENCE of encoded items."""
    return tlv(0x30, b"".join(items))


def set_of(*items: bytes) -> bytes:
    """Return a SET OF; DER orders its items by their encodings."""
    return tlv(0x31, b"".join(sorted(items)))


def explicit(number: int, content: bytes) -> bytes:
    """Return `content` under the constructed context tag `[number]`."""
    return tlv(0xA0 | number, content)


def integer(value: int) -> bytes:
    """Return a non-negative INTEGER."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tlv(0x04, content)


def utf8(text: str) -> bytes:
    """Return a UTF8String."""
    return tlv(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def null() -> bytes:
    """Return NULL."""
    return tlv(0x05, b"")


def generalized_time(at: datetime) -> bytes:
    """Return a GeneralizedTime in UTC, whole seconds (RFC 3161, section 2.4.2)."""
    return tlv(0x18, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def _base128(arc: int) -> bytes:
    septets = [arc & 0x7F]
    while arc := arc >> 7:
        septets.append(0x80 | (arc & 0x7F))
    return bytes(reversed(septets))
