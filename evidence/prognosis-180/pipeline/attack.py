"""Two attacks on each release, carried out on the committed model: hostile inputs, and a guess at membership.

`security.json` holds what came of them. The inputs are drawn with a fixed seed: a second run says the same.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import CATEGORICAL, number, write_json
from metrics import auroc
from scorer import estimate, probabilities

FEATURES = {"1.0.0": "1", "1.1.0-rc1": "1", "1.2.0": "2", "2.0.0-rc1": "2", "2.0.0": "2"}
"""Release to the version of the features that its model reads."""
CALLS = 1000
SEED = 20260101
NUMBERS = (None, math.nan, math.inf, -math.inf, -1.0, 0.0, 1e-300, 1e308, -1e308, 2.0**63, 37.0, True)
"""Values that fit the type of a numeric input."""
TEXTS = (None, "", " ", "Unlisted", "CHF\x00", "'; --", "../../model.json", "x" * 10_000, "<b>CHF</b>")
"""Values that fit the type of a category."""
WRONG_TYPE = ("64", "1e3", "", [], {}, "NaN")
"""Values that fit no input; the interface is to refuse them before the scorer sees them."""


def write(root: Path) -> None:
    """Attack every release below `root`, and write `security.json` beside each model."""
    labels = pl.read_parquet(root / "data/labels/1.parquet")
    for version, features in FEATURES.items():
        folder = root / "releases" / version
        model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        table = pl.read_parquet(root / f"data/features/{features}.parquet").join(labels, on="patient_id")
        cohort = pl.read_parquet(folder / "predictions.parquet")["patient_id"].implode()
        members = pl.read_parquet(folder / "training_members.parquet")["patient_id"].implode()
        judged = table.filter(pl.col("patient_id").is_in(cohort)).sort("patient_id")
        trained = table.filter(pl.col("patient_id").is_in(members)).sort("patient_id")
        write_json(
            {
                "schema": "prognosis-180/security/v1",
                "release": version,
                "hostile_values": fuzz(model, judged, wrong_type=False),
                "wrong_types": fuzz(model, judged, wrong_type=True),
                "membership": membership(model, trained, judged),
            },
            folder / "security.json",
        )


def fuzz(model: dict[str, Any], patients: pl.DataFrame, *, wrong_type: bool) -> dict[str, int]:
    """Call the scorer with one to three inputs of a real patient replaced; count how it answers."""
    draw = random.Random(SEED)
    rows = list(patients.drop("patient_id", "death_180d").iter_rows(named=True))
    said = {"calls": CALLS, "declined": 0, "answered": 0, "out_of_range": 0, "raised": 0}
    for _ in range(CALLS):
        patient = dict(draw.choice(rows))
        for name in draw.sample(sorted(model["reads"]), draw.randint(1, 3)):
            choice = WRONG_TYPE if wrong_type else TEXTS if name in CATEGORICAL else NUMBERS
            patient[name] = draw.choice(choice)
        said[answer(model, patient)] += 1
    return said


def answer(model: dict[str, Any], patient: dict[str, Any]) -> str:
    """How the scorer answers one patient."""
    try:
        given = estimate(model, patient)["estimate"]
    except Exception:  # whatever it raises is what the attack looks for
        return "raised"
    if given is None:
        return "declined"
    return "answered" if 0 <= given <= 1 else "out_of_range"


def membership(model: dict[str, Any], trained: pl.DataFrame, judged: pl.DataFrame) -> dict[str, Any]:
    """How well the loss of a patient tells who was trained on (Yeom 2018, threshold attack).

    The AUROC of minus the log-loss, training patients against the evaluation cohort: 0.5 is a blind guess.
    The cohort is later or from other sites, so a part of any excess is drift and not memory.
    """
    losses, inside = [], []
    for table, member in ((trained, 1), (judged, 0)):
        p = np.clip(probabilities(model, table), 1e-12, 1 - 1e-12)
        y = table["death_180d"].to_numpy()
        losses.append(-np.where(y == 1, np.log(p), np.log(1 - p)))
        inside.append(np.full(table.height, member))
    found = auroc(np.round(-np.concatenate(losses), 6), np.concatenate(inside))
    return {name: number(value) for name, value in found.items()} | {
        "members": trained.height,
        "others": judged.height,
    }
