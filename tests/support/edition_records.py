"""Records of change control, use and operation for the edition of `support.editions`.

On its date, 2026-04-30: one signal is open with a clock that ran out, one incident is open at level 3, one
stop was ended, a certificate is in its alarm window, another has expired, and an access review is overdue.
"""

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


def device_files(making: Any) -> None:
    """Add change control plan, determination, security file, contract and snapshot."""
    making.record(
        "pccp/1",
        "pccp",
        {
            "title": "What may change",
            "version": "1.0",
            "authorisation": [
                {"jurisdiction": "EU", "reference": "CE 0000", "granted_on": "2025-06-01", "note": "As asked"}
            ],
            "modifications": [
                {
                    "id": "M-1",
                    "title": "Recalibration",
                    "type": "i",
                    "mode": "manual",
                    "scope": "global",
                    "frequency": "Twice a year",
                    "rationale": "Case mix changes",
                    "labelling": ["5 Performance"],
                    "covers": ["plan.analysis.**"],
                    "criteria": ["C-1"],
                    "bounds": [
                        {"id": "B-1", "metric": "auroc", "max_fall": 0.02, "max_rise": None, "on": "value"}
                    ],
                    "limits": [
                        {"id": "T-1", "path": "plan.operating_points[flag].threshold", "max_change": 0.1}
                    ],
                }
            ],
            "methods": {
                name: {"section": "2", "text": "As the protocol says"}
                for name in ("data_management", "retraining", "performance", "update")
            },
            "impact": dict.fromkeys(("benefit", "risk", "bias", "interaction", "cumulative"), "Weighed"),
        },
    )
    making.record(
        "decisions/determination-1",
        "determination",
        {
            "origin": "enacted",
            "title": "Under the plan",
            "release": "releases/1.1.0",
            "on": "2025-05-20",
            "by": "p-q",
            "entries": [
                {
                    "jurisdiction": "EU",
                    "guidance": "Own procedure",
                    "outcome": "under_pccp",
                    "reason": "Foreseen by the plan",
                    "cleared_on": "2025-05-30",
                }
            ],
            "pccp": {"plan": "pccp/1", "modification": "M-1", "verdict": "consistent", "reason": "In bounds"},
            "keywords": ["recalibration"],
        },
    )
    making.record(
        "security/1",
        "security",
        {
            "title": "Security file",
            "scope": "The scorer and its panel",
            "threats": [
                {
                    "id": "T-1",
                    "title": "Training data are altered",
                    "ai_threat": "data_poisoning",
                    "description": "Somebody changes outcomes",
                    "controls": ["SC-1"],
                    "residual": "Before publication it cannot be seen",
                }
            ],
            "controls": [{"id": "SC-1", "text": "Digests are checked", "verified_by": ["ST-1"]}],
            "tests": [
                {
                    "id": "ST-1",
                    "method": "fuzz",
                    "origin": "measured",
                    "on": "2025-05-01",
                    "by": "Pipeline",
                    "result": "pass",
                    "summary": "A thousand calls",
                    "evidence": file("releases/1.1.0/security.json"),
                }
            ],
            "findings": [
                {
                    "id": "SF-1",
                    "text": "An exception",
                    "test": "ST-1",
                    "severity": "low",
                    "state": "open",
                    "rationale": "Nobody gets a number",
                    "owner": "p-q",
                    "due": "2026-04-01",
                }
            ],
            "updates": "Within seven days",
            "disclosure": "By mail",
        },
    )
    making.record(
        "contracts/1",
        "contract",
        {
            "title": "Training contract",
            "owner": "p-c",
            "claim": "claims/1",
            "allowed_sources": ["datasets/raw/1"],
            "allowed_partitions": ["train"],
            "labelling": {"labels": "datasets/labels/1", "policy": "Nobody relabels"},
            "preprocessing": [{"step": "Check digests", "code": file("pipeline/data.py")}],
            "metric_thresholds": [
                {
                    "metric": "auroc",
                    "operator": ">=",
                    "threshold": 0.7,
                    "on": "lower",
                    "rationale": "Below it nobody is helped",
                }
            ],
            "notes": "One source only",
        },
    )
    making.record(
        "datasets/snapshots/1",
        "dataset_snapshot",
        {
            "milestone": "retrospective",
            "taken_on": "2025-04-30",
            "sources": [file("datasets/raw/1.yaml")],
            "members": file("data/members.parquet"),
            "n": 800,
            "transform": [file("pipeline/data.py")],
            "adjudication": "complete",
            "purpose": "The locked cohort",
        },
    )


