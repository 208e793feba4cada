"""Non-inferiority, families of endpoints and attribution, against their definitions."""

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.attribution import CELLS, EFFECTS, attribute_change
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.compare import Comparison
from muniment.measure.discrimination import Contrast, paired, unpaired
from muniment.measure.kernel import all_keys, fold, keyed, scale_of
from muniment.measure.multiplicity import adjust
from muniment.measure.noninferiority import non_inferiority
from muniment.measure.prepare import TableSpec, prepare
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


def table(ids, seed: int, skill: float) -> pl.DataFrame:
    """Labels depend on the id alone, scores on the model (its seed and skill) and on the label."""
    rng = np.random.default_rng(99)
    truth = rng.random(2000) < 0.4
    noise = np.random.default_rng(seed).normal(0, 1, 2000)
    common = np.random.default_rng(5).normal(0, 1, 2000)
    ids = np.asarray(ids)
    score = np.round(skill * truth[ids] + 0.7 * noise[ids] + 0.7 * common[ids], 1)
    return pl.DataFrame({"id": ids, "y": truth[ids], "s": score})


def four(old, new, features: float = 0.0):
    def cell(model, ids, shift):
        frame = table(ids, {"old": 1, "new": 2}[model], {"old": 1.0, "new": 1.4}[model] + shift)
        return prepare(frame.lazy(), TableSpec("y", "s", id="id"))

    return {
        (model, cohort): cell(model, old if cohort == "old" else new, 0.0 if cohort == "old" else features)
        for model, cohort in CELLS
    }


OLD, NEW = range(300), range(300, 700)
POINTS = {"old": OperatingPoint("t", 0.5), "new": OperatingPoint("t", 0.8)}


def test_different_rows_are_unpaired_between_cohorts():
    """The total is the unpaired difference; the model's effect averages two paired ones."""
    tables = four(OLD, NEW)
    found = {effect.name: effect for effect in attribute_change(tables).effects}
    states = [
        fold(all_keys(keyed(t.frame, scale_of(t.frame)), scale_of(t.frame)).values) for t in tables.values()
    ]
    total = unpaired(states[3], states[0], 0.95)
    assert isinstance(total, Contrast)
    assert (found["total"].result.value, found["total"].result.low, found["total"].p) == pytest.approx(
        (total.difference.value, total.difference.low, total.p), abs=1e-12
    )
    contrasts = []
    for cohort in ("old", "new"):
        a, b = tables["new", cohort].frame.sort("id"), tables["old", cohort].frame.sort("id")
        contrasts.append(paired(a["label"].to_numpy(), a["score"].to_numpy(), b["score"].to_numpy(), 0.95))
    values = [contrast.difference.value for contrast in contrasts]
    errors = [contrast.difference.value / contrast.z for contrast in contrasts]
    assert found["model"].result.value == pytest.approx(np.mean(values), abs=1e-12)
    assert found["model"].z == pytest.approx(np.mean(values) / (np.hypot(*errors) / 2), rel=1e-9)
    assert found["interaction"].result.value == pytest.approx(values[1] - values[0], abs=1e-12)
    assert found["interaction"].z == pytest.approx((values[1] - values[0]) / np.hypot(*errors), rel=1e-9)


def test_same_rows_with_other_features_are_paired():
    """With the same cases in both cohorts the total is the paired DeLong difference."""
    tables = four(OLD, OLD, features=0.3)
    found = {effect.name: effect for effect in attribute_change(tables).effects}
    a, b = tables["new", "new"].frame, tables["old", "old"].frame
    total = paired(a["label"].to_numpy(), a["score"].to_numpy(), b["score"].to_numpy(), 0.95)
    assert (
        found["total"].result.value,
        found["total"].result.low,
        found["total"].result.high,
    ) == pytest.approx((total.difference.value, total.difference.low, total.difference.high), abs=1e-12)
    assert attribute_change(tables).shared == 300


