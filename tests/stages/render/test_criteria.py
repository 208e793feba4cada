"""Acceptance criteria as a page groups them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from muniment.render.views import criteria

ENTRY = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["A", "B", "C"]),
        "domain": st.sampled_from(["clinical", "calibration", "subgroup", "operational", "another"]),
        "outcome": st.sampled_from(["met", "unmet", "undecided"]),
        "metric": st.just("sensitivity"),
        "operator": st.just(">="),
        "threshold": st.just(0.75),
        "on": st.just("lower"),
        "cohort": st.dictionaries(st.just("site"), st.sampled_from(["S1", "S2"])),
    }
)


@given(st.lists(ENTRY, max_size=12))
def test_grouping_loses_no_judgement(entries: list[dict[str, Any]]) -> None:
    """Every judgement stands in exactly one group, under its own id."""
    groups = criteria.grouped(tuple(entries))
    shown = [(group["id"], id(level["entry"])) for group in groups for level in group["levels"]]
    assert sorted(shown) == sorted((entry["id"], id(entry)) for entry in entries)
    assert len({group["id"] for group in groups}) == len(groups)


@given(st.lists(ENTRY, min_size=1, max_size=12))
def test_what_is_not_met_comes_first(entries: list[dict[str, Any]]) -> None:
    """A criterion with one level not met precedes all that are met, and the level leads its group."""
    order = {"unmet": 0, "undecided": 1, "met": 2}
    groups = criteria.grouped(tuple(entries))
    assert [order[g["outcome"]] for g in groups] == sorted(order[g["outcome"]] for g in groups)
    for group in groups:
        found = [order[level["entry"]["outcome"]] for level in group["levels"]]
        assert found == sorted(found)
        assert order[group["outcome"]] == found[0]


def test_a_condition_is_said_once_in_words() -> None:
    """A group counts its levels and states the condition with the bound that is compared."""
    shared = {"id": "S", "domain": "subgroup", "metric": "sensitivity", "operator": ">=", "each": "site"}
    levels = (
        {**shared, "threshold": 0.5, "on": "point", "cohort": {"site": "S1"}, "outcome": "met"},
        {**shared, "threshold": 0.5, "on": "point", "cohort": {"site": "S2"}, "outcome": "unmet"},
    )
    (group,) = criteria.grouped(levels)
    assert group["subject"] == "Sensitivity, in each site"
    assert group["condition"] == "point estimate ≥ 0.500"
    assert (group["outcome"], group["count"]) == ("unmet", "1 of 2")
    assert [level["cohort"] for level in group["levels"]] == ["site S2", "site S1"]
    assert not group["single"]
