"""`muniment migrate`: older records, brought to the present schema version."""

from __future__ import annotations

import difflib

import click

from muniment.cli.common import ExitCode, evidence_options, say, settle


@click.command(
    epilog="Examples: muniment migrate --dry-run · muniment migrate evidence/triage-ct/monitors/2.yaml"
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@evidence_options
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def migrate(
    paths: tuple[str, ...], evidence: str | None, as_of: str | None, quiet: bool, dry_run: bool
) -> int:
    """Bring records that follow an older schema version to the present one.

    Comments, order and everything else in a file stay as they are. What a frozen release or a seal holds
    is left alone: it is read, judged and shown in its own version for ever. The exit code is 1 where a
    record is left that only a person can bring up to date.
    """
    from muniment.pipeline.migrating import migrate as carried_out
    from muniment.pipeline.scope import Scope, scope_of

    request = settle(evidence, as_of, quiet)
    scope = scope_of(request, paths) if paths else Scope()
    done = () if scope.nothing else carried_out(request, scope, write=not dry_run)
    for each in done:
        if each.outcome == "migrated":
            went = "would go" if dry_run else "went"
            say(f"{each.file}: {went} from schema {each.written} to {each.current}")
        else:
            say(f"{each.file}: left at schema {each.written}: {each.said}")
        if dry_run and each.before != each.after:
            say(_difference(each.before, each.after), nl=False)
    if not done:
        say("every record follows the present schema version")
    return ExitCode.FINDINGS if any(each.outcome in ("unsure", "faulty") for each in done) else ExitCode.CLEAN


def _difference(before: bytes, after: bytes) -> str:
    """Return the changed lines, with one line of context."""
    old, new = (data.decode("utf-8").replace("\r\n", "\n").split("\n") for data in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]
    return "".join(f"  {line}\n" for line in lines)
