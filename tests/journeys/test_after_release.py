"""What happened after release, damaged one record at a time: the rule named for it says so."""

from __future__ import annotations

import pytest

from support.project import Project

DAMAGE = [
    # An alert that vanished: the run that opened it still counts it.
    ("1.2.0", "alert-history-whole", "postmarket/1.2.0/alert-2025q3-input.yaml", "", ""),
    ("2.0.0", "register-whole", "postmarket/2.0.0/signal-2026-03-09.yaml", "", ""),
    ("2.0.0", "register-whole", "postmarket/2.0.0/deployment-s1-s4.yaml", "", ""),
    ("1.2.0", "register-whole", "postmarket/1.2.0/closure-signal-2025-11-18.yaml", "", ""),
    ("1.0.0", "serious-alert-has-incident", "postmarket/1.0.0/incident-2024-10-01.yaml", "", ""),
    ("2.0.0", "tabletop-in-date", "postmarket/2.0.0/tabletop-2026-01-20.yaml", "", ""),
    ("1.2.0", "predictions-mapped", "postmarket/1.2.0/log.yaml", "mapped: 561", "mapped: 560"),
    (
        "1.0.0",
        "signal-clock-from-rule",
        "postmarket/1.0.0/signal-2025-04-08.yaml",
        "2025-04-23",
        "2025-06-30",
    ),
    (
        "1.0.0",
        "signal-reportability-decided",
        "postmarket/1.0.0/signal-2025-04-08.yaml",
        "jurisdiction: none - worked example",
        "jurisdiction: elsewhere",
    ),
    (
        "1.0.0",
        "incident-level-in-time",
        "postmarket/1.0.0/incident-2024-10-01.yaml",
        "2024-10-02",
        "2024-11-02",
    ),
    (
        "2.0.0",
        "drill-passes-by-its-times",
        "postmarket/2.0.0/drill-2026-01-14.yaml",
        'safe_state_at: "09:22"',
        'safe_state_at: "09:52"',
    ),
    (
        "1.2.0",
        "stop-by-authority",
        "postmarket/1.2.0/event-2026-01-12-pause-s5.yaml",
        "[p-nakata]",
        "[p-brandt]",
    ),
    ("2.0.0", "surveillance-reports-done", "surveillance/1.yaml", 'done_on: "2026-03-24"', ""),
    (
        "2.0.0",
        "pause-held-by-two",
        "roster.yaml",
        'role: operations, from: "2023-06-01", to: null',
        'role: operations, from: "2023-06-01", to: "2026-03-31"',
    ),
    ("2.0.0", "tabletop-findings-closed", "postmarket/2.0.0/closure-tf-4.yaml", "", ""),
]


def outcomes(project: Project, version: str, rule: str) -> set[str]:
    """What one rule says of one release."""
    found = project.run("check", "--rule", rule, "--format", "json").json
    release = next(r for r in found["devices"][0]["releases"] if r["release"] == version)
    return {ruling["outcome"] for ruling in release["rulings"] if ruling["rule"] == rule}


@pytest.mark.parametrize(
    ("version", "rule", "path", "old", "new"), DAMAGE, ids=[f"{d[1]}-{d[2]}" for d in DAMAGE]
)
def test_damage_is_named(example: Project, version: str, rule: str, path: str, old: str, new: str) -> None:
    """The rule is met on the example as it stands, and unmet once the record is gone or says otherwise."""
    assert outcomes(example, version, rule) == {"met"}
    file = example.device / path
    if old:
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
    else:
        file.unlink()
    assert "unmet" in outcomes(example, version, rule)
