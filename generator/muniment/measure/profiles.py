"""What a table of a dataset looks like: columns, types and statistics, taken anew at every evaluation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

import polars as pl

from muniment.measure.splits import PATIENT
from muniment.measure.tables import collect, open_table
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ProfiledTable:
    """One table of a dataset layer."""

    layer: str
    """`features` or `labels`."""
    record: str
    """Id of the dataset record."""
    path: Path
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Column to the lowest and highest value that the claim accepts."""


def profiles(tables: Sequence[ProfiledTable]) -> list[dict[str, Any]]:
    """Return `{layer, record, rows, schema_sha256, columns: [...]}` of each table (`evaluation.v1.json`).

    Quantiles are the nearest ranks; smallest and largest values, which belong to one patient, are left out.
    """
    return [_profile(table) for table in tables]


def _profile(table: ProfiledTable) -> dict[str, Any]:
    frame = collect(open_table(table.path), table.path)
    columns = [_column(frame[name], table.ranges.get(name)) for name in frame.columns if name != PATIENT]
    shape = [[column["name"], column["type"]] for column in columns]
    return {
        "layer": table.layer,
        "record": table.record,
        "rows": frame.height,
        "schema_sha256": hashlib.sha256(json.dumps(shape).encode()).hexdigest(),
        "columns": columns,
    }


def _column(values: pl.Series, accepted: Range | None) -> dict[str, Any]:
    kind = _type(values.dtype)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    held = values.drop_nulls()
    out: dict[str, Any] = {
        "name": values.name,
        "type": kind,
        "missing": rounded(values.null_count() / len(values)) if len(values) else None,
        "distinct": held.n_unique(),
        "out_of_range": None,
        **dict.fromkeys(("mean", "sd", "p05", "p50", "p95")),
    }
    if kind == "numeric" and len(held):
        # Sorted, so that the order of the rows cannot reach the last bit of the sums.
        numbers = held.cast(pl.Float64).sort()
        out |= {"mean": rounded(_number(numbers.mean())), "sd": rounded(_number(numbers.std()))}
        for name, share in (("p05", 0.05), ("p50", 0.5), ("p95", 0.95)):
            out[name] = rounded(_number(numbers.quantile(share, "nearest")))
        if accepted is not None:
            low, high = accepted
            out["out_of_range"] = int(((numbers < low) | (numbers > high)).sum())
    return out


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _type(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "numeric"
    if dtype == pl.Boolean:
        return "boolean"
    return "text" if dtype in (pl.String, pl.Categorical, pl.Enum) else "other"
