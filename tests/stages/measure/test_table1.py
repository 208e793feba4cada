"""Table 1 and the cohort flow: by hand, against NumPy, and what they must not tell."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.flow import Step, cohort_flow, faults
from muniment.measure.proportions import wilson
from muniment.measure.table1 import standardised_means, standardised_shares, table_one


def people(seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = 400
    return pl.DataFrame(
        {
            "part": ["train"] * 200 + ["test"] * 150 + ["pilot"] * 50,
            "age": [*rng.normal(60, 10, 200), *rng.normal(65, 12, 150), *rng.normal(60, 5, 49), math.nan],
            "sex": rng.choice(["f", "m"], n),
            "race": ["a"] * 150 + ["b"] * 30 + ["c"] * 20 + ["a"] * 100 + ["b"] * 47 + ["c"] * 3 + ["a"] * 50,
            "code": rng.integers(1, 4, n),
        }
    )


def made(frame, columns=("age", "sex", "race", "code"), **options):
    found = table_one(frame.lazy(), columns, "part", "train", levels=("code",), **options)
    return found, {(row.column, row.level, e.partition): e for row in found.rows for e in row.entries}


def test_numbers_by_hand():
    """Quartiles and the standardised difference are NumPy's and Austin's; NaN is missing."""
    frame = people()
    _, entries = made(frame)
    a, b = (frame.filter(part=name)["age"].to_numpy() for name in ("test", "train"))
    entry = entries["age", None, "test"]
    assert entry.quartiles == pytest.approx(tuple(np.quantile(a, [0.25, 0.5, 0.75])))
    d = (a.mean() - b.mean()) / math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    error = math.sqrt(350 / (150 * 200) + d * d / 700)
    z = stats.norm.ppf(0.975)
    assert (entry.difference.value, entry.difference.low, entry.difference.high) == pytest.approx(
        (d, d - z * error, d + z * error)
    )
    assert (entries["age", None, "pilot"].n, entries["age", None, "pilot"].missing) == (49, 1)
    assert entries["age", None, "train"].difference is None


def test_levels_by_hand():
    """Counts, Wilson's interval, and the difference of shares; numbers that are names are levels."""
    frame = people()
    _, entries = made(frame)
    k1, k2 = (int((frame.filter(part=name)["sex"] == "f").sum()) for name in ("test", "train"))
    entry = entries["sex", "f", "test"]
    assert (entry.count, entry.n, entry.share.value) == (k1, 150, k1 / 150)
    assert (entry.share.low, entry.share.high) == wilson(k1, 150, 0.95)
    p, q = k1 / 150, k2 / 200
    assert entry.difference.value == pytest.approx((p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2))
    assert ("code", "1", "test") in entries


def test_a_binary_column_has_one_difference():
    """Both levels of a binary column differ alike, with opposite signs."""
    _, entries = made(people())
    f, m = (entries["sex", level, "test"].difference for level in "fm")
    assert (f.value, f.low, f.high) == pytest.approx((-m.value, -m.high, -m.low))


def test_small_levels_are_not_told():
    """Three patients of race c in test: withheld, with b, which would give them away."""
    found, entries = made(people())
    for level in "bc":
        entry = entries["race", level, "test"]
        assert (entry.count, entry.n, entry.share, entry.difference) == (None, None, None, None)
    assert entries["race", "c", "test"].undecided == "fewer than 10 rows"
    assert entries["race", "b", "test"].undecided == "withheld to protect a smaller level"
    assert entries["race", "a", "test"].count == 100
    assert entries["race", "b", "pilot"].count == 0
    text = str(found.as_json())
    assert "'count': 3," not in text
    assert "'count': 47," not in text


def test_a_small_partition_is_not_told():
    """A partition of five patients shows nothing, nor does its complement in size."""
    frame = people().with_columns(pl.Series("part", ["train"] * 345 + ["test"] * 50 + ["pilot"] * 5))
    found, entries = made(frame)
    assert (found.partitions["pilot"], found.partitions["test"]) == (None, None)
    assert all(entries[column, None, "pilot"].quartiles is None for column in ("age",))
    assert entries["sex", "f", "test"].count is None


