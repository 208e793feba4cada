"""A number with what a reader needs to weigh it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from muniment.model.dataclass import dataclass


def rounded(value: float | None) -> float | None:
    """Round to 12 significant digits, the precision of every JSON output; `None` and whole counts stay."""
    if isinstance(value, int):
        return value
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.12g}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic, its interval and how both were made. Never shown without `n` and `method`."""

    metric: str
    """Public name: `auroc`, `sensitivity`, `calibration_slope` … (the list is in the contract)."""
    cohort: Mapping[str, str]
    """Subgroup axis to level; empty for everybody."""
    value: float | None
    """Point estimate on the metric's own scale; `None` where undecided or suppressed."""
    low: float | None = None
    """Lower bound of the two-sided interval."""
    high: float | None = None
    """Upper bound of the two-sided interval."""
    level: float | None = None
    """Confidence level of the interval, 0.95 unless asked otherwise."""
    method: str | None = None
    """`delong`, `wilson`, `clopper-pearson`, `count` …"""
    n: int | None = None
    """Rows the estimate rests on (the denominator for a proportion); `None` where suppressed."""
    events: int | None = None
    """Rows with the positive label among the cohort; `None` where suppressed."""
    threshold: float | str | None = None
    """Operating point for threshold metrics: a number, or the name of a locked operating point."""
    undecided: str | None = None
    """Why there is no value: `one class only`, `fewer than 10 rows` …"""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The shape of an estimate in `muniment/measures/v1`."""
        out: dict[str, Any] = {
            "metric": self.metric,
            "cohort": dict(sorted(self.cohort.items())),
            "threshold": self.threshold,
            "value": rounded(self.value),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "level": self.level,
            "method": self.method,
            "n": self.n,
            "events": self.events,
        }
        if self.undecided is not None:
            out["undecided"] = self.undecided
        return out | dict(self.extra)
