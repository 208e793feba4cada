"""Checks of the explanations: the contract's golden cases, and agreement between subgroups."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from common import NUMERIC, SUBGROUPS, number
from error_cells import levels
from explain import SHOWN, effects
from metrics import rank_correlation
from scorer import estimate, logit, probabilities

SCHEMA_VERSION, SEMANTICS_VERSION = 1, 1
TOLERANCE = 1e-6
"""Largest difference in log-odds between the explanation and its golden case."""

VARIANTS: dict[str, dict[str, Any]] = {
    "reference": {},
    "old": {"age": 88.0},
    "shock": {"meanbp": 48.0, "hrt": 142.0, "resp": 36.0},
    "kidney failure": {"crea": 6.1, "sod": 128.0},
    "deep coma": {"scoma": 94.0, "dzgroup": "Coma"},
    "albumin missing": {"alb": None, "age": 71.0},
    "lung cancer": {"dzgroup": "Lung Cancer", "ca": "metastatic", "age": 59.0, "alb": 2.1},
    "heart failure": {"dzgroup": "CHF", "meanbp": 66.0, "num.co": 4.0},
}
"""Invented patients: the median patient of the training data with these values in place."""


def patients(reference: dict[str, Any], columns: list[str]) -> list[dict[str, Any]]:
    """The patients of the golden cases; inputs that are not attributed stay missing."""
    middle: dict[str, Any] = dict.fromkeys(name for name in columns if name != "patient_id")
    middle |= {n: float(reference[n]) for n in NUMERIC} | {"dzgroup": "ARF/MOSF w/Sepsis", "ca": "no"}
    return [middle | change for change in VARIANTS.values()]


def golden(model: dict[str, Any], reference: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """What an explanation must say of invented patients, from the deployed one-patient path alone.

    The explanation that users see is computed on tables. The expected values here are not: they come
    from one call of the scorer a changed input, so that a fault in either shows.
    """
    cases = []
    for name, patient in zip(VARIANTS, patients(reference, columns), strict=True):
        whole = log_odds(model, patient)
        moved = {
            n: whole - log_odds(model, patient | {n: float(reference[n])})
            for n in NUMERIC
            if patient[n] is not None
        }
        inputs = {k: v for k, v in patient.items() if v is not None}
        cases.append(
            {"case": name, "inputs": inputs, "log_odds": {n: number(e, 9) for n, e in moved.items()}}
        )
    return {
        "schema": "prognosis-180/explanation-golden/v1",
        "schema_version": SCHEMA_VERSION,
        "semantics_version": SEMANTICS_VERSION,
        "shown": SHOWN,
        "cases": cases,
    }


def log_odds(model: dict[str, Any], patient: dict[str, Any]) -> float:
    """Log-odds that the deployed scorer gives one patient."""
    return float(logit(np.array([estimate(model, patient)["estimate"]]))[0])


def contract(
    model: dict[str, Any], reference: dict[str, Any], table: pl.DataFrame, expected: dict[str, Any]
) -> dict[str, Any]:
    """The explanations of the golden cases as users would see them, held to the golden values."""
    schema = {name: table.schema[name] for name in table.columns if name != "patient_id"}
    passed = 0
    for case, patient in zip(expected["cases"], patients(reference, table.columns), strict=True):
        found = effects(model, pl.DataFrame([patient], schema=schema), reference)
        wanted = case["log_odds"]
        same = set(wanted) == {n for n, _ in found} and all(abs(e - wanted[n]) <= TOLERANCE for n, e in found)
        passed += same and all(abs(a[1]) >= abs(b[1]) for a, b in pairwise(found))
    return {
        "schema_version": SCHEMA_VERSION,
        "semantics_version": SEMANTICS_VERSION,
        "cases": len(expected["cases"]),
        "passed": passed,
        "tolerance": TOLERANCE,
    }


def consistency(
    model: dict[str, Any], reference: dict[str, Any], table: pl.DataFrame, groups: pl.DataFrame
) -> list[dict[str, Any]]:
    """Rank correlation of mean absolute effects, subgroup against cohort, over the attributed inputs.

    `table` and `groups` hold the cohort, in the same order. A missing input has no effect and is left
    out of its mean.
    """
    whole = logit(probabilities(model, table))
    sizes = []
    for name in NUMERIC:
        moved = logit(probabilities(model, table.with_columns(pl.lit(float(reference[name])).alias(name))))
        sizes.append(np.where(table[name].is_null().to_numpy(), np.nan, np.abs(whole - moved)))
    effect = np.column_stack(sizes)
    overall = mean(effect)
    rows = []
    for axis in SUBGROUPS:
        for level, inside, hidden in levels(groups[axis]):
            rho = rank_correlation(mean(effect[inside]), overall)
            said = {"n": None, "value": None} if hidden else {"n": int(inside.sum()), "value": number(rho, 4)}
            head = {"axis": axis, "level": level, "metric": "rank_correlation", "suppressed": hidden}
            rows.append(head | said)
    return rows


def mean(effect: np.ndarray) -> np.ndarray:
    """Mean of each column over what is recorded; NaN where nothing is."""
    known = ~np.isnan(effect)
    total = np.where(known, effect, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
