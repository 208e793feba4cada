"""Which reference number meets which of ours, how near it must come, and why where that is not 1e-9."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from references.ours import ours

HERE = Path(__file__).parent
OUTPUTS = ("r.json", "python.json")
TOLERANCE = 1e-9
"""Absolute, or relative above one."""
ALIASES = {"concordance": "auroc", "rcorr": "auroc", "epi_sensitivity": "sensitivity"}
ALIASES |= {f"epi_{name}": name for name in ("specificity", "ppv", "npv", "accuracy")}
SUFFIXES = ("_sklearn", "_scipy", "_statsmodels", "_python")
FIELDS = {
    "binconf_low": "low",
    "binconf_high": "high",
    "scipy_exact_low": "exact_low",
    "scipy_exact_high": "exact_high",
}
VAL_PROB = {"brier": "brier", "slope": "calibration_slope", "c": "auroc"}
ELSEWHERE = ("partial_auroc_*",)
"""Statistics that have a test of their own."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A reference that defines or computes something else than we do."""

    case: str
    """Pattern of cases."""
    statistic: str
    """Pattern of the reference's statistic."""
    field: str
    """Pattern of the field."""
    tolerance: float | None
    """How near the numbers come nevertheless; `None` where ours must be undecided."""
    why: str


DIFFERENCES = (
    Difference(
        "*",
        "val_prob",
        "c",
        1e-2,
        "The C of rms::val.prob (from lrm) is not the exact share of concordant pairs; pROC, survival, "
        "Hmisc::rcorr.cens, SciPy and scikit-learn give ours.",
    ),
    Difference(
        "*",
        "val_prob",
        "slope",
        1e-4,
        "rms::lrm stops when the deviance changes by less than 0.00025; glm run to the end gives ours.",
    ),
    Difference(
        "*",
        "*",
        "binconf_*",
        0.2,
        "Hmisc::binconf replaces Wilson's lower limit for one hit, and the upper one for all but one, by "
        "-log(1 - alpha)/n and its mirror image (so in its source); prop.test without continuity correction "
        "gives Wilson's own limits, and those are ours.",
    ),
    Difference(
        "one_event",
        "*auroc*",
        "value",
        None,
        "One event has an area but no variance of it: we give no estimate without an interval.",
    ),
    Difference("one_event", "concordance", "value", None, "As for the AUROC of one event."),
    Difference("one_event", "rcorr", "value", None, "As for the AUROC of one event."),
    Difference(
        "drift",
        "x",
        "ks_p",
        2e-6,
        "ks.test sums the limiting distribution to 1e-6; scipy.stats.kstwobign gives ours.",
    ),
    Difference(
        "continuous_against_heavy_ties",
        "delong_unpaired",
        "p",
        1e-3,
        "pROC refers z to Student's t with Satterthwaite's degrees of freedom for unpaired curves; we, as "
        "DeLong (1988), to the normal distribution.",
    ),
    Difference(
        "clustered_bootstrap",
        "*",
        "low",
        1.5e-2,
        "Another random generator: the limits differ by the Monte-Carlo error of 4,000 replicates. boot also "
        "interpolates between order statistics on the normal scale, and we linearly (type 7).",
    ),
    Difference("clustered_bootstrap", "*", "high", 1.5e-2, "As for the lower limit."),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One number of a reference and ours."""

    case: str
    statistic: str
    """Our name."""
    field: str
    tool: str
    theirs: float
    mine: float | None
    difference: Difference | None

    @property
    def deviation(self) -> float:
        """How far apart, relative to the reference where that is above one."""
        return (
            float("inf") if self.mine is None else abs(self.mine - self.theirs) / max(1.0, abs(self.theirs))
        )


def output(name: str) -> dict[str, Any]:
    return dict(json.loads((HERE / name).read_text()))


def pairs() -> Iterator[Pair]:
    """Every number that a reference gives, with ours."""
    for name in OUTPUTS:
        for case, statistics in output(name)["cases"].items():
            for statistic, entry in statistics.items():
                if any(fnmatch(statistic, pattern) for pattern in ELSEWHERE):
                    continue
                for field, theirs in entry.items():
                    if field != "tool" and theirs is not None:
                        yield pair(case, statistic, field, entry["tool"], theirs)


def pair(case: str, statistic: str, field: str, tool: str, theirs: float) -> Pair:
    name, key = ALIASES.get(statistic, statistic), FIELDS.get(field, field)
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    if statistic == "val_prob":
        name, key = VAL_PROB[field], "value"
    known = next(
        (
            item
            for item in DIFFERENCES
            if fnmatch(case, item.case) and fnmatch(statistic, item.statistic) and fnmatch(field, item.field)
        ),
        None,
    )
    mine = ours(case)[name][key]
    return Pair(case, name, key, tool, float(theirs), None if mine is None else float(mine), known)
