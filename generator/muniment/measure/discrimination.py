"""Area under the ROC curve with its interval, from rank states; paired comparison from placements."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from muniment.measure.distributions import bisected, critical, two_sided
from muniment.measure.kernel import BLOCK, Floats, Ints, Keys, RankState, counted
from muniment.measure.result import Result, undecided, wald
from muniment.measure.units import Units, clustered_auroc_variance
from muniment.model.dataclass import dataclass

DELONG = "delong"
NEWCOMBE = "newcombe-auroc"
OBUCHOWSKI = "obuchowski"
LOGIT = "logit-wald"


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two areas, first minus second."""

    a: float
    b: float
    difference: Result
    z: float | None
    """Difference over its standard error; 0 for scores that rank alike."""
    p: float | None
    """Two-sided p value of `z`; `None` where a difference has no variance to be weighed by."""


def auroc(state: RankState, level: float) -> Result:
    """The area by mid-ranks with DeLong's interval (Wald, clipped to [0, 1]).

    Where the placements do not vary (complete separation, all scores tied) DeLong's interval collapses
    to a point, which would claim certainty; then Newcombe's score interval (2006, Stat Med 25:559,
    method 5) is given, and named.
    """
    reason = too_few(state)
    if reason:
        return undecided(DELONG, reason)
    value = area(state)
    variance = state.s10 / state.positives + state.s01 / state.negatives
    if variance == 0 or state.twice_u in (0, 2 * state.positives * state.negatives):
        low, high = newcombe_auroc(value, state.positives, state.negatives, level)
        return Result(value, low, high, NEWCOMBE)
    return wald(value, math.sqrt(variance), level, DELONG, (0.0, 1.0))


def clustered_auroc(state: RankState, keys: Keys, units: Units, level: float) -> Result:
    """The area with several rows a cluster (Obuchowski 1997, Biometrics 53:567), clipped to [0, 1]."""
    reason = too_few(state)
    if reason:
        return undecided(OBUCHOWSKI, reason)
    variance = clustered_auroc_variance(keys, units)
    if not math.isfinite(variance):
        return undecided(OBUCHOWSKI, "events or non-events of one cluster only")
    if variance <= 0:
        return undecided(OBUCHOWSKI, "the placements do not vary: no interval")
    return wald(area(state), math.sqrt(variance), level, OBUCHOWSKI, (0.0, 1.0))


def average_precision(keys: Keys, level: float) -> Result:
    """Area under the step-wise precision-recall curve, as scikit-learn computes it.

    The interval is a Wald interval of the logit with standard error `1 / sqrt(P · AP (1 − AP))`, P being the
    events (Boyd, Eng and Page 2013, ECML PKDD, LNCS 8190:451; the R package prauc computes it so). It takes
    rows for independent: with clusters the interval needs replicates. No events give no value.

    It takes the area for a proportion of the events and so is approximate. In simulations of binormal scores
    (tests/laws/test_coverage.py) a 95 % interval holds the truth in 92 to 99 of 100 samples where events are
    at most half of the rows, in about 85 to 90 where nine of ten rows are events and the score says little,
    and in up to 99 where the area is near 1 or events are rare. Where that matters, take the bootstrap.
    """
    events = keys.positives(0, keys.n)
    if events == 0:
        return undecided(LOGIT, "no events" if keys.n else "no rows")
    value = precision_area(keys)
    if value in (0.0, 1.0):
        return undecided(LOGIT, "every event ranks above every non-event: no interval")
    logit = math.log(value / (1 - value))
    reach = critical(level) / math.sqrt(events * value * (1 - value))
    low, high = (1 / (1 + math.exp(-(logit + side * reach))) for side in (-1, 1))
    return Result(value, low, high, LOGIT)


def precision_area(keys: Keys) -> float:
    """Mean precision over events, each called with all rows of its own score or above."""
    total = keys.positives(0, keys.n)
    below = below_events = 0
    parts = []
    for _, labels, counts in counted(keys.values):
        if counts is None:
            at = np.flatnonzero(labels)
            hits = np.arange(total - below_events, total - below_events - len(at), -1)
            parts.append(float((hits / (keys.n - below - at)).sum()))
            below += len(labels)
            below_events += len(at)
            continue
        events, others = counts
        hits = total - below_events - (np.cumsum(events) - events)
        called = keys.n - below - (np.cumsum(events + others) - events - others)
        held = events > 0
        parts.append(float((events[held] * (hits[held] / called[held])).sum()))
        below += int((events + others).sum())
        below_events += int(events.sum())
    return math.fsum(parts) / total


def area(state: RankState) -> float:
    """The area itself; both classes must be there."""
    return state.twice_u / (2 * state.positives * state.negatives)


def too_few(state: RankState) -> str | None:
    """Why these cases give no area with an interval, or `None`."""
    if state.positives == 0 or state.negatives == 0:
        return "no rows" if state.positives == state.negatives else "one class only"
    if state.positives == 1 or state.negatives == 1:
        return "one event only" if state.positives == 1 else "one non-event only"
    return None


