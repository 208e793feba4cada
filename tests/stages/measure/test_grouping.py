"""Levels of one column or several: numbered in order, and every row in the keys of its own level."""

import numpy as np
import polars as pl
import pytest

from muniment.measure import kernel
from muniment.measure.cohorts import OperatingPoint, everybody, flagged, levels, of_keys
from muniment.measure.estimates import Settings, estimates
from muniment.measure.kernel import grouping
from muniment.measure.prepare import TableSpec, prepare

POINTS = (OperatingPoint(0.4, 0.4), OperatingPoint("own", 0.5, "g", {"a": 0.2}))


def prepared(rows, seed=0, order=None):
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    frame = pl.DataFrame(
        {
            "y": rng.random(rows) < score,
            "s": score,
            "g": rng.choice(["b", "a", "ä", None], rows),
            "h": rng.integers(-2, 12, rows),
        }
    )
    if order is not None:
        frame = frame[order]
    return prepare(frame.lazy(), TableSpec("y", "s", by=("g", "h")))


@pytest.mark.parametrize("most", [1 << 20, 3], ids=["counted", "sorted"])
@pytest.mark.parametrize("by", [("g",), ("h",), ("h", "g")])
def test_levels_are_those_of_a_group_by(monkeypatch, by, most):
    """Levels, their order and their rows are those that Polars groups by, however they are found."""
    monkeypatch.setattr(kernel, "MOST_COUNTED", most)
    frame = prepared(500).frame
    columns = [f"by:{name}" for name in by]
    expected = frame.select(columns).unique().sort(columns).rows()
    found = grouping(frame, by)
    assert list(found.levels) == expected
    assert [found.levels[code] for code in found.codes] == frame.select(columns).rows()


def test_counts_by_bisection_are_counts_row_by_row():
    """A threshold for all rows, and one a level, give the 2×2 tables of the calls themselves."""
    table = flagged(prepared(2000), POINTS)
    for cohort in (everybody(table, POINTS, 1), *levels(table, ("g",), POINTS, 1)):
        rows = table.frame
        for axis, level in cohort.by.items():
            rows = rows.filter(pl.col(f"by:{axis}") == level)
        for index, point in enumerate(POINTS):
            called, label = rows[f"flag:{index}"], rows["label"]
            counts = cohort.counts[point.id]
            assert counts.tp == (called & label).sum()
            assert counts.fp == (called & ~label).sum()
            assert counts.fn == (~called & label).sum()
            assert counts.tn == (~called & ~label).sum()
    whole = everybody(table, POINTS[:1], 1)
    assert of_keys(whole.keys, POINTS[:1], False, 1).counts == whole.counts


def test_the_order_of_many_rows_does_not_matter():
    """Where calibration is fitted in passes, too, any order of the rows gives the same bits."""
    order = np.random.default_rng(9).permutation(45_000)
    found = []
    for table in (prepared(45_000), prepared(45_000, order=order)):
        marked = flagged(table, POINTS)
        cohorts = (everybody(marked, POINTS, 1), *levels(marked, ("g",), POINTS, 1))
        found.append([item for cohort in cohorts for item in estimates(cohort, Settings(), POINTS)])
    assert found[0] == found[1]
