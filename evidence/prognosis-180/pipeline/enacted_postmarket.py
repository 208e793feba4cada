# ruff: noqa: E501 - prose is not broken inside a sentence
"""Enacted and replayed: deployments, drills, alerts and the monitoring records that point at the windows.

An alert's value is read from the windows; who reviewed it, when and with what verdict is enacted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import enacted_people as who
from common import DEVICE, sha256
from enacted_numbers import Numbers

Record = dict[str, Any]
ALL = ["S1", "S2", "S3", "S4", "S5"]
MONITORS = {"1.0.0": "1", "1.2.0": "3", "2.0.0": "5"}
"""Monitoring configuration of each release that came into use; written by hand, so read where it lies."""


def records(root: Path, numbers: Numbers) -> dict[str, Record]:
    """Every record below `postmarket/`, by id."""
    return {**deployments(root), **drills(), **alerts(numbers), **monitoring(root), **reconstructions()}


def deployments(root: Path) -> dict[str, Record]:
    """What ran where, and until when."""

    lock = sha256(DEVICE / "pipeline" / "requirements.lock")

    def one(version: str, sites: list[str], start: str, end: str | None) -> Record:
        model = sha256(root / "releases" / version / "model.json")
        return {
            "kind": "deployment", "schema": 1, "origin": "enacted", "release": f"releases/{version}",
            "environment": "clinical production", "sites": sites, "jurisdiction": "none - worked example",
            "from": start, "to": end, "model_sha256": model,
            "features_sha256": sha256(DEVICE / "pipeline" / "features.py"), "authorised_by": who.QUALITY,
            "monitors_sha256": sha256(DEVICE / "monitors" / f"{MONITORS[version]}.yaml"),
            "promotion": {
                "from_environment": "staging", "on": start, "by": who.OPERATIONS,
                "artefacts": [
                    {"name": "model", "validated_sha256": model, "deployed_sha256": model},
                    {"name": "lock file", "validated_sha256": lock, "deployed_sha256": lock},
                ],
            },
            "gate": {"policy": "core", "version": "1.0.0", "outcome": "accepted", "on": start},
        }  # fmt: skip

    return {
        "postmarket/1.0.0/deployment-all": one("1.0.0", ALL, "2024-02-26", "2025-04-11"),
        "postmarket/1.2.0/deployment-s1-s4": one("1.2.0", ALL[:4], "2025-07-21", "2026-02-02"),
        "postmarket/1.2.0/deployment-s5": one("1.2.0", ["S5"], "2025-07-21", "2026-01-12"),
        "postmarket/2.0.0/deployment-s1-s4": one("2.0.0", ALL[:4], "2026-02-02", None),
    }


def drill(version: str, on: str, times: tuple[str, str, str, str], due: str, told: str, scenario: str,
          target: str | None = None, findings: list[Record] | None = None) -> Record:  # fmt: skip
    """A drill; the minutes run from injection to safe state, thirty are allowed."""
    minutes = [int(t[:2]) * 60 + int(t[3:]) for t in times]
    taken = minutes[3] - minutes[0]
    return {
        "kind": "drill", "schema": 1, "origin": "enacted", "release": f"releases/{version}",
        "type": "rollback" if target else "pause", "target": target, "on": on,
        "scenario": scenario, "environment": "production" if on > "2024-02-26" else "staging", "sites": ALL,
        "method": "version switch" if target else "feature switch",
        "decided_by": who.CLINICAL, "verified_by": who.ENGINEERING,
        "in_flight": "Estimates of the test patients on open panels were struck through; no real patient was on them.",
        "user_notice_at": told, "fallback_verified": True,
        "data_integrity": "Rows of the prediction log before and after are the same but for the test patients; none lost, none changed.",
        "targets": {"detect": 10, "decide": 10, "reach": 15},
        "injected_at": times[0], "detected_at": times[1], "decided_at": times[2], "safe_state_at": times[3],
        "target_minutes": 30, "measured_minutes": taken, "result": "pass" if taken <= 30 else "fail",
        "participants": [
            {"role": "engineering", "person": who.ENGINEERING},
            {"role": "operations", "person": who.OPERATIONS},
            {"role": "clinical", "person": who.CLINICAL},
            {"role": "quality", "person": who.QUALITY},
        ],
        "clinician_can_explain": True, "findings": findings or [], "next_due": due,
    }  # fmt: skip


def drills() -> dict[str, Record]:
    """Pause drills for 1.x, rollback drills for 2.0.0; the first of those failed."""
    slow = {"id": "DF-2", "text": "The version switch needed a second approver who was not on the rota.", "severity": "major",
            "owner": who.OPERATIONS, "due": "2026-01-13"}  # fmt: skip
    quiet = {"id": "DF-1", "text": "The off notice reached S2 four minutes after the others.", "severity": "minor",
             "owner": who.OPERATIONS, "due": "2024-03-31"}  # fmt: skip
    back = "releases/1.2.0"
    fahrenheit = "Temperatures of the test patients of one site were sent in degrees Fahrenheit."
    silent = "The feed of the test patients of one site was held back for an hour."
    shifted = "Laboratory rows of the test patients were shifted by one against the patients."
    wrong = "The scorer was given a file of reference patients whose stored answers were changed."
    return {
        "postmarket/1.0.0/drill-2024-01-31": drill("1.0.0", "2024-01-31", ("09:00", "09:06", "09:12", "09:23"), "2024-07-29", "09:27", fahrenheit, findings=[quiet]),
        "postmarket/1.0.0/drill-2024-07-24": drill("1.0.0", "2024-07-24", ("13:00", "13:04", "13:09", "13:17"), "2025-01-20", "13:18", silent),
        "postmarket/1.0.0/drill-2025-01-15": drill("1.0.0", "2025-01-15", ("02:00", "02:09", "02:15", "02:26"), "2025-07-14", "02:29", silent),
        "postmarket/1.2.0/drill-2025-07-08": drill("1.2.0", "2025-07-08", ("10:00", "10:05", "10:10", "10:19"), "2026-01-04", "10:21", shifted),
        "postmarket/1.2.0/drill-2025-12-17": drill("1.2.0", "2025-12-17", ("15:00", "15:03", "15:10", "15:21"), "2026-06-15", "15:22", shifted),
        "postmarket/2.0.0/drill-2026-01-07": drill("2.0.0", "2026-01-07", ("09:00", "09:05", "09:14", "09:41"), "2026-01-14", "09:43", wrong, back, [slow]),
        "postmarket/2.0.0/drill-2026-01-14": drill("2.0.0", "2026-01-14", ("09:00", "09:04", "09:11", "09:22"), "2026-07-13", "09:24", wrong, back),
    }  # fmt: skip


def alert(version: str, monitor: str, window: str, value: float, threshold: float, opened: str, level: int,
          cause: str, review: tuple[str, str, str], closed: str | None,
          mitigation: tuple[str, str] | None = None, *, number: int) -> Record:  # fmt: skip
    """An alert with its review; a mitigation is what was done, and its last day."""
    by, on, verdict = review
    until = {"mitigation": mitigation[0], "mitigation_expires": mitigation[1]} if mitigation else {}
    body: Record = {
        "kind": "alert", "schema": 1, "origin": "replayed", "release": f"releases/{version}",
        "number": number, "monitor": monitor, "window": window, "value": value, "threshold": threshold, "opened_on": opened,
        "level": level, "cause": cause, "state": "closed" if closed else "open",
        "review": {"by": by, "on": on, "verdict": verdict} | until,
    }  # fmt: skip
    return body | ({"closed_on": closed} if closed else {})


def site(window: Record, name: str) -> Record:
    """One site's cell of a window."""
    found: Record = next(s for s in window["sites"] if s["level"] == name)
    return found


