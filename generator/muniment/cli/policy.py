"""`muniment policy`: packs held against themselves, the catalogue, and the cases beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from muniment.cli.common import ExitCode, F, emit_json, evidence_options, format_option, say, settle
from muniment.cli.complete import release_names
from muniment.cli.rules import settle_without_evidence
from muniment.errors import InvalidPolicy, UsageError
from muniment.model.finding import Severity


@click.group()
def policy() -> None:
    """Lint, test, compare and try policy packs.

    A mistake in a policy is exit code 2 and names its file, line and column.
    """


def pack_option(function: F) -> F:
    """Add `--pack`: other packs than those of the settings."""
    return click.option(
        "--pack",
        "packs",
        multiple=True,
        metavar="PACK",
        help="A shipped pack, or a folder of one (repeatable; default: those of muniment.yaml).",
    )(function)


@policy.command("lint", epilog="Examples: muniment policy lint · muniment policy lint --pack internal")
@evidence_options
@format_option("text", "json")
@pack_option
def lint(evidence: str | None, as_of: str | None, quiet: bool, output: str, packs: tuple[str, ...]) -> int:
    """Find misspelt fields, rules without cases, unknown requirement ids, ties in the taxonomy, silent rows.

    Every field is held against the JSON Schemas. Where a layer loosens a pack below it, a note says so.
    """
    from muniment.pipeline.policies import lint_packs

    findings = lint_packs(settle_without_evidence(evidence, as_of, quiet, packs))
    wrong = [finding for finding in findings if finding.severity is not Severity.INFO]
    if output == "json":
        emit_json({"schema": "muniment/policy-lint/v1", "findings": [dict(f.as_json()) for f in findings]})
    else:
        for finding in findings:
            note = "note: " if finding.severity is Severity.INFO else ""
            say(f"{finding.where}: {note}{finding.message}")
            if finding.hint:
                say(f"  hint: {finding.hint}")
        say(f"{len(wrong) or 'no'} finding{'' if len(wrong) == 1 else 's'}")
    return ExitCode.FINDINGS if wrong else ExitCode.CLEAN


@policy.command("test", epilog="Examples: muniment policy test · muniment policy test --pack internal")
@evidence_options
@format_option("text", "json")
@pack_option
def test(evidence: str | None, as_of: str | None, quiet: bool, output: str, packs: tuple[str, ...]) -> int:
    """Judge every case that lies beside the packs, and compare with the outcome it is filed under."""
    from muniment.pipeline.policies import run_cases

    results = run_cases(settle_without_evidence(evidence, as_of, quiet, packs))
    failed = [result for result in results if not result.passed]
    if output == "json":
        emit_json(
            {
                "schema": "muniment/policy-test/v1",
                "cases": [
                    {
                        "rule": result.rule,
                        "case": result.case,
                        "expected": result.expected,
                        "found": result.found,
                        "message": result.message,
                    }
                    for result in results
                ],
            }
        )
    else:
        for result in failed:
            say(f"{result.case}: {result.rule} is {result.found}, expected {result.expected}")
            say(f"  {result.message}")
        say(f"{len(results) - len(failed)} of {len(results)} cases as expected")
    return ExitCode.FINDINGS if failed or not results else ExitCode.CLEAN


@policy.command(
    "diff",
    epilog="Examples: muniment policy diff core ours · muniment policy diff core internal --release 2.0.0",
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@evidence_options
@format_option("text", "json")
@click.option("--release", metavar="RELEASE", help="Compare the rulings on this release only.")
def diff(
    old: str, new: str, evidence: str | None, as_of: str | None, quiet: bool, output: str, release: str | None
) -> int:
    """Compare two packs by what they decide on the evidence: exit code 1 if a ruling changes.

    OLD and NEW are shipped packs, or folders of packs relative to muniment.yaml; several are joined by
    commas. Each change names release, rule, outcome before and after, and why. Rulings rest on what is
    recorded.
    """
    from muniment.pipeline.policy_diff import policy_diff

    found = policy_diff(settle(evidence, as_of, quiet), _names(old), _names(new), release)
    if output == "json":
        emit_json(found.as_json())
    else:
        for moved in found.releases:
            before, after = (", ".join(side) for side in (moved.before, moved.after))
            say(f"{moved.device} {moved.release}: {before} → {after}")
        for item in found.changes:
            sides = " → ".join(str(side) if side else "no such rule" for side in (item.before, item.after))
            say(f"{item.device} {item.release} {item.rule}: {sides}")
            say(f"  {item.why}")
        count = len(found.changes)
        say(f"as of {found.as_of}: {count or 'no'} ruling{'' if count == 1 else 's'} changed")
    return ExitCode.FINDINGS if found.changes or found.releases else ExitCode.CLEAN


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("a pack has a name", hint="for example: muniment policy diff core ours")
    return names


@policy.command(
    "eval",
    epilog="Examples: muniment policy eval 'measures.cohort.n > 500' --release 2.0.0 · "
    "muniment policy eval 'a + 1' --context facts.json · muniment policy eval --from many.jsonl",
)
@click.argument("expression", metavar="[EXPR]", required=False)
@evidence_options
@click.option(
    "--release", metavar="RELEASE", shell_complete=release_names, help="Ask the facts on this release."
)
@click.option(
    "--context",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Ask the object in this JSON file.",
)
@click.option(
    "--from",
    "many",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help='JSON lines {"id", "expr", "context"}; a line out {"id", "value"} or {"id", "error"}.',
)
def evaluate(
    expression: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    release: str | None,
    context: Path | None,
    many: Path | None,
) -> int:
    """Evaluate one expression on a release or on a JSON file, or many from a file.

    Exit code 1 if an expression has no value; 2 if it is no expression.
    """
    from muniment.judge import ask

    if (expression is None) == (many is None) or (many is not None and (release or context)):
        raise UsageError("say either one EXPR, with --release or --context, or --from FILE")
    if many is not None:
        return _many(many)
    assert expression is not None
    if release and context:
        raise UsageError("--release and --context are two sets of facts", hint="choose one")
    if release:
        from muniment.pipeline.judging import facts_of

        facts = facts_of(settle(evidence, as_of, quiet), release)
    else:
        facts = _object(context.read_bytes(), str(context)) if context else {}
    asked = ask(expression, facts)
    if asked.error is not None:
        say(f"no value: {asked.error}", err=True)
        return ExitCode.FINDINGS
    emit_json(asked.value)
    return ExitCode.CLEAN


def _many(path: Path) -> int:
    """Evaluate a file of expressions; a mistake in one is an error line, and the others go on."""
    from muniment.judge import ask

    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        item = _object(line, f"{path}:{number}")
        if not isinstance(item.get("expr"), str) or not isinstance(item.get("context", {}), dict):
            raise UsageError(
                f"{path}:{number} is not {{id, expr, context}}", hint="expr is text, context an object"
            )
        try:
            out = ask(item["expr"], item.get("context", {})).as_json()
        except InvalidPolicy as error:
            out = {"error": f"invalid: {error.message}"}
        emit_json({"id": item.get("id"), **out}, indent=None)
    return ExitCode.CLEAN


def _object(data: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{name} is not a JSON object", hint="its keys are the names that expressions use")
    return found
