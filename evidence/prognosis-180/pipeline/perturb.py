"""Robustness: the released model on inputs that are noisy, missing, miscalibrated or mislinked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from common import PHYSIOLOGY, number
from features import VALID
from metrics import Z95
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


CHECKS: tuple[tuple[str, float, str, Change], ...] = (
    ("measurement_noise", 0.1, "Noise of 0.1 standard deviations on every physiology value", noise(0.1)),
    ("measurement_noise", 0.25, "Noise of 0.25 standard deviations on every physiology value", noise(0.25)),
    ("missing_values", 0.1, "One physiology value in ten lost at random", dropped(0.1)),
    ("missing_values", 0.2, "Two physiology values in ten lost at random", dropped(0.2)),
    ("laboratory_feed_stops", 1.0, "All laboratory values missing", no_laboratory),
    ("assay_shift", 0.2, "Creatinine and bilirubin read a fifth too high", assay(0.2)),
    ("linkage_shift", 1.0, "Physiology of the record before, for every patient", next_patient),
)
"""Perturbation, level (a share, or standard deviations for noise), what it is, and how it is made."""


def robustness(
    model: dict[str, Any], table: pl.DataFrame, training: pl.DataFrame, y: np.ndarray, limits: np.ndarray
) -> list[dict[str, Any]]:
    """Loss of AUROC, sensitivity and specificity under each perturbation, on the same patients.

    A patient whom the scorer declines counts as not flagged, and is left out of both AUROCs.
    """
    reference = probabilities(model, table).round(6)
    rows = []
    for name, level, what, change in CHECKS:
        moved = change(table, training, np.random.RandomState(SEED))
        score = probabilities(model, moved).round(6)
        declined = np.array([bool(objections(model, p)) for p in moved.iter_rows(named=True)])
        before, after = reference >= limits, (score >= limits) & ~declined
        head = {"perturbation": name, "level": level, "description": what, "declined": int(declined.sum())}
        kept = ~declined
        lost = (
            ("auroc", "delong-paired", lost_area(reference[kept], score[kept], y[kept])),
            ("sensitivity", "wald-paired", lost_share(before, after, y == 1)),
            ("specificity", "wald-paired", lost_share(~before, ~after, y == 0)),
        )
        rows += [head | {"metric": metric, "method": method} | said for metric, method, said in lost]
    return rows


def placements(score: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each death the share of survivors ranked below, and for each survivor of deaths above."""
    died, lived = score[y == 1], score[y == 0]
    cases, others = np.sort(died), np.sort(lived)
    below, upto = np.searchsorted(others, died, "left"), np.searchsorted(others, died, "right")
    first, last = np.searchsorted(cases, lived, "left"), np.searchsorted(cases, lived, "right")
    return (below + upto) / (2 * len(others)), 1 - (first + last) / (2 * len(cases))


def lost_area(before: np.ndarray, after: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """AUROC before minus after with the paired interval (DeLong 1988)."""
    if len(np.unique(y)) < 2:
        return {"n": len(y), **dict.fromkeys(("reference", "value", "drop", "low", "high"))}
    (died_a, lived_a), (died_b, lived_b) = placements(before, y), placements(after, y)
    died, lived = died_a - died_b, lived_a - lived_b
    half = Z95 * np.sqrt(died.var(ddof=1) / len(died) + lived.var(ddof=1) / len(lived))
    return told(len(y), float(died_a.mean()), float(died_b.mean()), float(half))


def lost_share(before: np.ndarray, after: np.ndarray, among: np.ndarray) -> dict[str, Any]:
    """A share before minus after on the same patients, with the normal interval of paired shares."""
    a, b, n = before[among], after[among], int(among.sum())
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    variance = (only_a + only_b - (only_a - only_b) ** 2 / n) / n**2
    return told(n, float(a.mean()), float(b.mean()), float(Z95 * np.sqrt(variance)))


def told(n: int, reference: float, value: float, half: float) -> dict[str, Any]:
    """Reference, value, and the drop with its interval."""
    drop = reference - value
    return {
        "n": n,
        "reference": number(reference),
        "value": number(value),
        "drop": number(drop),
        "low": number(drop - half),
        "high": number(drop + half),
    }
