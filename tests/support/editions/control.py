"""Records of change control and security that stand in files of the device."""

from __future__ import annotations

from typing import Any

from support.editions.release import file


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
