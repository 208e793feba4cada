"""`muniment check`: the command an engineer and a hook run."""

from __future__ import annotations

from functools import partial

import click

from muniment.cli.common import (
    ExitCode,
    colour_option,
    evidence_options,
    format_option,
    settle,
    wants_colour,
)


@click.command(
    epilog="Examples: muniment check · muniment check --format sarif > findings.sarif · "
    "muniment check --gate 2.0.0 · muniment check --deep"
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@evidence_options
@format_option("text", "json", "jsonl", "sarif", "junit", "github")
@colour_option
@click.option(
    "--deep", is_flag=True, help="Trust nothing recorded: re-hash, recompute numbers, verify seals."
)
@click.option("--no-cache", is_flag=True, help="Judge every device anew, whatever an earlier run said of it.")
@click.option("--gate", metavar="RELEASE", help="Fail also on what is undecided for this release.")
@click.option(
    "--fail-on",
    type=click.Choice(["block", "warn"]),
    default="block",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Show only this rule (repeatable).")
@click.option(
    "--select", metavar="TEXT", help="Show only findings and rulings whose rule id starts with TEXT."
)
def check(
    paths: tuple[str, ...],
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    output: str,
    no_color: bool,
    deep: bool,
    no_cache: bool,
    gate: str | None,
    fail_on: str,
    rules: tuple[str, ...],
    select: str | None,
) -> int:
    """Check records, references, digests, change class and policies.

    With PATHs, as pre-commit passes them, only the devices they belong to are judged; a PATH outside
    the evidence folder (a policy, a schema) re-judges everything.
    """
    request = settle(evidence, as_of, quiet, cached=not (deep or no_cache))
    whole = not (paths or deep or rules or select) and gate is None
    if whole and output in ("text", "json", "jsonl"):
        # Nothing more is imported than this takes: an unchanged project is told from what was said of it.
        from muniment.pipeline.sweep import Sweep, sweep

        plan = Sweep(request, fail_on, output, wants_colour(no_color), cached=not no_cache)
        objections = sweep(plan, partial(click.echo, nl=False))
    else:
        from muniment.pipeline.checking import Selection, run
        from muniment.report import REPORTERS

        selection = Selection(paths=paths, rules=rules, prefix=select or "", gate=gate, fail_on=fail_on)
        report, objections = run(request, selection, deep=deep)
        click.echo(REPORTERS[output](report, colour=wants_colour(no_color)), nl=False)
    return ExitCode.FINDINGS if objections else ExitCode.CLEAN
