"""The explanation contract: golden cases held to what the release says of them, and samples to the rows.

The golden file says what an explanation must say of invented or public inputs. The maker runs the released
explanation on these inputs and leaves what it said; the comparison is made here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.analysis_rows import CohortRows
from muniment.measure.contributions import NOW, Contributions
from muniment.measure.error_cells import KINDS, kinds_of
from muniment.measure.tables import collect, open_table, require
from muniment.model.estimate import rounded
from muniment.model.tree import Tree

MOST_CASES = 10_000
MOST_FIGURES = 1_000_000
MOST_LETTERS = 100
MOST_FAULTS = 20
"""Failed cases that are listed; all are counted."""
_SHAPE = "Its shape is told in docs/how-to/analyse-errors-and-explanations.md."


def contract(golden: Tree, name: str, said: Path, tolerance: float) -> dict[str, Any]:
    """Hold what the release said of the golden cases to what it must say.

    A case passes if exactly the expected features have a figure and each is within `tolerance`.

    Args:
        golden: `{schema_version, semantics_version, cases: [{case, expected: {feature: figure}}]}`.
        name: the golden file's name, for messages.
        said: table of `case`, `feature`, `contribution`.
        tolerance: largest absolute difference, in the unit of the explanation.

    Raises:
        UnreadableInput: either file is not of that shape.
    """
    expected = _expected(golden, name)
    lazy = open_table(said)
    require(lazy.collect_schema().names(), ["case", "feature", NOW], said)
    height = int(collect(lazy.select(pl.len()), said).item())
    if height > MOST_FIGURES:
        raise UnreadableInput(f"{said.name} has {height} rows; at most {MOST_FIGURES} are read", hint=_SHAPE)
    frame = collect(
        lazy.select(
            pl.col("case").cast(pl.String),
            pl.col("feature").cast(pl.String),
            pl.col(NOW).cast(pl.Float64, strict=False),
        ),
        said,
    )
    if frame.select("case", "feature").n_unique() < frame.height:
        raise UnreadableInput(f"{said.name} repeats a case and feature", hint="One row a case and feature.")
    found: dict[str, dict[str, float]] = {}
    for case, feature, figure in frame.iter_rows():
        if figure is not None and not math.isnan(figure):
            found.setdefault(case, {})[feature] = figure
    faults = []
    largest = 0.0
    for case, wanted in expected.items():
        why, worst = _fault(wanted, found.get(case, {}), tolerance)
        largest = max(largest, worst)
        if why:
            faults.append({"case": _short(case), "reason": why})
    return {
        "schema_version": _version(golden, "schema_version", name),
        "semantics_version": _version(golden, "semantics_version", name),
        "cases": len(expected),
        "passed": len(expected) - len(faults),
        "tolerance": tolerance,
        "tolerance_share": rounded(_share_of(tolerance, expected)),
        "largest_difference": rounded(largest),
        "failed": faults[:MOST_FAULTS],
    }


def _share_of(tolerance: float, expected: Mapping[str, Mapping[str, float]]) -> float | None:
    """The tolerance as a share of a typical figure: what lets everything pass tests nothing.

    Typical is the median of the absolute expected figures that are not zero; `None` where all are.
    """
    sizes = [abs(figure) for wanted in expected.values() for figure in wanted.values() if figure]
    return tolerance / median(sizes) if sizes else None


def _fault(
    wanted: Mapping[str, float], said: Mapping[str, float], tolerance: float
) -> tuple[str | None, float]:
    """Why a case fails, and its largest difference over the features that both sides have."""
    worst = max((abs(said[name] - figure) for name, figure in wanted.items() if name in said), default=0.0)
    absent, extra = sorted({*wanted} - {*said}), sorted({*said} - {*wanted})
    if absent:
        return f"no figure for {_short(', '.join(absent))}", worst
    if extra:
        return f"a figure for {_short(', '.join(extra))}, which the contract does not expect", worst
    # Written so that what cannot be compared fails.
    return (None if worst <= tolerance else f"differs by {worst:.3g}"), worst


def _expected(golden: Tree, name: str) -> dict[str, dict[str, float]]:
    cases = golden.get("cases") if isinstance(golden, Mapping) else None
    if not isinstance(cases, Sequence) or isinstance(cases, str) or not 0 < len(cases) <= MOST_CASES:
        raise UnreadableInput(f"{name} has no list of 1 to {MOST_CASES} golden cases", hint=_SHAPE)
    out: dict[str, dict[str, float]] = {}
    for item in cases:
        wanted = item.get("expected") if isinstance(item, Mapping) else None
        case = item.get("case") if isinstance(item, Mapping) else None
        if not isinstance(case, str) or case in out or not isinstance(wanted, Mapping) or not wanted:
            raise UnreadableInput(
                f"{name} has a golden case without a name of its own or without `expected`", hint=_SHAPE
            )
        out[case] = {str(feature): _figure(figure, name) for feature, figure in wanted.items()}
    return out


def _figure(value: Any, name: str) -> float:
    figure = _finite(value)
    if figure is None:
        raise UnreadableInput(f"{name} expects {_short(repr(value))}, which is no number", hint=_SHAPE)
    return figure


def _finite(value: Any) -> float | None:
    """The number that a file gives, or `None` for anything else: a text, a truth value, one without end."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        figure = float(value)
    except OverflowError:
        return None
    return figure if math.isfinite(figure) else None


