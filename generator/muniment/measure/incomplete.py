"""Rows without a score or a label: how much could they have changed?

Intention to diagnose counts every patient who was meant to be diagnosed. A row that lacks its score or its
label is counted once as wrong and once as right; every metric lies between the two. The bounds are sharp:
some way to fill the gaps attains each. They need no assumption on why values are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UsageError
from muniment.measure.cohorts import OperatingPoint
from muniment.measure.discrimination import DELONG, auroc
from muniment.measure.kernel import Floats, Ints, fold, keyed, scale_of
from muniment.measure.prepare import LABEL, SCORE, TableSpec, read_rows
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer
from muniment.measure.units import Flags
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

RATES = ("sensitivity", "specificity", "ppv", "npv")
_NOTHING = {
    "sensitivity": "no events",
    "specificity": "no non-events",
    "ppv": "no positive calls",
    "npv": "no negative calls",
}


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where every row of a table went."""

    rows: int
    """All rows: the patients who were meant to be diagnosed."""
    complete: int
    """With label and score."""
    no_score: int
    """With a label alone."""
    no_label: int
    """With a score alone."""
    neither: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """One metric with its rows complete, and with all gaps filled against and for it."""

    metric: str
    threshold: float | str | None
    complete: Result
    """Of the complete rows alone (per protocol)."""
    worst: Result
    """With every incomplete row counted wrong."""
    best: Result
    """With every incomplete row counted right."""
    unflagged: Result
    """With every row without a score counted as not called; rows without a label are left out."""
    n: tuple[int, int, int, int]
    """Rows behind complete, worst, best and unflagged: the denominators of a proportion."""

    def as_json(self) -> dict[str, Any]:
        """The four results side by side."""
        names = ("complete", "worst_case", "best_case", "unflagged")
        results = (self.complete, self.worst, self.best, self.unflagged)
        return {
            "metric": self.metric,
            "threshold": self.threshold,
            **{name: _json(result, n) for name, result, n in zip(names, results, self.n, strict=True)},
        }


@dataclass(frozen=True, slots=True)
class IntentionToDiagnose:
    """What incomplete rows can make of each metric."""

    gaps: Gaps
    level: float
    bounds: tuple[Bounded, ...]
    undecided: str | None = None
    """Why there are no bounds."""

    def as_json(self) -> dict[str, Any]:
        """Counts and bounds."""
        gaps = self.gaps
        out: dict[str, Any] = {
            "rows": gaps.rows,
            "complete": gaps.complete,
            "no_score": gaps.no_score,
            "no_label": gaps.no_label,
            "neither": gaps.neither,
            "level": self.level,
            "bounds": [item.as_json() for item in self.bounds],
        }
        return out | ({"undecided": self.undecided} if self.undecided else {})


def intention_to_diagnose(
    table: pl.LazyFrame,
    spec: TableSpec,
    points: tuple[OperatingPoint, ...] = (),
    level: float = 0.95,
    interval: str = "wilson",
    min_n: int = 10,
) -> IntentionToDiagnose:
    """Bound AUROC and, at each operating point, sensitivity, specificity, PPV and NPV.

    Wrong means the call that the label denies: an event without a score is missed, a non-event without one is
    called, a call without a label is called falsely. Right is the opposite. A row that has neither is put
    where it hurts (or helps) the metric at hand most. For the AUROC a missing score is below (or above) all
    others; missing labels are given to the lowest (highest) scores, as many as make it smallest (largest).
    Unflagged means that no score is no call, for events and non-events alike: what happens in use where a
    device that gives no estimate raises no flag. For the AUROC these rows tie below all others.

    Each bound has the interval of its filled table: the lower limit of the worst case and the upper one of
    the best case hold both kinds of doubt (Horowitz and Manski 2000, J Am Stat Assoc 95:77).

    Args:
        table: any order of rows.
        spec: label and score columns.
        points: operating points; a column they depend on must be in `spec.by`.
        level: confidence level.
        interval: interval of proportions.
        min_n: with fewer complete rows there are no bounds.

    Raises:
        UnreadableInput: as `prepare` does.
        UsageError: clusters or weights, for which there are no bounds yet.
    """
    if spec.cluster or spec.weight:
        raise UsageError(
            "bounds for incomplete rows take every row for a patient of its own",
            hint="Take one row a patient, without clusters and weights.",
        )
    frame = read_rows(table, spec)
    labelled, scored = frame[LABEL].is_not_null(), frame[SCORE].is_not_null()
    gaps = Gaps(
        frame.height,
        int((labelled & scored).sum()),
        int((labelled & ~scored).sum()),
        int((~labelled & scored).sum()),
        int((~labelled & ~scored).sum()),
    )
    if gaps.complete < min_n:
        return IntentionToDiagnose(gaps, level, (), f"{fewer(min_n)} with label and score")
    bounds = [_area(frame, gaps, level)]
    for point in points:
        called = frame.select((pl.col(SCORE) >= point.limit(spec.lower_is_positive)).alias("called"))
        cells = _cells(frame.with_columns(called.to_series()))
        bounds += [_rate(metric, point.id, cells, gaps.neither, level, interval) for metric in RATES]
    return IntentionToDiagnose(gaps, level, tuple(bounds))


