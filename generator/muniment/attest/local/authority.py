"""A certificate authority and its transparency key: short-lived certificates in Fulcio's profile."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from muniment.attest.local import der

VALIDITY = timedelta(days=40 * 365)
"""How long a domain's authorities live: longer than anyone must keep a release's records."""
LEAF_VALIDITY = timedelta(minutes=10)
CERTIFICATE_AUTHORITY = "certificate authority"
"""Common name of the part of a domain that issues certificates."""

# Fulcio's certificate extensions and the SCT list of RFC 6962, section 3.3.
_ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate names."""

    name: str
    """E-mail address, or a URI for a service."""
    issuer: str
    """Who vouched for it; in a local domain always an address under `.invalid`."""

    @property
    def is_uri(self) -> bool:
        """Whether the name is a URI rather than an e-mail address."""
        return "://" in self.name


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """Issues code-signing certificates of ten minutes, each with a signed certificate timestamp."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    ct_key: ec.EllipticCurvePrivateKey

    def issue(self, identity: Identity, public_key: ec.EllipticCurvePublicKey, at: datetime) -> bytes:
        """Return a certificate (DER) for `public_key`, valid for ten minutes from `at`.

        The transparency key signs the certificate as it is without its SCT list (RFC 6962, section
        3.2); the list is then added and the certificate signed again.
        """
        builder = self._builder(identity, public_key, at)
        bare = builder.sign(self.key, hashes.SHA256())
        sct = self._certificate_timestamp(bare.tbs_certificate_bytes, at)
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        extension = x509.UnrecognizedExtension(_SCT_LIST, der.octets(listed))
        full = builder.add_extension(extension, critical=False).sign(self.key, hashes.SHA256())
        return full.public_bytes(serialization.Encoding.DER)

    def _builder(
        self, identity: Identity, public_key: ec.EllipticCurvePublicKey, at: datetime
    ) -> x509.CertificateBuilder:
        name: x509.GeneralName = (
            x509.UniformResourceIdentifier(identity.name)
            if identity.is_uri
            else x509.RFC822Name(identity.name)
        )
        issuer = identity.issuer
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at)
            .not_valid_after(at + LEAF_VALIDITY)
            .add_extension(key_usage(signature=True, certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V1, issuer.encode()), critical=False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V2, der.utf8(issuer)), critical=False)
        )

    def _certificate_timestamp(self, tbs: bytes, at: datetime) -> bytes:
        milliseconds = int(at.timestamp()) * 1000
        issuer = hashlib.sha256(spki(self.key.public_key())).digest()
        signed = (
            struct.pack("!BBQH", 0, 0, milliseconds, 1)  # v1, certificate_timestamp, time, precert_entry
            + issuer
            + len(tbs).to_bytes(3, "big")
            + tbs
            + struct.pack("!H", 0)  # no extensions
        )
        signature = self.ct_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        log_id = hashlib.sha256(spki(self.ct_key.public_key())).digest()
        head = struct.pack("!B32sQH", 0, log_id, milliseconds, 0)
        return head + struct.pack("!BBH", 4, 3, len(signature)) + signature  # sha256, ecdsa


def create_authority(domain: str, at: datetime) -> CertificateAuthority:
    """Return a new authority with fresh P-256 keys, valid from `at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = self_signed(key, authority_name(domain, CERTIFICATE_AUTHORITY), at)
    return CertificateAuthority(key, certificate, ec.generate_private_key(ec.SECP256R1()))


def self_signed(key: ec.EllipticCurvePrivateKey, name: x509.Name, at: datetime) -> x509.Certificate:
    """Return a root certificate for `key`, valid from `at` for `VALIDITY`."""
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signature=False, certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def authority_name(domain: str, part: str) -> x509.Name:
    """Return the distinguished name of one part of a domain."""
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, f"Muniment local domain {domain}"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, part),
        ]
    )


def spki(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a key."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_usage(*, signature: bool, certificates: bool) -> x509.KeyUsage:
    """Return a key usage that allows signatures over data, or over certificates, or both."""
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
