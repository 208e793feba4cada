"""Places, constants and deterministic writing shared by the modules of the pipeline."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DEVICE = Path(__file__).resolve().parents[1]
"""The device folder: raw data is read from here, whatever the output folder is."""

AS_OF = "2026-04-30"
"""The date the example is judged at: outcomes that mature later do not exist yet."""

HORIZON_DAYS = 180
SHIFT_YEARS = 32
"""The calendar of the example is the calendar of the data plus this."""

PHYSIOLOGY = (
    "meanbp", "wblc", "hrt", "resp", "temp", "pafi", "alb",
    "bili", "crea", "sod", "ph", "glucose", "bun", "urine",
)  # fmt: skip
"""The fourteen columns that the apparent linkage fault moves, in file order."""

NUMERIC = (
    "age", "hday", "scoma", "num.co", "meanbp", "wblc", "hrt", "resp",
    "temp", "pafi", "alb", "bili", "crea", "sod", "ph",
)  # fmt: skip
EXTRA = ("bun", "urine", "glucose")
"""Inputs that only the boosted model reads; phase I never recorded them."""
CATEGORICAL = ("dzgroup", "ca")

SUBGROUPS = ("dzgroup", "sex", "age_band", "race", "site")
MIN_N = 10
"""Cells with fewer patients are suppressed wherever numbers are shown."""


def sha256(path: Path) -> str:
    """Lower-case hex SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write the same bytes for the same frame and the same polars version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd", compression_level=12, statistics=False)


def write_json(value: Any, path: Path) -> None:
    """Write sorted, indented JSON with a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def number(value: float, digits: int = 6) -> float | None:
    """A float for a report: rounded, and `None` where it is not a number."""
    return round(float(value), digits) if math.isfinite(value) else None


def mature_on(quarter: str) -> str:
    """The day after which every patient enrolled in a quarter has a known outcome."""
    year, index = int(quarter[:4]), int(quarter[5])
    start_of_next = np.datetime64(f"{year + (index == 4)}-{(index % 4) * 3 + 1:02d}-01")
    return str(start_of_next - np.timedelta64(1, "D") + np.timedelta64(HORIZON_DAYS, "D"))
