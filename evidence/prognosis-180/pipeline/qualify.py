# ruff: noqa: E402 - no bytecode may appear in the evidence folder, so that is set first
"""Qualifies the tool that evaluates: its numbers on one release are computed again, without it.

python evidence/prognosis-180/pipeline/qualify.py            write the report
python evidence/prognosis-180/pipeline/qualify.py --check    say whether the committed report still holds

Reads `evaluation.json` and the prediction table of a release. AUROC, average precision, Brier score and
log-loss come from scikit-learn, counts and rates from NumPy, intervals from the formula of Wilson (1927).
The report says how many values of each metric agree to 1e-9; it holds no time and no machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

sys.dont_write_bytecode = True

import numpy as np
import polars as pl
from common import DEVICE, write_json
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

RELEASE = "1.0.0"
"""The first evaluation that the tool made, and the one it was qualified on."""
TOLERANCE = 1e-9
Score = Callable[[np.ndarray, np.ndarray], float]
SCORES: dict[str, Score] = {
    "auroc": lambda y, s: roc_auc_score(y, s),
    "average_precision": lambda y, s: average_precision_score(y, s),
    "brier": lambda y, s: brier_score_loss(y, s),
    "log_loss": lambda y, s: log_loss(y, s),
    "oe_ratio": lambda y, s: float(y.sum() / s.sum()),
}
"""Metrics of the score."""
RATES = {
    "sensitivity": ("tp", "fn"),
    "specificity": ("tn", "fp"),
    "ppv": ("tp", "fp"),
    "npv": ("tn", "fn"),
}
"""Rates at the operating point: hits, and what is added to them to make the whole."""
COUNTS = ("tp", "fp", "fn", "tn")
CROSSED = {"sex_by_age": ("sex", "age_band")}
"""Axes of the plans that cross two columns; the others are named after theirs."""
WILSON = (*RATES, "prevalence", "positive_rate", "accuracy")


def report(version: str) -> dict[str, Any]:
    """What was compared for a release, and how much of it agrees."""
    folder = DEVICE / "releases" / version
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    table = pl.read_parquet(folder / "predictions.parquet")
    point = json.loads((folder / "operating_point.json").read_text(encoding="utf-8"))
    limits = point.get("by", {}).get("thresholds", {})
    flag = pl.Series("flag", [limits.get(g, point["threshold"]) for g in table["dzgroup"]])
    crossed = [pl.concat_str(columns, separator=" × ").alias(axis) for axis, columns in CROSSED.items()]
    table = table.with_columns((pl.col("score") >= flag).alias("flag"), *crossed)
    estimates = [*evaluation["estimates"], *(e for s in evaluation["subgroups"] for e in s["estimates"])]
    seen: dict[str, list[int]] = {}
    for estimate in estimates:
        if estimate["value"] is None:
            continue
        for what, stated, own in compared(estimate, table):
            tally = seen.setdefault(what, [0, 0])
            tally[0] += 1
            tally[1] += abs(stated - own) <= TOLERANCE
    return {
        "schema": "prognosis-180/qualification/v1",
        "release": version,
        "tool": evaluation["producer"]["tool"],
        "version": evaluation["producer"]["version"],
        "tolerance": TOLERANCE,
        "checks": [
            {"metric": name, "compared": n, "agree": agree} for name, (n, agree) in sorted(seen.items())
        ],
        "qualified": bool(seen) and all(n == agree for n, agree in seen.values()),
    }


def compared(estimate: dict[str, Any], table: pl.DataFrame) -> list[tuple[str, float, float]]:
    """What can be computed again of an estimate: name, value of the tool, value of our own."""
    rows = table
    for column, level in estimate["cohort"].items():
        rows = rows.filter(pl.col(column) == level)
    y, score, flag = (rows[name].to_numpy() for name in ("death_180d", "score", "flag"))
    metric = estimate["metric"]
    cells = {
        "tp": int((flag & (y == 1)).sum()),
        "fp": int((flag & (y == 0)).sum()),
        "fn": int((~flag & (y == 1)).sum()),
        "tn": int((~flag & (y == 0)).sum()),
    }
    if metric in SCORES:
        own = SCORES[metric](y, score)
    elif metric in COUNTS:
        own = cells[metric]
    elif metric in RATES:
        hits, rest = (cells[name] for name in RATES[metric])
        own = hits / (hits + rest)
    elif metric == "prevalence":
        own = float(y.mean())
    elif metric == "positive_rate":
        own = (cells["tp"] + cells["fp"]) / len(y)
    elif metric == "accuracy":
        own = (cells["tp"] + cells["tn"]) / len(y)
    else:
        return []
    found = [(metric, estimate["value"], own)]
    if metric in WILSON and estimate["method"] == "wilson":
        low, high = wilson(own, estimate["n"], estimate["level"])
        found += [("wilson_low", estimate["low"], low), ("wilson_high", estimate["high"], high)]
    return found


def wilson(p: float, n: int, level: float) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return max(centre - half, 0.0), min(centre + half, 1.0)


def place(made: dict[str, Any]) -> Path:
    """Where the report on a version of the tool lies."""
    return DEVICE / "data" / "qualification" / f"{made['tool']}-{made['version']}.json"


def main() -> int:
    """Write the report, or hold the committed one to what would be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is committed; write nothing")
    made = report(RELEASE)
    if not parser.parse_args().check:
        write_json(made, place(made))
        print(f"written; {'qualified' if made['qualified'] else 'not qualified'}")
        return 0 if made["qualified"] else 1
    held = place(made).is_file() and json.loads(place(made).read_text(encoding="utf-8")) == made
    print("the report holds" if held else "the report does not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
