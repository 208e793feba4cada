"""Every estimate of one cohort, in the order of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from muniment.measure import bootstrap, clustered, contingency, partial, resampled
from muniment.measure.bootstrap import Resampling
from muniment.measure.calibration import METRICS, Fit, calibration, recalibrated
from muniment.measure.calibration import method_of as calibration_method
from muniment.measure.cohorts import Cohort, Counts, OperatingPoint
from muniment.measure.discrimination import (
    DELONG,
    LOGIT,
    OBUCHOWSKI,
    auroc,
    average_precision,
    clustered_auroc,
)
from muniment.measure.kernel import fold
from muniment.measure.proportions import proportion
from muniment.measure.resampled import SMOOTH, Smooth
from muniment.measure.result import Result, undecided
from muniment.measure.units import Units, clustered_proportion
from muniment.model.dataclass import dataclass
from muniment.model.estimate import Estimate

PROPORTIONS = ("positive_rate", "sensitivity", "specificity", "ppv", "npv", "accuracy")
THRESHOLD_METRICS = (*PROPORTIONS, *contingency.METHODS)
AT_PREVALENCE = ("ppv_at_prevalence", "npv_at_prevalence")
"""Threshold metrics that are there where a prevalence is."""
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
    clustered: bool = False
    """Whether several rows may belong to one cluster; then no interval takes rows for independent."""
    resampling: Resampling | None = None
    """Intervals of areas, losses, calibration errors and threshold metrics from drawn clusters or rows."""
    partial_fpr: float | None = None
    """Largest false positive rate of the partial AUROC; `None` leaves it out."""
    prevalence: float | None = None
    """Prevalence of the intended use, for predictive values there; `None` leaves them out."""


def estimates(
    cohort: Cohort,
    settings: Settings,
    points: tuple[OperatingPoint, ...] = (),
    smooth: Smooth | None = None,
    fit: Fit | None = None,
) -> tuple[Estimate, ...]:
    """All estimates of a cohort; each undecided, without any number, where the cohort is suppressed.

    `points` are the operating points behind the cohort's counts: net benefit needs their thresholds.
    `smooth` is what replicates said of the calibration, where whoever asks has drawn them already, and `fit`
    what `calibration.recalibrated` said.
    """
    if cohort.suppressed is not None:
        return tuple(_withheld(cohort, settings))
    return tuple(_shown(cohort, settings, {point.id: _common(point) for point in points}, smooth, fit))


def estimates_of_levels(
    cohorts: Sequence[Cohort],
    settings: Settings,
    points: tuple[OperatingPoint, ...] = (),
    tell: Callable[[int, int], None] = lambda _done, _whole: None,
) -> Iterator[Estimate]:
    """The estimates of each cohort, those of the calibration found for all of them together.

    `tell` takes the cohorts that are done, and all of them.
    """
    fits: dict[int, Fit | None] = {}
    if not settings.clustered:
        shown = [index for index, cohort in enumerate(cohorts) if cohort.suppressed is None]
        keys = [cohorts[index].keys for index in shown]
        found = recalibrated(keys, settings.level, settings.lower_is_positive)
        fits = dict(zip(shown, found, strict=True))
    for index, cohort in enumerate(cohorts):
        tell(index, len(cohorts))
        yield from estimates(cohort, settings, points, fit=fits.get(index))


def descriptive(cohort: Cohort, settings: Settings) -> bool:
    """Whether a cohort has too few events or non-events to conclude from."""
    return min(cohort.events, cohort.n - cohort.events) < settings.min_events


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


_CELLS = {
    "positive_rate": ((0, 1), (0, 1, 2, 3)),
    "sensitivity": ((0,), (0, 2)),
    "specificity": ((3,), (1, 3)),
    "ppv": ((0,), (0, 1)),
    "npv": ((3,), (2, 3)),
    "accuracy": ((0, 3), (0, 1, 2, 3)),
}
"""Which of tp, fp, fn, tn are numerator and denominator of each proportion."""


def _common(point: OperatingPoint) -> float | None:
    """The one threshold of an operating point; `None` where it differs by level."""
    return point.threshold if point.column is None else None


def _shown(
    cohort: Cohort,
    settings: Settings,
    thresholds: dict[float | str, float | None],
    smooth: Smooth | None,
    fit: Fit | None,
) -> Iterator[Estimate]:
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
            _circumstances(metric, settings),
        )

    for metric, result in _ranks(cohort, settings).items():
        yield made(metric, result, cohort.n)
    for metric, result in _calibration(cohort, settings, smooth, fit).items():
        yield made(metric, result, cohort.n)
    yield made("prevalence", _prevalence(cohort, settings), cohort.n)
    for point, counts in cohort.counts.items():
        sizes = proportions(counts)
        found = _at(cohort, point, thresholds.get(point), settings)
        for metric, result in (found | _at_prevalence(found, settings)).items():
            yield made(metric, result, sizes[metric][1] if metric in sizes else cohort.n, point)
        for metric in COUNT_METRICS:
            count = Result(getattr(counts, metric), None, None, COUNT)
            yield made(metric, count, cohort.n, point)


def _ranks(cohort: Cohort, settings: Settings) -> dict[str, Result]:
    """The AUROC, the average precision, and the partial AUROC where asked for."""
    return _areas(cohort, settings) | _partial(cohort, settings)


def _partial(cohort: Cohort, settings: Settings) -> dict[str, Result]:
    if settings.partial_fpr is None:
        return {}
    return partial.partial_auroc(
        cohort.keys,
        cohort.units,
        settings.partial_fpr,
        settings.resampling,
        settings.level,
        _bootstrapped(settings),
    )


def _calibration(
    cohort: Cohort, settings: Settings, smooth: Smooth | None, fit: Fit | None
) -> dict[str, Result]:
    """Everything that takes the score for a probability, in the order of the contract."""
    keys, level, drawn = cohort.keys, settings.level, settings.resampling
    units = cohort.units if settings.clustered else None
    out = calibration(keys, level, settings.lower_is_positive, units, fit)
    if drawn is not None:
        out |= resampled.means(keys, cohort.units, drawn, level, out, _bootstrapped(settings))
        smooth = smooth or resampled.smooth(
            keys,
            cohort.units,
            drawn,
            level,
            settings.min_n,
            settings.lower_is_positive,
            settings.clustered,
        )
    if smooth is None:
        return out | resampled.without_replicates(settings.clustered)
    return out | {metric: smooth.results[metric] for metric in SMOOTH}


def _circumstances(metric: str, settings: Settings) -> dict[str, float]:
    """What else a number holds for, beside cohort and threshold."""
    if metric in partial.METRICS and settings.partial_fpr is not None:
        return {"max_fpr": settings.partial_fpr}
    if metric in AT_PREVALENCE and settings.prevalence is not None:
        return {"prevalence": settings.prevalence}
    return {}


def _areas(cohort: Cohort, settings: Settings) -> dict[str, Result]:
    state = fold(cohort.keys.values)
    plain = {
        "auroc": auroc(state, settings.level),
        "average_precision": average_precision(cohort.keys, settings.level),
    }
    if cohort.units is None:
        return plain
    if settings.resampling is None:
        return {
            "auroc": clustered_auroc(state, cohort.keys, cohort.units, settings.level),
            "average_precision": undecided(bootstrap.CLUSTERED, "clustered, it needs bootstrap replicates"),
        }
    return bootstrap.areas(
        cohort.keys, cohort.units, settings.resampling, settings.level, _bootstrapped(settings), plain
    )


def _prevalence(cohort: Cohort, settings: Settings) -> Result:
    if cohort.units is None or not settings.clustered:
        return proportion(cohort.events, cohort.n, settings.level, settings.interval, "no rows")
    labels = cohort.keys.labels.astype(float)
    hits, rows = cohort.units.sums(labels), cohort.units.sums(labels * 0 + 1)
    return clustered_proportion(hits, rows, settings.level, settings.interval, "no rows")


def _at(cohort: Cohort, point: float | str, threshold: float | None, settings: Settings) -> dict[str, Result]:
    """Every threshold metric of one operating point."""
    counts = cohort.counts[point]
    level = settings.level
    out = {
        metric: proportion(k, n, level, settings.interval, nothing)
        for metric, (k, n, nothing) in proportions(counts).items()
    } | contingency.indices(counts, threshold, level)
    if cohort.units is None:
        return out
    if settings.resampling is not None:
        return _resampled(cohort.units, point, threshold, settings, out)
    cells = cohort.units.cells[point]
    for metric, (over, under) in _CELLS.items():
        hits, rows = cells[:, list(over)].sum(axis=1), cells[:, list(under)].sum(axis=1)
        nothing = proportions(counts)[metric][2]
        out[metric] = clustered_proportion(
            hits.astype(float), rows.astype(float), level, settings.interval, nothing
        )
    return out | clustered.clustered_indices(counts, cells, threshold, level)


def _at_prevalence(found: dict[str, Result], settings: Settings) -> dict[str, Result]:
    """Predictive values at the prevalence of the intended use: the likelihood ratios by Bayes' theorem."""
    if settings.prevalence is None:
        return {}
    return {
        metric: contingency.predictive(
            found[ratio], settings.prevalence, positive=positive, method=_predictive_method(settings)
        )
        for metric, ratio, positive in (
            (AT_PREVALENCE[0], "lr_positive", True),
            (AT_PREVALENCE[1], "lr_negative", False),
        )
    }


