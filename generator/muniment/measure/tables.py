"""Opening prediction tables: Parquet, CSV and Arrow IPC, one file or a glob.

Nothing is interpreted here beyond columns: text stays text in a CSV, so that a
site called `007` keeps its name and a column of mixed content can be reported
with the value that does not fit.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from muniment.errors import UnreadableInput

PARQUET = (".parquet", ".pq")
IPC = (".arrow", ".ipc", ".feather")
CSV = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst")
COLUMNS_SHOWN = 12
_AGAIN = "_duplicated_0"
"""What Polars calls the second column of a name."""
# A damaged file can trip an assertion inside the reader, which comes up as a panic.
FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


def open_table(source: str | Path) -> pl.LazyFrame:
    """Return a lazy frame over one table, or over all tables that a glob matches.

    The tables of a glob are concatenated in the order of their names and must have the same columns
    of the same types. Nothing but the header or footer is read yet; `collect` does the reading.

    Raises:
        UnreadableInput: no file, an unknown kind of file, a damaged file, or differing columns.
    """
    paths = matching(str(source))
    frames = [_scan(path) for path in paths]
    schemas = [_schema(frame, path) for frame, path in zip(frames, paths, strict=True)]
    for path, schema in zip(paths[1:], schemas[1:], strict=True):
        if schema != schemas[0]:
            raise UnreadableInput(
                f"the tables that {str(source)!r} matches differ: {paths[0].name} has {_listed(schemas[0])} "
                f"and {path.name} has {_listed(schema)}",
                hint="Name one table, or make the columns and their types the same.",
            )
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def collect(frame: pl.LazyFrame, name: str | Path) -> pl.DataFrame:
    """Read what `frame` asks for; a damaged file named `name` becomes one clear error."""
    try:
        return frame.collect()
    except FAULTS as error:
        raise damaged(Path(name).name, error) from error


def require(columns: Iterable[str], wanted: Sequence[str], name: str | Path) -> None:
    """Raise `UnreadableInput` unless every wanted column is there once; near misses are suggested."""
    found = list(columns)
    for column in wanted:
        if column in found and f"{column}{_AGAIN}" in found:
            raise UnreadableInput(
                f"the header of {Path(name).name} names {column!r} more than once",
                hint="Give each column a name of its own: which one is meant cannot be told.",
            )
    missing = [column for column in dict.fromkeys(wanted) if column not in found]
    if not missing:
        return
    shown = ", ".join(found[:COLUMNS_SHOWN]) + (", …" if len(found) > COLUMNS_SHOWN else "")
    near = [match for column in missing for match in close(column, found)]
    guess = f" Did you mean {' or '.join(repr(match) for match in near)}?" if near else ""
    raise UnreadableInput(
        f"{Path(name).name} has no column {', '.join(repr(column) for column in missing)}",
        hint=f"Columns found: {shown or 'none'}.{_spelling(found) or guess}",
    )


def _spelling(found: Sequence[str]) -> str:
    """What the header of a CSV says about how it was written, where it was not read as it was meant."""
    if any("\0" in name or "\N{REPLACEMENT CHARACTER}" in name for name in found):
        return " The text is not UTF-8 (UTF-16 perhaps): save it as UTF-8."
    if len(found) == 1 and (sign := next((sign for sign in ";|\t" if sign in found[0]), None)):
        other = "" if sign != "\t" else ", or name the file .tsv"
        return f" The columns seem to be separated by {sign!r}: separate them by commas{other}."
    return ""


def close(word: str, words: Iterable[str]) -> list[str]:
    """The likeliest meant among `words`, upper and lower case being equal; at most one."""
    by_fold = {candidate.casefold(): candidate for candidate in words}
    return [by_fold[fold] for fold in difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)]


def matching(source: str) -> list[Path]:
    """The file of that name, or all files that a glob matches, ordered by name; none is an error."""
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        raise UnreadableInput(
            f"{source!r} is a folder, not a table", hint=f"Name a file or a glob, as in '{source}/*.parquet'."
        )
    found = sorted(match for match in _matches(path) if match.is_file())
    if found:
        return found
    siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    near = close(path.name, siblings)
    raise UnreadableInput(
        f"there is no table {source!r}",
        hint=f"Did you mean {near[0]!r}?" if near else "Give the path of a Parquet, CSV or Arrow IPC file.",
    )


def size_of(source: str) -> int:
    """Bytes on disk of what `matching` finds."""
    return sum(path.stat().st_size for path in matching(source))


def _matches(pattern: Path) -> Iterator[Path]:
    """What a glob matches, from the folder before its first wildcard."""
    steps = pattern.parts
    first = next((index for index, step in enumerate(steps) if any(sign in step for sign in "*?[")), None)
    if first is None:
        return
    yield from Path(*steps[:first]).glob("/".join(steps[first:]))


def _scan(path: Path) -> pl.LazyFrame:
    name = path.name.lower()
    # The path is handed over as a literal file: polars must not expand a name that looks like a glob.
    if name.endswith(PARQUET):
        return pl.scan_parquet(path, glob=False)
    if name.endswith(IPC):
        return pl.scan_ipc(path, glob=False)
    if name.endswith(CSV):
        separator = "\t" if ".tsv" in name else ","
        return pl.scan_csv(path, infer_schema=False, separator=separator, glob=False)
    raise UnreadableInput(
        f"{path.name} is not a kind of table that can be read",
        hint=f"Name it after what it is: {', '.join(PARQUET + CSV + IPC)}.",
    )


def _schema(frame: pl.LazyFrame, path: Path) -> pl.Schema:
    try:
        return frame.collect_schema()
    except FAULTS as error:
        raise damaged(path.name, error) from error


def damaged(name: str, error: BaseException) -> UnreadableInput:
    """The error to raise for a file that its reader gave up on."""
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    hint = "The file may be cut short or not what its name says; fetch or write it again."
    if "utf-8" in reason.lower():
        hint = "Text is read as UTF-8: save the file in that encoding."
    return UnreadableInput(f"{name} cannot be read: {reason}", hint=hint)


def _listed(schema: pl.Schema) -> str:
    shown = [f"{name} ({kind})" for name, kind in list(schema.items())[:COLUMNS_SHOWN]]
    return ", ".join(shown) + (", …" if len(schema) > COLUMNS_SHOWN else "")
