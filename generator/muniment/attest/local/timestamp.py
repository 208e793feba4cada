"""A time-stamping authority (RFC 3161) that stamps the time it is given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from muniment.attest.local import der
from muniment.attest.local.authority import VALIDITY, authority_name, key_usage, self_signed

_SHA256 = "2.16.840.1.101.3.4.2.1"
_SHA512 = "2.16.840.1.101.3.4.2.3"
_DIGESTS = {32: _SHA256, 64: _SHA512}
"""Bytes of a digest to its algorithm."""
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_POLICY = "2.25.1297436233"
"""Our policy, under the arc that needs no registration (ITU-T X.667): the time is self-asserted."""


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """The signing half of the authority; its root's key is thrown away once it has signed this one."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def stamp(self, message: bytes, at: datetime) -> bytes:
        """Return a TimeStampResp (DER) over the SHA-256 of `message`, dated `at`."""
        return self.stamp_digest(hashlib.sha256(message).digest(), at)

    def stamp_digest(self, digest: bytes, at: datetime, nonce: int | None = None) -> bytes:
        """Return a TimeStampResp (DER) over a SHA-256 or SHA-512 digest, with the asker's nonce, if any.

        The form is CMS SignedData over TSTInfo with the attributes RFC 5816 asks for. The signature itself
        is over SHA-256, as the authority's key is.
        """
        info = self._info(digest, at, nonce)
        attributes = self._attributes(info, at)
        # What is signed is the SET OF attributes; what is sent carries the implicit tag [0] instead.
        signature = self.key.sign(der.set_of(*attributes), ec.ECDSA(hashes.SHA256()))
        certificate = self.certificate.public_bytes(serialization.Encoding.DER)
        signer = der.sequence(
            der.integer(1),
            der.sequence(self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number)),
            _digest_algorithm(),
            der.explicit(0, b"".join(sorted(attributes))),
            der.sequence(der.oid(_ECDSA_SHA256)),
            der.octets(signature),
        )
        signed_data = der.sequence(
            der.integer(3),
            der.set_of(_digest_algorithm()),
            der.sequence(der.oid(_TST_INFO), der.explicit(0, der.octets(info))),
            der.explicit(0, certificate),
            der.set_of(signer),
        )
        token = der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed_data))
        granted = der.sequence(der.integer(0))
        return der.sequence(granted, token)

    def _info(self, digest: bytes, at: datetime, nonce: int | None) -> bytes:
        return der.sequence(
            der.integer(1),
            der.oid(_POLICY),
            der.sequence(_digest_algorithm(_DIGESTS[len(digest)]), der.octets(digest)),
            der.integer(x509.random_serial_number()),
            der.generalized_time(at),
            *(() if nonce is None else (der.integer(nonce),)),
        )

    def _attributes(self, info: bytes, at: datetime) -> tuple[bytes, ...]:
        fingerprint = self.certificate.fingerprint(hashes.SHA256())
        certificates = der.sequence(der.sequence(der.sequence(der.octets(fingerprint))))
        return (
            _attribute(_CONTENT_TYPE, der.oid(_TST_INFO)),
            _attribute(_SIGNING_TIME, _time(at)),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
            _attribute(_SIGNING_CERTIFICATE_V2, certificates),
        )


def create_timestamp_authority(domain: str, at: datetime) -> tuple[TimestampAuthority, x509.Certificate]:
    """Return an authority valid from `at`, and the root certificate that vouches for it."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = self_signed(root_key, authority_name(domain, "time-stamping root"), at)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(authority_name(domain, "time-stamping authority"))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + VALIDITY - timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signature=True, certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    return TimestampAuthority(key, certificate), root


def _digest_algorithm(identifier: str = _SHA256) -> bytes:
    return der.sequence(der.oid(identifier))


def _attribute(identifier: str, value: bytes) -> bytes:
    return der.sequence(der.oid(identifier), der.set_of(value))


def _time(at: datetime) -> bytes:
    """CMS writes years up to 2049 as UTCTime (RFC 5652, section 11.3)."""
    if at.year < 2050:
        return der.tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())
    return der.generalized_time(at)
