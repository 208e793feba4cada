"""The tables that `bench/measure.py` measures: the same rows for the same arguments.

python bench/tables.py rows|drift|dataset|split|huge ROWS FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

PART = 1_000_000


def rows(folder: Path, count: int) -> None:
    """Calibrated scores, a comparator, 20 sites, five rows a patient."""
    rng = np.random.default_rng(count)
    score = rng.uniform(0.001, 0.999, count)
    pl.DataFrame(
        {
            "y": rng.random(count) < score,
            "s": score,
            "other": np.clip(score + rng.normal(0, 0.1, count), 0.001, 0.999),
            "site": rng.integers(0, 20, count).astype(np.int16),
            "patient": rng.integers(0, max(count // 5, 2), count),
        }
    ).write_parquet(folder / "t.parquet")


def drift(folder: Path, count: int) -> None:
    """The same columns twice, a little apart: 20 of them, or 5 in a small table."""
    rng = np.random.default_rng(count)
    wide = 20 if count >= PART else 5
    for name, shift in (("a", 0.0), ("b", 0.05)):
        columns = {f"x{k}": rng.normal(shift, 1, count) for k in range(wide)}
        pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")


def dataset(folder: Path, count: int) -> None:
    """Twelve columns of a dataset: measurements, counts, levels, an identifier, an outcome."""
    rng = np.random.default_rng(count)
    columns = {f"x{k}": rng.normal(k, 1, count) for k in range(6)}
    sites = np.array([f"site {k:02}" for k in range(20)])
    pl.DataFrame(
        {
            **columns,
            "lab": rng.gamma(2, 2, count).round(1),
            "age": rng.integers(18, 95, count).astype(np.int16),
            "site": sites[rng.integers(0, 20, count)],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, count)],
            "patient": rng.integers(0, max(count // 5, 2), count),
            "died": rng.random(count) < 0.1,
        }
    ).write_parquet(folder / "t.parquet")


def split(folder: Path, count: int) -> None:
    """A patient a row, by number and by name, in three partitions; one in eleven is there twice."""
    rng = np.random.default_rng(count)
    patient = rng.integers(10**9, 10**10, count - count // 11)
    patient = rng.permutation(np.concatenate((patient, patient[: count // 11])))
    names = np.array(["train", "tune", "test"])[np.searchsorted([0.7, 0.85], rng.random(count))]
    frame = pl.DataFrame({"patient": patient, "partition": names})
    frame.with_columns(name=pl.format("P-{}", "patient")).write_parquet(folder / "t.parquet")


def huge(folder: Path, count: int) -> None:
    """One file of very many rows, put together from parts so that writing it takes little memory."""
    rng = np.random.default_rng(1)
    for index in range(count // PART):
        score = rng.uniform(0.001, 0.999, PART)
        frame = pl.DataFrame({"y": rng.random(PART) < score, "s": score})
        frame.write_parquet(folder / f"part-{index:04}.parquet")
    pl.scan_parquet(folder / "part-*.parquet").sink_parquet(folder / "t.parquet")


KINDS = {"rows": rows, "drift": drift, "dataset": dataset, "split": split, "huge": huge}

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[3]), int(sys.argv[2]))
