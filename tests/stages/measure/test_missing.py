"""Missing scores, missing labels and rejected inputs: bounds, shares and what is not shown."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.incomplete import filled, intention_to_diagnose
from muniment.measure.missing import missingness, rejects
from muniment.measure.prepare import TableSpec
from muniment.measure.proportions import wilson


def roc_auc_score(labels, scores) -> float:
    """The area from rank sums."""
    y = np.asarray(labels, dtype=bool)
    p = int(y.sum())
    return (rankdata(scores)[y].sum() - p * (p + 1) / 2) / (p * (len(y) - p))


POINT = OperatingPoint("locked", 0.5)


def bounds(rows, min_n=1, **options):
    frame = pl.DataFrame(rows, schema={"y": pl.Boolean, "s": pl.Float64}, orient="row")
    found = intention_to_diagnose(frame.lazy(), TableSpec("y", "s", **options), (POINT,), min_n=min_n)
    return found, {item.metric: item for item in found.bounds}


def rate(metric, rows):
    tp = sum(y and s >= 0.5 for y, s in rows)
    fp = sum(not y and s >= 0.5 for y, s in rows)
    fn = sum(y and s < 0.5 for y, s in rows)
    tn = sum(not y and s < 0.5 for y, s in rows)
    k, n = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }[metric]
    return k / n if n else None


def fillings(rows):
    """Every way to fill the gaps; one value below and one above all others stand for any score."""
    low, high = -1.0, 2.0
    options = [
        [
            (label, score)
            for label in ((False, True) if y is None else (y,))
            for score in ((low, high) if s is None else (s,))
        ]
        for y, s in rows
    ]
    return itertools.product(*options)


CELLS = st.tuples(st.sampled_from([True, False, None]), st.sampled_from([0.2, 0.4, 0.5, 0.6, 0.9, None]))


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=4, max_size=9))
def test_bounds_are_attained_and_never_passed(rows):
    """Over every way to fill the gaps the smallest and the largest value are the bounds."""
    if sum(y is None or s is None for y, s in rows) > 5 or not any(
        y is not None and s is not None for y, s in rows
    ):
        return
    _, found = bounds(rows)
    every = list(fillings(rows))
    for metric in ("sensitivity", "specificity", "ppv", "npv"):
        values = [value for value in (rate(metric, filling) for filling in every) if value is not None]
        for result, extreme in ((found[metric].worst, min), (found[metric].best, max)):
            if result.value is not None:
                assert result.value == pytest.approx(extreme(values), abs=1e-12)
    areas = [
        roc_auc_score([y for y, _ in filling], [s for _, s in filling])
        for filling in every
        if len({y for y, _ in filling}) == 2
    ]
    for result, extreme in ((found["auroc"].worst, min), (found["auroc"].best, max)):
        if result.value is not None:
            assert result.value == pytest.approx(extreme(areas), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=12),
    st.lists(st.booleans(), max_size=3),
    st.lists(st.integers(0, 6), max_size=6),
    st.integers(0, 3),
)
def test_worst_labels_are_the_worst_of_all(rows, lost, unlabelled, neither):
    """Searching the number of events alone finds what searching every labelling finds."""
    labels, scores = np.array([y for y, _ in rows]), np.array([float(s) for _, s in rows])
    open_scores = np.sort(np.array(unlabelled, dtype=float))
    got_labels, got_scores = filled(labels, scores, np.array(lost, dtype=bool), open_scores, neither)
    assert len(got_labels) == len(rows) + len(lost) + len(unlabelled) + neither
    if len(set(got_labels)) < 2:
        return
    finite = np.clip(got_scores, -5, 15)
    placed = [*scores, *(-5 if event else 15 for event in lost), *open_scores]
    areas = []
    for guess in itertools.product([False, True], repeat=len(unlabelled)):
        for more in range(neither + 1):
            rest = [True] * more + [False] * (neither - more)
            y = [*labels, *lost, *guess, *rest]
            if len(set(y)) == 2:
                areas.append(roc_auc_score(y, [*placed, *(-5 if event else 15 for event in rest)]))
    best = min(areas)
    assert roc_auc_score(got_labels, finite) == pytest.approx(best, abs=1e-12)


ROWS = [
    *[(True, 0.9)] * 30,
    *[(True, 0.1)] * 10,
    *[(False, 0.1)] * 50,
    *[(False, 0.8)] * 10,
    *[(True, None)] * 3,
    *[(False, None)] * 2,
    *[(None, 0.9)] * 4,
    *[(None, 0.1)] * 5,
    (None, None),
]


def test_by_hand():
    """115 patients: where each gap goes in sensitivity and PPV, with Wilson's intervals."""
    found, by = bounds(ROWS, 10)
    gaps = found.gaps
    assert (gaps.rows, gaps.complete, gaps.no_score, gaps.no_label, gaps.neither) == (115, 100, 5, 9, 1)
    sensitivity, ppv = by["sensitivity"], by["ppv"]
    assert (sensitivity.worst.value, sensitivity.n[1]) == (30 / 49, 49)
    assert (sensitivity.best.value, sensitivity.n[2]) == (38 / 48, 48)
    assert (sensitivity.worst.low, sensitivity.worst.high) == wilson(30, 49, 0.95)
    assert (ppv.worst.value, ppv.best.value) == (30 / 47, 38 / 48)
    assert by["auroc"].worst.value < by["auroc"].complete.value < by["auroc"].best.value


