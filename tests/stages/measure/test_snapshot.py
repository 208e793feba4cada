"""Snapshots: bytes, columns and members of a dataset, and what they must not tell."""

import datetime
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import SnapshotRequest, evaluation_bytes, open_table, take_snapshot
from muniment.measure.profile import column_profile
from muniment.pipeline.snapshots import write_snapshot


def people(n=400, seed=1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "patient": [f"P{k:05}" for k in range(n)],
            "age": [*rng.integers(18, 99, n - 2), None, None],
            "lab": [float("nan"), *rng.normal(5, 1, n - 1)],
            "site": ["S1"] * (n - 103) + ["S2"] * 100 + ["S3"] * 3,
            "alive": rng.random(n) < 0.5,
            "seen": [datetime.date(2024, 1, 1 + int(k)) for k in rng.integers(0, 31, n)],
            "note": ["", "NA", *[f"text {k}" for k in range(n - 2)]],
        }
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    people().write_parquet(tmp_path / "data" / "a.parquet")
    people().write_csv(tmp_path / "data" / "b.csv")
    (tmp_path / "data" / "readme.txt").write_text("words\n")
    return tmp_path


def taken(folder, *files, **options):
    files = files or (str(folder / "data" / "*"),)
    return take_snapshot(SnapshotRequest("datasets/raw/1", files, folder, **options))


def columns(entry):
    return {column.column: column for column in entry.columns}


def test_files_are_hashed_and_tables_described(folder, valid):
    """Digest, size and rows are those of the files; a file that is no table has no columns."""
    body = taken(folder).as_json()
    valid(body, "snapshot")
    assert [entry["path"] for entry in body["files"]] == ["data/a.parquet", "data/b.csv", "data/readme.txt"]
    for entry in body["files"]:
        content = (folder / entry["path"]).read_bytes()
        assert (entry["sha256"], entry["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert [entry["rows"] for entry in body["files"]] == [400, 400, None]
    assert body["files"][2]["columns"] is None
    lines = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in body["files"])
    assert body["digest"] == hashlib.sha256(lines.encode()).hexdigest()


def test_columns_are_described(folder):
    """Ranges, quartiles and missing values are NumPy's, whether stored as numbers or written in a CSV."""
    frame = people()
    parquet, csv, _readme = taken(folder).files
    age = frame["age"].drop_nulls().to_numpy()
    for entry in (parquet, csv):
        found = columns(entry)
        assert found["age"].range == pytest.approx(
            (age.min(), *np.quantile(age, [0.25, 0.5, 0.75]), age.max()), rel=1e-12
        )
        assert (found["age"].kind, found["age"].n, found["age"].missing) == ("number", 398, 2)
        assert found["age"].distinct == len(set(age.tolist()))
        assert (found["lab"].n, found["lab"].missing, found["lab"].distinct) == (399, 1, 399)
        assert found["note"].missing == 2
    found = columns(parquet)
    assert found["seen"].range == (str(frame["seen"].min()), str(frame["seen"].max()))
    assert dict(found["alive"].levels) == {
        "true": int(frame["alive"].sum()),
        "false": int((~frame["alive"]).sum()),
    }


def test_small_levels_are_not_named(folder):
    """Three patients of S3 are not told, nor is S2, which would give them away."""
    found = columns(taken(folder).files[0])["site"]
    assert (found.levels, found.rest, found.distinct) == ((("S1", 297),), 103, 3)


def test_identifiers_show_no_levels(tmp_path):
    """A column with thousands of levels names rows; none is shown."""
    found = column_profile(pl.Series("id", [f"P{k}" for k in range(5000)] + ["P1", None, " na "]), 10)
    assert (found.kind, found.distinct, found.missing, found.levels) == ("text", 5000, 2, None)


def test_few_values_have_no_statistics():
    """Below the minimum nothing but the counts is shown, for every kind of column."""
    for values in ([1, 2, None], [0.5, 1.5], ["a", "b"], [True], [datetime.date(2024, 1, 1)]):
        found = column_profile(pl.Series("x", values), 10)
        assert (found.range, found.levels, found.distinct) == (None, None, None)
        assert found.undecided == "fewer than 10 rows"


def test_odd_columns_do_not_stop_it(tmp_path):
    """Lists, bytes, nulls, infinities, decimals, categories and empty tables are described or counted."""
    frame = pl.DataFrame(
        {
            "list": [[1, 2]] * 20,
            "bytes": [b"x"] * 20,
            "null": [None] * 20,
            "inf": [float("inf"), *range(19)],
            "decimal": pl.Series(range(20)).cast(pl.Decimal(10, 2)),
            "category": pl.Series(["a"] * 20).cast(pl.Categorical),
            "duration": pl.Series([datetime.timedelta(days=k) for k in range(20)]),
            "time": pl.Series([datetime.time(k) for k in range(20)]),
            "big": pl.Series([2**63 - 1, *range(19)]),
        },
        strict=False,
    )
    frame.write_ipc(tmp_path / "odd.arrow")
    frame[:0].write_parquet(tmp_path / "empty.parquet")
    odd, empty = (
        take_snapshot(SnapshotRequest("x", (str(tmp_path / name),), tmp_path)).files[0]
        for name in ("odd.arrow", "empty.parquet")
    )
    found = columns(odd)
    assert [found[name].kind for name in ("list", "bytes", "null")] == ["other"] * 3
    assert found["inf"].undecided == "infinite values have no range"
    assert found["decimal"].range == (0.0, 4.75, 9.5, 14.25, 19.0)
    assert found["category"].levels == (("a", 20),)
    assert found["big"].range[-1] == 2**63 - 1
    assert (empty.rows, {column.n for column in empty.columns}) == (0, {0})


def test_members_are_digested_as_a_shell_would(folder, valid):
    """`LC_ALL=C sort -u | sha256sum` over the ids of all tables gives the digest of members."""
    more = people(450)
    more.write_parquet(folder / "data" / "c.parquet")
    found = taken(folder, str(folder / "data" / "*.parquet"), id="patient")
    valid(found.as_json(), "snapshot")
    text = "\n".join([*people()["patient"], *more["patient"]]) + "\n"
    ran = subprocess.run(
        ["sh", "-c", "sort -u | sha256sum"],
        input=text.encode(),
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode().split()[0] == found.members.sha256
    assert (found.members.n, found.members.rows, found.members.missing) == (450, 850, 0)


def test_what_was_done_is_said(folder):
    """The paragraph counts what the manifest lists, and names its digests."""
    found = taken(folder, str(folder / "data" / "*.parquet"), id="patient")
    columns = len(people().columns)
    assert found.methods.startswith(
        f"1 file of datasets/raw/1: digest sha256 {found.digest}. 1 table of 400 rows in all and "
        f"{columns} columns described"
    )
    assert "A level with fewer than 10 rows is not named" in found.methods
    assert (
        f"400 members, the distinct values of 'patient' (0 rows without one): sha256 {found.members.sha256}"
        in (found.methods)
    )
    plain = taken(folder, str(folder / "data" / "readme.txt"))
    assert plain.methods.startswith(f"1 file of datasets/raw/1: digest sha256 {plain.digest}. Computed by")


def test_order_of_rows_changes_the_file_and_not_its_profile(folder):
    """Shuffled rows are other bytes of the same people: profile and members agree."""
    people().sample(fraction=1, shuffle=True, seed=3).write_parquet(folder / "data" / "d.parquet")
    one, other = (
        taken(folder, str(folder / "data" / name), id="patient") for name in ("a.parquet", "d.parquet")
    )
    assert one.files[0].columns == other.files[0].columns
    assert one.members == other.members
    assert one.digest != other.digest


WORDS = st.sampled_from(["a", "b", "c", "", "NA", "1", "2.5", "-3"])


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), WORDS), min_size=1, max_size=60), st.integers(1, 12))
def test_nothing_small_is_ever_told(values, min_n):
    """Shown levels have the minimum; what is not shown is nobody, or at least the minimum, or everybody."""
    found = column_profile(pl.Series("x", values, dtype=pl.String), min_n)
    held = [value for value in values if value not in (None, "", "NA")]
    assert (found.n, found.missing) == (len(held), len(values) - len(held))
    if found.levels is not None:
        assert all(n >= min_n and held.count(level) == n for level, n in found.levels)
        assert found.rest == len(held) - sum(n for _, n in found.levels)
        assert found.rest == 0 or found.rest >= min_n or not found.levels


