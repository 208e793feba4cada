"""Which patients are where: partition sizes, overlaps, and the locked cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.overlap import overlaps
from muniment.measure.tables import collect, open_table, require

PATIENT = "patient_id"
PARTITION = "partition"


def splits(membership: Path) -> dict[str, Any]:
    """Return `{sizes: [{partition, n}], overlap: [{a, b, unit, n}]}` of a membership table.

    `n` counts distinct patients; every pair of partitions is listed, with zero where nobody is in both.
    """
    found = overlaps(membership, {"patient": PATIENT}, PARTITION)
    (patients,) = found.units
    return {
        "sizes": [{"partition": name, "n": n} for name, n in patients.distinct.items()],
        "overlap": [{"a": a, "b": b, "unit": "patient", "n": n} for (a, b), n in patients.pairs.items()],
    }


def require_cohort(predictions: pl.LazyFrame, column: str, name: Path, members: Path) -> int:
    """Raise `UnreadableInput` unless the predictions are of exactly the locked cohort; return its size."""
    require(predictions.collect_schema().names(), [column], name)
    found = collect(predictions.select(pl.col(column).cast(pl.String).alias(PATIENT)), name)
    table = open_table(members)
    require(table.collect_schema().names(), [PATIENT], members)
    locked = collect(table.select(pl.col(PATIENT).cast(pl.String)), members)
    for ids, whose in ((found, name), (locked, members)):
        repeated = ids.height - ids[PATIENT].n_unique()
        if repeated or ids[PATIENT].null_count():
            raise UnreadableInput(
                f"{whose.name} repeats patients: of {ids.height} rows {repeated} have the id of an earlier "
                f"row and {ids[PATIENT].null_count()} have none",
                hint="A patient stands in the locked cohort, and in its predictions, once.",
            )
    strangers = found.join(locked, on=PATIENT, how="anti").height
    absent = locked.join(found, on=PATIENT, how="anti").height
    if strangers or absent:
        raise UnreadableInput(
            f"{name.name} is not the locked cohort: of its {found.height} patients {strangers} are not in "
            f"{members.name}, and of that cohort's {locked.height} patients {absent} have no prediction",
            hint="Predict for the members of the baseline, all of them and nobody else.",
        )
    return locked.height


def with_membership(
    predictions: pl.LazyFrame, column: str, membership: Path, wanted: tuple[str, ...]
) -> pl.LazyFrame:
    """Return the predictions with those wanted columns that only the membership table has (site, quarter)."""
    have = predictions.collect_schema().names()
    table = open_table(membership)
    offered = table.collect_schema().names()
    extra = [name for name in wanted if name not in have and name in offered]
    if not extra or PATIENT not in offered or column not in have:
        return predictions
    key = "membership id"
    # A patient in two partitions must not become two rows: the first in order of the columns is taken.
    lookup = (
        table.select(pl.col(PATIENT).cast(pl.String).alias(key), *extra)
        .sort(key, *extra)
        .unique(key, keep="first", maintain_order=True)
    )
    return (
        predictions.with_columns(pl.col(column).cast(pl.String).alias(key))
        .join(lookup, on=key, how="left")
        .drop(key)
    )
