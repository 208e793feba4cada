"""The trail at the command line: printed, held to files and seals, begun where there was none."""

from __future__ import annotations

import json
import shutil

import jsonschema

from support.project import CHECKOUT, DEVICE, Project

SCHEMAS = CHECKOUT / "schemas" / "outputs"


def test_the_trail_of_the_example_holds(example: Project) -> None:
    """Every seal is on it; the output is of its published shape; `verify` tells of it."""
    ran = example.run("trail", "--format", "json")
    assert ran.code == 0, ran.err
    jsonschema.Draft202012Validator(json.loads((SCHEMAS / "trail.v1.json").read_bytes())).validate(ran.json)
    (device,) = ran.json["devices"]
    seals = {path.relative_to(example.device).as_posix() for path in example.device.rglob("*.sigstore.json")}
    assert seals <= {path for entry in device["entries"] for path in entry["wrote"]}
    assert device["problems"] == []
    text = example.run("trail")
    assert text.code == 0
    assert f"{DEVICE}: {len(device['entries'])} entries, head {device['head']}" in text.out


def test_a_changed_trail_is_refused_everywhere(example: Project) -> None:
    """`trail` and `verify` name the entry and end with 1; nothing more can be sealed behind it unseen."""
    log = example.device / "trail" / "log.jsonl"
    whole = log.read_text("utf-8")
    log.write_text(whole.replace('"command":"reject"', '"command":"recuse"', 1), "utf-8")
    ran = example.run("trail")
    assert ran.code == 1
    assert "FAILED Entry" in ran.out
    told = example.run("verify", "2.0.0", "--format", "json")
    assert told.code == 1
    assert told.json["trails"][0]["outcome"] == "failed"
    log.write_text("\n".join(whole.splitlines()[:-2]) + "\n", "utf-8")
    assert "is not on the trail" in example.run("trail").out


def test_a_folder_without_a_trail_begins_one(example: Project) -> None:
    """Seals that pin no entry may be older than the trail; those that do were made on one that is lost."""
    shutil.rmtree(example.device / "trail")
    lost = example.run("trail")
    assert lost.code == 1
    assert "restore it" in lost.out
    refused = example.run("trail", "--adopt", "--as", "p-moreau")
    assert refused.code == 2
    assert "does not hold" in refused.err
    shutil.rmtree(example.device / "seals")
    fresh = example.run("trail")
    assert fresh.code == 0
    assert f"{DEVICE}: no entry yet" in fresh.out


def test_an_archive_with_a_name_goes_on_the_trail(example: Project) -> None:
    """Who hands an archive over is told after it, with the bag's digest; without a name nobody is."""
    log = example.device / "trail" / "log.jsonl"
    before = log.read_bytes()
    assert example.run("archive", "create", "-o", "silent.zip").code == 0
    assert log.read_bytes() == before
    made = example.run("archive", "create", "-o", "handed.zip", "--as", "p-moreau")
    assert made.code == 0, made.err
    entry = example.run("trail", "--format", "json").json["devices"][0]["entries"][-1]
    assert (entry["command"], entry["who"]) == ("archive create", "p-moreau")
    assert entry["published"]["handed.zip"] in made.out
    assert example.run("trail").code == 0