def _predictive_method(settings: Settings) -> str:
    if settings.resampling is not None:
        return _bootstrapped(settings)
    return f"{contingency.LOGIT}-clustered" if settings.clustered else contingency.LOGIT


def _resampled(
    units: Units, point: float | str, threshold: float | None, settings: Settings, plain: dict[str, Result]
) -> dict[str, Result]:
    assert settings.resampling is not None
    statistics = {metric: bootstrap.share(*_CELLS[metric]) for metric in PROPORTIONS}
    statistics |= {metric: contingency.of_tables(metric, threshold) for metric in contingency.METHODS}
    found = bootstrap.cell_replicates(units.cells[point], settings.resampling, statistics)
    method = _bootstrapped(settings)
    return {
        metric: bootstrap.interval(
            result.value, found[metric], settings.level, method, result.undecided or "no value"
        )
        for metric, result in plain.items()
    }


def _bootstrapped(settings: Settings) -> str:
    return bootstrap.CLUSTERED if settings.clustered else bootstrap.METHOD


def _withheld(cohort: Cohort, settings: Settings) -> Iterator[Estimate]:
    """The same list without a number: the shape of the output must not tell what is in a hidden cell."""
    reason = cohort.suppressed or ""
    for metric, method in _methods(settings).items():
        extra = _circumstances(metric, settings)
        yield Estimate(metric, cohort.by, None, method=method, undecided=reason, extra=extra)
    for point in cohort.counts:
        for metric in (*THRESHOLD_METRICS, *(AT_PREVALENCE if settings.prevalence is not None else ())):
            yield Estimate(
                metric,
                cohort.by,
                None,
                method=_threshold_method(metric, settings),
                threshold=point,
                undecided=reason,
                extra=_circumstances(metric, settings),
            )
        for metric in COUNT_METRICS:
            yield Estimate(metric, cohort.by, None, method=COUNT, threshold=point, undecided=reason)


