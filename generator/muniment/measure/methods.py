"""What was done, in sentences that can be pasted into a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from muniment.measure.cohorts import OperatingPoint
from muniment.measure.estimates import Settings

_PROPORTIONS = {
    "wilson": "Wilson's score interval (Newcombe 1998)",
    "clopper-pearson": "the exact interval of Clopper and Pearson (1934)",
}


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
        "The area under the ROC curve was computed by mid-ranks with DeLong's interval (DeLong 1988; Sun "
        "and Xu 2014), and with Newcombe's score interval (2006) where all placements agree;",
        f"proportions have {_PROPORTIONS[settings.interval]};",
        "the Brier score and the log loss have the normal interval of a mean;",
        "the calibration intercept (logit offset, slope 1) and slope (Cox) come from logistic regression "
        "with Wald intervals;",
        "the ratio of observed to expected events has a log-normal interval (Debray 2017).",
    ]
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


def paired_methods() -> str:
    """The sentence about paired comparisons."""
    return (
        "Scores were compared on the same cases: areas by the paired method of DeLong (1988), sensitivity "
        "and specificity by Newcombe's paired interval (1998, method 10) with McNemar's exact p; no p value "
        "is adjusted for multiplicity."
    )
