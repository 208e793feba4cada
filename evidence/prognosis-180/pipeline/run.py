# ruff: noqa: E402 - threads are set before NumPy is imported
"""Make every dataset, model, prediction table and window of the example from its raw data.

python evidence/prognosis-180/pipeline/run.py                    write them in place
python evidence/prognosis-180/pipeline/run.py --check            make them again beside, compare bytes
python evidence/prognosis-180/pipeline/run.py --measure-latency  also time the scorer anew
"""

from __future__ import annotations

import os

# One thread: sums are then added in one order. Must be set before NumPy is imported.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # the folder is evidence: nothing but what is meant to lie in it

import data
import enact
import explain
import features
import lineage
import numpy as np
import operational
import pin
import polars as pl
import row_tables
import sbom
import sklearn
import splits
import windows
from common import DEVICE, write_json, write_parquet
from releases import Release, Tables, build

SCIKIT_LEARN = "1.9.1"


def make(out: Path, measure: bool) -> None:
    """Write everything below `out`."""
    records = data.raw()
    places = data.enrolment(records)
    label = data.labels(records)
    groups = data.subgroups(records, places)
    members = splits.membership(places)
    tables = {"1": features.published(records), "2": features.relinked(records, places)}

    write_parquet(label, out / "data/labels/1.parquet")
    write_parquet(members, out / "data/splits/1.parquet")
    write_json(lineage.leakage(records, members), out / "data/splits/1-leakage.json")
    for version, table in tables.items():
        write_parquet(table, out / f"data/features/{version}.parquet")
    cohorts = {version: splits.cohort(members, version) for version in splits.COHORTS}
    for version, cohort in cohorts.items():
        write_parquet(cohort, out / f"data/baseline/{version}.parquet")

    y, phase = label["death_180d"].to_numpy(), places["phase"].to_numpy()
    quarter, partition = places["quarter"].to_numpy(), members["partition"].to_numpy()
    made = build(Tables(tables, y, partition, quarter, phase))
    for version, release in made.items():
        folder = out / "releases" / version
        table, cohort = tables[release.features], cohorts[release.baseline]
        write_json({"schema": "prognosis-180/model/v1", **release.model}, folder / "model.json")
        write_json(release.operating_point, folder / "operating_point.json")
        write_json(sbom.bill(version, folder / "model.json"), folder / "sbom.json")
        write_parquet(pl.DataFrame({"patient_id": release.trained_on}), folder / "training_members.parquet")
        write_parquet(
            predictions(release, made, records, groups, label, cohort), folder / "predictions.parquet"
        )
        write_json(explain.samples(release, table, cohort, groups, y), folder / "explanations.json")
        row_tables.write(release, made, tables, cohort, folder)
        crossed = lineage.attribution(release, made, cohorts, label)
        for axis, rows in crossed.items():
            write_parquet(rows, folder / f"attribution_{axis}.parquet")
        for name, chosen in lineage.snapshots(release, shadow_quarter(partition, quarter)).items():
            write_parquet(chosen, out / f"data/snapshots/{name}-{version}.parquet")
        lineage.write_log(folder, lineage.log(release, cohort, y, crossed))
        silent = table.with_columns(in_shadow=pl.Series(shadow_quarter(partition, quarter)))
        write_json(operational.shadow(release, silent), folder / "shadow.json")
        committed = DEVICE / "releases" / version / "operational.json"
        operational.write(release, silent, cohort, committed, folder / "operational.json", measure)
        if version in windows.LIVE:
            aps = records["aps"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            seen = windows.report(release, table, cohort, groups, y, aps, phase)
            write_json(seen, out / "postmarket" / version / "windows.json")
    enact.write(out)


def shadow_quarter(partition: np.ndarray, quarter: np.ndarray) -> np.ndarray:
    """The quarter of each patient whom a silent replay may use, empty for training and test patients."""
    return np.where(np.isin(partition, ("validation", "postmarket")), quarter, "")


def predictions(
    release: Release, made: dict[str, Release], records: pl.DataFrame, groups: pl.DataFrame,
    label: pl.DataFrame, cohort: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """The row-level table of the locked cohort, comparators on the same rows."""
    columns = {"score": release.score}
    if release.previous:
        columns["score_previous"] = made[release.previous].score
        columns["score_original"] = made["1.0.0"].score
    columns |= release.extra
    comparators = records.select(
        (1 - pl.col("surv6m")).round(6).alias("score_published"),
        (1 - pl.col("prg6m")).round(6).alias("score_physician"),
    )
    table = label.hstack(pl.DataFrame(columns)).hstack(groups.drop("patient_id")).hstack(comparators)
    return table.join(cohort, on="patient_id", how="semi").sort("patient_id")


def compare(made: Path) -> list[str]:
    """Paths whose bytes are not the committed ones."""
    paths = sorted(p.relative_to(made) for p in made.rglob("*") if p.is_file())
    return [
        str(p)
        for p in paths
        if not (DEVICE / p).is_file() or (DEVICE / p).read_bytes() != (made / p).read_bytes()
    ]


def main() -> int:
    """Write in place, or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what is committed; write nothing")
    parser.add_argument("--measure-latency", action="store_true", help="time the scorer anew")
    options = parser.parse_args()
    if sklearn.__version__ != SCIKIT_LEARN:
        print(f"scikit-learn {SCIKIT_LEARN} is needed, found {sklearn.__version__}", file=sys.stderr)
        return 2
    if not options.check:
        make(DEVICE, options.measure_latency)
        print(f"written; {pin.rewrite(DEVICE)} records pinned")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), measure=False)
        differing = compare(Path(folder))
    for path in differing:
        print(f"differs: {path}")
    print("same bytes" if not differing else f"{len(differing)} files differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
