"""Options and habits that all commands share."""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from muniment.pipeline.request import Doors, Request

F = TypeVar("F", bound=Callable[..., Any])


class ExitCode(IntEnum):
    """What a caller learns from the exit status."""

    CLEAN = 0
    FINDINGS = 1
    NO_JUDGEMENT = 2


def evidence_options(function: F) -> F:
    """Add the options by which every evidence command finds its input."""
    function = click.option("--quiet", "-q", is_flag=True, help="Say nothing on stderr but errors.")(function)
    function = click.option(
        "--as-of", metavar="DATE", help="Judge at this date (default: as_of of muniment.yaml, else today)."
    )(function)
    return click.option(
        "--evidence",
        metavar="DIR",
        help="Evidence folder, one folder a device (default: from muniment.yaml, else ./evidence).",
    )(function)


def format_option(*formats: str) -> Callable[[F], F]:
    """Add `--format` with the given choices, the first being the default."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Shape of what goes to stdout.",
    )


def colour_option(function: F) -> F:
    """Add `--no-color`."""
    return click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")(function)


def wants_colour(no_color: bool) -> bool:
    """Colours only on a terminal, and never against the user's word (no-color.org)."""
    return not no_color and not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def settle(
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    packs: tuple[str, ...] = (),
    *,
    cached: bool = False,
) -> Request:
    """Turn the shared options into a request; `cached` as `pipeline.request` has it."""
    # Imported here: a command on anybody's table has no evidence folder, and starts without what reads one.
    from muniment.pipeline.request import request

    return request(doors(quiet), start=Path.cwd(), evidence=evidence, as_of=as_of, packs=packs, cached=cached)


def doors(quiet: bool) -> Doors:
    """The real clock, and a display of progress unless told to be quiet."""
    from muniment.pipeline.request import Doors

    return Doors(today=datetime.date.today, progress=teller(quiet))


def teller(quiet: bool) -> Callable[[str], None]:
    """Return a function that shows what is being done now, on a terminal only; no text ends the display."""
    if quiet or not sys.stderr.isatty():
        return lambda _message: None
    from rich.console import Console

    status = Console(stderr=True).status("")
    click.get_current_context().call_on_close(status.stop)

    def tell(message: str) -> None:
        if message:
            status.update(message)
            status.start()
        else:
            status.stop()

    return tell


def emit_json(value: Any) -> None:
    """Write the canonical form of a JSON output: sorted keys, two spaces, a final newline."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False))


def aligned(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of text as aligned columns, the first row being the heading."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)
