"""Who may sign in a local domain, and with which key: a register that stands in the domain's own log.

Each enrolment, replacement and revocation is a leaf of the Merkle tree, between the seals, so nobody
takes one back without the log showing it. A key's holder proves that they hold it by signing the notice.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from muniment.attest.local.people import PersonKey
from muniment.attest.strict import MAX_STATEMENT, Refused, canonical, parse_base64, parse_json, require_keys
from muniment.attest.times import parse_instant
from muniment.errors import SealError

PREFIX = b'{"enrolment":'
"""How the leaf of a notice begins; that of a seal begins with its `apiVersion`."""

Act = Literal["enrolled", "replaced", "revoked"]
_LONGEST = 1000
"""Characters of any field."""
_FIELDS = frozenset({"act", "at", "fingerprint", "identity", "key", "person", "reason"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One line of the register."""

    act: Act
    """`replaced` names the new key; the one before it counts no longer."""
    identity: str
    """E-mail address or URI, as certificates name it."""
    person: str
    """Id on the roster."""
    fingerprint: str
    """SHA-256 of the public key, in hexadecimal."""
    at: str
    """RFC 3339 instant in UTC; as self-asserted as every time of the domain."""
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape of a notice in outputs."""
        return {
            "act": self.act,
            "at": self.at,
            "fingerprint": self.fingerprint,
            "identity": self.identity,
            "person": self.person,
            "reason": self.reason,
        }


def enrolment(key: PersonKey, act: Act, *, identity: str, person: str, at: str, reason: str = "") -> bytes:
    """Return the leaf that enrols a key, signed with it."""
    fields = _fields(
        act, identity, person, key.fingerprint, base64.b64encode(key.public).decode(), at, reason
    )
    proof = base64.b64encode(key.sign(canonical(fields))).decode()
    return _checked({**fields, "proof": proof})


def revocation(notice: Notice, *, at: str, reason: str) -> bytes:
    """Return the leaf that ends an enrolment. The key may be lost, so its holder does not sign."""
    return _checked(_fields("revoked", notice.identity, notice.person, notice.fingerprint, "", at, reason))


def parse_register(leaves: Iterable[bytes]) -> tuple[Notice, ...]:
    """Return the notices in the order of the log; `SealError` where one does not hold."""
    try:
        return tuple(_parse(leaf) for leaf in leaves)
    except Refused as error:
        raise SealError(
            f"The enrolment register of the local domain does not hold. {error}",
            hint="restore the domain's folder from a backup",
        ) from error


def enrolled(register: Iterable[Notice]) -> Mapping[str, Notice]:
    """Return the newest notice of each identity; a revoked one stays, so that a message can say so."""
    return {notice.identity: notice for notice in register}


def require_enrolled(register: Iterable[Notice], identity: str) -> Notice:
    """Return the notice of the key that `identity` signs with now; `SealError` where there is none."""
    notice = enrolled(register).get(identity)
    if notice is None:
        raise SealError(
            f"{identity} is not enrolled in this local domain.", hint="run `muniment trust enrol PERSON`"
        )
    if notice.act == "revoked":
        raise SealError(
            f"The key of {identity} was revoked at {notice.at}.",
            hint="a new key is enrolled with `muniment trust enrol PERSON --replace`",
        )
    return notice


def require_key(notice: Notice, key: PersonKey) -> None:
    """Refuse a certificate for another key than the one enrolled; `SealError`."""
    if notice.fingerprint != key.fingerprint:
        raise SealError(
            f"This key is not the one enrolled for {notice.identity} at {notice.at}.",
            hint="sign with the enrolled key, or enrol this person anew with --replace",
        )


def _fields(
    act: Act, identity: str, person: str, fingerprint: str, key: str, at: str, reason: str
) -> dict[str, str]:
    return {
        "act": act,
        "at": at,
        "fingerprint": fingerprint,
        "identity": identity,
        "key": key,
        "person": person,
        "reason": reason,
    }


def _checked(fields: Mapping[str, str]) -> bytes:
    """Return the leaf of a notice once it reads back: what enters the log is there for ever."""
    leaf = canonical({"enrolment": fields})
    try:
        _parse(leaf)
    except Refused as error:
        raise SealError(f"This cannot be entered in the register. {error}") from error
    return leaf


def _parse(leaf: bytes) -> Notice:
    outer = require_keys(parse_json(leaf, "notice", MAX_STATEMENT), "notice", frozenset({"enrolment"}))
    fields = require_keys(outer["enrolment"], "notice", _FIELDS, frozenset({"proof"}))
    if not all(isinstance(value, str) for value in fields.values()) or fields["act"] not in get_args(Act):
        raise Refused("A notice has a field that is not text, or an unknown act.")
    if any(len(text) > _LONGEST or not text.isprintable() for text in fields.values()):
        raise Refused(f"A notice holds text of more than {_LONGEST} characters, or that does not print.")
    parse_instant(fields["at"], "notice's time")
    if fields["act"] != "revoked":
        _check_possession(fields)
    return Notice(
        fields["act"],
        fields["identity"],
        fields["person"],
        fields["fingerprint"],
        fields["at"],
        fields["reason"],
    )


def _check_possession(fields: Mapping[str, str]) -> None:
    signed = canonical({name: value for name, value in fields.items() if name != "proof"})
    try:
        key = serialization.load_der_public_key(parse_base64(fields["key"], "notice's key"))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError
        key.verify(parse_base64(fields.get("proof"), "notice's proof"), signed, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise Refused(f"The notice of {fields['at']} is not signed with the key it enrols.") from error
