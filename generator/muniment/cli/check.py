"""`muniment check`: the command an engineer and a hook run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from muniment.cli.common import (
    ExitCode,
    colour_option,
    doors,
    evidence_options,
    format_option,
    say,
    settle,
    wants_colour,
)
from muniment.cli.complete import release_names, rule_ids
from muniment.errors import UsageError

if TYPE_CHECKING:
    from muniment.pipeline.request import Request
    from muniment.pipeline.scope import Scope


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
@click.option("--staged", is_flag=True, help="Judge what the next git commit can affect, as it is staged.")
@click.option("--no-cache", is_flag=True, help="Judge every device anew, whatever an earlier run said of it.")
@click.option(
    "--gate",
    metavar="RELEASE",
    shell_complete=release_names,
    help="Fail also on what is undecided for this release.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["block", "warn"]),
    default="block",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="ID",
    shell_complete=rule_ids,
    help="Show only this rule (repeatable).",
)
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
    staged: bool,
    no_cache: bool,
    gate: str | None,
    fail_on: str,
    rules: tuple[str, ...],
    select: str | None,
) -> int:
    """Check records, references, digests, change class and policies.

    With PATHs, as pre-commit passes them, only what they can affect is judged: the releases of a device
    that refer to them and all that succeed those. A policy or the settings re-judge everything, and a
    PATH that is no evidence is passed over. `--staged` takes the paths from git, deleted and renamed
    files as well, and judges the files as they are staged. `--gate` always looks at everything.
    """
    whole = not (paths or staged or deep or rules or select) and gate is None
    if whole and output in ("text", "json", "jsonl"):
        request = settle(evidence, as_of, quiet, cached=not no_cache)
        # Nothing more is imported than this takes: an unchanged project is told from what was said of it.
        from muniment.pipeline.sweep import Sweep, sweep

        plan = Sweep(request, fail_on, output, wants_colour(no_color), cached=not no_cache)
        objections = sweep(plan, partial(click.echo, nl=False))
        return ExitCode.FINDINGS if objections else ExitCode.CLEAN
    from muniment.pipeline.checking import Selection, run
    from muniment.report import REPORTERS

    with _asked(paths, evidence, as_of, quiet, staged, whole=gate is not None) as (request, scope, note):
        selection = Selection(scope=scope, rules=rules, prefix=select or "", gate=gate, fail_on=fail_on)
        report, objections = run(request, selection, deep=deep)
    if note and not quiet:
        say(f"note: {note}", err=True)
    click.echo(REPORTERS[output](report, colour=wants_colour(no_color)), nl=False)
    return ExitCode.FINDINGS if objections else ExitCode.CLEAN


@contextmanager
def _asked(
    paths: tuple[str, ...], evidence: str | None, as_of: str | None, quiet: bool, staged: bool, *, whole: bool
) -> Iterator[tuple[Request, Scope, str]]:
    """Yield the request, what it looks at, and a note on that for the user."""
    if staged and paths:
        raise UsageError("--staged asks git for the paths", hint="leave out either --staged or the PATHs")
    from muniment.pipeline.scope import Scope, scope_of

    if staged:
        from muniment.pipeline.staging import staged as what_is_staged

        with what_is_staged(doors(quiet), start=Path.cwd(), evidence=evidence, as_of=as_of) as found:
            yield found.request, Scope() if whole else found.scope, found.note
        return
    request = settle(evidence, as_of, quiet)
    scope = scope_of(request, paths) if paths else Scope()
    note = "no PATH concerns the evidence" if scope.nothing else ""
    yield request, Scope() if whole else scope, note
