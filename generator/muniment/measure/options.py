"""What the options of several commands must be."""

from __future__ import annotations

import math
from collections.abc import Iterable

from muniment.errors import UsageError


def check_common(level: float, min_n: int, thresholds: Iterable[float | None]) -> None:
    """Raise `UsageError` unless the level is a probability, the minimum counts and thresholds are numbers."""
    if not 0 < level < 1:
        raise UsageError(f"a confidence level of {level} is not between 0 and 1", hint="95 % is 0.95.")
    if min_n < 1:
        raise UsageError(f"a minimum of {min_n} rows makes no sense", hint="Use 1 to show every cell.")
    for threshold in thresholds:
        if threshold is not None and math.isnan(threshold):
            raise UsageError("a threshold must be a number, not NaN")
