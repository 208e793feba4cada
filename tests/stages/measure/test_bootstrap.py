"""Resampling: statistics under weights, what replicates depend on, and weights as repeated rows."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import MeasureRequest, measure_table
from muniment.measure.bootstrap import (
    Resampling,
    auroc_of,
    average_precision_of,
    cell_replicates,
    ranked,
    share,
)
from muniment.measure.kernel import Keys, Scale, keyed
from muniment.measure.prepare import LABEL, SCORE


def cohort(n: int, clusters: int, digits: int | None, seed: int):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    score = score if digits is None else score.round(digits)
    frame = pl.DataFrame({LABEL: rng.random(n) < score, SCORE: score, "c": rng.integers(0, clusters, n)})
    ordered = keyed(frame, Scale()).sort("key", "c")
    return Keys(ordered["key"].to_numpy(), Scale()), ordered


@pytest.mark.parametrize("digits", [None, 2, 1])
@pytest.mark.parametrize("seed", range(4))
def test_statistics_under_weights_agree_with_scikit_learn(digits, seed):
    """Weighted AUROC and average precision are scikit-learn's, with ties and clusters that are not drawn."""
    keys, frame = cohort(400, 60, digits, seed)
    rows = ranked(keys, frame["c"].to_numpy())
    weights = np.random.default_rng(seed + 100).integers(0, 4, 60)
    each = weights[frame["c"].to_numpy()]
    label, score = frame[LABEL].to_numpy(), frame[SCORE].to_numpy()
    assert auroc_of(rows, weights) == pytest.approx(
        roc_auc_score(label, score, sample_weight=each), abs=1e-12
    )
    assert average_precision_of(rows, weights) == pytest.approx(
        average_precision_score(label, score, sample_weight=each), abs=1e-12
    )


def test_a_class_that_is_not_drawn_has_no_area():
    """Neither an area nor a precision comes from one class."""
    keys, frame = cohort(50, 50, 2, 0)
    rows = ranked(keys, np.arange(50))
    only_others = np.where(frame[LABEL].to_numpy(), 0, 1)
    assert np.isnan(auroc_of(rows, only_others))
    assert np.isnan(average_precision_of(rows, only_others))


def test_a_replicate_depends_on_seed_and_number_alone():
    """The first replicates of a long run are those of a short one; another seed gives others."""
    few, many = list(Resampling(5, 7).draws(30)), list(Resampling(50, 7).draws(30))
    assert all((one == other).all() for one, other in zip(few, many[:5], strict=True))
    assert not (next(iter(Resampling(1, 8).draws(30))) == few[0]).all()
    assert {int(draw.sum()) for draw in many} == {30}


def test_drawing_distinct_counts_is_drawing_patients():
    """The multinomial over distinct count vectors has the distribution of resampled patients."""
    rng = np.random.default_rng(3)
    cells = rng.multinomial(3, [0.3, 0.2, 0.1, 0.4], size=80)
    quick = cell_replicates(cells, Resampling(3000, 1), {"sensitivity": share((0,), (0, 2))})["sensitivity"]
    slow = []
    for _ in range(3000):
        tp, _fp, fn, _tn = cells[rng.integers(0, 80, 80)].sum(axis=0)
        slow.append(tp / (tp + fn))
    assert stats.ks_2samp(quick, slow).pvalue > 0.01


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(11)
    score = rng.random(300).round(2)
    frame = pl.DataFrame(
        {
            "y": rng.random(300) < score,
            "s": score,
            "w": rng.integers(0, 4, 300),
            "g": rng.choice(["a", "b"], 300),
        }
    )
    frame.write_parquet(tmp_path / "weighted.parquet")
    frame.select(pl.all().repeat_by("w").explode()).drop("w").write_parquet(tmp_path / "repeated.parquet")
    return tmp_path


def test_a_weight_is_a_number_of_equal_rows(table):
    """Weights of 0 to 3 give, to the last bit, what the repeated rows give, subgroups included."""
    by = (("g",),)
    weighted = measure_table(
        MeasureRequest(str(table / "weighted.parquet"), "y", "s", thresholds=(0.3,), by=by, weight="w")
    )
    repeated = measure_table(
        MeasureRequest(str(table / "repeated.parquet"), "y", "s", thresholds=(0.3,), by=by)
    )
    assert weighted.estimates == repeated.estimates
    assert weighted.rows == 300


@pytest.mark.parametrize("bad", [-1.0, 0.5, float("inf")])
def test_a_weight_that_is_no_number_of_rows_is_refused(table, tmp_path, bad):
    """Sampling weights need another variance; they are not taken for counts."""
    frame = pl.read_parquet(table / "weighted.parquet").with_columns(pl.col("w").cast(pl.Float64))
    frame[5, "w"] = bad
    frame.write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(UnreadableInput, match="no whole number from 0 on in 1 rows"):
        measure_table(MeasureRequest(str(tmp_path / "bad.parquet"), "y", "s", weight="w"))


def test_the_same_seed_gives_the_same_interval(table):
    """Twice the same request, twice the same bits; another seed moves the limits a little."""
    asked = MeasureRequest(str(table / "repeated.parquet"), "y", "s", thresholds=(0.3,), bootstrap=500)
    one, two = measure_table(asked), measure_table(asked)
    assert one.estimates == two.estimates
    other = measure_table(
        MeasureRequest(str(table / "repeated.parquet"), "y", "s", thresholds=(0.3,), bootstrap=500, seed=1)
    )
    assert other.estimates != one.estimates
    assert other.estimates[0].low == pytest.approx(one.estimates[0].low, abs=0.02)


def test_too_few_replicates_are_refused(table):
    """A tail of five draws is no interval."""
    with pytest.raises(UsageError, match="10 replicates"):
        measure_table(MeasureRequest(str(table / "repeated.parquet"), "y", "s", bootstrap=10))


def test_few_events_may_have_no_interval(tmp_path):
    """Where more than one replicate in twenty has one class only, there is no interval."""
    frame = pl.DataFrame({"y": [True, True, *[False] * 30], "s": np.linspace(0, 1, 32)})
    frame.write_parquet(tmp_path / "few.parquet")
    found = measure_table(MeasureRequest(str(tmp_path / "few.parquet"), "y", "s", bootstrap=400))
    area = found.estimates[0]
    assert area.value is None
    assert "of 400 replicates" in (area.undecided or "")


def test_replicates_are_told(tmp_path):
    """Every statistic that is drawn counts its replicates from none to the last; nothing depends on it."""
    rows = pl.DataFrame({"y": [0, 1] * 30, "s": [(7 * k % 60) / 60 for k in range(60)]})
    rows.write_parquet(tmp_path / "t.parquet")
    request = MeasureRequest(str(tmp_path / "t.parquet"), "y", "s", bootstrap=200)
    told = []
    found = measure_table(request, progress=lambda *word: told.append(word))
    drawn = [word[1:] for word in told if word[0] == "drawing replicates"]
    assert len(drawn) > 200
    assert drawn == [(number, 200) for number in range(200)] * (len(drawn) // 200)
    assert found == measure_table(request)
