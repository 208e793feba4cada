"""`muniment archive create`: a snapshot that can be verified without us."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from muniment.cli.common import ExitCode, evidence_options, say, settle


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
    say(f"verify with: muniment verify --archive {target}")
    return ExitCode.CLEAN
