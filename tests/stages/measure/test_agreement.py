"""Coefficients of agreement, against published values, the delta method and definitions written out."""

import itertools

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from muniment.measure.bootstrap import Resampling
from muniment.measure.ratings import rated, read_ratings
from support.studies import CODERS, FLEISS

FEW = Resampling(200, 7)


def table(counts):
    """Pairs of ratings with this contingency table."""
    q = range(len(counts))
    return [(i, j) for i, j in itertools.product(q, q) for _ in range(counts[i][j])]


def made(seed: int, units: int = 60, raters: int = 4, missing: float = 0.2):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, units)
    values = np.clip(
        truth[:, None] + rng.integers(-1, 2, (units, raters)) * (rng.random((units, raters)) < 0.5), 1, 5
    )
    gone = rng.random((units, raters)) < missing
    return [
        [None if out else int(v) for v, out in zip(*pair, strict=True)]
        for pair in zip(values, gone, strict=True)
    ]


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_example(metric, published):
    """Four coders, twelve units (Krippendorff 2011, Computing alpha-reliability): the four printed values."""
    found = krippendorff_alpha(rated(CODERS), FEW, metric)
    assert round(found.value, 3) == published
    assert found.low <= found.value <= found.high
    assert (found.n, found.extra["ratings"], found.extra["raters"]) == (11, 40, 4)


def test_gwet_example():
    """The same ratings in irrCAC 1.0 (its vignette): AC1 .77544 (SE .14295), Fleiss .76117 (SE .15302)."""
    ac1, kappa = gwet_ac1(rated(CODERS)), fleiss_kappa(rated(CODERS))
    assert (ac1.value, ac1.extra["standard_error"]) == pytest.approx((0.77544, 0.14295), abs=5e-6)
    assert (kappa.value, kappa.extra["standard_error"]) == pytest.approx((0.76117, 0.15302), abs=5e-6)
    assert (round(ac1.low, 3), ac1.high, round(kappa.low, 3)) == (0.461, 1.0, 0.424)
    assert ac1.extra["expected_agreement"] == pytest.approx(0.1903212, abs=5e-8)
    assert kappa.extra["expected_agreement"] == pytest.approx(0.2387153, abs=5e-8)


def test_fleiss_example():
    """Ten subjects and fourteen raters: kappa .210."""
    found = fleiss_kappa(rated(FLEISS))
    assert round(found.value, 3) == 0.210
    assert (found.n, found.extra["ratings"]) == (10, 140)


def test_cohen_example():
    """Two abstractors, 100 cases (irrCAC 1.0, cont3x3abstractors): kappa .7964094, SE .05891072."""
    found = cohen_kappa(rated(table([[13, 0, 0], [0, 20, 7], [0, 4, 56]])))
    assert found.value == pytest.approx(0.7964094, abs=5e-8)
    assert found.extra["standard_error"] == pytest.approx(0.05891072, abs=5e-9)
    assert (round(found.low, 2), round(found.high, 3)) == (0.68, 0.912)


@pytest.mark.parametrize(
    ("weights", "theirs"), [("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic")]
)
@pytest.mark.parametrize("seed", range(4))
def test_cohen_agrees_with_scikit_learn(weights, theirs, seed):
    """The value is scikit-learn's for every kind of weights."""
    rows = made(seed, raters=2, missing=0.0)
    found = cohen_kappa(rated(rows), weights=weights)
    a, b = zip(*rows, strict=True)
    assert found.value == pytest.approx(cohen_kappa_score(a, b, weights=theirs), abs=1e-12)


