"""Not worse by more than a margin: decided on the bound of the interval, against every comparator.

A release may be compared with the one before it and still drift away from the first that was approved, a
margin at a time. So it is held against both, and only together they decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.errors import UsageError
from muniment.measure.compare import Comparison
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """One metric against one comparator; the difference is new minus comparator."""

    comparison: Comparison
    against: str
    """`previous`, `original` or another comparator's name."""
    margin: float
    """Above zero, on the metric's own scale."""
    lower_is_better: bool
    bound: float | None
    """The bound that decides: lower, or upper where low values are better."""
    non_inferior: bool | None
    """`None` where the comparison has no interval."""
    superior: bool | None
    """Whether the same bound also lies on the better side of zero."""

    def as_json(self, level: float) -> dict[str, Any]:
        """The comparison with margin, deciding bound and verdict."""
        return {
            "against": self.against,
            **self.comparison.as_json(level),
            "margin": self.margin,
            "bound": rounded(self.bound),
            "non_inferior": self.non_inferior,
            "superior": self.superior,
        }


@dataclass(frozen=True, slots=True)
class NonInferiorityVerdict:
    """One metric against every comparator that was asked for."""

    metric: str
    level: float
    """Two-sided level of the intervals; the test is one-sided at half of what is left."""
    entries: tuple[NonInferiority, ...]
    non_inferior: bool | None
    """True where every entry is; false where one is not; `None` where none is not and one is undecided."""

    def as_json(self) -> dict[str, Any]:
        """The verdict with its entries."""
        return {
            "metric": self.metric,
            "level": self.level,
            "non_inferior": self.non_inferior,
            "entries": [entry.as_json(self.level) for entry in self.entries],
        }


def non_inferiority(
    comparisons: Mapping[str, Comparison],
    margins: Mapping[str, float],
    level: float,
    *,
    lower_is_better: bool = False,
) -> NonInferiorityVerdict:
    """Judge one metric of a new model against each comparator, on the bound of the two-sided interval.

    With a level of .95 this is the one-sided test at 2.5 % (CONSORT extension for non-inferiority, Piaggio et
    al. 2012, JAMA 308:2594). The bound itself must clear the margin: equality is not enough.

    Args:
        comparisons: comparator to comparison, new minus comparator, all of one metric and cohort.
        margins: comparator to margin, each above zero; every comparator needs one, and every margin a
            comparator: a margin without comparison would be a promise that nobody checked.
        level: confidence level of the intervals.
        lower_is_better: for errors (Brier, false-positive rate).

    Raises:
        UsageError: no comparator, margins and comparators that differ, a margin not above zero, or
            comparisons of several metrics or cohorts.
    """
    if not comparisons or set(comparisons) != set(margins):
        stray = sorted(set(comparisons) ^ set(margins))
        raise UsageError(
            f"comparators and margins differ: {', '.join(stray) or 'there are none'}",
            hint="Give one margin a comparator; usually these are previous and original.",
        )
    if len({(item.metric, tuple(sorted(item.cohort.items()))) for item in comparisons.values()}) > 1:
        raise UsageError("a non-inferiority verdict is about one metric in one cohort")
    for name, margin in margins.items():
        if not margin > 0:
            raise UsageError(f"the margin {margin} against {name} is not above zero")
    entries = tuple(
        _entry(comparisons[name], name, margins[name], lower_is_better) for name in sorted(comparisons)
    )
    outcomes = [entry.non_inferior for entry in entries]
    together = False if False in outcomes else None if None in outcomes else True
    return NonInferiorityVerdict(entries[0].comparison.metric, level, entries, together)


def _entry(item: Comparison, against: str, margin: float, lower_is_better: bool) -> NonInferiority:
    bound = item.result.high if lower_is_better else item.result.low
    if bound is None:
        return NonInferiority(item, against, margin, lower_is_better, None, None, None)
    better = -bound if lower_is_better else bound
    return NonInferiority(item, against, margin, lower_is_better, bound, better > -margin, better > 0)
