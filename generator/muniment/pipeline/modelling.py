"""Model folders: signed where they lie, and told to the trail of the device they lie in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from muniment import attest
from muniment.errors import UsageError
from muniment.model.progress import Progress, silent
from muniment.pipeline import trail
from muniment.pipeline.pens import Hand
from muniment.pipeline.request import Request
from muniment.pipeline.writing import Written, write_beside

SIGNATURE = "model.sig"


@dataclass(frozen=True, slots=True)
class Expected:
    """Who must have signed, by the verifier's own word and never by the signature's."""

    identity: str
    issuer: str | None
    """`None` in the local domain only, whose operator vouches for everybody."""


def sign(
    folder: Path,
    signature: Path | None,
    hand: Hand,
    request: Request | None,
    *,
    replace: bool = False,
    progress: Progress = silent,
) -> tuple[Written, int]:
    """Sign a folder and write the signature; return it with the number of files.

    `request` names the evidence, if there is any: a signature inside a device goes on its trail. Raises
    `UsageError` for a signature that stands there already, unless it is to be replaced.
    """
    place = signature or folder / SIGNATURE
    if place.exists() and not replace:
        raise UsageError(
            f"{place.name} stands there already", hint="say --replace if the model was meant to change"
        )
    hand.pen.ready(hand.who)
    seal = partial(hand.pen.seal, identity=hand.who, at=hand.at)
    bundle, count = attest.sign_model(folder, place, seal, progress=partial(progress, "hashing"))
    write_beside(place, bundle)
    hand.pen.delivered(bundle)
    sha256 = hashlib.sha256(bundle).hexdigest()
    device = _device(place, request)
    if device is not None:
        inside = place.resolve().relative_to(device).as_posix()
        trail.append(device, at=hand.at, command="model sign", who=hand.who, wrote={inside: sha256})
    return Written(place, sha256), count


def verify(
    folder: Path,
    signature: Path | None,
    root: attest.Root,
    expected: Expected,
    *,
    progress: Progress = silent,
) -> tuple[attest.VerifiedModel, str]:
    """Verify a folder; return what was found, and why it does not satisfy, or nothing."""
    found = attest.verify_model(
        folder, signature or folder / SIGNATURE, (root,), progress=partial(progress, "hashing")
    )
    seal = found.seal
    if seal.outcome != "verified":
        return found, seal.reason
    if seal.identity != expected.identity:
        return found, f"It was signed by {seal.identity}, and {expected.identity} was expected."
    if expected.issuer is None and seal.domain != "local":
        return found, f"{seal.issuer} vouches for the signer; name whom you expect with --issuer."
    if expected.issuer is not None and seal.issuer != expected.issuer:
        return found, f"{seal.issuer} vouches for the signer, and {expected.issuer} was expected."
    return found, ""


def _device(place: Path, request: Request | None) -> Path | None:
    """Return the device folder that a file lies in, if it does."""
    if request is None:
        return None
    evidence = request.evidence.resolve()
    target = place.resolve()
    return evidence / target.relative_to(evidence).parts[0] if target.is_relative_to(evidence) else None