def alerts(numbers: Numbers) -> dict[str, Record]:
    """The alerts of three years, oldest first."""
    one = {q: numbers.window("1.0.0", q) for q in ("2024Q1", "2024Q2", "2024Q3")}
    outcomes = {q: w["outcomes"] for q, w in one.items()}
    autumn, winter = numbers.window("1.2.0", "2025Q3"), numbers.window("1.2.0", "2025Q4")
    spring = numbers.window("2.0.0", "2026Q1")
    heart = next(g for g in one["2024Q2"]["subgroups"]["dzgroup"] if g["level"] == "CHF")
    found = "Explained on 2025-04-08: physiology of other patients. Closed with the pause of 1.0.0."
    return {
        "postmarket/1.0.0/alert-2024q1-calibration": alert(
            "1.0.0", "M-CAL", "2024Q1", outcomes["2024Q1"]["calibration_slope"]["value"], 0.70, "2024-10-01", 2, "data",
            (who.BIOSTATISTICS, "2024-10-02", "High estimates are much too high. Cause unknown at review; no input has drifted. " + found),
            "2025-04-11", ("Probabilities hidden, flag kept, from 2024-10-03; change request cr-002", "2025-06-30"),
            number=1,
        ),
        "postmarket/1.0.0/alert-2024q1-discrimination": alert(
            "1.0.0", "M-AUROC", "2024Q1", outcomes["2024Q1"]["auroc"]["value"], 0.72, "2024-10-01", 2, "data",
            (who.BIOSTATISTICS, "2024-10-02", "Warn limit passed; approved value 0.74. Watched together with the calibration alert. " + found),
            "2025-04-11",
            number=2,
        ),
        "postmarket/1.0.0/alert-2024q2-discrimination": alert(
            "1.0.0", "M-AUROC", "2024Q2", outcomes["2024Q2"]["auroc"]["value"], 0.70, "2025-01-02", 2, "data",
            (who.BIOSTATISTICS, "2025-01-03", "Act limit passed. All fifteen stability indices are green, so drift of inputs was thought excluded. " + found),
            "2025-04-11", ("Units told not to quote the flag alone, 2025-01-06", "2025-06-30"),
            number=3,
        ),
        "postmarket/1.0.0/alert-2024q2-chf": alert(
            "1.0.0", "M-GROUP", "2024Q2, dzgroup=CHF", heart["sensitivity"]["value"], 0.40, "2025-01-02", 2, "data",
            (who.CLINICAL, "2025-01-03", "7 of 20 deaths flagged; as low as at release (0.38) and labelled (L-1). " + found),
            "2025-04-11",
            number=4,
        ),
        "postmarket/1.0.0/alert-2024q3-discrimination": alert(
            "1.0.0", "M-AUROC", "2024Q3", outcomes["2024Q3"]["auroc"]["value"], 0.70, "2025-03-31", 3, "data",
            (who.CLINICAL, "2025-04-08", "Raised to level 3: creatinine does not follow the acute physiology score at four of five sites, so estimates rest on other patients."),
            "2025-04-11", ("Pause at all sites, decisions/dev-001", "2025-07-31"),
            number=5,
        ),
        "postmarket/1.2.0/alert-2025q3-input": alert(
            "1.2.0", "M-INPUT", "2025Q3", autumn["psi"]["worst"]["value"], 0.10, "2025-10-06", 1, "data",
            (who.OPERATIONS, "2025-10-08", "Heart rate. Feed and units checked at all sites, nothing found; below the act limit; no loss of performance when the quarter matured. Taken as case mix."),
            "2026-03-31",
            number=1,
        ),
        "postmarket/1.2.0/alert-2025q4-linkage-s4": alert(
            "1.2.0", "M-LINK", "2025Q4, site=S4", site(winter, "S4")["linkage_rho"], 0.30, "2026-01-05", 1, "data",
            (who.OPERATIONS, "2026-01-06", "Ten patients compared with the source: all values are their own. Taken as chance at 122 patients."),
            "2026-01-07",
            number=2,
        ),
        "postmarket/1.2.0/alert-2025q4-missing-s5": alert(
            "1.2.0", "M-MISSING", "2025Q4, site=S5", site(winter, "S5")["no_estimate_rate"], 0.05, "2026-01-05", 1, "device",
            (who.OPERATIONS, "2026-01-06", "The laboratory feed of S5 carries no physiology since the start of the quarter; nearly all patients get no estimate, as designed. In the data: the last 90 records of the file have no recoverable physiology."),
            None, ("Feature off at S5 from 2026-01-12 until the feed is back (board condition BC-5)", "2026-06-30"),
            number=3,
        ),
        "postmarket/2.0.0/alert-2026q1-input": alert(
            "2.0.0", "M-INPUT", "2026Q1", spring["psi"]["worst"]["value"], 0.10, "2026-04-02", 1, "unknown",
            (who.OPERATIONS, "2026-04-07", "Heart rate. Enrolment ended in January, so the quarter has 129 patients; chance alone gives 0.08. To be looked at again when outcomes are mature on 2026-09-27."),
            None,
            number=1,
        ),
    }  # fmt: skip


