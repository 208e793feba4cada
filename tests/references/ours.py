"""The same numbers by Muniment: end to end through `measure_table`, `compare_tables` and `drift_tables`."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from muniment.measure import (
    CompareRequest,
    DriftRequest,
    MeasureRequest,
    compare_tables,
    drift_tables,
    measure_table,
)
from muniment.measure.cohorts import Counts
from muniment.measure.contingency import indices, net_benefit, npv_at, ppv_at
from muniment.measure.estimates import proportions
from muniment.measure.proportions import mcnemar_p, paired_difference, proportion, unpaired_difference
from muniment.measure.result import Result
from references import cases

Numbers: TypeAlias = dict[str, float | None]
LEVEL = 0.95
REPLICATES = 4000


@cache
def ours(case: str) -> dict[str, Numbers]:
    """Statistic to its numbers (`value`, `low`, `high` …) for a case of `r.json` or `python.json`."""
    kind, _, name = case.partition("_")
    if kind == "table":
        return contingency(Counts(*cases.TABLES[name]))
    if kind == "pairs":
        return paired(*cases.PAIRS[name])
    match case:
        case "drift":
            return drift()
        case "clustered_by_patient":
            return measured("clustered", cluster="c")
        case "clustered_bootstrap":
            return measured("clustered", cluster="c", bootstrap=REPLICATES)
        case "continuous_against_heavy_ties":
            return {"delong_unpaired": compared("continuous", "heavy_ties", id=None)}
    found = measured(case, weight="w")
    counts = Counts(*(int(found[cell]["value"] or 0) for cell in ("tp", "fp", "fn", "tn")))
    # Net benefit and the like at thresholds that are not the table's own; the rest stays end to end.
    found = contingency(counts) | found
    found["delong_paired"] = compared(case, case, id="id")
    return found


def numbers(result: Result) -> Numbers:
    return {"value": result.value, "low": result.low, "high": result.high}


def measured(name: str, **options: Any) -> dict[str, Numbers]:
    threshold = cases.THRESHOLDS.get(name, 0.5)
    out: dict[str, Numbers] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        cases.kept(name).write_parquet(path)
        for interval, prefix in (("wilson", ""), ("clopper-pearson", "exact_")):
            asked = MeasureRequest(
                str(path), "y", "s", thresholds=(threshold,), min_n=1, interval=interval, **options
            )
            for item in measure_table(asked).estimates:
                row = out.setdefault(item.metric, {"value": item.value})
                row |= {f"{prefix}low": item.low, f"{prefix}high": item.high}
    return out


def compared(one: str, other: str, id: str | None) -> Numbers:
    with tempfile.TemporaryDirectory() as folder:
        a, b = Path(folder) / "a.parquet", Path(folder) / "b.parquet"
        first, second = (repeated(cases.kept(name)) for name in (one, other))
        first.write_parquet(a)
        if id:
            second = second.with_columns(pl.col("s2").alias("s"))
        second.write_parquet(b)
        body = compare_tables(CompareRequest(str(a), str(b), "y", "s", id=id, min_n=1)).as_json()["auroc"]
    return {"value": body["difference"], **{key: body[key] for key in ("low", "high", "z", "p")}}


def repeated(table: pl.DataFrame) -> pl.DataFrame:
    """Every row as often as its weight says, ids anew: `compare` takes no weights."""
    rows = table.select(pl.all().repeat_by("w").explode(empty_as_null=False))
    return rows.with_columns(id=pl.int_range(1, rows.height + 1))


def contingency(counts: Counts) -> dict[str, Numbers]:
    out = {}
    for metric, (k, n, nothing) in proportions(counts).items():
        exact = proportion(k, n, LEVEL, "clopper-pearson", nothing)
        out[metric] = numbers(proportion(k, n, LEVEL, "wilson", nothing)) | {
            "exact_low": exact.low,
            "exact_high": exact.high,
        }
    out |= {metric: numbers(result) for metric, result in indices(counts, None, LEVEL).items()}
    for threshold in (0.1, 0.3):
        out[f"net_benefit_{threshold}"] = numbers(net_benefit(counts, threshold, LEVEL))
    out["ppv_at_0.05"] = numbers(ppv_at(counts, 0.05, LEVEL))
    out["npv_at_0.05"] = numbers(npv_at(counts, 0.05, LEVEL))
    return out


def paired(both: int, first: int, second: int, neither: int) -> dict[str, Numbers]:
    n = both + first + second + neither
    return {
        "newcombe_paired": numbers(paired_difference(both, first, second, neither, LEVEL)),
        "newcombe": numbers(unpaired_difference(both + first, n, both + second, n, LEVEL)),
        "mcnemar_exact": {"p": mcnemar_p(first, second)},
    }


def drift() -> dict[str, Numbers]:
    table = cases.kept("drift")
    with tempfile.TemporaryDirectory() as folder:
        a, b = Path(folder) / "a.parquet", Path(folder) / "b.parquet"
        table.filter(pl.col("side") == "baseline").write_parquet(a)
        table.filter(pl.col("side") == "window").write_parquet(b)
        body = drift_tables(DriftRequest(str(a), str(b), ("x", "tied", "level"))).as_json()
    return {row["column"]: row for row in body["columns"]}
