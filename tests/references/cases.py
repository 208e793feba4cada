"""The case tables, made from seeds: `python tests/references/cases.py` writes them for R and Python to read.

The small ones are kept in `cases/`; the example's own table is written to `build/references/` from its
Parquet file. `digest` ties what a reference computed to the very bytes it read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = HERE / "cases"
BUILT = ROOT / "build" / "references"
EXAMPLE = ROOT / "evidence" / "prognosis-180" / "releases" / "2.0.0" / "predictions.parquet"

PREDICTIONS = (
    "ties",
    "all_tied",
    "heavy_ties",
    "continuous",
    "imbalance",
    "weights",
    "one_event",
    "unbounded",
    "clustered",
    "example",
)
"""Tables with columns id, y, s, s2 (a second score), c (cluster), w (weight)."""
THRESHOLDS = {"unbounded": 0.0, "imbalance": 0.05, "example": 0.4}
"""Threshold of a table where it is not one half."""
TABLES = {
    "liver": (231, 32, 27, 54),
    "simel": (80, 10, 20, 90),
    "rare": (3, 40, 1, 900),
    "small": (12, 7, 5, 31),
    "one_each": (1, 1, 1, 1),
    "no_false_negative": (15, 4, 0, 60),
    "no_false_positive": (9, 0, 6, 30),
    "large": (41_230, 8_120, 6_411, 944_239),
}
"""2×2 tables: tp, fp, fn, tn."""
PAIRS = {
    "newcombe_a": (36, 12, 2, 0),
    "balanced": (20, 5, 5, 20),
    "one_sided": (40, 7, 0, 13),
    "negative": (10, 3, 19, 4),
    "all_agree": (30, 0, 0, 12),
    "none": (0, 0, 0, 15),
    "large": (794, 150, 86, 570),
}
"""Pairs: both, first alone, second alone, neither."""


def frame(n: int, seed: int, digits: int | None, rate: float | None = None) -> pl.DataFrame:
    """`n` rows of a score that predicts; `rate` shrinks probabilities towards a rare event."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-0.3, 1.4, n) if rate is None else rng.normal(np.log(rate), 1.1, n)
    chance = 1 / (1 + np.exp(-logit))
    label = rng.random(n) < 1 / (1 + np.exp(-(0.2 + 0.8 * logit)))
    other = 1 / (1 + np.exp(-(logit + rng.normal(0, 0.9, n))))
    places = 6 if digits is None else digits
    low = 10.0**-places
    return pl.DataFrame(
        {
            "id": np.arange(1, n + 1),
            "y": label.astype(np.int8),
            "s": np.clip(chance, low, 1 - low).round(places),
            "s2": np.clip(other, low, 1 - low).round(places),
            "c": np.arange(1, n + 1),
            "w": np.ones(n, dtype=np.int64),
        }
    )


def one_event() -> pl.DataFrame:
    rng = np.random.default_rng(17)
    table = frame(40, 18, None)
    return table.with_columns(y=pl.Series(np.arange(40) == 23).cast(pl.Int8), s=rng.random(40).round(4))


def clustered() -> pl.DataFrame:
    """60 patients with 10 rows each, alike within a patient in score and outcome."""
    rng = np.random.default_rng(19)
    patient = np.repeat(np.arange(60), 10)
    trait = rng.normal(0, 1.3, 60)[patient]
    logit = -0.2 + trait + rng.normal(0, 0.5, 600)
    label = rng.random(600) < 1 / (1 + np.exp(-(trait + rng.normal(0, 0.4, 600))))
    other = logit + rng.normal(0, 0.8, 600)
    chance, second = (1 / (1 + np.exp(-x)) for x in (logit, other))
    return pl.DataFrame(
        {
            "id": np.arange(1, 601),
            "y": label.astype(np.int8),
            "s": chance.round(3),
            "s2": second.round(3),
            "c": patient + 1,
            "w": np.ones(600, dtype=np.int64),
        }
    )


def unbounded() -> pl.DataFrame:
    table = frame(150, 16, None)
    return table.with_columns(s=((pl.col("s") - 0.5) * 40).round(2), s2=((pl.col("s2") - 0.5) * 40).round(0))


def weights() -> pl.DataFrame:
    table = frame(120, 15, 2)
    return table.with_columns(w=pl.Series(np.random.default_rng(20).integers(0, 5, 120)))


