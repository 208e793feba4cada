"""The example's attacks, privacy scan and qualification are what the records say of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import attack
import polars as pl
import privacy
import pytest
import qualify
import yaml

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


def release(device: Path, version: str) -> Any:
    return yaml.safe_load((device / "releases" / version / "release.yaml").read_text(encoding="utf-8"))


def report(device: Path, version: str, name: str) -> Any:
    return json.loads((device / "releases" / version / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_release_tells_every_finding_of_its_scan(device: Path, version: str) -> None:
    """Nothing that the scan found is left out, its numbers are quoted, and what it read is what is there."""
    told, found = release(device, version)["privacy"], report(device, version, "privacy")
    assert [s["path"] for s in told["scanned"]] == [s["path"] for s in found["scanned"]]
    for item in found["scanned"]:
        assert hashlib.sha256((device / item["path"]).read_bytes()).hexdigest() == item["sha256"]
    said = " ".join(" ".join(f["text"].split()) for f in told["findings"])
    for item in found["findings"]:
        assert item["identifier"] == "indirect" or item["path"].endswith("explanations.json")
        assert str(item["rows"]) in said or item["identifier"] == "direct"
    rows = pl.read_parquet(device / "releases" / version / "predictions.parquet").height
    assert f"of {rows:,} patients" in said
    assert {f["identifier"] for f in found["findings"]} == {f["identifier"] for f in told["findings"]}


def test_the_scan_finds_what_is_planted(tmp_path: Path) -> None:
    """A telling column, an address, a day, an old age and a loner are each found; clean data are not."""
    groups = {name: ["x", "x", "y"] for name in privacy.GROUPS}
    dirty = pl.DataFrame(
        {"MRN": [1, 2, 3], "note": ["a@b.example", "seen 2024-01-31", None], "age": [90, 89, 20], **groups}
    )
    dirty.write_parquet(tmp_path / "dirty.parquet")
    found = {
        (f["rule"], f["column"]): (f["identifier"], f["rows"])
        for f in privacy.scan("d", tmp_path / "dirty.parquet")
    }
    assert found == {
        ("column named like a direct identifier", "MRN"): ("direct", 3),
        ("text that looks like: e-mail address", "note"): ("direct", 1),
        ("text that looks like: telephone number", "note"): ("direct", 1),
        ("text that looks like: full date", "note"): ("direct", 1),
        ("age above 89", "age"): ("indirect", 1),
        ("patient alone in a combination of group columns", ", ".join(privacy.GROUPS)): ("indirect", 1),
    }
    pl.DataFrame({"patient_id": [1], "score": [0.5]}).write_parquet(tmp_path / "clean.parquet")
    assert list(privacy.scan("c", tmp_path / "clean.parquet")) == []
    (tmp_path / "x.json").write_text('{"cases": [{"who": "call 555 123 4567"}]}', encoding="utf-8")
    assert [f["column"] for f in privacy.scan("x", tmp_path / "x.json")] == ["who"]


@pytest.mark.parametrize("version", VERSIONS)
def test_no_hostile_value_of_the_right_type_breaks_the_scorer(device: Path, version: str) -> None:
    """What a typed interface can deliver ends in a probability or in no estimate, never in an exception."""
    found = report(device, version, "security")
    for name in ("hostile_values", "wrong_types"):
        said = found[name]
        assert said["calls"] == sum(said[key] for key in ("declined", "answered", "out_of_range", "raised"))
        assert said["out_of_range"] == 0
    assert found["hostile_values"]["raised"] == 0
    assert found["wrong_types"]["answered"] == 0
    assert found["membership"]["high"] < 0.6


def test_the_attack_sees_a_scorer_that_breaks() -> None:
    """A model that lets an implausible value through to arithmetic is counted as raising or out of range."""
    model = {"required": [], "known_levels": {}, "reads": [], "optional": [], "intercept": "x", "numeric": [],
             "categorical": [], "recalibration": None}  # fmt: skip
    assert attack.answer(model, {}) == "raised"
    assert attack.answer(model | {"intercept": 0.0}, {}) == "answered"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tool_agrees_with_an_independent_computation(version: str) -> None:
    """Scikit-learn, NumPy and Wilson's formula give the numbers of `evaluation.json` for every release."""
    made = qualify.report(version)
    assert made["qualified"]
    assert {check["metric"] for check in made["checks"]} >= {"auroc", "sensitivity", "tp", "wilson_low"}
    assert sum(check["compared"] for check in made["checks"]) > 500


def test_the_committed_report_is_the_one_that_is_made(device: Path) -> None:
    """The qualification on file is of the version that wrote the evaluations; a new run says the same."""
    made = qualify.report(qualify.RELEASE)
    assert json.loads(qualify.place(made).read_text(encoding="utf-8")) == made
    (entry,) = yaml.safe_load((device / "operations" / "tools.yaml").read_text(encoding="utf-8"))["tools"]
    assert (entry["tool"], entry["version"]) == (made["tool"], made["version"])


def test_a_wrong_number_is_not_qualified(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sensitivity that is off by a millionth fails the qualification."""
    folder = tmp_path / "releases" / "1.0.0"
    folder.mkdir(parents=True)
    for name in ("predictions.parquet", "operating_point.json"):
        (folder / name).write_bytes((device / "releases" / "1.0.0" / name).read_bytes())
    body = report(device, "1.0.0", "evaluation")
    next(e for e in body["estimates"] if e["metric"] == "sensitivity")["value"] += 1e-6
    (folder / "evaluation.json").write_text(json.dumps(body), encoding="utf-8")
    monkeypatch.setattr(qualify, "DEVICE", tmp_path)
    assert not qualify.report("1.0.0")["qualified"]