def test_without_gaps_there_is_one_value():
    """A complete table has nothing to bound."""
    _, by = bounds([row for row in ROWS if None not in row], 10)
    for item in by.values():
        assert item.complete == item.worst == item.best


def test_low_scores_may_be_positive():
    """Turning scores, threshold and orientation round changes nothing."""
    _, plain = bounds(ROWS, 10)
    turned = pl.DataFrame(
        [(y, None if s is None else -s) for y, s in ROWS],
        schema={"y": pl.Boolean, "s": pl.Float64},
        orient="row",
    )
    point = OperatingPoint("locked", -0.5)
    other = intention_to_diagnose(turned.lazy(), TableSpec("y", "s", lower_is_positive=True), (point,))
    assert [item.as_json() for item in other.bounds] == [item.as_json() for item in plain.values()]


def test_order_of_rows_does_not_matter_to_bounds():
    """Rows in another order give the same bits."""
    mixed = [ROWS[k] for k in np.random.default_rng(1).permutation(len(ROWS))]
    assert bounds(mixed)[0].as_json() == bounds(ROWS)[0].as_json()


def test_too_few_complete_rows_have_no_bounds():
    """Ten patients are needed to say anything; the gaps are counted still."""
    found, _ = bounds(ROWS[:9] + ROWS[100:], 10)
    assert (found.bounds, found.undecided) == ((), "fewer than 10 rows with label and score")
    assert found.gaps.no_score == 5


def frame():
    return pl.DataFrame(
        {
            "age": [None, float("nan"), *range(98)],
            "lab": ["NA", " ", "7", *["1"] * 97],
            "site": ["A"] * 50 + ["B"] * 45 + ["C"] * 5,
            "why": ["blur"] * 12 + ["noise"] * 3 + [None] * 85,
        },
        strict=False,
    )


def test_missing_values_are_counted_by_field_and_subgroup():
    """Null, NaN and words for nothing are missing; a small subgroup goes with the one that would tell it."""
    found = missingness(frame().lazy(), ["age", "lab"], [("site",)])
    rows = {(item.name, item.cohort.get("site")): item for item in found.fields}
    assert (rows["age", None].count, rows["age", None].n, rows["lab", None].count) == (2, 100, 2)
    assert (rows["age", None].result.low, rows["age", None].result.high) == wilson(2, 100, 0.95)
    assert (rows["lab", "A"].count, rows["lab", "A"].n) == (2, 50)
    for site in ("B", "C"):
        assert (rows["age", site].count, rows["age", site].n, rows["age", site].result.value) == (
            None,
            None,
            None,
        )
    assert (
        found.as_json()
        == missingness(frame().sample(fraction=1, shuffle=True).lazy(), ["age", "lab"], [("site",)]).as_json()
    )


def test_rejects_by_reason():
    """15 of 100 rejected; three for noise would tell themselves, so both reasons are withheld."""
    found = rejects(frame().lazy(), "why", [("site",)])
    assert (found.rejected[0].count, found.rejected[0].result.value) == (15, 0.15)
    assert [(item.name, item.count) for item in found.reasons] == [("blur", None), ("noise", None)]
    shown = rejects(frame().lazy(), "why", min_n=1)
    assert [(item.name, item.count, item.n) for item in shown.reasons] == [
        ("blur", 12, 100),
        ("noise", 3, 100),
    ]
    none = rejects(frame().with_columns(why=pl.lit(None, dtype=pl.String)).lazy(), "why")
    assert (none.rejected[0].count, none.reasons) == (0, ())


def test_bad_requests_are_named():
    """A misspelt column, no rows, no fields, a measurement for reasons."""
    with pytest.raises(UnreadableInput, match="no column 'agee'"):
        missingness(frame().lazy(), ["agee"])
    with pytest.raises(UnreadableInput, match="has no rows"):
        missingness(frame()[:0].lazy(), ["age"])
    with pytest.raises(UsageError, match="a patient of its own"):
        bounds(ROWS, cluster="s")
    with pytest.raises(UsageError, match="needs fields"):
        missingness(frame().lazy(), [])
    many = pl.DataFrame({"why": [f"reason {k}" for k in range(3000)]})
    with pytest.raises(UsageError, match="holds no reasons"):
        rejects(many.lazy(), "why")
