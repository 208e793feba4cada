"""The released model run on inputs that are noisy, missing, miscalibrated or mislinked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from common import PHYSIOLOGY
from features import VALID
from scorer import objections, probabilities

SEED = 20260102
LABORATORY = ("wblc", "alb", "bili", "crea", "sod", "bun", "glucose")
Change = Callable[[pl.DataFrame, pl.DataFrame, np.random.RandomState], pl.DataFrame]
"""Cohort, training patients and a generator to the changed cohort."""


def noise(level: float) -> Change:
    """Gaussian measurement noise of `level` training standard deviations, kept inside the valid range."""

    def change(table: pl.DataFrame, training: pl.DataFrame, draw: np.random.RandomState) -> pl.DataFrame:
        moved = {}
        for name in PHYSIOLOGY:
            spread = float(training[name].std() or 0.0)  # type: ignore[arg-type]
            value = table[name].to_numpy() + draw.standard_normal(table.height) * level * spread
            low, high = VALID[name]
            moved[name] = pl.Series(name, np.clip(value, low, high)).fill_nan(None)
        return table.with_columns(**moved)

    return change


def dropped(level: float) -> Change:
    """Each physiology value is lost with probability `level`."""

    def change(table: pl.DataFrame, _training: pl.DataFrame, draw: np.random.RandomState) -> pl.DataFrame:
        lost = {n: pl.Series(draw.random_sample(table.height) < level) for n in PHYSIOLOGY}
        return table.with_columns(
            **{n: pl.when(gone).then(None).otherwise(pl.col(n)) for n, gone in lost.items()}
        )

    return change


def no_laboratory(table: pl.DataFrame, _training: pl.DataFrame, _draw: np.random.RandomState) -> pl.DataFrame:
    """Every laboratory value is missing, as when the feed stops."""
    return table.with_columns(pl.lit(None, dtype=pl.Float64).alias(n) for n in LABORATORY)


def assay(level: float) -> Change:
    """Creatinine and bilirubin read `level` too high, as after a change of analyser."""

    def change(table: pl.DataFrame, _training: pl.DataFrame, _draw: np.random.RandomState) -> pl.DataFrame:
        return table.with_columns(
            (pl.col(n) * (1 + level)).clip(*VALID[n]).alias(n) for n in ("crea", "bili")
        )

    return change


def next_patient(table: pl.DataFrame, _training: pl.DataFrame, _draw: np.random.RandomState) -> pl.DataFrame:
    """Each patient is scored with the physiology of the record before."""
    return table.with_columns(pl.col(n).shift(1) for n in PHYSIOLOGY)


CHECKS: tuple[tuple[str, float, Change], ...] = (
    *(("measurement_noise", level, noise(level)) for level in (0.1, 0.25, 0.5, 1.0)),
    *(("missing_values", level, dropped(level)) for level in (0.1, 0.2, 0.3, 0.5)),
    ("laboratory_feed_stops", 1.0, no_laboratory),
    *(("assay_shift", level, assay(level)) for level in (0.1, 0.2, 0.4)),
    ("linkage_shift", 1.0, next_patient),
)
"""Perturbation, level (a share, or standard deviations for noise), and how it is made; the releases say what
each is, and Muniment refuses a table that holds others."""


def scores(model: dict[str, Any], table: pl.DataFrame, training: pl.DataFrame) -> pl.DataFrame:
    """What the released model says under each perturbation; empty where the scorer declines."""
    parts = []
    for name, level, change in CHECKS:
        moved = change(table, training, np.random.RandomState(SEED))
        declined = [bool(objections(model, patient)) for patient in moved.iter_rows(named=True)]
        score = pl.Series(probabilities(model, moved).round(6)).set(pl.Series(declined), None)
        parts.append(
            pl.DataFrame(
                {"patient_id": table["patient_id"], "perturbation": name, "level": level, "score": score}
            )
        )
    return pl.concat(parts)
