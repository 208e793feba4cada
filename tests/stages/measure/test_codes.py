"""Codes of doubles keep the order, lose nothing, and answer for thresholds that are no score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.measure.codes import code_at_or_above, decode, encode, offset_of
from muniment.measure.drift import _distances

NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.integers(-3, 3).map(float), st.sampled_from([5e-324, -1.5, 1e100, -1e-5])
)


def plain(values):
    return np.array(values, dtype=np.float64) + 0.0


@given(st.lists(NUMBERS, min_size=1, max_size=50), NUMBERS)
def test_codes_keep_the_order_and_come_back(values, threshold):
    """Sorting the codes sorts the values; every bit of a value comes back; a threshold cuts where it did."""
    array = plain(values)
    offset = offset_of(array)
    if offset is None:
        magnitudes = np.abs(array[array != 0])
        assert magnitudes.min() * 1e300 < magnitudes.max()
        return
    keys = np.empty(len(array), dtype=np.uint64)
    encode(array, offset, keys, 1)
    assert (keys & np.uint64(1)).all()
    codes = np.sort(keys >> np.uint64(1))
    assert decode(codes, offset).tobytes() == np.sort(array).tobytes()
    first = int(np.searchsorted(codes, np.uint64(code_at_or_above(threshold, offset))))
    assert len(codes) - first == int((array >= threshold).sum())


@pytest.mark.parametrize("threshold", [np.inf, -np.inf, 1e308, -1e308, 5e-324, -5e-324, 0.0])
def test_thresholds_beyond_all_scores_cut_all_or_nothing(threshold):
    """A threshold that is far from every score has a code that fits, and cuts as it should."""
    array = plain([-2.0, -1.0, 0.0, 1.0, 2.0])
    offset = offset_of(array)
    keys = np.empty(5, dtype=np.uint64)
    encode(array, offset, keys)
    code = code_at_or_above(threshold, offset)
    assert 0 <= code * 2 < 1 << 64
    assert 5 - int(np.searchsorted(keys, np.uint64(code * 2))) == int((array >= threshold).sum())


def test_magnitudes_too_far_apart_have_no_codes():
    """Where the offset cannot make room the caller is told."""
    assert offset_of(plain([5e-324, 1e308])) is None
    assert offset_of(plain([0.0])) is not None


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.lists(NUMBERS, min_size=1, max_size=40))
def test_distances_are_those_of_the_definition(first, second):
    """KS and Wasserstein by one merge are the suprema and integrals of the two step functions."""
    a, b = np.sort(plain(first)), np.sort(plain(second))
    points = np.unique(np.concatenate((a, b)))
    apart = np.searchsorted(a, points, side="right") / len(a) - np.searchsorted(
        b, points, side="right"
    ) / len(b)
    distance, moved = _distances(a, b)
    assert distance == pytest.approx(float(np.abs(apart).max()), abs=1e-15)
    assert moved == pytest.approx(float((np.abs(apart[:-1]) * np.diff(points)).sum()), rel=1e-9, abs=1e-300)
