"""Reader studies, against published values and the definitions written out."""

import itertools
import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.discrimination import Contrast, paired
from muniment.measure.prepare import TableSpec
from muniment.measure.readers import (
    RANDOM,
    Components,
    components,
    denominator,
    difference,
    read_study,
    reader_study,
    study_of,
)

# Van Dyke's study: two modalities, five readers, 114 cases. Areas and components as RJafroc prints them.
AREAS = np.array(
    [
        [0.9196457, 0.8587762, 0.9038647, 0.9731079, 0.8297907],
        [0.9478261, 0.9053140, 0.9217391, 0.9993559, 0.9299517],
    ]
)
VAN_DYKE = Components(
    0.0047961705, 0.0038362000, 0.0005510306, 0.0008022883, 0.0003466137, 0.0003440748, 0.0002390284
)


def readings(cases: int = 80, readers: int = 4, modalities: int = 2, seed: int = 1, ties: bool = True):
    """Labels (cases,) and scores (modalities, readers, cases) with effects of all three and ties."""
    rng = np.random.default_rng(seed)
    labels = rng.random(cases) < 0.4
    case = rng.normal(0, 0.7, cases) + labels * 1.2
    skill = rng.normal(0, 0.2, (modalities, readers, 1)) * labels
    scores = case + skill + 0.3 * labels * np.arange(modalities)[:, None, None]
    scores = scores + rng.normal(0, 0.8, (modalities, readers, cases))
    return labels, np.round(scores, 1 if ties else 9)


def study(**options):
    labels, scores = readings(**options)
    t, r, _ = scores.shape
    return study_of(labels, scores, tuple(f"m{i}" for i in range(t)), tuple(f"r{j}" for j in range(r)))


def test_mean_squares_of_a_published_study():
    """The mean squares of Van Dyke's ten areas are those of the printed analysis of variance."""
    plain = study(readers=5)
    found = components(type(plain)(("a", "b"), plain.readers, 114, 45, AREAS, plain.covariances))
    assert (found.modality, found.reader, found.interaction) == pytest.approx(
        (VAN_DYKE.modality, VAN_DYKE.reader, VAN_DYKE.interaction), abs=1e-9
    )


def test_difference_of_a_published_study():
    """F 4.456319, df 15.25967, p .05166569, interval −.0879595 to .00035885 (MRMCaov and RJafroc)."""
    spread, df = denominator(VAN_DYKE, "readers and cases", 2, 5)
    assert VAN_DYKE.modality / spread == pytest.approx(4.456319, abs=2e-6)
    assert df == pytest.approx(15.25967, abs=2e-5)
    found = difference(("1", "2"), -0.04380032, spread, df, 5, "readers and cases", 0.95)
    assert found.error == pytest.approx(0.02074862, abs=1e-8)
    assert (found.result.low, found.result.high) == pytest.approx((-0.0879594986, 0.0003588544), abs=2e-8)
    assert found.p == pytest.approx(0.05166569, abs=1e-7)


def test_area_of_one_modality_of_a_published_study():
    """Modality 1: SE .0331736, df 12.74465, interval .8252236 to .9688505 (MRMCaov)."""
    plain = study(readers=5)
    cov = np.full((2, 5, 2, 5), 0.0004839618)
    cov[:, range(5), :, range(5)] = 0.0010141028
    found = reader_study(type(plain)(("1", "2"), plain.readers, 114, 45, AREAS, cov)).areas[0]
    assert found.error == pytest.approx(0.03317360, abs=1e-7)
    assert found.df == pytest.approx(12.74465, abs=1e-4)
    assert (found.result.low, found.result.high) == pytest.approx((0.8252236, 0.9688505), abs=1e-6)


def jackknife_free(labels, scores):
    """DeLong's covariances of all areas from the full matrix of pairs, by NumPy."""
    t, r, _ = scores.shape
    rows = []
    for i, j in itertools.product(range(t), range(r)):
        s = scores[i, j]
        psi = (s[labels][:, None] > s[~labels][None, :]) + 0.5 * (s[labels][:, None] == s[~labels][None, :])
        rows.append((psi.mean(), psi.mean(axis=1), psi.mean(axis=0)))
    p, n = int(labels.sum()), int((~labels).sum())
    cov = np.cov([row[1] for row in rows]) / p + np.cov([row[2] for row in rows]) / n
    return np.array([row[0] for row in rows]).reshape(t, r), cov.reshape(t, r, t, r)


