"""One piece of work, ours or a peer's, in a process of its own: what `bench/measure.py` starts and times.

    python bench/work.py CASE WHO FOLDER

Prints one JSON line: seconds of the work itself (imports are not in it; reading is where the case says so),
processor seconds, the memory it added in bytes, and the numbers that must agree. Every peer is used as its
own documentation shows it. Imports stand inside the functions, since the environments differ.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Numbers = dict[str, float]
Work = Callable[[], Numbers]
THRESHOLD = 0.5
REPLICATES = 2000
PROFILE = {
    "distinct": "n_distinct",
    "missing": "n_missing",
    "min": "min",
    "q1": "25%",
    "median": "50%",
    "q3": "75%",
    "max": "max",
}
"""What a profile says of a column, ours to ydata-profiling's."""
DRIFT = ("ks", "wasserstein", "psi", "jensen_shannon")


def ours_area(folder: Path) -> Work:
    """AUROC with DeLong's interval, from columns in memory."""
    import polars as pl

    from muniment.measure.discrimination import auroc
    from muniment.measure.kernel import fold, scale_of, sorted_keys

    frame = pl.read_parquet(folder / "t.parquet", columns=["y", "s"]).rename({"y": "label", "s": "score"})

    def work() -> Numbers:
        scale = scale_of(frame)
        found = auroc(fold(sorted_keys(frame, scale).values), 0.95)
        return {"auroc": found.value or 0, "low": found.low or 0, "high": found.high or 0}

    return work


def columns(folder: Path, *names: str) -> list[Any]:
    """Columns of the table as arrays."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "t.parquet", columns=list(names))
    return [table[name].to_numpy() for name in names]


def sklearn_area(folder: Path) -> Work:
    """scikit-learn's area, which has no interval."""
    from sklearn.metrics import roc_auc_score

    y, s = columns(folder, "y", "s")
    return lambda: {"auroc": float(roc_auc_score(y, s))}


def confidenceinterval_area(folder: Path) -> Work:
    """Area with DeLong's interval."""
    from confidenceinterval import roc_auc_score

    y, s = columns(folder, "y", "s")

    def work() -> Numbers:
        value, (low, high) = roc_auc_score(y, s, confidence_level=0.95, method="delong")
        return {"auroc": float(value), "low": float(low), "high": float(high)}

    return work


def ours_paired(folder: Path) -> Work:
    """Two areas on the same rows, their difference and its z."""
    import polars as pl

    from muniment.measure.discrimination import Contrast, paired

    frame = pl.read_parquet(folder / "t.parquet", columns=["y", "s", "other"])
    y, a, b = (frame[name].to_numpy() for name in ("y", "s", "other"))

    def work() -> Numbers:
        found = paired(y, a, b, 0.95)
        assert isinstance(found, Contrast)
        return {"a": found.a, "b": found.b, "z": abs(found.z or 0)}

    return work


def mlstatkit_paired(folder: Path) -> Work:
    """The same by MLstatkit, whose difference has the other sign."""
    from MLstatkit import Delong_test

    y, a, b = columns(folder, "y", "s", "other")

    def work() -> Numbers:
        z, _p, _a, _b, area_a, area_b, _info = Delong_test(y, a, b)
        return {"a": area_a, "b": area_b, "z": abs(z)}

    return work


def ours_suite(folder: Path) -> Work:
    """Every metric with its interval, overall and for 20 sites, from the Parquet file."""
    from muniment.measure import MeasureRequest, measure_table

    request = MeasureRequest(
        str(folder / "t.parquet"), "y", "s", thresholds=(THRESHOLD,), by=(("site",),), min_n=1
    )

    def work() -> Numbers:
        found = measure_table(request).estimates
        return {
            f"{item.cohort.get('site', '')}:{item.metric}": item.value
            for item in found
            if item.metric in METRICS and item.value is not None
        }

    return work


METRICS = (
    "auroc",
    "average_precision",
    "brier",
    "log_loss",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "accuracy",
    "f1",
)


