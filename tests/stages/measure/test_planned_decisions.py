"""What the plan decides beside its criteria: non-inferiority with fixed margins, and families of criteria."""

import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from muniment.errors import UnreadableInput
from muniment.measure import evaluate
from support.plans import PLAN, criterion, entries

CONFIRMATORY = [
    criterion("auroc", "auroc", ">=", 0.75, "lower"),
    criterion("sens", "sensitivity", ">=", 0.75, "lower"),
    criterion("spec", "specificity", ">=", 0.62, "lower"),
    criterion("gain", "auroc", ">", 0, "lower", against="previous"),
    criterion("sexes", "sensitivity", ">=", 0.7, "lower", each="gender"),
]


def planned(criteria=None, **analysis):
    plan = PLAN | {"analysis": {"population": "All."} | analysis}
    return plan if criteria is None else plan | {"criteria": criteria}


def controlled(method, family=("auroc", "sens", "spec", "gain", "sexes"), alpha=0.05):
    return planned(
        CONFIRMATORY,
        multiplicity_control={"method": method, "family": list(family), "alpha": alpha},
    )


def hypothesis(metric="auroc", **margins):
    return {
        "id": f"NI-{metric}",
        "metric": metric,
        "margins": [{"against": name, "margin": margin} for name, margin in margins.items()],
        "rationale": "because",
    }


def test_a_plan_that_asks_for_nothing_gets_nothing(request_of):
    """The sections are there only where the plan has them."""
    plain, text = evaluate(request_of()), evaluate(request_of(plan=planned()))
    assert plain == text
    further = {"non_inferiority", "multiplicity", "missing_data", "precision", "flow", "table_one"}
    assert not (further | {"agreement", "reader_studies"}) & plain.keys()


def test_non_inferiority_needs_every_margin(request_of, valid):
    """Within 0.05 of both it is shown; with a margin no interval can clear it is not."""
    wide = planned(non_inferiority=[hypothesis(previous=0.05, published=0.05)])
    body = evaluate(request_of(plan=wide))
    valid(body, "evaluation")
    (found,) = body["non_inferiority"]
    assert (found["id"], found["outcome"], found["operating_point"]) == ("NI-auroc", "non_inferior", None)
    assert [entry["against"] for entry in found["entries"]] == ["previous", "published"]
    (compared,) = [
        c
        for c in body["comparisons"]
        if (c["against"], c["metric"], c["cohort"]) == ("previous", "auroc", {})
    ]
    entry = found["entries"][0]
    assert all(
        entry[key] == compared[key] for key in ("a", "b", "difference", "low", "high", "n", "p", "release")
    )
    assert entry["bound"] == entry["low"] > -entry["margin"]
    assert "0.05 against previous and 0.05 against published" in body["methods"]


def test_one_failed_comparator_is_enough(request_of, rows):
    """A release worse than the original is not non-inferior, however good it is against the previous one."""
    worse = rows.with_columns(score_first="death").cast({"score_first": float})
    comparators = [*PLAN["comparators"], {"id": "original", "column": "score_first", "title": "t"}]
    plan = planned(non_inferiority=[hypothesis(previous=0.05, original=0.05)]) | {"comparators": comparators}
    (found,) = evaluate(request_of(worse, plan=plan))["non_inferiority"]
    outcomes = {entry["against"]: entry["outcome"] for entry in found["entries"]}
    assert outcomes == {"previous": "non_inferior", "original": "not_shown"}
    assert found["outcome"] == "not_shown"


def test_what_was_not_compared_is_undecided(request_of, valid):
    """Sensitivity against a comparator without operating point has no verdict, and the reason is said."""
    plan = planned(non_inferiority=[hypothesis("sensitivity", previous=0.5, published=0.5)])
    body = evaluate(request_of(plan=plan))
    valid(body, "evaluation")
    (found,) = body["non_inferiority"]
    assert (found["outcome"], found["operating_point"]) == ("undecided", "locked")
    assert found["undecided"] == "against published: published has no operating point"


