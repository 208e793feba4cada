"""`muniment evaluate` and `muniment freeze`."""

from __future__ import annotations

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, settle
from muniment.cli.complete import release_names

MARKS = {"met": "met      ", "unmet": "UNMET    ", "undecided": "undecided"}


@click.command(epilog="Example: muniment evaluate 2.0.0 --dry-run")
@click.argument("release", metavar="RELEASE", shell_complete=release_names)
@evidence_options
@format_option("text", "json")
@click.option("--dry-run", is_flag=True, help="Show what the evaluation says, and write nothing.")
def evaluate(
    release: str, evidence: str | None, as_of: str | None, quiet: bool, output: str, dry_run: bool
) -> int:
    """Run exactly the locked plan of RELEASE over its predictions; write evaluation.json and analysis.json.

    Exit code 1 if a criterion is unmet.
    """
    from muniment.pipeline.sealing import write_evaluation

    request = settle(evidence, as_of, quiet)
    request.doors.progress("evaluating")
    done = write_evaluation(request, release, dry_run=dry_run)
    content = done.evaluation
    request.doors.progress("")
    unmet = any(c["outcome"] == "unmet" for c in content["criteria"])
    if output == "json":
        emit_json(content)
        return ExitCode.FINDINGS if unmet else ExitCode.CLEAN
    for criterion in content["criteria"]:
        cohort = ", ".join(f"{axis} {level}" for axis, level in sorted(criterion["cohort"].items()))
        name = f"{criterion['id']}{' · ' + cohort if cohort else ''}"
        click.echo(f"{MARKS[criterion['outcome']]} {name:<40} {criterion['message']}")
    click.echo("")
    for gap in done.analysis["undecided"]:
        click.echo(f"analysis undecided: {gap['section']}: {gap['reason']}")
    for each in done.files:
        click.echo(f"{each.note}: {each.path.name}, sha256 {each.sha256}")
    return ExitCode.FINDINGS if unmet else ExitCode.CLEAN


@click.command(epilog="Example: muniment freeze 2.0.0")
@click.argument("release", metavar="RELEASE", shell_complete=release_names)
@evidence_options
@click.option("--dry-run", is_flag=True, help="Show the digest, and write nothing.")
def freeze(release: str, evidence: str | None, as_of: str | None, quiet: bool, dry_run: bool) -> int:
    """Write manifest.json: every file reachable from the release, with its SHA-256.

    The SHA-256 of the manifest is the release digest. From here on approvals bind.
    """
    from muniment.pipeline.sealing import freeze as freeze_release

    written = freeze_release(settle(evidence, as_of, quiet), release, dry_run=dry_run)
    click.echo(f"{written.note}: {written.path.name}\nrelease digest sha256 {written.sha256}")
    return ExitCode.CLEAN
