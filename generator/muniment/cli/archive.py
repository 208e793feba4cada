"""`muniment archive`: a snapshot that can be verified without us, and newer timestamps over it."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable
from pathlib import Path

import click

from muniment.cli.common import ExitCode, brought, evidence_options, quiet_option, say, settle
from muniment.cli.display import teller
from muniment.cli.signing import instant_or_now, trust_folder_option
from muniment.errors import UsageError


@click.group()
def archive() -> None:
    """Make a verifiable snapshot for a regulator. Verify one with `muniment verify --archive FILE`."""


@archive.command(epilog="Example: muniment archive create -o prognosis-180.zip")
@evidence_options
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="FILE|DIR",
    type=click.Path(path_type=Path),
    help="A .zip or .tar file, or a folder for a BagIt bag on disk.",
)
@click.option(
    "--rows",
    type=click.Choice(["omit", "include"]),
    default="omit",
    show_default=True,
    help="Whether row-level tables go in. Their digests always do.",
)
@click.option(
    "--as", "who", metavar="PERSON", help="Who hands it over: put the archive on the trail of each device."
)
def create(
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    target: Path,
    rows: str,
    who: str | None,
) -> int:
    """Pack the built portal, the evidence, the seals and the trust root into one BagIt bag."""
    from muniment.pipeline.publishing import Handover, make_archive

    now = datetime.datetime.now(datetime.UTC)
    handover = Handover(who, now) if who else None
    made = make_archive(settle(evidence, as_of, quiet), target, rows=rows, handover=handover)
    say(f"wrote {target}: {made.files} files, {made.octets} bytes")
    say(f"bag digest sha256 {made.digest}  (quote it in the letter that hands the archive over)")
    if made.omitted:
        say(f"{made.omitted} row-level tables left out, their digests listed; --rows include packs them too")
    say(f"verify with: muniment verify --archive {shlex.quote(str(target))}")
    return ExitCode.CLEAN


@archive.command(
    epilog="Example: muniment archive renew prognosis-180.zip; or by an authority of your own: "
    "archive renew FILE --query q.tsq, then archive renew FILE --reply a.tsr --authority ca.pem"
)
@click.argument("target", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--pin", metavar="SHA256", help="The archive's bag digest, from the letter that came with it.")
@trust_folder_option
@click.option(
    "--at",
    metavar="INSTANT",
    help="Local domain only: the time to state, e.g. 2036-03-30T09:00:00Z (default: now). Self-asserted.",
)
@click.option(
    "--query",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT",
    help="Write the request for an authority of your choice (RFC 3161), and stamp nothing.",
)
@click.option(
    "--reply", type=click.Path(path_type=Path, dir_okay=False), metavar="TSR", help="Keep its reply to that."
)
@click.option(
    "--authority",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PEM",
    help="With --reply: the certificates it is verified with, down from the authority's root.",
)
@quiet_option
def renew(
    target: Path,
    pin: str | None,
    trust_folder: Path | None,
    at: str | None,
    query: Path | None,
    reply: Path | None,
    authority: Path | None,
    quiet: bool,
) -> int:
    """Put a newer timestamp over an archive and over every earlier one, before their algorithms age.

    The archive itself is not touched: the timestamp lies beside it, in FILE.renewals, with the SHA-512 of
    every file that it covers. `muniment verify --archive FILE` checks it, and so do sha512sum and openssl.
    """
    from muniment.pipeline import renewing
    from muniment.pipeline.writing import write_beside

    if (reply is None) != (authority is None) or (query is not None and reply is not None):
        raise UsageError(
            "--reply and --authority go together, and not with --query",
            hint="first --query, then --reply with the authority's certificates",
        )
    if at is not None and (query is not None or reply is not None):
        raise UsageError(
            "the authority states the time itself", hint="leave --at out, it is for the local domain"
        )
    progress = teller(quiet)
    if query is not None:
        asked = renewing.query(target, pinned=pin, progress=progress)
        progress("")
        write_beside(query, asked)
        say(f"wrote {query}; have it answered, then:")
        say(f"muniment archive renew {shlex.quote(str(target))} --reply TSR --authority PEM")
        return ExitCode.CLEAN
    made = renewing.renew(target, _stamper(trust_folder, at, reply, authority), pinned=pin, progress=progress)
    progress("")
    name = f"{made.number:04}"
    listed, reply_kept, root = (
        shlex.quote(f"../{made.folder.name}/{name}{part}") for part in (".sha512", ".tsr", ".pem")
    )
    # The certificate was valid when it stamped, whatever day it is read on.
    seconds = int(datetime.datetime.fromisoformat(made.time).timestamp())
    say(f"renewed {target}: {made.files} files, SHA-512, at {made.time} by {made.authority}")
    say(f"wrote {made.folder}/{name}.sha512, {name}.tsr and {name}.pem: keep them beside the archive")
    say(
        "verify without us, in the unpacked archive beside that folder:\n"
        f"  sha512sum --quiet -c {listed}\n"
        f"  openssl ts -verify -data {listed} -in {reply_kept} -CAfile {root} -attime {seconds}"
    )
    return ExitCode.CLEAN


def _stamper(
    trust_folder: Path | None, at: str | None, reply: Path | None, authority: Path | None
) -> Callable[[bytes], tuple[bytes, bytes]]:
    """What answers: the reply that was brought along, or else the local domain."""
    if reply is not None and authority is not None:
        answered = brought(reply, "reply of an authority"), brought(authority, "file of certificates")
        return lambda _listed: answered
    from muniment import attest

    domain = attest.open_domain(trust_folder or attest.default_folder())
    when = instant_or_now(at)
    return lambda listed: domain.stamp(listed, at=when)
