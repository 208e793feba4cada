"""What a 2×2 table says beyond its proportions: ratios, indices, and clinical utility.

Sensitivity and specificity are binomial in independent groups (events and non-events), so intervals of
their functions come from those two groups; F1 and net benefit come from the table as one multinomial.
A cell of zero gives a reason and no number where a ratio needs it: nothing is added to cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from muniment.measure.cohorts import Counts
from muniment.measure.distributions import critical
from muniment.measure.kernel import Floats
from muniment.measure.proportions import unpaired_difference, wilson
from muniment.measure.result import Result, undecided, wald

LOG = "log-wald"
NEWCOMBE = "newcombe"
TRANSFORMED = "wilson-transformed"
MULTINOMIAL = "multinomial-wald"
LOGIT = "mercaldo-logit"
METHODS: Mapping[str, str] = {
    "balanced_accuracy": NEWCOMBE,
    "f1": TRANSFORMED,
    "lr_positive": LOG,
    "lr_negative": LOG,
    "diagnostic_odds_ratio": LOG,
    "youden": NEWCOMBE,
    "net_benefit": MULTINOMIAL,
}
"""Every metric of this module that an operating point has, in the order of the contract, and its interval."""
ON_LOG_SCALE = frozenset({"lr_positive", "lr_negative", "diagnostic_odds_ratio"})


def indices(counts: Counts, threshold: float | None, level: float) -> dict[str, Result]:
    """Every metric of `METHODS` for one 2×2 table; `threshold` is the probability that all are called at."""
    return {
        "balanced_accuracy": balanced_accuracy(counts, level),
        "f1": f1(counts, level),
        "lr_positive": likelihood_ratio_positive(counts, level),
        "lr_negative": likelihood_ratio_negative(counts, level),
        "diagnostic_odds_ratio": diagnostic_odds_ratio(counts, level),
        "youden": youden(counts, level),
        "net_benefit": net_benefit(counts, threshold, level),
    }


def of_tables(metric: str, threshold: float | None) -> Callable[[Floats], Floats]:
    """The metric of many 2×2 tables at once, (tables, 4) to (tables,); not finite where undefined."""
    weight = math.nan if threshold is None or not 0 <= threshold < 1 else threshold / (1 - threshold)

    def of(tables: Floats) -> Floats:
        tp, fp, fn, tn = tables.T
        sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
        match metric:
            case "balanced_accuracy":
                value = (sensitivity + specificity) / 2
            case "f1":
                value = 2 * tp / (2 * tp + fp + fn)
            case "lr_positive":
                value = sensitivity / (1 - specificity)
            case "lr_negative":
                value = (1 - sensitivity) / specificity
            case "diagnostic_odds_ratio":
                value = tp * tn / (fp * fn)
            case "youden":
                value = sensitivity + specificity - 1
            case _:
                value = (tp - weight * fp) / (tp + fp + fn + tn)
        return np.asarray(value, dtype=np.float64)

    return of


def likelihood_ratio_positive(counts: Counts, level: float) -> Result:
    """Sensitivity over 1 − specificity, by the log method (Simel et al. 1991, J Clin Epidemiol 44:763)."""
    return _ratio(counts.tp, counts.tp + counts.fn, counts.fp, counts.fp + counts.tn, level)


def likelihood_ratio_negative(counts: Counts, level: float) -> Result:
    """1 − sensitivity over specificity, by the log method (Simel et al. 1991)."""
    return _ratio(counts.fn, counts.tp + counts.fn, counts.tn, counts.fp + counts.tn, level)


def diagnostic_odds_ratio(counts: Counts, level: float) -> Result:
    """`tp · tn / (fp · fn)`, log method with the sum of reciprocal cells (Glas et al. 2003, JCE 56:1129)."""
    cells = (counts.tp, counts.fp, counts.fn, counts.tn)
    missing = _classes(counts)
    if missing or 0 in cells:
        return undecided(LOG, missing or "a cell of the 2×2 table is zero")
    error = math.sqrt(math.fsum(1 / cell for cell in cells))
    return _on_log_scale(counts.tp * counts.tn / (counts.fp * counts.fn), error, level)


def youden(counts: Counts, level: float) -> Result:
    """Sensitivity + specificity − 1, as the difference of two independent proportions.

    It is the rate of calls among events minus that among non-events: Newcombe's hybrid score interval
    (1998, Stat Med 17:873, method 10).
    """
    missing = _classes(counts)
    if missing:
        return undecided(NEWCOMBE, missing)
    return unpaired_difference(counts.tp, counts.tp + counts.fn, counts.fp, counts.fp + counts.tn, level)


def balanced_accuracy(counts: Counts, level: float) -> Result:
    """Mean of sensitivity and specificity: half of one plus Youden's index, and so are its limits."""
    index = youden(counts, level)
    if index.value is None or index.low is None or index.high is None:
        return index
    return Result((1 + index.value) / 2, (1 + index.low) / 2, (1 + index.high) / 2, index.method)


