"""Model folders signed and verified in the OpenSSF model-signing format.

The signature is a Sigstore bundle like every seal, in a file of its own (`model.sig`). It verifies with the
package `model-signing` as well, given the domain's trusted root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from muniment.attest.hashing import Progress, hash_folder
from muniment.attest.openssf import MODEL, model_statement, resources
from muniment.attest.reader import unread
from muniment.attest.strict import MAX_BUNDLE, MAX_STATEMENT, Refused
from muniment.attest.times import instant
from muniment.attest.verifier import Root, vouched
from muniment.errors import SealError, UnreadableInput
from muniment.model.seal import Seal
from muniment.model.tree import frozen

SIGNATURE = "model.sig"
"""Usual name of a model's signature, in the model's folder."""
GIT = (".git", ".gitattributes", ".github", ".gitignore")
"""Never part of a model; `model-signing` leaves them out as well."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file of a model: as signed, and as found."""

    path: str
    expected: str | None
    """SHA-256 signed; `None` for a file that nobody signed."""
    actual: str | None
    """SHA-256 found; `None` where it is missing."""

    @property
    def outcome(self) -> str:
        """`verified`, `failed`, `missing` or `unexpected`."""
        if self.expected is None:
            return "unexpected"
        if self.actual is None:
            return "missing"
        return "verified" if self.expected == self.actual else "failed"


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """What came of verifying a model folder."""

    seal: Seal
    """The signature; `failed` with a reason where it does not hold, or the files do not."""
    files: tuple[FileCheck, ...]
    ignored: tuple[str, ...] = ()
    """Paths that the signer left out, so that nothing is known of them."""


def sign_model(
    folder: Path,
    signature: Path,
    seal: Callable[[bytes], bytes],
    *,
    progress: Progress = lambda _done, _all: None,
) -> tuple[bytes, int]:
    """Return the bundle that signs a folder as it is now, to go to `signature`, and the number of files.

    `seal` makes a bundle of a statement, in whatever domain its signer uses.

    Raises `SealError` where the folder cannot be signed or the domain refuses, `UnreadableInput` for links
    and for what is no file.
    """
    ignored = _left_out(folder, signature)
    files = hash_folder(folder, ignored=ignored, progress=progress)
    try:
        statement = model_statement(folder.resolve().name, files, ignored)
    except Refused as error:
        raise SealError(f"This folder cannot be signed. {error}") from error
    if len(statement) > MAX_STATEMENT:
        raise SealError(
            f"This folder cannot be signed: {len(files)} files make a statement of {len(statement)} bytes,"
            f" and {MAX_STATEMENT} is the most.",
            hint="pack small files together",
        )
    return seal(statement), len(files)


def verify_model(
    folder: Path,
    signature: Path,
    roots: Sequence[Root],
    *,
    progress: Progress = lambda _done, _all: None,
) -> VerifiedModel:
    """Verify a signature against trusted roots, and every file of the folder against the signature.

    What the signature does not name must not be there, except what it says was left out, and itself. Who may
    sign is not judged here. Raises `UnreadableInput` where the signature or the folder cannot be read.
    """
    data = _read(signature)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        envelope, proof = vouched(data, roots)
        if envelope.statement.predicate_type != MODEL:
            raise Refused("This is a seal, and not the signature of a model.")
    except Refused as error:
        return VerifiedModel(unread(signature.name, sha256, str(error), MODEL, kind="model"), ())
    predicate = envelope.statement.predicate
    ignored = tuple(predicate["serialization"].get("ignore_paths", ()))
    found = hash_folder(folder, ignored=(*ignored, *_within(folder, signature)), progress=progress)
    signed = resources(predicate)
    files = tuple(FileCheck(path, signed.get(path), found.get(path)) for path in sorted({*signed, *found}))
    wrong = [check for check in files if check.outcome != "verified"]
    seal = Seal(
        file=signature.name,
        sha256=sha256,
        predicate_type=MODEL,
        subjects=envelope.statement.subjects,
        predicate=predicate,
        identity=proof.identity,
        issuer=proof.issuer,
        domain=proof.domain,
        time=instant(proof.time),
        time_source=proof.time_source,
        log_index=proof.log_index,
        outcome="verified",
        extra=frozen({"kind": "model", "log": proof.log.hex()}),
    )
    if wrong:
        said = f"{wrong[0].path} is {_WORDS[wrong[0].outcome]}"
        more = f", and {len(wrong) - 1} more files do not hold" if len(wrong) > 1 else ""
        reason = f"The folder is not the model that was signed: {said}{more}."
        seal = unread(signature.name, sha256, reason, MODEL, kind="model")
    return VerifiedModel(seal, files, ignored)


_WORDS = {
    "failed": "another file than was signed",
    "missing": "missing",
    "unexpected": "there and not signed",
}


def _left_out(folder: Path, signature: Path) -> tuple[str, ...]:
    return (*GIT, *_within(folder, signature))


def _within(folder: Path, signature: Path) -> tuple[str, ...]:
    """Return the path of a signature in the folder; nothing where it lies elsewhere."""
    place, base = signature.parent.resolve() / signature.name, folder.resolve()
    return (place.relative_to(base).as_posix(),) if place.is_relative_to(base) else ()


def _read(signature: Path) -> bytes:
    try:
        with signature.open("rb") as stream:
            return stream.read(MAX_BUNDLE + 1)
    except OSError as error:
        raise UnreadableInput(
            f"the signature {signature.name} cannot be read: {error.strerror}",
            hint="name it with --signature",
        ) from error
