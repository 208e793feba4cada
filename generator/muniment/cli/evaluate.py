"""`muniment evaluate` and `muniment freeze`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, say, settle
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

    Exit code 1 if a criterion is unmet, or if a planned hypothesis or a criterion of an adjusted family is
    not shown.
    """
    from muniment.pipeline.freezing import write_evaluation

    request = settle(evidence, as_of, quiet)
    request.doors.progress(f"evaluating {release}")
    done = write_evaluation(request, release, dry_run=dry_run)
    content = done.evaluation
    request.doors.progress("")
    lines = [*_criteria(content), *_hypotheses(content), *_family(content)]
    unmet = any(outcome == "unmet" for outcome, _, _ in lines)
    if output == "json":
        emit_json(content)
        return ExitCode.FINDINGS if unmet else ExitCode.CLEAN
    for outcome, name, message in lines:
        say(f"{MARKS[outcome]} {name:<40} {message}")
    say("")
    for gap in done.analysis["undecided"]:
        say(f"analysis undecided: {gap['section']}: {gap['reason']}")
    for each in done.files:
        say(f"{each.note}: {each.path.name}, sha256 {each.sha256}")
    return ExitCode.FINDINGS if unmet else ExitCode.CLEAN


def _criteria(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for criterion in content["criteria"]:
        cohort = ", ".join(f"{axis} {level}" for axis, level in sorted(criterion["cohort"].items()))
        name = f"{criterion['id']}{' · ' + cohort if cohort else ''}"
        yield criterion["outcome"], name, criterion["message"]


def _hypotheses(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """One line a comparison of each hypothesis of non-inferiority."""
    outcomes = {"non_inferior": ("met", "is ruled out"), "not_shown": ("unmet", "is not ruled out")}
    for hypothesis in content.get("non_inferiority", ()):
        for entry in hypothesis["entries"]:
            lost = f"a loss of {hypothesis['metric']} of {entry['margin']:.3g} against {entry['against']}"
            outcome, verb = outcomes.get(entry["outcome"], ("undecided", "is undecided"))
            found = entry["undecided"] if entry["bound"] is None else f"lower bound {entry['bound']:.3g}"
            yield outcome, hypothesis["id"], f"{lost} {verb}: {found}"


def _family(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """One line a criterion of a family whose p values were adjusted."""
    family = content.get("multiplicity") or {}
    for entry in family["criteria"] if family.get("adjusted") else ():
        how = f"{family['method']} at {family['alpha']:.3g}"
        if entry["p"] is None:
            yield "undecided", entry["id"], f"not shown in its family ({how}): {entry['reason']}"
        else:
            said = f"adjusted p {entry['adjusted_p']:.3g} ({how})"
            yield ("met" if entry["shown"] else "unmet"), entry["id"], said


@click.command(epilog="Example: muniment freeze 2.0.0")
@click.argument("release", metavar="RELEASE", shell_complete=release_names)
@evidence_options
@click.option("--dry-run", is_flag=True, help="Show the digest, and write nothing.")
def freeze(release: str, evidence: str | None, as_of: str | None, quiet: bool, dry_run: bool) -> int:
    """Write manifest.json: every file reachable from the release, with its SHA-256.

    The SHA-256 of the manifest is the release digest. From here on approvals bind.
    """
    from muniment.pipeline.freezing import freeze as freeze_release

    written = freeze_release(settle(evidence, as_of, quiet), release, dry_run=dry_run)
    say(f"{written.note}: {written.path.name}\nrelease digest sha256 {written.sha256}")
    return ExitCode.CLEAN
