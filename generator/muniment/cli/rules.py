"""`muniment rules` and `muniment explain`: what is judged, and why."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, say, settle
from muniment.errors import UsageError
from muniment.pipeline.request import Request


@click.command(epilog="Examples: muniment rules · muniment rules --pack core --format json")
@evidence_options
@format_option("text", "json")
@click.option("--pack", metavar="PACK", help="Only the rules of this pack, of the settings or shipped.")
def rules(evidence: str | None, as_of: str | None, quiet: bool, output: str, pack: str | None) -> int:
    """List every rule and every requirement of the catalogue with the rules that judge it."""
    from muniment.pipeline.policies import is_shipped, rule_index

    request = settle_without_evidence(evidence, as_of, quiet)
    index = rule_index(request)
    if pack is not None and pack not in {rule.pack for rule in index.rules} and is_shipped(pack):
        index = rule_index(replace(request, packs=(pack,)))
    entries = [rule for rule in index.rules if pack in (None, rule.pack)]
    if pack is not None and not entries:
        packs = ", ".join(sorted({rule.pack for rule in index.rules}))
        raise UsageError(f"there is no pack {pack!r}", hint=f"packs: {packs}")
    if output == "json":
        emit_json(
            {
                "schema": "muniment/rules/v1",
                "rules": [
                    {
                        "id": rule.id,
                        "pack": rule.pack,
                        "severity": rule.severity,
                        "requirements": list(rule.requirements),
                        "title": rule.title,
                    }
                    for rule in entries
                ],
                "requirements": [
                    {
                        "id": row.id,
                        "title": row.title,
                        "rules": list(row.rules),
                        "fields": list(index.fields.get(row.id, ())),
                        "pages": list(index.pages.get(row.id, ())),
                        "why_not": row.why_not,
                    }
                    for row in index.requirements
                ],
                "loosenings": [
                    {
                        "pack": item.pack,
                        "what": item.what,
                        "before": item.before,
                        "after": item.after,
                        "reason": item.reason,
                    }
                    for item in index.loosenings
                ],
            }
        )
        return ExitCode.CLEAN
    for rule in entries:
        say(f"{rule.severity:<6}{rule.id:<42}{', '.join(rule.requirements)}")
        say(f"      {rule.title}")
    for item in index.loosenings:
        say(f"note: {item.sentence}")
    served = sum(1 for row in index.requirements if row.rules)
    say(
        f"\n{len(entries)} rules; {served} of {len(index.requirements)} requirements have a rule. "
        "`muniment explain ID` says why and how to fix."
    )
    return ExitCode.CLEAN


@click.command(
    epilog="Examples: muniment explain criteria-locked-first · muniment explain VAL-03 · "
    "muniment explain change release.model.file.sha256"
)
@click.argument("name", metavar="RULE|REQUIREMENT|change")
@click.argument("path", metavar="[PATH]", required=False)
@evidence_options
def explain(name: str, path: str | None, evidence: str | None, as_of: str | None, quiet: bool) -> int:
    """Explain a rule, a requirement, or (with `change PATH`) the class of a change at a path.

    A rule: why it exists, how to satisfy it and which clauses it serves. A change path: the pattern of the
    taxonomy that decides its class, and why.
    """
    import difflib

    if name == "change" or path is not None:
        return _explain_change(name, path, settle_without_evidence(evidence, as_of, quiet))
    from muniment.pipeline.policies import rule_index

    index = rule_index(settle_without_evidence(evidence, as_of, quiet))
    rule = next((r for r in index.rules if r.id == name), None)
    row = next((r for r in index.requirements if r.id == name.upper()), None)
    if rule is not None:
        say(f"{rule.id} ({rule.severity}, pack {rule.pack})\n{rule.title}\n")
        for label, text in (("Why", rule.why), ("How to fix", rule.fix), ("Condition", rule.require)):
            say(textwrap.fill(f"{label}: {text.strip()}", 100, subsequent_indent="  "))
        for item in index.loosenings:
            if item.what == f"rule {rule.id}":
                say(f"\nnote: {item.sentence}")
        rows = {r.id: r for r in index.requirements}
        for requirement in rule.requirements:
            say(f"\n{requirement}: {rows[requirement].title}\n  clauses: {', '.join(rows[requirement].refs)}")
        return ExitCode.CLEAN
    if row is not None:
        say(f"{row.id}: {row.title}\nclauses: {', '.join(row.refs)}")
        say(f"rules: {', '.join(row.rules)}" if row.rules else f"no rule: {row.why_not}")
        fields = index.fields.get(row.id, ())
        if fields:
            say(f"fields: {', '.join(fields)}")
        return ExitCode.CLEAN
    dropped = next((item for item in index.loosenings if item.what == f"rule {name}"), None)
    if dropped is not None:
        say(f"{name} does not judge: {dropped.sentence}")
        return ExitCode.CLEAN
    every = [r.id for r in index.rules] + [r.id for r in index.requirements]
    near = difflib.get_close_matches(name, every, n=1)
    raise UsageError(
        f"there is no rule or requirement {name!r}",
        hint=f"did you mean {near[0]!r}?" if near else "`muniment rules` lists them",
    )


def _explain_change(name: str, path: str | None, request: Request) -> int:
    from muniment.pipeline.policies import class_of_path

    if name != "change" or path is None:
        raise UsageError(
            "say `explain change PATH`", hint="for example: muniment explain change release.summary"
        )
    word, pattern, reason = class_of_path(request, path)
    say(f"{path} → {pattern} → {word}\n{reason}")
    return ExitCode.CLEAN


def settle_without_evidence(
    evidence: str | None, as_of: str | None, quiet: bool, packs: tuple[str, ...] = ()
) -> Request:
    """Settle a request for a command that reads policies only, so that it works in any folder."""
    try:
        return settle(evidence, as_of, quiet, packs)
    except UsageError:
        if evidence is not None:
            raise
        return settle(".", as_of, quiet, packs)
