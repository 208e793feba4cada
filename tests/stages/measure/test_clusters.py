"""Rows that belong together: variances between clusters, against laws, an oracle and resampling."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from muniment.errors import UnreadableInput
from muniment.measure import MeasureRequest, measure_table
from muniment.measure.proportions import wilson
from muniment.measure.units import clustered_proportion


def rows(n: int = 240, seed: int = 1) -> pl.DataFrame:
    """Patients with one row each."""
    rng = np.random.default_rng(seed)
    score = rng.random(n).round(3) * 0.98 + 0.01
    return pl.DataFrame({"patient": np.arange(n), "y": rng.random(n) < score, "s": score})


def visits(patients: int = 150, most: int = 8, seed: int = 2) -> pl.DataFrame:
    """Patients with one to eight rows that resemble each other."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, most + 1, patients)
    frailty = np.repeat(rng.normal(0, 1.2, patients), sizes)
    score = 1 / (1 + np.exp(-(0.8 * frailty + rng.normal(0, 0.8, sizes.sum()))))
    outcome = rng.random(sizes.sum()) < 1 / (1 + np.exp(-(frailty + rng.normal(0, 0.3, sizes.sum()))))
    return pl.DataFrame({"patient": np.repeat(np.arange(patients), sizes), "y": outcome, "s": score})


def measured(frame: pl.DataFrame, tmp_path, **options):
    """Metric to estimate, overall."""
    path = tmp_path / "t.parquet"
    frame.write_parquet(path)
    found = measure_table(MeasureRequest(str(path), "y", "s", thresholds=(0.5,), **options))
    return {item.metric: item for item in found.estimates}


def bounds(item) -> tuple[float, float, float]:
    return (item.value, item.low, item.high)


def test_clusters_of_one_are_independent_rows(tmp_path):
    """Obuchowski's variance with one row a cluster is DeLong's; the others differ by n / (n - 1) at most."""
    frame = rows()
    plain, clustered = measured(frame, tmp_path), measured(frame, tmp_path, cluster="patient")
    assert bounds(clustered["auroc"]) == pytest.approx(bounds(plain["auroc"]), abs=1e-12)
    assert (plain["auroc"].method, clustered["auroc"].method) == ("delong", "obuchowski")
    for metric in ("brier", "sensitivity", "specificity", "ppv", "prevalence", "accuracy"):
        assert bounds(clustered[metric]) == pytest.approx(bounds(plain[metric]), abs=2e-3), metric
    for metric in ("lr_positive", "diagnostic_odds_ratio", "net_benefit"):
        assert bounds(clustered[metric]) == pytest.approx(bounds(plain[metric]), rel=2e-2, abs=1e-3), metric


def test_copies_of_a_row_tell_nothing_new(tmp_path):
    """Ten copies of every row in one cluster give the interval of the single rows."""
    frame = rows()
    copied = pl.concat([frame] * 10)
    once, ten = (measured(each, tmp_path, cluster="patient") for each in (frame, copied))
    naive = measured(copied, tmp_path)
    for metric, item in ten.items():
        if item.value is None or item.method == "count":
            continue
        assert bounds(item) == pytest.approx(bounds(once[metric]), rel=1e-9, abs=1e-9), metric
        assert naive[metric].high - naive[metric].low < 0.5 * (item.high - item.low), metric


def test_the_bootstrap_of_patients_agrees(tmp_path):
    """Intervals by formula are about as wide as the percentiles of resampled patients."""
    frame = visits()
    formula = measured(frame, tmp_path, cluster="patient")
    drawn = measured(frame, tmp_path, cluster="patient", bootstrap=4000, seed=5)
    for metric in (
        "auroc",
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "youden",
        "f1",
        "net_benefit",
        "lr_positive",
    ):
        one, other = formula[metric], drawn[metric]
        assert other.method == "bootstrap-percentile-clustered"
        assert (other.high - other.low) == pytest.approx(one.high - one.low, rel=0.12), metric


