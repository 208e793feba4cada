"""Explanation samples: the inputs that moved an estimate most, for each kind of right and wrong answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from common import EXTRA, NUMERIC, number
from releases import Release
from scorer import logit, probabilities

SHOWN = 4
DIGITS = 6
"""Digits of a contribution, in log-odds, as everywhere it is written."""
KINDS = ("true_positive", "false_positive", "false_negative", "true_negative")


def medians(release: Release, table: pl.DataFrame) -> dict[str, Any]:
    """Median of each attributed input over the patients the release was trained on."""
    inside = table["patient_id"].is_in(release.trained_on.implode())
    return {n: table[n].filter(inside).median() for n in NUMERIC}


def effects(
    model: dict[str, Any], patient: pl.DataFrame, reference: dict[str, Any]
) -> list[tuple[str, float]]:
    """Input and change in log-odds for one patient (a table of one row), the largest first."""
    names = [n for n in NUMERIC if patient[n][0] is not None]
    variants = pl.concat(
        [patient, *(patient.with_columns(pl.lit(float(reference[n])).alias(n)) for n in names)]
    )
    moved = logit(probabilities(model, variants))
    found = [(n, float(moved[0] - m)) for n, m in zip(names, moved[1:], strict=True)]
    return sorted(found, key=lambda item: -abs(item[1]))


def attributed(model: dict[str, Any], table: pl.DataFrame, reference: dict[str, Any]) -> pl.DataFrame:
    """Patient, feature and change in log-odds for all patients and attributed inputs; empty where missing."""
    whole, ids = logit(probabilities(model, table)), table["patient_id"]
    parts = []
    for name in NUMERIC:
        moved = logit(probabilities(model, table.with_columns(pl.lit(float(reference[name])).alias(name))))
        change = pl.Series((whole - moved).round(DIGITS) + 0.0).set(table[name].is_null(), None)
        parts.append(pl.DataFrame({"patient_id": ids, "feature": name, "contribution": change}))
    return pl.concat(parts)


def samples(
    release: Release, table: pl.DataFrame, cohort: pl.DataFrame, groups: pl.DataFrame, y: np.ndarray
) -> dict[str, Any]:
    """Two cases of each kind from the cohort, chosen by the rule by which Muniment chooses them again."""
    reference = medians(release, table)
    inside = table["patient_id"].is_in(cohort["patient_id"].implode()).to_numpy()
    flagged = release.flags(groups["dzgroup"])
    named = table["patient_id"].cast(pl.String).to_list()
    kinds = dict(zip(KINDS, ((1, 1), (1, 0), (0, 1), (0, 0)), strict=True))
    cases = []
    for kind, (flag, label) in kinds.items():
        rows = np.flatnonzero(inside & (flagged == bool(flag)) & (y == label))
        # The median case and the most confident one; ties go to the earlier id, compared as text.
        order = sorted(rows, key=lambda row: (release.score[row], named[row]))
        extreme = order[-1] if flag else order[0]
        for name, row in (("typical", order[len(order) // 2]), ("most confident", extreme)):
            cases.append(case(release, table, groups, int(row), kind, name, reference))
    return {
        "schema": "prognosis-180/explanations/v2",
        "release": release.version,
        "method": (
            "Change in log-odds when one input is set to its median in training, all others kept; the four "
            "largest are shown. Diagnosis group and cancer status are context and are not attributed."
        ),
        "semantics_version": 1,
        "cases": cases,
    }


def case(
    release: Release, table: pl.DataFrame, groups: pl.DataFrame, row: int, kind: str, choice: str,
    reference: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """One case; of the patient it says the number in the public file, diagnosis group and age band."""
    patient = table[row]
    found = effects(release.model, patient, reference)
    return {
        "case": str(patient["patient_id"][0]),
        "kind": kind,
        "choice": choice,
        "estimate": number(release.score[row], 3),
        "diagnosis_group": groups["dzgroup"][row],
        "age_band": groups["age_band"][row],
        "moved_most": [{"feature": n, "contribution": number(e, DIGITS)} for n, e in found[:SHOWN]],
        "missing": [n for n in (*NUMERIC, *EXTRA) if patient[n][0] is None and n in release.model["reads"]],
    }
