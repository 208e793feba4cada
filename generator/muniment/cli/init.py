"""`muniment init`: start a device folder that a person can fill in."""

from __future__ import annotations

import datetime
import re
import sys
import unicodedata
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import click

from muniment.cli.common import ExitCode, say
from muniment.errors import UsageError
from muniment.pipeline.editing import FOLDER, modeline, write_schemas

RECORDS = ("device.yaml", "roster.yaml", "claims/1.yaml", "hazards/1.yaml", "monitors/1.yaml")
ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@click.command(
    epilog="Example: muniment init my-evidence --device triage-ct --name 'Triage CT' && cd my-evidence "
    "&& muniment check"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--device", metavar="ID", help="Folder name of the device: lower case, digits, hyphens.")
@click.option("--name", metavar="TEXT", help="The device's name as people say it.")
@click.option("--dry-run", is_flag=True, help="List what would be written, and write nothing.")
def init(folder: Path, device: str | None, name: str | None, dry_run: bool) -> int:
    """Scaffold DIR with settings and one device's first records.

    The records are valid; every text that only people can supply begins with "To be written".
    Nothing that exists is overwritten.
    """
    for outer in (folder.resolve(), *folder.resolve().parents):
        if (outer / "device.yaml").is_file():
            raise UsageError(
                f"{folder} lies inside the device folder {outer.name}",
                hint="name a folder outside every evidence folder",
            )
    default = _slug(folder.resolve().name)
    if device is None:
        device = click.prompt("Device id", default=default) if sys.stdin.isatty() else default
    if not ID.fullmatch(device):
        raise UsageError(
            f"{device!r} cannot be a device id", hint="use lower-case letters, digits and hyphens"
        )
    if name is None:
        title = device.replace("-", " ").capitalize()
        name = click.prompt("Device name", default=title) if sys.stdin.isatty() else title
    if any(mark in name for mark in '"\\\n'):
        raise UsageError("the name must not hold quotes, backslashes or line breaks")
    values = {"id": device, "name": name, "today": datetime.date.today().isoformat()}
    templates = resources.files("muniment.cli") / "templates"
    planned = {folder / "muniment.yaml": _text(templates / "muniment.yaml", values)}
    for record in RECORDS:
        template = templates.joinpath("device", *record.split("/"))
        planned[folder / "evidence" / device / record] = _text(template, values)
    settings = folder / "muniment.yaml"
    clashes = [path for path in planned if path.exists() and path != settings]
    if clashes:
        raise UsageError(f"{clashes[0]} exists already", hint="choose another --device, or another DIR")
    planned = {path: modeline(folder, path, _kind(text)) + text for path, text in planned.items()}
    for path, text in planned.items():
        if path == settings and path.exists():
            continue
        say(f"{'would write' if dry_run else 'wrote'} {path}")
        if not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    if dry_run:
        say(f"would write {folder / FOLDER}")
    else:
        say(f"wrote {write_schemas(folder / FOLDER)} schemas to {folder / FOLDER}, for your editor")
        say(
            f'\nNext: cd {folder}, replace every "To be written", and run `muniment check`.\n'
            "A release comes after the datasets and a locked plan: see docs/tutorial.md."
        )
    return ExitCode.CLEAN


def _text(template: Traversable, values: Mapping[str, str]) -> str:
    return Template(template.read_text("utf-8")).substitute(values)


def _kind(text: str) -> str:
    """The kind a scaffolded file states; it names the file's schema."""
    return str(re.findall(r"^kind: (\w+)$", text, re.MULTILINE)[0])


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:64]
    return slug or "device"
