"""Splits 1 and the locked evaluation cohorts."""

from __future__ import annotations

import numpy as np
import polars as pl

SEED = 20260101
LAST_TRAINING_QUARTER = "2022Q4"
TRAIN_SHARE = 0.8
EXTERNAL_SITE = "S5"

COHORTS = {
    "1": ("test", ()),
    "2": ("postmarket", ("2024Q3",)),
    "3": ("postmarket", ("2024Q3", "2024Q4")),
    "4": ("postmarket", ("2025Q1",)),
    "5": ("postmarket", ("2025Q1", "2025Q2")),
}
"""Baseline version to partition and quarters (none: the whole partition)."""


def membership(places: pl.DataFrame) -> pl.DataFrame:
    """One partition a patient: train, validation, test or postmarket.

    Phase I at S1 to S4 is split in time (2023Q1 on is validation) and before that by a seeded draw;
    phase I at S5 is kept out of training altogether; phase II is the post-market period.
    """
    draw = np.random.RandomState(SEED).rand(places.height)
    first = pl.col("phase") == "I"
    early = pl.col("quarter") <= LAST_TRAINING_QUARTER
    partition = (
        pl.when(~first)
        .then(pl.lit("postmarket"))
        .when(pl.col("site") == EXTERNAL_SITE)
        .then(pl.lit("test"))
        .when(~early)
        .then(pl.lit("validation"))
        .when(pl.Series(draw) < TRAIN_SHARE)
        .then(pl.lit("train"))
        .otherwise(pl.lit("test"))
    )
    return places.select("patient_id", partition.alias("partition"), "site", "quarter")


def cohort(members: pl.DataFrame, version: str) -> pl.DataFrame:
    """The patients of a baseline, by id."""
    partition, quarters = COHORTS[version]
    chosen = members.filter(pl.col("partition") == partition)
    if quarters:
        chosen = chosen.filter(pl.col("quarter").is_in(quarters))
    return chosen.select("patient_id").sort("patient_id")
