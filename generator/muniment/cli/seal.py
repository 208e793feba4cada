"""Commands that sign: `lock`, `sign`, `approve`, `reject`, `recuse`."""

from __future__ import annotations

import datetime

import click

from muniment.cli.common import evidence_options, settle
from muniment.cli.complete import release_names
from muniment.cli.signing import Signing, hand, said, signing_options
from muniment.errors import UsageError

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


@click.command(epilog="Example: muniment lock plans/2.0.0 --as p-biostatistics")
@click.argument("plan", metavar="PLAN")
@click.option("--role", default="biostatistics", show_default=True)
@signing_options
@evidence_options
def lock(
    plan: str,
    role: str,
    signing: Signing,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Seal PLAN, so that its criteria provably stood before the evaluation."""
    from muniment.pipeline import sealing

    request = settle(evidence, as_of, quiet)
    return said(signing, sealing.lock(request, plan, hand(signing, role, request)))


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
    signing: Signing,
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
    request = settle(evidence, as_of, quiet)
    signer = hand(signing, role, request)
    if evaluation:
        return said(signing, sealing.seal_evaluation(request, record, signer))
    if provenance:
        return said(signing, attesting.seal_provenance(request, record, signer))
    if verdict:
        return said(signing, attesting.seal_verdict(request, record, signer))
    if authorise:
        return said(signing, sealing.authorise(request, record, signer))
    return said(signing, sealing.sign_record(request, record, signer, meaning=meaning))


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
        signing: Signing,
        evidence: str | None,
        as_of: str | None,
        quiet: bool,
    ) -> int:
        from muniment.pipeline import sealing

        if conditions and verb != "approve":
            raise UsageError(f"{verb} takes no conditions", hint="only an approval can have conditions")
        if expires and verb != "approve":
            raise UsageError(f"a word to {verb} does not expire", hint="only an approval can")
        request = settle(evidence, as_of, quiet)
        return said(
            signing,
            sealing.decide(
                request,
                release,
                hand(signing, role, request),
                decision=verb,
                meaning=meaning,
                conditions=conditions,
                meeting=meeting,
                expires=_day(expires) if expires else None,
            ),
        )

    return command


def _day(text: str) -> datetime.date:
    from muniment.pipeline.request import iso_date

    return datetime.date.fromisoformat(iso_date(text))


approve = _decision("approve", "Sign an approval of a frozen RELEASE, bound to its digest.")
reject = _decision("reject", "Sign a rejection of a frozen RELEASE.")
recuse = _decision("recuse", "Sign a recusal: you take no part in the decision on RELEASE.")
