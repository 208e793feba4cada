"""Large tables: what is read in batches, or in passes when memory is short, gives the bits of the whole."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import MeasureRequest, large, measure_table, memory


def table(path, rows=50_000, seed=3, transform=lambda s: s):
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    label = pl.Series((rng.random(rows) < score).astype(np.int8))
    label = label.set(pl.Series(rng.random(rows) < 0.01), None)
    scores = transform(score)
    scores[rng.random(rows) < 0.01] = np.nan
    pl.DataFrame({"y": label, "s": scores, "site": rng.integers(0, 3, rows)}).write_parquet(
        path, row_group_size=7_000
    )
    return str(path)


def measured(path, **options):
    body = measure_table(MeasureRequest(path, "y", "s", thresholds=(0.3,), **options)).as_json()
    return body, body.pop("methods")


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    "transform",
    [lambda s: s, lambda s: s.round(2), lambda s: np.log(s / (1 - s)), lambda s: 1e4 * s, lambda s: -s],
    ids=["probabilities", "ties", "log odds", "above one", "below zero"],
)
def test_batches_give_the_bits_of_the_whole(tmp_path, monkeypatch, transform, lower):
    """A table read in batches has the estimates and the counts of the table in memory."""
    path = table(tmp_path / "t.parquet", transform=transform)
    whole, _ = measured(path, lower_is_positive=lower)
    monkeypatch.setattr(large, "MANY", 1000)
    monkeypatch.setattr(large, "BATCH", 3000)
    found, methods = measured(path, lower_is_positive=lower)
    assert found == whole
    assert "in batches" in methods


def test_every_pass_is_told(tmp_path, monkeypatch):
    """The first pass tells the rows read, every later one how many of all; none goes back."""
    monkeypatch.setattr(large, "MANY", 1000)
    monkeypatch.setattr(large, "BATCH", 3000)
    told = []
    request = MeasureRequest(table(tmp_path / "t.parquet"), "y", "s")
    measure_table(request, progress=lambda *word: told.append(word))
    first = [done for what, done, *_ in (word for word in told if len(word) > 1) if what == "reading rows"]
    again = [word[1:] for word in told if word[0] == "reading rows again"]
    assert first == sorted(set(first))
    assert again == [(done, 50_000) for done in first]
    assert first[-1] == 50_000


@pytest.mark.parametrize("room", [60_000, 250_000])
def test_passes_give_the_bits_of_the_whole(tmp_path, monkeypatch, room):
    """With little memory the keys are sorted range by range; no number changes, and the methods say so."""
    path = table(tmp_path / "t.parquet", transform=lambda s: np.log(s / (1 - s)))
    whole, _ = measured(path)
    monkeypatch.setattr(large, "MANY", 1000)
    monkeypatch.setattr(memory, "free", lambda: 4.0 * room)
    found, methods = measured(path)
    assert found == whole
    assert "passes over the table" in methods


def test_one_score_that_does_not_fit_is_refused(tmp_path, monkeypatch):
    """Where one range of scores is too large for any pass, the error says what is needed and what is free."""
    path = table(tmp_path / "t.parquet", transform=lambda s: s * 0 + 0.5)
    monkeypatch.setattr(large, "MANY", 1000)
    monkeypatch.setattr(memory, "free", lambda: 2000.0)
    with pytest.raises(UnreadableInput, match="rows with label and score, which need"):
        measured(path)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"y": [0, 1, 2], "s": [0.1, 0.2, 0.3]}, "has 3 values"),
        ({"y": [2, 3, 3], "s": [0.1, 0.2, 0.3]}, "which one is the event"),
        ({"y": [0, 1, 1], "z": [0.1, 0.2, 0.3]}, "no column 's'"),
        ({"y": [0, 1, 1], "s": [-1e-300, 1.0, 1e300]}, "scores below zero next to"),
    ],
)
def test_bad_columns_are_the_same_errors_in_batches(tmp_path, monkeypatch, columns, said):
    """What the columns hold is judged in batches as in one piece."""
    pl.DataFrame(columns).write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(large, "MANY", 1)
    with pytest.raises(UnreadableInput, match=said):
        measured(str(tmp_path / "t.parquet"))


LIMITED = """
import json, resource, sys
from muniment.errors import MunimentError
from muniment.measure import MeasureRequest, measure_table
taken = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmData")) * 1024
limit = taken + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
by = (("g",),) if len(sys.argv) > 3 else ()
request = MeasureRequest(sys.argv[1], "y", "s", thresholds=(0.3,), by=by)
try:
    print(json.dumps(measure_table(request).as_json()))
except MunimentError as error:
    print(json.dumps({"error": str(error), "hint": error.hint}))
"""


def limited(path, size, *by):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path), str(size), *by],
        env=os.environ | {"POLARS_MAX_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_a_table_larger_than_memory_is_measured_or_refused(tmp_path):
    """Under a real limit of memory: exact in passes from Parquet, and one clear error where that fails."""
    rows = 8_000_000
    rng = np.random.default_rng(0)
    score = rng.random(rows)
    frame = pl.DataFrame({"y": rng.random(rows) < score, "s": score, "g": rng.integers(0, 9, rows)})
    frame.write_parquet(tmp_path / "t.parquet")
    little = memory.RESERVE + 80_000_000
    whole, found = limited(tmp_path / "t.parquet", 1 << 40), limited(tmp_path / "t.parquet", little)
    # How much is left by then is the allocator's affair; the numbers are not.
    assert "sorted in" in found.pop("methods")
    assert "sorted in" not in whole.pop("methods")
    assert found == whole
    refused = limited(tmp_path / "t.parquet", little, "by")
    assert refused["error"].startswith("t.parquet has 8,000,000 rows, for which about 640 MB of memory")
    assert "without --by" in refused["hint"]
    frame.drop("g").write_csv(tmp_path / "t.csv")
    assert "are free" in limited(tmp_path / "t.csv", little)["error"]
    assert "are free" in limited(tmp_path / "t.parquet", memory.RESERVE // 2)["error"]


def test_free_memory_is_what_the_limit_leaves():
    """A limit set for the process is seen; without one there is some memory on any machine."""
    assert memory.free() > 0
    code = (
        "import resource; from muniment.measure import memory; "
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 31, 1 << 31)); print(memory.free() <= 1 << 31)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != 1 << 31


@pytest.mark.parametrize(("name", "value"), [("FEW", 1000), ("LITTLE", 0)])
def test_rows_counted_first_are_those_read_at_once(tmp_path, monkeypatch, name, value):
    """A small file is read without counting its rows; with more rows, or bytes, the numbers are the same."""
    path = table(tmp_path / "t.parquet")
    at_once = measured(path, by=(("site",),))
    monkeypatch.setattr(large, name, value)
    assert measured(path, by=(("site",),)) == at_once
