"""Judging acceptance criteria on the bound they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from muniment.measure.estimates import Settings
from muniment.measure.plan import Criterion
from muniment.measure.suppression import fewer
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

MET, UNMET, UNDECIDED = "met", "unmet", "undecided"
_WORDS = {">=": ("at or above", "below"), "<=": ("at or below", "above")}
_WORDS |= {">": ("above", "at or below"), "<": ("below", "at or above")}
_BOUND = {"point": "value", "lower": "lower bound", "upper": "upper bound", "interval": "interval"}
_BOUND |= {"half_width": "half width"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The number a criterion is judged on, as recorded, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    events: int | None = None
    missing: str | None = None
    """Why there is no value."""
    suppressed: bool = False
    descriptive: bool = False
    level: float | None = None
    """Confidence level of the interval."""
    method: str | None = None
    """How the interval was made."""
    pairs: tuple[int, int, int, int] | None = None
    """Of a paired proportion: cases positive by both, by this release alone, by the other alone, by none."""
    df: float | None = None
    """Degrees of freedom of an interval by Student's t."""


def of_estimate(body: Mapping[str, Any], suppressed: bool = False, descriptive: bool = False) -> Evidence:
    """Evidence from an estimate or operational metric in its JSON shape."""
    return Evidence(
        body.get("value"),
        body.get("low"),
        body.get("high"),
        body.get("n"),
        body.get("events"),
        body.get("undecided"),
        suppressed,
        descriptive,
        body.get("level"),
        body.get("method"),
        df=body.get("df"),
    )


def of_comparison(
    body: Mapping[str, Any],
    suppressed: bool,
    descriptive: bool = False,
    pairs: tuple[int, int, int, int] | None = None,
) -> Evidence:
    """Evidence from a comparison in its JSON shape: the difference is what is judged."""
    return replace(
        of_estimate({**body, "value": body.get("difference")}, suppressed, descriptive), pairs=pairs
    )


def judged(
    criterion: Criterion,
    evidence: Evidence,
    cohort: Mapping[str, str],
    point: str | None,
    settings: Settings,
) -> dict[str, Any]:
    """One entry of `criteria`: the criterion, the numbers it was judged on, outcome and message.

    A suppressed level is undecided. So is, under `each`, a level with fewer events or non-events than the
    plan wants for a conclusion; a criterion that names such a level itself is judged on it.
    """
    outcome, message = _verdict(criterion, evidence, cohort, settings)
    limit = criterion.threshold
    sources = {"analysis": criterion.analysis, "population": criterion.population}
    return {
        "id": criterion.id,
        "domain": criterion.domain,
        "metric": criterion.metric,
        "cohort": dict(sorted(cohort.items())),
        "each": criterion.each,
        "against": criterion.against,
        "operating_point": point,
        "operator": criterion.operator,
        "threshold": list(limit) if isinstance(limit, tuple) else limit,
        "on": criterion.on,
        "value": rounded(evidence.value),
        "low": rounded(evidence.low),
        "high": rounded(evidence.high),
        "n": evidence.n,
        "events": evidence.events,
        "suppressed": evidence.suppressed,
        "descriptive": evidence.descriptive,
        "outcome": outcome,
        "message": message,
    } | {name: source for name, source in sources.items() if source is not None}


def _verdict(
    criterion: Criterion, evidence: Evidence, cohort: Mapping[str, str], settings: Settings
) -> tuple[str, str]:
    if evidence.suppressed:
        return UNDECIDED, f"suppressed: {evidence.missing or fewer(settings.min_n)}"
    if evidence.descriptive and criterion.each is not None:
        return UNDECIDED, f"described only: fewer than {settings.min_events} events or non-events"
    subject = _subject(criterion, cohort)
    if evidence.missing or evidence.value is None:
        return UNDECIDED, f"{subject} has no value: {evidence.missing or 'it was not measured'}"
    numbers = _numbers(criterion.on, evidence.value, evidence.low, evidence.high)
    if numbers is None:
        return UNDECIDED, f"{subject} has no {_BOUND[criterion.on]}"
    met = holds(criterion, evidence.value, evidence.low, evidence.high)
    return (MET if met else UNMET), _sentence(criterion, evidence, numbers, subject, met)


def holds(criterion: Criterion, value: float | None, low: float | None, high: float | None) -> bool:
    """Whether a value with its interval satisfies a criterion; without what it names it does not."""
    numbers = _numbers(criterion.on, value, low, high)
    return numbers is not None and all(_satisfies(number, criterion) for number in numbers)


def _numbers(on: str, value: float | None, low: float | None, high: float | None) -> tuple[float, ...] | None:
    """The recorded numbers that must satisfy the criterion, or `None` where a bound is missing."""
    found: tuple[float | None, ...]
    match on:
        case "point":
            found = (value,)
        case "lower":
            found = (low,)
        case "upper":
            found = (high,)
        case "half_width":
            found = (None if low is None or high is None else (high - low) / 2,)
        case _:
            found = (low, high)
    numbers = tuple(number for number in map(rounded, found) if number is not None)
    return numbers if len(numbers) == len(found) else None


def _satisfies(number: float, criterion: Criterion) -> bool:
    limit = criterion.threshold
    if isinstance(limit, tuple):
        return limit[0] <= number <= limit[1]
    match criterion.operator:
        case ">=":
            return number >= limit
        case "<=":
            return number <= limit
        case ">":
            return number > limit
        case _:
            return number < limit


def _sentence(
    criterion: Criterion, evidence: Evidence, numbers: Sequence[float], subject: str, met: bool
) -> str:
    limit = criterion.threshold
    limits = list(limit) if isinstance(limit, tuple) else [limit]
    shown = " to ".join(_digits(number, limits) for number in numbers)
    size = f" (n {evidence.n})" if evidence.n is not None else ""
    if isinstance(limit, tuple):
        verb = "lies within" if met else "does not lie within"
    else:
        verb = f"is {_WORDS[criterion.operator][0 if met else 1]}"
        if len(numbers) > 1 and not met:
            verb = f"is not wholly {_WORDS[criterion.operator][0]}"
    against = " to ".join(f"{value:.12g}" for value in limits)
    return f"{_BOUND[criterion.on]} {shown} of {subject}{size} {verb} {against}"


def _subject(criterion: Criterion, cohort: Mapping[str, str]) -> str:
    subject = criterion.metric
    if criterion.against:
        subject = f"the difference in {subject} against {criterion.against}"
    if criterion.analysis:
        subject += f" of {criterion.analysis}"
    if criterion.population:
        subject += f" by {criterion.population}"
    if cohort:
        subject += " in " + ", ".join(f"{axis}={level}" for axis, level in sorted(cohort.items()))
    return subject


def _digits(number: float, limits: Sequence[float]) -> str:
    """At least three significant digits, and as many as tell the number from its limits."""
    for digits in range(3, 13):
        text = f"{number:.{digits}g}"
        if all(float(text) != limit or number == limit for limit in limits):
            return text
    return f"{number:.12g}"
