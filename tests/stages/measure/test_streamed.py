"""Calibration of many rows in passes is the calibration of all rows at once."""

import numpy as np
import pytest

from muniment.measure import streamed
from muniment.measure.calibration import METRICS, calibration
from muniment.measure.kernel import Keys, Scale

SHAPES = {
    "uniform": lambda u: u * 0.998 + 0.001,
    "ties": lambda u: u.round(2) * 0.98 + 0.01,
    "rare": lambda u: u**6 * 0.3 + 1e-9,
    "extreme": lambda u: 1 / (1 + np.exp(-12 * (u - 0.3))),
    "nearly constant": lambda u: 0.3 + 1e-4 * u,
    "certain": lambda u: np.where(u < 0.01, 0.0, u),
    "all equal": lambda u: u * 0 + 0.25,
}


def keys_of(score, label):
    return Keys(np.sort(score.view(np.uint64) * np.uint64(2) + label.astype(np.uint64)), Scale())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", [10_000, 70_001])
def test_passes_and_the_whole_agree(monkeypatch, shape, rows):
    """Values and bounds agree to 1e-10, and where one has a reason the other has it too."""
    rng = np.random.default_rng(rows)
    score = SHAPES[shape](rng.random(rows))
    keys = keys_of(score, rng.random(rows) < score**1.2)
    monkeypatch.setattr(streamed, "FEWEST", 2)
    found = calibration(keys, 0.95)
    monkeypatch.setattr(streamed, "FEWEST", 10**9)
    whole = calibration(keys, 0.95)
    for metric in METRICS:
        one, other = found[metric], whole[metric]
        assert (one.undecided, one.method) == (other.undecided, other.method)
        if one.undecided is None:
            numbers = (other.value, other.low, other.high)
            assert (one.value, one.low, one.high) == pytest.approx(numbers, rel=1e-10, abs=1e-12)


def test_separated_classes_have_the_reason_of_the_whole(monkeypatch):
    """Classes that a threshold separates end in the same words on either way."""
    score = np.linspace(0.01, 0.99, 20_000)
    keys = keys_of(score, score > 0.5)
    monkeypatch.setattr(streamed, "FEWEST", 2)
    found = calibration(keys, 0.95)["calibration_slope"]
    monkeypatch.setattr(streamed, "FEWEST", 10**9)
    assert found.undecided is not None
    assert found == calibration(keys, 0.95)["calibration_slope"]
