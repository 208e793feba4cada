"""Commands that sign: `trust`, `lock`, `sign`, `approve`, `reject`, `recuse`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from muniment.cli.common import ExitCode, evidence_options, settle
from muniment.cli.complete import release_names
from muniment.errors import UsageError

if TYPE_CHECKING:
    from muniment.pipeline.sealing import Hand, Written

F = TypeVar("F", bound=Callable[..., Any])

MEANINGS = (
    "authorship",
    "verification",
    "technical_review",
    "statistical_review",
    "clinical_approval",
    "regulatory_determination",
    "quality_approval",
    "witness",
    "acknowledgement",
)
"""What a signature may mean when its signer chooses; the other meanings follow from the command."""


def signing_options(function: F) -> F:
    """Add who signs, in which role, and where the keys are."""
    function = click.option(
        "--at",
        metavar="INSTANT",
        help="Local domain only: the time to state, e.g. 2025-03-30T09:00:00Z (default: now). Self-asserted.",
    )(function)
    function = click.option(
        "--trust-folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Where the local domain's keys are (default: your user data folder).",
    )(function)
    function = click.option(
        "--domain",
        type=click.Choice(["local", "private", "public"]),
        default="local",
        show_default=True,
        help="Trust domain to sign in.",
    )(function)
    return click.option(
        "--as", "who", required=True, metavar="PERSON", help="Person id or e-mail on the roster."
    )(function)


def hand_of(who: str, role: str, domain: str, trust_folder: Path | None, at: str | None) -> Hand:
    """Return who signs, opened keys in hand; raise `UsageError` where there is no domain."""
    from muniment import attest
    from muniment.pipeline.sealing import Hand

    if domain != "local":
        raise UsageError(
            f"signing in a {domain} domain is not available in this version", hint="use --domain local"
        )
    when = datetime.datetime.now(datetime.UTC) if at is None else _instant(at)
    folder = trust_folder or attest.default_folder()
    if not folder.is_dir():
        raise UsageError("there is no local trust domain yet", hint="make one with `muniment trust init`")
    return Hand(who, role, when.replace(microsecond=0), attest.open_domain(folder))


def _instant(text: str) -> datetime.datetime:
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an instant", hint="write it as 2025-03-30T09:00:00Z") from None
    if when.tzinfo is None:
        raise UsageError(f"{text!r} names no time zone", hint="end it with Z for UTC")
    return when.astimezone(datetime.UTC)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _day(text: str) -> datetime.date:
    from muniment.pipeline.request import iso_date

    return datetime.date.fromisoformat(iso_date(text))


def _say(written: Written) -> int:
    click.echo(f"sealed: {written.path.name}\nsha256 {written.sha256} (local domain: self-asserted time)")
    return ExitCode.CLEAN


@click.group()
def trust() -> None:
    """Make and show the local trust domain. Its private keys stay out of every repository."""


@trust.command("init", epilog="Example: muniment trust init")
@click.option("--trust-folder", type=click.Path(path_type=Path), metavar="DIR", help="Where the keys go.")
@click.option("--name", default="local", show_default=True, help="Name of the domain.")
@click.option("--at", metavar="INSTANT", help="The domain's first instant (default: now).")
def trust_init(trust_folder: Path | None, name: str, at: str | None) -> int:
    """Create a local domain: certificate authority, log and time-stamping authority, on this machine."""
    from muniment import attest

    folder = trust_folder or attest.default_folder()
    when = _instant(at) if at else datetime.datetime.now(datetime.UTC)
    attest.create_domain(folder, name=name, at=when.replace(microsecond=0))
    click.echo(f"made the local trust domain {name!r} in {folder}\nKeep that folder out of every repository.")
    return ExitCode.CLEAN


@trust.command("show", epilog="Example: muniment trust show --publish")
@evidence_options
@click.option("--trust-folder", type=click.Path(path_type=Path), metavar="DIR", help="Where the keys are.")
@click.option("--publish", is_flag=True, help="Write the public trusted root beside each device's seals.")
def trust_show(
    evidence: str | None, as_of: str | None, quiet: bool, trust_folder: Path | None, publish: bool
) -> int:
    """Show the domain's public trusted root and its SHA-256."""
    import hashlib

    from muniment import attest
    from muniment.pipeline.sealing import publish_root

    folder = trust_folder or attest.default_folder()
    if not folder.is_dir():
        raise UsageError("there is no local trust domain yet", hint="make one with `muniment trust init`")
    domain = attest.open_domain(folder)
    click.echo(f"trusted root sha256 {hashlib.sha256(domain.trusted_root()).hexdigest()}")
    if publish:
        for written in publish_root(settle(evidence, as_of, quiet), domain, at=_now()):
            click.echo(f"wrote {written.path}")
    return ExitCode.CLEAN


