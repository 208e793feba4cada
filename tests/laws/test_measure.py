"""Laws of the measures: what must not matter does not, to the last bit where bits are promised."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.measure.cohorts import OperatingPoint, everybody, flagged, levels
from muniment.measure.discrimination import area, auroc, paired
from muniment.measure.estimates import Settings, estimates
from muniment.measure.kernel import all_keys, fold, keyed, scale_of
from muniment.measure.prepare import TableSpec, prepare

SCORES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.floats(0, 1))
ROWS = st.lists(st.tuples(st.booleans(), SCORES, st.sampled_from(["a", "b", None])), min_size=1, max_size=60)
POINTS = (OperatingPoint(0.5, 0.5), OperatingPoint(-1.0, -1.0))


def prepared(rows):
    table = pl.DataFrame(rows, schema={"y": pl.Boolean, "s": pl.Float64, "g": pl.String}, orient="row")
    return prepare(table.lazy(), TableSpec("y", "s", by=("g",)))


def state(rows):
    frame = prepared(rows).frame
    scale = scale_of(frame)
    return fold(all_keys(keyed(frame, scale), scale).values)


def everything(rows):
    table = flagged(prepared(rows), POINTS)
    cohorts = [everybody(table, POINTS, 1), *levels(table, ("g",), POINTS, 1)]
    return [item for cohort in cohorts for item in estimates(cohort, Settings(min_n=1))]


@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, random):
    """Any order of the rows gives the same bits."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert everything(shuffled) == everything(rows)


@given(st.lists(st.tuples(st.booleans(), st.integers(-50, 50)), min_size=1, max_size=60))
def test_a_rising_transformation_does_not_matter(rows):
    """The area, and its variance, depend on the order of the scores alone."""
    transforms = (lambda s: s / 100 + 0.5, lambda s: s**3 + 7.0, np.exp, lambda s: 1e300 * (s + 60))
    states = {state([(y, float(f(s)), "a") for y, s in rows]) for f in transforms}
    assert len(states) == 1


@given(ROWS)
def test_turning_the_scores_turns_the_area(rows):
    """AUROC(-s) = 1 - AUROC(s), in exact integers."""
    one, other = state(rows), state([(y, -s, g) for y, s, g in rows])
    assert one.twice_u + other.twice_u == 2 * one.positives * one.negatives


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), min_size=1, max_size=60))
def test_the_complement_of_a_score_turns_the_area(rows):
    """AUROC(1 - s) = 1 - AUROC(s) for scores whose complement is exact."""
    one = state([(y, s / 1024, "a") for y, s in rows])
    other = state([(y, 1 - s / 1024, "a") for y, s in rows])
    if one.positives and one.negatives:
        assert area(other) == pytest.approx(1 - area(one), abs=1e-15)


@given(ROWS)
def test_counts_of_subgroups_add_up(rows):
    """Every row is in one level, and once in every 2×2 table."""
    table = flagged(prepared(rows), POINTS)
    whole, parts = everybody(table, POINTS, 1), levels(table, ("g",), POINTS, 1)
    assert sum(part.n for part in parts) == whole.n == len(rows)
    assert sum(part.events for part in parts) == whole.events
    for point in POINTS:
        for cell in ("tp", "fp", "fn", "tn"):
            total = sum(getattr(part.counts[point.id], cell) for part in parts)
            assert total == getattr(whole.counts[point.id], cell)
        assert whole.counts[point.id].n == whole.n


@given(ROWS)
def test_an_interval_holds_its_value(rows):
    """Value, low and high come together, in order, or a reason comes instead."""
    for item in everything(rows):
        if item.method == "count":
            continue
        numbers = (item.low, item.value, item.high)
        if item.undecided:
            assert numbers == (None, None, None)
        else:
            assert item.low - 1e-12 <= item.value <= item.high + 1e-12
            assert item.n is not None


@given(ROWS)
def test_labels_turned_round_turn_the_area(rows):
    """Exchanging events and non-events mirrors area and interval."""
    one, other = auroc(state(rows), 0.95), auroc(state([(not y, s, g) for y, s, g in rows]), 0.95)
    if one.undecided:
        assert other.undecided
    else:
        assert (other.low, other.high) == pytest.approx((1 - one.high, 1 - one.low), abs=1e-12)


@settings(max_examples=20)
@given(ROWS, st.integers(1, 9))
def test_chunks_do_not_matter(rows, size):
    """A table in many chunks gives the bits of the table in one."""
    whole = prepared(rows)
    chunks = [whole.frame[k : k + size] for k in range(0, whole.frame.height, size)]
    cut = replace(whole, frame=pl.concat(chunks, rechunk=False))
    for one, other in zip(
        estimates(everybody(flagged(whole, POINTS), POINTS, 1), Settings(min_n=1)),
        estimates(everybody(flagged(cut, POINTS), POINTS, 1), Settings(min_n=1)),
        strict=True,
    ):
        assert one == other


@given(st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_a_paired_comparison_does_not_depend_on_the_order(seed, random):
    """The same pairs in another order give the same bits."""
    rng = np.random.default_rng(seed)
    a, b, labels = rng.random(60).round(2), rng.random(60).round(2), rng.random(60) < 0.4
    order = list(range(60))
    random.shuffle(order)
    assert paired(labels, a, b, 0.95) == paired(labels[order], a[order], b[order], 0.95)


PROGRAM = """
import hashlib, json, sys
from muniment.measure import MeasureRequest, measure_table
found = measure_table(MeasureRequest(sys.argv[1], "y", "s", thresholds=(0.3,), by=(("g",),)))
print(hashlib.sha256(json.dumps(found.as_json(), sort_keys=True).encode()).hexdigest())
"""


def test_threads_do_not_matter(tmp_path):
    """One thread and eight give the same bytes on a table of many blocks."""
    rng = np.random.default_rng(0)
    score = rng.random(200_000)
    table = pl.DataFrame({"s": score, "y": rng.random(200_000) < score, "g": rng.integers(0, 20, 200_000)})
    table.write_parquet(tmp_path / "t.parquet", row_group_size=10_000)
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "t.parquet")],
            env=os.environ | {"POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "8")
    }
    assert len(digests) == 1


DRAWN = """
import hashlib, json, sys
from muniment.measure import MeasureRequest, measure_table
found = measure_table(
    MeasureRequest(sys.argv[1], "y", "s", bootstrap=200, thresholds=(0.3,), by=(("g",), ("h",), ("g", "h")),
                   partial_fpr=0.2, prevalence=0.1)
)
print(hashlib.sha256(json.dumps(found.as_json(), sort_keys=True).encode()).hexdigest())
"""


def test_threads_do_not_matter_to_replicates(tmp_path):
    """Refitted curves and joint suppression give the same bytes on any number of threads of any library."""
    rng = np.random.default_rng(1)
    score = rng.random(1500)
    table = pl.DataFrame({"s": score, "y": rng.random(1500) < score})
    table = table.with_columns(
        g=pl.Series(rng.integers(0, 3, 1500)), h=pl.Series(rng.exponential(2, 1500)).floor()
    )
    table.write_parquet(tmp_path / "t.parquet", row_group_size=500)
    digests = {
        subprocess.run(
            [sys.executable, "-c", DRAWN, str(tmp_path / "t.parquet")],
            env=os.environ | {"POLARS_MAX_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(digests) == 1
