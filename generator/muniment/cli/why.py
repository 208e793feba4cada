"""`muniment why`: the five answers on the terminal."""

from __future__ import annotations

import textwrap

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, say, settle
from muniment.cli.complete import release_names

QUESTIONS = {
    "what": "What changed?",
    "when": "When?",
    "why": "Why?",
    "who": "Who approved it?",
    "evidence": "On what evidence?",
}


@click.command(epilog="Examples: muniment why 2.0.0 · muniment why 2.0.0 --verified --format json")
@click.argument("release", metavar="RELEASE", shell_complete=release_names)
@evidence_options
@format_option("text", "json")
@click.option("--verified", is_flag=True, help="Verify seals and recompute numbers first (slower).")
@click.option("--brief", is_flag=True, help="The answers without their details.")
def why(
    release: str,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    output: str,
    verified: bool,
    brief: bool,
) -> int:
    """Answer, for RELEASE: what changed, when, why, who approved it, and on what evidence.

    Each answer names the files it rests on and says whether they are verified, only recorded, or
    do not support it. Exit code 1 if any answer is unsupported.
    """
    from muniment.pipeline.judging import answer

    view, request_date = answer(settle(evidence, as_of, quiet), release, deep=verified)
    unsupported = any(a.status == "unsupported" for a in view.answers)
    if output == "json":
        emit_json(
            {
                "schema": "muniment/why/v1",
                "as_of": request_date,
                "release": view.version,
                "status": str(view.status),
                "answers": {a.question: a.as_json() for a in view.answers},
            }
        )
        return ExitCode.FINDINGS if unsupported else ExitCode.CLEAN
    say(f"{view.dossier.device} {view.version} — {view.status}, as of {request_date}\n")
    for item in view.answers:
        say(f"{QUESTIONS[item.question]}  [{item.status}]")
        say(_wrapped(item.text, "  "))
        if not brief:
            for point in item.points:
                say(_wrapped(point, "  - ", "    "))
        for citation in item.citations:
            digest = f"sha256 {citation.sha256[:12]}" if citation.sha256 else "missing"
            say(f"    ↳ {citation.file}{'#' + citation.pointer if citation.pointer else ''}  {digest}")
        say("")
    return ExitCode.FINDINGS if unsupported else ExitCode.CLEAN


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        text, 100, initial_indent=first, subsequent_indent=rest or first, break_on_hyphens=False
    )
