"""Seals verified, offline, with sigstore's own `Verifier` and what it leaves to its callers.

What this adds to the library: one reading of the JSON, payload and predicate types, the subjects'
bytes, the verified time, validity windows of every key, and order within a log. Identity, issuer,
time and log index of a verified seal come from what was verified, never from the statement. Every
failure ends in one sentence; nothing a bundle holds raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import rfc3161_client
from cryptography import x509
from sigstore.models import Bundle
from sigstore.verify import policy

from muniment.attest.bundles import Envelope, Outer, parse_bundle, parse_outer
from muniment.attest.reader import failed, find
from muniment.attest.statements import PAYLOAD_TYPE
from muniment.attest.strict import MAX_STATEMENT, Refused, parse_base64, parse_json
from muniment.attest.times import instant, parse_instant
from muniment.attest.trust import MAX_ROOT, Root, Trust, open_trust
from muniment.errors import MunimentError
from muniment.model.evidence import Files
from muniment.model.seal import Domain, Seal
from muniment.model.tree import frozen

__all__ = ["MAX_ROOT", "Examination", "Proof", "Root", "examine", "verify", "verify_bundle", "vouched"]

MAX_SKEW = timedelta(hours=1)
"""How far the statement's own `signed_at` may lie from the verified time."""
ORDER_TOLERANCE: Mapping[Domain, timedelta] = {
    "local": timedelta(0),
    "private": timedelta(minutes=10),
    "public": timedelta(minutes=10),
}
"""A remote log takes entries of many clients, whose timestamps are a certificate's lifetime old at most."""

_ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a trusted root vouches for about one bundle."""

    domain: Domain
    identity: str
    issuer: str
    authority: str
    """Distinguished name of who issued the certificate, as the trusted root has it."""
    time: datetime
    time_source: Literal["rfc3161", "rekor"]
    log: bytes
    log_index: int
    body: bytes
    """The entry's canonical body: two entries at one index must not differ in it."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What became of one bundle, its predicate aside."""

    proof: Proof | None
    """`None` where it does not verify."""
    payload: bytes
    """The verified statement's exact bytes; empty where it does not verify."""
    predicate_type: str
    """As the statement names it: a claim of its signer, not checked."""
    reason: str
    """Why it does not verify, in one sentence; empty otherwise."""


def verify(files: Files, roots: Sequence[Root]) -> tuple[Seal, ...]:
    """Return every seal below `seals/`, sorted by path, each `verified` or `failed` with a reason.

    `roots` are tried one by one, never merged; the one that verifies decides the domain. Opens no
    socket. Raises nothing for what a bundle or a root holds.
    """
    trusts, broken = _open(roots)
    seals: list[Seal] = []
    verified: dict[int, Proof] = {}
    for number, found in enumerate(find(files)):
        seals.append(found.seal)
        if found.envelope is None or found.seal.outcome == "failed":
            continue
        try:
            proof = _verify(found.data, found.envelope.outer, trusts, broken)
            _check_words(found.envelope, proof)
            _check_subjects(files, found.seal.subjects)
        except Refused as error:
            seals[number] = failed(found.seal, str(error))
            continue
        verified[number] = proof
        seals[number] = _verified_seal(found.seal, proof)
    for number, reason in _disorder(verified).items():
        seals[number] = failed(seals[number], reason)
    return tuple(seals)


def verify_bundle(data: bytes, root: Root) -> str:
    """Return why a bundle does not verify against a root, or nothing where it does.

    Its subjects' bytes are not looked at: `verify` does that, with the files at hand.
    """
    trusts, broken = _open((root,))
    try:
        envelope = parse_bundle(data)
        _check_words(envelope, _verify(data, envelope.outer, trusts, broken))
    except Refused as error:
        return str(error)
    return ""


def vouched(data: bytes, roots: Sequence[Root]) -> tuple[Envelope, Proof]:
    """Return a bundle taken apart, and what the root that knows its log vouches for; `Refused` says why not.

    Its subjects' bytes are not looked at.
    """
    trusts, broken = _open(roots)
    envelope = parse_bundle(data)
    proof = _verify(data, envelope.outer, trusts, broken)
    _check_words(envelope, proof)
    return envelope, proof


def examine(data: bytes, roots: Sequence[Root]) -> Examination:
    """Verify a bundle over any in-toto statement, such as another program's, and say what verified.

    What the statement means, and whether its subjects are the files at hand, is left to the caller.
    """
    trusts, broken = _open(roots)
    try:
        outer = parse_outer(data)
        proof = _verify(data, outer, trusts, broken)
        statement = parse_json(outer.payload, "statement", MAX_STATEMENT)
    except Refused as error:
        return Examination(None, b"", "", str(error))
    return Examination(proof, outer.payload, str(statement.get("predicateType", "")), "")


def _open(roots: Sequence[Root]) -> tuple[tuple[Trust, ...], tuple[str, ...]]:
    trusts: list[Trust] = []
    broken: list[str] = []
    for root in roots:
        try:
            trusts.append(open_trust(root))
        except Refused as error:
            broken.append(str(error))
    return tuple(trusts), tuple(broken)


