"""Records of what happens after release: signals, incidents, stops, drills, checklists."""

from __future__ import annotations

from typing import Any


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
