"""Post-market windows: what each monitor reads, a quarter and a site at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from common import AS_OF, MIN_N, PHYSIOLOGY, SUBGROUPS, mature_on, number
from metrics import auroc, calibration, proportion, psi, psi_noise, rank_correlation
from releases import Release
from scorer import objections

LIVE = {
    "1.0.0": ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1"),
    "1.2.0": ("2025Q3", "2025Q4", "2026Q1"),
    "2.0.0": ("2026Q1",),
}
"""Quarters in which the release was in use somewhere; in the others it is replayed over the records.
A quarter counts as live for the release that was in use for most of it."""

FEWEST_VALUES, FEWEST_VALUES_SITE = 100, 30
"""Recorded values below which PSI is noise and is not given: overall, and at a site."""

LINKAGE_PAIR = ("crea", "aps")
"""Creatinine and the acute physiology score hold together only if both belong to the same patient."""


def report(
    release: Release, table: pl.DataFrame, cohort: pl.DataFrame, groups: pl.DataFrame, y: np.ndarray,
    aps: np.ndarray, phase: np.ndarray,
) -> dict[str, Any]:  # fmt: skip
    """All windows of a release as of the example's date."""
    frame = View(release, table, cohort, groups, y, aps)
    trained = table["patient_id"].is_in(release.trained_on.implode()).to_numpy()
    reference = phase == "I"
    quarters = sorted(set(groups["quarter"].filter(pl.Series(phase == "II"))))
    return {
        "schema": "prognosis-180/windows/v1",
        "release": release.version,
        "features": f"datasets/features/{release.features}",
        "as_of": AS_OF,
        "label_delay_days": 180,
        "min_n": MIN_N,
        "reference": {
            "name": "phase I, all sites",
            "n": int(reference.sum()),
            "linkage_rho": number(frame.linkage(reference)),
        },
        "notes": [
            "PSI leaves missing values out, needs 100 recorded values (30 at a site), and stands beside "
            "the value expected from sampling alone.",
            "Sites and quarters are inferred from record order and follow-up.",
            f"Cells with fewer than {MIN_N} patients are suppressed.",
        ],
        "windows": [
            window(frame, q, frame.during(q) & (phase == "II"), reference, trained) for q in quarters
        ],
    }


class View:
    """One release's columns side by side, with the small sums the windows are made of."""

    def __init__(
        self, release: Release, table: pl.DataFrame, cohort: pl.DataFrame, groups: pl.DataFrame,
        y: np.ndarray, aps: np.ndarray,
    ) -> None:  # fmt: skip
        self.release, self.table, self.groups, self.y, self.aps = release, table, groups, y, aps
        self.flagged = release.flags(groups["dzgroup"])
        reads = [name for name in release.model["reads"] if table[name].dtype.is_numeric()]
        # Phase I never recorded the three late inputs, so nothing can drift against it.
        self.watched = [name for name in reads if name not in release.model["optional"]]
        self.columns = {n: table[n].fill_null(float("nan")).to_numpy() for n in {*self.watched, *PHYSIOLOGY}}
        self.evaluated = table["patient_id"].is_in(cohort["patient_id"].implode()).to_numpy()
        self.site = groups["site"].to_numpy()
        self.quarter = groups["quarter"].to_numpy()

    def during(self, quarter: str) -> np.ndarray:
        """Rows of a quarter."""
        return self.quarter == quarter

    def linkage(self, rows: np.ndarray) -> float:
        """Rank correlation that breaks when measurements go to other patients."""
        return rank_correlation(self.columns[LINKAGE_PAIR[0]][rows], self.aps[rows])

    def drift(self, reference: np.ndarray, rows: np.ndarray, fewest: int) -> dict[str, dict[str, Any]]:
        """PSI of every watched input with enough recorded values, and what chance alone would give."""
        out = {}
        for name in self.watched:
            old, new = self.columns[name][reference], self.columns[name][rows]
            n_old, n_new = int((~np.isnan(old)).sum()), int((~np.isnan(new)).sum())
            if n_new >= fewest and n_old >= fewest:
                out[name] = {
                    "value": number(psi(old, new)),
                    "expected_by_chance": psi_noise(n_old, n_new),
                    "recorded": n_new,
                }
        return out

    def missing(self, rows: np.ndarray) -> Mapping[str, Any]:
        """The watched input that is missing most often."""
        rates = {n: float(np.isnan(self.columns[n][rows]).mean()) for n in self.watched}
        name = min(rates, key=lambda n: (-rates[n], n))
        return {"feature": name, "value": number(rates[name])}

    def refused(self, rows: np.ndarray) -> int:
        """Patients for whom the device gives no estimate."""
        patients = self.table.filter(pl.Series(rows)).iter_rows(named=True)
        return sum(bool(objections(self.release.model, patient)) for patient in patients)

    def outcomes(self, rows: np.ndarray) -> dict[str, Any]:
        """Everything that needs the label."""
        score, y, flag = self.release.score[rows], self.y[rows], self.flagged[rows]
        return {
            "auroc": auroc(score, y),
            "sensitivity": proportion(int((flag & (y == 1)).sum()), int((y == 1).sum())),
            "specificity": proportion(int((~flag & (y == 0)).sum()), int((y == 0).sum())),
            "ppv": proportion(int((flag & (y == 1)).sum()), int(flag.sum())),
            **calibration(score, y),
        }