def _verify(data: bytes, envelope: Outer, trusts: Sequence[Trust], broken: Sequence[str]) -> Proof:
    """Verify against the one root that knows the bundle's log; `Refused` says why not."""
    log = _log_id(envelope)
    known = [trust for trust in trusts if log in trust.logs]
    if len(known) > 1:
        raise Refused("Two of the trusted roots given name the same log; give each domain its own root.")
    if not known:
        names = ", ".join(trust.domain for trust in trusts) or "none"
        raise Refused(
            " ".join(
                (
                    *broken,
                    f"No trusted root given knows the log of this seal (given: {names});"
                    " give the root of the domain it was sealed in, or seal again.",
                )
            )
        )
    try:
        return _verify_in(known[0], data, envelope, log)
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # sigstore leaks errors of every kind, and panics in Rust: fail closed
        detail = (" ".join(str(error).split()) or type(error).__name__)[:160].rstrip(". ")
        raise Refused(
            f"The seal does not verify ({detail}); restore the file as it was sealed, or seal again."
        ) from error


def _verify_in(trust: Trust, data: bytes, envelope: Outer, log: bytes) -> Proof:
    bundle = Bundle.from_json(data)
    leaf = bundle.signing_certificate
    identity, issuer = _certified_identity(leaf)
    payload_type, payload = trust.verifier.verify_dsse(
        bundle, policy.Identity(identity=identity, issuer=issuer)
    )
    if payload_type != PAYLOAD_TYPE or payload != envelope.payload:
        raise Refused("The verified payload is not the statement that was read; seal again.")
    if trust.domain == "local" and not (urlsplit(issuer).hostname or "").endswith(".invalid"):
        raise Refused(
            f"A local domain cannot speak for the issuer {issuer[:100]}; have it sealed in its own domain."
        )
    entry = envelope.fields["verificationMaterial"]["tlogEntries"][0]
    index = _log_index(entry)
    time, source = _verified_time(trust, envelope, entry)
    _check_windows(trust, leaf, log, time)
    return Proof(
        domain=trust.domain,
        identity=identity,
        issuer=issuer,
        authority=leaf.issuer.rfc4514_string(),
        time=time,
        time_source=source,
        log=log,
        log_index=index,
        body=parse_base64(entry["canonicalizedBody"], "log entry"),
    )


def _log_id(envelope: Outer) -> bytes:
    try:
        (entry,) = envelope.fields["verificationMaterial"]["tlogEntries"]
        return parse_base64(entry["logId"]["keyId"], "bundle's log id")
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("The bundle does not hold exactly one log entry; seal again.") from error


def _certified_identity(leaf: x509.Certificate) -> tuple[str, str]:
    """Return the one name of a certificate, and who vouched for it."""
    names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if len(names) != 1 or not isinstance(names[0], (x509.RFC822Name, x509.UniformResourceIdentifier)):
        raise Refused("The certificate does not name exactly one e-mail address or URI.")
    issuers = set()
    for extension in leaf.extensions:
        if extension.oid == _ISSUER_V1:
            issuers.add(extension.value.public_bytes().decode())
        if extension.oid == _ISSUER_V2:
            issuers.add(_der_text(extension.value.public_bytes()))
    if len(issuers) != 1:
        raise Refused("The certificate does not name exactly one issuer.")
    return names[0].value, issuers.pop()


def _der_text(data: bytes) -> str:
    """Return the text of a DER UTF8String of less than 65,536 bytes."""
    head = 2 if len(data) > 1 and data[1] < 0x80 else 3 if data[1:2] == b"\x81" else 4
    size = data[1] if head == 2 else int.from_bytes(data[2:head], "big")
    if data[:1] != b"\x0c" or len(data) != head + size:
        raise Refused("The certificate's issuer is not a DER UTF8String.")
    return data[head:].decode()


def _log_index(entry: Mapping[str, Any]) -> int:
    """Return the entry's place in its log, once the signed checkpoint speaks of the tree in the proof.

    The library checks the checkpoint's root but not its size, without which the index is free to
    move between trees of the same shape.
    """
    proof = entry["inclusionProof"]
    _, size, *_ = proof["checkpoint"]["envelope"].split("\n")
    if size != proof["treeSize"]:
        raise Refused("The inclusion proof is for a tree of another size than the signed checkpoint.")
    if entry["kindVersion"]["version"] == "0.0.2" and (
        entry.get("logIndex") != proof["logIndex"] or entry.get("integratedTime", "0") != "0"
    ):
        raise Refused("The log entry states an index or a time that its proof does not bear out.")
    return int(proof["logIndex"])


