"""`muniment trail`: what the program sealed and published, entry upon entry."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from muniment.cli.common import ExitCode, aligned, emit_json, evidence_options, format_option, say, settle

if TYPE_CHECKING:
    from muniment.model.trail import Entry, Trail


@click.command(epilog="Examples: muniment trail · muniment trail --adopt --as p-quality")
@evidence_options
@format_option("text", "json")
@click.option("--adopt", is_flag=True, help="Take in seals that the trail does not know of, under that name.")
@click.option("--as", "who", metavar="PERSON", help="With --adopt: who does so.")
def trail(
    evidence: str | None, as_of: str | None, quiet: bool, output: str, adopt: bool, who: str | None
) -> int:
    """Print the trail of every device, held against its files and its verified seals.

    An entry cannot be changed, taken out or put in without breaking the chain, and a seal contradicts a
    trail that was cut short before it. Entries after the newest seal are vouched for by a copy only: an
    archive, or the head noted elsewhere.
    """
    from muniment.pipeline import trail as trails

    asked = settle(evidence, as_of, quiet)
    if adopt:
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        for device, taken in trails.adopt(asked, at=now, who=who).items():
            say(f"{device}: took in {len(taken)} seals", err=True)
    found = trails.read(asked)
    if output == "json":
        emit_json(
            {
                "schema": "muniment/trail/v1",
                "devices": [
                    {
                        "device": device,
                        "head": each.head if each.entries else None,
                        "entries": [entry.as_json() for entry in each.entries],
                        "problems": list(each.problems),
                    }
                    for device, each in sorted(found.items())
                ],
            }
        )
    else:
        say("\n".join(_text(device, each) for device, each in sorted(found.items())))
    return ExitCode.FINDINGS if any(each.problems for each in found.values()) else ExitCode.CLEAN


def _text(device: str, trail: Trail) -> str:
    lines = []
    if trail.entries:
        rows = (("entry", "time", "command", "who", "wrote"), *(_row(entry) for entry in trail.entries))
        lines.append(aligned(rows))
    lines.extend(f"FAILED {problem}" for problem in trail.problems)
    lines.append(
        f"{device}: {len(trail.entries)} entries, head {trail.head}"
        if trail.entries
        else f"{device}: no entry yet"
    )
    return "\n".join(lines)


def _row(entry: Entry) -> tuple[str, ...]:
    files = [*entry.wrote, *(f"{name} (handed out)" for name in entry.published)]
    shown = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more" if files else ""
    return str(entry.seq), entry.at, entry.command, entry.who or "", shown
