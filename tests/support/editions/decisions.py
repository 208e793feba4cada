"""Change requests, minutes, waivers and deviations, and the release records they are about."""

from __future__ import annotations

from support.editions.making import Making
from support.editions.release import release


def decisions(making: Making) -> None:
    making.record(
        "decisions/cr-1",
        "change_request",
        {
            "origin": "enacted",
            "title": "Recalibrate",
            "opened_on": "2025-03-01",
            "raised_by": "p-c",
            "clinical_reason": "Overestimates.",
            "expected_benefit": "Fewer.",
            "risk": "Low.",
            "why_now": "Because.",
            "proposal": "Refit.",
            "keywords": ["calibration", "drift"],
        },
    )
    making.record(
        "decisions/board-1",
        "board_decision",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "outcome": "release",
            "meeting": {"on": "2025-06-01", "attendees": ["p-q", "p-c"]},
            "findings": [{"criterion": "C-1", "met": True, "note": "fine"}],
            "reasons": "Better.",
            "conditions": [{"id": "BC-1", "text": "Report", "due": "2026-01-01", "closed_on": None}],
            "keywords": ["calibration"],
        },
    )
    making.record(
        "decisions/waiver-1",
        "waiver",
        {
            "origin": "enacted",
            "rule": "criteria-locked-first",
            "release": "releases/1.1.0",
            "path": "site=S1",
            "reason": "Small.",
            "approved_by": ["p-q"],
            "issued": "2025-06-01",
            "expires": "2026-05-31",
        },
    )
    making.record(
        "postmarket/1.1.0/alert-1",
        "alert",
        {
            "origin": "measured",
            "release": "releases/1.1.0",
            "monitor": "M-1",
            "window": "2025Q3",
            "value": 0.7,
            "threshold": 0.72,
            "opened_on": "2026-03-29",
            "level": 2,
            "cause": "unknown",
            "state": "open",
        },
    )
    making.record(
        "postmarket/1.1.0/drill-1",
        "drill",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "type": "rollback",
            "target": "releases/1.0.0",
            "on": "2025-07-01",
            "injected_at": "09:00",
            "detected_at": "09:05",
            "decided_at": "09:10",
            "safe_state_at": "09:20",
            "target_minutes": 30,
            "measured_minutes": 20,
            "result": "pass",
            "participants": [{"role": "quality", "person": "p-q"}],
            "clinician_can_explain": True,
            "findings": [{"text": "Banner late", "severity": "minor", "owner": "p-q", "due": "2025-08-01"}],
            "next_due": "2026-01-01",
        },
    )
    for version in ("1.0.0", "1.1.0"):
        making.record(
            f"postmarket/{version}/monitoring",
            "monitoring",
            {
                "origin": "measured",
                "release": f"releases/{version}",
                "table": {"path": f"postmarket/{version}/windows.json", "sha256": "2" * 64},
                "summary": "Discrimination falls.",
            },
        )
    making.record(
        "postmarket/1.1.0/deployment",
        "deployment",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "environment": "production",
            "sites": ["S1", "S2"],
            "from": "2025-06-10",
            "to": None,
            "model_sha256": "3" * 64,
            "authorised_by": "p-q",
        },
    )


def release_records(making: Making, version: str, supersedes: str | None) -> None:
    making.record(
        f"releases/{version}",
        "release",
        {
            "version": version,
            "title": f"Release {version}",
            "summary": "A summary of the release.",
            "author": "p-c",
            "supersedes": f"releases/{supersedes}" if supersedes else None,
            "claim": "claims/1",
            "hazards": "hazards/1",
            "monitors": "monitors/1",
            "plan": "plans/1",
            "datasets": {
                layer: f"datasets/{layer}/1" for layer in ("raw", "splits", "labels", "features", "baseline")
            },
            "run": "runs/1",
            "change_request": "decisions/cr-1",
            "model": {"id": "m", "operating_point": "default"},
            "stages": [
                {
                    "id": "retrospective",
                    "origin": "measured",
                    "from": "2025-01-01",
                    "to": "2025-02-01",
                    "n": 800,
                    "sites": ["S1"],
                    "outputs_hidden_from_care": True,
                    "verdict": "pass",
                    "result": "As planned",
                }
            ],
            "rationale": {
                "value": "safety",
                "clinical_reason": "r",
                "expected_benefit": "b",
                "risk_assessment": "a",
                "validation_evidence": "e",
                "monitoring_plan": "m",
            },
            "impact": {
                "intended_use_intact": True,
                "metrics_moved": "auroc",
                "subgroups_tested": ["sex"],
                "risk_delta": [],
            },
            "limitations": [
                {"id": "L-1", "text": "Small at S1", "failure_mode": "F-1", "labelling": "section 4"}
            ],
            "labelling": {"sections": ["4"], "user_notice": "Mailed.", "udi_decision": "same"},
            "release_notes": {
                "user_visible": ["New numbers"],
                "known_anomalies": [{"id": "A-1", "text": "Slow start", "severity": "minor", "risk": "none"}],
                "explanation_change": "none",
            },
            "safe_state": {
                "target": f"releases/{supersedes}" if supersedes else None,
                "steps": ["Press pause", "Switch back"],
                "target_minutes": 30,
            },
            **({} if "rc" in version else release(version)),
        },
    )