def example() -> pl.DataFrame:
    """The predictions of the example's release 2.0.0, 1,260 patients."""
    return pl.read_parquet(EXAMPLE).select(
        id="patient_id",
        y="death_180d",
        s="score",
        s2="score_previous",
        c="patient_id",
        w=pl.lit(1, dtype=pl.Int64),
    )


def predictions(name: str) -> pl.DataFrame:
    """One of `PREDICTIONS`."""
    match name:
        case "ties":
            return frame(24, 11, 1)
        case "all_tied":
            return frame(30, 12, None).with_columns(s=pl.lit(0.4))
        case "heavy_ties":
            return frame(240, 13, 1)
        case "continuous":
            return frame(300, 14, None)
        case "imbalance":
            return frame(900, 21, None, rate=0.02)
        case "weights":
            return weights()
        case "one_event":
            return one_event()
        case "unbounded":
            return unbounded()
        case "clustered":
            return clustered()
        case "example":
            return example()
    raise KeyError(name)


def drift() -> pl.DataFrame:
    """Two samples of a continuous and of a tied column, and of levels."""
    rng = np.random.default_rng(22)
    sides = ["baseline"] * 400 + ["window"] * 250
    return pl.DataFrame(
        {
            "side": sides,
            "x": np.concatenate([rng.normal(0, 1, 400), rng.normal(0.2, 1.2, 250)]).round(6),
            "tied": np.concatenate([rng.integers(0, 6, 400), rng.integers(1, 7, 250)]).astype(float),
            "level": rng.choice(["a", "b", "c", "d"], 650, p=[0.4, 0.3, 0.2, 0.1]),
        }
    )


def raters() -> pl.DataFrame:
    """80 units put into four categories by four raters; the last two left some out."""
    rng = np.random.default_rng(23)
    truth = rng.choice(4, 80, p=[0.4, 0.3, 0.2, 0.1])
    columns: dict[str, list[int | None]] = {}
    for rater, missing in (("r1", 0.0), ("r2", 0.0), ("r3", 0.1), ("r4", 0.25)):
        off = rng.choice([-1, 0, 0, 0, 1], 80)
        gone = rng.random(80) < missing
        seen = np.clip(truth + off, 0, 3) + 1
        columns[rater] = [None if lost else int(value) for value, lost in zip(seen, gone, strict=True)]
    return pl.DataFrame(columns)


def readers() -> pl.DataFrame:
    """60 cases read by four readers in two modalities, ratings of 1 to 10 with ties."""
    rng = np.random.default_rng(24)
    label = np.arange(60) < 25
    case = rng.normal(0, 0.6, 60)
    rows = []
    for modality, distance in (("m1", 1.6), ("m2", 1.1)):
        mine = rng.normal(0, 0.4, 60)
        for reader in ("r1", "r2", "r3", "r4"):
            skill = distance + rng.normal(0, 0.25)
            score = np.clip(np.round(5 + 1.5 * (case + mine + skill * label + rng.normal(0, 0.8, 60))), 1, 10)
            rows += [
                (number + 1, int(label[number]), modality, reader, int(score[number])) for number in range(60)
            ]
    return pl.DataFrame(rows, schema=["case", "y", "modality", "reader", "s"], orient="row")


def counts(rows: dict[str, tuple[int, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame([(name, *cells) for name, cells in rows.items()], schema=list(columns), orient="row")


def everything() -> dict[Path, bytes]:
    """Every case table as the CSV that the references read."""
    out = {(BUILT if name == "example" else KEPT) / f"{name}.csv": predictions(name) for name in PREDICTIONS}
    out |= {
        KEPT / "drift.csv": drift(),
        KEPT / "raters.csv": raters(),
        KEPT / "readers.csv": readers(),
        KEPT / "tables.csv": counts(TABLES, ("name", "tp", "fp", "fn", "tn")),
        KEPT / "pairs.csv": counts(PAIRS, ("name", "both", "first", "second", "neither")),
    }
    return {path: table.write_csv().encode() for path, table in out.items()}


def kept(name: str) -> pl.DataFrame:
    """A table of predictions, or `drift`, as the references read it."""
    return example() if name == "example" else pl.read_csv(KEPT / f"{name}.csv")


def read_by_references() -> dict[str, bytes]:
    """File name to the bytes that a reference computed now would read."""
    files = {path.name: path.read_bytes() for path in sorted(KEPT.glob("*.csv"))}
    return files | {"example.csv": example().write_csv().encode()}


def digest(content: bytes) -> str:
    """What R's `tools::md5sum` says of the same bytes."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def main() -> None:
    for path, content in everything().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
