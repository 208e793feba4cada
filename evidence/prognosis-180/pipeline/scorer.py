"""The deployed scorer: reads a model as JSON and needs nothing but NumPy.

`probabilities` scores a table, `estimate` one patient, with the input checks of the claim. Both give
what scikit-learn gives for the same model, to 1e-12; the run checks it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from common import PHYSIOLOGY
from features import VALID

Model = Mapping[str, Any]
MOST_MISSING = 6
"""No estimate when more of the model's physiology inputs than this are missing."""


def logit(p: np.ndarray) -> np.ndarray:
    """Log-odds of a probability."""
    return np.log(p / (1 - p))


def linear(model: Model, table: pl.DataFrame) -> np.ndarray:
    """Linear predictor of the logistic model, before recalibration."""
    total = np.full(table.height, model["intercept"])
    for term in model["numeric"]:
        value = table[term["name"]].fill_null(term["impute"]).to_numpy()
        total += term["coefficient"] * ((value - term["mean"]) / term["scale"])
    for term in model["categorical"]:
        total += np.array([term["levels"].get(level, 0.0) for level in table[term["name"]]])
    return total


def boosted(model: Model, table: pl.DataFrame) -> np.ndarray:
    """Raw score of the boosted trees: the baseline plus one leaf a tree."""
    columns = [encoded(column, table) for column in model["inputs"]]
    matrix = np.column_stack(columns)
    total = np.full(table.height, model["baseline"])
    rows = np.arange(table.height)
    for tree in model["trees"]:
        feature, threshold = np.array(tree["feature"]), np.array(tree["threshold"])
        left, right = np.array(tree["left"]), np.array(tree["right"])
        missing_left, value = np.array(tree["missing_left"]), np.array(tree["value"])
        node = np.zeros(table.height, dtype=int)
        while (open_ := feature[node] >= 0).any():
            x = matrix[rows, np.maximum(feature[node], 0)]
            go_left = np.where(np.isnan(x), missing_left[node], x <= threshold[node])
            for index, categories in tree["categories"].items():
                here = (node == int(index)) & ~np.isnan(x)
                go_left[here] = np.isin(x[here], categories)
            node = np.where(open_, np.where(go_left, left[node], right[node]), node)
        total += value[node]
    return total


def encoded(column: Mapping[str, Any], table: pl.DataFrame) -> np.ndarray:
    """One input as floats: a number as it is, a category as its index; missing or unknown is NaN."""
    if "levels" not in column:
        return table[column["name"]].fill_null(float("nan")).to_numpy()
    index = {level: float(i) for i, level in enumerate(column["levels"])}
    return np.array([index.get(level, float("nan")) for level in table[column["name"]]])


def probabilities(model: Model, table: pl.DataFrame) -> np.ndarray:
    """Estimated probability of death within 180 days, one a row."""
    if model["algorithm"] == "hist_gradient_boosting":
        raw = boosted(model, table)
    else:
        shift = model["recalibration"] or {"intercept": 0.0, "slope": 1.0}
        raw = shift["intercept"] + shift["slope"] * linear(model, table)
    return 1 / (1 + np.exp(-raw))


def objections(model: Model, patient: Mapping[str, Any]) -> list[str]:
    """Why no estimate may be given for these inputs; empty where one may."""
    said = []
    for name in model["required"]:
        if patient.get(name) is None:
            said.append(f"{name} is missing")
    for name, levels in model["known_levels"].items():
        if patient.get(name) is not None and patient[name] not in levels:
            said.append(f"{name} is not a known level")
    read = [name for name in model["reads"] if name in VALID]
    for name in read:
        value, (low, high) = patient.get(name), VALID[name]
        if value is not None and not low <= value <= high:
            said.append(f"{name} is outside {low:g} to {high:g}")
    # The three late inputs are absent for whole eras of the data; they do not count here.
    core = [name for name in read if name in PHYSIOLOGY and name not in model["optional"]]
    missing = sum(patient.get(name) is None for name in core)
    if missing > MOST_MISSING:
        said.append(f"{missing} of {len(core)} physiology values are missing")
    return said


def estimate(model: Model, patient: Mapping[str, Any]) -> dict[str, Any]:
    """The device's answer for one patient: a probability, or no estimate and why."""
    said = objections(model, patient)
    if said:
        return {"estimate": None, "reasons": said}
    raw = one_boosted(model, patient) if "trees" in model else one_linear(model, patient)
    return {"estimate": 1 / (1 + math.exp(-raw)), "reasons": []}


def one_linear(model: Model, patient: Mapping[str, Any]) -> float:
    """Log-odds of one patient under the logistic model, recalibration included."""
    total = model["intercept"]
    for term in model["numeric"]:
        value = patient.get(term["name"])
        value = term["impute"] if value is None else value
        total += term["coefficient"] * ((value - term["mean"]) / term["scale"])
    for term in model["categorical"]:
        total += term["levels"].get(patient.get(term["name"]), 0.0)
    shift = model["recalibration"]
    return total if shift is None else shift["intercept"] + shift["slope"] * total


def one_boosted(model: Model, patient: Mapping[str, Any]) -> float:
    """Raw score of one patient under the boosted trees."""
    row = []
    for column in model["inputs"]:
        value = patient.get(column["name"])
        if "levels" in column:
            value = column["levels"].index(value) if value in column["levels"] else None
        row.append(value)
    total = model["baseline"]
    for tree in model["trees"]:
        node = 0
        while (feature := tree["feature"][node]) >= 0:
            x = row[feature]
            if x is None:
                go_left = tree["missing_left"][node]
            elif str(node) in tree["categories"]:
                go_left = x in tree["categories"][str(node)]
            else:
                go_left = x <= tree["threshold"][node]
            node = tree["left"][node] if go_left else tree["right"][node]
        total += tree["value"][node]
    return total
