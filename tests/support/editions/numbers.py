"""An evaluation and monitoring windows of made-up numbers, every section filled."""

from __future__ import annotations

import math
from typing import Any

from support.editions.making import DEVICE
from support.editions.planned import planned


def evaluation(version: str) -> dict[str, Any]:
    """Return an evaluation with curves, subgroups (one suppressed), comparisons and criteria."""
    shift = 0.02 if version == "1.1.0" else 0.0
    roc = [{"fpr": i / 60, "tpr": (i / 60) ** 0.35, "threshold": 1 - i / 60} for i in range(61)]
    bins = [
        {
            "predicted": 0.05 + i / 10,
            "observed": 0.06 + i / 10.5,
            "low": 0.01 + i / 11,
            "high": 0.11 + i / 10,
            "n": 80,
        }
        for i in range(10)
    ]
    scores = [
        {"low": i / 20, "high": (i + 1) / 20, "n": 20 + int(30 * math.sin(i / 6)), "events": i}
        for i in range(20)
    ]
    return {
        "schema": "muniment/evaluation/v1",
        "device": DEVICE,
        "release": version,
        "plan": "plans/1",
        "plan_sha256": "0" * 64,
        "inputs": [{"role": "predictions", "path": "data/p.parquet", "sha256": "1" * 64, "rows": 800}],
        "cohort": {
            "rows": 805,
            "excluded": {"null_label": 0, "null_score": 5},
            "n": 800,
            "events": 300,
            "by": [],
        },
        "estimates": [
            _estimate("auroc", 0.78 + shift, "delong"),
            _estimate("calibration_slope", 0.97, "logistic-wald"),
            _estimate("oe_ratio", 1.02, "log-normal"),
            _estimate("sensitivity", 0.8 + shift, "wilson", "default"),
            _estimate("specificity", 0.6, "wilson", "default"),
            _estimate("ppv", 0.55, "wilson", "default"),
            {**_estimate("brier", 0.18, None), "low": None, "high": None},
        ],
        "subgroups": [
            {
                "axis": axis,
                "level": level,
                "n": None if level == "unknown" else n,
                "events": None if level == "unknown" else n // 3,
                "suppressed": level == "unknown",
                "descriptive": n < 100,
                "estimates": []
                if level == "unknown"
                else [
                    {**_estimate("auroc", 0.75 + shift, "delong"), "n": n},
                    {**_estimate("sensitivity", 0.7 + n / 2000, "wilson", "default"), "n": n},
                ],
            }
            for axis, level, n in (
                ("sex", "F", 380),
                ("sex", "M", 420),
                ("site", "S1", 90),
                ("site", "S2", 210),
                ("site", "unknown", 4),
            )
        ],
        "curves": {"roc": roc, "calibration": bins, "scores": scores},
        "comparisons": [
            {
                "against": "published",
                "metric": "auroc",
                "cohort": {},
                "a": 0.78,
                "b": 0.75,
                "difference": 0.03,
                "low": 0.01,
                "high": 0.05,
                "level": 0.95,
                "p": 0.004,
                "method": "delong-paired",
                "n": 800,
            }
        ],
        "splits": {
            "sizes": [{"partition": "train", "n": 2000}, {"partition": "test", "n": 800}],
            "overlap": [{"a": "train", "b": "test", "unit": "patient", "n": 0}],
        },
        "operational": [
            {
                "metric": "latency_p95_ms",
                "value": 12.5,
                "low": 11.0,
                "high": 14.0,
                "n": 1000,
                "method": "order-statistics",
                "unit": "ms",
                "origin": "measured",
            }
        ],
        "criteria": [
            _criterion("C-1", "auroc", ">=", 0.7, "lower", "met", {}),
            _criterion("C-2", "sensitivity", ">=", 0.65, "lower", "unmet", {"site": "S1"}),
            _criterion("C-3", "calibration_slope", "within", [0.8, 1.2], "interval", "undecided", {}),
        ],
        "methods": "AUROC with DeLong intervals; proportions with Wilson intervals; two-sided 95 %.",
    } | planned()


def windows(version: str) -> dict[str, Any]:
    """Return monitoring windows, the last without mature outcomes."""
    names = ("2025Q1", "2025Q2", "2025Q3", "2025Q4")
    return {
        "release": version,
        "windows": [
            {
                "quarter": name,
                "n": 500 - 20 * i,
                "source": "live",
                "outcomes": None
                if i == 3
                else {"auroc": {"value": 0.78 - i / 50, "low": 0.74 - i / 50, "high": 0.82 - i / 50}},
                "outcomes_withheld": "outcomes are not mature" if i == 3 else None,
                "psi": {"worst": {"feature": "age", "value": 0.03 + i / 100}},
                "sites": [
                    {"level": site, "n": 100, "linkage_rho": 0.5 - i / 10 * j, "suppressed": False}
                    for j, site in enumerate(("S1", "S2"))
                ],
            }
            for i, name in enumerate(names)
        ],
    }


def _estimate(metric: str, value: float, method: str | None, threshold: Any = None) -> dict[str, Any]:
    return {
        "metric": metric,
        "cohort": {},
        "threshold": threshold,
        "value": value,
        "low": value - 0.04,
        "high": value + 0.04,
        "level": 0.95,
        "method": method,
        "n": 800,
        "events": 300,
    }


def _criterion(
    name: str, metric: str, operator: str, threshold: Any, on: str, outcome: str, cohort: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": name,
        "domain": "clinical",
        "metric": metric,
        "cohort": cohort,
        "operator": operator,
        "threshold": threshold,
        "on": on,
        "value": 0.8,
        "low": 0.76,
        "high": 0.84,
        "n": 800,
        "events": 300,
        "outcome": outcome,
        "message": f"{on} bound 0.76 against the threshold",
    }
