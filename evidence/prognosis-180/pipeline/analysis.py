"""`analysis.json`: errors, rejects, missing data, robustness, explanations and prevalence of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import error_cells
import explain_checks
import numpy as np
import perturb
import polars as pl
from common import MIN_N, number, sha256, write_json
from explain import medians
from metrics import Z95
from releases import Release
from scorer import objections

INTENDED_PREVALENCE = 0.48
"""Deaths within 180 days among the 4,301 patients of phase I: 2,066, or 48.0 %."""
UTILITY_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)


def write(
    release: Release, table: pl.DataFrame, cohort: pl.DataFrame, groups: pl.DataFrame, label: pl.DataFrame,
    shown: dict[str, Any], out: Path,
) -> None:  # fmt: skip
    """Write `analysis.json` and the golden cases of the explanation into the release's folder `out`.

    `table`, `groups` and `label` hold all patients, `shown` is the file of explanation samples.
    """
    reference, columns = medians(release, table), table.columns
    golden = explain_checks.golden(release.model, reference, columns)
    write_json(golden, out / "explanation_golden.json")
    inside = table["patient_id"].is_in(cohort["patient_id"].implode())
    training = table.filter(table["patient_id"].is_in(release.trained_on.implode()))
    own, mine, y = table.filter(inside), groups.filter(inside), label.filter(inside)["death_180d"].to_numpy()
    score, flag = release.score[inside.to_numpy()], release.flags(groups["dzgroup"])[inside.to_numpy()]
    said = [objections(release.model, patient) for patient in own.iter_rows(named=True)]
    declined = np.array([bool(words) for words in said])
    found = error_cells.populations(flag, y, declined)
    body = {
        "schema": "muniment/analysis/v1",
        "release": release.version,
        "origin": "measured",
        "level": 0.95,
        "min_n": MIN_N,
        "inputs": [
            {"role": role, "sha256": sha256(path)}
            for role, path in (
                ("model", out / "model.json"),
                ("predictions", out / "predictions.parquet"),
                ("explanation_golden", out / "explanation_golden.json"),
                ("explanation_samples", out / "explanations.json"),
            )
        ],
        "cohort": {"n": len(y), "events": int(y.sum())},
        "errors": {
            "by": error_cells.by_subgroup(mine, flag, y),
            "edge": error_cells.edges(own, training, flag, y),
            "examples": error_cells.examples(own["patient_id"].to_numpy(), mine, score, flag, y),
        },
        "quality_control": error_cells.quality_control(said),
        "missing": error_cells.missing(own, release.model["reads"]),
        "populations": found,
        "robustness": perturb.robustness(release.model, own, training, y, limits(release, mine)),
        "explanations": {
            "samples": [
                {"kind": kind, "n": sum(case["kind"] == kind for case in shown["cases"])}
                for kind in sorted({case["kind"] for case in shown["cases"]})
            ],
            "contract": explain_checks.contract(release.model, reference, table, golden),
            "consistency": explain_checks.consistency(release.model, reference, own, mine),
        },
        "prevalence": prevalence(found, y, score),
        "clusters": clusters(mine["site"].to_numpy(), flag, y),
    }
    write_json(body, out / "analysis.json")


def limits(release: Release, groups: pl.DataFrame) -> np.ndarray:
    """The operating point of each patient."""
    point = release.operating_point
    own = point.get("by", {}).get("thresholds", {})
    return np.array([own.get(group, point["threshold"]) for group in groups["dzgroup"]])


def prevalence(found: list[dict[str, Any]], y: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """Predictive values where the tool is meant to be used, and net benefit (Vickers and Elkin 2006)."""
    share = {m["metric"]: m for m in found if m["population"] == "intention_to_diagnose"}
    se, sp = share["sensitivity"], share["specificity"]
    return {
        "study": number(y.mean()),
        "intended": INTENDED_PREVALENCE,
        "predictive_values": predictive_values((se["value"], se["n"]), (sp["value"], sp["n"])),
        "net_benefit": [benefit(t, y, score) for t in UTILITY_THRESHOLDS],
    }


def predictive_values(sensitivity: tuple[float, int], specificity: tuple[float, int]) -> list[dict[str, Any]]:
    """PPV and NPV at the intended prevalence, with logit intervals (Mercaldo, Lau and Zhou 2007)."""
    (se, cases), (sp, others) = sensitivity, specificity
    p = INTENDED_PREVALENCE
    odds = {
        "ppv": (se * p / ((1 - sp) * (1 - p)), (1 - se) / (se * cases) + sp / ((1 - sp) * others)),
        "npv": (sp * (1 - p) / ((1 - se) * p), se / ((1 - se) * cases) + (1 - sp) / (sp * others)),
    }
    rows = []
    for metric, (ratio, variance) in odds.items():
        centre, half = np.log(ratio), Z95 * np.sqrt(variance)
        value, low, high = (number(1 / (1 + np.exp(-x))) for x in (centre, centre - half, centre + half))
        rows.append({"metric": metric, "value": value, "low": low, "high": high, "method": "mercaldo-logit"})
    return rows


def benefit(threshold: float, y: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """Net benefit of acting on the estimate, on everybody and on nobody, at a probability threshold."""
    weight, flag, n = threshold / (1 - threshold), score >= threshold, len(y)
    return {
        "threshold": threshold,
        "model": number(((flag & (y == 1)).sum() - weight * (flag & (y == 0)).sum()) / n),
        "all": number(y.mean() - weight * (1 - y.mean())),
        "none": 0.0,
    }


def clusters(site: np.ndarray, flag: np.ndarray, y: np.ndarray) -> list[dict[str, Any]]:
    """How alike patients of one hospital are: intraclass correlation (one-way), design effect."""
    rows = []
    for metric, right, among in (("sensitivity", flag, y == 1), ("specificity", ~flag, y == 0)):
        hit, place = right[among].astype(float), site[among]
        names = sorted(set(place))
        sizes = np.array([(place == s).sum() for s in names])
        means = np.array([hit[place == s].mean() for s in names])
        n, k = sizes.sum(), len(names)
        between = (sizes * (means - hit.mean()) ** 2).sum() / (k - 1)
        within = sum(((hit[place == s] - m) ** 2).sum() for s, m in zip(names, means, strict=True)) / (n - k)
        typical = (n - (sizes**2).sum() / n) / (k - 1)
        icc = (between - within) / (between + (typical - 1) * within)
        rows.append(
            {
                "unit": "site",
                "metric": metric,
                "clusters": k,
                "icc": number(icc),
                "design_effect": number(1 + (typical - 1) * max(icc, 0.0)),
            }
        )
    return rows