@pytest.mark.parametrize("metric", ["auroc", "sensitivity", "specificity"])
def test_model_and_cohort_add_up(metric):
    """Model plus cohort is the total, exactly as the cells say, with part of the rows shared."""
    found = attribute_change(four(OLD, range(150, 600)), metric, POINTS)
    values = {(cell.model, cell.cohort): cell.result.value for cell in found.cells}
    effect = {item.name: item.result.value for item in found.effects}
    assert effect["model"] + effect["cohort"] == pytest.approx(effect["total"], abs=1e-12)
    assert effect["total"] == pytest.approx(values["new", "new"] - values["old", "old"], abs=1e-12)
    assert set(effect) == set(EFFECTS)
    assert found.shared == 150


@pytest.mark.parametrize("metric", ["auroc", "sensitivity"])
def test_shared_rows_covary_as_resampling_says(metric):
    """With half of the rows shared the standard errors are those of a bootstrap of cases within ±12 %."""
    old, new = np.arange(0, 400), np.arange(200, 600)
    tables = four(old, new)
    found = attribute_change(tables, metric, POINTS)
    frames = {
        cell: {row[2]: row for row in t.frame.select("label", "score", "id").iter_rows()}
        for cell, t in tables.items()
    }
    rng = np.random.default_rng(11)
    draws = []
    for _ in range(600):
        ids = rng.integers(0, 600, 600)
        values = []
        for model, cohort in CELLS:
            rows = [frames[model, cohort][k] for k in ids if k in frames[model, cohort]]
            y = np.array([row[0] for row in rows])
            s = np.array([row[1] for row in rows])
            if metric == "auroc":
                rank = stats.rankdata(s)
                p, n = y.sum(), (~y).sum()
                values.append((rank[y].sum() - p * (p + 1) / 2) / (p * n))
            else:
                values.append((s[y] >= POINTS[model].threshold).mean())
        draws.append(values)
    for effect in found.effects:
        spread = np.std(np.array(draws) @ np.array(EFFECTS[effect.name]))
        assert abs(effect.result.value / effect.z) == pytest.approx(spread, rel=0.12), effect.name


def test_order_of_rows_does_not_matter():
    """Rows in another order give the same bits."""
    tables = four(OLD, range(150, 600))
    mixed = {
        cell: type(t)(t.frame.sample(fraction=1, shuffle=True, seed=2), t.rows, t.excluded, t.dtype, False)
        for cell, t in tables.items()
    }
    assert attribute_change(tables).as_json() == attribute_change(mixed).as_json()


def test_another_cohort_is_refused_with_what_differs():
    """Models run on different rows, or on other labels, cannot be told apart from their cohorts."""
    tables = four(OLD, NEW)
    short = dict(tables)
    short["new", "old"] = four(range(1, 300), NEW)["new", "old"]
    with pytest.raises(UnreadableInput, match="1 cases stand in the first alone, 0 in the second"):
        attribute_change(short)
    frame = tables["new", "old"].frame
    wrong = frame.with_columns(
        pl.when(pl.col("id") < 3).then(~pl.col("label")).otherwise(pl.col("label")).alias("label")
    )
    short["new", "old"] = type(tables["new", "old"])(wrong, 300, {}, "Float64", False)
    with pytest.raises(UnreadableInput, match="3 have another label"):
        attribute_change(short)


def test_a_small_difference_of_cohorts_is_suppressed():
    """Five patients who joined would be told by the difference of the cohorts."""
    found = attribute_change(four(OLD, range(305)))
    assert found.shared is None
    assert all(cell.result.value is None and cell.n is None for cell in found.cells)
    assert all(effect.result.value is None for effect in found.effects)


def test_no_change_is_no_effect():
    """The same model on the same cohort: every effect is zero, p one."""
    one = four(OLD, OLD)["old", "old"]
    found = attribute_change(dict.fromkeys(CELLS, one))
    assert [(effect.result.value, effect.p) for effect in found.effects] == [(0.0, 1.0)] * 4
