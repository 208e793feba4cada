"""Tables with more rows than should stand in memory as columns: batches in, sorted keys out.

Only the columns of label and score are read, in batches, and turned into keys of eight bytes a row, which are
sorted where they lie. Where even those do not fit, they are made in several passes over the file, each taking
one range of scores, and laid down sorted in a temporary file. Either way the keys are those that the whole
table in memory would give, so every number is the same to the bit; what was done is said.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure import memory
from muniment.measure.codes import encode, joined, offset_of_span, span
from muniment.measure.kernel import Keys, Scale, UInts
from muniment.measure.prepare import LABEL, SCORE, TableSpec, labels_of, positive_values, stored_rows
from muniment.measure.tables import FAULTS, collect, damaged, require
from muniment.model.dataclass import dataclass
from muniment.model.progress import Progress, silent

MANY = 20_000_000
"""Rows from which on a table is read in batches."""
BATCH = 1 << 20
LITTLE, FEW = 10_000_000, 100_000
"""Bytes on disk, and rows, up to which a table is read without counting its rows first."""
SMALL = 100_000_000
"""Bytes that are taken without asking."""
Tell: TypeAlias = Callable[[int], None]
"""Takes the rows read so far in one pass."""
COARSE = 16
"""Bits of a key that decide which pass takes it."""
KEY_BYTES = 8
ROW_BYTES = 40
"""Bytes a row, at least, of a table that is measured as columns in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Large:
    """What is left of a large table."""

    keys: Keys
    rows: int
    excluded: Mapping[str, int]
    dtype: str
    said: str
    """How the rows were read, for the methods."""


def whole(table: pl.LazyFrame, spec: TableSpec, size: int) -> pl.DataFrame | None:
    """The rows as `prepare.stored_rows` gives them, where they are so few that memory is no question.

    `None` where the files, of `size` bytes together, or the rows are more; then ask `too_large`, which counts
    the rows before any is read.
    """
    if size > LITTLE:
        return None
    rows = stored_rows(table.head(FEW + 1), spec)
    return rows if rows.height <= min(FEW, MANY - 1) else None


def too_large(table: pl.LazyFrame, spec: TableSpec) -> bool:
    """Whether the table should not be read as columns: it has very many rows, or memory is short.

    Raises:
        UnreadableInput: memory is short, and the table cannot be read in batches.
    """
    rows = int(collect(table.select(pl.len()), spec.name).item())
    wide = (1 + len(spec.by)) * rows * ROW_BYTES
    free = max(memory.free(), 0.0)
    short = wide > SMALL and wide + memory.RESERVE > free
    if not short and rows < MANY:
        return False
    if _in_batches(table, spec) and (not short or free >= memory.RESERVE):
        return True
    if not short:
        return False
    raise UnreadableInput(
        f"{spec.title} has {rows:,} rows, for which about {memory.said(wide)} of memory are needed with "
        f"these options, and {memory.said(free)} are free",
        hint="Free memory, or write label and score as numbers to a Parquet file and measure it without "
        f"--by, --cluster, --weight and --bootstrap: {memory.said(memory.RESERVE)} are enough for that.",
    )


def _in_batches(table: pl.LazyFrame, spec: TableSpec) -> bool:
    if spec.by or spec.cluster or spec.weight or spec.id or spec.scores:
        return False
    schema = table.collect_schema()
    require(schema.names(), [spec.label, spec.score], spec.name)
    kinds = [schema[spec.label], schema[spec.score]]
    return all(kind.is_numeric() or kind == pl.Boolean for kind in kinds)


def read(table: pl.LazyFrame, spec: TableSpec, progress: Progress = silent) -> Large:
    """Read a table for which `too_large` holds, in two passes or more; each is told by its rows.

    Raises:
        UnreadableInput: as `prepare` does, or neither memory nor temporary space is enough for the keys.
    """
    rows = null_label = kept = 0
    found: set[object] = set()
    reach: tuple[int, int] | None = None
    negative = False
    for batch in _batches(table, spec, partial(progress, "reading rows")):
        rows += batch.height
        null_label += batch[LABEL].null_count()
        found |= set(labels_of(batch[LABEL]))
        if len(found) > 2:
            positive_values(found, spec)
        scores = _complete(batch)[SCORE]
        kept += scores.len()
        if scores.len():
            values = scores.to_numpy()
            negative = negative or bool(values.min() < 0)
            reach = joined(reach, span(values))
    if rows == 0:
        raise UnreadableInput(f"{spec.title} has no rows", hint="Check the export that made it.")
    events = positive_values(found, spec)
    scale = _scale(reach, negative, spec)
    excluded = {"null_label": null_label, "null_score": rows - null_label - kept}
    dtype = str(table.collect_schema()[spec.score])
    keys = partial(_keys, table, spec, events, scale)
    if kept <= _room():
        values = np.empty(kept, dtype=np.uint64)
        start = 0
        for part in keys(lambda done: progress("reading rows again", done, rows)):
            values[start : start + len(part)] = part
            start += len(part)
        progress("sorting")
        values.sort()
        said = "The rows were read in batches and sorted in memory as keys of eight bytes."
        return Large(Keys(values, scale), rows, excluded, dtype, said)
    values, passes = _on_disk(
        keys, spec, kept, lambda number, done: progress(f"reading rows again, pass {number}", done, rows)
    )
    said = (
        f"Memory was short: the keys were sorted in {passes} passes over the table and kept in a temporary "
        "file; the numbers are exact and those of one pass."
    )
    return Large(Keys(values, scale), rows, excluded, dtype, said)


