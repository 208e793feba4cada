"""`muniment promote`: say where a release is put into use, or why it may not be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from muniment.cli.common import ExitCode, evidence_options, say, settle
from muniment.cli.complete import release_names
from muniment.cli.signing import Signing, hand, signing_options
from muniment.errors import UsageError

if TYPE_CHECKING:
    from muniment.pipeline.promoting import Promotion

_READ_BACK = re.compile(r"(model|lock file)=([0-9a-f]{64})")


@click.command(
    epilog="Example: muniment promote 2.0.0 --env 'clinical production' --site S1 --site S2 --as p-operations"
)
@click.argument("release", metavar="RELEASE", shell_complete=release_names)
@click.option("--env", "environment", metavar="NAME", help="Environment it is put into.")
@click.option("--site", "sites", multiple=True, metavar="SITE", help="Site; may be repeated.")
@click.option("--record", metavar="ID", help="Seal this deployment record, which stands, and write none.")
@click.option("--role", default="operations", show_default=True, help="Role of the roster to sign in.")
@click.option("--from", "begins", metavar="DATE", help="First day of use (default: the day of the seal).")
@click.option("--jurisdiction", metavar="NAME", help="Jurisdiction of the sites, as device.yaml writes it.")
@click.option("--from-env", "from_environment", metavar="NAME", help="Environment it was validated in.")
@click.option(
    "--read-back",
    "read_back",
    multiple=True,
    metavar="NAME=SHA256",
    help="SHA-256 of `model` or `lock file` as read back where it now runs; needs --from-env.",
)
@click.option("--replaces", multiple=True, metavar="ID", help="Deployment that ends where this one begins.")
@click.option(
    "--origin",
    type=click.Choice(["measured", "enacted"]),
    default="measured",
    show_default=True,
    help="`enacted` in an example only.",
)
@click.option("--dry-run", is_flag=True, help="Judge and show the record; write and seal nothing.")
@signing_options
@evidence_options
def promote(
    release: str,
    environment: str | None,
    sites: tuple[str, ...],
    record: str | None,
    role: str,
    begins: str | None,
    jurisdiction: str | None,
    from_environment: str | None,
    read_back: tuple[str, ...],
    replaces: tuple[str, ...],
    origin: str,
    dry_run: bool,
    signing: Signing,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Write and seal a deployment record of RELEASE, judged on verified facts on the day of the seal.

    A release that is no longer what was approved, or was never authorised, was rejected, withdrawn or
    stopped, or that a blocking rule holds back, is refused with every reason. Nothing is deployed by this.
    """
    from muniment.pipeline import promoting
    from muniment.pipeline.request import iso_date

    if bool(read_back) != bool(from_environment):
        raise UsageError("--from-env and --read-back go together", hint="give both, or neither")
    if len(set(sites)) != len(sites):
        raise UsageError("a site is named twice", hint="name each once")
    asked = settle(evidence, as_of, quiet)
    signer = hand(signing, role, asked)
    if record is not None:
        if environment or sites or begins or read_back or replaces or jurisdiction:
            raise UsageError("--record says where and when by itself", hint="leave the other options out")
        return _tell(release, promoting.seal_deployment(asked, release, record, signer, dry_run=dry_run))
    if not environment or not sites:
        raise UsageError("where is it put into use?", hint="say --env and --site, or --record")
    place = promoting.Place(
        environment=environment,
        sites=sites,
        jurisdiction=jurisdiction,
        begins=iso_date(begins) if begins else None,
        from_environment=from_environment,
        read_back=dict(map(_read_back, read_back)) or None,
        replaces=replaces,
        origin=origin,
    )
    return _tell(release, promoting.promote(asked, release, place, signer, dry_run=dry_run))


def _tell(release: str, done: Promotion) -> int:
    for note in done.notes:
        say(f"note: {note}", err=True)
    if done.reasons:
        say(f"refused: {release} is not put into use")
        for reason in done.reasons:
            say(f"  - {reason}")
        return ExitCode.FINDINGS
    if done.written is None:
        say(f"would seal {done.path}:\n")
        say(done.record.decode(), nl=False)
        return ExitCode.CLEAN
    say(f"sealed {done.path}: {done.written.path.name}\nsha256 {done.written.sha256}")
    return ExitCode.CLEAN


def _read_back(text: str) -> tuple[str, str]:
    match = _READ_BACK.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no digest that was read back", hint="write it as model=SHA256")
    return match[1], match[2]
