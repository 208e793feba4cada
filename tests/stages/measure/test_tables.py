"""Reading tables: every format gives the same numbers, every fault one clear error."""

import gzip

import polars as pl
import pytest

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import MeasureRequest, measure_table, open_table
from muniment.measure.prepare import TableSpec, prepare


def measured(path, **options):
    return measure_table(MeasureRequest(str(path), "death", "score", **options))


def write(rows: pl.DataFrame, path) -> None:
    match "".join(path.suffixes):
        case ".parquet":
            rows.write_parquet(path)
        case ".arrow":
            rows.write_ipc(path)
        case ".csv":
            rows.write_csv(path)
        case ".csv.gz":
            path.write_bytes(gzip.compress(rows.write_csv().encode()))
        case ".csv.zst":
            rows.write_csv(path, compression="zstd")
        case ".tsv":
            rows.write_csv(path, separator="\t")


@pytest.mark.parametrize("suffix", [".arrow", ".csv", ".csv.gz", ".csv.zst", ".tsv"])
def test_every_format_gives_the_same_numbers(tmp_path, rows, suffix):
    """What a table is stored in changes no estimate."""
    rows.write_parquet(tmp_path / "p.parquet")
    write(rows, tmp_path / f"t{suffix}")
    options = {"thresholds": (0.3,), "by": (("sex",),)}
    one = measured(tmp_path / "p.parquet", **options)
    other = measured(tmp_path / f"t{suffix}", **options)
    assert [e.as_json() for e in one.estimates] == [e.as_json() for e in other.estimates]


def test_a_glob_is_one_table(tmp_path, rows):
    """Parts that a glob matches are taken together."""
    rows.write_parquet(tmp_path / "whole.parquet")
    for part in range(3):
        rows[part * 200 : part * 200 + 200].write_parquet(tmp_path / f"part-{part}.parquet")
    parts = measured(tmp_path / "part-*.parquet")
    assert parts.rows == 600
    assert parts.estimates == measured(tmp_path / "whole.parquet").estimates


def test_a_glob_of_differing_tables_is_refused(tmp_path, rows):
    """Both tables are named with what they have."""
    rows.write_parquet(tmp_path / "part-0.parquet")
    rows.with_columns(pl.col("score").cast(pl.Float32)).write_parquet(tmp_path / "part-1.parquet")
    with pytest.raises(UnreadableInput, match=r"part-0.parquet has .*part-1.parquet has .*Float32"):
        open_table(tmp_path / "part-*.parquet")


def test_byte_order_mark_and_quotes(tmp_path):
    """A CSV as spreadsheets write it is read."""
    (tmp_path / "t.csv").write_bytes(
        b'\xef\xbb\xbf"death","score","site, name"\r\n1,"0.9","a ""b"""\r\n0,0.1,x\r\n'
    )
    assert measured(tmp_path / "t.csv", by=(("site, name",),), min_n=1).rows == 2