def test_too_few_pairs_are_hidden(request_of, rows):
    """A comparison of fewer than min_n pairs leaves the hypothesis undecided without a number."""
    plan = planned(non_inferiority=[hypothesis(previous=0.05)]) | {"min_n": 601}
    (found,) = evaluate(request_of(plan=plan))["non_inferiority"]
    (entry,) = found["entries"]
    assert (found["outcome"], entry["suppressed"]) == ("undecided", True)
    assert [entry[key] for key in ("a", "b", "difference", "low", "bound", "n", "events")] == [None] * 7


@pytest.mark.parametrize("method", ["all_must_pass", "none"])
def test_all_must_pass_adjusts_nothing_and_says_so(request_of, valid, method):
    """Every criterion is decided by its own bound; the family is met only where all are."""
    body = evaluate(request_of(plan=controlled(method)))
    valid(body, "evaluation")
    found = body["multiplicity"]
    assert (found["method"], found["adjusted"]) == (method, False)
    for entry in found["criteria"]:
        outcomes = {item["outcome"] for item in entries(body, entry["id"])}
        assert entry["shown"] is (outcomes == {"met"})
        assert entry["adjusted_p"] is None
        assert (entry["p"] <= 0.05) is entry["shown"]
    assert found["outcome"] == ("met" if all(e["shown"] for e in found["criteria"]) else "unmet")
    assert ("Berger 1982" in body["methods"]) is (method == "all_must_pass")


def test_holm_and_bonferroni_adjust_the_declared_family(request_of, valid):
    """Adjusted p values by hand from the recorded ones; what is met alone may not be shown in a family."""
    body = evaluate(request_of(plan=controlled("holm")))
    valid(body, "evaluation")
    found = body["multiplicity"]["criteria"]
    order = sorted(found, key=lambda entry: entry["p"])
    largest = 0.0
    for rank, entry in enumerate(order):
        largest = max(largest, min(1.0, entry["p"] * (5 - rank)))
        assert entry["adjusted_p"] == pytest.approx(largest, rel=1e-9)
        assert entry["shown"] is (entry["adjusted_p"] <= 0.05)
    bonferroni = evaluate(request_of(plan=controlled("bonferroni")))["multiplicity"]["criteria"]
    for one, other in zip(found, bonferroni, strict=True):
        assert one["p"] == other["p"]
        assert other["adjusted_p"] == pytest.approx(min(1.0, 5 * other["p"]), rel=1e-9)
        assert one["adjusted_p"] <= other["adjusted_p"]


def test_a_criterion_met_alone_may_not_be_shown_in_its_family(request_of):
    """With p = 0.035 each of two criteria holds alone, and neither after Holm."""
    (share,) = [
        e
        for e in evaluate(request_of())["estimates"]
        if (e["metric"], e["threshold"]) == ("specificity", "locked")
    ]
    z = norm.isf(0.035 / 2)
    limit = brentq(
        lambda p: (share["value"] - p) / (p * (1 - p) / share["n"]) ** 0.5 - z, 0.01, share["value"]
    )
    criteria = [criterion(name, "specificity", ">=", limit, "lower") for name in ("one", "two")]
    control = {"method": "holm", "family": ["one", "two"], "alpha": 0.05}
    body = evaluate(request_of(plan=planned(criteria, multiplicity_control=control)))
    assert {entry["outcome"] for entry in body["criteria"]} == {"met"}
    found = body["multiplicity"]
    assert [(e["outcome"], e["shown"]) for e in found["criteria"]] == [("met", False)] * 2
    assert found["criteria"][0]["p"] == pytest.approx(0.035, rel=1e-6)
    assert found["outcome"] == "unmet"


def test_a_fixed_sequence_stops_at_the_first_that_fails(request_of, valid):
    """What comes after it is not tested, whatever its p value."""
    family = ("auroc", "spec-high", "sens")
    criteria = [
        criterion("sens", "sensitivity", ">=", 0.5, "lower"),
        criterion("auroc", "auroc", ">=", 0.7, "lower"),
        criterion("spec-high", "specificity", ">=", 0.99, "lower"),
    ]
    control = {"method": "fixed_sequence", "family": list(family), "alpha": 0.05}
    body = evaluate(request_of(plan=planned(criteria, multiplicity_control=control)))
    valid(body, "evaluation")
    found = body["multiplicity"]["criteria"]
    assert [entry["id"] for entry in found] == list(family)
    assert [entry["shown"] for entry in found] == [True, False, False]
    assert found[2]["outcome"] == "met"
    assert "spec-high comes before it" in found[2]["reason"]


