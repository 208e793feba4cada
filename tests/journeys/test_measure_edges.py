"""Edge cases and bad tables through `muniment measure`, as a user meets them."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from muniment.cli.main import main

CALIBRATION = ("brier", "log_loss", "calibration_intercept", "calibration_slope", "oe_ratio")
Measured = Callable[..., "Found"]
Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Found:
    """What `muniment measure --format json` printed."""

    body: Mapping[str, Any]

    def __call__(self, metric: str) -> dict[str, Any]:
        """The one overall estimate of a metric."""
        (one,) = [e for e in self.body["estimates"] if e["metric"] == metric and not e["cohort"]]
        return dict(one)

    def limits(self, metric: str) -> tuple[float, float, float]:
        one = self(metric)
        return one["low"], one["value"], one["high"]

    def why(self, metric: str) -> str:
        """Why a metric has no value; a value or a limit beside the reason is a fault."""
        one = self(metric)
        assert (one["value"], one["low"], one["high"]) == (None, None, None), one
        return str(one["undecided"])


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process: exit code, stdout, stderr."""

    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main(list(args))
        out, err = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return call


@pytest.fixture
def measured(tmp_path: Path, run: Run) -> Measured:
    """Measure columns written to Parquet; every cell is shown."""

    def of(columns: Mapping[str, Sequence[object]] | pl.DataFrame, *options: str) -> Found:
        path = tmp_path / "table.parquet"
        pl.DataFrame(columns, strict=False).write_parquet(path)
        shown = ("measure", str(path), "--label", "y", "--score", "s", "--min-n", "1", "--format", "json")
        code, out, err = run(*shown, *options)
        assert (code, err) == (0, ""), err
        return Found(json.loads(out))

    return of


@pytest.fixture
def refused(tmp_path: Path, run: Run) -> Callable[..., None]:
    """The table is refused: exit 2, one error with a hint, nothing on stdout, every word in the message."""

    def of(name: str, *words: str, options: Sequence[str] = ()) -> None:
        asked = ("measure", str(tmp_path / name), "--label", "y", "--score", "s", "--format", "json")
        code, out, err = run(*asked, *options)
        assert (code, out) == (2, ""), err
        assert err.count("error: ") == 1
        assert "hint: " in err
        assert "Traceback" not in err
        assert "internal fault" not in err
        for word in words:
            assert word in err, err

    return of


# Scores.


def test_ties_count_half(measured: Measured) -> None:
    """A tied pair is half a win: 1 + 1/2 + 1 + 1 of 4."""
    found = measured({"y": [0, 0, 1, 1], "s": [0.1, 0.5, 0.5, 0.9]})
    assert found("auroc")["value"] == 3.5 / 4


def test_all_tied_has_an_area_of_one_half_and_no_slope(measured: Measured) -> None:
    """One score for all: AUROC 1/2 with a wide interval, prevalence as precision, an intercept, no slope."""
    found = measured({"y": [0, 1] * 10, "s": [0.4] * 20}, "--threshold", "0.4")
    low, value, high = found.limits("auroc")
    assert (value, found("auroc")["method"]) == (0.5, "newcombe-auroc")
    assert low < 0.3
    assert high > 0.7
    assert found("average_precision")["value"] == 0.5
    assert found.why("calibration_slope") == "all scores are equal"
    assert found("calibration_intercept")["value"] == pytest.approx(math.log(0.6 / 0.4))
    assert (found("tp")["value"], found("tn")["value"]) == (10, 0)
    assert found.why("npv") == "no negative calls"


def test_infinite_scores_rank_and_are_no_probabilities(measured: Measured) -> None:
    """Infinity is above all and at every threshold; calibration refuses it."""
    found = measured(
        {"y": [0, 1, 0, 1, 1, 0], "s": [-math.inf, math.inf, 0.5, 0.7, 0.5, math.inf]}, "--threshold", "0.6"
    )
    # Pairs won: the top event 2.5, 0.7 two, 0.5 one and a half, of nine.
    assert found("auroc")["value"] == pytest.approx(6 / 9)
    assert (found("tp")["value"], found("fp")["value"]) == (2, 1)
    for metric in CALIBRATION:
        assert "scores outside [0, 1], from -inf to inf" in found.why(metric)


