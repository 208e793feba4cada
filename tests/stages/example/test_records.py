"""The example's records fit the tables, each other and the calendar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from emit import document

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


def record(device: Path, name: str) -> Any:
    return yaml.safe_load((device / f"{name}.yaml").read_text(encoding="utf-8"))


def file_references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if "path" in node and "sha256" in node:
            yield node["path"], node["sha256"]
        for value in node.values():
            yield from file_references(value)
    elif isinstance(node, list):
        for value in node:
            yield from file_references(value)


def test_every_digest_in_the_records_holds(device: Path) -> None:
    """A record points at the bytes that lie there."""
    found = 0
    for path in sorted(device.rglob("*.yaml")):
        if path.relative_to(device).parts[0] in ("pipeline", "data"):
            continue
        for target, digest in file_references(yaml.safe_load(path.read_text(encoding="utf-8"))):
            assert hashlib.sha256((device / target).read_bytes()).hexdigest() == digest, (
                f"{path.name}: {target}"
            )
            found += 1
    assert found > 100


@pytest.mark.parametrize("version", VERSIONS)
def test_the_plan_states_the_operating_point_that_was_trained(device: Path, version: str) -> None:
    """The locked threshold is the one the model was given."""
    point = json.loads((device / "releases" / version / "operating_point.json").read_text(encoding="utf-8"))
    (planned,) = record(device, f"plans/{version}")["operating_points"]
    assert {key: planned[key] for key in ("threshold", "by") if key in planned} == point
    assert record(device, f"releases/{version}/release")["model"]["operating_point"] == planned["id"]


@pytest.mark.parametrize("version", VERSIONS)
def test_comparators_use_the_operating_point_they_were_released_with(device: Path, version: str) -> None:
    """A comparison against an earlier release uses that release's own threshold."""
    compared = [c for c in record(device, f"plans/{version}")["comparators"] if "release" in c]
    for comparator in compared:
        (own,) = record(device, comparator["release"].replace("releases", "plans"))["operating_points"]
        assert comparator["operating_point"]["threshold"] == own["threshold"]
    assert bool(compared) == (version != "1.0.0")


def test_seals_come_in_the_order_the_story_needs(device: Path) -> None:
    """Locked before evaluated, evaluated after outcomes matured, authorised last, in use after that."""
    seals = yaml.safe_load((device / "pipeline" / "seals.yaml").read_text(encoding="utf-8"))
    times = [s["at"] for s in seals]
    assert times == sorted(set(times))
    for version in VERSIONS:
        mine = {s["do"]: s["at"] for s in seals if s["target"].endswith(f"/{version}")}
        release = record(device, f"releases/{version}/release")
        mature = record(device, release["datasets"]["baseline"])["mature_on"]
        run = record(device, release["run"])["performed_on"]
        assert run < mine["lock"] < mine["evaluate"]
        assert mature < mine["evaluate"]
        assert ("release" in mine) != ("reject" in mine)
        if "release" in mine:
            assert mine["evaluate"] < mine["approve"] < mine["release"]
            for path in (device / "postmarket" / version).glob("deployment-*.yaml"):
                assert mine["release"][:10] <= yaml.safe_load(path.read_text(encoding="utf-8"))["from"]


def test_everybody_who_acts_is_on_the_roster(device: Path) -> None:
    """Who seals, attends or reviews held the role then; the service signs evaluations and nothing else."""
    roster = record(device, "roster")
    held = {(e["person"], e["role"]): e["from"] for e in roster["entries"]}
    services = {s["id"] for s in roster["services"]}
    people = {p["id"] for p in roster["people"]}
    for seal in yaml.safe_load((device / "pipeline" / "seals.yaml").read_text(encoding="utf-8")):
        if seal["do"] == "evaluate":
            assert seal["person"] in services
        else:
            assert held[seal["person"], seal["role"]] <= seal["at"][:10]
    for path in (device / "decisions").glob("*.yaml"):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = [
            *body.get("approved_by", []),
            *body.get("decided_by", []),
            *body.get("meeting", {}).get("attendees", []),
        ]
        assert set(named) <= people


def test_what_people_did_says_that_it_is_enacted(device: Path) -> None:
    """Nothing invented passes for real."""
    for path in (device / "decisions").glob("*.yaml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["origin"] == "enacted", path.name
    for path in (device / "postmarket").rglob("*.yaml"):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        expected = {"alert": "replayed", "monitoring": "measured"}
        assert body["origin"] == expected.get(body["kind"], "enacted"), path.name
    for path in (device / "surveillance").glob("*.yaml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["origin"] == "enacted", path.name
    assert record(device, "device")["example"] is True


def test_the_emitter_writes_what_yaml_reads_back() -> None:
    """No scalar changes its type on the way through a record."""
    body = {
        "on": "2025-01-31",
        "no": "no",
        "version": "1.2.0",
        "digest": "e" * 64,
        "text": "a: b, 'quoted' # and long " * 8,
        "list": ["no", "1e3", "a, b", "0x10", "-", "plain text"],
        "numbers": [1, -0.1, True, None],
        "empty": [],
        "deep": [{"a": {"b": ["x" * 120, "y"]}}],
    }
    read = yaml.safe_load(document(body))
    assert read == body | {"text": " ".join(body["text"].split())}


def test_what_the_records_count_is_what_the_tables_hold(device: Path) -> None:
    """Snapshots, cohort rules and overlaps state the numbers of the files that the pipeline wrote."""
    for path in (device / "datasets" / "snapshots").glob("*.yaml"):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert pl.read_parquet(device / body["members"]["path"]).height == body["n"], path.name
    for path in (device / "datasets" / "baseline").glob("*.yaml"):
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert body["cohort"]["rules"][-1]["n"] == body["n"], path.name
    stated = record(device, "datasets/splits/1")["leakage"]
    pairs = json.loads((device / stated["report"]["path"]).read_text(encoding="utf-8"))["pairs"]
    assert sum(pair["patients"] for pair in pairs) == 0
    assert sum(pair["near_duplicates"] for pair in pairs) == stated["near_duplicates"]["n"]
    assert len({s for pair in pairs for s in pair["sites"]}) == stated["sites"]["n"]
    assert len({q for pair in pairs for q in pair["quarters"]}) == stated["quarters"]["n"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_two_by_two_leaves_out_whoever_was_trained_on(device: Path, version: str) -> None:
    """No patient of the two-by-two shaped the old or the new model; the first release has none."""
    body = record(device, f"releases/{version}/release")
    assert bool(body.get("attribution")) == (body["supersedes"] is not None)
    earlier = (body["supersedes"] or "").removeprefix("releases/")
    for item in body.get("attribution", []):
        table = pl.read_parquet(device / item["table"]["path"])
        for trained in (version, earlier):
            members = pl.read_parquet(device / "releases" / trained / "training_members.parquet")
            assert table.join(members, on="patient_id", how="semi").height == 0
