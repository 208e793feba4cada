"""What partitions share, against sets of Python."""

import datetime
import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import overlap
from muniment.measure.overlap import coded, overlaps, overlaps_of_tables, shared

KINDS = {
    "numbers": st.integers(-5, 20),
    "wide numbers": st.sampled_from([-(2**63), -1, 0, 1, 2**63 - 1]),
    "words": st.sampled_from(["1", "01", "1.0", "", "ä", "long enough not to be inlined", "x"]),
    "dates": st.dates(datetime.date(1990, 1, 1), datetime.date(1990, 1, 9)),
    "floats": st.sampled_from([0.5, 1.5, float("nan"), float("inf")]),
    "flags": st.booleans(),
}


def by_sets(values, parts):
    """Distinct values of each partition and pair, by the definition."""
    names = sorted(set(parts))
    held = {
        name: {v for v, p in zip(values, parts, strict=True) if p == name and v is not None and v == v}
        for name in names
    }
    return (
        {name: len(held[name]) for name in names},
        {(a, b): len(held[a] & held[b]) for a, b in itertools.combinations(names, 2)},
    )


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_counts_are_those_of_sets(data, kind):
    """For every kind of id, with gaps and repeats, the counts are those of Python's sets."""
    rows = data.draw(
        st.lists(
            st.tuples(st.one_of(st.none(), KINDS[kind]), st.sampled_from("abcde")), min_size=1, max_size=40
        )
    )
    values, parts = [row[0] for row in rows], [row[1] for row in rows]
    series = pl.Series("id", values, strict=False)
    if series.dtype == pl.Null:
        series = series.cast(pl.Int64)
    names, codes = coded(pl.Series("part", parts), "t")
    found = shared("patient", "id", series, codes, names)
    distinct, pairs = by_sets(values, parts)
    assert (dict(found.distinct), dict(found.pairs)) == (distinct, pairs)
    missing = {name: sum(p == name and (v is None or v != v) for v, p in rows) for name in names}
    assert dict(found.missing) == missing


def table(n=3000, seed=1):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "patient": rng.integers(0, 2 * n, n),
            "name": [f"P{k:07}" for k in rng.integers(0, 2 * n, n)],
            "site": rng.choice(["S1", "S2", "S3", None], n),
            "quarter": [f"2023Q{1 + k}" for k in rng.integers(0, 4, n)],
            "part": rng.choice(["train", "test", None], n, p=[0.7, 0.25, 0.05]),
        }
    )


def test_a_table_is_counted_by_every_unit(tmp_path):
    """Patients, sites and times of one membership table; an empty partition is one of its own."""
    frame = table()
    frame.write_parquet(tmp_path / "m.parquet")
    units = {"patient": "patient", "site": "site", "time": "quarter"}
    found = overlaps(tmp_path / "m.parquet", units, "part")
    parts = frame["part"].fill_null("(missing)").to_list()
    assert list(found.partitions) == ["(missing)", "test", "train"]
    for unit in found.units:
        distinct, pairs = by_sets(frame[unit.column].to_list(), parts)
        assert (dict(unit.distinct), dict(unit.pairs)) == (distinct, pairs)
    assert sum(found.partitions.values()) == 3000
    mixed = frame.sample(fraction=1, shuffle=True, seed=3)
    mixed.write_parquet(tmp_path / "mixed.parquet")
    assert overlaps(tmp_path / "mixed.parquet", units, "part").as_json() == found.as_json()


def test_small_blocks_count_the_same(tmp_path, monkeypatch):
    """An id whose rows span blocks is counted once."""
    frame = pl.concat([table(400)] * 5)
    names, codes = coded(frame["part"], "t")
    whole = shared("patient", "patient", frame["patient"], codes, names)
    monkeypatch.setattr(overlap, "BLOCK", 3)
    assert shared("patient", "patient", frame["patient"], codes, names) == whole
    assert (
        dict(whole.pairs)
        == by_sets(frame["patient"].to_list(), frame["part"].fill_null("(missing)").to_list())[1]
    )


@pytest.mark.parametrize("marks", [1, overlap.MOST_MARKS])
@pytest.mark.parametrize("kept", [0, 6, 10, 64])
def test_a_hash_that_two_ids_share_does_not_count_as_an_overlap(monkeypatch, kept, marks):
    """However few bits of a hash differ (none, or so few that some ids share one), the counts are exact."""
    frame = table(500)
    names, codes = coded(frame["part"], "t")
    expected = by_sets(frame["name"].to_list(), frame["part"].fill_null("(missing)").to_list())
    real = pl.Series.hash
    lost = np.uint64(2**64 - 2**kept)
    ids = frame["name"].unique()
    assert (len(np.unique(real(ids).to_numpy() | lost)) < len(ids)) == (kept < 64)
    monkeypatch.setattr(pl.Series, "hash", lambda series: pl.Series(real(series).to_numpy() | lost))
    monkeypatch.setattr(overlap, "MOST_MARKS", marks)
    found = shared("patient", "name", frame["name"], codes, names)
    assert (dict(found.distinct), dict(found.pairs)) == expected


def test_tables_are_partitions(tmp_path):
    """Three files, one a partition, give what one table with a partition column gives."""
    frame = table().drop_nulls("part")
    for name, part in frame.partition_by("part", as_dict=True).items():
        part.write_parquet(tmp_path / f"{name[0]}.parquet")
    frame.write_parquet(tmp_path / "all.parquet")
    units = {"patient": "name", "site": "site"}
    apart = overlaps_of_tables({name: tmp_path / f"{name}.parquet" for name in ("train", "test")}, units)
    assert apart == overlaps(tmp_path / "all.parquet", units, "part")
    table().with_columns(name=pl.int_range(3000)).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(UnreadableInput, match="Int64 in one table and String in another"):
        overlaps_of_tables({"a": tmp_path / "all.parquet", "b": tmp_path / "other.parquet"}, units)


def test_bad_requests_are_named(tmp_path):
    """No unit, a misspelt column, an id for a partition, no rows."""
    table().write_parquet(tmp_path / "m.parquet")
    with pytest.raises(UsageError, match="of what"):
        overlaps(tmp_path / "m.parquet", {}, "part")
    with pytest.raises(UnreadableInput, match="no column 'sitee'"):
        overlaps(tmp_path / "m.parquet", {"site": "sitee"}, "part")
    with pytest.raises(UsageError, match="64 can be compared"):
        overlaps(tmp_path / "m.parquet", {"site": "site"}, "name")
    table()[:0].write_parquet(tmp_path / "none.parquet")
    with pytest.raises(UnreadableInput, match="no rows"):
        overlaps(tmp_path / "none.parquet", {"site": "site"}, "part")