@click.command(epilog="Example: muniment lock plans/2.0.0 --as p-biostatistics")
@click.argument("plan", metavar="PLAN")
@click.option("--role", default="biostatistics", show_default=True)
@signing_options
@evidence_options
def lock(
    plan: str,
    role: str,
    who: str,
    domain: str,
    trust_folder: Path | None,
    at: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Seal PLAN, so that its criteria provably stood before the evaluation."""
    from muniment.pipeline import sealing

    hand = hand_of(who, role, domain, trust_folder, at)
    return _say(sealing.lock(settle(evidence, as_of, quiet), plan, hand))


@click.command(
    epilog="Examples: muniment sign decisions/bd-005 --as p-quality --role quality · "
    "muniment sign 2.0.0 --evaluation --as svc-evaluator --role verification · "
    "muniment sign 2.0.0 --authorise --as p-quality --role quality"
)
@click.argument("record", metavar="RECORD|RELEASE")
@click.option("--role", required=True)
@click.option("--meaning", type=click.Choice(MEANINGS), help="What the signature means (default: by role).")
@click.option("--evaluation", is_flag=True, help="Seal the release's evaluation.json under its plan's lock.")
@click.option("--provenance", is_flag=True, help="Seal what the release's training run read, ran and wrote.")
@click.option("--verdict", is_flag=True, help="Seal what the policies say of the release, on verified facts.")
@click.option(
    "--authorise", is_flag=True, help="Sign the release authorisation, as quality, after the board."
)
@signing_options
@evidence_options
def sign(
    record: str,
    role: str,
    meaning: str | None,
    evaluation: bool,
    provenance: bool,
    verdict: bool,
    authorise: bool,
    who: str,
    domain: str,
    trust_folder: Path | None,
    at: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Sign a RECORD by its id; or, for a RELEASE, its evaluation, provenance, verdict or authorisation."""
    from muniment.pipeline import attesting, sealing

    if sum((evaluation, provenance, verdict, authorise)) > 1:
        raise UsageError(
            "--evaluation, --provenance, --verdict and --authorise are one signature each",
            hint="run the command once for each",
        )
    hand = hand_of(who, role, domain, trust_folder, at)
    request = settle(evidence, as_of, quiet)
    if evaluation:
        return _say(sealing.seal_evaluation(request, record, hand))
    if provenance:
        return _say(attesting.seal_provenance(request, record, hand))
    if verdict:
        return _say(attesting.seal_verdict(request, record, hand))
    if authorise:
        return _say(sealing.authorise(request, record, hand))
    return _say(sealing.sign_record(request, record, hand, meaning=meaning))


def _decision(verb: str, summary: str) -> click.Command:
    @click.command(
        verb, help=summary, epilog=f"Example: muniment {verb} 2.0.0 --as p-clinical --role clinical"
    )
    @click.argument("release", metavar="RELEASE", shell_complete=release_names)
    @click.option("--role", required=True, help="Role of the roster to sign in.")
    @click.option(
        "--meaning", type=click.Choice(MEANINGS), help="What the signature means (default: by role)."
    )
    @click.option("--condition", "conditions", multiple=True, metavar="TEXT", help="Approve only with this.")
    @click.option("--meeting", metavar="ID", help="Board decision it was taken at, e.g. decisions/bd-005.")
    @click.option("--expires", metavar="DATE", help="Last day on which the release may be authorised on it.")
    @signing_options
    @evidence_options
    def command(
        release: str,
        role: str,
        meaning: str | None,
        conditions: tuple[str, ...],
        meeting: str | None,
        expires: str | None,
        who: str,
        domain: str,
        trust_folder: Path | None,
        at: str | None,
        evidence: str | None,
        as_of: str | None,
        quiet: bool,
    ) -> int:
        from muniment.pipeline import sealing

        if conditions and verb != "approve":
            raise UsageError(f"{verb} takes no conditions", hint="only an approval can have conditions")
        if expires and verb != "approve":
            raise UsageError(f"a word to {verb} does not expire", hint="only an approval can")
        hand = hand_of(who, role, domain, trust_folder, at)
        return _say(
            sealing.decide(
                settle(evidence, as_of, quiet),
                release,
                hand,
                decision=verb,
                meaning=meaning,
                conditions=conditions,
                meeting=meeting,
                expires=_day(expires) if expires else None,
            )
        )

    return command


approve = _decision("approve", "Sign an approval of a frozen RELEASE, bound to its digest.")
reject = _decision("reject", "Sign a rejection of a frozen RELEASE.")
recuse = _decision("recuse", "Sign a recusal: you take no part in the decision on RELEASE.")
