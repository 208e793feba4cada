"""The row-level tables that Muniment computes a release's analysis from; no statistic is computed here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import explain_checks
import numpy as np
import perturb
import polars as pl
from common import EXTRA, PHYSIOLOGY, write_json, write_parquet
from explain import attributed, medians
from releases import Release
from scorer import objections

CORE = tuple(name for name in PHYSIOLOGY if name not in EXTRA)
"""The eleven physiology values that every release reads."""
VITAL_SIGNS = ("meanbp", "hrt", "resp")
QUIET = 0.5
"""Mean distance from the training median, in standard deviations, below which physiology says little."""
FEW = 3
"""Missing values of the eleven from which on a patient counts as one with missing input."""


def write(
    release: Release,
    made: dict[str, Release],
    tables: dict[str, pl.DataFrame],
    cohort: pl.DataFrame,
    out: Path,
) -> None:
    """Write conditions, perturbed scores, contributions and golden cases into the release's folder `out`.

    `tables` holds the features of all patients by version, `cohort` the patients of the locked cohort.
    """
    table = tables[release.features]
    own = table.filter(table["patient_id"].is_in(cohort["patient_id"].implode()))
    training = table.filter(table["patient_id"].is_in(release.trained_on.implode()))
    write_parquet(conditions(release.model, own, training), out / "conditions.parquet")
    write_parquet(perturb.scores(release.model, own, training), out / "perturbed.parquet")
    write_parquet(contributions(release, made, tables, cohort), out / "contributions.parquet")
    reference, columns = medians(release, table), table.columns
    write_json(explain_checks.golden(release.model, reference, columns), out / "explanation_golden.json")
    write_parquet(explain_checks.said(release.model, reference, table), out / "golden_said.parquet")


def conditions(model: dict[str, Any], table: pl.DataFrame, training: pl.DataFrame) -> pl.DataFrame:
    """Why the scorer declines a patient, and whom the three edge conditions apply to."""
    values, known = table.select(CORE).fill_null(float("nan")).to_numpy(), training.select(CORE)
    middle = np.array([known[name].median() for name in CORE])
    spread = np.array([known[name].std() for name in CORE])
    distance = np.abs(values - middle) / spread
    recorded = ~np.isnan(distance)
    quiet = np.where(recorded, distance, 0.0).sum(axis=1) / np.maximum(recorded.sum(axis=1), 1)
    said = [objections(model, patient) for patient in table.iter_rows(named=True)]
    zero = table.select(pl.any_horizontal(pl.col(VITAL_SIGNS) == 0).fill_null(value=False)).to_series()
    return pl.DataFrame(
        {
            "patient_id": table["patient_id"],
            "declined": pl.Series([words[0] if words else None for words in said], dtype=pl.String),
            "low_signal": (quiet < QUIET) & recorded.any(axis=1),
            "artefact": zero,
            "missing_input": (~recorded).sum(axis=1) >= FEW,
        }
    )


def contributions(
    release: Release, made: dict[str, Release], tables: dict[str, pl.DataFrame], cohort: pl.DataFrame
) -> pl.DataFrame:
    """What each input did to each patient's log-odds, under this release and the one before, as deployed."""

    def of(which: Release, name: str) -> pl.DataFrame:
        table = tables[which.features]
        own = table.filter(table["patient_id"].is_in(cohort["patient_id"].implode()))
        return attributed(which.model, own, medians(which, table)).rename({"contribution": name})

    found = of(release, "contribution")
    if release.previous:
        before = of(made[release.previous], "contribution_previous")
        found = found.join(before, on=["patient_id", "feature"], how="full", coalesce=True)
    return found.sort("patient_id", "feature")
