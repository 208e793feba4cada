"""The declared family of confirmatory criteria, adjusted as the plan says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from muniment.measure.criteria import MET, UNDECIDED, UNMET, Evidence
from muniment.measure.multiplicity import BONFERRONI, FIXED, HOLM, Adjusted, adjust
from muniment.measure.plan import Criterion
from muniment.measure.planned import Control
from muniment.measure.pvalues import PValue, p_value
from muniment.model.estimate import rounded

ADJUSTMENTS = {"holm": HOLM, "fixed_sequence": FIXED, "bonferroni": BONFERRONI}
"""The plan's methods that adjust, to what carries them out."""


def family(
    control: Control, judged: Mapping[Criterion, Sequence[tuple[Mapping[str, Any], Evidence]]]
) -> dict[str, Any]:
    """Return `multiplicity` of `evaluation.json`: every criterion of the family with p and decision.

    A criterion of several levels has the largest p of them, since all must hold (Berger 1982, Technometrics
    24:295). Under `all_must_pass` the family is one claim, shown where every criterion is met; each is tested
    at the full level and nothing is adjusted (the same). Under `none` each stands alone.

    Args:
        control: the plan's declaration.
        judged: each criterion's entries and what they were judged on, several for one with `each`.
    """
    members = {name: [criterion for criterion in judged if criterion.id == name] for name in control.family}
    outcomes = {
        name: _together([body["outcome"] for criterion in found for body, _ in judged[criterion]])
        for name, found in members.items()
    }
    tests = {
        name: _largest([p_value(criterion, on) for criterion in found for _, on in judged[criterion]])
        for name, found in members.items()
    }
    adjusted: Mapping[str, Adjusted] = {}
    if control.method in ADJUSTMENTS:
        found = adjust(
            control.family,
            {name: test.p for name, test in tests.items()},
            ADJUSTMENTS[control.method],
            control.alpha,
        )
        adjusted = {item.endpoint: item for item in found.endpoints}
    criteria = [_entry(name, outcomes[name], tests[name], adjusted.get(name)) for name in control.family]
    return {
        "method": control.method,
        "alpha": control.alpha,
        "adjusted": bool(adjusted),
        "outcome": _family_outcome(control, outcomes, criteria),
        "criteria": criteria,
    }


def _entry(name: str, outcome: str, test: PValue, adjusted: Adjusted | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": name,
        "outcome": outcome,
        "p": rounded(test.p),
        "p_method": test.method,
        "adjusted_p": None if adjusted is None else rounded(adjusted.adjusted),
        "shown": outcome == MET if adjusted is None else adjusted.shown,
    }
    reason = test.reason
    if adjusted is not None and adjusted.undecided and reason is None:
        reason = adjusted.undecided
    return out | ({"reason": f"no p value: {reason}" if test.p is None else reason} if reason else {})


def _family_outcome(
    control: Control, outcomes: Mapping[str, str], criteria: Sequence[Mapping[str, Any]]
) -> str:
    if control.method not in ADJUSTMENTS:
        return _together(list(outcomes.values()))
    if all(entry["shown"] for entry in criteria):
        return MET
    return UNDECIDED if any(entry["p"] is None for entry in criteria) else UNMET


def _together(outcomes: Sequence[str]) -> str:
    if UNMET in outcomes:
        return UNMET
    return MET if outcomes and set(outcomes) == {MET} else UNDECIDED


def _largest(tests: Sequence[PValue]) -> PValue:
    if not tests:
        return PValue(None, None, "the plan has no such criterion")
    without = next((test for test in tests if test.p is None), None)
    if without is not None:
        return without
    return max(tests, key=lambda test: -1.0 if test.p is None else test.p)


def sentences(control: Control) -> str:
    """What was done about several chances to pass."""
    names = ", ".join(control.family)
    p = (
        "The p value of a criterion is the smallest two-sided error rate at which the bound it names still "
        "holds: its own interval turned round; below 1e-9 it is given as 1e-9."
    )
    level = f"{control.alpha:.12g}"
    match control.method:
        case "holm":
            how = f"adjusted by Holm's procedure (1979) at a two-sided error rate of {level}"
        case "bonferroni":
            how = f"adjusted by Bonferroni's inequality at a two-sided error rate of {level}"
        case "fixed_sequence":
            how = (
                f"tested in this order, each at a two-sided error rate of {level}, up to the first that is "
                "not shown (Maurer, Hothorn and Lehmacher 1995)"
            )
        case "all_must_pass":
            how = (
                f"one claim that is made only where every one of them is met; each is tested at {level} and "
                "no p value is adjusted, since one failure is enough to fail the claim (Berger 1982)"
            )
        case _:
            how = "not adjusted for their number, as the plan declares"
    return f"The confirmatory criteria ({names}) are {how}. {p}"