@pytest.mark.parametrize("weights", ["unweighted", "linear", "quadratic"])
def test_cohen_error_is_the_delta_method(weights):
    """Fleiss, Cohen and Everitt's formula is the multinomial delta method, done here by differences."""
    counts = np.array([[22, 4, 2, 1], [5, 17, 6, 0], [1, 7, 19, 3], [0, 2, 4, 9]], dtype=float)
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) / 3
    weight = {"unweighted": np.eye(4), "linear": 1 - apart, "quadratic": 1 - apart**2}[weights]

    def kappa(p):
        p = p / p.sum()
        po, pe = (weight * p).sum(), (weight * np.outer(p.sum(1), p.sum(0))).sum()
        return (po - pe) / (1 - pe)

    n, p, step = counts.sum(), counts / counts.sum(), 1e-6
    gradient = np.zeros((4, 4))
    for cell in np.ndindex(4, 4):
        up, down = p.copy(), p.copy()
        up[cell] += step
        down[cell] -= step
        gradient[cell] = (kappa(up) - kappa(down)) / (2 * step)
    variance = ((p * gradient**2).sum() - (p * gradient).sum() ** 2) / n
    found = cohen_kappa(rated(table(counts.astype(int))), weights=weights)
    assert found.extra["standard_error"] == pytest.approx(np.sqrt(variance), rel=1e-7)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, gwet_ac1])