def points(y: Any, s: Any) -> Numbers:
    """Point estimates of one cohort, each by scikit-learn's own function."""
    from sklearn import metrics

    called = s >= THRESHOLD
    return {
        "auroc": float(metrics.roc_auc_score(y, s)),
        "average_precision": float(metrics.average_precision_score(y, s)),
        "brier": float(metrics.brier_score_loss(y, s)),
        "log_loss": float(metrics.log_loss(y, s)),
        "sensitivity": float(metrics.recall_score(y, called)),
        "specificity": float(metrics.recall_score(y, called, pos_label=0)),
        "ppv": float(metrics.precision_score(y, called)),
        "npv": float(metrics.precision_score(y, called, pos_label=0)),
        "accuracy": float(metrics.accuracy_score(y, called)),
        "f1": float(metrics.f1_score(y, called)),
    }


def sklearn_suite(folder: Path, calibrated: bool = False) -> Work:
    """Point estimates overall and for every site in a loop, from the Parquet file."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    def work() -> Numbers:
        frame = pd.read_parquet(folder / "t.parquet", columns=["y", "s", "site"])
        out = {}
        for name, part in [("", frame), *frame.groupby("site")]:
            y, s = part["y"].to_numpy(), part["s"].to_numpy()
            out |= {f"{name}:{metric}": value for metric, value in points(y, s).items()}
            if calibrated:
                logit = np.log(s / (1 - s))[:, None]
                LogisticRegression(C=np.inf).fit(logit, y)
        return out

    return work


def calibrated_suite(folder: Path) -> Work:
    """The same with a calibration slope for each."""
    return sklearn_suite(folder, calibrated=True)


def fairlearn_suite(folder: Path) -> Work:
    """Point estimates by MetricFrame, from the Parquet file."""
    import pandas as pd
    from fairlearn.metrics import MetricFrame
    from sklearn import metrics

    def called(metric: Callable[..., float], **more: Any) -> Callable[[Any, Any], float]:
        return lambda y, s: float(metric(y, s >= THRESHOLD, **more))

    wanted = {
        "auroc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
        "brier": metrics.brier_score_loss,
        "log_loss": metrics.log_loss,
        "sensitivity": called(metrics.recall_score),
        "specificity": called(metrics.recall_score, pos_label=0),
        "ppv": called(metrics.precision_score),
        "npv": called(metrics.precision_score, pos_label=0),
        "accuracy": called(metrics.accuracy_score),
        "f1": called(metrics.f1_score),
    }

    def work() -> Numbers:
        frame = pd.read_parquet(folder / "t.parquet", columns=["y", "s", "site"])
        found = MetricFrame(
            metrics=wanted, y_true=frame["y"], y_pred=frame["s"], sensitive_features=frame["site"]
        )
        out = {f":{name}": float(value) for name, value in found.overall.items()}
        for site, row in found.by_group.iterrows():
            out |= {f"{site}:{name}": float(value) for name, value in row.items()}
        return out

    return work


def ours_bootstrap(folder: Path) -> Work:
    """Percentiles of the AUROC over resampled patients."""
    import numpy as np
    import polars as pl

    from muniment.measure.bootstrap import Resampling, auroc_of, ranked
    from muniment.measure.kernel import Keys, Scale, keyed

    frame = pl.read_parquet(folder / "t.parquet", columns=["y", "s", "patient"])

    def work() -> Numbers:
        scale = Scale()
        rows = keyed(frame.rename({"y": "label", "s": "score"}), scale).sort("key", "patient")
        split = ranked(Keys(rows["key"].to_numpy(), scale), rows["patient"].to_numpy())
        patients = int(rows["patient"].max() or 0) + 1
        found = [auroc_of(split, drawn) for drawn in Resampling(REPLICATES, 1).draws(patients)]
        return dict(zip(("low", "high"), np.quantile(found, [0.025, 0.975]).tolist(), strict=True))

    return work


def sklearn_bootstrap(folder: Path) -> Work:
    """The same replicates, each with scikit-learn's area."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    y, s, patient = columns(folder, "y", "s", "patient")

    def work() -> Numbers:
        order = np.argsort(patient, kind="stable")
        starts = np.searchsorted(patient[order], np.arange(patient.max() + 2))
        members = [order[a:b] for a, b in itertools.pairwise(starts)]
        found = []
        for replicate in range(REPLICATES):
            philox = np.random.Philox(key=np.array([1, replicate], dtype=np.uint64))
            picked = np.random.Generator(philox).integers(0, len(members), len(members))
            rows = np.concatenate([members[k] for k in picked])
            found.append(roc_auc_score(y[rows], s[rows]))
        return dict(zip(("low", "high"), np.quantile(found, [0.025, 0.975]).tolist(), strict=True))

    return work