def test_ignoring_patients_is_too_sure(tmp_path):
    """With rows that resemble each other, the naive interval of the AUROC is clearly too narrow."""
    frame = visits(patients=120, most=15, seed=9)
    naive, clustered = measured(frame, tmp_path), measured(frame, tmp_path, cluster="patient")
    assert naive["auroc"].high - naive["auroc"].low < 0.8 * (clustered["auroc"].high - clustered["auroc"].low)


def test_calibration_has_the_sandwich_of_an_oracle(tmp_path):
    """The slope's standard error is that of the cluster sandwich, computed here with plain linear algebra."""
    frame = visits()
    item = measured(frame, tmp_path, cluster="patient")["calibration_slope"]
    logit = np.log(frame["s"] / (1 - frame["s"])).to_numpy()
    y, patient = frame["y"].to_numpy().astype(float), frame["patient"].to_numpy()
    fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(logit[:, None], y)
    design = np.column_stack([np.ones_like(logit), logit])
    fitted = fit.predict_proba(logit[:, None])[:, 1]
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    score = design * (y - fitted)[:, None]
    totals = np.array([score[patient == p].sum(axis=0) for p in np.unique(patient)])
    count = len(totals)
    sandwich = bread @ (totals.T @ totals * count / (count - 1)) @ bread
    assert item.value == pytest.approx(float(fit.coef_[0, 0]), rel=1e-5)
    assert (item.high - item.value) / 1.959963984540054 == pytest.approx(np.sqrt(sandwich[1, 1]), rel=1e-4)


def test_a_proportion_has_its_effective_size():
    """Four clusters of ten: the design effect by hand, and Wilson at n over it; even ones have none."""
    hits, sizes = np.array([2.0, 6.0, 3.0, 5.0]), np.array([10.0, 10.0, 10.0, 10.0])
    variance = ((hits - 4) ** 2).sum() * 4 / 3 / 1600
    effect = variance / (0.4 * 0.6 / 40)
    found = clustered_proportion(hits, sizes, 0.95, "wilson", "no rows")
    assert effect > 1
    assert (found.low, found.high) == pytest.approx(wilson(16 / effect, 40 / effect, 0.95), rel=1e-12)
    even = clustered_proportion(np.array([4.0] * 10), np.array([10.0] * 10), 0.95, "wilson", "no rows")
    assert (even.low, even.high) == pytest.approx(wilson(40, 100, 0.95), rel=1e-12)


def test_one_cluster_says_nothing_about_others(tmp_path):
    """All rows of one patient: every interval is undecided, and no number is given."""
    frame = rows(60).with_columns(patient=pl.lit("only"))
    for metric, item in measured(frame, tmp_path, cluster="patient").items():
        if item.method != "count":
            assert (item.value, item.low) == (None, None), metric
            assert item.undecided, metric


def test_order_and_names_of_clusters_do_not_matter(tmp_path):
    """Shuffled rows and renamed patients give the same bits, resampled or not."""
    frame = visits()
    renamed = frame.with_columns(
        pl.format("p{}", pl.col("patient").cast(pl.String).str.zfill(6)).alias("patient")
    )
    for options in ({}, {"bootstrap": 300}):
        one = measured(
            frame.with_columns(pl.col("patient").cast(pl.String).str.zfill(6)),
            tmp_path,
            cluster="patient",
            **options,
        )
        two = measured(
            renamed.sample(fraction=1, shuffle=True, seed=3), tmp_path, cluster="patient", **options
        )
        assert one == two


def test_a_row_without_a_patient_is_refused(tmp_path):
    """A missing cluster is an error: it can be anybody's row."""
    frame = rows(60).with_columns(
        pl.when(pl.col("patient") > 50).then(None).otherwise(pl.col("patient")).alias("patient")
    )
    with pytest.raises(UnreadableInput, match="empty in 9 rows"):
        measured(frame, tmp_path, cluster="patient")