def worst(drift: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The input that moved most; the first by name where several did, null where none is given."""
    if not drift:
        return None
    name = min(drift, key=lambda n: (-drift[n]["value"], n))
    return {"feature": name, **drift[name]}


def use_of(view: View, rows: np.ndarray, trained: np.ndarray) -> str:
    """Whether the window may judge the release, or helped to make it."""
    if (trained & rows).any():
        return "training"
    tuned = view.table["patient_id"].is_in(view.release.tuned_on.implode()).to_numpy()
    if (tuned & rows).any():
        return "threshold"
    return "evaluation" if (view.evaluated & rows).any() else "monitoring"


def window(
    view: View, quarter: str, rows: np.ndarray, reference: np.ndarray, trained: np.ndarray
) -> dict[str, Any]:
    """One quarter: inputs and outputs at once, outcomes when they are mature and not used up."""
    use, matures = use_of(view, rows, trained), mature_on(quarter)
    mature = matures <= AS_OF
    judged = mature and use in ("monitoring", "evaluation")
    drift = view.drift(reference, rows, FEWEST_VALUES)
    n = int(rows.sum())
    return {
        "quarter": quarter,
        "use": use,
        "source": "live" if quarter in LIVE[view.release.version] else "replayed",
        "mature_on": matures,
        "labels_mature": mature,
        "n": n,
        "events": int(view.y[rows].sum()) if mature else None,
        "no_estimate": view.refused(rows),
        "positive_rate": number(view.flagged[rows].mean()),
        "missing_worst": view.missing(rows),
        "psi": {"worst": worst(drift), "features": {name: body["value"] for name, body in drift.items()}},
        "linkage_rho": number(view.linkage(rows)),
        "outcomes": view.outcomes(rows) if judged else None,
        "outcomes_withheld": None if judged else withheld(use, mature),
        "sites": [
            cell(view, "site", s, rows, judged, reference) for s in sorted(set(view.site))
        ],
        "subgroups": {
            axis: [cell(view, axis, level, rows, judged, None) for level in sorted(set(view.groups[axis]))]
            for axis in SUBGROUPS
            if axis != "site"
        },
    }  # fmt: skip


def withheld(use: str, mature: bool) -> str:
    """Why a window shows no outcome metric."""
    if not mature:
        return f"outcomes are not mature on {AS_OF}"
    part = "training or recalibration" if use == "training" else "setting the operating point"
    return f"these patients took part in {part}"


def cell(
    view: View, axis: str, level: str, rows: np.ndarray, judged: bool, reference: np.ndarray | None
) -> dict[str, Any]:
    """One site or diagnosis group of a window."""
    inside = rows & (view.groups[axis].to_numpy() == level)
    n = int(inside.sum())
    if n < MIN_N:
        return {"level": level, "suppressed": True}
    out: dict[str, Any] = {"level": level, "suppressed": False, "n": n}
    if reference is not None:
        here = reference & (view.site == level)
        out["psi_worst"] = worst(view.drift(here, inside, FEWEST_VALUES_SITE))
        out["linkage_rho"] = number(view.linkage(inside))
        out["no_estimate_rate"] = number(view.refused(inside) / n)
    if judged:
        y, flag = view.y[inside], view.flagged[inside]
        out["events"] = int(y.sum())
        out["sensitivity"] = proportion(int((flag & (y == 1)).sum()), int((y == 1).sum()))
        out["auroc"] = auroc(view.release.score[inside], y)["value"]
    return out