def test_a_snapshot_is_written_once(folder):
    """The same files again change nothing; other files are refused with what differs."""
    files = (str(folder / "data" / "*"),)
    path, sha256, note, _found = write_snapshot("datasets/raw/1", files, folder)
    assert (note, path.relative_to(folder).as_posix()) == ("written", "datasets/raw/1.snapshot.json")
    before = path.read_bytes()
    assert hashlib.sha256(before).hexdigest() == sha256
    assert write_snapshot("datasets/raw/1", files, folder)[2] == "unchanged"
    (folder / "data" / "readme.txt").write_text("other\n")
    with pytest.raises(UsageError, match="/digest "):
        write_snapshot("datasets/raw/1", files, folder)
    assert path.read_bytes() == before
    assert write_snapshot("datasets/raw/1", files, folder, dry_run=True)[2] == "not written"
    assert before == evaluation_bytes_of(before)


def evaluation_bytes_of(data: bytes) -> bytes:
    """The canonical form of what a file says."""
    return evaluation_bytes(json.loads(data))


def test_bad_input_is_named(folder, tmp_path):
    """A missing file, a damaged one, a missing column, two files of one name, a path for a name."""
    data = folder / "data"
    with pytest.raises(UnreadableInput, match="no table"):
        taken(folder, str(data / "aa.parquet"))
    with pytest.raises(UnreadableInput, match="no column 'patientt'"):
        taken(folder, str(data / "a.parquet"), id="patientt")
    with pytest.raises(UnreadableInput, match="no file is a table"):
        taken(folder, str(data / "readme.txt"), id="patient")
    (data / "cut.parquet").write_bytes((data / "a.parquet").read_bytes()[:200])
    with pytest.raises(UnreadableInput, match=r"cut\.parquet cannot be read"):
        taken(folder, str(data / "cut.parquet"))
    inner = tmp_path / "elsewhere"
    inner.mkdir()
    twins = (folder / "x.txt", folder / "data" / "x.txt")
    for twin in twins:
        twin.write_text("1")
    with pytest.raises(UsageError, match="two files would be called"):
        take_snapshot(SnapshotRequest("d", tuple(str(twin) for twin in twins), inner))
    for name in ("../up", "/abs", "a b", ""):
        with pytest.raises(UsageError, match="no name of a dataset"):
            take_snapshot(SnapshotRequest(name, (str(data / "a.parquet"),), folder))


def test_a_file_that_changes_meanwhile_is_refused(folder, monkeypatch):
    """Digest and profile must be of the same bytes."""
    module = sys.modules["muniment.measure.snapshot"]
    path = folder / "data" / "a.parquet"

    def touching(source):
        os.utime(path, ns=(1, 1))
        return open_table(source)

    monkeypatch.setattr(module, "open_table", touching)
    with pytest.raises(UnreadableInput, match="changed while it was read"):
        taken(folder, str(path))
