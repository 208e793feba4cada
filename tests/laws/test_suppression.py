"""No small cell can be computed from everything that is shown: tried with exact linear algebra."""

from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.measure import MeasureRequest, measure_table
from muniment.measure.suppression import jointly

COLUMNS = ("a", "b", "c")
AXES = [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "c"), ("a", "b", "c")]
CELLS = st.dictionaries(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("uvw"), st.sampled_from("pq")),
    st.integers(1, 30),
    min_size=1,
    max_size=12,
)
REQUESTS = st.lists(st.sampled_from(AXES), min_size=1, max_size=5, unique=True)


def reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Row echelon form in exact arithmetic."""
    rows, out = [list(row) for row in rows], []
    while rows:
        rows = [row for row in rows if any(row)]
        if not rows:
            break
        rows.sort(key=lambda row: next(k for k, value in enumerate(row) if value))
        first = rows.pop(0)
        at = next(k for k, value in enumerate(first) if value)
        first = [value / first[at] for value in first]
        rows = [[x - row[at] * y for x, y in zip(row, first, strict=True)] for row in rows]
        out.append(first)
    return out


def computable(target: list[Fraction], basis: list[list[Fraction]]) -> bool:
    """Whether a sum of cells is a combination of the known sums."""
    for row in basis:
        at = next(k for k, value in enumerate(row) if value)
        if target[at]:
            target = [x - target[at] * y for x, y in zip(target, row, strict=True)]
    return not any(target)


def together(cells, columns, axes, min_n):
    """`jointly` on a dictionary of cells."""
    names = sorted(cells)
    coded = {}
    for axis in axes:
        parts = [tuple(name[columns.index(column)] for column in axis) for name in names]
        levels = sorted(set(parts))
        coded[axis] = (levels, np.array([levels.index(part) for part in parts]))
    return jointly(coded, np.array([cells[name] for name in names]), min_n)


def indicator(cells, axis, level) -> list[Fraction]:
    places = [COLUMNS.index(column) for column in axis]
    return [Fraction(int(tuple(cell[p] for p in places) == level)) for cell in cells]


def levels_of(cells, axis):
    places = [COLUMNS.index(column) for column in axis]
    out: dict[tuple[str, ...], int] = {}
    for cell, n in cells.items():
        level = tuple(cell[p] for p in places)
        out[level] = out.get(level, 0) + n
    return out


@settings(max_examples=400, deadline=None)
@given(CELLS, REQUESTS, st.integers(2, 12))
def test_a_small_level_follows_from_nothing_that_is_shown(cells, axes, min_n):
    """Shown levels of every axis, and the total, span no small level of any axis."""
    names = sorted(cells)
    gone = together(cells, COLUMNS, axes, min_n)
    known = [[Fraction(1)] * len(names)]
    for axis in axes:
        known += [
            indicator(names, axis, level) for level in levels_of(cells, axis) if level not in gone[axis]
        ]
    if len(known) == 1:
        return
    basis = reduced(known)
    for axis in axes:
        for level, n in levels_of(cells, axis).items():
            if n < min_n:
                assert level in gone[axis]
                # A table that is one small level as a whole is the total itself.
                if n < sum(cells.values()):
                    assert not computable(indicator(names, axis, level), basis), (axis, level)


@settings(max_examples=25, deadline=None)
@given(CELLS, REQUESTS, st.randoms(use_true_random=False))
def test_counts_in_the_output_give_no_hidden_count(tmp_path_factory, cells, axes, random):
    """From what `measure` prints, rows and 2×2 tables, nothing of a small level can be computed."""
    rows = [
        (*cell, random.random() < 0.4, random.random()) for cell in sorted(cells) for _ in range(cells[cell])
    ]
    table = pl.DataFrame(rows, schema=[*COLUMNS, "y", "s"], orient="row")
    path = tmp_path_factory.mktemp("suppression") / "t.parquet"
    table.write_parquet(path)
    if table.height < 10:
        return
    found = measure_table(
        MeasureRequest(str(path), "y", "s", positive="true", thresholds=(0.5,), by=tuple(axes))
    )
    names = sorted(cells)
    known = {"n": [[Fraction(1)] * len(names)], "tp": [[Fraction(1)] * len(names)]}
    for item in found.estimates:
        if not item.cohort or item.n is None:
            continue
        axis = next(axis for axis in axes if set(axis) == set(item.cohort))
        row = indicator(names, axis, tuple(item.cohort[column] for column in axis))
        known["n"].append(row)
        if item.metric == "tp":
            known["tp"].append(row)
    for measure in known.values():
        if len(measure) == 1:
            continue
        basis = reduced(measure)
        for axis in axes:
            for level, n in levels_of(cells, axis).items():
                if n < 10:
                    assert not computable(indicator(names, axis, level), basis), (axis, level)


def test_a_hospital_is_not_its_region_less_the_others():
    """Region and hospital are two tables; together they would give the small hospital away."""
    cells = {("north", "n1"): 4, ("north", "n2"): 100, ("south", "s1"): 50, ("south", "s2"): 60}
    gone = together(cells, ("region", "site"), [("region",), ("site",)], 10)
    assert ("n1",) in gone["site",]
    assert ("n2",) in gone["site",] or ("north",) in gone["region",]


def test_tables_without_small_cells_stay_whole():
    """Nothing small, nothing hidden."""
    cells = {("f", "x"): 10, ("f", "y"): 20, ("m", "x"): 30, ("m", "y"): 40}
    gone = together(cells, ("a", "b"), [("a",), ("b",), ("a", "b")], 10)
    assert all(not reasons for reasons in gone.values())
