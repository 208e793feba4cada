"""What a release record says of itself, its analysis and its bill of materials."""

from __future__ import annotations

from typing import Any

SHA = "6" * 64


def file(path: str) -> dict[str, str]:
    """Return a file as records name one."""
    return {"path": path, "sha256": SHA, "media_type": "application/json"}


def regulatory() -> list[dict[str, Any]]:
    """Return the regulatory status of the device."""
    return [
        {
            "jurisdiction": "EU",
            "pathway": "Notified body",
            "status": "authorised",
            "number": "CE 0000",
            "udi_di": "none yet",
            "pccp": "1.0",
            "from": "2025-06-01",
            "to": None,
            "basis": "Certificate of conformity",
        }
    ]


def release(version: str) -> dict[str, Any]:
    """Return what a release record says of change control, supply and the tests of the system."""
    return {
        "pccp": {
            "plan": "pccp/1",
            "modification": "M-1",
            "reason": "A recalibration as foreseen",
            "methods": {
                name: {"executed": "runs/1", "deviation": "None of note"}
                for name in ("data_management", "retraining", "performance", "update")
            },
        },
        "sbom": {
            "format": "cyclonedx-json",
            "file": file(f"releases/{version}/sbom.json"),
            "vulnerabilities": {
                "origin": "enacted",
                "checked_on": "2025-05-01",
                "source": "A look-up that was played",
                "items": [
                    {
                        "id": "V-1",
                        "component": "library 1",
                        "severity": "low",
                        "status": "not_affected",
                        "known_exploited": False,
                        "justification": "The function is never called",
                    }
                ],
            },
        },
        "images": {
            "training": {"reference": f"registry.invalid/train@sha256:{SHA}", "signature": "Signed by build"},
            "evaluation": {"not_containerised": "A worked example", "lockfile": file("requirements.lock")},
            "inference": {"reference": f"registry.invalid/run@sha256:{SHA}"},
        },
        "privacy": {
            "origin": "measured",
            "tool": "scan 1.0",
            "rules": ["Columns named like an identifier"],
            "scanned": [file("data/p.parquet")],
            "report": file(f"releases/{version}/privacy.json"),
            "findings": [
                {
                    "id": "PF-1",
                    "text": "Ages above 89",
                    "identifier": "indirect",
                    "disposition": "accepted",
                    "reason": "Public already",
                    "decided_by": "p-q",
                }
            ],
        },
        "security": "security/1",
        "snapshots": ["datasets/snapshots/1"],
        "analysis": {
            "contributions": {"table": file(f"releases/{version}/contributions.parquet"), "unit": "log-odds"}
        },
        "error_examples": [
            {
                "case": "77",
                "kind": "false_negative",
                "commentary": "Quiet on the third day",
                "clinician": "p-c",
                "on": "2025-05-02",
                "origin": "enacted",
            }
        ],
        "system_tests": [
            {
                "id": "T-1",
                "element": "alert_routing",
                "what": "Test alerts were sent",
                "expected": "Each reaches its inbox",
                "result": "pass",
                "on": "2025-05-03",
                "by": "p-q",
                "origin": "enacted",
                "evidence": file("data/routing.json"),
            }
        ],
        "reader_study": {"performed": False, "justification": "No reader is replaced"},
        "precision_study": {"performed": True, "justification": "Measured twice", "design": "Two repeats"},
    }


def robustness() -> list[dict[str, Any]]:
    """Return the limits that the plan sets: one is kept, one is not."""
    return [
        {
            "id": name,
            "perturbation": kind,
            "level": 0.25,
            "metric": "auroc",
            "max_drop": most,
            "on": "upper",
            "rationale": "Room above the floor",
        }
        for name, kind, most in (("R-1", "noise", 0.03), ("R-2", "missing_values", 0.01))
    ]