def test_missing_column_lists_what_is_there(tmp_path, rows):
    """The error names the columns found and the likeliest one."""
    rows.rename({"death": "Death_180d"}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(UnreadableInput) as caught:
        measure_table(MeasureRequest(str(tmp_path / "t.parquet"), "death_180", "score"))
    assert "no column 'death_180'" in caught.value.message
    assert "patient_id, Death_180d" in caught.value.hint
    assert "Did you mean 'Death_180d'?" in caught.value.hint


@pytest.mark.parametrize("name", ["cut.parquet", "cut.arrow", "cut.csv.gz"])
def test_a_file_cut_short_is_one_error(tmp_path, rows, name):
    """A truncated file is named, whatever its format."""
    path = tmp_path / name
    write(rows, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableInput, match=name):
        measured(path)


def test_damage_in_the_middle_of_parquet_is_one_error(tmp_path, rows):
    """A good footer over bad pages is found when the pages are read."""
    path = tmp_path / "t.parquet"
    rows.write_parquet(path)
    data = bytearray(path.read_bytes())
    data[8 : len(data) // 2] = b"\xff" * (len(data) // 2 - 8)
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableInput, match=r"t\.parquet"):
        measure_table(MeasureRequest(str(path), "death", "score", by=(("sex",), ("race",))))


def test_files_that_are_not_there(tmp_path, rows):
    """A missing file suggests a near name; a folder and an unknown kind say what is expected."""
    rows.write_parquet(tmp_path / "predictions.parquet")
    with pytest.raises(UnreadableInput, match=r"Did you mean 'predictions\.parquet'"):
        open_table(tmp_path / "prediction.parquet")
    with pytest.raises(UnreadableInput, match="is a folder"):
        open_table(tmp_path)
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    with pytest.raises(UnreadableInput, match="not a kind of table"):
        open_table(tmp_path / "t.xlsx")


def test_a_name_with_wildcard_signs_is_a_name(tmp_path, rows):
    """An existing file called `a[1].parquet` is that file."""
    rows.write_parquet(tmp_path / "a[1].parquet")
    assert measured(tmp_path / "a[1].parquet").rows == 600


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        ("death;score;site\n1;0.5;x\n", "separated by ';': separate them by commas."),
        ("death\tscore\n1\t0.5\n", r"separated by '\t': separate them by commas, or name the file .tsv."),
        ("death,score\n1,0.5\n".encode("utf-16"), "not UTF-8 (UTF-16 perhaps)"),
        ("death,score,Straße\n1,0.5,Weg\n".encode("latin-1"), "save it as UTF-8"),
        ("death,score,place\n1,0.5,Straße\n".encode("latin-1"), "save the file in that encoding"),
    ],
)
def test_a_csv_of_another_kind_is_recognised(tmp_path, data, hint):
    """Semicolons, tabs and other encodings, which spreadsheets write, are named with what to do."""
    (tmp_path / "t.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(UnreadableInput) as caught:
        measure_table(MeasureRequest(str(tmp_path / "t.csv"), "death", "score", by=(("place",),)))
    assert hint in caught.value.hint


def test_a_column_that_the_header_names_twice_is_not_guessed(tmp_path):
    """Which of two scores is meant cannot be told; a repeated column that nobody asks for is no matter."""
    text = "death,score,score,note,note\n" + "1,0.9,0.1,a,b\n0,0.2,0.8,a,b\n" * 10
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UnreadableInput, match="names 'score' more than once"):
        measured(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(text.replace("score,score", "score,other"))
    assert measured(tmp_path / "t.csv").rows == 20


def test_infinite_scores_say_nothing_on_the_side(tmp_path, rows, recwarn):
    """Scores of both infinities are ranked, and no warning of a library is printed."""
    ends = pl.when(pl.col("patient_id") % 7 == 0).then(float("inf")).otherwise(float("-inf"))
    rows.with_columns(score=ends).write_parquet(tmp_path / "t.parquet")
    found = measured(tmp_path / "t.parquet")
    assert {item.metric: item.n for item in found.estimates}["auroc"] == 600
    assert not recwarn.list


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("death,score\n", "has no rows"),
        ("death,score\n1,0.5\n0,high\n0,low\n", r"'high' \(and 1 more\) where a number"),
        ("death,score\n1,0.5\n0,0.4\n2,0.1\n", "has 3 values: '0', '1', '2'"),
        ("death,score\nyes,0.5\nno,0.4\n", "values 'no' and 'yes'; which one"),
        ("death,score\n1,0.5\n0,0.4,7\n", "cannot be read"),
    ],
)
def test_bad_tables_are_clear_errors(tmp_path, text, message):
    """Empty, no rows, words for scores, three labels, unclear labels, ragged lines."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UnreadableInput, match=message):
        measured(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([1, 0, 1, 0], None),
        ([True, False, True, False], None),
        ([1.0, 0.0, 1.0, 0.0], None),
        (["1", "0", "1", "0"], None),
        (["True", "false", "TRUE", "False"], None),
        (["dead", "alive", "dead", "alive"], "dead"),
        ([2, 1, 2, 1], "2"),
        ([2.0, 1.0, 2.0, 1.0], "2"),
        ([0, 1, 0, 1], "0"),
        ([True, False, True, False], "1"),
    ],
)
def test_labels_of_every_type(labels, positive):
    """Integers, booleans, floats and words mean the same events."""
    table = pl.DataFrame({"y": labels, "s": [0.9, 0.2, 0.8, 0.1]}).lazy()
    prepared = prepare(table, TableSpec("y", "s", positive))
    assert prepared.frame["label"].to_list() == [True, False, True, False]


def test_a_positive_value_that_never_occurs(tmp_path):
    """With both classes there, a wrong positive value is an error and not 0 events."""
    table = pl.DataFrame({"y": ["dead", "alive"], "s": [0.9, 0.2]}).lazy()
    with pytest.raises(UnreadableInput, match="never 'died': its values are 'alive' and 'dead'"):
        prepare(table, TableSpec("y", "s", "died"))


def test_null_and_nan_are_left_out_and_counted():
    """A row without a label counts once, whatever its score; NaN is no score and never at a threshold."""
    table = pl.DataFrame(
        {
            "y": [1, 0, None, None, 1, 0],
            "s": [0.9, float("nan"), 0.5, None, None, 0.2],
        }
    ).lazy()
    prepared = prepare(table, TableSpec("y", "s"))
    assert prepared.rows == 6
    assert prepared.excluded == {"null_label": 2, "null_score": 2}
    assert prepared.frame["score"].to_list() == [0.9, 0.2]


@pytest.mark.parametrize("word", ["", "NA", "NaN", "null", "None", "n/a"])
def test_words_for_nothing_in_text(tmp_path, word):
    """What R and spreadsheets write for a missing score is a missing score."""
    (tmp_path / "t.csv").write_text(f"death,score\n1,0.9\n0,{word}\n{word},0.3\n0,0.2\n")
    found = measured(tmp_path / "t.csv", min_n=1)
    assert found.excluded == {"null_label": 1, "null_score": 1}


def test_a_column_of_many_levels_makes_no_subgroups(tmp_path):
    """An identifier as subgroup is refused."""
    table = pl.DataFrame({"id": range(2001), "death": 0, "score": 0.5})
    table.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="2001 levels"):
        measured(tmp_path / "t.parquet", by=(("id",),))
