"""Training: scikit-learn in, portable JSON out, never a pickle."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from common import CATEGORICAL, EXTRA, NUMERIC
from scorer import linear, probabilities
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

LEVELS = {
    "dzgroup": (
        "ARF/MOSF w/Sepsis", "CHF", "COPD", "Cirrhosis", "Colon Cancer", "Coma",
        "Lung Cancer", "MOSF w/Malig",
    ),
    "ca": ("metastatic", "no", "yes"),
}  # fmt: skip
DIGITS = 10
"""Coefficients keep ten significant digits: what the last bits of a solver say is not evidence."""
AGREEMENT = 1e-12


def kept(value: float) -> float:
    """A coefficient at the precision the model file states."""
    return float(f"{value:.{DIGITS}g}")


def one_hot(table: pl.DataFrame) -> np.ndarray:
    """Indicator columns of the categorical inputs, in the order of `LEVELS`."""
    return np.column_stack(
        [(table[name] == level).to_numpy() * 1.0 for name in CATEGORICAL for level in LEVELS[name]]
    )


def contract(reads: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    """What the scorer checks before it answers."""
    return {
        "reads": list(reads),
        "optional": list(optional),
        "required": ["age", "dzgroup", "ca"],
        "known_levels": {name: list(levels) for name, levels in LEVELS.items()},
    }


def train_logistic(table: pl.DataFrame, y: np.ndarray) -> dict[str, Any]:
    """Logistic regression: median imputation, standardised inputs, one-hot groups, C = 0.3."""
    raw = table.select(NUMERIC).fill_null(float("nan")).to_numpy()
    median = np.array([kept(m) for m in np.nanmedian(raw, axis=0)])
    filled = np.where(np.isnan(raw), median, raw)
    mean = np.array([kept(m) for m in filled.mean(axis=0)])
    scale = np.array([kept(s) for s in filled.std(axis=0)])
    matrix = np.hstack([(filled - mean) / scale, one_hot(table)])
    fitted = LogisticRegression(C=0.3, solver="newton-cholesky", tol=1e-10, max_iter=500).fit(matrix, y)
    fitted.coef_ = np.array([[kept(c) for c in fitted.coef_[0]]])
    fitted.intercept_ = np.array([kept(fitted.intercept_[0])])
    weights = iter(float(c) for c in fitted.coef_[0])
    numeric = [
        {"name": name, "impute": float(m), "mean": float(u), "scale": float(s), "coefficient": next(weights)}
        for name, m, u, s in zip(NUMERIC, median, mean, scale, strict=True)
    ]
    categorical = [
        {"name": name, "levels": {level: next(weights) for level in LEVELS[name]}} for name in CATEGORICAL
    ]
    model = {
        "algorithm": "logistic_regression",
        "intercept": float(fitted.intercept_[0]),
        "numeric": numeric,
        "categorical": categorical,
        "recalibration": None,
        **contract((*NUMERIC, *CATEGORICAL), ()),
    }
    agree(probabilities(model, table), fitted.predict_proba(matrix)[:, 1])
    return model


def recalibrate(model: dict[str, Any], table: pl.DataFrame, y: np.ndarray) -> dict[str, Any]:
    """The same weights with a new intercept and slope on the log-odds scale."""
    score = linear(model, table)[:, None]
    # An infinite C asks for no penalty.
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=500).fit(score, y)
    shift = {"intercept": kept(fitted.intercept_[0]), "slope": kept(fitted.coef_[0, 0])}
    fitted.intercept_, fitted.coef_ = np.array([shift["intercept"]]), np.array([[shift["slope"]]])
    changed = {**model, "recalibration": shift}
    agree(probabilities(changed, table), fitted.predict_proba(score)[:, 1])
    return changed


def train_boosted(table: pl.DataFrame, y: np.ndarray) -> dict[str, Any]:
    """Histogram gradient boosting with native categories and native missing values."""
    numbers = table.select(*NUMERIC, *EXTRA).fill_null(float("nan")).to_numpy()
    codes = np.column_stack([table[n].replace_strict(index(n)).to_numpy() for n in CATEGORICAL])
    matrix = np.hstack([numbers, codes.astype(float)])
    width = numbers.shape[1]
    fitted = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.05,
        max_leaf_nodes=10,
        min_samples_leaf=30,
        l2_regularization=2.0,
        random_state=0,
        early_stopping=False,
        categorical_features=list(range(width, width + len(CATEGORICAL))),
    ).fit(matrix, y)
    # scikit-learn puts the categorical columns first before it grows its trees.
    inputs: list[dict[str, Any]] = [{"name": name, "levels": list(LEVELS[name])} for name in CATEGORICAL]
    inputs += [{"name": name} for name in (*NUMERIC, *EXTRA)]
    model = {
        "algorithm": "hist_gradient_boosting",
        "inputs": inputs,
        "baseline": float(fitted._baseline_prediction.ravel()[0]),
        "trees": [portable(stage[0]) for stage in fitted._predictors],
        **contract((*NUMERIC, *EXTRA, *CATEGORICAL), EXTRA),
    }
    agree(probabilities(model, table), fitted.predict_proba(matrix)[:, 1])
    return model


def index(name: str) -> dict[str, int]:
    """Level to code."""
    return {level: code for code, level in enumerate(LEVELS[name])}


def portable(predictor: Any) -> dict[str, Any]:
    """One tree as parallel lists; a leaf has feature -1."""
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    split_by_number = ~leaf & ~nodes["is_categorical"].astype(bool)
    categories = {
        str(i): members(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][i]])
        for i in np.flatnonzero(~leaf & nodes["is_categorical"].astype(bool))
    }
    return {
        "feature": [int(f) if not end else -1 for f, end in zip(nodes["feature_idx"], leaf, strict=True)],
        "threshold": [
            float(t) if use else 0.0 for t, use in zip(nodes["num_threshold"], split_by_number, strict=True)
        ],
        "left": [int(v) for v in nodes["left"]],
        "right": [int(v) for v in nodes["right"]],
        "missing_left": [bool(v) for v in nodes["missing_go_to_left"]],
        "value": [float(v) if end else 0.0 for v, end in zip(nodes["value"], leaf, strict=True)],
        "categories": categories,
    }


def members(bitset: np.ndarray) -> list[int]:
    """Categories that go left, from eight words of 32 bits."""
    return [bit for bit in range(256) if (int(bitset[bit // 32]) >> (bit % 32)) & 1]


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Stop unless the portable model scores as scikit-learn does."""
    worst = float(np.abs(ours - theirs).max())
    if not worst <= AGREEMENT:
        raise SystemExit(f"the portable model differs from scikit-learn by {worst:g}")


def threshold_for(scores: np.ndarray, y: np.ndarray, sensitivity: float) -> float:
    """The highest threshold (score >= threshold is positive) that reaches a sensitivity."""
    died = np.sort(scores[y == 1])[::-1]
    needed = int(np.ceil(sensitivity * len(died) - 1e-9))
    return float(died[needed - 1])
