"""Operational evidence: latency and fallback are measured, shadow mode is replayed, the rest is enacted."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import PHYSIOLOGY, number, write_json
from enacted_operations import alert_routing, uptime
from metrics import proportion
from releases import Release
from scorer import estimate

CALLS = 1000


def write(
    release: Release, table: pl.DataFrame, cohort: pl.DataFrame, committed: Path, out: Path, measure: bool
) -> None:
    """Write `operational.json`; latency is taken from the committed file unless it is to be measured."""
    patients = list(table.join(cohort, on="patient_id", how="semi").iter_rows(named=True))
    timing = latency(release, patients) if measure or not committed.exists() else recorded(committed)
    metrics = [*timing, fallback(release, patients), agreement_metric(shadow(release, table)),
               uptime(release.version), alert_routing(release.version)]  # fmt: skip
    metrics.sort(key=lambda m: m["metric"])
    write_json({"schema": "muniment/operational/v1", "release": release.version, "metrics": metrics}, out)


def entry(metric: str, unit: str, method: str, origin: str, note: str, **numbers: Any) -> dict[str, Any]:
    """One metric in the shape that evaluation reads."""
    blank = {"value": None, "low": None, "high": None, "level": 0.95, "n": None}
    return (
        blank | numbers | {"metric": metric, "unit": unit, "method": method, "origin": origin, "note": note}
    )


def recorded(committed: Path) -> list[dict[str, Any]]:
    """The latency that was measured when the release was made."""
    metrics = json.loads(committed.read_text(encoding="utf-8"))["metrics"]
    return [m for m in metrics if m["metric"].startswith("latency")]


def latency(release: Release, patients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Wall time of single-patient calls of the deployed scorer, inputs checked, in milliseconds."""
    taken = []
    for i in range(CALLS + 50):
        start = time.perf_counter()
        estimate(release.model, patients[i % len(patients)])
        taken.append((time.perf_counter() - start) * 1000)
    ms = np.sort(taken[50:])
    note = (
        "Measured once, on the machine that made the release, and kept: wall time does not reproduce. "
        f"Single-patient calls in one process, after 50 to warm up; CPython {platform.python_version()}."
    )
    return [
        entry(f"latency_p{q}_ms", "ms", "order-statistics", "measured", note, **quantile(ms, q / 100))
        for q in (50, 95)
    ]


def quantile(ordered: np.ndarray, q: float) -> dict[str, Any]:
    """A quantile with its distribution-free interval from order statistics."""
    n = len(ordered)
    half = 1.96 * np.sqrt(n * q * (1 - q))
    low, high = max(int(np.floor(n * q - half)), 0), min(int(np.ceil(n * q + half)), n - 1)
    return {
        "value": number(ordered[int(np.ceil(n * q)) - 1], 4),
        "low": number(ordered[low], 4),
        "high": number(ordered[high], 4),
        "n": n,
    }


def fallback(release: Release, patients: list[dict[str, Any]]) -> dict[str, Any]:
    """Share of planted faults that end in "no estimate"."""
    caught = [estimate(release.model, spoilt(p, i))["estimate"] is None for i, p in enumerate(patients)]
    false = sum(estimate(release.model, p)["estimate"] is None for p in patients)
    share = proportion(sum(caught), len(caught))
    note = (
        "One fault is planted in each patient of the cohort, four kinds in turn (age missing; unknown "
        "diagnosis group; temperature in degrees Fahrenheit; seven physiology values missing); success is "
        "no estimate with a reason. "
        f"Without a planted fault the scorer declined {false} of {len(patients)}."
    )
    return entry("fallback_success", "proportion", "wilson", "measured", note, **share)


def spoilt(patient: dict[str, Any], i: int) -> dict[str, Any]:
    """The patient with the i-th kind of fault."""
    kinds: tuple[dict[str, Any], ...] = (
        {"age": None},
        {"dzgroup": "Unlisted"},
        {"temp": 98.6},
        dict.fromkeys(PHYSIOLOGY[:7]),
    )
    return {**patient, **kinds[i % len(kinds)]}


def shadow(release: Release, table: pl.DataFrame) -> dict[str, Any]:
    """Silent replay over the held-back quarter: one call a patient, in record order, outcomes not read."""
    limits = release.operating_point
    by = limits.get("by", {}).get("thresholds", {})
    same = flagged = declined = 0
    largest = 0.0
    patients = list(table.iter_rows(named=True))
    for patient, batch in patients_with_scores(patients, release):
        answer = estimate(release.model, patient)["estimate"]
        if answer is None:
            declined += 1
            continue
        limit = by.get(patient["dzgroup"], limits["threshold"])
        same += (round(answer, 6) >= limit) == (batch >= limit)
        flagged += round(answer, 6) >= limit
        largest = max(largest, abs(round(answer, 6) - batch))
    answered = len(replayed(patients, release)) - declined
    return {
        "schema": "prognosis-180/shadow/v1",
        "release": release.version,
        "origin": "replayed",
        "quarter": release.held_back,
        "partition": "validation" if release.held_back < "2024" else "postmarket",
        "n": answered + declined,
        "answered": answered,
        "declined": declined,
        "same_flag_as_batch": same,
        "flagged": int(flagged),
        "flagged_share": number(flagged / answered),
        "largest_difference": number(largest, 9),
        "outputs_hidden_from_care": True,
        "outcomes_used": False,
    }


def replayed(patients: list[dict[str, Any]], release: Release) -> list[int]:
    """Row numbers of the held-back quarter."""
    return [i for i, p in enumerate(patients) if p["in_shadow"] == release.held_back]


def patients_with_scores(
    patients: list[dict[str, Any]], release: Release
) -> list[tuple[dict[str, Any], float]]:
    """Each held-back patient with the score the batch gave."""
    return [(patients[i], float(release.score[i])) for i in replayed(patients, release)]


def agreement_metric(run: dict[str, Any]) -> dict[str, Any]:
    """Share of silent answers with the same flag as the batch table."""
    share = proportion(run["same_flag_as_batch"], run["answered"])
    note = (
        f"Replayed over {run['quarter']} ({run['partition']}), {run['n']} patients, "
        f"{run['declined']} declined; the single-patient path and the batch table must raise the same flag."
    )
    return entry("shadow_agreement", "proportion", "wilson", "replayed", note, **share)
