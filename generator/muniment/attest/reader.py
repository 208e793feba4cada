"""Seals as they say they are: parsed, bounded, not verified.

This module is on `check`'s path, so it imports neither sigstore nor cryptography.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from muniment.attest.bundles import Envelope, parse_bundle
from muniment.attest.statements import SUFFIX, Statement, seal_path
from muniment.attest.strict import MAX_BUNDLE, Refused
from muniment.errors import MunimentError
from muniment.model.evidence import Files
from muniment.model.seal import Seal
from muniment.model.tree import frozen

FOLDER = "seals"
"""Where seals lie in a device folder."""


@dataclass(frozen=True, slots=True)
class Found:
    """A seal's file, parsed as far as it goes."""

    seal: Seal
    """`recorded`, or `failed` with the reason."""
    data: bytes
    """The file's bytes; empty where it was not read."""
    envelope: Envelope | None
    """`None` where the file is malformed."""


def read(files: Files) -> tuple[Seal, ...]:
    """Return every seal below `seals/`, sorted by path, without verifying any.

    A well-formed seal is `recorded`: identity and time are what its statement says of itself. A
    malformed one is `failed` and says why in one sentence. Raises nothing for what a file holds.
    """
    return tuple(found.seal for found in find(files))


def find(files: Files) -> tuple[Found, ...]:
    """Return every seal with the bytes that were parsed, for `verify` to go on with."""
    return tuple(_find(files, path) for path in files.listing(FOLDER) if path.endswith(SUFFIX))


def _find(files: Files, path: str) -> Found:
    data, sha256 = b"", ""
    try:
        if files.size(path) > MAX_BUNDLE:
            raise Refused(f"The file is larger than the {MAX_BUNDLE} bytes a bundle may have; remove it.")
        data, sha256 = files.read(path, MAX_BUNDLE), files.digest(path)
        envelope = parse_bundle(data)
        if not envelope.statement.words:
            raise Refused("A model's signature lies in the model's folder; move it there from the seals.")
    except (Refused, MunimentError) as error:
        return Found(unread(path, sha256, str(error)), data, None)
    seal = _recorded(path, sha256, envelope.statement)
    expected = seal_path(envelope.statement)
    if path != expected:
        seal = failed(seal, f"A seal of this statement lies at {expected}; move it there.")
    return Found(seal, data, envelope)


def failed(seal: Seal, reason: str) -> Seal:
    """Return `seal` as failed: it shows no identity, time or domain, for nothing vouches for them."""
    return replace(
        seal,
        identity=None,
        issuer=None,
        domain=None,
        time=None,
        time_source=None,
        log_index=None,
        outcome="failed",
        reason=" ".join(reason.split()),
    )


def _recorded(path: str, sha256: str, statement: Statement) -> Seal:
    """Return the seal that a statement describes."""
    words = statement.words
    return Seal(
        file=path,
        sha256=sha256,
        predicate_type=statement.predicate_type,
        subjects=statement.subjects,
        predicate=statement.predicate,
        identity=words["identity"],
        issuer=None,
        domain=None,
        time=words["signed_at"],
        time_source="statement",
        log_index=None,
        outcome="recorded",
        extra=_extra(statement, words),
    )


def unread(path: str, sha256: str, reason: str, predicate_type: str = "", **extra: str) -> Seal:
    """Return the failed seal of a file of which nothing is believed, and why."""
    return Seal(
        file=path,
        sha256=sha256,
        predicate_type=predicate_type,
        subjects=frozen({}),
        predicate=frozen({}),
        identity=None,
        issuer=None,
        domain=None,
        time=None,
        time_source=None,
        log_index=None,
        outcome="failed",
        reason=" ".join(reason.split()),
        extra=frozen(extra),
    )


def _extra(statement: Statement, words: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a page shows beside a seal, found in one place whatever the predicate type."""
    names = (
        "printed_name",
        "role",
        "meaning",
        "signed_at",
        "plan_lock_sha256",
        "release_seal_sha256",
        "trail",
    )
    shown = {name: words[name] for name in names if name in words}
    extra: Mapping[str, Any] = frozen({"kind": statement.kind, "statement_sha256": statement.sha256, **shown})
    return extra