def _room() -> int:
    """Keys that fit. The buffers of the first pass are in place: of the reserve they took their part."""
    free = max(memory.free(), 0.0)
    return int(max(free - memory.RESERVE, free / 4)) // KEY_BYTES


def _scale(reach: tuple[int, int] | None, negative: bool, spec: TableSpec) -> Scale:
    if not negative or reach is None:
        return Scale()
    offset = offset_of_span(*reach)
    if offset is None:
        raise UnreadableInput(
            f"column {spec.score!r} of {spec.title} has scores below zero next to others a factor of more "
            "than 10^300 larger, which a table of this size may not have",
            hint="Look at the smallest and the largest scores; leave infinite ones out.",
        )
    return Scale(offset=offset)


def _on_disk(
    keys: Callable[[Tell], Iterator[UInts]], spec: TableSpec, kept: int, tell: Callable[[int, int], None]
) -> tuple[UInts, int]:
    """The sorted keys in a temporary file, and the passes that it took; `tell` takes pass and rows read."""
    room, free = _room(), max(memory.free(), 0.0)
    spare = shutil.disk_usage(tempfile.gettempdir()).free
    counts = np.zeros(1 << COARSE, dtype=np.int64)
    shift = np.uint64(64 - COARSE)
    ends: list[int] = []
    if room and kept * KEY_BYTES <= spare:
        for part in keys(partial(tell, 1)):
            counts += np.bincount((part >> shift).astype(np.int64), minlength=len(counts))
        ends = _ranges(counts, room)
    if not ends:
        raise UnreadableInput(
            f"{spec.title} has {kept:,} rows with label and score, which need "
            f"{memory.said(kept * KEY_BYTES)} beside {memory.said(memory.RESERVE)} to work in; "
            f"{memory.said(free)} of memory and {memory.said(spare)} of temporary space are free",
            hint="Free memory or temporary space, or measure on a larger machine.",
        )
    with tempfile.TemporaryFile() as file:
        file.truncate(kept * KEY_BYTES)
        start = 0
        for number, (low, high) in enumerate(zip([0, *ends], ends, strict=False), start=2):
            size = int(counts[low:high].sum())
            segment = np.empty(size, dtype=np.uint64)
            at = 0
            for part in keys(partial(tell, number)):
                coarse = part >> shift
                own = part[(coarse >= low) & (coarse < high)]
                segment[at : at + len(own)] = own
                at += len(own)
            segment.sort()
            file.seek(start * KEY_BYTES)
            file.write(segment.data)
            start += size
        file.flush()
        # The mapping keeps the file until the keys are gone.
        values: UInts = np.asarray(np.memmap(file, dtype=np.uint64, mode="r", shape=(kept,)))
    return values, len(ends)


def _ranges(counts: np.ndarray[tuple[int], np.dtype[np.int64]], room: int) -> list[int]:
    """Where each pass ends, so that none takes more than `room` keys; empty where one value alone does."""
    if int(counts.max(initial=0)) > room:
        return []
    ends, held = [], 0
    for code, count in enumerate(counts.tolist()):
        if held + count > room:
            ends.append(code)
            held = 0
        held += count
    return [*ends, len(counts)]


def _keys(
    table: pl.LazyFrame, spec: TableSpec, events: list[object], scale: Scale, tell: Tell
) -> Iterator[UInts]:
    """The unsorted keys of each batch's complete rows."""
    for batch in _batches(table, spec, tell):
        rows = _complete(batch)
        scores = rows[SCORE].to_numpy()
        out = np.empty(len(scores), dtype=np.uint64)
        if scale.offset is None:
            np.left_shift(scores.view(np.uint64), np.uint64(1), out=out)
        else:
            encode(scores, scale.offset, out)
        out |= rows[LABEL].is_in(events).to_numpy()
        yield out


def _complete(batch: pl.DataFrame) -> pl.DataFrame:
    return batch.filter(pl.all_horizontal(pl.all().is_not_null())).rechunk()


def _batches(table: pl.LazyFrame, spec: TableSpec, tell: Tell) -> Iterator[pl.DataFrame]:
    """Label, and score as prepared (high for the event, NaN as null, no -0.0); `tell` takes the rows read."""
    score = pl.col(spec.score).cast(pl.Float64).fill_nan(None)
    score = (-score if spec.lower_is_positive else score) + 0.0
    label = pl.col(spec.label)
    if table.collect_schema()[spec.label].is_float():
        label = label.fill_nan(None)
    wanted = table.select(label.alias(LABEL), score.alias(SCORE))
    done = 0
    try:
        for batch in wanted.collect_batches(chunk_size=BATCH, maintain_order=False):
            done += batch.height
            tell(done)
            yield batch
    except FAULTS as error:
        raise damaged(spec.title, error) from error