def after_release(making: Any) -> None:
    """Add signals, incidents, stops, exercises, checklists, logs and surveillance."""
    at = "postmarket/1.1.0"
    said = {"origin": "enacted", "release": "releases/1.1.0"}
    for name, level, opened in (("open", 2, "2026-03-01"), ("closed", 3, "2025-08-01")):
        making.record(
            f"{at}/signal-{name}",
            "signal",
            {
                **said,
                "title": f"The {name} signal",
                "source": "complaint",
                "opened_on": opened,
                "alerts": [f"{at}/alert-1"],
                "sites": ["S1"],
                "window": "2025Q3",
                "observed": "A flag was missing",
                "expected": "A flag",
                "subgroup": "Elderly",
                "patients_exposed": 41,
                "patients_harmed": 0,
                "harm_review": "Units were asked",
                "hazard": "H-1",
                "level": level,
                "level_by": "p-c",
                "level_on": opened,
                "cause": "model",
                "confirmed": True,
                "interim_mitigation": {
                    "type": "notice",
                    "text": "A notice on the panel",
                    "from": opened,
                    "expires": "2026-04-15",
                    "approved_by": ["p-c"],
                },
                "decision": "watch",
                "decided_by": ["p-c"],
                "decided_on": opened,
                "reportability": [
                    {
                        "jurisdiction": "EU",
                        "rule": "eu-serious",
                        "aware_on": opened,
                        "due_on": "2026-03-16",
                        **(
                            {}
                            if name == "open"
                            else {
                                "decision": "not_reportable",
                                "reason": "No harm",
                                "by": "p-q",
                                "decided_on": "2025-08-05",
                                "reference": "File 7",
                            }
                        ),
                    }
                ],
                "capa": "CAPA-1",
                "risk_file_change": "None needed",
                "labelling_change": "Section 4",
                "notice": "Letter to units",
            },
        )
    making.record(
        f"{at}/closure-signal",
        "closure",
        {
            **said,
            "of": f"{at}/signal-closed",
            "on": "2025-09-01",
            "by": "p-c",
            "outcome": "resolved",
            "cause": "data",
            "evidence": ["Feed repaired"],
            "effectiveness": {"on": "2025-12-01", "by": "p-q", "result": "No further case"},
        },
    )
    making.record(
        f"{at}/incident-1",
        "incident",
        {
            **said,
            "title": "Performs below what was approved",
            "opened_on": "2026-03-29",
            "alerts": [f"{at}/alert-1"],
            "signal": f"{at}/signal-open",
            "levels": [
                {
                    "level": level,
                    "known_on": "2026-03-29",
                    "on": on,
                    "by": "p-c",
                    "reason": "Below the limit",
                }
                for level, on in ((2, "2026-03-30"), (3, "2026-04-02"), (1, "2026-05-02"))
            ],
            "problem_report": "PR-1",
        },
    )
    for mode, on in (("pause", "2026-04-03"), ("resume", "2026-04-10"), ("rollback", "2026-04-20")):
        making.record(
            f"{at}/event-{mode}",
            "event",
            {
                **said,
                "mode": mode,
                "trigger": "Flags made no sense",
                "cause": f"{at}/signal-open",
                "on": on,
                "decided_at": "15:40",
                "at": "16:02",
                "decided_by": ["p-c"],
                "sites": ["S1"],
                "patients_exposed": 12,
                "in_flight": "Struck through",
                "root_cause": "A feed",
                **({"ends": f"{at}/event-pause"} if mode == "resume" else {}),
            },
        )
    making.record(
        f"{at}/tabletop-1",
        "tabletop",
        {
            **said,
            "on": "2025-05-06",
            "scenarios": [{"type": "rollback", "text": "Flags at night", "outcome": "Operations pauses"}],
            "participants": [{"role": "quality", "person": "p-q"}],
            "findings": [
                {
                    "id": "TF-1",
                    "text": "No night numbers",
                    "action": "Keep them in the folder",
                    "owner": "p-q",
                    "due": "2025-06-30",
                }
            ],
            "next_due": "2026-05-06",
        },
    )
    making.record(
        f"{at}/checklist-first-use",
        "checklist",
        {
            **said,
            "on": "2025-06-09",
            "controls": [
                {
                    "control": "locked_intended_use",
                    "evidence": ["claims/1"],
                    "verified_by": "p-q",
                    "verified_on": "2025-06-09",
                    "note": "Read aloud",
                }
            ],
        },
    )
    making.record(
        f"{at}/log",
        "monitoring_log",
        {
            **said,
            "runs": [
                {
                    "window": "2025Q3",
                    "on": on,
                    "due": "2025-10-07",
                    "monitors": ["M-1"],
                    "sites": ["S1"],
                    "live_hours": 2200,
                    "due_hours": 2208,
                    "predictions": 555,
                    "mapped": 554,
                    "alerts": 1,
                }
                for on in ("2025-10-10", "2026-05-05")
            ],
        },
    )
    making.record(
        "surveillance/1",
        "surveillance",
        {
            "origin": "enacted",
            "title": "Surveillance",
            "plan": "Windows and papers are read twice a year.",
            "owner": "p-q",
            "reports": [
                {
                    "id": f"pms-{year}",
                    "type": "pms_report",
                    "jurisdiction": "EU",
                    "from": f"{year}-01-01",
                    "to": f"{year}-12-31",
                    "due": f"{year + 1}-03-31",
                    **(
                        {"done_on": "2025-03-18", "by": "p-q", "conclusion": "Benefit outweighs risk"}
                        if year == 2024
                        else {}
                    ),
                }
                for year in (2024, 2025, 2026)
            ],
        },
    )
    making.record(
        f"{at}/reconstruction-1",
        "reconstruction",
        {
            **said,
            "on": "2025-05-25",
            "by": "p-q",
            "sources": "Raw files and the pipeline",
            "command": "make again",
            "environment": "A fresh environment",
            "files_compared": 12,
            "files_differing": 0,
            "missing": ["A chart"],
            "duration_minutes": 3.5,
            "result": "pass",
            "note": "Same bytes",
        },
    )