def _short(text: str) -> str:
    """A text of somebody else's file, short enough for a message."""
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"


def _version(golden: Mapping[str, Any], field: str, name: str) -> int:
    value = golden.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnreadableInput(f"{name} has no whole number as {field}", hint=_SHAPE)
    return value


@dataclass(frozen=True, slots=True)
class Samples:
    """What became of the explained cases."""

    counts: Mapping[str, int]
    """Kind to the cases of it that hold."""
    unfounded: tuple[Mapping[str, str], ...]
    """Case and reason of those that do not, the first twenty."""
    held: frozenset[str]
    """Ids of those that hold."""


def samples(
    shown: Tree, name: str, rows: CohortRows, found: Contributions | None, tolerance: float
) -> Samples:
    """Count the explained cases that hold, by kind, and list those that do not.

    A case holds if it is of the cohort, its kind is what score, threshold and label say, and each figure it
    shows is that of the contributions, within `tolerance`.

    Args:
        shown: `{cases: [{case, kind, moved_most: [{feature, contribution}]}]}`, what people are shown.
        name: the file's name, for messages.
        rows: the cohort.
        found: the contributions; without them no figure can be held to anything, and no case counts.
        tolerance: largest absolute difference of a figure.

    Raises:
        UnreadableInput: the file is not of that shape.
    """
    cases = shown.get("cases") if isinstance(shown, Mapping) else None
    if not isinstance(cases, Sequence) or isinstance(cases, str) or len(cases) > MOST_CASES:
        raise UnreadableInput(f"{name} has no list of at most {MOST_CASES} explained cases", hint=_SHAPE)
    kinds = kinds_of(rows)
    places = {str(identity): at for at, identity in enumerate(rows.ids.to_list())}
    counts = dict.fromkeys(sorted(KINDS), 0)
    faults: list[Mapping[str, str]] = []
    held: set[str] = set()
    seen: set[str] = set()
    for item in cases:
        case = item.get("case") if isinstance(item, Mapping) else None
        if not isinstance(case, str):
            raise UnreadableInput(f"{name} has a case without an id", hint=_SHAPE)
        why = _unfounded(item, kinds, places, found, tolerance, repeated=case in seen)
        seen.add(case)
        if why is None:
            counts[str(item["kind"])] += 1
            held.add(case)
        else:
            faults.append({"case": _short(case), "reason": why})
    return Samples(counts, tuple(faults[:MOST_FAULTS]), frozenset(held))


def _unfounded(
    item: Mapping[str, Any],
    kinds: Sequence[str | None],
    places: Mapping[str, int],
    found: Contributions | None,
    tolerance: float,
    repeated: bool,
) -> str | None:
    """Why an explained case does not count, or `None`."""
    at = places.get(item["case"])
    if at is None:
        return "not of the locked cohort"
    if repeated:
        return "shown more than once"
    if item.get("kind") != kinds[at] or kinds[at] is None:
        kind = _short(str(item.get("kind")))
        return f"said to be {kind}; score, threshold and label make it {kinds[at] or 'neither'}"
    if found is None:
        return "no table of contributions to hold it to"
    moved = item.get("moved_most")
    if not isinstance(moved, Sequence) or isinstance(moved, str) or not moved:
        return "shows no contribution"
    columns = {feature: column for column, feature in enumerate(found.features)}
    for entry in moved:
        feature = entry.get("feature") if isinstance(entry, Mapping) else None
        figure = _finite(entry.get("contribution")) if isinstance(entry, Mapping) else None
        if not isinstance(feature, str) or feature not in columns or figure is None:
            return "shows a contribution that the table does not have"
        # Written so that a gap in the table does not pass.
        if not abs(figure - float(found.now[at, columns[feature]])) <= tolerance:
            return f"shows another contribution of {_short(feature)} than the table"
    return None
