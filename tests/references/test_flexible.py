"""Ours against references: see part_flexible.py."""

from references.agreement import pairs, wrong


def test_every_number_of_a_reference_is_ours():
    """To 1e-9 where the definition is the same; where it is not, as near as is written beside it."""
    found = list(pairs("part_flexible"))
    assert found
    assert not wrong(found)
