"""AUROC with DeLong's interval against scikit-learn's area alone, side by side in one run.

Both start from the same columns in memory and are timed in turn, so that a noisy machine hurts both;
the ratio printed is the median of the paired ratios. The areas must agree, or the run fails.

    python bench/measure.py [--rows 100000 1000000] [--repeats 7]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from muniment.measure.discrimination import auroc
from muniment.measure.kernel import all_keys, fold, keyed, scale_of
from muniment.measure.prepare import LABEL, SCORE
from muniment.measure.result import Result

GOALS = {1_000_000: 4.0, 10_000_000: 7.0}
"""Rows to the ratio that is wanted (the design note on measures)."""


def table(rows: int, digits: int | None) -> pl.DataFrame:
    """Calibrated scores; rounded to `digits` decimals for a table with ties."""
    rng = np.random.default_rng(rows)
    score = rng.random(rows)
    label = rng.random(rows) < score
    return pl.DataFrame({LABEL: label, SCORE: score if digits is None else score.round(digits)})


def ours(frame: pl.DataFrame) -> Result:
    """From columns to value and interval."""
    scale = scale_of(frame)
    return auroc(fold(all_keys(keyed(frame, scale), scale).values), 0.95)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds and result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def compared(rows: int, digits: int | None, repeats: int) -> tuple[float, float, float]:
    """Median seconds of both and the median paired ratio."""
    frame = table(rows, digits)
    labels, scores = frame[LABEL].to_numpy(), frame[SCORE].to_numpy()
    pairs = []
    for _ in range(repeats):
        mine, result = timed(lambda: ours(frame))
        peer, area = timed(lambda: roc_auc_score(labels, scores))
        assert isinstance(result, Result)
        assert result.value is not None
        if abs(result.value - float(str(area))) > 1e-9:
            sys.exit(f"the areas differ: {result.value} and {area}")
        pairs.append((mine, peer))
    return (
        statistics.median(mine for mine, _ in pairs),
        statistics.median(peer for _, peer in pairs),
        statistics.median(peer / mine for mine, peer in pairs),
    )


def main() -> int:
    """Print a line a table; fail where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    missed = False
    print(f"{'rows':>12} {'scores':>10} {'ours, s':>9} {'peer, s':>9} {'ratio':>7} {'goal':>6}")
    for rows in options.rows:
        for digits in (None, 3):
            mine, peer, ratio = compared(rows, digits, options.repeats)
            goal = GOALS.get(rows) if digits is None else None
            missed |= goal is not None and ratio < goal
            kind = "continuous" if digits is None else f"{digits} digits"
            wanted = "" if goal is None else f"{goal:.0f}"
            print(f"{rows:>12,} {kind:>10} {mine:>9.4f} {peer:>9.4f} {ratio:>7.1f} {wanted:>6}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