def test_a_hidden_reference_hides_its_differences():
    """A difference from a hidden share would tell the share."""
    frame = people().with_columns(
        pl.Series("race", ["a"] * 190 + ["b"] * 8 + ["c"] * 2 + ["a"] * 100 + ["b"] * 50 + ["a"] * 50)
    )
    _, entries = made(frame)
    entry = entries["race", "b", "test"]
    assert entry.count == 50
    assert entry.difference.value is None
    assert "the reference is not shown" in entry.difference.undecided


def test_differences_that_are_none():
    """Equal constants do not differ; different ones have no spread to be measured by."""
    assert standardised_means((1.0, 0.0, 10), (1.0, 0.0, 10), 0.95).value == 0
    assert "do not vary" in standardised_means((1.0, 0.0, 10), (2.0, 0.0, 10), 0.95).undecided
    assert "do not vary" in standardised_shares(10, 10, 0, 10, 0.95).undecided
    assert standardised_shares(0, 0, 1, 10, 0.95).value is None


def test_order_of_rows_does_not_matter():
    """Rows in another order give the same bits."""
    frame = people()
    assert made(frame)[0].as_json() == made(frame.sample(fraction=1, shuffle=True, seed=2))[0].as_json()


def test_bad_tables_are_named():
    """An unknown reference, a misspelt column, an identifier."""
    with pytest.raises(UnreadableInput, match="reference partition 'dev'"):
        table_one(people().lazy(), ["age"], "part", "dev")
    with pytest.raises(UnreadableInput, match="no column 'agee'"):
        made(people(), ("agee",))
    wide = pl.DataFrame({"part": ["train"] * 3000, "id": [f"p{k}" for k in range(3000)]})
    with pytest.raises(UsageError, match="3000 levels"):
        table_one(wide.lazy(), ["id"], "part", "train")


ORDER = ("no consent", "no image", "poor quality")


@given(st.lists(st.sampled_from([*ORDER, None, "", "NA"]), min_size=1, max_size=60))
def test_a_flow_always_closes(reasons):
    """Screened is what was excluded at each step and what is left; every step begins where the last ended."""
    frame = pl.DataFrame(
        {"why": reasons, "part": ["x" if k % 3 else "y" for k in range(len(reasons))]},
        schema_overrides={"why": pl.String},
    )
    flow = cohort_flow(frame.lazy(), "why", ORDER, "part")
    assert faults(flow.screened, flow.steps, flow.groups) == ()
    assert flow.screened == len(reasons) == sum(step.excluded for step in flow.steps) + flow.analysed
    assert [step.excluded for step in flow.steps] == [reasons.count(word) for word in ORDER]
    assert sum(flow.groups.values()) == flow.analysed


def test_a_flow_that_does_not_close_is_told():
    """Each break is named: a wrong beginning, a gain, a remainder nobody holds."""
    steps = (Step("a", 100, 90), Step("b", 95, 97))
    assert faults(100, steps, {"train": 90}) == (
        "'b' begins with 95 where 90 were left",
        "'b' leaves 97 of 95",
        "the groups hold 90 of the 97 who are left",
    )
    assert faults(100, (Step("a", 100, 90), Step("b", 90, 90)), {"train": 60, "test": 30}) == ()


def test_nobody_is_lost_on_the_way():
    """An exclusion outside the protocol, and an analysed patient without a partition, are refused."""
    frame = pl.DataFrame({"why": ["moved", None], "part": ["x", None]})
    with pytest.raises(UnreadableInput, match="'moved'"):
        cohort_flow(frame.lazy(), "why", ORDER)
    with pytest.raises(UnreadableInput, match="1 of the 1 who were analysed are in no part"):
        cohort_flow(frame.lazy(), "why", ("moved",), "part")
    with pytest.raises(UsageError, match="twice"):
        cohort_flow(frame.lazy(), "why", ("moved", "moved"))
