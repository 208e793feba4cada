"""Everybody the device was meant for: results under each treatment of incomplete rows, and what is missing.

Reads the predictions a second time, with the rows that every other estimate leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from muniment.measure.cohorts import OperatingPoint
from muniment.measure.discrimination import DELONG
from muniment.measure.incomplete import Bounded, IntentionToDiagnose, intention_to_diagnose
from muniment.measure.missing import Share, field_missing, missingness, read_columns, rejects
from muniment.measure.plan import Plan
from muniment.measure.planned import BEST, IMPUTATION, INTENTION, PROTOCOL, WORST, Incomplete
from muniment.measure.prepare import TableSpec
from muniment.measure.result import Result, undecided
from muniment.measure.splits import PATIENT
from muniment.measure.tables import collect, open_table, require
from muniment.model.estimate import rounded

METRICS = ("auroc", "sensitivity", "specificity", "ppv", "npv")
NOT_IMPUTED = "multiple imputation needs a model of the missing values, which a plan does not hold"


def populations(
    table: pl.LazyFrame,
    spec: TableSpec,
    plan: Plan,
    incomplete: Incomplete,
    withheld: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return the results, counts and rejects of `missing_data` in `evaluation.json`.

    Args:
        table: the predictions, with the columns of the plan's axes.
        spec: as they are read for everything else.
        plan: its operating points, axes and settings.
        incomplete: which treatments are reported.
        withheld: column of an axis to the levels that are hidden everywhere, and why.
    """
    settings = plan.settings
    found = intention_to_diagnose(
        table, replace(spec, scores={}), plan.points, settings.level, settings.interval, settings.min_n
    )
    gaps = found.gaps
    return {
        "primary": incomplete.primary,
        "rows": gaps.rows,
        "complete": gaps.complete,
        "no_score": gaps.no_score,
        "no_label": gaps.no_label,
        "neither": gaps.neither,
        "estimates": [
            entry
            for population in incomplete.populations
            for entry in _population(population, found, plan.points, settings.interval)
        ],
        **_declined(table, spec, plan, incomplete, withheld),
    }


def _population(
    population: str, found: IntentionToDiagnose, points: Sequence[OperatingPoint], interval: str
) -> list[dict[str, Any]]:
    reason = NOT_IMPUTED if population == IMPUTATION else found.undecided
    if reason is None:
        return [
            _json(population, item.metric, item.threshold, *_under(population, item), found.level)
            for item in found.bounds
        ]
    withheld = [("auroc", None), *((metric, point.id) for point in points for metric in METRICS[1:])]
    return [
        _json(
            population,
            metric,
            threshold,
            undecided(DELONG if metric == "auroc" else interval, reason),
            None,
            found.level,
        )
        for metric, threshold in withheld
    ]


def _under(population: str, item: Bounded) -> tuple[Result, int]:
    """The result of one treatment and the rows behind it."""
    return {
        PROTOCOL: (item.complete, item.n[0]),
        WORST: (item.worst, item.n[1]),
        BEST: (item.best, item.n[2]),
        INTENTION: (item.unflagged, item.n[3]),
    }[population]


def _json(
    population: str, metric: str, threshold: float | str | None, result: Result, n: int | None, level: float
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "population": population,
        "metric": metric,
        "threshold": threshold,
        "value": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "level": level,
        "method": result.method,
        "n": n,
    }
    return out | ({"undecided": result.undecided} if result.undecided else {})


