"""The golden cases of the explanation: what it must say of invented patients, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from common import NUMERIC, number
from explain import SHOWN, effects
from scorer import estimate, logit

SCHEMA_VERSION, SEMANTICS_VERSION = 1, 1

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
            {"case": name, "inputs": inputs, "expected": {n: number(e, 9) for n, e in moved.items()}}
        )
    return {
        "schema": "prognosis-180/explanation-golden/v2",
        "schema_version": SCHEMA_VERSION,
        "semantics_version": SEMANTICS_VERSION,
        "shown": SHOWN,
        "cases": cases,
    }


def log_odds(model: dict[str, Any], patient: dict[str, Any]) -> float:
    """Log-odds that the deployed scorer gives one patient."""
    return float(logit(np.array([estimate(model, patient)["estimate"]]))[0])


def said(model: dict[str, Any], reference: dict[str, Any], table: pl.DataFrame) -> pl.DataFrame:
    """What the explanation that users see says of the golden cases."""
    schema = {name: table.schema[name] for name in table.columns if name != "patient_id"}
    rows = [
        {"case": name, "feature": feature, "contribution": effect}
        for name, patient in zip(VARIANTS, patients(reference, table.columns), strict=True)
        for feature, effect in effects(model, pl.DataFrame([patient], schema=schema), reference)
    ]
    return pl.DataFrame(rows).with_columns(pl.col("contribution").round(9)).sort("case", "feature")
