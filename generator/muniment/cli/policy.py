"""`muniment policy`: packs held against themselves, the catalogue, and the cases beside them."""

from __future__ import annotations

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option
from muniment.cli.rules import settle_without_evidence


@click.group()
def policy() -> None:
    """Lint and test policy packs. A mistake in a policy is exit code 2 and names its own file and line."""


@policy.command("lint", epilog="Example: muniment policy lint")
@evidence_options
@format_option("text", "json")
def lint(evidence: str | None, as_of: str | None, quiet: bool, output: str) -> int:
    """Find rules without cases, unknown requirement ids, ties in the taxonomy, rows nobody speaks for."""
    from muniment.pipeline.judging import lint_packs

    findings = lint_packs(settle_without_evidence(evidence, as_of, quiet))
    if output == "json":
        emit_json({"schema": "muniment/policy-lint/v1", "findings": [dict(f.as_json()) for f in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.where}: {finding.message}")
            if finding.hint:
                click.echo(f"  hint: {finding.hint}")
        click.echo(f"{len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    return ExitCode.FINDINGS if findings else ExitCode.CLEAN


@policy.command("test", epilog="Example: muniment policy test")
@evidence_options
@format_option("text", "json")
def test(evidence: str | None, as_of: str | None, quiet: bool, output: str) -> int:
    """Judge every case that lies beside the packs, and compare with the outcome it is filed under."""
    from muniment.pipeline.judging import run_cases

    results = run_cases(settle_without_evidence(evidence, as_of, quiet))
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
            click.echo(f"{result.case}: {result.rule} is {result.found}, expected {result.expected}")
            click.echo(f"  {result.message}")
        click.echo(f"{len(results) - len(failed)} of {len(results)} cases as expected")
    return ExitCode.FINDINGS if failed or not results else ExitCode.CLEAN
