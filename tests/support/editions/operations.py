"""Records of operations: environments, endpoints, access, logs, tools."""

from __future__ import annotations

from typing import Any

from support.editions.release import file


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