@pytest.mark.parametrize("scores", [[-0.2, 0.3, 0.8, 0.9], [0.1, 0.3, 0.8, 1.5]])
def test_scores_outside_0_to_1_rank_and_do_not_calibrate(measured: Measured, scores: list[float]) -> None:
    """Discrimination takes any number, calibration probabilities only, and says the range it found."""
    found = measured({"y": [0, 1, 0, 1], "s": scores}, "--threshold", "0.5")
    assert found("auroc")["value"] == 0.75
    assert found("sensitivity")["value"] == 0.5
    for metric in CALIBRATION:
        assert found.why(metric).startswith("scores outside [0, 1], from ")


def test_scores_of_exactly_0_and_1(measured: Measured) -> None:
    """Certain and right: losses of 0, and no logit, so no intercept. Certain and wrong: no log loss."""
    right = measured({"y": [0, 1, 0, 1], "s": [0.0, 1.0, 0.0, 1.0]})
    assert (right("brier")["value"], right("log_loss")["value"]) == (0, 0)
    assert "4 scores are exactly 0 or 1" in right.why("calibration_intercept")
    wrong = measured({"y": [1, 1, 0, 0], "s": [0.0, 1.0, 0.0, 1.0]})
    assert "infinite" in wrong.why("log_loss")


def test_null_and_nan_scores_and_labels_are_left_out_and_counted(measured: Measured) -> None:
    """What is left is measured as if the rest had not been there; NaN is at no threshold."""
    found = measured(
        {
            "y": [0, 0, 1, 1, 1, None, math.nan, 0],
            "s": [0.1, 0.4, 0.35, 0.8, math.nan, 0.9, None, None],
        },
        "--threshold",
        "0.3",
    )
    assert (found.body["rows"], found.body["excluded"]) == (8, {"null_label": 2, "null_score": 2})
    assert (found("auroc")["n"], found("auroc")["value"], found("tp")["value"]) == (4, 0.75, 2)
    assert "4 were left out (2 without a label, 2 without a score)" in found.body["methods"]


@pytest.mark.parametrize("kind", [pl.Int8, pl.UInt16, pl.Int64, pl.Float32, pl.Boolean, pl.String])
def test_scores_of_any_type_of_number(measured: Measured, kind: type[pl.DataType]) -> None:
    """Whole numbers, single precision, booleans and numbers as text are numbers."""
    scores = pl.Series("s", [0, 0, 1, 1, 0, 1]).cast(kind)
    found = measured(pl.DataFrame({"y": [0, 0, 1, 1, 1, 0]}).with_columns(scores), "--threshold", "1")
    assert found("auroc")["value"] == pytest.approx(2 / 3)
    assert found("tp")["value"] == 2
    assert f"scores are stored as {kind()}" in found.body["methods"]


# Labels.


@pytest.mark.parametrize(
    ("labels", "options"),
    [
        ([0, 0, 1, 1], ()),
        ([False, False, True, True], ()),
        ([0.0, 0.0, 1.0, 1.0], ()),
        (["false", "FALSE", "True", "true"], ()),
        (["alive", "alive", "dead", "dead"], ("--positive", "dead")),
        ([1, 1, 2, 2], ("--positive", "2")),
    ],
)
def test_labels_of_every_type(measured: Measured, labels: list[object], options: tuple[str, ...]) -> None:
    """Numbers, booleans and words say the same."""
    values = pl.Series("y", labels)
    found = measured(pl.DataFrame({"s": [0.1, 0.4, 0.35, 0.8]}).with_columns(values), *options)
    assert (found("auroc")["value"], found("auroc")["events"]) == (0.75, 2)


@pytest.mark.parametrize(("label", "there"), [(1, "specificity"), (0, "sensitivity")])
def test_one_class_gives_reasons(measured: Measured, label: int, there: str) -> None:
    """Never 0.0 or 0.5 for what one class cannot tell; what it can tell is told."""
    found = measured({"y": [label] * 12, "s": [k / 12 for k in range(12)]}, "--threshold", "0.5")
    assert found.why("auroc") == "one class only"
    assert found.why("calibration_slope") == "one class only"
    nothing = "no non-events" if label else "no events"
    for metric in (there, "lr_positive", "lr_negative", "diagnostic_odds_ratio", "youden"):
        assert found.why(metric) == nothing
    assert found("prevalence")["value"] == label
    assert found("brier")["value"] is not None


def test_one_case_of_a_class_has_no_variance(measured: Measured) -> None:
    """One event: its area could be computed and its interval not, so there is no estimate."""
    found = measured({"y": [0] * 11 + [1], "s": [k / 12 for k in range(12)]}, "--threshold", "0.5")
    assert found.why("auroc") == "one event only"
    assert found("sensitivity")["value"] == 1
    assert found("sensitivity")["low"] == pytest.approx(0.2065, abs=5e-5)


