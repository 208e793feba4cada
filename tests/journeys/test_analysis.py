"""The analysis of a release, from the command line: written with the evaluation, computed again, refused."""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path

import polars as pl
import pytest

from support.project import DEVICE, Project

VERSION = "2.0.0"
RELEASE = f"releases/{VERSION}"


def unfrozen(project: Project) -> Path:
    """Take the seals of a release away, as for one that is still being made; return its folder."""
    folder = project.device / RELEASE
    (folder / "manifest.json").unlink()
    return folder


def exchange(project: Project, name: str, data: bytes) -> None:
    """Put another table in the place of one, with its digest in the record, as a maker could."""
    path = project.device / RELEASE / name
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(data)
    record = project.device / RELEASE / "release.yaml"
    text = record.read_text("utf-8")
    assert old in text
    record.write_text(text.replace(old, hashlib.sha256(data).hexdigest()), "utf-8")


def test_evaluate_writes_both_files_again_to_the_byte(example: Project) -> None:
    """One command computes them from the rows; a second run changes nothing."""
    folder = unfrozen(example)
    before = {name: (folder / name).read_bytes() for name in ("evaluation.json", "analysis.json")}
    for name in before:
        (folder / name).unlink()
    ran = example.run("evaluate", VERSION)
    assert re.search(r"written: evaluation\.json.*\nwritten: analysis\.json", ran.out), ran.out + ran.err
    assert {name: (folder / name).read_bytes() for name in before} == before
    again = example.run("evaluate", VERSION)
    assert again.out.count("unchanged: ") == 2


def test_verify_names_the_number_of_an_analysis_that_was_edited(example: Project) -> None:
    """Not only the file: recorded and recomputed value stand side by side."""
    path = example.device / RELEASE / "analysis.json"
    body = json.loads(path.read_text("utf-8"))
    true = body["robustness"][0]["drop"]
    body["robustness"][0]["drop"] = 0.0
    path.write_text(json.dumps(body, indent=2, sort_keys=True) + "\n", "utf-8")
    ran = example.run("verify", VERSION, "--format", "json")
    assert ran.code == 1, ran.err
    wrong = [item for item in ran.json["numbers"] if item["outcome"] == "differs"]
    assert wrong == [
        {
            "pointer": f"{DEVICE}/{RELEASE}/analysis.json#/robustness/0/drop",
            "recorded": 0.0,
            "recomputed": true,
            "outcome": "differs",
        }
    ]


def test_a_frozen_release_keeps_its_analysis(example: Project) -> None:
    """Its approvals bind the bytes: another table changes the numbers, and evaluate refuses to write them."""
    analysis = example.device / RELEASE / "analysis.json"
    before = analysis.read_bytes()
    frame = pl.read_parquet(example.device / RELEASE / "conditions.parquet")
    other = io.BytesIO()
    frame.with_columns(artefact=pl.lit(value=False)).write_parquet(other)
    exchange(example, "conditions.parquet", other.getvalue())
    ran = example.run("evaluate", VERSION)
    assert ran.code == 2
    assert "is frozen, and its analysis would change" in ran.err
    assert analysis.read_bytes() == before


def test_a_maker_who_leaves_patients_out_gets_no_numbers(example: Project) -> None:
    """Perturbed scores of some patients only: one clear error, nothing written, and verify fails."""
    folder = unfrozen(example)
    table = folder / "perturbed.parquet"
    frame = pl.read_parquet(table)
    worst = frame["patient_id"][0]
    kept = io.BytesIO()
    frame.filter(pl.col("patient_id") != worst).write_parquet(kept)
    exchange(example, "perturbed.parquet", kept.getvalue())
    before = {name: (folder / name).read_bytes() for name in ("evaluation.json", "analysis.json")}
    ran = example.run("evaluate", VERSION)
    assert (ran.code, ran.out) == (2, "")
    assert "perturbed.parquet has" in ran.err
    assert "Traceback" not in ran.err
    assert {name: (folder / name).read_bytes() for name in before} == before
    found = example.run("verify", VERSION, "--format", "json").json
    assert found["outcome"] == "failed"
    (wrong,) = [item for item in found["numbers"] if item["outcome"] == "not recomputed"]
    assert wrong["pointer"].endswith("analysis.json")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"{}", b"patient_id,score\n"])
def test_a_table_that_is_none_is_one_clear_error(example: Project, data: bytes) -> None:
    """Whatever lies in the place of a table, no traceback and no half a file."""
    unfrozen(example)
    exchange(example, "contributions.parquet", data)
    ran = example.run("evaluate", VERSION)
    assert (ran.code, ran.out) == (2, "")
    assert "contributions.parquet" in ran.err
    assert "Traceback" not in ran.err
    assert "internal fault" not in ran.err


def test_a_release_without_tables_is_undecided_and_not_faulty(example: Project) -> None:
    """Sections without a table are named with their reason; rules on them say undecided, the rest judge."""
    folder = unfrozen(example)
    record = folder / "release.yaml"
    text, cut = re.subn(r"^analysis:\n(?:  .*\n)+", "", record.read_text("utf-8"), flags=re.MULTILINE)
    assert cut == 1
    record.write_text(text, "utf-8")
    ran = example.run("evaluate", VERSION)
    assert "written: analysis.json" in ran.out, ran.err
    body = json.loads((folder / "analysis.json").read_text("utf-8"))
    gaps = {gap["section"]: gap["reason"] for gap in body["undecided"]}
    assert gaps["robustness"] == "no perturbed table"
    assert body["errors"]["by"]
    found = example.run("check", "--format", "json", f"evidence/{DEVICE}/{RELEASE}/release.yaml").json
    (release,) = [r for d in found["devices"] for r in d["releases"] if r["release"] == VERSION]
    outcomes: dict[str, set[str]] = {}
    for ruling in release["rulings"]:
        outcomes.setdefault(ruling["rule"], set()).add(ruling["outcome"])
    assert outcomes["robust-within-limits"] == {"undecided"}
    assert outcomes["explanation-contract-holds"] == {"undecided"}
    assert outcomes["errors-in-every-stratum"] == {"met"}
