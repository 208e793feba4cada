"""`muniment snapshot`: an immutable manifest of a dataset's files."""

from __future__ import annotations

from pathlib import Path

import click

from muniment.cli.common import ExitCode, aligned, emit_json, format_option, paragraph, quiet_option, say
from muniment.cli.display import teller


@click.command(
    epilog="Example: muniment snapshot datasets/raw/2 'data/raw/*.parquet' --id patient_id "
    "--to evidence/my-device"
)
@click.argument("dataset", metavar="DATASET")
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option("--id", "identifier", metavar="COL", help="Column that names the members (patients).")
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder of the manifest (default: here); files below it keep their path.",
)
@click.option(
    "--min-n", type=click.IntRange(1), default=10, show_default=True, help="Name no level with fewer rows."
)
@click.option("--dry-run", is_flag=True, help="Show the manifest, and write nothing.")
@quiet_option
@format_option("text", "json")
def snapshot(
    dataset: str,
    files: tuple[str, ...],
    identifier: str | None,
    folder: Path,
    min_n: int,
    dry_run: bool,
    quiet: bool,
    output: str,
) -> int:
    """Write DATASET.snapshot.json: hashes, rows, columns, profiles and a digest of the members.

    FILES are paths or quoted globs. Tables (Parquet, CSV, Arrow IPC) are profiled, other files hashed. A
    snapshot that says something else is never written over.
    """
    from muniment.pipeline.snapshots import write_snapshot

    path, sha256, note, found = write_snapshot(
        dataset, files, folder, identifier=identifier, min_n=min_n, dry_run=dry_run, progress=teller(quiet)
    )
    if output == "json":
        emit_json(found.as_json())
        return ExitCode.CLEAN
    say(aligned(found.table()))
    paragraph(found.methods)
    say(f"\n{note}: {path.name}, sha256 {sha256}")
    return ExitCode.CLEAN
