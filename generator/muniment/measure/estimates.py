"""Every estimate of one cohort, in the order of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muniment.measure.calibration import METHODS, METRICS, calibration
from muniment.measure.cohorts import Cohort, Counts
from muniment.measure.discrimination import DELONG, auroc
from muniment.measure.kernel import fold
from muniment.measure.proportions import proportion
from muniment.measure.result import Result, undecided
from muniment.model.estimate import Estimate

THRESHOLD_METRICS = ("positive_rate", "sensitivity", "specificity", "ppv", "npv", "accuracy")
COUNT_METRICS = ("tp", "fp", "fn", "tn")
COUNT = "count"


@dataclass(frozen=True, slots=True)
class Settings:
    """How intervals are made and what is too small."""

    level: float = 0.95
    """Confidence level of every interval."""
    interval: str = "wilson"
    """Interval of proportions: `wilson` or `clopper-pearson`."""
    min_n: int = 10
    """Cohorts with fewer rows are suppressed."""
    min_events: int = 0
    """Cohorts with fewer events or non-events are marked descriptive."""
    lower_is_positive: bool = False


def estimates(cohort: Cohort, settings: Settings) -> tuple[Estimate, ...]:
    """All estimates of a cohort; each undecided, without any number, where the cohort is suppressed."""
    if cohort.suppressed is not None:
        return tuple(_withheld(cohort, settings))
    return tuple(_shown(cohort, settings))


def descriptive(cohort: Cohort, settings: Settings) -> bool:
    """Whether a cohort has too few events or non-events to conclude from."""
    return min(cohort.events, cohort.n - cohort.events) < settings.min_events


def _shown(cohort: Cohort, settings: Settings) -> Iterator[Estimate]:
    def made(metric: str, result: Result, n: int, threshold: float | str | None = None) -> Estimate:
        level = None if result.method == COUNT else settings.level
        return Estimate(
            metric,
            cohort.by,
            result.value,
            result.low,
            result.high,
            level,
            result.method,
            n,
            cohort.events,
            threshold,
            result.undecided,
        )

    yield made("auroc", auroc(fold(cohort.keys.values), settings.level), cohort.n)
    for metric, result in calibration(cohort.keys, settings.level, settings.lower_is_positive).items():
        yield made(metric, result, cohort.n)
    share = proportion(cohort.events, cohort.n, settings.level, settings.interval, "no rows")
    yield made("prevalence", share, cohort.n)
    for point, counts in cohort.counts.items():
        for metric, (k, n, nothing) in proportions(counts).items():
            result = proportion(k, n, settings.level, settings.interval, nothing)
            yield made(metric, result, n, point)
        for metric in COUNT_METRICS:
            count = Result(getattr(counts, metric), None, None, COUNT)
            yield made(metric, count, cohort.n, point)


def proportions(counts: Counts) -> dict[str, tuple[int, int, str]]:
    """Numerator, denominator and what an empty denominator means, for every proportion of a 2×2 table."""
    tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
    return {
        "positive_rate": (tp + fp, counts.n, "no rows"),
        "sensitivity": (tp, tp + fn, "no events"),
        "specificity": (tn, tn + fp, "no non-events"),
        "ppv": (tp, tp + fp, "no positive calls"),
        "npv": (tn, tn + fn, "no negative calls"),
        "accuracy": (tp + tn, counts.n, "no rows"),
    }


def _withheld(cohort: Cohort, settings: Settings) -> Iterator[Estimate]:
    """The same list without a number: the shape of the output must not tell what is in a hidden cell."""
    methods = {"auroc": DELONG} | {metric: METHODS[metric] for metric in METRICS}
    methods["prevalence"] = settings.interval
    hidden = undecided("", cohort.suppressed or "")
    for metric, method in methods.items():
        yield Estimate(metric, cohort.by, None, method=method, undecided=hidden.undecided)
    for point in cohort.counts:
        for metric in THRESHOLD_METRICS:
            yield Estimate(
                metric,
                cohort.by,
                None,
                method=settings.interval,
                threshold=point,
                undecided=hidden.undecided,
            )
        for metric in COUNT_METRICS:
            yield Estimate(metric, cohort.by, None, method=COUNT, threshold=point, undecided=hidden.undecided)
