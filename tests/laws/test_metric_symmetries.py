"""Laws of every estimate: what mirrors, what widens, what is bounded, what must not matter."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.measure.bootstrap import Resampling
from muniment.measure.cohorts import Counts, OperatingPoint, everybody, flagged, singles
from muniment.measure.contingency import indices, npv_at, ppv_at
from muniment.measure.estimates import COUNT, Settings, estimates, proportions
from muniment.measure.prepare import TableSpec, prepare
from muniment.measure.proportions import INTERVALS, mcnemar_p, paired_difference, proportion

LABELS, SCORES = st.booleans(), st.integers(0, 64).map(lambda k: k / 64)
ROWS = st.lists(st.tuples(LABELS, SCORES, st.integers(0, 8)), min_size=1, max_size=50)
COUNTS = st.builds(Counts, *[st.integers(0, 400)] * 4)
POINTS = (OperatingPoint(0.5, 0.5),)
WIDER = 1e-12
UNIT = frozenset(
    {
        "auroc",
        "average_precision",
        "brier",
        "prevalence",
        "positive_rate",
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "accuracy",
        "balanced_accuracy",
        "f1",
    }
)
ABOVE_ZERO = frozenset({"log_loss", "oe_ratio", "lr_positive", "lr_negative", "diagnostic_odds_ratio"})


def everything(rows, options=None, cluster=False, weights=None):
    """Metric to estimate, of rows (label, score, cluster)."""
    table = pl.DataFrame(rows, schema={"y": pl.Boolean, "s": pl.Float64, "c": pl.Int64}, orient="row")
    spec = TableSpec("y", "s", cluster="c" if cluster else None)
    if weights is not None:
        table, spec = table.with_columns(w=pl.Series(weights)), replace(spec, weight="w")
    ready = flagged(prepare(table.lazy(), spec), POINTS)
    options = options or Settings(min_n=1, clustered=cluster)
    if options.resampling is not None and not options.clustered:
        ready = singles(ready, POINTS)
    return {item.metric: item for item in estimates(everybody(ready, POINTS, 1), options, POINTS)}


def limits(result):
    return result.low, result.value, result.high


@given(ROWS, st.integers(2, 4))
@settings(deadline=None)
def test_a_weight_is_that_many_equal_rows(rows, weight):
    """Every row with a weight of w gives the bits of every row repeated w times."""
    assert everything(rows, weights=[weight] * len(rows)) == everything(rows * weight)


@given(ROWS)
@settings(deadline=None)
def test_a_weight_of_zero_takes_a_row_out(rows):
    """Rows with weight 0 change nothing."""
    noise = [(not label, 1 - score, cluster) for label, score, cluster in rows]
    weighted = everything(rows + noise, weights=[1] * len(rows) + [0] * len(noise))
    assert weighted == everything(rows)


@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("interval", INTERVALS)
@given(rows=ROWS, levels=st.tuples(st.floats(0.5, 0.999), st.floats(0.5, 0.999)))
@settings(max_examples=40, deadline=None)
def test_a_rising_level_widens_every_interval(interval, cluster, rows, levels):
    """At a higher level no interval begins later or ends sooner, and no value moves."""
    narrow, wide = (
        everything(rows, Settings(level=level, interval=interval, min_n=1, clustered=cluster), cluster)
        for level in sorted(levels)
    )
    for metric, one in narrow.items():
        other = wide[metric]
        assert (one.value, one.undecided, one.n) == (other.value, other.undecided, other.n)
        if one.value is not None and one.method != COUNT:
            slack = WIDER * max(1.0, abs(one.high))
            assert other.low <= one.low + slack, metric
            assert one.high <= other.high + slack, metric


@pytest.mark.parametrize("cluster", [False, True])
@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_no_metric_leaves_its_range(cluster, rows):
    """Shares stay in [0, 1], ratios and losses above 0, Youden's index in [-1, 1], their limits as well."""
    for metric, item in everything(rows, cluster=cluster).items():
        if item.value is None or item.method == COUNT:
            continue
        low, high = item.low, item.high
        assert low <= high
        if metric in UNIT:
            assert 0 <= low <= high <= 1, metric
        if metric in ABOVE_ZERO:
            assert low >= 0, metric
        if metric == "youden":
            assert -1 <= low <= high <= 1
        if metric == "net_benefit":
            assert item.value <= everything(rows)["prevalence"].value + 1e-12


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_clustered_and_resampled_rows_does_not_matter(rows, random):
    """The same bits for any order of rows, with clusters and with replicates."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    drawn = Resampling(200, 3)
    for options in (
        Settings(min_n=1, clustered=True),
        Settings(min_n=1, clustered=True, resampling=drawn),
        Settings(min_n=1, resampling=drawn),
    ):
        assert everything(shuffled, options, options.clustered) == everything(
            rows, options, options.clustered
        )


@given(ROWS)
@settings(deadline=None)
def test_names_of_clusters_do_not_matter(rows):
    """Other names in the same order give the same bits."""
    renamed = [(label, score, 3 * cluster + 100) for label, score, cluster in rows]
    assert everything(renamed, cluster=True) == everything(rows, cluster=True)


@given(ROWS)
@settings(deadline=None)
def test_clusters_of_one_are_rows(rows):
    """Each row its own cluster: Obuchowski's interval is DeLong's, and no share is surer than Wilson's."""
    alone = [(label, score, index) for index, (label, score, _) in enumerate(rows)]
    plain, clustered = everything(alone), everything(alone, cluster=True)
    if clustered["auroc"].value is not None and plain["auroc"].method == "delong":
        assert limits(clustered["auroc"]) == pytest.approx(limits(plain["auroc"]), abs=1e-12)
    for metric in ("prevalence", "sensitivity", "specificity", "ppv", "npv", "accuracy"):
        one, other = plain[metric], clustered[metric]
        if other.value is not None:
            assert other.value == one.value
            assert other.low <= one.low + WIDER
            assert one.high <= other.high + WIDER


