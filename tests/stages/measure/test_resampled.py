"""Calibration errors in bins, partial areas and losses, with their replicates."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from muniment.errors import UsageError
from muniment.measure import MeasureRequest, measure_table
from muniment.measure.bootstrap import Resampling
from muniment.measure.kernel import Keys, Scale, keyed
from muniment.measure.partial import partial_auroc
from muniment.measure.prepare import LABEL, SCORE
from muniment.measure.resampled import binned_error, equal_mass, equal_width


def cohort(n: int, seed: int, digits: int | None = None) -> tuple[Keys, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    score = rng.random(n) if digits is None else rng.random(n).round(digits)
    frame = keyed(pl.DataFrame({LABEL: rng.random(n) < score, SCORE: score}), Scale()).sort("key")
    return Keys(frame["key"].to_numpy(), Scale()), frame


@pytest.mark.parametrize("digits", [None, 2, 1])
@pytest.mark.parametrize("seed", range(3))
def test_error_in_bins_of_equal_width(digits, seed):
    """Each bin is open on the left and closed on the right, by comparison and without arithmetic."""
    _, frame = cohort(300, seed, digits)
    p, y = frame[SCORE].to_numpy(), frame[LABEL].to_numpy().astype(float)
    expected = 0.0
    for k in range(10):
        inside = (p > k / 10) & (p <= (k + 1) / 10) | ((k == 0) & (p == 0))
        if inside.any():
            expected += inside.mean() * abs(p[inside].mean() - y[inside].mean())
    assert binned_error(p - y, equal_width(p), 300) == pytest.approx(expected, abs=1e-12)


def test_an_edge_belongs_to_the_bin_below():
    """0.3 lies in (0.2, 0.3], as does 0.29; 0 lies in the first bin."""
    p = np.array([0.0, 0.1, 0.29, 0.3, np.nextafter(0.3, 1), 1.0])
    assert equal_width(p).tolist() == [0, 2, 4, 5]


def test_bins_of_equal_mass_keep_ties_whole():
    """Ten bins of a tenth of the rows without ties; a tie is never cut."""
    assert equal_mass(np.arange(100) / 100).tolist() == list(range(0, 100, 10))
    p = np.repeat([0.1, 0.5, 0.9], [35, 30, 35])
    assert equal_mass(p).tolist() == [0, 35, 65]


@pytest.mark.parametrize("digits", [None, 2, 1])
@pytest.mark.parametrize("most", [0.05, 0.2, 0.77, 1.0])
def test_partial_areas_are_scikit_learns(digits, most):
    """The standardised area is `roc_auc_score(max_fpr=…)`; the plain one follows by McClish's line."""
    keys, frame = cohort(400, 5, digits)
    found = partial_auroc(keys, None, most, Resampling(50, 0), 0.95, "m")
    theirs = roc_auc_score(frame[LABEL], frame[SCORE], max_fpr=most)
    assert found["partial_auroc_standardised"].value == pytest.approx(theirs, abs=1e-12)
    chance = most**2 / 2
    plain = chance + (2 * theirs - 1) * (most - chance)
    assert found["partial_auroc"].value == pytest.approx(plain, abs=1e-12)


def test_partial_area_of_replicates_is_that_of_the_rows_drawn():
    """Percentiles of scikit-learn's area on the drawn rows."""
    keys, frame = cohort(200, 6, 2)
    label, score = frame[LABEL].to_numpy(), frame[SCORE].to_numpy()
    slow = [
        roc_auc_score(label, score, max_fpr=0.3, sample_weight=weights)
        for weights in Resampling(60, 2).draws(200)
    ]
    found = partial_auroc(keys, None, 0.3, Resampling(60, 2), 0.9, "m")["partial_auroc_standardised"]
    # Rows are drawn in ascending order of keys, and the area takes them from the highest down.
    quick = np.quantile(slow, [0.05, 0.95])
    assert (found.low, found.high) == pytest.approx(tuple(quick), abs=0.03)


@pytest.fixture
def measured(tmp_path):
    rng = np.random.default_rng(3)
    score = rng.random(500).round(3).clip(0.001, 0.999)
    frame = pl.DataFrame(
        {
            "y": (rng.random(500) < score).astype(int),
            "s": score,
            "patient": rng.integers(0, 150, 500),
            "site": rng.choice(["a", "b"], 500),
        }
    )

    def run(table=frame, **options):
        path = tmp_path / "t.parquet"
        table.write_parquet(path)
        return measure_table(MeasureRequest(str(path), "y", "s", **options))

    run.frame = frame
    return run


def one(found, metric, **cohort):
    (item,) = [e for e in found.estimates if e.metric == metric and e.cohort == cohort]
    return item


