"""The example's data, models and tables are what the records say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import data
import features
import numpy as np
import polars as pl
import pytest
import scorer
import splits
from common import NUMERIC, PHYSIOLOGY, mature_on

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")
FEATURES = {"1.0.0": "1", "1.1.0-rc1": "1", "1.2.0": "2", "2.0.0-rc1": "2", "2.0.0": "2"}


def model_of(device: Path, version: str) -> dict:
    return json.loads((device / "releases" / version / "model.json").read_text(encoding="utf-8"))


def test_a_second_run_writes_the_same_bytes(device: Path) -> None:
    """Everything the pipeline made can be made again, byte for byte, latency excepted."""
    done = subprocess.run(
        [sys.executable, str(device / "pipeline" / "run.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "same bytes"


def test_raw_files_of_other_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline runs on the raw files it was written for, or not at all."""
    monkeypatch.setitem(data.RAW, "linkage_map.csv", "0" * 64)
    with pytest.raises(SystemExit, match="linkage_map"):
        data.raw()


def test_splits_have_the_published_sizes() -> None:
    """The seeded split is the one of the recipe."""
    members = splits.membership(data.enrolment(data.raw()))
    assert dict(members["partition"].value_counts().iter_rows()) == {
        "train": 2252,
        "validation": 809,
        "test": 558 + 682,
        "postmarket": 4804,
    }
    external = members.filter((pl.col("partition") == "test") & (pl.col("site") == "S5"))
    assert external.height == 682


def test_relinking_moves_values_and_makes_none() -> None:
    """Features 2 hold, in each physiology column, only values that features 1 hold in phase II."""
    records = data.raw()
    places = data.enrolment(records)
    old, new = features.published(records), features.relinked(records, places)
    second = places["phase"] == "II"
    assert old.filter(~second).equals(new.filter(~second))
    for name in PHYSIOLOGY:
        before = sorted(old.filter(second)[name].drop_nulls())
        after = sorted(new.filter(second)[name].drop_nulls())
        counts = dict(pl.Series(before).value_counts().iter_rows())
        for value, count in pl.Series(after).value_counts().iter_rows():
            assert counts.get(value, 0) >= count, name
    untouched = [c for c in old.columns if c not in PHYSIOLOGY]
    assert old.select(untouched).equals(new.select(untouched))
    assert features.complete_physiology_missing(new) - features.complete_physiology_missing(old) == 90


def test_relinking_restores_what_belongs_together() -> None:
    """Creatinine follows the acute physiology score in phase I, and in phase II only once re-linked."""
    from metrics import rank_correlation

    records = data.raw()
    places = data.enrolment(records)
    first = (places["phase"] == "I").to_numpy()
    aps = records["aps"].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    def rho(table: pl.DataFrame, rows: np.ndarray) -> float:
        return rank_correlation(table["crea"].fill_null(float("nan")).to_numpy()[rows], aps[rows])

    published, relinked = features.published(records), features.relinked(records, places)
    assert rho(published, first) > 0.5
    assert rho(published, ~first) < 0.1
    assert rho(relinked, ~first) > 0.45


@pytest.mark.parametrize("version", VERSIONS)
def test_one_patient_scores_as_in_the_table(device: Path, version: str) -> None:
    """The single-patient path, the batch path and the committed table agree."""
    table = pl.read_parquet(device / "data" / "features" / f"{FEATURES[version]}.parquet")
    committed = pl.read_parquet(device / "releases" / version / "predictions.parquet")
    cohort = table.join(committed, on="patient_id", how="semi").sort("patient_id")
    model = model_of(device, version)
    batch = scorer.probabilities(model, cohort)
    assert np.abs(batch.round(6) - committed["score"].to_numpy()).max() == 0
    for i in range(0, cohort.height, 37):
        answer = scorer.estimate(model, cohort.row(i, named=True))
        assert answer["estimate"] == pytest.approx(batch[i], abs=1e-12)


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"age": None}, "age is missing"),
        ({"dzgroup": "Unlisted"}, "dzgroup is not a known level"),
        ({"temp": 98.6}, "temp is outside 30 to 44"),
        ({"hrt": float("nan")}, "hrt is outside 0 to 320"),
        (dict.fromkeys(PHYSIOLOGY[:7]), "physiology values are missing"),
    ],
)
def test_broken_inputs_get_no_estimate(device: Path, version: str, fault: dict, reason: str) -> None:
    """A number on broken inputs is worse than none."""
    table = pl.read_parquet(device / "data" / "features" / "2.parquet")
    patient = table.drop_nulls(["age", *NUMERIC]).row(0, named=True)
    model = model_of(device, version)
    assert scorer.estimate(model, patient)["reasons"] == []
    answer = scorer.estimate(model, patient | fault)
    assert answer["estimate"] is None
    assert any(reason in said for said in answer["reasons"])


@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_trains_and_is_judged_on(device: Path, version: str) -> None:
    """No patient of the locked cohort shaped the weights or the recalibration."""
    folder = device / "releases" / version
    trained = pl.read_parquet(folder / "training_members.parquet")["patient_id"]
    judged = pl.read_parquet(folder / "predictions.parquet")["patient_id"]
    assert len(set(trained) & set(judged)) == 0
    assert len(trained) > 2000


@pytest.mark.parametrize("version", ["1.0.0", "1.2.0", "2.0.0"])
def test_immature_outcomes_do_not_exist_yet(device: Path, version: str) -> None:
    """A window shows outcomes only when mature and not used up, and no cell under ten patients."""
    report = json.loads((device / "postmarket" / version / "windows.json").read_text(encoding="utf-8"))
    assert [w["quarter"] for w in report["windows"] if not w["labels_mature"]] == ["2025Q4", "2026Q1"]
    for window in report["windows"]:
        assert window["labels_mature"] == (mature_on(window["quarter"]) <= report["as_of"])
        hidden = not window["labels_mature"] or window["use"] in ("training", "threshold")
        assert (window["outcomes"] is None) == hidden
        assert (window["events"] is None) == (not window["labels_mature"])
        cells = [*window["sites"], *(c for axis in window["subgroups"].values() for c in axis)]
        for cell in cells:
            assert cell["suppressed"] or cell["n"] >= report["min_n"]
            assert not cell["suppressed"] or set(cell) == {"level", "suppressed"}


def test_drift_stays_green_while_discrimination_falls(device: Path) -> None:
    """The point of the example: overall stability hides a row shift, the linkage correlation does not."""
    read = {
        v: json.loads((device / "postmarket" / v / "windows.json").read_text(encoding="utf-8"))
        for v in ("1.0.0", "1.2.0")
    }
    live = [w for w in read["1.0.0"]["windows"] if w["source"] == "live"]
    assert all(w["psi"]["worst"]["value"] < 0.10 for w in live)
    assert sum(w["outcomes"]["auroc"]["value"] < 0.72 for w in live) >= 4
    assert all(w["linkage_rho"] < 0.2 for w in live)
    assert all(w["linkage_rho"] > 0.4 for w in read["1.2.0"]["windows"])