def test_variance_between_units_is_the_infinitesimal_jackknife(coefficient):
    """With two or more ratings of every unit Gwet's variance is that of a weight moved a little."""
    rows = made(3, missing=0.0)
    counts = np.array([[row.count(c) for c in range(1, 6)] for row in rows], dtype=float)
    n, m = len(rows), counts.sum(axis=1)

    def value(w):
        w = w / w.sum()
        po = (w * (counts * (counts - 1)).sum(1) / (m * (m - 1))).sum()
        pi = (w[:, None] * counts / m[:, None]).sum(0)
        pe = (pi**2).sum() if coefficient is fleiss_kappa else (pi * (1 - pi)).sum() / 4
        return (po - pe) / (1 - pe)

    step, influence = 1e-6, []
    for unit in range(n):
        w = np.full(n, 1 / n)
        up, down = w.copy(), w.copy()
        up[unit] += step
        down[unit] -= step
        influence.append((value(up) - value(down)) / (2 * step))
    variance = (np.array(influence) ** 2).sum() / (n * (n - 1))
    found = coefficient(rated(rows))
    assert found.value == pytest.approx(value(np.ones(n)), abs=1e-12)
    assert found.extra["standard_error"] == pytest.approx(np.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("seed", range(3))
def test_alpha_agrees_with_its_definition(metric, seed):
    """Sums over all ordered pairs of pairable values, written out."""
    rows = made(seed)
    units = [[v for v in row if v is not None] for row in rows]
    units = [unit for unit in units if len(unit) >= 2]
    pool = [v for unit in units for v in unit]
    n = len(pool)
    often = {v: pool.count(v) for v in set(pool)}

    def apart(c, k):
        low, high = sorted((c, k))
        between = sum(often[g] for g in often if low <= g <= high) - (often[low] + often[high]) / 2
        return {
            "nominal": float(c != k),
            "ordinal": between**2 if c != k else 0.0,
            "interval": (c - k) ** 2,
            "ratio": ((c - k) / (c + k)) ** 2,
        }[metric]

    observed = (
        sum(sum(apart(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units)
        / n
    )
    expected = sum(apart(a, b) for a, b in itertools.permutations(pool, 2)) / (n * (n - 1))
    assert krippendorff_alpha(rated(rows), FEW, metric).value == pytest.approx(
        1 - observed / expected, abs=1e-12
    )


def test_bootstrap_of_units_is_a_resample():
    """A replicate of alpha is the alpha of the resampled matrix, ranks included."""
    rows = [row for row in made(5) if sum(v is not None for v in row) >= 2]
    weights = next(iter(Resampling(1, 3).draws(len(rows))))
    again = [row for row, often in zip(rows, weights, strict=True) for _ in range(often)]
    one = krippendorff_alpha(rated(rows), Resampling(1, 3), "ordinal")
    # An interval always holds its value, so the one replicate is the end that is not the value.
    (end,) = {one.low, one.high} - {one.value}
    assert end == pytest.approx(krippendorff_alpha(rated(again), FEW, "ordinal").value, abs=1e-12)


def long(rows):
    return pl.DataFrame(
        [(f"u{i:03}", f"r{j}", value) for i, row in enumerate(rows) for j, value in enumerate(row)],
        schema=["unit", "rater", "value"],
        orient="row",
    )


def everything(ratings):
    return (
        cohen_kappa(ratings, ("r0", "r1"), "quadratic"),
        fleiss_kappa(ratings),
        gwet_ac1(ratings),
        krippendorff_alpha(ratings, FEW, "ordinal"),
    )


def test_order_of_rows_does_not_matter():
    """A long table in any order, with or without rows for missing ratings, gives the same bits."""
    frame = long(made(1))
    plain = everything(read_ratings(frame.lazy(), "unit", "rater", "value"))
    mixed = frame.sample(fraction=1, shuffle=True, seed=4).drop_nulls("value")
    assert everything(read_ratings(mixed.lazy(), "unit", "rater", "value")) == plain


def test_full_agreement_and_one_category_have_reasons():
    """No variance is not certainty, and one category is not agreement."""
    agree = rated([[1 + k % 3] * 2 for k in range(20)])
    single = rated([[1, 1]] * 20)
    for ratings, words in ((agree, "never disagree"), (single, "one category")):
        for found in (
            cohen_kappa(ratings),
            fleiss_kappa(ratings),
            gwet_ac1(ratings),
            krippendorff_alpha(ratings, FEW),
        ):
            assert words in found.undecided
            assert (found.value, found.low, found.high) == (None, None, None)


def test_ac1_knows_categories_nobody_used():
    """A listed category that nobody used lowers the agreement that chance is expected to make."""
    rows = [[1, 1]] * 19 + [[1, 2]]
    two, three = rated(rows), rated(rows, order=("1", "2", "3"))
    assert gwet_ac1(three).value > gwet_ac1(two).value
    assert gwet_ac1(three).extra["expected_agreement"] == pytest.approx(
        gwet_ac1(two).extra["expected_agreement"] / 2
    )


def test_few_units_are_suppressed():
    """Under the minimum there is no number, the count included."""
    found = fleiss_kappa(rated(CODERS[:5]))
    assert (found.value, found.n, found.undecided) == (None, None, "fewer than 10 rows")
    assert "expected_agreement" not in found.as_json()


def test_words_have_no_order():
    """Weights and ordinal alpha ask for the order of words; with it they are numbers in disguise."""
    rows = [["low", "mid"], ["high", "high"], ["mid", "low"], ["low", "low"]] * 5
    with pytest.raises(UsageError, match="no order"):
        cohen_kappa(rated(rows), weights="linear")
    with pytest.raises(UsageError, match="no order"):
        krippendorff_alpha(rated(rows), FEW, "ordinal")
    with pytest.raises(UsageError, match="no numbers"):
        krippendorff_alpha(rated(rows), FEW, "interval")
    code = {"low": 1, "mid": 2, "high": 3}
    numbers = [[code[value] for value in row] for row in rows]
    ordered = rated(rows, order=("low", "mid", "high"))
    assert cohen_kappa(ordered, weights="linear").value == cohen_kappa(rated(numbers), weights="linear").value


def test_bad_ratings_are_named():
    """Two ratings by one rater, no rating, an unknown category, three raters for two."""
    frame = long(made(1))
    with pytest.raises(UnreadableInput, match="1 ratings by a rater"):
        read_ratings(pl.concat([frame, frame[:1]]).lazy(), "unit", "rater", "value")
    with pytest.raises(UnreadableInput, match="no rating"):
        read_ratings(frame.with_columns(value=pl.lit("NA")).lazy(), "unit", "rater", "value")
    with pytest.raises(UnreadableInput, match="'5'"):
        rated(made(1), order=("1", "2", "3", "4"))
    with pytest.raises(UsageError, match="two raters"):
        cohen_kappa(rated(made(1)))


def test_a_table_of_too_many_pairs_is_refused():
    """Units times raters is bounded before any memory is taken: mistaken columns do not end the process."""
    n = 5000
    frame = pl.DataFrame({"unit": range(n), "rater": range(n), "value": ["yes"] * n})
    with pytest.raises(UnreadableInput, match="5000 units and 5000 raters; 20,000,000 pairs"):
        read_ratings(frame.lazy(), "unit", "rater", "value")
