"""Paired comparison of two scores on the same cases, overall and by subgroup, with suppression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from muniment.measure.discrimination import Contrast, paired
from muniment.measure.prepare import LABEL, SCORE, by_columns
from muniment.measure.proportions import mcnemar_p, paired_difference
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer, hidden
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

OTHER, CALL, OTHER_CALL = "other", "call", "other_call"
DELONG_PAIRED, NEWCOMBE_PAIRED = "delong-paired", "newcombe-paired"
Axis: TypeAlias = tuple[str, ...]
PAIRED_METRICS = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two scores on the same cases; the difference is first minus second."""

    metric: str
    cohort: Mapping[str, str]
    a: float | None
    b: float | None
    result: Result
    """The difference with its interval."""
    n: int | None
    """Cases the difference rests on (events for sensitivity, non-events for specificity)."""
    events: int | None
    z: float | None = None
    p: float | None = None
    """Two-sided: of z for the area, McNemar's exact p for sensitivity and specificity."""
    suppressed: bool = False
    pairs: tuple[int, int, int, int] | None = None
    """Behind a paired proportion: cases right by both, by the first alone, by the second alone, by none."""

    def as_json(self, level: float) -> dict[str, Any]:
        """The numbers of the comparison; whoever compares adds with what."""
        out: dict[str, Any] = {
            "metric": self.metric,
            "cohort": dict(sorted(self.cohort.items())),
            "a": rounded(self.a),
            "b": rounded(self.b),
            "difference": rounded(self.result.value),
            "low": rounded(self.result.low),
            "high": rounded(self.result.high),
            "level": level,
            "p": rounded(self.p),
            "method": self.result.method,
            "n": self.n,
            "events": self.events,
        }
        if self.result.undecided:
            out["undecided"] = self.result.undecided
        return out


def comparisons(
    pairs: pl.DataFrame,
    axes: Sequence[Axis],
    level: float,
    min_n: int,
    already: Mapping[Axis, Mapping[tuple[str, ...], str]] | None = None,
) -> tuple[Comparison, ...]:
    """Compare overall and in every level of every axis.

    Args:
        pairs: columns `label`, `score`, `other` (no nulls), `by:<column>`, and `call`, `other_call`
            (Boolean) where both sides have an operating point.
        axes: the columns of each subgroup axis.
        level: confidence level.
        min_n: cohorts with fewer pairs are suppressed.
        already: for an axis, the levels that are hidden for another reason.
    """
    metrics = PAIRED_METRICS if CALL in pairs.columns else PAIRED_METRICS[:1]
    small = fewer(min_n) if pairs.height < min_n else None
    out = [*_cohort(pairs, {}, metrics, level, small)]
    for axis in axes:
        columns = by_columns(axis)
        parts = {
            tuple(str(value) for value in key): part
            for key, part in pairs.partition_by(columns, as_dict=True, maintain_order=True).items()
        }
        gone = dict((already or {}).get(axis, {}))
        sizes = {key: part.height for key, part in parts.items()} | {
            key: 0 for key in gone if key not in parts
        }
        reasons = hidden(sizes, min_n, gone)
        for key in sorted(parts):
            by = dict(zip(axis, key, strict=True))
            out += _cohort(parts[key], by, metrics, level, small or reasons.get(key))
    return tuple(out)


def _cohort(
    pairs: pl.DataFrame, by: Mapping[str, str], metrics: Sequence[str], level: float, suppressed: str | None
) -> Iterator[Comparison]:
    if suppressed is not None:
        for metric in metrics:
            method = DELONG_PAIRED if metric == "auroc" else NEWCOMBE_PAIRED
            result = undecided(method, suppressed)
            yield Comparison(metric, by, None, None, result, None, None, suppressed=True)
        return
    yield areas(pairs, by, level)
    if len(metrics) > 1:
        yield rates(pairs, by, True, level)
        yield rates(pairs, by, False, level)


def areas(pairs: pl.DataFrame, by: Mapping[str, str], level: float) -> Comparison:
    """Paired DeLong comparison of `score` and `other`."""
    labels = pairs[LABEL].to_numpy()
    events = int(np.count_nonzero(labels))
    found = paired(labels, pairs[SCORE].to_numpy(), pairs[OTHER].to_numpy(), level)
    if isinstance(found, Contrast):
        return Comparison(
            "auroc", by, found.a, found.b, found.difference, pairs.height, events, found.z, found.p
        )
    return Comparison("auroc", by, None, None, undecided(DELONG_PAIRED, found), pairs.height, events)


def rates(pairs: pl.DataFrame, by: Mapping[str, str], of_events: bool, level: float) -> Comparison:
    """Paired comparison of sensitivity (`of_events`) or specificity from the calls of both sides."""
    metric = "sensitivity" if of_events else "specificity"
    events = int(pairs[LABEL].sum())
    group = pairs.filter(pl.col(LABEL) if of_events else ~pl.col(LABEL))
    mine = group[CALL].to_numpy() == of_events
    theirs = group[OTHER_CALL].to_numpy() == of_events
    both, neither = int(np.count_nonzero(mine & theirs)), int(np.count_nonzero(~mine & ~theirs))
    first, second = int(np.count_nonzero(mine & ~theirs)), int(np.count_nonzero(~mine & theirs))
    n = group.height
    if n == 0:
        nothing = undecided(NEWCOMBE_PAIRED, "no events" if of_events else "no non-events")
        return Comparison(metric, by, None, None, nothing, 0, events)
    result = paired_difference(both, first, second, neither, level)
    a, b = (both + first) / n, (both + second) / n
    counts = (both, first, second, neither)
    return Comparison(metric, by, a, b, result, n, events, p=mcnemar_p(first, second), pairs=counts)