def _cells(frame: pl.DataFrame) -> Mapping[tuple[bool | None, bool | None], int]:
    """(label, call) to rows, `None` where missing."""
    counted = frame.group_by(LABEL, "called").agg(pl.len().cast(pl.Int64).alias("n"))
    return {(label, called): n for label, called, n in counted.rows()}


def _rate(
    metric: str,
    point: float | str,
    cells: Mapping[tuple[bool | None, bool | None], int],
    neither: int,
    level: float,
    interval: str,
) -> Bounded:
    wanted = metric in ("sensitivity", "ppv")
    by_label = metric in ("sensitivity", "specificity")

    def count(label: bool | None, called: bool | None) -> int:
        return cells.get((label, called), 0)

    right = count(wanted, wanted)
    wrong = count(wanted, not wanted) if by_label else count(not wanted, wanted)
    # Rows that count where they are filled one way, and not at all where they are filled the other way.
    if by_label:
        no_score_right, no_score_wrong = count(wanted, None), count(wanted, None)
        no_label_right, no_label_wrong = count(None, wanted), count(None, not wanted)
    else:
        no_score_right, no_score_wrong = count(wanted, None), count(not wanted, None)
        no_label_right, no_label_wrong = count(None, wanted), count(None, wanted)
    more_right, more_wrong = no_score_right + no_label_right, no_score_wrong + no_label_wrong
    tables = (
        (right, right + wrong),
        (right, right + wrong + more_wrong + neither),
        (right + more_right + neither, right + more_right + neither + wrong),
    )
    # A row that is not called adds to what is counted of events or non-events, and to the negative calls.
    uncalled = {
        "sensitivity": (right, right + wrong + count(True, None)),
        "specificity": (right + count(False, None), right + wrong + count(False, None)),
        "ppv": (right, right + wrong),
        "npv": (right + count(False, None), right + wrong + count(False, None) + count(True, None)),
    }[metric]
    results = [proportion(k, n, level, interval, _NOTHING[metric]) for k, n in (*tables, uncalled)]
    sizes = (tables[0][1], tables[1][1], tables[2][1], uncalled[1])
    return Bounded(metric, point, results[0], results[1], results[2], results[3], sizes)


def _area(frame: pl.DataFrame, gaps: Gaps, level: float) -> Bounded:
    ready = frame.sort(SCORE, LABEL, nulls_last=True)
    whole = ready.drop_nulls([LABEL, SCORE])
    complete = _auroc(whole[LABEL].to_numpy(), whole[SCORE].to_numpy(), level)
    lost = ready.filter(pl.col(SCORE).is_null() & pl.col(LABEL).is_not_null())[LABEL].to_numpy()
    open_scores = ready.filter(pl.col(LABEL).is_null() & pl.col(SCORE).is_not_null())[SCORE].to_numpy()
    labels, scores = whole[LABEL].to_numpy(), whole[SCORE].to_numpy()
    worst = filled(labels, scores, lost, open_scores, gaps.neither)
    # What is best for a score is worst for its opposite.
    best = filled(labels, -scores, lost, -open_scores[::-1], gaps.neither)
    below = np.concatenate((labels, lost)), np.concatenate((scores, np.full(len(lost), -np.inf)))
    return Bounded(
        "auroc",
        None,
        complete,
        _auroc(*worst, level),
        _auroc(best[0], -best[1], level),
        _auroc(*below, level),
        (gaps.complete, gaps.rows, gaps.rows, gaps.complete + gaps.no_score),
    )