def test_no_value_without_replicates(measured):
    """Where nothing is resampled the errors are undecided and say what they need."""
    found = measured(partial_fpr=0.2)
    for metric in ("ece", "ici", "e50", "e90", "partial_auroc"):
        item = one(found, metric)
        assert (item.value, item.undecided) == (None, "needs bootstrap replicates")


def test_with_replicates_every_number_has_its_interval(measured, valid):
    """All calibration errors appear in order, valid against the schema, with their circumstances."""
    found = measured(bootstrap=200, by=(("site",),), thresholds=(0.4,), partial_fpr=0.2, prevalence=0.1)
    valid(found.as_json(), "measures")
    names = [e.metric for e in found.estimates if not e.cohort]
    start = (
        "auroc average_precision partial_auroc partial_auroc_standardised brier log_loss "
        "calibration_intercept calibration_slope oe_ratio ece ici e50 e90 prevalence positive_rate"
    )
    assert names[: len(start.split())] == start.split()
    for item in found.estimates:
        if item.method != "count":
            assert item.low <= item.value <= item.high, item
    assert one(found, "ppv_at_prevalence", site="a").as_json()["prevalence"] == 0.1
    assert one(found, "partial_auroc").as_json()["max_fpr"] == 0.2
    brier = one(found, "brier")
    losses = (measured.frame["s"] - measured.frame["y"]) ** 2
    assert brier.value == pytest.approx(losses.mean())
    error = losses.std() / np.sqrt(500)
    assert brier.high - brier.low == pytest.approx(2 * 1.96 * error, rel=0.25)
    assert one(found, "log_loss").value == pytest.approx(log_loss(measured.frame["y"], measured.frame["s"]))


def test_clusters_are_drawn_whole(measured):
    """Doubling every row within its patient changes no value and no interval: there is no new information."""
    once = measured(bootstrap=200, cluster="patient")
    twice = measured(pl.concat([measured.frame, measured.frame]), bootstrap=200, cluster="patient")
    for metric in ("brier", "oe_ratio", "ece", "log_loss"):
        a, b = one(once, metric), one(twice, metric)
        assert a.method == "bootstrap-percentile-clustered"
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high), abs=1e-9)


def test_order_of_rows_does_not_matter(measured):
    """The same bits for any order of rows, with replicates of patients and of rows."""
    shuffled = measured.frame.sample(fraction=1, shuffle=True, seed=1)
    for options in ({"cluster": "patient"}, {}):
        more = {"bootstrap": 200, "thresholds": (0.4,), "partial_fpr": 0.3, "prevalence": 0.2} | options
        assert measured(**more).estimates == measured(shuffled, **more).estimates


def test_predictive_values_at_another_prevalence(measured):
    """Bayes' theorem, with clusters and replicates too; an interval within 0 and 1 that holds the value."""
    for options in ({}, {"cluster": "patient"}, {"bootstrap": 300}):
        found = measured(thresholds=(0.4,), prevalence=0.05, **options)
        sensitivity, specificity = (one(found, m).value for m in ("sensitivity", "specificity"))
        ppv, npv = one(found, "ppv_at_prevalence"), one(found, "npv_at_prevalence")
        hit, alarm = 0.05 * sensitivity, 0.95 * (1 - specificity)
        assert ppv.value == pytest.approx(hit / (hit + alarm))
        miss, well = 0.05 * (1 - sensitivity), 0.95 * specificity
        assert npv.value == pytest.approx(well / (miss + well))
        for item in (ppv, npv):
            assert 0 < item.low < item.value < item.high < 1
    assert one(measured(thresholds=(0.4,), prevalence=0.05), "npv_at_prevalence").method == "mercaldo-logit"


def test_a_hidden_level_has_the_same_list_of_metrics(measured):
    """The shape of the output does not tell what is hidden."""
    table = measured.frame.with_columns(
        site=pl.when(pl.int_range(pl.len()) < 4).then(pl.lit("z")).otherwise(pl.col("site"))
    )
    found = measured(table, by=(("site",),), thresholds=(0.4,), partial_fpr=0.2, prevalence=0.1)
    lists = {
        level: [(e.metric, e.threshold) for e in found.estimates if e.cohort == {"site": level}]
        for level in "abz"
    }
    assert lists["z"] == lists["a"] == lists["b"]
    assert all(e.value is None for e in found.estimates if e.cohort == {"site": "z"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partial_fpr": 0.0}, "not above 0"),
        ({"partial_fpr": 1.5}, "not above 0"),
        ({"prevalence": 1.0, "thresholds": (0.5,)}, "not between 0 and 1"),
        ({"prevalence": 0.1}, "without an operating point"),
    ],
)
def test_options_that_make_no_sense(measured, options, message):
    """Refused with what was expected."""
    with pytest.raises(UsageError, match=message):
        measured(**options)
