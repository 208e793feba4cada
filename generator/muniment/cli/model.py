"""`muniment model`: sign and verify model folders in the OpenSSF model-signing format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from muniment.cli.common import ExitCode, emit_json, format_option, quiet_option, say, settle
from muniment.cli.display import teller
from muniment.cli.signing import Signing, hand, signing_options
from muniment.cli.verify import DOMAIN_WORDS
from muniment.errors import MunimentError, UsageError

if TYPE_CHECKING:
    from muniment.attest import VerifiedModel
    from muniment.pipeline.request import Request

_SHOWN = 20
"""Files at fault that are listed; more are counted."""

_signature = click.option(
    "--signature",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Signature file (default: model.sig in the folder).",
)


@click.group()
def model() -> None:
    """Sign and verify the folder of a model, file by file (OpenSSF model signing)."""


@model.command("sign", epilog="Example: muniment model sign models/lr-2 --as ada@example.org")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_signature
@click.option("--replace", is_flag=True, help="Write over a signature that stands there.")
@click.option("--evidence", metavar="DIR", help="Evidence folder; a signature inside it goes on the trail.")
@signing_options
@quiet_option
def sign(
    folder: Path,
    signature: Path | None,
    replace: bool,
    evidence: str | None,
    signing: Signing,
    quiet: bool,
) -> int:
    """Hash every file of DIR and sign the list; --as is the e-mail address of the certificate.

    Links are refused. Left out, and named as left out, are the signature itself and git's own files.
    """
    from muniment.pipeline import modelling

    if "@" not in signing.who:
        raise UsageError(
            f"{signing.who!r} is no e-mail address", hint="a model's signature names an address, no id"
        )
    request = _evidence(evidence)
    signer = hand(signing, "author", request)
    progress = teller(quiet)
    written, count = modelling.sign(folder, signature, signer, request, replace=replace, progress=progress)
    progress("")
    say(f"signed {count} files: {written.path}\nsha256 {written.sha256}")
    return ExitCode.CLEAN


@model.command(
    "verify",
    epilog="Example: muniment model verify models/lr-2 --identity ada@example.org --trusted-root r.json",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_signature
@click.option("--identity", required=True, metavar="WHO", help="Who must have signed: e-mail address or URI.")
@click.option("--issuer", metavar="URL", help="Who must vouch for that; needed outside the local domain.")
@click.option(
    "--trusted-root",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Trusted root to verify against (default: that of your own local domain).",
)
@click.option(
    "--domain",
    type=click.Choice(["local", "private", "public"]),
    default="local",
    show_default=True,
    help="Which kind of domain that root is of.",
)
@click.option("--trust-folder", type=click.Path(path_type=Path), metavar="DIR", help="Your own local domain.")
@format_option("text", "json")
@quiet_option
def verify(
    folder: Path,
    signature: Path | None,
    identity: str,
    issuer: str | None,
    trusted_root: Path | None,
    domain: str,
    trust_folder: Path | None,
    output: str,
    quiet: bool,
) -> int:
    """Verify the signature of DIR, and every file in it: none changed, none missing, none added."""
    from muniment import attest
    from muniment.pipeline import modelling

    source = trusted_root or (trust_folder or attest.default_folder()) / "trusted_root.json"
    if not source.is_file():
        raise UsageError(f"there is no trusted root {source.name}", hint="name one with --trusted-root")
    if trusted_root is None and domain != "local":
        raise UsageError("your own domain is a local one", hint="name the root with --trusted-root")
    root = attest.Root(domain, source.read_bytes())
    progress, expected = teller(quiet), modelling.Expected(identity, issuer)
    found, problem = modelling.verify(folder, signature, root, expected, progress=progress)
    progress("")
    if output == "json":
        emit_json(_json(found, problem))
    else:
        say("\n".join(_text(found, problem)))
    return ExitCode.FINDINGS if problem else ExitCode.CLEAN


def _evidence(evidence: str | None) -> Request | None:
    """Return where the evidence lies; a model may well be signed where there is none."""
    try:
        return settle(evidence, None, True)
    except MunimentError:
        if evidence is not None:
            raise
        return None


def _json(found: VerifiedModel, problem: str) -> dict[str, Any]:
    return {
        "schema": "muniment/model/v1",
        "outcome": "failed" if problem else "verified",
        "reason": problem,
        "signature": found.seal.as_json() | {"reason": problem},
        "ignored": list(found.ignored),
        "files": [
            {"path": each.path, "expected": each.expected, "actual": each.actual, "outcome": each.outcome}
            for each in found.files
        ],
    }


def _text(found: VerifiedModel, problem: str) -> Iterator[str]:
    wrong = [each for each in found.files if each.outcome != "verified"]
    for each in wrong[:_SHOWN]:
        yield f"FAILED {each.path}: {each.outcome}"
    if len(wrong) > _SHOWN:
        yield f"       and {len(wrong) - _SHOWN} more"
    seal = found.seal
    if seal.outcome == "verified":
        digest = next(iter(seal.subjects.values()))
        yield f"signed by {seal.identity} (issuer {seal.issuer}) at {seal.time}, {DOMAIN_WORDS[seal.domain]}"
        yield f"model digest sha256 {digest}"
        if found.ignored:
            yield f"left out by the signer: {', '.join(found.ignored)}"
    good = len(found.files) - len(wrong)
    yield f"{'failed' if problem else 'verified'}: {good} of {len(found.files)} files hold"
    if problem:
        yield problem