def ours_cells(folder: Path) -> Work:
    """Every threshold metric over resampled patients, from columns in memory."""
    import numpy as np
    import polars as pl

    from muniment.measure import bootstrap, contingency
    from muniment.measure.estimates import _CELLS, PROPORTIONS

    frame = pl.read_parquet(folder / "t.parquet", columns=["y", "s", "patient"])
    y, s, patient = (frame[name].to_numpy() for name in ("y", "s", "patient"))

    def work() -> Numbers:
        called = s >= THRESHOLD
        kinds = (called & y, called & ~y, ~called & y, ~called & ~y)
        cells = np.stack([np.bincount(patient[kind], minlength=patient.max() + 1) for kind in kinds], axis=1)
        statistics = {name: bootstrap.share(*_CELLS[name]) for name in PROPORTIONS}
        statistics |= {name: contingency.of_tables(name, THRESHOLD) for name in contingency.METHODS}
        found = bootstrap.cell_replicates(cells, bootstrap.Resampling(REPLICATES, 1), statistics)
        return {name: float(np.median(values)) for name, values in found.items()}

    return work


def ours_drift(folder: Path) -> Work:
    """Every statistic of every column, from two Parquet files."""
    from muniment.measure import DriftRequest, drift_tables

    request = DriftRequest(str(folder / "a.parquet"), str(folder / "b.parquet"))

    def work() -> Numbers:
        found = drift_tables(request).columns
        return {f"{c.column}:{name}": getattr(c, name) for c in found for name in DRIFT}

    return work


def scipy_drift(folder: Path) -> Work:
    """The same statistics by scipy, numpy and pandas; each distance by its own call."""
    import numpy as np
    import pandas as pd
    from scipy import stats
    from scipy.spatial.distance import jensenshannon

    def work() -> Numbers:
        first, second = (pd.read_parquet(folder / f"{name}.parquet") for name in "ab")
        out = {}
        for name in first:
            a, b = first[name].to_numpy(), second[name].to_numpy()
            inner = np.quantile(a, np.arange(1, 10) / 10, method="inverted_cdf")
            p, q = (
                np.diff(np.r_[0, np.searchsorted(np.sort(x), inner, side="right"), len(x)]) for x in (a, b)
            )
            p, q = p / p.sum(), q / q.sum()
            out |= {
                f"{name}:ks": float(stats.ks_2samp(a, b, method="asymp").statistic),
                f"{name}:wasserstein": float(stats.wasserstein_distance(a, b)),
                f"{name}:psi": float(((p - q) * np.log(p / q)).sum()),
                f"{name}:jensen_shannon": float(jensenshannon(p, q, base=2) ** 2),
            }
        return out

    return work


def evidently_drift(folder: Path) -> Work:
    """Four reports of evidently; its bins are others, so only distances without bins can agree."""
    import pandas as pd
    from evidently import Report
    from evidently.metrics import ValueDrift

    def work() -> Numbers:
        first, second = (pd.read_parquet(folder / f"{name}.parquet") for name in "ab")
        wanted = [
            ValueDrift(column=name, method=method)
            for name in first
            for method in ("ks", "wasserstein", "psi", "jensenshannon")
        ]
        found = Report(wanted).run(second, first).dict()
        return {"metrics": float(len(found["metrics"]))}

    return work


def ours_snapshot(folder: Path) -> Work:
    """The manifest of a dataset: its digest, and what each column holds."""
    from muniment.measure import SnapshotRequest, take_snapshot

    request = SnapshotRequest("d", (str(folder / "t.parquet"),), folder)

    def work() -> Numbers:
        body = take_snapshot(request).as_json()["files"][0]
        out = {"sha256": float(int(body["sha256"][:12], 16))}
        for column in body["columns"]:
            out |= {f"{column['column']}:{name}": float(column[name]) for name in PROFILE if name in column}
        return out

    return work