SUMMARIES = {
    "1.0.0": "Discrimination is below the approved 0.74 from the first quarter on (0.70, 0.68, 0.66) and the calibration slope falls to 0.41, while every input keeps an overall stability index of 0.10 or less through all quarters in use: a shift of rows leaves each distribution as it was. By site the index does not stay green, most plainly for albumin at S5 (0.91 in 2024Q1, against 0.63 or less after re-linking), but it is not green after re-linking either, so it is no alarm. What tells is the rank correlation of creatinine with the acute physiology score: 0.08 in 2024Q1 against 0.52 in phase I, and by site near zero everywhere but at S1. 2024Q1 includes eight weeks before the release came into use, replayed. Windows that became mature after the pause opened no alert. From 2025Q2 on the windows are replayed; 2025Q4 and 2026Q1 are not mature.",
    "1.2.0": "On re-linked inputs discrimination is back (0.76, 0.79, 0.78, 0.75, 0.78 from 2024Q3 to 2025Q3) and the linkage correlation lies between 0.43 and 0.52. 2024Q1 and 2024Q2 took part in the recalibration and show no outcomes. 2024Q3 and 2024Q4 are the evaluation. In 2025Q4 the physiology of S5 stops: 71 patients get no estimate. 2025Q4 and 2026Q1 are not mature.",
    "2.0.0": "2024Q1 to 2024Q3 trained the model and 2024Q4 set its thresholds, so they show no outcomes. 2025Q1 and 2025Q2 are the evaluation. 2025Q3, mature since 2026-03-29 and replayed, gives an AUROC of 0.80 and a sensitivity of 0.82; these records were looked at while the example was designed. The first quarter in use, 2026Q1, has 129 patients and is not mature; enrolment ends in it.",
}  # fmt: skip