@given(ROWS)
@settings(deadline=None)
def test_more_of_the_same_rows_says_the_same_surer(rows):
    """Every row three times: no value moves, no interval of a proportion or area gets wider."""
    one, many = everything(rows), everything(rows * 3)
    for metric in ("prevalence", "sensitivity", "specificity", "auroc"):
        if one[metric].value is not None:
            assert many[metric].value == pytest.approx(one[metric].value, abs=1e-12)
            if one[metric].method == many[metric].method:
                width = one[metric].high - one[metric].low
                assert many[metric].high - many[metric].low <= width + WIDER


@given(COUNTS, st.floats(0.5, 0.999))
@settings(deadline=None)
def test_exchanging_classes_and_calls_mirrors_a_table(counts, level):
    """Sensitivity is then specificity, PPV NPV, LR+ one over LR-; odds ratio and Youden's index stay."""
    turned = Counts(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    for one, other in (("sensitivity", "specificity"), ("ppv", "npv"), ("accuracy", "accuracy")):
        for method in INTERVALS:
            (k, n, _), (mirrored, size, _) = proportions(counts)[one], proportions(turned)[other]
            assert limits(proportion(k, n, level, method, "")) == limits(
                proportion(mirrored, size, level, method, "")
            )
    mine, theirs = indices(counts, None, level), indices(turned, None, level)
    for metric in ("diagnostic_odds_ratio", "youden", "balanced_accuracy"):
        assert (mine[metric].value is None) == (theirs[metric].value is None)
        if mine[metric].value is not None:
            assert limits(mine[metric]) == pytest.approx(limits(theirs[metric]), rel=1e-9, abs=1e-12)
    ratio, inverse = mine["lr_positive"], theirs["lr_negative"]
    if ratio.value is not None and inverse.value is not None:
        assert [1 / x for x in reversed(limits(inverse))] == pytest.approx(limits(ratio), rel=1e-9)


@given(COUNTS, st.floats(0.001, 0.999))
@settings(deadline=None)
def test_predictive_values_at_a_prevalence_mirror(counts, prevalence):
    """NPV at π is the PPV of the mirrored table at 1 − π."""
    turned = Counts(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    one, other = npv_at(counts, prevalence, 0.95), ppv_at(turned, 1 - prevalence, 0.95)
    if one.value is not None and other.value is not None:
        assert limits(one) == pytest.approx(limits(other), rel=1e-9, abs=1e-12)


PAIRS = st.tuples(*[st.integers(0, 200)] * 4).filter(any)


@given(PAIRS)
@settings(deadline=None)
def test_exchanging_readings_turns_a_paired_difference(pairs):
    """B against A is minus A against B, limits exchanged; so it is for negatives instead of positives."""
    both, first, second, neither = pairs
    found = paired_difference(both, first, second, neither, 0.95)
    for exchanged in ((both, second, first, neither), (neither, second, first, both)):
        other = limits(paired_difference(*exchanged, 0.95))
        assert [-x for x in reversed(other)] == pytest.approx(limits(found), abs=1e-12)
    assert mcnemar_p(first, second) == mcnemar_p(second, first)
    assert 0 < mcnemar_p(first, second) <= 1
    assert -1 <= found.low <= found.value <= found.high <= 1