def ydata_snapshot(folder: Path) -> Work:
    """The same digest and a minimal report of ydata-profiling, as a page."""
    import hashlib

    import pandas as pd
    from ydata_profiling import ProfileReport

    def work() -> Numbers:
        with (folder / "t.parquet").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        frame = pd.read_parquet(folder / "t.parquet")
        report = ProfileReport(frame, minimal=True, progress_bar=False)
        report.to_file(folder / "report.html")
        out = {"sha256": float(int(digest[:12], 16))}
        for name, column in report.get_description().variables.items():
            out |= {
                f"{name}:{ours}": float(column[theirs])
                for ours, theirs in PROFILE.items()
                if column.get(theirs) is not None
            }
        return out

    return work


def ours_overlap(folder: Path, column: str = "patient") -> Work:
    """Distinct patients of every partition, and those that two have in common, from a Parquet file."""
    from muniment.measure import overlaps

    def work() -> Numbers:
        (found,) = overlaps(folder / "t.parquet", {"patient": column}, "partition").units
        return {**found.distinct, **{" and ".join(sorted(pair)): n for pair, n in found.pairs.items()}}

    return work


def pandas_overlap(folder: Path, column: str = "patient") -> Work:
    """The same by sets, as most write it."""
    import pandas as pd

    def work() -> Numbers:
        frame = pd.read_parquet(folder / "t.parquet", columns=[column, "partition"])
        held = {name: set(part) for name, part in frame.groupby("partition")[column]}
        shared = {
            f"{a} and {b}": float(len(held[a] & held[b])) for a, b in itertools.combinations(sorted(held), 2)
        }
        return {**{name: float(len(ids)) for name, ids in held.items()}, **shared}

    return work


def ours_large(folder: Path) -> Work:
    """Every metric of one large Parquet file, overall."""
    from muniment.measure import MeasureRequest, measure_table

    request = MeasureRequest(str(folder / "t.parquet"), "y", "s", thresholds=(THRESHOLD,))
    return lambda: {
        item.metric: item.value for item in measure_table(request).estimates if item.value is not None
    }


WORK: dict[str, dict[str, Callable[[Path], Work]]] = {
    "auroc": {"ours": ours_area, "scikit-learn": sklearn_area},
    "delong": {"ours": ours_area, "confidenceinterval": confidenceinterval_area},
    "paired": {"ours": ours_paired, "MLstatkit": mlstatkit_paired},
    "suite": {
        "ours": ours_suite,
        "scikit-learn": sklearn_suite,
        "scikit-learn, calibrated": calibrated_suite,
        "fairlearn": fairlearn_suite,
    },
    "bootstrap": {"ours": ours_bootstrap, "scikit-learn": sklearn_bootstrap},
    "cells": {"ours": ours_cells},
    "drift": {"ours": ours_drift, "scipy and pandas": scipy_drift, "evidently": evidently_drift},
    "snapshot": {"ours": ours_snapshot, "ydata-profiling": ydata_snapshot},
    "overlap": {"ours": ours_overlap, "pandas": pandas_overlap},
    "overlap by name": {
        "ours": lambda folder: ours_overlap(folder, "name"),
        "pandas": lambda folder: pandas_overlap(folder, "name"),
    },
    "large": {"ours": ours_large},
}


def resident(field: str) -> float | None:
    """`VmRSS` (now) or `VmHWM` (at most so far), in bytes; `None` where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return float(line.split()[1]) * 1024


def forget_peak() -> None:
    """Let `VmHWM` begin anew: reading the table is not the work."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")


def main() -> None:
    """Do the work once and tell."""
    case, who, folder = sys.argv[1:4]
    work = WORK[case][who](Path(folder))
    forget_peak()
    before = resident("VmRSS")
    start, spent = time.perf_counter(), time.process_time()
    numbers = work()
    seconds, processor = time.perf_counter() - start, time.process_time() - spent
    peak = resident("VmHWM")
    added = None if peak is None or before is None else peak - before
    print(json.dumps({"seconds": seconds, "processor": processor, "added": added, "numbers": numbers}))


if __name__ == "__main__":
    main()
