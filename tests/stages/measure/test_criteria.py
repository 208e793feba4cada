"""Acceptance criteria, judged on the bound that each names."""

import pytest

from muniment.measure import evaluate
from support.plans import PLAN, criterion, entries, outcome


def test_criteria_are_judged_on_the_bound_they_name(request_of):
    """Point, lower, upper and whole interval each decide as written."""
    body = evaluate(request_of())
    outcomes = {entry["id"]: entry["outcome"] for entry in body["criteria"] if not entry["each"]}
    assert outcomes == {
        "auroc": "met",
        "too-high": "unmet",
        "slope": "met",
        "female": "met",
        "previous": "met",
        "specificity": "met",
        "published": "undecided",
        "latency": "met",
        "uptime": "undecided",
        "absent": "undecided",
        "unknown": "undecided",
        "nobody": "undecided",
    }
    (auroc,) = entries(body, "auroc")
    assert auroc["message"] == f"lower bound {auroc['low']:.3g} of auroc (n 600) is at or above 0.75"
    assert entries(body, "uptime")[0]["message"] == "uptime has no lower bound"


@pytest.mark.parametrize("on", ["point", "lower", "upper", "interval"])
@pytest.mark.parametrize("operator", [">=", "<=", ">", "<"])
def test_a_number_at_its_limit(request_of, on, operator):
    """A number equal to the limit satisfies `>=` and `<=` and neither `>` nor `<`."""
    exact = {"metrics": [{"metric": "m", "value": 0.75, "low": 0.75, "high": 0.75}]}
    plan = PLAN | {"criteria": [criterion("c", "m", operator, 0.75, on, "operational")]}
    body = evaluate(request_of(plan=plan, operational=exact))
    assert outcome(body, "c") == ("met" if "=" in operator else "unmet")


def test_a_message_never_contradicts_its_outcome(request_of):
    """A bound just below the limit is not printed as the limit."""
    close = {"metrics": [{"metric": "m", "value": 0.74999999, "low": None, "high": None}]}
    plan = PLAN | {"criteria": [criterion("c", "m", ">=", 0.75, "point", "operational")]}
    (entry,) = evaluate(request_of(plan=plan, operational=close))["criteria"]
    assert (entry["outcome"], entry["message"]) == ("unmet", "value 0.74999999 of m is below 0.75")


def test_each_level_has_an_entry_and_a_suppressed_one_is_undecided(request_of):
    """A small level is undecided, marked, and shows no number; so is the level that protects it."""
    body = evaluate(request_of())
    assert [entry["cohort"] for entry in entries(body, "gender")] == [
        {"gender": "female"},
        {"gender": "male"},
    ]
    race = {entry["cohort"]["race"]: entry for entry in entries(body, "race")}
    assert race["c"]["outcome"] == "met"
    for level, reason in (("a", "fewer than 10 rows"), ("b", "withheld to protect a smaller level")):
        entry = race[level]
        assert (entry["outcome"], entry["suppressed"]) == ("undecided", True)
        assert entry["message"] == f"suppressed: {reason}"
        assert (entry["value"], entry["low"], entry["n"], entry["events"]) == (None,) * 4


def test_a_level_with_few_events_is_described_and_not_judged(request_of):
    """Under `each` it is undecided with its numbers; a criterion that names the level judges it."""
    body = evaluate(request_of(plan=PLAN | {"min_events": 200}))
    assert all(entry["descriptive"] and entry["value"] for entry in entries(body, "gender"))
    assert {entry["outcome"] for entry in entries(body, "gender")} == {"undecided"}
    assert outcome(body, "female") == "met"


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.8, 1.2, "met"), (0.79, 1.2, "unmet"), (0.8, 1.21, "unmet")]
)
def test_an_interval_lies_within_or_does_not(request_of, low, high, expected):
    """Both ends must lie between the limits, the limits included."""
    exact = {"metrics": [{"metric": "m", "value": 1.0, "low": low, "high": high}]}
    plan = PLAN | {"criteria": [criterion("c", "m", "within", [0.8, 1.2], "interval", "operational")]}
    assert outcome(evaluate(request_of(plan=plan, operational=exact)), "c") == expected
