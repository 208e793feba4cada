"""Raw data, the two derivations about it (site and quarter), and the label."""

from __future__ import annotations

import numpy as np
import polars as pl
from common import DEVICE, HORIZON_DAYS, SHIFT_YEARS, sha256

RAW = {
    "support2_raw.parquet": "f74249cbbcb26850aa3f1bccdd3d5abe29dea6c8e173862753bf6c50f486c066",
    "site_phase_map.csv": "8d4f475733855c55169b8918b0ebb7ef10b3801614590317bf67f37e6fc7095f",
    "linkage_map.csv": "42240f4af162f689c8b8f5f6e47be98ab2ba9261814f2936c9f98b3a79e3543c",
}
LAST_CONTACT = np.datetime64("1994-12-31")
"""The day the study looked up who was alive; every survivor's follow-up ends there."""


def raw() -> pl.DataFrame:
    """The 9,105 records as published, after the digests of the raw files were checked."""
    folder = DEVICE / "data" / "raw"
    for name, expected in RAW.items():
        if sha256(folder / name) != expected:
            raise SystemExit(f"data/raw/{name}: not the bytes this pipeline was written for")
    return pl.read_parquet(folder / "support2_raw.parquet")


def blocks() -> pl.DataFrame:
    """The ten runs of records, one a site and phase, in record order."""
    return pl.read_csv(DEVICE / "data" / "raw" / "site_phase_map.csv")


def linkage() -> pl.DataFrame:
    """Row offsets of the physiology columns along the phase-II sequence."""
    return pl.read_csv(DEVICE / "data" / "raw" / "linkage_map.csv")


def quarter_of(days: np.ndarray) -> list[str]:
    """Calendar quarter, shifted, of days since 1970 (fractions are dropped)."""
    dates = np.floor(days).astype("datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(int) + 1970 + SHIFT_YEARS
    months = dates.astype("datetime64[M]").astype(int) % 12
    return [f"{year}Q{month // 3 + 1}" for year, month in zip(years, months, strict=True)]


def enrolment(records: pl.DataFrame) -> pl.DataFrame:
    """Site, phase and quarter of every record; all three are inferred.

    Within a block records run in order of enrolment. A survivor's follow-up ended on the day of last
    contact, so it dates that record; the others are interpolated over the record number. Only the
    quarter is kept.
    """
    alive = (records["death"] == 0).to_numpy()
    followed = records["d.time"].to_numpy()
    site, phase = np.empty(len(alive), object), np.empty(len(alive), object)
    days = np.empty(len(alive))
    for first, last, name, part in blocks().iter_rows():
        rows = np.arange(first - 1, last)
        known = rows[alive[rows]]
        days[rows] = np.interp(rows, known, LAST_CONTACT.astype(int) - followed[known].astype(float))
        site[rows], phase[rows] = name, part
    return pl.DataFrame(
        {
            "patient_id": records["sno"],
            "site": site.astype(str),
            "phase": phase.astype(str),
            "quarter": quarter_of(days),
        }
    )


def labels(records: pl.DataFrame) -> pl.DataFrame:
    """Death within 180 days of study entry, 0 or 1."""
    died = (pl.col("death") == 1) & (pl.col("d.time") <= HORIZON_DAYS)
    return records.select(pl.col("sno").alias("patient_id"), died.cast(pl.Int8).alias("death_180d"))


AGE_EDGES, AGE_LABELS = [50.0, 65.0, 75.0], ["under 50", "50-64", "65-74", "75 and over"]


def subgroups(records: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The axes of the claim, one row a patient; an unrecorded race is a level of its own."""
    band = pl.col("age").cut(AGE_EDGES, labels=AGE_LABELS, left_closed=True).cast(pl.String)
    return records.select(
        pl.col("sno").alias("patient_id"),
        places["site"],
        places["quarter"],
        pl.col("sex"),
        band.alias("age_band"),
        pl.col("race").fill_null("unknown"),
        pl.col("dzgroup"),
    )
