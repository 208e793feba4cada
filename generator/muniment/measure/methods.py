"""What was done, in sentences that can be pasted into a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from muniment.measure.cohorts import OperatingPoint
from muniment.measure.estimates import Settings
from muniment.measure.flexible import MANY_ROWS
from muniment.measure.resampled import BINS

PROPORTIONS = {
    "wilson": "Wilson's score interval (Newcombe 1998)",
    "clopper-pearson": "the exact interval of Clopper and Pearson (1934)",
}
"""Interval of proportions to its name in a sentence."""


def methods(
    settings: Settings,
    rows: int,
    excluded: Mapping[str, int],
    dtype: str,
    points: Sequence[OperatingPoint],
    subgroups: Sequence[str],
    compared: bool = False,
) -> str:
    """Return the methods paragraph of an analysis of one table."""
    left_out = excluded["null_label"] + excluded["null_score"]
    parts = [
        f"Of {rows} rows {left_out} were left out ({excluded['null_label']} without a label, "
        f"{excluded['null_score']} without a score).",
        f"All intervals are two-sided at {settings.level * 100:.12g} %.",
        *_intervals(settings),
    ]
    parts += _asked(settings, bool(points))
    if points:
        side = "at or below" if settings.lower_is_positive else "at or above"
        parts.append(f"A score {side} the threshold counts as positive; scores are stored as {dtype}.")
    if subgroups:
        parts.append(
            f"Subgroups by {', '.join(subgroups)}: a level with fewer than {settings.min_n} rows is "
            "suppressed, with others where it could be computed from them; a missing value is a level of "
            "its own."
        )
    if settings.min_events:
        parts.append(
            f"A level with fewer than {settings.min_events} events or non-events is marked descriptive."
        )
    if compared:
        parts.append(paired_methods())
    return " ".join(parts)


def _intervals(settings: Settings) -> Iterator[str]:
    drawn = settings.resampling
    if drawn is not None:
        whom = "clusters" if settings.clustered else "rows"
        yield (
            f"Areas, Brier score, log loss, ratio of observed to expected events and threshold metrics have "
            f"percentile intervals of {drawn.replicates} bootstrap "
            f"replicates of {whom} (Philox generator keyed by seed {drawn.seed} and replicate). "
            + smooth_methods()
        )
    elif settings.clustered:
        yield (
            "Rows of one cluster were not taken for independent: the area under the ROC curve, by mid-ranks, "
            "has Obuchowski's interval (1997); proportions have "
            f"{PROPORTIONS[settings.interval]} at the effective number of rows (Rao and Scott 1992); "
            "ratios, indices and net benefit have the delta method on clusters."
        )
    else:
        yield (
            "The area under the ROC curve was computed by mid-ranks with DeLong's interval (DeLong 1988; Sun "
            "and Xu 2014), and with Newcombe's score interval (2006) where all placements agree; the average "
            "precision has a logit interval (Boyd 2013); proportions have "
            f"{PROPORTIONS[settings.interval]}; likelihood and odds ratios have the log method (Simel "
            "1991), Youden's index and balanced accuracy Newcombe's interval for independent proportions "
            "(1998, method 10), F1 Wilson's interval transformed, and net benefit (Vickers and Elkin 2006) "
            "the multinomial normal interval."
        )
    if drawn is not None:
        kind = (
            "the sandwich between clusters (Liang and Zeger 1986)" if settings.clustered else "Wald's method"
        )
        yield (
            "Calibration intercept (logit offset, slope 1) and slope (Cox) come from logistic regression "
            f"with intervals from {kind}."
        )
    elif settings.clustered:
        yield (
            "Brier score, log loss, ratio of observed to expected events, calibration intercept (logit "
            "offset, slope 1) and slope (Cox) have intervals from the variance between clusters (Liang and "
            "Zeger 1986)."
        )
    else:
        yield (
            "The Brier score and the log loss have the normal interval of a mean; the calibration intercept "
            "(logit offset, slope 1) and slope (Cox) come from logistic regression with Wald intervals; the "
            "ratio of observed to expected events has a log-normal interval (Debray 2017)."
        )


def _asked(settings: Settings, points: bool) -> Iterator[str]:
    if settings.partial_fpr is not None:
        yield (
            f"The partial area under the ROC curve runs up to a false positive rate of "
            f"{settings.partial_fpr:.12g}, by trapezoids; its standardised form is McClish's (1989)."
        )
    if settings.prevalence is not None and points:
        yield (
            f"Predictive values at a prevalence of {settings.prevalence:.12g} come from the likelihood "
            "ratios by Bayes' theorem (Mercaldo 2007)."
        )


def smooth_methods() -> str:
    """The sentences about calibration errors that need replicates."""
    return (
        f"The flexible calibration curve is a logistic regression on restricted cubic splines of the score's "
        f"logit with five knots (four below {MANY_ROWS} rows, fewer where ties leave fewer) at Harrell's "
        "quantiles (2015), refitted in each replicate with the same knots; ICI, E50 and E90 are the mean, "
        "median and 90th percentile of its distance to the score (Austin and Steyerberg 2019); the expected "
        f"calibration error has {BINS} bins of equal width, closed on the right. All of these are biased "
        "upwards where rows are few."
    )


def evaluation_methods(replicates: int, thresholds: tuple[float, float], subgroups: bool) -> str:
    """What an evaluation does beyond the estimates of one table."""
    parts = [
        smooth_methods(),
        f"These four, for everybody, and the curve have percentile intervals of {replicates} bootstrap "
        "replicates of rows (Philox generator keyed by replicate and by the SHA-256 of the plan, folded to "
        "64 bits by exclusive or).",
        f"The decision curve runs over thresholds from {thresholds[0]:.12g} to {thresholds[1]:.12g}.",
    ]
    if subgroups:
        parts.append(
            "Each level was compared with everybody else as an independent group: areas with the sum of "
            "DeLong's variances (1988), proportions by Newcombe's interval (1998, method 10), not adjusted "
            "for multiplicity."
        )
    return " ".join(parts)


def paired_methods() -> str:
    """The sentence about paired comparisons."""
    return (
        "Scores were compared on the same cases: areas by the paired method of DeLong (1988), sensitivity "
        "and specificity by Newcombe's paired interval (1998, method 10) with McNemar's exact p; no p value "
        "is adjusted for multiplicity."
    )