def test_a_cohort_without_a_row_left(measured: Measured) -> None:
    """All scores missing: every estimate says why, and nothing fails."""
    found = measured(
        {"y": [0, 1, 1], "s": pl.Series([None, None, None], dtype=pl.Float64)}, "--threshold", "0.5"
    )
    assert found.body["excluded"] == {"null_label": 0, "null_score": 3}
    for estimate in found.body["estimates"]:
        if estimate["method"] != "count":
            assert estimate["value"] is None
            assert estimate["undecided"]


# Weights and clusters.


def test_weights_with_zeros(measured: Measured) -> None:
    """A weight of 0 takes a row out; the others count as often as they say."""
    weighted = measured(
        {"y": [0, 0, 1, 1, 1], "s": [0.1, 0.4, 0.35, 0.8, 0.01], "w": [2, 1, 1, 2, 0]}, "--weight", "w"
    )
    repeated = measured({"y": [0, 0, 0, 1, 1, 1], "s": [0.1, 0.1, 0.4, 0.35, 0.8, 0.8]})
    assert weighted.body["estimates"] == repeated.body["estimates"]


def test_weights_that_are_all_zero(measured: Measured) -> None:
    """No row stands for any: as a cohort without a row."""
    found = measured({"y": [0, 1], "s": [0.1, 0.2], "w": [0, 0]}, "--weight", "w")
    assert found.why("auroc") == "no rows"


def test_clusters_of_one_are_rows(measured: Measured) -> None:
    """A patient a row: Obuchowski's interval is DeLong's."""
    columns = {
        "y": [0, 1] * 20,
        "s": [(7 * k % 40) / 40 for k in range(40)],
        "c": [f"p{k:02}" for k in range(40)],
    }
    plain, clustered = measured(columns), measured(columns, "--cluster", "c")
    assert (plain("auroc")["method"], clustered("auroc")["method"]) == ("delong", "obuchowski")
    assert clustered.limits("auroc") == pytest.approx(plain.limits("auroc"), abs=1e-11)


def test_one_cluster_has_no_variance(measured: Measured) -> None:
    """All rows of one patient: nothing says how patients differ."""
    found = measured(
        {"y": [0, 1] * 6, "s": [k / 12 for k in range(12)], "c": ["p"] * 12},
        "--cluster",
        "c",
        "--threshold",
        "0.5",
    )
    assert "one cluster" in found.why("auroc")
    assert found.why("sensitivity") == "one cluster only"
    assert found.why("brier") == "one cluster only"


# Tables that are refused.


def write(folder: Path, name: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)


def test_a_wrong_column_names_what_was_found(tmp_path: Path, refused: Callable[..., None]) -> None:
    """The message has the column asked for, the file, the columns there and the nearest of them."""
    write(tmp_path, "t.csv", "Y,s,site\n1,0.5,A\n")
    refused("t.csv", "t.csv has no column 'y'", "Columns found: Y, s, site", "Did you mean 'Y'?")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("y,s\n0,0.1\n1,0.2\n2,0.3\n", ("label 'y' of t.csv has 3 values: '0', '1', '2'", "two values")),
        ("y,s\nyes,0.1\nno,0.2\n", ("the values 'no' and 'yes'; which one is the event?", "--positive")),
        ("y,s\n0,0.1\n1,high\n1,0.3\n", ("holds 'high' where a number was expected", "column 's'")),
        ("y,s\n0,0.1\n1,0,2\n", ("t.csv cannot be read",)),
        ("y,s\n", ("t.csv has no rows",)),
        ("", ("t.csv cannot be read",)),
    ],
    ids=["three labels", "unclear labels", "mixed types", "decimal commas", "no rows", "empty file"],
)
def test_a_table_that_cannot_be_meant_is_refused(
    tmp_path: Path, refused: Callable[..., None], content: str, words: tuple[str, ...]
) -> None:
    """What was found and what was expected stand in one error."""
    write(tmp_path, "t.csv", content)
    refused("t.csv", *words)


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.csv.gz"])
def test_a_file_cut_short_is_refused(
    tmp_path: Path, refused: Callable[..., None], name: str, keep: float
) -> None:
    """A truncated Parquet, Arrow or gzip file is one error, never some of its rows."""
    table = pl.DataFrame({"y": [0, 1] * 2000, "s": [(k * 37 % 4001) / 4001 for k in range(4000)]})
    if name.endswith(".parquet"):
        table.write_parquet(tmp_path / name)
    elif name.endswith(".arrow"):
        table.write_ipc(tmp_path / name)
    else:
        write(tmp_path, name, gzip.compress(table.write_csv().encode(), mtime=0))
    data = (tmp_path / name).read_bytes()
    write(tmp_path, name, data[: int(len(data) * keep)])
    refused(name, f"{name} cannot be read", "cut short")


