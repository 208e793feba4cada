"""Operations judged by date: each planted fault is refused by the rule named for it, where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from support.project import DEVICE, Project

IN_USE = "2.0.0"
OPERATIONS = (
    "access",
    "audit-trail",
    "control-plane",
    "endpoints",
    "environments",
    "residency",
    "retention",
    "tools",
)


def rulings(project: Project, rule: str, as_of: str = "2026-04-30") -> list[dict[str, Any]]:
    """What the rule says of the release in use."""
    ran = project.run("check", "--rule", rule, "--as-of", as_of, "--format", "json")
    (device,) = ran.json["devices"]
    (release,) = [each for each in device["releases"] if each["release"] == IN_USE]
    return [ruling for ruling in release["rulings"] if ruling["rule"] == rule]


FAULTS = {
    "accounts-separated": ("operations/environments.yaml", "fernhollow-clinical", "fernhollow-research"),
    "access-review-in-date": ("operations/access.yaml", "2026-07-12", "2026-04-29"),
    "data-in-allowed-region": (
        "operations/residency.yaml",
        "region: Anywhere\n    holder",
        "region: Elsewhere\n    holder",
    ),
    "retention-long-enough": ("operations/retention.yaml", "    years: 15", "    years: 5"),
    "control-functions-covered": ("operations/control-plane.yaml", "function: registry", "function: gates"),
    "tool-version-qualified": ("operations/tools.yaml", 'version: "0.1.0"', 'version: "0.0.9"'),
    "promoted-not-rebuilt": (
        "postmarket/2.0.0/deployment-s1-s4.yaml",
        'deployed_sha256: "bcf',
        'deployed_sha256: "0cf',
    ),
    "gate-result-attached": (
        "postmarket/2.0.0/deployment-s1-s4.yaml",
        "outcome: accepted",
        "outcome: held",
    ),
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_planted_fault_is_refused_by_its_rule(example: Project, rule: str) -> None:
    """The rule was met, and is unmet once its fault is planted."""
    assert {r["outcome"] for r in rulings(example, rule)} == {"met"}
    example.edit(*FAULTS[rule])
    assert "unmet" in {r["outcome"] for r in rulings(example, rule)}


def test_a_certificate_refuses_from_the_day_after_its_last(example: Project) -> None:
    """A warning in the alarm period, a refusal after the end, both at the entry that is in force."""
    ends, due = "endpoint-certificates-in-date", "certificate-renewal-not-due"
    assert {r["outcome"] for r in rulings(example, ends, "2026-08-30")} == {"met"}
    (late,) = rulings(example, due, "2026-08-30")
    assert (late["outcome"], late["severity"]) == ("unmet", "warn")
    (gone,) = rulings(example, ends, "2026-08-31")
    assert gone["outcome"] == "unmet"
    assert gone["where"]["file"] == f"evidence/{DEVICE}/operations/endpoints.yaml"
    text = (example.device / "operations" / "endpoints.yaml").read_text("utf-8").splitlines()
    assert "2026-08-30" in "\n".join(text[gone["where"]["line"] - 1 :][:4])


def test_without_its_records_operation_is_undecided_and_never_met(example: Project) -> None:
    """Deleting every record of operations leaves no rule on them met for the release in use."""
    for name in OPERATIONS:
        (example.device / "operations" / f"{name}.yaml").unlink()
    assert not list((example.device / "operations").iterdir())
    ran = example.run("check", "--format", "json")
    (device,) = ran.json["devices"]
    (release,) = [each for each in device["releases"] if each["release"] == IN_USE]
    outcome = {ruling["rule"]: ruling["outcome"] for ruling in release["rulings"]}
    for rule in (
        *(rule for rule in FAULTS if rule not in ("promoted-not-rebuilt", "gate-result-attached")),
        *("endpoint-certificates-in-date", "access-covers-data", "admin-actions-logged"),
        *("audit-trail-verified", "deployed-in-production-environment"),
    ):
        assert outcome[rule] == "undecided", rule