def monitoring(root: Path) -> dict[str, Record]:
    """One record a release in use, pointing at its windows."""
    out = {}
    for version, summary in SUMMARIES.items():
        path = f"postmarket/{version}/windows.json"
        out[f"postmarket/{version}/monitoring"] = {
            "kind": "monitoring", "schema": 1, "origin": "measured", "release": f"releases/{version}",
            "table": {"path": path, "sha256": sha256(root / path), "media_type": "application/json"},
            "summary": summary,
        }  # fmt: skip
    return out


OF_A_RELEASE = (
    "model.json", "operating_point.json", "sbom.json", "training_members.parquet", "predictions.parquet",
    "explanations.json", "shadow.json", "operational.json",
)  # fmt: skip
LAYERS = ("labels", "splits", "features", "baseline")
"""Layers that the pipeline makes from the raw files, one table each."""


def reconstruction(version: str, on: str) -> Record:
    """A release made again by somebody who did not make it. The comparison is real, day and person are not."""
    return {
        "kind": "reconstruction", "schema": 1, "origin": "enacted", "release": f"releases/{version}",
        "on": on, "by": who.VERIFICATION,
        "sources": "The three files in data/raw and the pipeline, from the frozen bundle; nothing from the author's machine.",
        "command": "python evidence/prognosis-180/pipeline/run.py --check",
        "environment": "A fresh environment installed from pipeline/requirements.lock, one thread.",
        "files_compared": len(OF_A_RELEASE) + len(LAYERS), "files_differing": 0, "missing": [],
        "duration_minutes": 0.1, "result": "pass",
        "note": "Same bytes for the eight files of the release and the four dataset tables; the example's tests repeat this. Wall time was measured once, on one machine, for all five bundles together; latency in operational.json is read back and not timed again.",
    }  # fmt: skip


def reconstructions() -> dict[str, Record]:
    """Before the first release, and before the release in use."""
    made = (("1.0.0", "2024-02-13"), ("2.0.0", "2026-01-20"))
    return {f"postmarket/{v}/reconstruction-{on}": reconstruction(v, on) for v, on in made}