def _methods(settings: Settings) -> dict[str, str]:
    """Metric without a threshold to how its interval is usually made."""
    shares = f"{settings.interval}-rao-scott" if settings.clustered else settings.interval
    if settings.resampling is not None:
        ranks = {"auroc": _bootstrapped(settings), "average_precision": _bootstrapped(settings)}
    elif settings.clustered:
        ranks = {"auroc": OBUCHOWSKI, "average_precision": bootstrap.CLUSTERED}
    else:
        ranks = {"auroc": DELONG, "average_precision": LOGIT}
    calibrated = {metric: calibration_method(metric, settings.clustered) for metric in METRICS}
    if settings.partial_fpr is not None:
        ranks |= dict.fromkeys(partial.METRICS, _bootstrapped(settings))
    if settings.resampling is not None:
        calibrated |= dict.fromkeys(resampled.MEANS, _bootstrapped(settings))
    calibrated |= dict.fromkeys(SMOOTH, _bootstrapped(settings))
    return ranks | calibrated | {"prevalence": shares}


def _threshold_method(metric: str, settings: Settings) -> str:
    if settings.resampling is not None:
        return _bootstrapped(settings)
    if metric in AT_PREVALENCE:
        return _predictive_method(settings)
    if metric in PROPORTIONS:
        return f"{settings.interval}-rao-scott" if settings.clustered else settings.interval
    return clustered.method_of(metric) if settings.clustered else contingency.METHODS[metric]
