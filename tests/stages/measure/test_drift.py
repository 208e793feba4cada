"""Drift statistics, against SciPy, published values and what must hold by definition."""

import json

import numpy as np
import polars as pl
import pytest
from scipy import special, stats
from scipy.spatial.distance import jensenshannon

from muniment.errors import UnreadableInput, UsageError
from muniment.measure import DriftRequest, drift_tables
from muniment.measure.distributions import chi_square_p, kolmogorov_p
from muniment.measure.drift import jensen_shannon, levels, numeric, psi

SAMPLES = {
    "shifted": (np.random.default_rng(1).normal(0, 1, 500), np.random.default_rng(2).normal(0.3, 1.2, 300)),
    "tied": (np.random.default_rng(3).integers(0, 30, 400), np.random.default_rng(4).integers(3, 40, 900)),
    "few": (np.random.default_rng(5).integers(0, 4, 60), np.random.default_rng(6).integers(0, 6, 41)),
    "apart": (np.arange(50.0), np.arange(100.0, 150.0)),
}


def series(values: object) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64)


@pytest.mark.parametrize("name", SAMPLES)
def test_distances_agree_with_scipy(name):
    """Kolmogorov–Smirnov and Wasserstein distances are SciPy's, ties included."""
    a, b = (np.asarray(x, dtype=float) for x in SAMPLES[name])
    found = numeric("x", series(a), series(b), 10)
    theirs = stats.ks_2samp(a, b, method="asymp")
    assert found.ks == pytest.approx(theirs.statistic, abs=1e-12)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(a, b), rel=1e-12)
    effective = len(a) * len(b) / (len(a) + len(b))
    assert found.ks_p == pytest.approx(special.kolmogorov(np.sqrt(effective) * theirs.statistic), abs=1e-12)


@pytest.mark.parametrize("x", [1e-3, 0.1, 0.3, 0.5, 0.8, 1.0, 1.179, 1.181, 1.5, 2.0, 4.0, 9.0])
def test_the_limiting_distribution_agrees_with_scipy(x):
    """Both series give the Kolmogorov distribution, on both sides of where they meet."""
    assert kolmogorov_p(x) == pytest.approx(special.kolmogorov(x), abs=1e-14)


@pytest.mark.parametrize("df", [1, 2, 3, 9, 40, 300])
@pytest.mark.parametrize("x", [0.0, 1e-3, 0.5, 2.0, 10.0, 60.0, 400.0])
def test_the_chi_square_tail_agrees_with_scipy(x, df):
    """The incomplete gamma function by series or continued fraction is the chi-square tail."""
    assert chi_square_p(x, df) == pytest.approx(stats.chi2.sf(x, df), rel=1e-9, abs=1e-300)


def test_psi_agrees_with_a_known_value():
    """Four bins, 248 247 260 245 against 13 43 63 81: 0.3404592."""
    assert psi(np.array([248, 247, 260, 245]), np.array([13, 43, 63, 81])) == pytest.approx(
        0.3404592, abs=5e-8
    )


def test_an_empty_bin_counts_as_half_a_row():
    """The floor is stated, and it is the smaller sample's own."""
    first, second = np.array([50, 50]), np.array([0, 20])
    expected = (0.5 - 0.025) * np.log(0.5 / 0.025) + (0.5 - 1.0) * np.log(0.5 / 1.0)
    assert psi(first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SAMPLES)
def test_jensen_shannon_is_the_divergence_not_its_root(name):
    """SciPy reports the root: its square, in bits, is ours."""
    a, b = (np.bincount(np.asarray(x, dtype=int) % 7, minlength=7) for x in SAMPLES[name])
    assert jensen_shannon(a, b) == pytest.approx(jensenshannon(a, b, 2) ** 2, abs=1e-12)


def test_samples_apart_are_as_far_as_can_be():
    """Without overlap KS is 1; on the baseline's bins the last one, open above, holds the whole window."""
    found = numeric("x", series(SAMPLES["apart"][0]), series(SAMPLES["apart"][1]), 10)
    assert found.ks == 1
    assert found.wasserstein == pytest.approx(100)
    binned = jensenshannon([5] * 10, [0] * 9 + [50], 2) ** 2
    assert found.jensen_shannon == pytest.approx(binned, rel=1e-12)
    assert jensen_shannon(np.array([5, 0]), np.array([0, 7])) == pytest.approx(1)


def test_a_sample_has_not_drifted_from_itself():
    """Every distance of a column from itself is zero, and its p value one."""
    a = series(SAMPLES["tied"][0])
    found = numeric("x", a, a, 10)
    assert (found.psi, found.jensen_shannon, found.ks, found.wasserstein) == (0, 0, 0, 0)
    assert found.ks_p == 1


