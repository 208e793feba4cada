"""An immutable manifest of a dataset: which bytes, which columns, which members.

Whoever has the files can make the manifest again and compare it byte for byte. `digest` and the digest of
members can be made without this tool:

```
sha256sum FILES | LC_ALL=C sort -k 2 | sha256sum         # names as in the manifest
LC_ALL=C sort -u IDS | sha256sum                         # one id a line
```
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from muniment import __version__
from muniment.errors import UnreadableInput, UsageError
from muniment.measure.missing import field_missing
from muniment.measure.profile import ColumnProfile, profile
from muniment.measure.tables import CSV, IPC, PARQUET, collect, matching, open_table, require
from muniment.model.dataclass import dataclass
from muniment.model.progress import Progress, silent

SNAPSHOT_SCHEMA = "muniment/snapshot/v1"
BLOCK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_IDS = 1 << 16


@dataclass(frozen=True, slots=True)
class SnapshotRequest:
    """The options of `muniment snapshot`."""

    dataset: str
    """Name of the dataset, as in `datasets/raw/2`."""
    files: tuple[str, ...]
    """Paths or globs; tables are profiled, other files only hashed."""
    folder: Path
    """Folder that the manifest lies in, and that names of files below it are relative to."""
    id: str | None = None
    """Column that names the members; every table must have it."""
    min_n: int = 10


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file."""

    path: str
    """Relative to the manifest's folder, or the bare name of a file that lies elsewhere."""
    sha256: str
    size: int
    rows: int | None
    """`None` for a file that is no table."""
    columns: tuple[ColumnProfile, ...]

    def as_json(self) -> dict[str, Any]:
        """The file's part of the manifest."""
        columns = [column.as_json() for column in self.columns]
        return {
            "path": self.path,
            "sha256": self.sha256,
            "size": self.size,
            "rows": self.rows,
            "columns": None if self.rows is None else columns,
        }


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in the dataset, without saying who."""

    column: str
    n: int
    """Distinct ids."""
    rows: int
    """Rows with an id."""
    missing: int
    """Rows without one."""
    sha256: str
    """Of the distinct ids as text, in order of their bytes, each followed by a newline."""

    def as_json(self) -> dict[str, Any]:
        """The members' part of the manifest."""
        return {
            "column": self.column,
            "n": self.n,
            "rows": self.rows,
            "missing": self.missing,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dataset as it is now."""

    dataset: str
    files: tuple[FileEntry, ...]
    """In order of their names."""
    members: Members | None
    min_n: int

    @property
    def digest(self) -> str:
        """SHA-256 over a line `<sha256>  <path>` for every file."""
        lines = "".join(f"{entry.sha256}  {entry.path}\n" for entry in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The shape `muniment/snapshot/v1`."""
        return {
            "schema": SNAPSHOT_SCHEMA,
            "dataset": self.dataset,
            "digest": self.digest,
            "files": [entry.as_json() for entry in self.files],
            "members": None if self.members is None else self.members.as_json(),
            "min_n": self.min_n,
        }

    @property
    def methods(self) -> str:
        """One paragraph that says what was done."""
        parts = [f"{_counted(len(self.files), 'file')} of {self.dataset}: digest sha256 {self.digest}."]
        tables = [entry for entry in self.files if entry.rows is not None]
        if tables:
            rows = sum(entry.rows or 0 for entry in tables)
            columns = sum(len(entry.columns) for entry in tables)
            parts.append(
                f"{_counted(len(tables), 'table')} of {_counted(rows, 'row')} in all and "
                f"{_counted(columns, 'column')} described: numbers by minimum, quartiles (interpolated "
                "linearly) and maximum, times by the first and the last, levels by their rows; null, NaN, "
                "blanks and words for nothing count as missing. A level with fewer than "
                f"{_counted(self.min_n, 'row')} is not named, nor one that would give it away."
            )
        if self.members is not None:
            members = self.members
            parts.append(
                f"{_counted(members.n, 'member')}, the distinct values of {members.column!r} "
                f"({_counted(members.missing, 'row')} without one): sha256 {members.sha256} in the order of "
                "their bytes."
            )
        return " ".join((*parts, f"Computed by Muniment {__version__}."))

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Rows of text for a terminal, the heading first: one row a column of a table, one a plain file."""
        rows: list[tuple[str, ...]] = [("file", "rows", "column", "type", "missing", "distinct", "values")]
        for entry in self.files:
            if entry.rows is None:
                rows.append((entry.path, "", "", f"{entry.size:,} bytes", "", "", ""))
            for column in entry.columns:
                rows.append(
                    (
                        entry.path,
                        str(entry.rows),
                        column.column,
                        column.type,
                        f"{column.missing / max(column.n + column.missing, 1):.1%}",
                        "" if column.distinct is None else str(column.distinct),
                        _values(column),
                    )
                )
        return tuple(rows)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def take_snapshot(request: SnapshotRequest, *, progress: Progress = silent) -> Snapshot:
    """Hash and describe the files of a dataset.

    Each file is hashed while it is profiled, so that it comes from the disk once; one that changes meanwhile
    is refused.

    Raises:
        UsageError: a name that is no name, no files, two files of one name, or ids that hold newlines.
        UnreadableInput: a file is missing, damaged, changes while it is read, or lacks the id column.
    """
    if not _NAME.fullmatch(request.dataset):
        raise UsageError(
            f"{request.dataset!r} is no name of a dataset",
            hint="Use letters, digits, dots, dashes and slashes between them, as in datasets/raw/2.",
        )
    if request.min_n < 1:
        raise UsageError(
            f"a minimum of {request.min_n} rows makes no sense", hint="Use 1 to show every level."
        )
    named = _named(request)
    entries, ids = [], []
    with ThreadPoolExecutor(1) as hasher:
        for number, (name, path) in enumerate(named):
            progress(f"hashing and profiling {path.name}", number, len(named))
            entry, column = _file(name, path, request, hasher)
            entries.append(entry)
            ids += column
    return Snapshot(request.dataset, tuple(entries), _members(request, ids), request.min_n)


def _named(request: SnapshotRequest) -> list[tuple[str, Path]]:
    """Every file with the name it has in the manifest, ordered by that name."""
    found: dict[str, Path] = {}
    base = request.folder.resolve()
    for source in request.files:
        for path in matching(source):
            whole = path.resolve()
            name = whole.relative_to(base).as_posix() if whole.is_relative_to(base) else path.name
            if name in found and found[name].resolve() != whole:
                raise UsageError(
                    f"two files would be called {name!r} in the snapshot",
                    hint="Write the snapshot to a folder above both (--to), or rename one.",
                )
            if "\n" in name:
                raise UsageError(f"the name {name!r} holds a newline")
            found[name] = path
    if not found:
        raise UsageError("a snapshot needs files", hint="Name them, or a quoted glob.")
    return sorted(found.items())


def _file(
    name: str, path: Path, request: SnapshotRequest, hasher: ThreadPoolExecutor
) -> tuple[FileEntry, list[pl.Series]]:
    with path.open("rb") as handle:
        before = os.fstat(handle.fileno())
        digest: Future[str] = hasher.submit(_hashed, handle)
        try:
            rows, columns, ids = _described(path, request)
        finally:
            sha256 = digest.result()
    if _state(before) != _state(path.stat()):
        raise UnreadableInput(
            f"{path.name} changed while it was read", hint="Take the snapshot of files that nobody writes to."
        )
    return FileEntry(name, sha256, before.st_size, rows, columns), ids


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _hashed(handle: Any) -> str:
    digest = hashlib.sha256()
    while block := handle.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _described(
    path: Path, request: SnapshotRequest
) -> tuple[int | None, tuple[ColumnProfile, ...], list[pl.Series]]:
    if not path.name.lower().endswith(PARQUET + IPC + CSV):
        return None, (), []
    table = open_table(path)
    rows, columns = profile(table, path, request.min_n)
    if request.id is None:
        return rows, columns, []
    require(table.collect_schema().names(), [request.id], path)
    return rows, columns, [collect(table.select(pl.col(request.id)), path).to_series()]


def _members(request: SnapshotRequest, columns: Sequence[pl.Series]) -> Members | None:
    if request.id is None:
        return None
    if not columns:
        raise UnreadableInput(
            f"no file is a table with a column {request.id!r}",
            hint="Leave out --id, or add the table of members.",
        )
    texts = [column.filter(~field_missing(column)).cast(pl.String) for column in columns]
    rows, held = sum(column.len() for column in columns), pl.concat(texts)
    ids = held.unique().sort()
    if ids.str.contains("\n", literal=True).any():
        raise UsageError(f"ids of column {request.id!r} hold newlines", hint="Give the column of a plain id.")
    digest = hashlib.sha256()
    for block in _blocks(ids):
        digest.update(block)
    return Members(request.id, ids.len(), held.len(), rows - held.len(), digest.hexdigest())


def _blocks(ids: pl.Series) -> Iterator[bytes]:
    for start in range(0, ids.len(), _IDS):
        yield ("\n".join(ids[start : start + _IDS].to_list()) + "\n").encode()


def _values(column: ColumnProfile) -> str:
    if column.undecided:
        return column.undecided
    if column.range is not None:
        return " · ".join(
            f"{value:.6g}" if isinstance(value, float) else str(value) for value in column.range
        )
    if column.levels:
        return ", ".join(f"{level} {n}" for level, n in column.levels[:4])
    return column.kind