def _declined(
    table: pl.LazyFrame,
    spec: TableSpec,
    plan: Plan,
    incomplete: Incomplete,
    withheld: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Rows without a score, by axis of one column, and why, where the plan names the column that tells."""
    settings = plan.settings
    names = {column: axis for axis, column in plan.single_axes.items()}
    axes = [(column,) for column in names]
    common = (axes, settings.level, settings.interval, settings.min_n, spec.name)
    without = missingness(table, [spec.score], *common)
    shown = [_unless_hidden(item, withheld) for item in without.fields]
    out: dict[str, Any] = {"no_estimate": [_share(item, names, "no_estimate") for item in shown]}
    column = incomplete.reject_column
    if column is None:
        return out
    found = rejects(table, column, *common)
    frame = read_columns(table, [column, spec.score], spec.name)
    declined, scored = ~field_missing(frame[column]), ~field_missing(frame[spec.score])
    return out | {
        "rejects": {
            "rejected": [_share(_unless_hidden(item, withheld), names) for item in found.rejected],
            "reasons": [_share(item, names) for item in found.reasons],
            "without_reason": int((~declined & ~scored).sum()),
            "with_score": int((declined & scored).sum()),
        }
    }


def missing_inputs(
    inputs: Sequence[str], features: Path | None, members: Path, plan: Plan
) -> list[dict[str, Any]]:
    """Return the share of missing values of each input of the model among the locked cohort.

    An input that the features table lacks is undecided with that reason: it is made somewhere else.

    Args:
        inputs: names of the model's inputs.
        features: the release's features table, with `patient_id`; `None` where there is none.
        members: the locked cohort.
        plan: its interval, level and smallest cell.
    """
    settings = plan.settings
    offered: list[str] = []
    if features is not None:
        table = open_table(features)
        offered = table.collect_schema().names()
    if features is None or PATIENT not in offered:
        return [_no_share(name, "no features table with patient_id", settings.interval) for name in inputs]
    known = [name for name in inputs if name in offered]
    locked = open_table(members)
    require(locked.collect_schema().names(), [PATIENT], members)
    key = pl.col(PATIENT).cast(pl.String)
    rows = collect(
        table.select(key.alias("member id"), *known).join(
            locked.select(key.alias("member id")), on="member id", how="semi"
        ),
        features,
    )
    shares: dict[str, dict[str, Any]] = {}
    if known and rows.height:
        measured = missingness(
            rows.lazy(), known, (), settings.level, settings.interval, settings.min_n, str(features)
        )
        shares = {item.name: _share(item, {}) for item in measured.fields}
    nobody = f"{features.name} has no row of the cohort" if not rows.height else ""
    return [
        shares.get(name)
        or _no_share(name, nobody or f"{features.name} has no column {name!r}", settings.interval)
        for name in inputs
    ]


def _unless_hidden(item: Share, withheld: Mapping[str, Mapping[str, str]]) -> Share:
    """The share, without its numbers where its level is hidden elsewhere: it must not come back here."""
    reasons = [withheld.get(column, {}).get(level) for column, level in item.cohort.items()]
    reason = next((why for why in reasons if why is not None), None)
    if reason is None:
        return item
    return Share(item.name, item.cohort, None, None, undecided(item.result.method, reason))


def _share(item: Share, names: Mapping[str, str], name: str | None = None) -> dict[str, Any]:
    body = item.as_json()
    body["cohort"] = {names.get(column, column): level for column, level in body["cohort"].items()}
    return body | ({"name": name} if name else {})


def _no_share(name: str, reason: str, method: str) -> dict[str, Any]:
    return Share(name, {}, None, None, undecided(method, reason)).as_json()


def sentences(incomplete: Incomplete, found: Mapping[str, Any]) -> str:
    """What was done about incomplete rows."""
    said = {
        INTENTION: "by intention to diagnose, a row without a score counts as not flagged",
        PROTOCOL: "per protocol, only rows with label and score count",
        WORST: "in the worst case every incomplete row counts as wrong, and where it hurts most",
        BEST: "in the best case every incomplete row counts as right",
        IMPUTATION: "multiple imputation was asked for and not carried out",
    }
    listed = "; ".join(said[name] for name in incomplete.populations)
    gaps = found["rows"] - found["complete"]
    return (
        f"{gaps} of {found['rows']} rows lack score or label. Results are given for each treatment of them: "
        f"{listed} (bounds without assumptions: Horowitz and Manski 2000). The primary result is "
        f"{incomplete.primary.replace('_', ' ')}."
    )
