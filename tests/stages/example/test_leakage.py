"""A model that reads the outcome looks excellent and must be refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import data
import features
import numpy as np
import polars as pl
import pytest
import splits
from metrics import auroc
from models import NUMERIC, one_hot
from sklearn.linear_model import LogisticRegression

CHECK = "import sys; from muniment.cli.main import main; sys.exit(main())"


def test_function_at_follow_up_gives_the_outcome_away() -> None:
    """Why the rule exists: the same model with `sfdm2` gains far more than any honest input could give."""
    records = data.raw()
    places = data.enrolment(records)
    table = features.published(records)
    y = data.labels(records)["death_180d"].to_numpy()
    partition = splits.membership(places)["partition"].to_numpy()
    numbers = table.select(NUMERIC).fill_null(strategy="mean").to_numpy()
    honest = np.hstack([(numbers - numbers.mean(0)) / numbers.std(0), one_hot(table)])
    leaked = records.select(pl.col("sfdm2").fill_null("none").alias("sfdm2")).to_dummies().to_numpy()
    train, test = partition == "train", partition == "test"

    def area(matrix: np.ndarray) -> float:
        model = LogisticRegression(C=0.3, max_iter=500).fit(matrix[train], y[train])
        return auroc(model.predict_proba(matrix[test])[:, 1], y[test])["value"]

    assert area(honest) < 0.76
    assert area(np.hstack([honest, leaked])) > 0.88


@pytest.mark.parametrize("column", ["sfdm2", "dnr"])
def test_a_bundle_that_reads_it_is_refused(device: Path, tmp_path: Path, column: str) -> None:
    """An input that is known only after the third day refuses the bundle, whatever its numbers say."""
    copy = tmp_path / "evidence" / device.name
    shutil.copytree(device, copy, ignore=shutil.ignore_patterns("seals", "trust", "manifest.json"))
    shutil.copy(device.parents[1] / "muniment.yaml", tmp_path)
    layer = copy / "datasets" / "features" / "2.yaml"
    lines = layer.read_text(encoding="utf-8")
    fields = (f"name: {column}", "source: follow-up", "type: categorical", "meaning: Given away")
    entry = "features:\n  - " + "\n    ".join(fields) + "\n"
    layer.write_text(lines.replace("features:\n", entry, 1), encoding="utf-8")
    release = copy / "releases" / "2.0.0-rc1" / "release.yaml"
    text = release.read_text(encoding="utf-8")
    leaky = text.replace("  inputs:\n", f"  inputs:\n    - {column}\n", 1)
    assert leaky != text
    release.write_text(leaky, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", CHECK, "check", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (candidate,) = (
        r for d in json.loads(done.stdout)["devices"] for r in d["releases"] if r["release"] == "2.0.0-rc1"
    )
    assert candidate["outcome"] == "refused"
    unmet = [r for r in candidate["rulings"] if r["rule"] == "leakage-refused" and r["outcome"] == "unmet"]
    assert [column in r["message"] for r in unmet] == [True]
