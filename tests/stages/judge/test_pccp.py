"""A predetermined change control plan: what a release may change, counted from what was authorised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dossiers import device, dossier
from tests.support.policies import packs

from muniment import judge
from muniment.diff import diff
from muniment.judge.calendar import workdays
from muniment.model.evidence import Device, Dossier
from muniment.model.policy import pattern_covers
from muniment.model.tree import frozen
from muniment.pipeline.judging import ancestry, authorised_with_plan

MAX_FALL, MAX_CHANGE = 0.05, 0.055
THRESHOLD = "plan.operating_points[default].threshold"
PLAN: Mapping[str, Any] = {
    "kind": "pccp",
    "schema": 1,
    "title": "Plan",
    "version": "1",
    "authorisation": [{"jurisdiction": "EU", "reference": "1", "granted_on": "2024-01-01"}],
    "modifications": [
        {
            "id": "M-1",
            "title": "Recalibration",
            "type": "i",
            "mode": "manual",
            "scope": "global",
            "frequency": "Yearly",
            "rationale": "Drift.",
            "labelling": [],
            "covers": ["plan.**", "release.model.file.**"],
            "criteria": ["C1"],
            "bounds": [
                {"id": "B-1", "metric": "auroc", "max_fall": MAX_FALL, "max_rise": None, "on": "value"}
            ],
            "limits": [{"id": "T-1", "path": THRESHOLD, "max_change": MAX_CHANGE}],
        }
    ],
    "methods": {},
    "impact": {},
}
METHODS = {
    "data_management": "datasets/baseline/1",
    "retraining": "runs/1",
    "performance": "plans/1",
    "update": "monitors/1",
}
UNDER = {
    "plan": "pccp/1",
    "modification": "M-1",
    "reason": "As foreseen by the plan, in every respect of it.",
    "methods": {name: {"executed": of, "deviation": None} for name, of in METHODS.items()},
    "labelling_updated": True,
    "users_informed": True,
    "failures": [],
}


def release(number: int, threshold: float, auroc: float, step: float, plan: str = "pccp/1") -> Dossier:
    """The release `number`, on the same patients `auroc` from release 0 and `step` from the one before."""

    def edit(bodies: dict[str, Any]) -> None:
        bodies[plan] = dict(PLAN)
        bodies["plans/1"]["operating_points"][0]["threshold"] = threshold
        body = bodies["releases/1.0.0"]
        body["pccp"] = {**UNDER, "plan": plan, "modification": "M-1" if number else None}
        body["supersedes"] = f"releases/1.{number - 1}.0" if number else None

    made = dossier(edit, f"1.{number}.0")

    def against(other: int, difference: float) -> dict[str, Any]:
        low, high = difference - 0.01, difference + 0.01
        return {"metric": "auroc", "cohort": {}, "release": f"releases/1.{other}.0",
                "difference": difference, "low": low, "high": high}  # fmt: skip

    compared = [against(0, auroc), *([against(number - 1, step)] if number > 1 else [])] if number else []
    evaluation = {"comparisons": compared, "criteria": [{"id": "C1", "outcome": "met"}]}
    return replace(made, evaluation=frozen(evaluation))


def chain(steps: list[float]) -> Device:
    """Release 0, authorised with the plan, and one release a step; threshold and AUROC move together."""
    sums = [sum(steps[: number + 1]) for number in range(len(steps))]
    later = [
        release(number, 0.5 + total, total, steps[number - 1]) for number, total in enumerate(sums, start=1)
    ]
    return device(release(0, 0.5, 0.0, 0.0), *later)


def said(whole: Device, made: Dossier) -> dict[str, str]:
    """The worst outcome of each rule about the plan."""
    standing = partial(judge.standing, whole, seals=(), approvals=(), basis="recorded", as_of="2025-01-01")
    previous, original = ancestry(whole, made)
    authorised = authorised_with_plan(whole, made)
    facts = judge.facts(
        whole,
        made,
        previous=previous,
        original=original,
        changes=diff(previous, made, packs().taxonomy),
        seals=(),
        approvals=(),
        standings={each.version: standing(each) for each in whole.releases},
        basis="recorded",
        as_of="2025-01-01",
        authorised=authorised,
        since=diff(authorised, made, packs().taxonomy) if authorised else None,
    )
    rulings = judge.judge(packs(), facts, basis="recorded", as_of="2025-01-01")
    return {ruling.rule: str(ruling.outcome) for ruling in rulings if ruling.rule.startswith("pccp-")}


CUMULATIVE = ("pccp-bounds-cumulative", "pccp-limits-cumulative")


def test_ten_small_steps_are_one_large_one() -> None:
    """Each step is a fifth of the bound; from the sixth on the sum is outside, and is flagged as such."""
    whole = chain([-0.01] * 10)
    for number, made in enumerate(whole.releases[1:], start=1):
        found = said(whole, made)
        expected = "met" if number <= 5 else "unmet"
        assert [found[rule] for rule in CUMULATIVE] == [expected, expected], number
        others = {rule: outcome for rule, outcome in found.items() if rule not in CUMULATIVE}
        assert "unmet" not in others.values(), others


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([-0.03, -0.02, -0.01, 0.01, 0.02, 0.03]), min_size=1, max_size=6))
def test_only_the_sum_from_the_authorised_release_counts(steps: list[float]) -> None:
    """However the way is cut into steps, the outcome is that of the sum."""
    whole = chain(steps)
    total = sum(steps)
    found = said(whole, whole.releases[-1])
    assert found["pccp-bounds-cumulative"] == ("met" if total >= -MAX_FALL else "unmet")
    assert found["pccp-limits-cumulative"] == ("met" if abs(total) <= MAX_CHANGE else "unmet")


def test_a_new_plan_does_not_move_the_reference_and_pass() -> None:
    """A plan that comes with the very release that uses it has no authorised release behind it."""
    whole = device(release(0, 0.5, 0.0, 0.0), release(1, 0.45, -0.05, -0.05, plan="pccp/2"))
    found = said(whole, whole.releases[1])
    assert found["pccp-plan-in-force"] == "unmet"
    assert found["pccp-limits-cumulative"] == "undecided"


def test_the_reference_is_the_release_that_was_authorised_with_the_plan() -> None:
    """It is the first of the chain that names the plan without a break, never the last one."""
    whole = device(
        release(0, 0.5, 0.0, 0.0, plan="pccp/0"), release(1, 0.5, 0.0, 0.0), release(2, 0.5, 0.0, 0.0)
    )
    assert authorised_with_plan(whole, whole.releases[2]) is whole.releases[1]
    assert authorised_with_plan(whole, whole.releases[1]) is None


def test_an_intended_use_is_outside_every_plan() -> None:
    """A pattern that covers the whole claim does not cover the intended use."""

    def reworded(bodies: dict[str, Any]) -> None:
        bodies["claims/1"]["intended_use"] = "Estimates the risk of death at home."

    first, second = release(0, 0.5, 0.0, 0.0), release(1, 0.5, 0.0, 0.0)
    claim = dossier(reworded).records["claims/1"]
    wide = {**PLAN, "modifications": [{**PLAN["modifications"][0], "covers": ["**"]}]}
    plan = second.records["pccp/1"]
    records = {**second.records, "claims/1": claim, "pccp/1": replace(plan, body=frozen(wide))}
    second = replace(second, records=records)
    found = said(device(first, second), second)
    assert found["pccp-paths-covered"] == "met"
    assert found["pccp-intended-use-intact"] == "unmet"


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("run.**", "run.environment.python", True),
        ("run.**", "running.environment", False),
        ("plan.operating_points[*].threshold", "plan.operating_points[flag].threshold", True),
        ("plan.operating_points[flag].threshold", "plan.operating_points[other].threshold", False),
        ("plan.operating_points[*]", "plan.operating_points[flag].threshold", False),
        ("release.components[Operating point].file.sha256",
         "release.components[Operating point].file.sha256", True),
        ("release.*.sha256", "release.model.sha256", True),
        ("release.*.sha256", "release.model.file.sha256", False),
        ("release.**.sha256", "release.model.file.sha256", True),
        ("datasets.baseline", "datasets.baseline.n", False),
        ("no pattern!", "no pattern!", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_a_pattern_covers_what_it_says(pattern: str, path: str, covers: bool) -> None:
    """A star is one step, two stars any number; what cannot be read covers nothing."""
    assert pattern_covers(pattern, path) is covers


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("2025-04-11", "2025-04-14", 1),  # Friday to Monday
        ("2025-04-11", "2025-04-13", 0),
        ("2025-04-14", "2025-04-14", 0),
        ("2025-04-14", "2025-04-15", 1),
        ("2025-04-14", "2025-04-28", 10),
        ("2025-04-12", "2025-04-14", 1),  # Saturday to Monday
        ("2025-04-15", "2025-04-14", 0),
    ],
)
def test_working_days(first: str, last: str, count: int) -> None:
    """Mondays to Fridays after the first day, up to the last."""
    assert workdays(first, last) == count
