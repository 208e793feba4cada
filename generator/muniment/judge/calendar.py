"""Working days, which CEL cannot count."""

from __future__ import annotations

from datetime import date, timedelta

FRIDAY = 4


def workdays(first: str, last: str) -> int:
    """Count Mondays to Fridays after the ISO day `first` up to and including `last`.

    From a Friday to the Monday after it is one. Public holidays differ by place and are counted as working
    days, which makes a deadline shorter and never longer. A `last` before `first` counts as zero.
    """
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    whole, rest = divmod(max((end - start).days, 0), 7)
    days = (start + timedelta(days=7 * whole + step) for step in range(1, rest + 1))
    return 5 * whole + sum(day.weekday() <= FRIDAY for day in days)
