"""Each level of an axis against everybody else: two independent groups.

The rest is everybody but the level, so a difference shows what a comparison with the overall number hides in
a large level. What is said of a rest is either the overall count less a shown one, or an area over all its
levels together; neither tells more of a hidden level than was told already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from muniment.measure.cohorts import Cohort, Counts
from muniment.measure.discrimination import Contrast, unpaired
from muniment.measure.estimates import proportions
from muniment.measure.kernel import fold
from muniment.measure.proportions import unpaired_difference
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer
from muniment.model.estimate import rounded

RATES = ("sensitivity", "specificity", "ppv")
METHODS = {"auroc": "delong-unpaired"} | dict.fromkeys(RATES, "newcombe")


def deltas(
    cohorts: Sequence[Cohort], point: float | str, level: float, min_n: int
) -> tuple[tuple[dict[str, Any], ...], ...]:
    """For each level of one axis its differences from the rest, level minus rest.

    The area by unpaired DeLong, proportions by Newcombe's method 10 for independent groups (1998, Stat Med
    17:873). A suppressed level, and one whose rest has fewer than `min_n` rows, has reasons and no numbers.

    Args:
        cohorts: all levels of one axis, which together are everybody.
        point: the operating point of the proportions.
        level: confidence level.
        min_n: the smallest group that is shown.
    """
    return tuple(tuple(_against_rest(cohort, cohorts, point, level, min_n)) for cohort in cohorts)


def _against_rest(
    cohort: Cohort, cohorts: Sequence[Cohort], point: float | str, level: float, min_n: int
) -> Iterator[dict[str, Any]]:
    others = [other for other in cohorts if other is not cohort]
    size = sum(other.n for other in others)
    reason = cohort.suppressed
    if reason is None and size == 0:
        reason = "the axis has no other level"
    elif reason is None and size < min_n:
        reason = f"the rest has {fewer(min_n)}"
    if reason is not None:
        for metric, method in METHODS.items():
            yield _entry(metric, point, None, None, undecided(method, reason), level, None, None)
        return
    rest = np.sort(np.concatenate([other.keys.values for other in others]))
    found = unpaired(fold(cohort.keys.values), fold(rest), level)
    if isinstance(found, Contrast):
        yield _entry("auroc", point, found.a, found.b, found.difference, level, cohort.n, size)
    else:
        nothing = undecided(METHODS["auroc"], found)
        yield _entry("auroc", point, None, None, nothing, level, cohort.n, size)
    mine, theirs = cohort.counts[point], _sum([other.counts[point] for other in others])
    for metric in RATES:
        (k1, n1, nothing1), (k2, n2, _) = proportions(mine)[metric], proportions(theirs)[metric]
        if n1 == 0 or n2 == 0:
            nothing = undecided(METHODS[metric], nothing1 if n1 == 0 else f"{nothing1} in the rest")
            yield _entry(metric, point, None, None, nothing, level, n1, n2)
        else:
            result = unpaired_difference(k1, n1, k2, n2, level)
            yield _entry(metric, point, k1 / n1, k2 / n2, result, level, n1, n2)


def _sum(tables: Sequence[Counts]) -> Counts:
    tp, fp, fn, tn = (sum(getattr(table, cell) for table in tables) for cell in ("tp", "fp", "fn", "tn"))
    return Counts(tp, fp, fn, tn)


def _entry(
    metric: str,
    point: float | str,
    value: float | None,
    rest: float | None,
    result: Result,
    level: float,
    n: int | None,
    n_rest: int | None,
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "metric": metric,
        "operating_point": None if metric == "auroc" else point,
        "value": rounded(value),
        "rest": rounded(rest),
        "difference": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "level": level,
        "method": result.method,
        "n": n,
        "n_rest": n_rest,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})
