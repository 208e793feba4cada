"""The device: identity, people, claim, hazards, plan, monitoring."""

from __future__ import annotations

from support.editions.making import DEVICE, Making
from support.editions.release import regulatory, robustness


def device_records(making: Making) -> None:
    making.record(
        "device",
        "device",
        {
            "id": DEVICE,
            "name": "Demo",
            "title": "Demo risk device",
            "manufacturer": {"name": "Example Works", "country": "NL"},
            "udi_di": None,
            "jurisdictions": ["EU", "US"],
            "regulatory": regulatory(),
            "example": True,
            "notice": "Made up for a test; no patient was ever assessed with it.",
            "contacts": [{"role": "quality", "name": "Q. Person", "email": "q@example.org"}],
        },
    )
    making.record(
        "roster",
        "roster",
        {
            "people": [
                {"id": "p-q", "name": "Q. Person", "email": "q@example.org", "organisation": "Example Works"},
                {"id": "p-c", "name": "C. Linician", "email": "c@example.org", "organisation": "Hospital"},
            ],
            "services": [],
            "entries": [
                {"person": "p-q", "role": "quality", "from": "2024-01-01", "to": None, "training": "SOP-1"},
                {"person": "p-c", "role": "clinical", "from": "2024-01-01", "to": None, "training": "SOP-1"},
                {
                    "person": "p-c",
                    "role": "author",
                    "from": "2020-01-01",
                    "to": "2021-01-01",
                    "training": "SOP-0",
                },
            ],
        },
    )
    making.record(
        "claims/1",
        "claim",
        {
            "intended_use": "Estimates a risk to inform a discussion.",
            "indications": ["Adults in hospital"],
            "contraindications": ["Children"],
            "population": {"inclusion": ["Adults"], "exclusion": ["Under 18"], "strata": []},
            "use_environment": "Ward",
            "intended_users": ["Physicians", "Nurses"],
            "inputs": [
                {
                    "name": "age",
                    "modality": "record",
                    "source": "EHR",
                    "units": "years",
                    "valid_range": [18, 110],
                    "on_missing": "no estimate",
                }
            ],
            "outputs": [
                {"name": "risk", "type": "probability", "units": "1", "meaning": "Risk within 180 days"}
            ],
            "clinical_decision": "Whether to offer a discussion",
            "decision_role": "informs",
            "automation": "None",
            "risk": {
                "tier": "medium",
                "imdrf_category": "II",
                "sw_safety_class": "B",
                "mdr_class": "IIa",
                "aia_high_risk": True,
                "rationale": "It informs.",
            },
            "cautions": [{"id": "CA-1", "text": "Not for children"}],
            "out_of_scope": ["Triage"],
            "safe_state": {
                "mode": "previous_version",
                "plain_language": "We switch back to the version before. It takes minutes.",
                "user_effect": "A banner.",
            },
            "explanation_statement": {
                "role": "supports",
                "limitations": ["none"],
                "failure_modes": ["none"],
                "why_trusted": "Measured.",
            },
        },
    )
    making.record(
        "hazards/1",
        "hazards",
        {
            "hazards": [
                {
                    "id": "H-1",
                    "title": "Underestimate",
                    "harm": "No discussion",
                    "sequence": "Score low",
                    "workflow_effect": "none",
                    "severity": "serious",
                    "probability": "occasional",
                    "controls": ["Caution"],
                    "residual": "accepted",
                    "residual_rationale": "Informs only",
                    "monitors": ["M-1"],
                }
            ],
            "failure_modes": [
                {
                    "id": "F-1",
                    "trigger": "feed",
                    "effect": "wrong",
                    "hazard": "H-1",
                    "control": "range check",
                    "monitor": "M-1",
                }
            ],
        },
    )
    making.record(
        "monitors/1",
        "monitors",
        {
            "baseline": "datasets/baseline/1",
            "label_delay_days": 180,
            "monitors": [
                {
                    "id": "M-1",
                    "signal": "discrimination",
                    "metric": "auroc",
                    "hazards": ["H-1"],
                    "window": "quarter",
                    "threshold": {
                        "warn": 0.75,
                        "act": 0.72,
                        "direction": "below",
                        "rationale": "r",
                        "set_by": "p-q",
                    },
                    "owner": "p-q",
                    "action": "Look",
                }
            ],
        },
    )
    making.record(
        "plans/1",
        "plan",
        {
            "title": "Plan",
            "baseline": "datasets/baseline/1",
            "min_n": 10,
            "robustness": robustness(),
            "criteria": [
                {
                    "id": "C-2",
                    "metric": "sensitivity",
                    "each": "site",
                    "operator": ">=",
                    "threshold": 0.65,
                    "on": "lower",
                }
            ],
        },
    )