def filled(
    labels: Flags, scores: Floats, lost: Flags, unlabelled: Floats, neither: int
) -> tuple[Flags, Floats]:
    """The table, gaps filled, with the smallest AUROC: labels and scores of all rows.

    Events without a score are put below every score, non-events above. Given how many unlabelled rows are
    events, the smallest area has them at the lowest scores (else exchanging two labels would make it
    smaller), so only their number `k` is searched; and for each `k` the rows with nothing are divided so
    that the number of pairs is largest, for none of their pairs counts.

    Args:
        labels: complete rows, shape (n,).
        scores: likewise.
        lost: labels of the rows without a score.
        unlabelled: scores of the rows without a label, ascending.
        neither: rows without both.
    """
    events, others = np.sort(scores[labels]), np.sort(scores[~labels])
    m = len(unlabelled)
    p, n = len(events) + int(lost.sum()), len(others) + int((~lost).sum())
    base = _twice(others, events).sum()
    # An unlabelled row as an event beats others below it; as a non-event it is beaten by events above it.
    as_event = _twice(others, unlabelled)
    as_other = 2 * len(events) - _twice(events, unlabelled)
    k = np.arange(m + 1, dtype=np.int64)
    twice_u = (
        base
        + np.concatenate(([0], np.cumsum(as_event)))
        + np.concatenate((np.cumsum(as_other[::-1])[::-1], [0]))
        + _tied_across(unlabelled)
    )
    # Of the rows with nothing, as many become events as bring the two classes closest together.
    extra = np.clip((n + m - k + neither - p - k + 1) // 2, 0, neither)
    positives, negatives = p + k + extra, n + m - k + neither - extra
    pairs = positives * negatives
    areas = np.where(pairs > 0, twice_u / np.maximum(2 * pairs, 1), np.inf)
    chosen = int(np.argmin(areas))
    more = int(extra[chosen])
    return (
        np.concatenate((labels, lost, np.arange(m) < chosen, np.arange(neither) < more)),
        np.concatenate(
            (
                scores,
                np.where(lost, -np.inf, np.inf),
                unlabelled,
                np.where(np.arange(neither) < more, -np.inf, np.inf),
            )
        ),
    )


def _twice(others: Floats, scores: Floats) -> Ints:
    """For each score, twice the number of sorted `others` below it plus the number tied."""
    low, high = np.searchsorted(others, scores), np.searchsorted(others, scores, side="right")
    return np.asarray(low + high, dtype=np.int64)


def _tied_across(ascending: Floats) -> Ints:
    """For each cut after the first k scores, pairs of equal scores that the cut parts; shape (m + 1,)."""
    k = np.arange(len(ascending) + 1)
    if not len(ascending):
        return np.zeros(1, dtype=np.int64)
    at = ascending[np.minimum(k, len(ascending) - 1)]
    start, stop = np.searchsorted(ascending, at), np.searchsorted(ascending, at, side="right")
    return np.asarray((k - start) * np.maximum(stop - k, 0), dtype=np.int64)


def _auroc(labels: Flags, scores: Floats, level: float) -> Result:
    frame = pl.DataFrame({LABEL: labels, SCORE: scores})
    if frame.height == 0:
        return undecided(DELONG, "no rows")
    return auroc(fold(keyed(frame, scale_of(frame))["key"].sort().to_numpy()), level)


def _json(result: Result, n: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "method": result.method,
        "n": n,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})
