"""A fully crossed reader study."""

from functools import cache

import polars as pl

from muniment.measure.prepare import TableSpec
from muniment.measure.readers import read_study, reader_study
from references import cases
from references.ours import Numbers


@cache
def ours(_case: str) -> dict[str, Numbers]:
    """Difference of the two modalities, its F test, and the error covariances."""
    table: pl.LazyFrame = cases.kept("readers").lazy()
    found = reader_study(read_study(table, TableSpec("y", "s"), "reader", "modality", "case"))
    (effect,) = found.effects
    parts = found.components
    assert parts is not None
    return {
        "readers": {
            "difference": effect.result.value,
            "low": effect.result.low,
            "high": effect.result.high,
            "f": found.statistic,
            "df2": found.df2,
            "p": found.p,
            **{name: getattr(parts, name) for name in ("variance", "cov1", "cov2", "cov3")},
        }
    }