def analysis(version: str) -> dict[str, Any]:
    """Return an analysis with one suppressed cell, and a loss beyond its limit."""

    def rate(value: float, n: int) -> dict[str, Any]:
        return {"value": value, "low": value - 0.03, "high": value + 0.03, "n": n, "method": "wilson"}

    case = {
        "case": "77",
        "kind": "false_negative",
        "choice": "typical",
        "estimate": 0.2,
        "levels": {"sex": "F"},
    }
    shown = {"suppressed": False, "descriptive": False, "n": 400, "events": 100, "fn": 21, "fp": 60}
    small = {
        "suppressed": True,
        "descriptive": False,
        "undecided": "fewer than 10 rows",
        "n": None,
        "events": None,
        "fn": None,
        "fp": None,
        "fnr": None,
        "fpr": None,
    }
    found = {**shown, "fnr": rate(0.21, 100), "fpr": rate(0.2, 300)}
    estimate = {**rate(0.8, 300), "metric": "sensitivity"}
    return {
        "schema": "muniment/analysis/v1",
        "device": "demo-1",
        "release": version,
        "plan": "plans/1",
        "plan_sha256": "2" * 64,
        "seed": "2" * 64,
        "operating_point": "flag",
        "producer": dict.fromkeys(("tool", "version", "polars", "numpy", "python"), "1"),
        "methods": [{"section": "errors", "text": "Counted at the operating point."}],
        "undecided": [{"section": "explanations.coverage", "reason": "the release tells no uncertainty"}],
        "level": 0.95,
        "min_n": 10,
        "inputs": [{"role": "predictions", "path": "data/p.parquet", "sha256": "1" * 64}],
        "cohort": {"n": 800, "events": 300, "unlabelled": 0},
        "errors": {
            "by": [
                {"axis": "sex", "level": "F", **found},
                {"axis": "sex", "level": "M", **found, "fnr": rate(0.33, 100)},
                {"axis": "sex", "level": "unknown", **small},
            ],
            "edge": [{"condition": "low_signal", "definition": "Values near the middle", **found}],
            "examples": [case],
        },
        "robustness": [
            {
                "perturbation": kind,
                "level": 0.25,
                "description": "Values were disturbed",
                "metric": "auroc",
                "reference": 0.78,
                "value": 0.76,
                "drop": 0.02,
                "low": 0.015,
                "high": 0.025,
                "method": "delong-paired",
                "n": 800,
                "declined": 3,
                "declined_share": rate(0.03, 800),
                "value_low": 0.74,
                "value_high": 0.78,
                "value_method": "delong",
            }
            for kind in ("noise", "missing_values", "feed_stops")
        ],
        "quality_control": {
            "screened": 805,
            "rejected": 5,
            "share": rate(0.006, 805),
            "reasons": [{"reason": "No albumin", "n": 5}],
            "by": [
                {"axis": "sex", "level": "F", "suppressed": False, "rejected": 5, "share": rate(0.03, 400)}
            ],
        },
        "populations": [
            {**estimate, "population": "intention_to_diagnose"},
            {**estimate, "population": "worst_case", "value": 0.791},
        ],
        "missing": [
            {
                "column": name,
                "missing": k,
                "n": 800,
                "share": k / 800,
                "low": low,
                "high": high,
                "method": "wilson",
            }
            for name, k, low, high in (("age", 0, 0.0, 0.005), ("albumin", 40, 0.037, 0.067))
        ],
        "prevalence": {
            "study": rate(0.375, 800),
            "intended": 0.48,
            "predictive_values": [{**rate(0.65, 800), "metric": "ppv"}],
            "net_benefit": [
                {"threshold": 0.3, "n": 800, "method": "multinomial", "none": 0.0}
                | {
                    f"{who}{end}": at
                    for who, at in (("model", 0.2), ("all", 0.1))
                    for end in ("", "_low", "_high")
                }
            ],
        },
        "clusters": [
            {
                "metric": "sensitivity",
                "unit": "site",
                "clusters": 2,
                "n": 300,
                "icc": 0.01,
                "low": -0.01,
                "high": 0.2,
                "method": "anova-searle",
                "design_effect": 1.5,
                "design_effect_low": 1.0,
                "design_effect_high": 9.0,
            }
        ],
        "explanations": {
            "samples": [{"kind": "false_negative", "n": 2}],
            "unfounded": [{"case": "78", "reason": "not of the locked cohort"}],
            "index": [
                {**case, "in_samples": True, "moved_most": [{"feature": "albumin", "contribution": -0.4}]}
            ],
            "stability": [
                {"axis": axis, "level": level, "suppressed": False, "metric": metric, **rate(0.7, 400)}
                for axis, level in ((None, None), ("sex", "F"))
                for metric in ("rank_correlation", "same_first_feature")
            ],
            "contract": {
                "cases": 8,
                "passed": 7,
                "tolerance": 1e-06,
                "tolerance_share": 1e-05,
                "largest_difference": 0.2,
                "failed": [{"case": "old", "reason": "differs by 0.2"}],
                "schema_version": 1,
                "semantics_version": 2,
            },
            "consistency": [
                {
                    "axis": "sex",
                    "level": "F",
                    "metric": "rank_correlation",
                    "value": 0.91,
                    "low": 0.85,
                    "high": 0.95,
                    "method": "bootstrap-percentile",
                    "n": 380,
                    "suppressed": False,
                }
            ],
        },
    }


def bill() -> dict[str, Any]:
    """Return a bill of materials of three components."""
    kinds = ("library", "library", "machine-learning-model")
    return {
        "bomFormat": "CycloneDX",
        "components": [{"type": kind, "name": f"part {n}"} for n, kind in enumerate(kinds)],
    }
