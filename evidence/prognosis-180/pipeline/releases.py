"""The five bundles: how each model is trained, on whom, and what it is compared with.

The table is the plan of the example; `build` carries it out once for all releases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from models import recalibrate, threshold_for, train_boosted, train_logistic
from scorer import probabilities

RECALIBRATION = ("2024Q1", "2024Q2")
BOOSTED_QUARTERS = ("2024Q1", "2024Q2", "2024Q3")
BOOSTED_THRESHOLD_QUARTERS = ("2024Q4",)
LOWERED_QUARTERS = ("2024Q1", "2024Q2", "2024Q3", "2024Q4")
LOWERED_GROUPS = ("CHF", "COPD")
SENSITIVITY, LOWERED_SENSITIVITY = 0.80, 0.70


@dataclass(frozen=True)
class Release:
    """A trained release and the tables that describe it."""

    version: str
    features: str
    baseline: str
    model: dict[str, Any]
    operating_point: dict[str, Any]
    score: np.ndarray
    """Score of every one of the 9,105 patients on the release's own features, six decimals."""
    trained_on: pl.Series
    """Patients whose outcomes shaped weights or recalibration."""
    tuned_on: pl.Series
    """Patients whose outcomes set the operating point."""
    previous: str | None
    held_back: str
    """Quarter that the silent replay runs over."""
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    """Further comparator columns."""

    def flags(self, dzgroup: pl.Series) -> np.ndarray:
        """Whether each patient is at or above the operating point."""
        point = self.operating_point
        limits = [point.get("by", {}).get("thresholds", {}).get(g, point["threshold"]) for g in dzgroup]
        return self.score >= np.array(limits)


@dataclass(frozen=True)
class Tables:
    """The datasets that training reads, rows in record order."""

    features: dict[str, pl.DataFrame]
    label: np.ndarray
    partition: np.ndarray
    quarter: np.ndarray
    phase: np.ndarray

    def during(self, *quarters: str) -> np.ndarray:
        """Rows of the post-market partition in these quarters."""
        return (self.partition == "postmarket") & np.isin(self.quarter, quarters)


def build(tables: Tables) -> dict[str, Release]:
    """Train the five releases."""
    y, ids = tables.label, tables.features["1"]["patient_id"]
    one, two = tables.features["1"], tables.features["2"]
    train, validation = tables.partition == "train", tables.partition == "validation"
    spring = tables.during(*RECALIBRATION)

    def pick(rows: np.ndarray) -> pl.Series:
        return ids.filter(pl.Series(rows))

    def score(model: dict[str, Any], table: pl.DataFrame) -> np.ndarray:
        return probabilities(model, table).round(6)

    def at(s: np.ndarray, rows: np.ndarray, sensitivity: float) -> float:
        return threshold_for(s[rows], y[rows], sensitivity)

    base = train_logistic(one.filter(pl.Series(train)), y[train])
    s100 = score(base, one)
    r100 = Release(
        "1.0.0", "1", "1", base, {"threshold": at(s100, validation, SENSITIVITY)}, s100,
        pick(train), pick(validation), None, "2023Q2",
    )  # fmt: skip

    masked = recalibrate(base, one.filter(pl.Series(spring)), y[spring])
    s110 = score(masked, one)
    r110 = Release(
        "1.1.0-rc1", "1", "2", masked, {"threshold": at(s110, spring, SENSITIVITY)}, s110,
        pick(train | spring), pick(spring), "1.0.0", "2024Q4",
    )  # fmt: skip

    mended = recalibrate(base, two.filter(pl.Series(spring)), y[spring])
    s120 = score(mended, two)
    # With these the comparison is a two-by-two: old and new model, each on old and new features.
    crossed = {"score_previous_on_features_2": score(base, two), "score_on_features_1": score(mended, one)}
    r120 = Release(
        "1.2.0", "2", "3", mended, {"threshold": at(s120, spring, SENSITIVITY)}, s120,
        pick(train | spring), pick(spring), "1.0.0", "2025Q1", crossed,
    )  # fmt: skip

    grown_on = (tables.phase == "I") | tables.during(*BOOSTED_QUARTERS)
    grown = train_boosted(two.filter(pl.Series(grown_on)), y[grown_on])
    s200 = score(grown, two)
    tuning = tables.during(*BOOSTED_THRESHOLD_QUARTERS)
    single = at(s200, tuning, SENSITIVITY)
    rc200 = Release(
        "2.0.0-rc1", "2", "4", grown, {"threshold": single}, s200,
        pick(grown_on), pick(tuning), "1.2.0", "2025Q2",
    )  # fmt: skip

    year = tables.during(*LOWERED_QUARTERS)
    group = two["dzgroup"].to_numpy()
    lowered = {g: at(s200, year & (group == g), LOWERED_SENSITIVITY) for g in LOWERED_GROUPS}
    # Every level is named: a group the table does not know must not fall to a threshold by accident.
    by = {g: lowered.get(g, single) for g in sorted(set(group))}
    point = {"threshold": single, "by": {"column": "dzgroup", "thresholds": by}}
    r200 = Release(
        "2.0.0", "2", "5", grown, point, s200, pick(grown_on), pick(year), "1.2.0", "2025Q3",
    )  # fmt: skip
    return {r.version: r for r in (r100, r110, r120, rc200, r200)}