@pytest.mark.parametrize("modalities", [2, 3])
def test_everything_agrees_with_its_definition(modalities):
    """Areas, covariances, components, F and intervals, from pairs of cases and SciPy's distributions."""
    labels, scores = readings(modalities=modalities)
    areas, cov = jackknife_free(labels, scores)
    one = study(modalities=modalities)
    assert one.areas == pytest.approx(areas, abs=1e-12)
    assert one.covariances == pytest.approx(cov, abs=1e-14)
    t, r = areas.shape
    index = list(itertools.product(range(t), range(r), range(t), range(r)))
    c1 = np.mean([cov[i, j, k, m] for i, j, k, m in index if i != k and j == m])
    c2 = np.mean([cov[i, j, k, m] for i, j, k, m in index if i == k and j != m])
    c3 = np.mean([cov[i, j, k, m] for i, j, k, m in index if i != k and j != m])
    var = np.mean([cov[i, j, i, j] for i, j in itertools.product(range(t), range(r))])
    ms_t = r * np.var(areas.mean(1), ddof=1)
    left = areas - areas.mean(1)[:, None] - areas.mean(0) + areas.mean()
    ms_tr = (left**2).sum() / ((t - 1) * (r - 1))
    cases = {
        "readers and cases": (ms_tr + r * max(c2 - c3, 0), None),
        "cases": (var - c1 + (r - 1) * max(c2 - c3, 0), np.inf),
        "readers": (ms_tr, (t - 1) * (r - 1)),
    }
    for random, (spread, df) in cases.items():
        df = (t - 1) * (r - 1) * (spread / ms_tr) ** 2 if df is None else df
        found = reader_study(one, random)
        assert found.statistic == pytest.approx(ms_t / spread, rel=1e-10)
        tail = stats.f.sf(ms_t / spread, t - 1, df if np.isfinite(df) else 1e12)
        assert found.p == pytest.approx(tail, rel=1e-6)
        for effect, (i, k) in zip(found.effects, itertools.combinations(range(t), 2), strict=True):
            value = areas[i].mean() - areas[k].mean()
            critical = stats.t.ppf(0.975, df) if np.isfinite(df) else stats.norm.ppf(0.975)
            reach = critical * math.sqrt(2 * spread / r)
            assert (effect.result.value, effect.result.low, effect.result.high) == pytest.approx(
                (value, value - reach, value + reach), rel=1e-9
            )
            assert effect.result.method == RANDOM[random]
        if t == 2:
            assert found.effects[0].p == pytest.approx(found.p, rel=1e-8)


def test_copies_of_one_reader_are_delong():
    """Two readers who read alike are one: with fixed readers the difference is the paired DeLong one."""
    labels, scores = readings(readers=1)
    twice = np.repeat(scores, 2, axis=1)
    found = reader_study(study_of(labels, twice, ("a", "b"), ("1", "2")), "cases")
    alone = paired(labels, scores[0, 0], scores[1, 0], 0.95)
    assert isinstance(alone, Contrast)
    effect = found.effects[0].result
    assert (effect.value, effect.low, effect.high) == pytest.approx(
        (alone.difference.value, alone.difference.low, alone.difference.high), abs=1e-12
    )


def long(labels, scores) -> pl.DataFrame:
    t, r, n = scores.shape
    return pl.DataFrame(
        [
            (f"m{i}", f"r{j}", f"c{k:03}", bool(labels[k]), float(scores[i, j, k]))
            for i, j, k in itertools.product(range(t), range(r), range(n))
        ],
        schema=["modality", "reader", "case", "truth", "score"],
        orient="row",
    )


def read(frame):
    return read_study(frame.lazy(), TableSpec("truth", "score"), "reader", "modality", "case")


def test_order_of_rows_does_not_matter():
    """A long table in any order gives the same bits."""
    frame = long(*readings())
    mixed = frame.sample(fraction=1, shuffle=True, seed=3)
    assert reader_study(read(frame)).as_json() == reader_study(read(mixed)).as_json()
    assert reader_study(read(frame)).as_json() == reader_study(study()).as_json()


def test_a_gap_is_refused_with_what_is_there():
    """A study that is not fully crossed is another study."""
    frame = long(*readings())
    with pytest.raises(UnreadableInput, match="make 640 readings, there are 639"):
        read(frame[:-1])
    with pytest.raises(UnreadableInput, match="1 readings of a case by a reader"):
        read(pl.concat([frame, frame[:1]]))
    with pytest.raises(UnreadableInput, match="1 cases with two truths"):
        read(frame.with_columns(pl.Series("truth", [not frame["truth"][0], *frame["truth"][1:]])))
    with pytest.raises(UnreadableInput, match="0 readings without a truth and 1 without a score"):
        read(frame.with_columns(pl.Series("score", [None, *frame["score"][1:]])))


def test_what_cannot_be_analysed_has_a_reason():
    """One reader, one modality, one class, too few cases: no number, and why."""
    labels, scores = readings()
    for part, words in (
        (study_of(labels, scores[:, :1], ("a", "b"), ("1",)), "fewer than two readers"),
        (study_of(labels, scores[:1], ("a",), ("1", "2", "3", "4")), "fewer than two modalities"),
        (study_of(labels | True, scores, ("a", "b"), ("1", "2", "3", "4")), "one class only"),
    ):
        found = reader_study(part).as_json()
        assert (found["undecided"], found["effects"], found["areas"], found["p"]) == (words, [], [], None)
    small = reader_study(study(cases=9)).as_json()
    assert (small["n"], small["events"], small["components"]) == (None, None, None)
    with pytest.raises(UsageError, match="cannot be random"):
        reader_study(study(), "weather")


def test_readings_without_any_spread_give_no_interval():
    """Complete separation by everybody is not certainty."""
    labels, scores = readings()
    found = reader_study(study_of(labels, np.zeros_like(scores) + labels, ("a", "b"), ("1", "2", "3", "4")))
    assert found.effects[0].result.undecided == "the readings do not vary: no interval"
    assert found.statistic is None


def test_a_study_of_too_many_readers_is_refused():
    """A case taken for a reader would make covariances without end."""
    n = 1001
    frame = pl.DataFrame({"r": range(n), "m": ["a"] * n, "c": ["1"] * n, "y": [1] * n, "s": [0.5] * n})
    with pytest.raises(UnreadableInput, match="1 modalities and 1001 readers; 1000 pairs"):
        read_study(frame.lazy(), TableSpec("y", "s"), "r", "m", "c")
