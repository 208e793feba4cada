"""`muniment schemas`: the schemas as files that an editor reads."""

from __future__ import annotations

from pathlib import Path

import click

from muniment.cli.common import ExitCode, say


@click.command(epilog="Example: muniment schemas --to .muniment/schemas")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write them to; schemas that lie there are replaced.",
)
def schemas(folder: Path) -> int:
    """Write the JSON Schemas of all records, settings and policies to a folder.

    An editor with the YAML language server reads them from there: see the how-to on editors. The files
    are derived; write them again after an upgrade of muniment, and commit them with your records.
    """
    from muniment.pipeline.editing import write_schemas

    count = write_schemas(folder)
    say(f"wrote {count} schemas to {folder}")
    return ExitCode.CLEAN
