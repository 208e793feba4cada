"""Features 1 (as published) and features 2 (re-linked), and the ranges inputs must lie in."""

from __future__ import annotations

import numpy as np
import polars as pl
from common import CATEGORICAL, EXTRA, NUMERIC, PHYSIOLOGY
from data import linkage

VALID = {
    "age": (18, 110), "hday": (1, 366), "scoma": (0, 100), "num.co": (0, 15),
    "meanbp": (0, 250), "wblc": (0, 250), "hrt": (0, 320), "resp": (0, 120),
    "temp": (30, 44), "pafi": (10, 900), "alb": (0.3, 30), "bili": (0, 80),
    "crea": (0, 30), "sod": (100, 190), "ph": (6.5, 8.0),
    "bun": (0, 400), "urine": (0, 12000), "glucose": (0, 1500),
}  # fmt: skip
"""Inclusive. Wide on purpose: a value outside is a unit slip or a broken feed, not a sick patient."""

COLUMNS = (*NUMERIC, *EXTRA, *CATEGORICAL)


def published(records: pl.DataFrame) -> pl.DataFrame:
    """Features 1: the published values, untouched."""
    return records.select(
        pl.col("sno").alias("patient_id"),
        *(pl.col(name).cast(pl.Float64) for name in (*NUMERIC, *EXTRA)),
        *(pl.col(name) for name in CATEGORICAL),
    )


def relinked(records: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Features 2: physiology of phase II taken from the row where the patient's values stand.

    Along the sequence of phase-II records, the values of record i stand `offset(i)` records later. The
    last 90 records point past the end of the file: nothing is left of their physiology, so it is null.
    """
    table = published(records)
    second = np.flatnonzero((places["phase"] == "II").to_numpy())
    offsets = np.full(len(second), -1)
    for first, last, count, offset in linkage().iter_rows():
        inside = (second + 1 >= first) & (second + 1 <= last)
        if int(inside.sum()) != count:
            raise SystemExit(f"linkage_map.csv: {count} records expected from {first} to {last}")
        offsets[inside] = offset
    if (offsets < 0).any():
        raise SystemExit("linkage_map.csv: a phase-II record has no offset")
    source = np.arange(len(second)) + offsets
    found = source < len(second)
    moved = {}
    for name in PHYSIOLOGY:
        old = table[name].to_numpy()
        new = old.copy()
        new[second] = np.nan
        new[second[found]] = old[second[source[found]]]
        moved[name] = pl.Series(name, new).fill_nan(None)
    return table.with_columns(**moved)


def complete_physiology_missing(table: pl.DataFrame) -> int:
    """Records in which all fourteen physiology values are missing."""
    return table.filter(pl.all_horizontal(pl.col(PHYSIOLOGY).is_null())).height
