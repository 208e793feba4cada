"""`muniment diff`: what changed between two releases, classified."""

from __future__ import annotations

import json

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, say, settle
from muniment.model.tree import Tree, thawed

_SHOWN = 70
"""Characters of a value."""


@click.command(epilog="Example: muniment diff 1.2.0 2.0.0")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@evidence_options
@format_option("text", "json")
def diff(old: str, new: str, evidence: str | None, as_of: str | None, quiet: bool, output: str) -> int:
    """Show every path that differs from release OLD to release NEW, with its change class and why."""
    from muniment.pipeline.judging import compare

    changes = compare(settle(evidence, as_of, quiet), old, new)
    if output == "json":
        emit_json(
            {
                "schema": "muniment/diff/v1",
                "old": changes.old,
                "new": changes.new,
                "class": changes.computed.word,
                "changes": [change.as_json() for change in changes.items],
            }
        )
        return ExitCode.CLEAN
    if not changes.items:
        say(f"{old} and {new} do not differ in anything a record says.")
        return ExitCode.CLEAN
    say(f"{old} → {new}: {len(changes.items)} changes, class {changes.computed.word}\n")
    for change in sorted(changes.items, key=lambda c: (-c.change_class, c.path)):
        say(f"{change.change_class.word:<14} {change.kind:<8} {change.path}")
        say(f"{'':<14} {_brief(change.before)} → {_brief(change.after)}")
        say(f"{'':<14} {change.reason} [{change.rule}]")
    return ExitCode.CLEAN


def _brief(value: Tree) -> str:
    """A value in the terms of its record: text as it is, anything else as JSON, which YAML reads as well."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(thawed(value), ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