def f1(counts: Counts, level: float) -> Result:
    """Harmonic mean of sensitivity and positive predictive value, `2tp / (2tp + fp + fn)`.

    With J = tp / (tp + fp + fn), F1 is 2J / (1 + J), which rises with J; given the rows that are no true
    negative, tp is binomial. So the limits are those of Wilson's interval for J, transformed.
    """
    n = counts.tp + counts.fp + counts.fn
    if n == 0:
        return undecided(TRANSFORMED, "no events and no positive calls")
    low, high = wilson(counts.tp, n, level)
    share = counts.tp / n
    return Result(_f1(share), _f1(low), _f1(high), TRANSFORMED)


def net_benefit(counts: Counts, threshold: float | None, level: float) -> Result:
    """True positives a patient minus false positives weighted by the odds of the threshold.

    `tp/n − fp/n · t/(1 − t)` (Vickers and Elkin 2006, Med Decis Making 26:565), in units of true positives
    per patient; Wald interval from the multinomial variance of the two shares.

    Args:
        counts: the 2×2 table.
        threshold: the probability at which a patient is called; `None` where there is not one for all.
        level: confidence level.
    """
    if counts.n == 0:
        return undecided(MULTINOMIAL, "no rows")
    if threshold is None:
        return undecided(MULTINOMIAL, "no single threshold: net benefit weighs harm by its odds")
    if not 0 <= threshold < 1:
        return undecided(MULTINOMIAL, "the threshold is no probability below 1")
    weight = threshold / (1 - threshold)
    hit, harm = counts.tp / counts.n, counts.fp / counts.n
    value = hit - weight * harm
    variance = (hit + weight * weight * harm - value * value) / counts.n
    return wald(value, math.sqrt(max(variance, 0.0)), level, MULTINOMIAL)


def treat_all(events: int, n: int, threshold: float, level: float) -> Result:
    """Net benefit of calling everybody at a threshold: `π − (1 − π) · t/(1 − t)`; treating none is 0."""
    return net_benefit(Counts(events, n - events, 0, 0), threshold, level)


def ppv_at(counts: Counts, prevalence: float, level: float) -> Result:
    """Positive predictive value at another prevalence (Mercaldo, Lau and Zhou 2007, Stat Med 26:2170).

    Bayes' theorem with a Wald interval of the logit: `logit(PPV) = log(LR+) + logit(prevalence)`, whose
    variance is that of log(LR+) by the delta method.
    """
    return predictive(likelihood_ratio_positive(counts, level), prevalence, positive=True)


def npv_at(counts: Counts, prevalence: float, level: float) -> Result:
    """Negative predictive value at another prevalence, likewise: `logit(NPV) = −log(LR−) − logit(π)`."""
    return predictive(likelihood_ratio_negative(counts, level), prevalence, positive=False)


def predictive(ratio: Result, prevalence: float, *, positive: bool, method: str = LOGIT) -> Result:
    """A likelihood ratio with its interval as the predictive value at a prevalence, whatever its method."""
    if not 0 < prevalence < 1:
        return undecided(method, "the prevalence is not between 0 and 1")
    if ratio.value is None or ratio.low is None or ratio.high is None:
        return undecided(method, ratio.undecided or "")
    odds = prevalence / (1 - prevalence)
    value, low, high = (_share(ratio_at * odds) for ratio_at in (ratio.value, ratio.low, ratio.high))
    if positive:
        return Result(value, low, high, method)
    return Result(1 - value, 1 - high, 1 - low, method)


def _share(odds: float) -> float:
    return odds / (1 + odds)


def _f1(share: float) -> float:
    return 2 * share / (1 + share)


def _ratio(k1: int, n1: int, k2: int, n2: int, level: float) -> Result:
    """`(k1/n1) / (k2/n2)` of independent groups on the log scale."""
    if n1 == 0 or n2 == 0:
        return undecided(LOG, "no events" if n1 == 0 else "no non-events")
    if k1 == 0 or k2 == 0:
        return undecided(LOG, "a cell of the 2×2 table is zero")
    error = math.sqrt(max(1 / k1 - 1 / n1 + 1 / k2 - 1 / n2, 0.0))
    return _on_log_scale(k1 * n2 / (n1 * k2), error, level)


def _on_log_scale(value: float, error: float, level: float) -> Result:
    factor = math.exp(critical(level) * error)
    return Result(value, value / factor, value * factor, LOG)


def _classes(counts: Counts) -> str | None:
    if counts.tp + counts.fn == 0:
        return "no events"
    return "no non-events" if counts.fp + counts.tn == 0 else None
