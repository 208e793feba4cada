"""Non-inferiority, and families of endpoints, against their definitions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import UsageError
from muniment.measure.compare import Comparison
from muniment.measure.multiplicity import adjust
from muniment.measure.noninferiority import non_inferiority
from muniment.measure.result import Result, undecided


def comparison(low: float | None, high: float | None = 0.05) -> Comparison:
    result = (
        undecided("delong-paired", "one class only")
        if low is None
        else Result(0.0, low, high, "delong-paired")
    )
    return Comparison("auroc", {}, 0.8, 0.8, result, 200, 60)


def verdict(previous, original, **options):
    both = {"previous": comparison(*previous), "original": comparison(*original)}
    return non_inferiority(both, {"previous": 0.02, "original": 0.03}, 0.95, **options)


@pytest.mark.parametrize(
    ("previous", "original", "expected"),
    [
        ((-0.01,), (-0.02,), True),
        ((-0.01,), (-0.04,), False),
        ((-0.02,), (-0.01,), False),
        ((-0.01,), (None,), None),
        ((-0.05,), (None,), False),
    ],
)
def test_both_comparators_decide(previous, original, expected):
    """Every bound must clear its own margin; equality is not enough, missing evidence is undecided."""
    found = verdict(previous, original)
    assert found.non_inferior is expected
    assert [entry.against for entry in found.entries] == ["original", "previous"]
    assert found.as_json()["entries"][1]["bound"] == previous[0]


def test_the_bound_decides_not_the_point():
    """A difference above zero with a wide interval is not non-inferior; for errors the upper bound counts."""
    wide = Comparison("auroc", {}, 0.9, 0.8, Result(0.1, -0.2, 0.4, "delong-paired"), 20, 6)
    assert non_inferiority({"previous": wide}, {"previous": 0.05}, 0.95).non_inferior is False
    assert verdict((-0.5, 0.01), (-0.5, 0.02), lower_is_better=True).non_inferior is True
    assert verdict((-0.5, 0.01), (-0.5, 0.03), lower_is_better=True).non_inferior is False
    assert verdict((0.001,), (-0.01,)).entries[1].superior is True


def test_margins_and_comparators_are_the_same():
    """A margin that nobody checks, or a comparison without a margin, is refused."""
    with pytest.raises(UsageError, match="original"):
        non_inferiority({"previous": comparison(0.0)}, {"previous": 0.02, "original": 0.02}, 0.95)
    with pytest.raises(UsageError, match="not above zero"):
        non_inferiority({"previous": comparison(0.0)}, {"previous": 0.0}, 0.95)
    with pytest.raises(UsageError, match="there are none"):
        non_inferiority({}, {}, 0.95)


def test_holm_by_hand():
    """p .01 .04 .03 .005 of four: adjusted .03 .06 .06 .02, as R's p.adjust."""
    found = adjust(tuple("abcd"), dict(zip("abcd", (0.01, 0.04, 0.03, 0.005), strict=True)), "holm")
    assert [round(item.adjusted, 12) for item in found.endpoints] == [0.03, 0.06, 0.06, 0.02]
    assert [item.shown for item in found.endpoints] == [True, False, False, True]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_closed_test_with_bonferroni(values):
    """An endpoint's adjusted p is the largest Bonferroni p of all the sets of endpoints it belongs to."""
    names = tuple(str(index) for index in range(len(values)))
    found = adjust(names, dict(zip(names, values, strict=True)), "holm")
    for index, item in enumerate(found.endpoints):
        sets = [
            chosen
            for size in range(1, len(values) + 1)
            for chosen in itertools.combinations(range(len(values)), size)
            if index in chosen
        ]
        closed = max(min(1.0, len(chosen) * min(values[k] for k in chosen)) for chosen in sets)
        assert item.adjusted == pytest.approx(closed, abs=1e-12)


def test_a_sequence_stops():
    """After the first that is not shown nothing is tested, however small its p value."""
    found = adjust(("a", "b", "c"), {"a": 0.01, "b": 0.2, "c": 0.0001}, "fixed-sequence")
    assert [item.shown for item in found.endpoints] == [True, False, False]
    assert [item.adjusted for item in found.endpoints] == [0.01, 0.2, 0.2]
    assert "b comes before it" in found.endpoints[2].undecided


def test_an_undecided_endpoint_makes_nothing_easier():
    """In Holm's procedure it takes a place; in a sequence it stops."""
    p = {"a": 0.02, "b": None}
    holm = adjust(("a", "b"), p, "holm").endpoints
    assert (holm[0].adjusted, holm[1].adjusted, holm[1].shown) == (0.04, None, False)
    sequence = adjust(("b", "a"), p, "fixed-sequence").endpoints
    assert [item.shown for item in sequence] == [False, False]
    with pytest.raises(UsageError, match="declared"):
        adjust(("a",), p, "holm")