def test_the_noise_is_what_no_drift_looks_like():
    """Over 300 pairs of samples from one distribution the mean PSI is about `psi_noise`."""
    rng = np.random.default_rng(20260103)
    pairs = [numeric("x", series(rng.random(400)), series(rng.random(300)), 10) for _ in range(300)]
    assert np.mean([found.psi for found in pairs]) == pytest.approx(pairs[0].psi_noise, rel=0.12)


def test_chi_square_of_levels_agrees_with_scipy():
    """Levels are compared by Pearson's statistic, without a continuity correction."""
    a = pl.Series(["x"] * 40 + ["y"] * 30 + [None] * 5)
    b = pl.Series(["x"] * 10 + ["y"] * 25 + ["z"] * 15)
    found = levels("ward", a, b, 10)
    theirs = stats.chi2_contingency([[40, 30, 0], [10, 25, 15]], correction=False)
    assert (found.chi_square, found.chi_square_df, found.chi_square_p) == pytest.approx(
        (theirs.statistic, theirs.dof, theirs.pvalue), rel=1e-9
    )
    assert (found.n_baseline, found.missing_baseline, found.missing_window) == (70, 5 / 75, 0)
    assert (found.ks, found.wasserstein) == (None, None)


def test_an_infinite_value_has_a_rank_and_no_distance():
    """Infinity is the largest value for KS; no finite mass can be moved there."""
    found = numeric("x", series([*range(20), np.inf]), series(range(21)), 10)
    assert found.ks == pytest.approx(1 / 21)
    assert found.wasserstein is None
    assert found.psi is not None


def test_too_few_values_give_a_reason():
    """Under the minimum there is no number but the counts."""
    found = numeric("x", series(range(50)), series([1.0, None, 2.0]), 10)
    assert found.undecided == "fewer than 10 values in the window"
    assert (found.psi, found.ks, found.missing_window) == (None, None, 1 / 3)


@pytest.fixture
def tables(tmp_path):
    rng = np.random.default_rng(7)
    base = pl.DataFrame(
        {
            "age": rng.normal(60, 10, 300),
            "ward": rng.choice(["a", "b"], 300),
            "code": rng.integers(1, 4, 300),
            "old": [1] * 300,
        }
    )
    window = pl.DataFrame(
        {
            "age": [*rng.normal(66, 10, 150), np.nan, None],
            "ward": [*rng.choice(["a", "b", "c"], 151), None],
            "code": rng.integers(1, 6, 152),
        }
    )
    base.write_parquet(tmp_path / "base.parquet")
    window.write_csv(tmp_path / "window.csv")
    return tmp_path


def test_two_files_are_compared(tables, valid):
    """Parquet against CSV: kinds are told apart, NaN is missing, and what one file lacks is said."""
    found = drift_tables(
        DriftRequest(str(tables / "base.parquet"), str(tables / "window.csv"), levels=("code",))
    )
    body = found.as_json()
    valid(body, "drift")
    kinds = {column["column"]: column["kind"] for column in body["columns"]}
    assert kinds == {"age": "numeric", "ward": "levels", "code": "levels"}
    assert body["left_out"] == ["old"]
    age = body["columns"][0]
    assert (age["n_window"], age["missing_window"]) == (150, pytest.approx(2 / 152))
    assert age["ks_p"] < 0.001
    assert json.dumps(body, sort_keys=True) == json.dumps(
        drift_tables(
            DriftRequest(str(tables / "base.parquet"), str(tables / "window.csv"), levels=("code",))
        ).as_json(),
        sort_keys=True,
    )


def test_numbers_that_became_words_are_refused(tables):
    """A column of numbers that holds words in the window is a fault of the feed, not drift."""
    pl.DataFrame({"age": ["61", "sixty"]}).write_csv(tables / "bad.csv")
    with pytest.raises(UnreadableInput, match="numbers in the baseline and 'sixty' in the window"):
        drift_tables(DriftRequest(str(tables / "base.parquet"), str(tables / "bad.csv"), ("age",)))


def test_a_column_that_is_not_there_is_named(tables):
    """A misspelt column is named with the ones there are."""
    with pytest.raises(UnreadableInput, match="no column 'agee'") as caught:
        drift_tables(DriftRequest(str(tables / "base.parquet"), str(tables / "window.csv"), ("agee",)))
    assert "'age'" in caught.value.hint


def test_an_identifier_is_not_a_level(tables, tmp_path):
    """Thousands of levels are names of rows; nobody wants their drift."""
    pl.DataFrame({"id": [f"p{k}" for k in range(3000)]}).write_parquet(tmp_path / "ids.parquet")
    with pytest.raises(UsageError, match="3000 levels"):
        drift_tables(DriftRequest(str(tmp_path / "ids.parquet"), str(tmp_path / "ids.parquet")))