def _verified_time(
    trust: Trust, envelope: Outer, entry: Mapping[str, Any]
) -> tuple[datetime, Literal["rfc3161", "rekor"]]:
    """Return the earliest time that an authority of the root vouches for.

    Every timestamp present must verify. Without any, the time of a v1 log entry counts: its signed
    promise, which the library has checked, covers it.
    """
    material = envelope.fields["verificationMaterial"].get("timestampVerificationData") or {}
    stamps = material.get("rfc3161Timestamps") or []
    if stamps:
        signature = parse_base64(envelope.fields["dsseEnvelope"]["signatures"][0]["sig"], "signature")
        return min(_stamped_time(trust, stamp, signature) for stamp in stamps), "rfc3161"
    if entry["kindVersion"]["version"] != "0.0.1" or not entry.get("inclusionPromise"):
        raise Refused("The seal has no time that anybody vouches for; seal again with a timestamp.")
    return datetime.fromtimestamp(int(entry["integratedTime"]), UTC), "rekor"


def _stamped_time(trust: Trust, stamp: Mapping[str, Any], signature: bytes) -> datetime:
    response = rfc3161_client.decode_timestamp_response(parse_base64(stamp["signedTimestamp"], "timestamp"))
    for verifier, window in trust.timestamp_authorities:
        try:
            verifier.verify_message(response, signature)
        except rfc3161_client.VerificationError:
            continue
        time = response.tst_info.gen_time
        if not window.covers(time):
            raise Refused(f"The timestamp of {instant(time)} lies outside its authority's validity.")
        return time
    raise Refused("A timestamp of the seal verifies with no authority of the trusted root; seal again.")


def _check_windows(trust: Trust, leaf: x509.Certificate, log: bytes, time: datetime) -> None:
    """Refuse a seal whose log, certificate authority or transparency key was not valid at its time."""
    at = instant(time)
    if not trust.logs[log].covers(time):
        raise Refused(f"The log's key was not valid at {at}, the time of the seal.")
    if not any(
        authority.window.covers(time) and _issued(authority.chain[0], leaf) for authority in trust.authorities
    ):
        raise Refused(f"No certificate authority of the trusted root was valid at {at} for this seal.")
    timestamps = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
    for timestamp in timestamps.value:
        window = trust.transparency_logs.get(timestamp.log_id)
        if window is None or not window.covers(time):
            raise Refused(f"The certificate's transparency key is not one that was valid at {at}.")


def _issued(issuer: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(issuer)
    except Exception:  # a wrong name, key type or signature: not this issuer
        return False
    return True


def _check_words(envelope: Envelope, proof: Proof) -> None:
    """Refuse a statement that names another signer or time than what was verified."""
    words = envelope.statement.words
    if not words:
        return  # a model's statement says nothing of its signer
    if words["identity"] != proof.identity:
        raise Refused(
            f"The statement names {words['identity']}, the certificate {proof.identity};"
            " have it sealed again."
        )
    if abs(parse_instant(words["signed_at"], "signed_at") - proof.time) > MAX_SKEW:
        raise Refused(
            f"The statement says it was signed at {words['signed_at']}, the verified time is"
            f" {instant(proof.time)}; seal again."
        )


def _check_subjects(files: Files, subjects: Mapping[str, str]) -> None:
    for path, sealed in subjects.items():
        try:
            if not files.exists(path):
                raise Refused(f"The sealed file {path} is missing; restore it.")
            if files.linked(path):
                raise Refused(f"The sealed file {path} is a symbolic link; put the file itself there.")
            actual = files.digest(path)
        except MunimentError as error:
            raise Refused(
                f"The sealed file {path} cannot be read ({error.message}); put the file itself there."
            ) from error
        if actual != sealed:
            raise Refused(
                f"The file {path} has changed since it was sealed; restore it, or have it sealed again."
            )


def _disorder(verified: Mapping[int, Proof]) -> dict[int, str]:
    """Return number of seal to reason, for seals whose place in their log contradicts another's."""
    reasons: dict[int, str] = {}
    at_index: dict[tuple[bytes, int], int] = {}
    newest: dict[bytes, Proof] = {}
    for number in sorted(verified, key=lambda item: (verified[item].log, verified[item].log_index)):
        one = verified[number]
        before = newest.setdefault(one.log, one)
        other = at_index.setdefault((one.log, one.log_index), number)
        if verified[other].body != one.body:
            reasons[number] = reasons[other] = (
                f"Two different seals stand at index {one.log_index} of one log, so it was rewritten;"
                " have both sealed again."
            )
        elif one.time + ORDER_TOLERANCE[one.domain] < before.time:
            reasons[number] = (
                f"The seal of {instant(one.time)} stands in the log after entry {before.log_index} of"
                f" {instant(before.time)}, so it was dated back; have it sealed again."
            )
        newest[one.log] = max(before, one, key=lambda item: item.time)
    return reasons


def _verified_seal(seal: Seal, proof: Proof) -> Seal:
    return replace(
        seal,
        identity=proof.identity,
        issuer=proof.issuer,
        domain=proof.domain,
        time=instant(proof.time),
        time_source=proof.time_source,
        log_index=proof.log_index,
        outcome="verified",
        extra=frozen({**seal.extra, "authority": proof.authority, "log": proof.log.hex()}),
    )
