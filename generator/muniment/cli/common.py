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

from muniment.errors import MunimentError, UsageError
from muniment.model.line import escaped, one_line

if TYPE_CHECKING:
    from muniment.pipeline.request import Doors, Request

MOST_BROUGHT = 1 << 20
"""Bytes of a file of certificates, or of an authority's reply."""
F = TypeVar("F", bound=Callable[..., Any])


class ExitCode(IntEnum):
    """What a caller learns from the exit status."""

    CLEAN = 0
    FINDINGS = 1
    NO_JUDGEMENT = 2


def evidence_options(function: F) -> F:
    """Add the options by which every evidence command finds its input."""
    function = quiet_option(function)
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


def quiet_option(function: F) -> F:
    """Add `--quiet`."""
    return click.option("--quiet", "-q", is_flag=True, help="Say nothing on stderr but errors.")(function)


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
    from muniment.cli.display import teller
    from muniment.pipeline.request import Doors

    return Doors(today=datetime.date.today, progress=teller(quiet))


def brought(path: Path, what: str) -> bytes:
    """Read a small file that the user brought along; `what` says what it should be."""
    if not path.is_file() or path.stat().st_size > MOST_BROUGHT:
        raise UsageError(f"{path.name} is no {what}", hint=f"name a file of at most {MOST_BROUGHT:,} bytes")
    return path.read_bytes()


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write text for a person, in which only the ends of lines can steer the terminal."""
    click.echo("\n".join(one_line(line) for line in text.split("\n")), err=err, nl=nl)


def paragraph(text: str) -> None:
    """Write one paragraph for a person below what stands there, whatever ends of lines its names hold."""
    say(f"\n{one_line(text)}")


def complain(error: MunimentError) -> None:
    """Say why there is no judgement, and what to do, in one line each."""
    place = f"{error.where}: " if error.where else ""
    say(f"error: {one_line(place + error.message)}", err=True)
    if error.hint:
        say(f"  hint: {one_line(error.hint)}", err=True)


def emit_json(value: Any, indent: int | None = 2) -> None:
    """Write the canonical form of a JSON output: sorted keys, two spaces, a final newline."""
    text = json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)
    click.echo(escaped(text))


def aligned(rows: tuple[tuple[str, ...], ...]) -> str:
    """Rows of text as aligned columns, the first row being the heading; a cell is one line."""
    rows = tuple(tuple(one_line(cell) for cell in row) for row in rows)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)