def test_a_glob_of_differing_schemas_is_refused(tmp_path: Path, refused: Callable[..., None]) -> None:
    """Both files are named with what they hold."""
    pl.DataFrame({"y": [0, 1], "s": [0.1, 0.2]}).write_parquet(tmp_path / "part-1.parquet")
    pl.DataFrame({"y": [0, 1], "s": ["0.1", "0.2"]}).write_parquet(tmp_path / "part-2.parquet")
    refused(
        "part-*.parquet",
        "differ",
        "part-1.parquet has y (Int64), s (Float64)",
        "part-2.parquet has",
        "String",
    )


def test_a_glob_that_matches_nothing_is_refused(refused: Callable[..., None]) -> None:
    """No file is an error, not an empty table."""
    refused("part-*.parquet", "there is no table")


@pytest.mark.parametrize("weight", ["-1", "0.5", "inf", "many", ""])
def test_weights_that_are_no_numbers_of_rows_are_refused(
    tmp_path: Path, refused: Callable[..., None], weight: str
) -> None:
    """A sampling weight is not taken for a count, and a missing one is not taken for anything."""
    write(tmp_path, "t.csv", f"y,s,w\n0,0.1,1\n1,0.2,{weight}\n")
    refused("t.csv", "'w'", "t.csv", options=("--weight", "w"))


def test_a_row_without_a_cluster_is_refused(tmp_path: Path, refused: Callable[..., None]) -> None:
    """A row whose patient is unknown may belong to any."""
    pl.DataFrame({"y": [0, 1], "s": [0.1, 0.2], "c": ["p", None]}).write_parquet(tmp_path / "t.parquet")
    refused("t.parquet", "column 'c' of t.parquet is empty in 1 rows", options=("--cluster", "c"))


def test_ids_that_repeat_are_refused(tmp_path: Path, run: Run) -> None:
    """A paired comparison names how many rows repeat an id."""
    table = pl.DataFrame({"id": [1, 2, 2, 3], "y": [0, 1, 1, 0], "s": [0.1, 0.2, 0.3, 0.4]})
    table.write_parquet(tmp_path / "t.parquet")
    path = str(tmp_path / "t.parquet")
    code, out, err = run("compare", path, path, "--label", "y", "--score", "s", "--id", "id")
    assert (code, out) == (2, "")
    assert "column 'id' of t.parquet repeats: 1 of 4 rows have an id that an earlier row has" in err


# CSV as spreadsheets write it.


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfy,s\n0,0.1\n0,0.4\n1,0.35\n1,0.8\n",
        b'"y","s"\r\n"0","0.1"\r\n"0","0.4"\r\n"1","0.35"\r\n"1","0.8"\r\n',
        b'\xef\xbb\xbf"y","s","note"\r\n0,0.1,"a, b"\r\n0,0.4,"c ""d"""\r\n1,0.35,"e\r\nf"\r\n1,0.8,\r\n',
        b"y,s\n0, 0.1\n0, 0.4 \n1,0.35\n1,8e-1",
    ],
    ids=[
        "byte order mark",
        "quotes",
        "commas, quotes and line ends in quotes",
        "blanks and no last line end",
    ],
)
def test_a_csv_from_a_spreadsheet(tmp_path: Path, run: Run, content: bytes) -> None:
    """A byte order mark, quotes and Windows line ends are read as what they are."""
    write(tmp_path, "t.csv", content)
    shown = ("--label", "y", "--score", "s", "--min-n", "1", "--format", "json")
    code, out, err = run("measure", str(tmp_path / "t.csv"), *shown)
    assert (code, err) == (0, "")
    assert Found(json.loads(out))("auroc")["value"] == 0.75


def test_a_table_below_the_minimum_shows_nothing(tmp_path: Path, run: Run) -> None:
    """Nine rows under the default minimum of ten: reasons only, on the terminal too."""
    write(tmp_path, "t.csv", "y,s\n" + "0,0.1\n1,0.9\n0,0.3\n" * 3)
    code, out, _ = run(
        "measure", str(tmp_path / "t.csv"), "--label", "y", "--score", "s", "--threshold", "0.5"
    )
    assert code == 0
    assert "fewer than 10 rows" in out
    assert "0.5000" not in out
    assert "1.0000" not in out
