"""A plan with studies of readers and raters, from the locked record to the recomputed number and the page."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from support.project import CHECKOUT, Project
from support.studies import CODERS, ratings_csv

READINGS = CHECKOUT / "tests" / "references" / "cases" / "readers.csv"
SECTIONS = """\
  agreement:
    - id: A-CODERS
      title: Four coders, twelve units (published)
      table: coders
      unit: unit
      rater: rater
      rating: rating
      coefficients: [krippendorff_alpha_nominal, gwet_ac1]
  reader_studies:
    - id: R-READERS
      title: Readers in two modalities
      table: readings
      reader: reader
      modality: modality
      case: case
      truth: "y"
      score: s
      compare: [m1, m2]
"""
CRITERIA = """\
criteria:
  - id: A-ALPHA
    domain: clinical
    metric: krippendorff_alpha_nominal
    analysis: A-CODERS
    operator: ">="
    threshold: 0.4
    "on": lower
    rationale: Coders who agree less give no reference.
  - id: R-DIFF
    domain: clinical
    metric: reader_difference
    analysis: R-READERS
    operator: ">="
    threshold: -0.05
    "on": lower
    rationale: Readers must not become worse.
"""


@pytest.fixture
def studied(example: Project) -> Project:
    """The example's last release, not yet frozen, with a plan that asks for two studies and their tables."""
    folder = example.device / "releases" / "2.0.0"
    (folder / "manifest.json").unlink()
    shutil.rmtree(example.device / "seals" / "releases")
    (folder / "coders.csv").write_text(ratings_csv(CODERS))
    shutil.copy(READINGS, folder / "readings.csv")
    example.edit("plans/2.0.0.yaml", "  prevalence:\n    intended", SECTIONS + "  prevalence:\n    intended")
    example.edit("plans/2.0.0.yaml", "criteria:\n", CRITERIA)
    listed = "".join(
        f'  - id: {name}\n    table: {{path: releases/2.0.0/{name}.csv, sha256: "{digest(folder, name)}"}}\n'
        for name in ("coders", "readings")
    )
    example.edit("releases/2.0.0/release.yaml", "\nrun: runs/", f"\ntables:\n{listed}run: runs/")
    return example


def digest(folder: Path, name: str) -> str:
    return hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest()


def evaluated(project: Project) -> dict:
    return json.loads((project.device / "releases" / "2.0.0" / "evaluation.json").read_text())


def test_studies_go_from_the_plan_to_the_verdict(studied):
    """evaluate runs them, an unmet criterion on one is a finding, and recomputing gives the same numbers."""
    ran = studied.run("evaluate", "2.0.0")
    assert ran.code == 1, ran.err
    body = evaluated(studied)
    alpha = body["agreement"][0]["estimates"][0]
    assert alpha["value"] == pytest.approx(0.743, abs=5e-4)
    assert {item["role"] for item in body["inputs"]} >= {"table_coders", "table_readings"}
    outcomes = {entry["id"]: entry["outcome"] for entry in body["criteria"]}
    assert (outcomes["A-ALPHA"], outcomes["R-DIFF"]) == ("met", "unmet")
    found = studied.run("verify", "2.0.0", "--format", "json").json
    numbers = [item for item in found["numbers"] if "/agreement/" in item["pointer"]]
    assert numbers
    assert {item["outcome"] for item in numbers} == {"equal"}
    assert studied.run("freeze", "2.0.0").code == 0
    manifest = json.loads((studied.device / "releases" / "2.0.0" / "manifest.json").read_text())
    assert {"releases/2.0.0/coders.csv", "releases/2.0.0/readings.csv"} <= {
        item["path"] for item in manifest["files"]
    }


def test_a_changed_number_of_a_study_is_found(studied):
    """An alpha that somebody improved by hand differs from the recomputed one."""
    assert studied.run("evaluate", "2.0.0").code == 1
    path = studied.device / "releases" / "2.0.0" / "evaluation.json"
    body = json.loads(path.read_text())
    body["agreement"][0]["estimates"][0]["value"] = 0.99
    path.write_text(json.dumps(body, indent=2, sort_keys=True) + "\n")
    ran = studied.run("verify", "2.0.0", "--format", "json")
    differing = [item["pointer"] for item in ran.json["numbers"] if item["outcome"] == "differs"]
    assert differing == ["prognosis-180/releases/2.0.0/evaluation.json#/agreement/0/estimates/0/value"]
    assert ran.code == 1


def test_a_table_that_nobody_has_stops_with_advice(studied):
    """No table of that id, or one in two places: one error that says what to do, and nothing is written."""
    before = evaluated(studied)
    studied.edit("releases/2.0.0/release.yaml", "  - id: readings\n", "  - id: other\n")
    ran = studied.run("evaluate", "2.0.0")
    assert ran.code == 2
    assert "the plan analyses a table 'readings', which neither the release nor its labels have" in ran.err
    assert "Traceback" not in ran.err
    assert evaluated(studied) == before
    studied.edit("releases/2.0.0/release.yaml", "  - id: other\n", "  - id: readings\n")
    table = (
        f"path: releases/2.0.0/coders.csv, sha256: {digest(studied.device / 'releases' / '2.0.0', 'coders')}"
    )
    # The milestone snapshots state the digest of the labels record; this release goes without them.
    release = studied.device / "releases" / "2.0.0" / "release.yaml"
    release.write_text(re.sub(r"(?m)^snapshots:\n(  - .*\n)+", "", release.read_text()))
    labels = studied.device / "datasets" / "labels" / "1.yaml"
    labels.write_text(labels.read_text() + f"tables:\n  - {{id: coders, table: {{{table}}}}}\n")
    ran = studied.run("evaluate", "2.0.0")
    assert ran.code == 2
    assert "each have a table 'coders'" in ran.err
