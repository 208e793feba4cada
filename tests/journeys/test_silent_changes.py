"""Silent changes of the data: each, with every digest put right, is refused by the rule named for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.project import CHECKOUT, DEVICE, Project

VERSION = "2.0.0"
sys.path.insert(0, str(CHECKOUT / "evidence" / DEVICE / "pipeline"))


def rewritten(project: Project, path: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Write a table of the device anew, and put its digest into every record that names it."""
    file = project.device / path
    change(pl.read_parquet(file)).write_parquet(file)
    pinned(project.device)


def pinned(device: Path) -> None:
    import pin

    pin.rewrite(device)


def evaluated_again(project: Project) -> None:
    """Evaluate the release as a candidate that nobody froze yet."""
    (project.device / "releases" / VERSION / "manifest.json").unlink()
    ran = project.run("evaluate", VERSION)
    assert ran.code in (0, 1), ran.out + ran.err


def source_replaced(project: Project) -> None:
    rewritten(project, "data/raw/support2_raw.parquet", lambda t: t.with_columns(pl.col("age") + 1))


def split_redrawn(project: Project) -> None:
    moved = pl.when(pl.col("partition") == "test").then(pl.lit("train")).otherwise("partition")
    rewritten(project, "data/splits/1.parquet", lambda t: t.with_columns(moved.alias("partition")))


def labels_drifted(project: Project) -> None:
    rewritten(project, "data/labels/1.parquet", lambda t: t.with_columns(pl.lit(0).alias("death_180d")))


def label_rules_drifted(project: Project) -> None:
    project.edit("datasets/labels/1.yaml", "within 180 days of study entry", "within 90 days of study entry")


def features_redefined(project: Project) -> None:
    rewritten(project, "data/features/2.parquet", lambda t: t.with_columns(pl.col("temp") * 1.8 + 32))


def other_features_served(project: Project) -> None:
    served = "serving_features: datasets/features"
    project.edit(f"releases/{VERSION}/release.yaml", f"{served}/2", f"{served}/1")


def other_feature_code_deployed(project: Project) -> None:
    file = project.device / "postmarket" / VERSION / "deployment-s1-s4.yaml"
    text = re.sub(
        r'features_sha256: "[0-9a-f]{64}"', f'features_sha256: "{"0" * 64}"', file.read_text("utf-8")
    )
    file.write_text(text, "utf-8")


def outcome_as_input(project: Project) -> None:
    project.edit(f"releases/{VERSION}/release.yaml", "    - dzgroup\n", "    - dzgroup\n    - hospdead\n")


def trained_on_the_test(project: Project) -> None:
    cohort = pl.read_parquet(project.device / "data/baseline/5.parquet")
    rewritten(project, f"releases/{VERSION}/training_members.parquet", lambda t: pl.concat([t, cohort[:5]]))
    evaluated_again(project)


def easier_cohort(project: Project) -> None:
    """Keep the name of the cohort, and drop patients who died and were not flagged."""
    predictions = pl.read_parquet(project.device / f"releases/{VERSION}/predictions.parquet")
    easy = predictions.filter((pl.col("death_180d") == 0) | (pl.col("score") > 0.5))
    kept = easy.select("patient_id")
    rewritten(project, f"releases/{VERSION}/predictions.parquet", lambda _t: easy)
    rewritten(project, "data/baseline/5.parquet", lambda _t: kept)
    of_kept = pl.col("patient_id").is_in(kept["patient_id"].to_list())
    for name in ("conditions", "perturbed", "contributions"):
        rewritten(project, f"releases/{VERSION}/{name}.parquet", lambda t: t.filter(of_kept))
    crossed = pl.col("condition") == "old"
    rewritten(
        project,
        f"releases/{VERSION}/attribution_cohort.parquet",
        lambda t: t.filter(crossed | of_kept),
    )
    evaluated_again(project)


FAULTS: dict[Callable[[Project], None], str] = {
    source_replaced: "source-not-replaced-in-place",
    split_redrawn: "split-not-redrawn-in-place",
    labels_drifted: "labels-not-drifted-silently",
    label_rules_drifted: "labels-not-drifted-silently",
    features_redefined: "features-not-redefined-in-place",
    other_features_served: "features-match-serving",
    other_feature_code_deployed: "features-deployed-match",
    outcome_as_input: "leakage-refused",
    trained_on_the_test: "training-members-apart",
    easier_cohort: "cohort-rules-reproduce-members",
}


def rulings(project: Project) -> dict[str, Any]:
    (device,) = project.run("check", "--format", "json").json["devices"]
    release = next(item for item in device["releases"] if item["release"] == VERSION)
    return {ruling["rule"]: ruling["outcome"] for ruling in release["rulings"]}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_silent_change_is_refused_by_its_own_rule(
    fault: Callable[[Project], None], example: Project
) -> None:
    """Digests put right do not hide a change: the rule named for it says unmet."""
    assert rulings(example)[FAULTS[fault]] == "met"
    fault(example)
    assert rulings(example)[FAULTS[fault]] == "unmet"
