"""Schema validation, explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from muniment import check, load, shipped
from muniment.model.finding import Finding
from support.bundle import Body, Bundle, bundle

SCHEMAS = check.Schemas.from_folder(shipped.folder("schemas"))


def findings(demo: Bundle) -> tuple[Finding, ...]:
    return check.check(load.read(demo.root), SCHEMAS)[1]


def place(demo: Bundle, finding: Finding) -> tuple[int, int]:
    data = (demo.root / finding.where.file).read_bytes()
    return load.locate(data, finding.where.pointer, key=finding.where.on_key)


def rename(old: str, new: str) -> Any:
    return lambda body: body.update({new: body.pop(old)})


def test_the_demo_is_valid(tmp_path: Path) -> None:
    """Every record of a good device becomes a typed record."""
    demo = bundle(tmp_path)
    records, found = check.check(load.read(demo.root), SCHEMAS)
    assert found == ()
    assert set(records["demo-1"]) == set(demo.bodies)
    assert records["demo-1"]["datasets/splits/1"].kind == "dataset_splits"


FAULTS: dict[str, tuple[str, Any, str, str, str]] = {
    "unknown field": (
        "claims/1",
        rename("intended_use", "intented_use"),
        "/intented_use",
        'unknown field "intented_use"; did you mean "intended_use"?',
        'rename it "intended_use"',
    ),
    "stray field": (
        "claims/1",
        lambda b: b.update(xyz=1),
        "/xyz",
        'unknown field "xyz"',
        "fields here: automation",
    ),
    "missing": (
        "plans/1",
        lambda b: b["criteria"][0].pop("metric"),
        "/criteria/0/metric",
        'missing field "metric" in criteria[0]',
        "Metric that is judged",
    ),
    "wrong type": (
        "plans/1",
        lambda b: b.update(min_n="ten"),
        "/min_n",
        'min_n is "ten"; it must be a whole number',
        "without quotes",
    ),
    "number for text": (
        "claims/1",
        lambda b: b.update(automation=1.5),
        "/automation",
        "must be text",
        '"1.5"',
    ),
    "enum": (
        "claims/1",
        lambda b: b["risk"].update(tier="hihg"),
        "/risk/tier",
        'risk.tier is "hihg"; did you mean "high"?',
        "one of: low, medium, high",
    ),
    "pattern": (
        "runs/1",
        lambda b: b["outputs"][0].update(sha256="ABC"),
        "/outputs/0/sha256",
        "64 lower-case hexadecimal digits",
        "SHA-256",
    ),
    "line break after a pattern": (
        "runs/1",
        lambda b: b.update(release="1.0.0\n"),
        "/release",
        "a version such as",
        "",
    ),
    "path": (
        "runs/1",
        lambda b: b["outputs"][0].update(path="../x"),
        "/outputs/0/path",
        "without '..'",
        "device folder",
    ),
    "schema version": (
        "plans/1",
        lambda b: b.update(schema=2),
        "/schema",
        "schema is 2; it must be 1",
        "Version",
    ),
    "empty list": (
        "plans/1",
        lambda b: b.update(criteria=[]),
        "/criteria",
        "criteria is empty",
        "at least one",
    ),
    "blank": (
        "claims/1",
        lambda b: b.update(automation="  "),
        "/automation",
        "automation is blank",
        "write it",
    ),
    "minimum": ("plans/1", lambda b: b.update(min_n=0), "/min_n", "at least 1", "suppressed"),
    "long": ("plans/1", lambda b: b.update(title="x" * 400), "/title", "has 400 characters", "shorten"),
    "words": (
        "claims/1",
        lambda b: b["safe_state"].update(plain_language="word " * 151),
        "/safe_state/plain_language",
        "has 151 words",
        "shorten",
    ),
    "duplicate id": (
        "hazards/1",
        lambda b: b["hazards"].append(b["hazards"][0]),
        "/hazards/1/id",
        'hazards holds id "H1" twice, in elements 1 and 2',
        "its own id",
    ),
    "twice in a list": (
        "hazards/1",
        lambda b: b["hazards"][0].update(monitors=["M1", "M1"]),
        "/hazards/0/monitors",
        'lists "M1" twice',
        "keep one",
    ),
    "no such day": (
        "datasets/baseline/1",
        lambda b: b.update(mature_on="2024-02-31"),
        "/mature_on",
        'the date "2024-02-31" does not exist',
        "YYYY-MM-DD",
    ),
    "wrong order": (
        "datasets/raw/1",
        lambda b: b["window"].update(to="2022-01-01"),
        "/window/to",
        'to "2022-01-01" is before from "2023-01-01"',
        "must not be after",
    ),
    "unknown kind": (
        "plans/1",
        lambda b: b.update(kind="paln"),
        "/kind",
        'did you mean "plan"?',
        "kind plan",
    ),
    "wrong folder": (
        "claims/1",
        lambda b: b.update(kind="plan"),
        "/kind",
        'kind "plan" does not belong in claims',
        "move it to plans",
    ),
    "kind missing": ("claims/1", lambda b: b.pop("kind"), "/kind", 'missing field "kind"', "kind: claim"),
    "device id": ("device", lambda b: b.update(id="demo-2"), "/id", 'the folder says "demo-1"', "one name"),
    "version": (
        "releases/1.0.0",
        lambda b: b.update(version="1.0.1"),
        "/version",
        'the folder says "1.0.0"',
        "one name",
    ),
    "computed value": (
        "releases/1.0.0",
        lambda b: b.update(status="released"),
        "/status",
        "unknown field",
        "fields",
    ),
    "own digest": (
        "claims/1",
        lambda b: b.update(digest="0" * 64),
        "/digest",
        "unknown field",
        "fields here",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_finding_that_says_what_to_do(tmp_path: Path, name: str) -> None:
    """Each fault gives exactly one finding: the exact node, plain words, and a hint."""
    record, change, pointer, message, hint = FAULTS[name]
    demo = bundle(tmp_path)
    demo.edit(record, change)
    (finding,) = findings(demo)
    assert finding.rule == "schema"
    assert finding.where.pointer == pointer
    assert message in finding.message
    assert hint in finding.hint
    assert place(demo, finding) >= (1, 1)


def test_an_unknown_field_is_shown_at_its_name(tmp_path: Path) -> None:
    """The caret stands under the word to correct, not under its value."""
    demo = bundle(tmp_path)
    demo.text("claims/1", "intended_use:", "intented_use:")
    (finding,) = findings(demo)
    assert place(demo, finding) == (3, 1)


def test_every_mistake_is_found_in_one_run(tmp_path: Path) -> None:
    """Mistakes in several records and fields are all reported."""
    demo = bundle(tmp_path)

    def spoil(body: Body) -> None:
        body["risk"]["tier"] = "x"
        body["inputs"] = 3
        del body["automation"]

    demo.edit("claims/1", spoil)
    demo.edit("plans/1", lambda b: b.update(min_n=-1))
    assert {f.where.pointer for f in findings(demo)} == {"/risk/tier", "/inputs", "/automation", "/min_n"}


def test_an_invalid_record_is_left_out(tmp_path: Path) -> None:
    """Later stages never see what the schema refused."""
    demo = bundle(tmp_path)
    demo.edit("plans/1", lambda b: b.update(min_n=-1))
    records, _ = check.check(load.read(demo.root), SCHEMAS)
    assert "plans/1" not in records["demo-1"]
    assert "claims/1" in records["demo-1"]


def test_a_run_without_faults_imports_no_slow_library(tmp_path: Path) -> None:
    """`jsonschema` is imported only to explain; Polars and its like never."""
    bundle(tmp_path)
    program = (
        "import sys; from pathlib import Path; from muniment import check, link, load, shipped\n"
        f"source = load.read(Path({str(tmp_path / 'evidence')!r}))\n"
        "records, found = check.check(source, check.Schemas.from_folder(shipped.folder('schemas')))\n"
        "folder = source.folders[0]\n"
        "device, more = link.link('demo-1', records['demo-1'], folder.files)\n"
        "assert not found and not more and len(device.releases) == 1\n"
        "slow = {'jsonschema', 'polars', 'numpy', 'altair', 'mkdocs', 'sigstore', 'click', 'rich'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_settings_conform(tmp_path: Path) -> None:
    """The settings file is judged by a schema like a record."""
    good = {"kind": "settings", "schema": 1, "evidence": "evidence", "as_of": "2026-04-30", "packs": ["core"]}
    assert check.conform(SCHEMAS, "settings", good, "muniment.yaml") == ()
    (finding,) = check.conform(SCHEMAS, "settings", {**good, "pack": ["core"]}, "muniment.yaml")
    assert 'unknown field "pack"' in finding.message