def test_a_criterion_without_a_p_value_is_not_shown(request_of, valid):
    """One judged on its point estimate takes its place in the family and is never shown under Holm."""
    criteria = [
        criterion("point", "auroc", ">=", 0.5, "point"),
        criterion("race", "sensitivity", ">=", 0.1, "lower", each="race"),
        criterion("sens", "sensitivity", ">=", 0.5, "lower"),
    ]
    control = {"method": "holm", "family": ["point", "race", "sens"], "alpha": 0.05}
    body = evaluate(request_of(plan=planned(criteria, multiplicity_control=control)))
    valid(body, "evaluation")
    point, race, sens = body["multiplicity"]["criteria"]
    assert (point["outcome"], point["p"], point["shown"]) == ("met", None, False)
    assert "the estimate, which is no test" in point["reason"]
    assert (race["outcome"], race["p"]) == ("undecided", None)
    assert sens["adjusted_p"] == pytest.approx(3 * sens["p"], rel=1e-9)
    assert body["multiplicity"]["outcome"] == "undecided"


@pytest.mark.parametrize("method", ["holm", "all_must_pass"])
def test_a_family_with_an_unknown_criterion_is_undecided(request_of, valid, method):
    """A promise about a criterion that the plan does not have cannot be kept, and is not forgotten."""
    body = evaluate(request_of(plan=controlled(method, ("auroc", "nothing"))))
    valid(body, "evaluation")
    auroc, nothing = body["multiplicity"]["criteria"]
    assert (nothing["outcome"], nothing["p"], nothing["shown"]) == ("undecided", None, False)
    assert "the plan has no such criterion" in nothing["reason"]
    assert body["multiplicity"]["outcome"] == "undecided"
    assert auroc["outcome"] == "met"


@pytest.mark.parametrize(
    ("analysis", "message"),
    [
        ({"non_inferiority": [hypothesis(nobody=0.05)]}, "'nobody', which is no comparator"),
        ({"non_inferiority": [hypothesis(previous=0.0)]}, "a margin of 0.0, not above zero"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(request_of, analysis, message):
    """A margin against nobody, or one that is none, is no plan."""
    with pytest.raises(UnreadableInput, match=message):
        evaluate(request_of(plan=planned(**analysis)))


def test_a_half_width_can_be_a_criterion(request_of, valid):
    """Half the interval's width is judged like any other number."""
    criteria = [
        criterion("narrow", "auroc", "<=", 0.05, "half_width"),
        criterion("narrower", "auroc", "<=", 0.001, "half_width"),
    ]
    body = evaluate(request_of(plan=planned(criteria)))
    valid(body, "evaluation")
    narrow, narrower = body["criteria"]
    assert (narrow["outcome"], narrower["outcome"]) == ("met", "unmet")
    half = (narrow["high"] - narrow["low"]) / 2
    assert narrow["message"] == f"half width {half:.3g} of auroc (n 600) is at or below 0.05"


@pytest.mark.parametrize("level", [0.95, 5.0, 0.0, -1.0, None])
def test_an_operational_metric_has_a_p_value_only_with_a_level(request_of, valid, level):
    """Its file says what it likes: a level that is none makes no test and no error."""
    metric = {
        "metric": "fallback_success",
        "value": 0.995,
        "low": 0.99,
        "high": 0.998,
        "n": 1000,
        "method": "wilson",
        "level": level,
    }
    criteria = [criterion("fallback", "fallback_success", ">=", 0.98, "lower", "operational")]
    control = {"method": "holm", "family": ["fallback"], "alpha": 0.05}
    plan = planned(criteria, multiplicity_control=control)
    (entry,) = evaluate(request_of(plan=plan, operational={"metrics": [metric]}))["multiplicity"]["criteria"]
    assert entry["outcome"] == "met"
    assert (entry["p"] is not None) is (level == 0.95)


def test_an_operational_number_that_is_none_is_refused(request_of):
    """Text in the place of a number is one clear error."""
    metric = {"metric": "uptime", "value": "high"}
    with pytest.raises(UnreadableInput, match="value of 'uptime' is 'high' and no number"):
        evaluate(request_of(operational={"metrics": [metric]}))
