"""Numbers are shown with what a reader needs, and nothing that is not one passes for one."""

from __future__ import annotations

from typing import Any

import pytest

from muniment.render.numbers import (
    DASH,
    days,
    entries,
    find_estimate,
    instant,
    interval,
    number,
    p_value,
    shown,
    with_interval,
)


@pytest.mark.parametrize("value", [None, True, "0.8", float("nan"), float("inf"), [], {}])
def test_what_is_no_number_is_a_dash(value: Any) -> None:
    """A text, a boolean or infinity in an evaluation is never printed as a value."""
    assert number(value) is None
    assert shown(value) == DASH


def test_an_estimate_is_never_shown_without_its_interval() -> None:
    """Value and interval go together; an undecided estimate says why."""
    assert (
        with_interval({"metric": "auroc", "value": 0.7812, "low": 0.7421, "high": 0.82})
        == "0.781 (0.742 to 0.820)"
    )
    assert (
        with_interval({"metric": "auroc", "value": None, "undecided": "one class only"}) == "one class only"
    )
    assert with_interval(None) == DASH
    assert interval({"low": 0.1, "high": None}) == DASH


def test_counts_have_no_decimals_and_negatives_a_true_minus() -> None:
    """Digits follow what is counted."""
    assert [shown(1234, "tp"), shown(512), shown(-0.031), shown(123.456)] == [
        "1,234",
        "512",
        "−0.031",
        "123.5",
    ]


def test_a_tiny_p_value_is_not_nought() -> None:
    """No p value is printed as zero."""
    assert [p_value(1e-9), p_value(0.0312), p_value(None)] == ["< 0.001", "0.031", DASH]


def test_days_are_counted_between_dates_only() -> None:
    """What is no date has no distance."""
    assert days("2026-04-30", "2026-05-31") == 31
    assert days("2026-04-30", "soon") is None


def test_entries_of_another_shape_are_nothing() -> None:
    """A page never fails on JSON of a shape it does not know."""
    assert entries({"a": 3}, "a") == ()
    assert entries({"a": [1, {"b": 2}]}, "a") == ({"b": 2},)
    assert entries(None, "a") == ()


def test_an_estimate_is_taken_at_the_operating_point_in_use() -> None:
    """A release is not shown with the sensitivity of another threshold, nor with a subgroup's."""
    rows = [
        {"metric": "sensitivity", "threshold": "high", "value": 0.9, "cohort": {"sex": "F"}},
        {"metric": "sensitivity", "threshold": "low", "value": 0.5, "cohort": {}},
        {"metric": "sensitivity", "threshold": "high", "value": 0.7, "cohort": {}},
    ]
    found = find_estimate({"estimates": rows}, "sensitivity", "high")
    assert found is not None
    assert found["value"] == 0.7
    assert find_estimate({"estimates": rows}, "specificity", "high") is None


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("2024-03-01T09:05:00Z", "2024-03-01 09:05:00 UTC"),
        ("2024-03-01T09:05:00.250Z", "2024-03-01 09:05:00.250 UTC"),
        ("2024-03-01T09:05:00+02:00", "2024-03-01T09:05:00+02:00"),
        ("soon", "soon"),
        (None, DASH),
    ],
)
def test_an_instant_is_rewritten_only_where_it_is_utc(stored: Any, read: str) -> None:
    """A time is made readable without ever being made another time."""
    assert instant(stored) == read
