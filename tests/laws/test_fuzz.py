"""A short, seeded run of the fuzzer; `make fuzz` runs it for as long as one likes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from support.fuzzing import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_thrown_at_it_breaks_it(name: str) -> None:
    """Any bytes end in a tree or in located problems, any text in a value, a fault or a refusal."""
    strategy, holds = TARGETS[name]

    @seed(20260430)
    @settings(max_examples=1500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def throw(thrown: Any) -> None:
        holds(thrown)

    throw()


def test_a_broken_law_is_noticed() -> None:
    """The fuzzer looks: a reader that takes `no` for false would be found."""
    from support import fuzzing

    with pytest.raises(AssertionError):
        fuzzing._same({"a": False}, {"a": "no"})
    assert isinstance(TARGETS["loader"][0], st.SearchStrategy)
