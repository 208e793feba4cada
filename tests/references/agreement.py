"""Which reference number meets which of ours, how near it must come, and why where that is not 1e-9."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from references import ours

HERE = Path(__file__).parent
OUTPUTS = ("r.json", "python.json")
TOLERANCE = 1e-9
"""Absolute, or relative above one."""
ALIASES = {"concordance": "auroc", "rcorr": "auroc", "epi_sensitivity": "sensitivity"}
ALIASES |= {f"epi_{name}": name for name in ("specificity", "ppv", "npv", "accuracy")}
SUFFIXES = ("_sklearn", "_scipy", "_statsmodels", "_python", "_psych")
FIELDS = {
    "binconf_low": "low",
    "binconf_high": "high",
    "scipy_exact_low": "exact_low",
    "scipy_exact_high": "exact_high",
}
VAL_PROB = {"brier": "brier", "slope": "calibration_slope", "c": "auroc"}
PARTS = ("part_flexible", "part_partial", "part_planned", "part_raters", "part_readers")
"""Modules beside `ours` that compute a group of statistics; each has a test of its own."""
PART_OF = (
    ("flexible_*", "*", "part_flexible"),
    ("*", "partial_auroc_*", "part_partial"),
    ("raters", "*", "part_raters"),
    ("readers", "*", "part_readers"),
    ("planned", "*", "part_planned"),
    ("families", "*", "part_planned"),
    ("tails", "*", "part_planned"),
)
"""Patterns of case and statistic to the module that computes them; the rest is `ours`."""


class Part(Protocol):
    """A module that computes our side."""

    @staticmethod
    def ours(case: str) -> dict[str, dict[str, float | None]]:
        """Statistic to its numbers for a case."""


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
        "auroc*",
        "value",
        None,
        "One event has an area but no variance of it: we give no estimate without an interval.",
    ),
    Difference("one_event", "concordance", "value", None, "As for the AUROC of one event."),
    Difference("one_event", "rcorr", "value", None, "As for the AUROC of one event."),
    Difference(
        "one_event", "partial_auroc_*", "*", None, "As for the AUROC: too many replicates lack the event."
    ),
    Difference(
        "raters",
        "cohen_kappa_quadratic_psych",
        "[lh]*",
        2e-2,
        "psych takes another variance for weighted kappa; vcd and statsmodels have that of Fleiss, Cohen and "
        "Everitt (1969), and that is ours.",
    ),
    Difference(
        "planned",
        "*",
        "n",
        5e-3,
        "epiR's number before rounding; we round the events (or non-events) up first, then the patients in "
        "whom they must be found. `members` is compared exactly.",
    ),
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


def pairs(part: str = "ours") -> Iterator[Pair]:
    """Every number that a reference gives of a part's statistics, with ours."""
    module: Part = ours if part == "ours" else import_module(f"references.{part}")
    for name in OUTPUTS:
        for case, statistics in output(name)["cases"].items():
            for statistic, entry in statistics.items():
                if part_of(case, statistic) != part:
                    continue
                for field, theirs in entry.items():
                    if field != "tool" and theirs is not None:
                        yield pair(module, case, statistic, field, entry["tool"], float(theirs))


def part_of(case: str, statistic: str) -> str:
    """Which module computes our side."""
    for cases, statistics, part in PART_OF:
        if fnmatch(case, cases) and fnmatch(statistic, statistics):
            return part
    return "ours"


def pair(module: Part, case: str, statistic: str, field: str, tool: str, theirs: float) -> Pair:
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
    mine = module.ours(case)[name][key]
    return Pair(case, name, key, tool, theirs, None if mine is None else float(mine), known)


def wrong(found: list[Pair]) -> list[str]:
    """What is not as near as it must be, a line each."""
    out = []
    for one in found:
        if one.difference is not None and one.difference.tolerance is None:
            held = one.mine is None
        else:
            held = one.deviation <= (TOLERANCE if one.difference is None else one.difference.tolerance)
        if not held:
            out.append(
                f"{one.case} {one.statistic} {one.field}: {one.tool} has {one.theirs!r}, we {one.mine!r}"
            )
    return out
