"""What shows where evidence comes from: two-by-two tables, milestone members, overlaps, and the run's log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import PHYSIOLOGY, sha256
from data import RAW
from releases import Release

TWIN_VALUES = 8
"""Equal physiology values, of fourteen, from which two records count as near duplicates."""


def attribution(
    release: Release, made: dict[str, Release], cohorts: dict[str, pl.DataFrame], label: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The two-by-two tables of a release, by axis: old and new model on old and new data.

    Patients whose outcomes shaped either model are left out. On the axis `cohort` both models read the
    new features, so that nothing but the cohort differs.
    """
    if release.previous is None:
        return {}
    old = made[release.previous]
    trained = pl.concat([old.trained_on, release.trained_on]).unique()
    crossed = release.extra.get("score_previous_on_features_2", old.score)

    def rows(condition: str, baseline: str, score_old: np.ndarray, score_new: np.ndarray) -> pl.DataFrame:
        table = label.rename({"death_180d": "label"}).with_columns(
            condition=pl.lit(condition), score_old=pl.Series(score_old), score_new=pl.Series(score_new)
        )
        chosen = table.join(cohorts[baseline], on="patient_id", how="semi")
        return chosen.filter(~pl.col("patient_id").is_in(trained.to_list())).sort("patient_id")

    def both(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
        order = ["patient_id", "condition", "label", "score_old", "score_new"]
        return pl.concat([before.select(order), after.select(order)])

    now = rows("new", release.baseline, crossed, release.score)
    tables = {"cohort": both(rows("old", old.baseline, crossed, release.score), now)}
    if release.features != old.features:
        earlier = rows("old", release.baseline, old.score, release.extra["score_on_features_1"])
        tables["features"] = both(earlier, now)
    return tables


def snapshots(release: Release, silent: np.ndarray) -> dict[str, pl.DataFrame]:
    """Members of the milestones without a locked cohort of their own; candidates went no further than QA."""
    tables = {"internal-qa": pl.DataFrame({"patient_id": release.tuned_on.sort()})}
    if "-rc" not in release.version:
        ids = pl.Series("patient_id", np.arange(1, len(silent) + 1), dtype=pl.Int64)
        chosen = ids.filter(pl.Series(silent == release.held_back))
        tables["locked-clinical"] = pl.DataFrame({"patient_id": chosen})
    return tables


def leakage(records: pl.DataFrame, members: pl.DataFrame) -> dict[str, Any]:
    """Sites, quarters and near duplicates that the training partition shares with the others.

    A near duplicate has the same diagnosis group, sex and age in whole years as a training record, and at
    least eight equal values of physiology.
    """
    table = records.select(
        pl.col("sno").alias("patient_id"), "dzgroup", "sex", pl.col("age").floor().alias("years"), *PHYSIOLOGY
    ).join(members, on="patient_id")
    train = table.filter(pl.col("partition") == "train")
    out = []
    for partition in ("postmarket", "test", "validation"):
        other = table.filter(pl.col("partition") == partition)
        pairs = other.join(train, on=["dzgroup", "sex", "years"], suffix="_train")
        equal = pl.sum_horizontal(
            (pl.col(name) == pl.col(f"{name}_train")).fill_null(value=False).cast(pl.Int32)
            for name in PHYSIOLOGY
        )
        twins = pairs.filter(equal >= TWIN_VALUES)["patient_id"].n_unique()
        shared = {column: sorted(set(train[column]) & set(other[column])) for column in ("site", "quarter")}
        out.append(
            {
                "training": "train",
                "evaluation": partition,
                "patients": len(set(train["patient_id"]) & set(other["patient_id"])),
                "sites": shared["site"],
                "quarters": shared["quarter"],
                "near_duplicates": twins,
            }
        )
    return {"schema": "prognosis-180/leakage/v1", "pairs": out}


def log(release: Release, cohort: pl.DataFrame, y: np.ndarray, tables: dict[str, pl.DataFrame]) -> str:
    """What the run read, did and wrote, step by step; no time and no machine, so that it repeats."""
    point = release.operating_point
    trained, tuned = (ids.to_numpy() - 1 for ids in (release.trained_on, release.tuned_on))
    lines = [f"run of {release.version}"]
    lines += [f"read    data/raw/{name} sha256 {digest}" for name, digest in sorted(RAW.items())]
    lines += [
        f"derive  labels: {len(y)} patients, {int(y.sum())} deaths within 180 days",
        f"derive  features {release.features}",
        f"train   {len(trained)} patients, {int(y[trained].sum())} deaths",
        f"tune    {len(tuned)} patients, {int(y[tuned].sum())} deaths; threshold {point['threshold']}",
    ]
    lines += [
        f"tune    threshold {limit} for {level}"
        for level, limit in point.get("by", {}).get("thresholds", {}).items()
        if limit != point["threshold"]
    ]
    lines.append(f"score   baseline {release.baseline}: {cohort.height} patients")
    lines += [
        f"cross   {axis}: {table.filter(pl.col('condition') == 'old').height} rows old, "
        f"{table.filter(pl.col('condition') == 'new').height} rows new"
        for axis, table in sorted(tables.items())
    ]
    return "\n".join(lines) + "\n"


def write_log(folder: Path, text: str) -> None:
    """Write the log, and end it with the digest of what the run wrote."""
    written = ["model.json", "operating_point.json", "predictions.parquet", "training_members.parquet"]
    lines = [f"wrote   {name} sha256 {sha256(folder / name)}" for name in written]
    (folder / "run_log.txt").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
