"""Small cells are hidden, and cannot be computed from what is shown."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.measure.suppression import PROTECTS, hidden

SIZES = st.dictionaries(st.tuples(st.sampled_from("abcdef")), st.integers(0, 40), max_size=6)  # one axis
TABLES = st.dictionaries(
    st.tuples(st.sampled_from("FM"), st.sampled_from("ABC")), st.integers(1, 40), max_size=6
)  # two axes


def test_a_single_small_level_takes_the_next_smallest_with_it():
    """Otherwise it is the total minus the others."""
    assert hidden({("a",): 4, ("b",): 50, ("c",): 20}, 10) == {
        ("a",): "fewer than 10 rows",
        ("c",): PROTECTS,
    }


def test_two_small_levels_whose_sum_is_small_take_a_third():
    """Their sum is known, and a sum of seven is a small cell."""
    assert set(hidden({("a",): 4, ("b",): 3, ("c",): 20, ("d",): 30}, 10)) == {("a",), ("b",), ("c",)}


def test_nothing_small_hides_nothing():
    """Levels of the smallest size allowed are shown."""
    assert hidden({("a",): 10, ("b",): 11}, 10) == {}


@given(SIZES, st.integers(1, 20))
def test_hidden_levels_of_an_axis_hold_at_least_the_minimum(sizes, minimum):
    """What can be computed is the sum of the hidden levels, and that is not small."""
    gone = hidden(sizes, minimum)
    assert all(level in gone for level, n in sizes.items() if n < minimum)
    left = [level for level in sizes if level not in gone and sizes[level]]
    if gone and left:
        assert len(gone) > 1
        assert sum(sizes[level] for level in gone) >= minimum


@given(TABLES, st.integers(1, 20))
def test_every_line_of_an_intersection_is_protected(sizes, minimum):
    """Marginal totals are shown: no line of the table has a lone or small hidden sum while a cell stands."""
    gone = hidden(sizes, minimum)
    for column in (0, 1):
        for value in {level[column] for level in sizes}:
            line = [level for level in sizes if level[column] == value]
            lost = [level for level in line if level in gone]
            if lost and len(lost) < len(line):
                assert len(lost) > 1
                assert sum(sizes[level] for level in lost) >= minimum