def operations(making: Any) -> None:
    """Add the living records of operation."""
    period = {"from": "2024-01-01", "to": None}
    past = {"from": "2023-01-01", "to": "2023-12-31"}

    def living(kind: str, field: str, *rows: dict[str, Any]) -> dict[str, Any]:
        name = f"operations/{kind.replace('_', '-')}"
        return making.record(name, kind, {"origin": "enacted", "title": f"Living {field}", field: list(rows)})

    environment = {"account": "account-1", "data_class": "identifiable", "owner": "p-q"}
    living(
        "environments",
        "environments",
        {**environment, "name": "lab", "purpose": "research", **period},
        {**environment, "name": "ward", "purpose": "production", **period},
        {**environment, "name": "old ward", "purpose": "production", **past},
    )
    living(
        "endpoints",
        "endpoints",
        *(
            {
                "name": f"{name}.example.invalid",
                "use": "Hospitals ask for estimates",
                "environment": "ward",
                "identity": "Server certificate",
                "certificate": {"issuer": "Own authority", "not_before": "2025-01-01", "not_after": ends},
                "alarm_days": 45,
                "owner": "p-q",
                **period,
            }
            for name, ends in (("soon", "2026-06-01"), ("gone", "2026-04-20"), ("good", "2027-01-01"))
        ),
    )
    living(
        "access",
        "access",
        {
            "datasets": ["datasets/raw/1"],
            "data_class": "deidentified",
            "roles": ["quality"],
            "people": ["p-c"],
            "groups": ["Data stewards"],
            "log": "Data platform log",
            "reviewed_on": "2025-04-01",
            "reviewed_by": "p-q",
            "review_at": "2026-04-01",
            **period,
        },
    )
    making.record(
        "operations/residency",
        "residency",
        {
            "origin": "enacted",
            "title": "Where data are",
            "allowed": [{"region": "Netherlands", "basis": "Contract of the hospital"}],
            "holdings": [
                {
                    "datasets": ["datasets/raw/1"],
                    "region": "Netherlands",
                    "holder": "The hospital",
                    "legal_basis": "Contract",
                    **period,
                }
            ],
        },
    )
    living(
        "audit_trail",
        "trails",
        {
            "name": "Administration log",
            "covers": ["admin_actions"],
            "environments": ["ward"],
            "sink": "Write-once storage",
            "immutable": True,
            "mechanism": "Retention lock",
            "retention_years": 15,
            "verified_on": "2026-03-31",
            "verification": "unbroken",
            "owner": "p-q",
            **period,
        },
    )
    living(
        "retention",
        "retention",
        {
            "records": "Every record",
            "years": 15,
            "device_life_years": 5,
            "basis": "Ten years after the last device",
            "legible_as": "Text",
            "review_at": "2026-05-31",
            "owner": "p-q",
            **period,
        },
    )
    living(
        "control_plane",
        "functions",
        {"function": "gates", "system": "Muniment", "record": "plans/1", "owner": "p-q", **period},
    )
    living(
        "tool_qualification",
        "tools",
        {
            "tool": "muniment",
            "version": "0.1.0",
            "intended_use": "Computes the metrics",
            "risk": "A wrong number",
            "report": file("data/qualification.json"),
            "result": "qualified",
            "qualified_by": "p-q",
            **period,
        },
    )
