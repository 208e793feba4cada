"""Where a release is wrong: by subgroup, under edge conditions, on which patients, and who gets no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from common import EXTRA, MIN_N, NUMERIC, PHYSIOLOGY, SUBGROUPS, number
from metrics import proportion

CORE = tuple(name for name in PHYSIOLOGY if name not in EXTRA)
"""The eleven physiology values that every release reads."""
VITAL_SIGNS = ("meanbp", "hrt", "resp")
QUIET = 0.5
"""Mean distance from the training median, in standard deviations, below which physiology says little."""

DEFINITIONS = {
    "low_signal": (
        f"Recorded physiology lies within {QUIET:g} standard deviations of the training median on average, "
        "so that it says little in either direction."
    ),
    "artefact": "Mean blood pressure, heart rate or breathing rate is charted as zero.",
    "missing_input": "Three or more of the eleven core physiology values are missing; an estimate is given.",
}
"""What each edge condition means for this device."""


def levels(axis: pl.Series) -> Iterator[tuple[str, np.ndarray, bool]]:
    """Level, its rows, and whether it is suppressed, sorted by level.

    A level below ten patients is suppressed; where only one is, so is the next smallest, which would
    otherwise give it away by subtraction.
    """
    sizes = dict(sorted(axis.value_counts().iter_rows()))
    small = {level for level, n in sizes.items() if n < MIN_N}
    if len(small) == 1 and len(sizes) > 1:
        small.add(min((n, level) for level, n in sizes.items() if level not in small)[1])
    for level in sizes:
        yield level, (axis == level).to_numpy(), level in small


def cell(rows: np.ndarray, flag: np.ndarray, y: np.ndarray, hidden: bool) -> dict[str, Any]:
    """Errors among some rows: counts, and rates with their Wilson intervals."""
    if hidden:
        return {"suppressed": True, **dict.fromkeys(("n", "events", "fp", "fn", "fpr", "fnr"))}
    died, lived = rows & (y == 1), rows & (y == 0)
    fp, fn = int((lived & flag).sum()), int((died & ~flag).sum())
    return {
        "suppressed": False,
        "n": int(rows.sum()),
        "events": int(died.sum()),
        "fp": fp,
        "fn": fn,
        "fpr": rate(fp, int(lived.sum())),
        "fnr": rate(fn, int(died.sum())),
    }


def rate(hits: int, n: int) -> dict[str, Any]:
    """A share with interval and method."""
    return {**proportion(hits, n), "method": "wilson"}


def by_subgroup(groups: pl.DataFrame, flag: np.ndarray, y: np.ndarray) -> list[dict[str, Any]]:
    """Every level of every axis of the claim."""
    return [
        {"axis": axis, "level": level, **cell(inside, flag, y, hidden)}
        for axis in SUBGROUPS
        for level, inside, hidden in levels(groups[axis])
    ]


def edges(
    table: pl.DataFrame, training: pl.DataFrame, flag: np.ndarray, y: np.ndarray
) -> list[dict[str, Any]]:
    """The three edge conditions; a condition with fewer than ten patients is counted and not judged."""
    values, known = table.select(CORE).fill_null(float("nan")).to_numpy(), training.select(CORE)
    middle = np.array([known[name].median() for name in CORE])
    spread = np.array([known[name].std() for name in CORE])
    distance = np.abs(values - middle) / spread
    recorded = ~np.isnan(distance)
    quiet = np.where(recorded, distance, 0.0).sum(axis=1) / np.maximum(recorded.sum(axis=1), 1)
    rows = {
        "low_signal": (quiet < QUIET) & recorded.any(axis=1),
        "artefact": table.select(pl.any_horizontal(pl.col(VITAL_SIGNS) == 0).fill_null(value=False))
        .to_series()
        .to_numpy(),
        "missing_input": (~recorded).sum(axis=1) >= 3,
    }
    return [
        {
            "condition": name,
            "definition": DEFINITIONS[name],
            **cell(inside, flag, y, hidden=0 < int(inside.sum()) < MIN_N),
        }
        for name, inside in rows.items()
    ]


def examples(
    ids: np.ndarray, groups: pl.DataFrame, score: np.ndarray, flag: np.ndarray, y: np.ndarray
) -> list[dict[str, Any]]:
    """Two wrong answers of each kind, chosen by rule: the median one and the most confident one.

    `case` is the record's number in the public file, and nothing more is said of the patient than the
    diagnosis group and the age band.
    """
    found = []
    for kind, rows in (
        ("false_positive", np.flatnonzero(flag & (y == 0))),
        ("false_negative", np.flatnonzero(~flag & (y == 1))),
    ):
        order = rows[np.argsort(score[rows], kind="stable")]
        extreme = order[-1] if kind == "false_positive" else order[0]
        for choice, row in (("typical", order[len(order) // 2]), ("most confident", extreme)):
            found.append(
                {
                    "case": str(ids[row]),
                    "kind": kind,
                    "choice": choice,
                    "estimate": number(score[row], 3),
                    "diagnosis_group": groups["dzgroup"][int(row)],
                    "age_band": groups["age_band"][int(row)],
                }
            )
    return found


def quality_control(said: list[list[str]]) -> dict[str, Any]:
    """Inputs that the scorer declines, by the first reason it gives."""
    reasons = Counter(words[0] for words in said if words)
    rejected = sum(reasons.values())
    return {
        "screened": len(said),
        "rejected": rejected,
        "share": rate(rejected, len(said)),
        "reasons": [{"reason": r, "n": n} for r, n in sorted(reasons.items())],
    }


def missing(table: pl.DataFrame, reads: list[str]) -> list[dict[str, Any]]:
    """Missing values of each input the model reads."""
    wanted = [name for name in reads if name in (*NUMERIC, *EXTRA, "dzgroup", "ca")]
    return [
        {"column": n, "n": table.height, "missing": table[n].null_count(),
         "share": number(table[n].null_count() / table.height)}
        for n in wanted
    ]  # fmt: skip


def populations(flag: np.ndarray, y: np.ndarray, declined: np.ndarray) -> list[dict[str, Any]]:
    """Sensitivity and specificity under four treatments of patients who get no estimate.

    Intention to diagnose: no estimate is no flag, as on the panel. Per protocol: they are left out.
    Worst and best case: all of them are wrong, all of them are right.
    """
    answered, died = ~declined, y == 1
    treated = {
        "intention_to_diagnose": (flag & answered, np.ones_like(answered)),
        "per_protocol": (flag, answered),
        "worst_case": (np.where(declined, ~died, flag), np.ones_like(answered)),
        "best_case": (np.where(declined, died, flag), np.ones_like(answered)),
    }
    rows = []
    for name, (shown, kept) in treated.items():
        for metric, hits, among in (
            ("sensitivity", shown & died, died),
            ("specificity", ~shown & ~died, ~died),
        ):
            counted = rate(int((hits & kept).sum()), int((among & kept).sum()))
            rows.append({"population": name, "metric": metric, **counted})
    return rows
