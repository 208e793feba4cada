"""A person's own signing key: ES256, on disk only under a passphrase.

The file is PKCS#8, encrypted by PBES2 (RFC 8018) with PBKDF2-HMAC-SHA256 and AES-256-CBC, so `openssl`
reads it as well. It is written here rather than by the library, whose 2,048 rounds are too few for a
passphrase that a person can remember.
"""

from __future__ import annotations

import base64
import hashlib
import os
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from muniment.attest.local import der
from muniment.attest.local.authority import spki
from muniment.attest.local.storage import private_bytes, replace_file
from muniment.errors import SealError

ROUNDS = 600_000
"""Of PBKDF2-HMAC-SHA256: about 0.2 s on one core of 2024."""
MIN_PASSPHRASE = 12
"""Characters."""
MAX_KEY_FILE = 16 << 10

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_LABEL = "ENCRYPTED PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A key in memory. It shows its fingerprint and nothing else."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return spki(self.private.public_key())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key (DER SubjectPublicKeyInfo), in hexadecimal."""
        return hashlib.sha256(self.public).hexdigest()

    def sign(self, message: bytes) -> bytes:
        """Return an ES256 signature (DER)."""
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


def new_person_key() -> PersonKey:
    """Return a fresh P-256 key."""
    return PersonKey(ec.generate_private_key(ec.SECP256R1()))


def write_person_key(path: Path, key: PersonKey, passphrase: str) -> None:
    """Write a key under a passphrase, readable by its owner alone (0600).

    Raises `SealError` for a passphrase of less than `MIN_PASSPHRASE` characters.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise SealError(
            f"The passphrase is shorter than {MIN_PASSPHRASE} characters.",
            hint="several words are easy to remember and hard to guess",
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, _encrypted(key, passphrase))
    except OSError as error:
        raise SealError(f"The key file {path.name} cannot be written: {error.strerror}.") from error


def read_person_key(path: Path, passphrase: str) -> PersonKey:
    """Return the key in a file; `SealError` where it is missing, open to others, bare, or not opened."""
    data = private_bytes(path, f"key file {path.name}", MAX_KEY_FILE)
    if f"BEGIN {_LABEL}".encode() not in data:
        raise SealError(
            f"The key file {path.name} holds no passphrase-encrypted key.",
            hint="`muniment trust enrol PERSON --replace` makes one",
        )
    try:
        key = serialization.load_pem_private_key(data, passphrase.encode())
    except Exception as error:  # the library tells a wrong passphrase from damage in several ways
        raise SealError(
            f"The key file {path.name} does not open with this passphrase.",
            hint="try again; a lost passphrase needs a new key: `muniment trust enrol PERSON --replace`",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SealError(f"The key file {path.name} holds a key of another kind than P-256.")
    return PersonKey(key)


def read_secret(path: Path) -> str:
    """Return the first line of a file that only its owner may read: a passphrase, or an identity token."""
    line = private_bytes(path, f"file {path.name}", MAX_KEY_FILE).partition(b"\n")[0].rstrip(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise SealError(f"The first line of the file {path.name} is not UTF-8 text.") from error


def _encrypted(key: PersonKey, passphrase: str) -> bytes:
    """Return EncryptedPrivateKeyInfo (RFC 5958) as PEM (RFC 7468)."""
    clear = key.private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, vector = os.urandom(16), os.urandom(16)
    secret = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase.encode())
    padder = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    sealed = cipher.update(padder.update(clear) + padder.finalize()) + cipher.finalize()
    function = der.sequence(
        der.oid(_PBKDF2),
        der.sequence(der.octets(salt), der.integer(ROUNDS), der.sequence(der.oid(_HMAC_SHA256), der.null())),
    )
    scheme = der.sequence(der.oid(_AES_256_CBC), der.octets(vector))
    algorithm = der.sequence(der.oid(_PBES2), der.sequence(function, scheme))
    body = base64.b64encode(der.sequence(algorithm, der.octets(sealed))).decode()
    lines = "\n".join(textwrap.wrap(body, 64))
    return f"-----BEGIN {_LABEL}-----\n{lines}\n-----END {_LABEL}-----\n".encode()