def newcombe_auroc(value: float, positives: int, negatives: int, level: float) -> tuple[float, float]:
    """Newcombe's method 5: the areas that are a critical value of their own standard error away."""
    z = critical(level)
    mean = (positives + negatives) / 2

    def error(theta: float) -> float:
        spread = 1 + (mean - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return math.sqrt(max(theta * (1 - theta) * spread / (positives * negatives), 0.0))

    low = 0.0 if value == 0 else bisected(lambda theta: theta + z * error(theta) - value, 0.0, value)
    high = 1.0 if value == 1 else bisected(lambda theta: theta - z * error(theta) - value, value, 1.0)
    return low, high


def paired(labels: npt.NDArray[np.bool_], a: Floats, b: Floats, level: float) -> Contrast | str:
    """Compare two scores on the same cases (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        labels: shape (n,), true for an event.
        a: shape (n,), the first score, without NaN.
        b: shape (n,), the second.
        level: confidence level of the difference.

    Returns:
        The contrast, or why there is none.
    """
    positives = int(np.count_nonzero(labels))
    negatives = len(labels) - positives
    reason = too_few(RankState(positives, negatives, 0, 0.0, 0.0))
    if reason:
        return reason
    first, second = twice_beaten(labels, a), twice_beaten(labels, b)
    areas = [int(each[labels].sum()) / (2 * positives * negatives) for each in (first, second)]
    apart = np.subtract(first, second, out=first)
    variance = 0.0
    for of_class, count, others in ((labels, positives, negatives), (~labels, negatives, positives)):
        # The variance of a difference of placements, which includes their covariance: exact until it is
        # divided, so that the order of the rows cannot reach its last bit.
        total, squares = _moments(apart[of_class])
        variance += (count * squares - total * total) / (4 * others * others * count * count * (count - 1))
    return _contrast(areas[0], areas[1], variance, level, "delong-paired")


def unpaired(a: RankState, b: RankState, level: float) -> Contrast | str:
    """Compare the areas of two independent cohorts; the variances add."""
    reason = too_few(a) or too_few(b)
    if reason:
        return reason
    variance = a.s10 / a.positives + a.s01 / a.negatives + b.s10 / b.positives + b.s01 / b.negatives
    return _contrast(area(a), area(b), variance, level, "delong-unpaired")


def _contrast(a: float, b: float, variance: float, level: float, method: str) -> Contrast:
    difference = a - b
    result = wald(difference, math.sqrt(variance), level, method, (-1.0, 1.0))
    if variance > 0:
        z = difference / math.sqrt(variance)
        return Contrast(a, b, result, z, two_sided(z))
    # Scores that rank all cases alike: no difference, and nothing that could have made one.
    same = difference == 0
    return Contrast(a, b, result, 0.0 if same else None, 1.0 if same else None)


def placements(labels: npt.NDArray[np.bool_], scores: Floats) -> tuple[float, Floats, Floats]:
    """The area, the positives' placements and the negatives', in the order of the rows.

    A placement is the share of the other class that a case ranks on the right side of, ties counting half.
    """
    beaten = twice_beaten(labels, scores)
    above, below = beaten[labels], beaten[~labels]
    p, n = len(above), len(below)
    return int(above.sum()) / (2 * p * n), above / (2.0 * n), 1.0 - below / (2.0 * p)


def twice_beaten(labels: npt.NDArray[np.bool_], scores: Floats) -> Ints:
    """For each row, twice the rows of the other class with a lower score plus those with the same: exact.

    Args:
        labels: shape (n,), true for an event.
        scores: shape (n,), without NaN.
    """
    n = len(scores)
    order = np.argsort(scores)
    events = labels[order]
    ascending = scores[order]
    tied = np.zeros(n + 1, dtype=np.bool_)
    np.equal(ascending[1:], ascending[:-1], out=tied[1:-1])
    del ascending
    # Events up to and with each row, in ascending order of the scores; four bytes where they are enough.
    small: npt.DTypeLike = np.int32 if n < 1 << 30 else np.int64
    upto: Ints = np.cumsum(events, dtype=small)
    beaten = np.where(events, np.arange(1, n + 1, dtype=small) - upto, upto)
    beaten *= 2
    # Where scores are tied: rows of a class before the tie, and with it.
    starts, ends = np.flatnonzero(tied[:-1] < tied[1:]), np.flatnonzero(tied[:-1] > tied[1:])
    if len(starts):
        before, after = upto[starts] - events[starts], upto[ends]
        sizes = ends + 1 - starts
        inside = tied[:-1] | tied[1:]
        beaten[inside] = np.where(
            events[inside],
            np.repeat(starts + ends + 1 - before - after, sizes),
            np.repeat(before + after, sizes),
        )
    out = np.empty_like(beaten)
    out[order] = beaten
    return out


def _moments(values: Ints) -> tuple[int, int]:
    """Sum and sum of squares, without rounding, of integers within ±2^39."""
    total = squares = 0
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK].astype(np.int64)
        total += int(part.sum())
        high, low = part >> 16, part & 0xFFFF
        squares += (int((high * high).sum()) << 32) + (int((high * low).sum()) << 17) + int((low * low).sum())
    return total, squares
