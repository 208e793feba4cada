"""References, digests, succession and the manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from muniment import check, link, load, shipped
from muniment.errors import UnreadableInput
from muniment.link.references import MENTIONS, PARTS
from muniment.model.evidence import Device
from muniment.model.finding import Finding
from support.bundle import Body, Bundle, bundle, file_reference, records

SCHEMAS = check.Schemas.from_folder(shipped.folder("schemas"))
EVALUATION = b'{"schema": "muniment/evaluation/v1", "release": "1.0.0"}\n'


def linked(demo: Bundle) -> tuple[Device, tuple[Finding, ...]]:
    source = load.read(demo.root)
    valid, found = check.check(source, SCHEMAS)
    assert (source.findings, found) == ((), ())
    (folder,) = source.folders
    return link.link(folder.device, valid[folder.device], folder.files)


def release(demo: Bundle, version: str, supersedes: str | None) -> None:
    body: Body = records()["releases/1.0.0"]
    demo.edit(f"releases/{version}", lambda b: b.update(body, version=version, supersedes=supersedes))


def frozen(demo: Bundle) -> None:
    demo.put("releases/1.0.0/evaluation.json", EVALUATION)
    device, _ = linked(demo)
    demo.put("releases/1.0.0/manifest.json", link.manifest(device.releases[0], device.files))


def test_a_good_device_is_linked(tmp_path: Path) -> None:
    """A release holds what it refers to, and knows what is about it; nothing more."""
    demo = bundle(tmp_path)
    device, found = linked(demo)
    assert found == ()
    (dossier,) = device.releases
    assert set(dossier.records) == {i for i in demo.bodies if i.split("/")[0] not in _OUTSIDE}
    assert set(dossier.outside) == {"decisions/cr-1", "postmarket/1.0.0/drill-1"}
    assert all(artifact.holds for artifact in dossier.artifacts)
    assert "models/model.json" in {artifact.path for artifact in dossier.artifacts}
    assert (dossier.manifest, dossier.manifest_sha256, dossier.evaluation) == ({}, None, None)


_OUTSIDE = {"decisions", "postmarket", "device", "roster"}

SECURITY: Body = {
    "kind": "security",
    "schema": 1,
    "title": "Security",
    "scope": "All of it",
    "threats": [
        {"id": "T-1", "title": "Theft", "description": "Copied", "controls": ["C-1"], "residual": "Little"}
    ],
    "controls": [{"id": "C-1", "text": "A lock", "verified_by": []}],
    "tests": [
        {"id": "S-1", "method": "fuzz", "origin": "measured", "on": "2024-01-02", "by": "Ada",
         "result": "pass", "summary": "Held", "evidence": file_reference("models/model.json")}
    ],
    "findings": [],
    "updates": "By release",
    "disclosure": "By mail",
}  # fmt: skip
ENVIRONMENTS: Body = {
    "kind": "environments",
    "schema": 1,
    "title": "Environments",
    "origin": "measured",
    "environments": [
        {"name": "ward", "account": "a-1", "purpose": "production", "data_class": "identifiable",
         "owner": "ada", "from": "2024-01-01", "to": None}
    ],
}  # fmt: skip


def test_a_security_file_is_frozen_with_its_release_and_operations_are_not(tmp_path: Path) -> None:
    """What a release was decided on is fixed by its manifest; how the device is operated goes on changing."""
    demo = bundle(tmp_path)
    demo.edit("security/1", lambda b: b.update(SECURITY))
    demo.edit("releases/1.0.0", lambda b: b.update(security="security/1"))
    demo.edit("operations/environments", lambda b: b.update(ENVIRONMENTS))
    frozen(demo)
    device, found = linked(demo)
    assert found == ()
    assert "security/1.yaml" in device.releases[0].manifest
    assert "operations/environments.yaml" not in device.releases[0].manifest
    demo.edit("operations/environments", lambda b: b["environments"][0].update(account="a-2"))
    assert linked(demo)[1] == ()
    demo.edit("security/1", lambda b: b.update(scope="Less"))
    assert [finding.rule for finding in linked(demo)[1]] == ["manifest"]


def test_an_owner_who_is_not_on_the_roster_is_named(tmp_path: Path) -> None:
    """An alarm that goes to nobody is found before the certificate ends."""
    demo = bundle(tmp_path)
    demo.edit("operations/environments", lambda b: b.update(ENVIRONMENTS))
    demo.edit("operations/environments", lambda b: b["environments"][0].update(owner="adda"))
    (finding,) = linked(demo)[1]
    assert (finding.where.pointer, finding.rule) == ("/environments/0/owner", "reference")
    assert 'did you mean "ada"?' in finding.message


FAULTS: dict[str, tuple[str, Any, str, str, str]] = {
    "dangling": (
        "releases/1.0.0",
        lambda b: b.update(claim="claims/l"),
        "/claim",
        'there is no record "claims/l"; did you mean "claims/1"?',
        "there are: claims/1",
    ),
    "wrong kind": (
        "plans/1",
        lambda b: b.update(baseline="datasets/raw/1"),
        "/baseline",
        '"datasets/raw/1" is of kind dataset_raw; it must be of kind dataset_baseline',
        "datasets/baseline/1",
    ),
    "no such change request": (
        "releases/1.0.0",
        lambda b: b.update(change_request="decisions/cr-9"),
        "/change_request",
        'did you mean "decisions/cr-1"?',
        "there are",
    ),
    "unknown person": (
        "releases/1.0.0",
        lambda b: b.update(author="bem"),
        "/author",
        'there is no person "bem" in roster; did you mean "ben"?',
        "there are: ada, ben",
    ),
    "unknown monitor": (
        "hazards/1",
        lambda b: b["hazards"][0].update(monitors=["M2"]),
        "/hazards/0/monitors/0",
        'there is no monitor "M2" in monitors/1',
        "there are: M1",
    ),
    "unknown operating point": (
        "releases/1.0.0",
        lambda b: b["model"].update(operating_point="defualt"),
        "/model/operating_point",
        'did you mean "default"?',
        "there are: default",
    ),
    "unknown axis of a case": (
        "releases/1.0.0",
        lambda b: b.update(analysis={"case_axes": ["sxe"]}),
        "/analysis/case_axes/0",
        'did you mean "sex"?',
        "there are: sex",
    ),
    "unknown comparator": (
        "plans/1",
        lambda b: b["criteria"][0].update(against="previous"),
        "/criteria/0/against",
        'there is no comparator "previous" in plans/1',
        "plans/1 names none yet",
    ),
    "missing file": (
        "releases/1.0.0",
        lambda b: b["model"]["file"].update(path="models/modle.json"),
        "/model/file/path",
        'the file models/modle.json is missing; did you mean "models/model.json"?',
        "relative to the device folder",
    ),
    "false digest": (
        "releases/1.0.0",
        lambda b: b["model"]["file"].update(sha256="0" * 64),
        "/model/file/sha256",
        f"stated is {'0' * 64}",
        "restore the file",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_finding(tmp_path: Path, name: str) -> None:
    """Each fault between records gives exactly one finding at the exact node."""
    record, change, pointer, message, hint = FAULTS[name]
    demo = bundle(tmp_path)
    demo.edit(record, change)
    _, (finding,) = linked(demo)
    assert finding.rule == ("digest" if name == "false digest" else "reference")
    assert finding.where.file == demo.path(record).relative_to(demo.root).as_posix()
    assert finding.where.pointer == pointer
    assert message in finding.message
    assert hint in finding.hint


def test_a_digest_that_does_not_hold_names_both(tmp_path: Path) -> None:
    """The finding names the file, the digest stated and the digest found."""
    demo = bundle(tmp_path)
    demo.put("predictions/1.0.0.csv", b"changed")
    _, (finding,) = linked(demo)
    assert finding.rule == "digest"
    assert "predictions/1.0.0.csv" in finding.message
    assert hashlib.sha256(b"changed").hexdigest() in finding.message
    assert file_reference("predictions/1.0.0.csv")["sha256"] in finding.message


def test_a_link_out_is_a_missing_file(tmp_path: Path) -> None:
    """No digest is ever taken of a file outside the device."""
    demo = bundle(tmp_path)
    outside = tmp_path / "model.json"
    (demo.folder / "models" / "model.json").rename(outside)
    (demo.folder / "models" / "model.json").symlink_to(outside)
    source = load.read(demo.root)
    valid, _ = check.check(source, SCHEMAS)
    _, found = link.link("demo-1", valid["demo-1"], source.folders[0].files)
    assert {finding.message.split(";")[0] for finding in found} == {"the file models/model.json is missing"}


def test_an_alert_names_a_monitor_of_its_release(tmp_path: Path) -> None:
    """A record about a release that names none of its monitors is a finding with what there is."""
    demo = bundle(tmp_path)
    alert = {
        "kind": "alert",
        "schema": 1,
        "origin": "enacted",
        "release": "releases/1.0.0",
        "monitor": "M2",
        "window": "2024Q2",
        "value": 0.6,
        "threshold": 0.7,
        "opened_on": "2024-07-02",
        "level": 1,
        "cause": "unknown",
        "state": "open",
    }
    demo.edit("postmarket/1.0.0/alert-1", lambda b: b.update(alert))
    _, (finding,) = linked(demo)
    assert (finding.rule, finding.where.pointer) == ("reference", "/monitor")
    assert 'there is no monitor "M2" in monitors/1' in finding.message
    demo.edit("postmarket/1.0.0/alert-1", lambda b: b.update(monitor="M1"))
    assert linked(demo)[1] == ()


def test_a_release_that_names_nothing_is_left_out(tmp_path: Path) -> None:
    """What does not resolve cannot be judged; what else there is can."""
    demo = bundle(tmp_path)
    release(demo, "1.1.0", "releases/1.0.0")
    demo.edit("releases/1.1.0", lambda b: b.update(plan="plans/9"))
    device, found = linked(demo)
    assert [dossier.version for dossier in device.releases] == ["1.0.0"]
    assert len(found) == 1


def test_releases_stand_in_order_of_succession(tmp_path: Path) -> None:
    """Each stands after the one it supersedes, and a candidate before its release."""
    demo = bundle(tmp_path)
    for version, previous in (
        ("2.0.0", "1.2.0"),
        ("2.0.0-rc10", "1.2.0"),
        ("2.0.0-rc2", "1.2.0"),
        ("1.2.0", "1.0.0"),
        ("1.1.0-rc1", "1.0.0"),
    ):
        release(demo, version, f"releases/{previous}")
    device, found = linked(demo)
    assert found == ()
    assert [d.version for d in device.releases] == [
        "1.0.0",
        "1.1.0-rc1",
        "1.2.0",
        "2.0.0-rc2",
        "2.0.0-rc10",
        "2.0.0",
    ]


def test_a_circle_of_succession_is_found(tmp_path: Path) -> None:
    """Each release of the circle is named, and the run ends."""
    demo = bundle(tmp_path)
    release(demo, "1.1.0", "releases/1.2.0")
    release(demo, "1.2.0", "releases/1.1.0")
    device, found = linked(demo)
    assert [f.where.pointer for f in found] == ["/supersedes"] * 2
    assert "releases/1.1.0 → releases/1.2.0 → releases/1.1.0" in found[0].message
    assert [d.version for d in device.releases] == ["1.0.0"]


def test_the_manifest_holds_every_reachable_file(tmp_path: Path) -> None:
    """Manifest and release agree: records, artifacts, evaluation; sorted, sized, canonical."""
    demo = bundle(tmp_path)
    frozen(demo)
    device, found = linked(demo)
    assert found == ()
    data = (demo.folder / "releases/1.0.0/manifest.json").read_bytes()
    (dossier,) = device.releases
    assert dossier.manifest_sha256 == hashlib.sha256(data).hexdigest()
    body = json.loads(data)
    paths = [entry["path"] for entry in body["files"]]
    assert (body["schema"], body["release"], paths) == ("muniment/manifest/v1", "1.0.0", sorted(set(paths)))
    assert {"releases/1.0.0/release.yaml", "releases/1.0.0/evaluation.json", "claims/1.yaml"} <= set(paths)
    assert not [path for path in paths if path.split("/")[0] in {"decisions", "postmarket", "roster.yaml"}]
    for entry in body["files"]:
        file = (demo.folder / entry["path"]).read_bytes()
        assert (entry["sha256"], entry["size"]) == (hashlib.sha256(file).hexdigest(), len(file))
    assert link.manifest(dossier, device.files) == data
    assert dossier.evaluation["release"] == "1.0.0"


def test_what_is_about_a_release_may_grow_after_freezing(tmp_path: Path) -> None:
    """Decisions and post-market records do not touch the release digest."""
    demo = bundle(tmp_path)
    frozen(demo)
    before = linked(demo)[0].releases[0].manifest_sha256
    demo.edit("decisions/cr-1", lambda b: b.update(keywords=["first", "more"]))
    demo.edit("postmarket/1.0.0/drill-2", lambda b: b.update(records()["postmarket/1.0.0/drill-1"]))
    device, found = linked(demo)
    assert (found, device.releases[0].manifest_sha256) == ((), before)


def edited(demo: Bundle) -> None:
    demo.edit("claims/1", lambda b: b.update(automation="Some."))


def repointed(demo: Bundle) -> None:
    demo.edit("claims/2", lambda b: b.update(records()["claims/1"]))
    demo.edit("releases/1.0.0", lambda b: b.update(claim="claims/2"))


def unevaluated(demo: Bundle) -> None:
    demo.remove("releases/1.0.0/evaluation.json")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (edited, ["claims/1.yaml was frozen with sha256"]),
        (
            repointed,
            [
                "the manifest lists claims/1.yaml, which the release does not refer to",
                "releases/1.0.0/release.yaml was frozen with sha256",
                "the release refers to claims/2.yaml, which the manifest does not list",
            ],
        ),
        (unevaluated, ["releases/1.0.0/evaluation.json was frozen with sha256"]),
    ],
)
def test_a_change_after_freezing_is_found(tmp_path: Path, fault: Any, words: list[str]) -> None:
    """Whatever moves after `freeze` is named, with the line of the manifest."""
    demo = bundle(tmp_path)
    frozen(demo)
    fault(demo)
    _, found = linked(demo)
    assert [f.rule for f in found] == ["manifest"] * len(words)
    for finding, part in zip(found, words, strict=True):
        assert part in finding.message
        assert finding.where.line is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"schema": "muniment/manifest/v1"}',
        b'{"schema": "muniment/manifest/v1", "release": "1.0.0", "files": [3]}',
        b'{"schema": "muniment/manifest/v1", "release": "9.9.9", "files": []}',
        b'{"schema": "muniment/manifest/v1", "schema": "x", "release": "1.0.0", "files": []}',
        b'{"schema": "muniment/manifest/v1", "release": NaN, "files": []}',
        b'{"schema": "\\ud800", "release": "1.0.0", "files": []}',
        b"\xff",
    ],
)
def test_a_hostile_manifest_is_one_finding(tmp_path: Path, data: bytes) -> None:
    """A derived file is judged like any other: one finding, no crash, and a digest that binds nothing."""
    demo = bundle(tmp_path)
    demo.put("releases/1.0.0/manifest.json", data)
    device, (finding,) = linked(demo)
    assert finding.rule in {"json", "manifest"}
    assert "muniment freeze" in finding.hint
    assert device.releases[0].manifest == {}
    assert device.releases[0].manifest_sha256 == hashlib.sha256(data).hexdigest()


def test_a_release_without_evaluation_cannot_be_frozen(tmp_path: Path) -> None:
    """Freezing says what is missing and how to make it."""
    device, _ = linked(bundle(tmp_path))
    with pytest.raises(UnreadableInput, match=r"evaluation\.json is missing") as caught:
        link.manifest(device.releases[0], device.files)
    assert "muniment evaluate" in caught.value.hint


def test_the_tables_are_the_annotations_of_the_schemas() -> None:
    """Every field that the schemas call a reference is resolved, to the same kinds, and no other."""
    annotated = {kind: dict(_annotations(SCHEMAS.document(kind), "")) for kind in SCHEMAS.kinds}
    tabled = {kind: {**PARTS.get(kind, {}), **MENTIONS.get(kind, {})} for kind in SCHEMAS.kinds}
    assert tabled == annotated


def _annotations(node: dict[str, Any], at: str) -> list[tuple[str, tuple[str, ...]]]:
    node = dict(SCHEMAS.resolved(node))
    found = [(at, tuple(node["x-reference"]))] if "x-reference" in node else []
    for name, below in node.get("properties", {}).items():
        found += _annotations(below, f"{at}/{name}")
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            found += _annotations(node[keyword], f"{at}/*")
    return found


ANALYSIS = b'{"schema": "muniment/analysis/v1", "release": "1.0.0"}\n'
ANALYSIS_PATH = "releases/1.0.0/analysis.json"


def with_analysis(tmp_path: Path, data: bytes) -> tuple[Device, tuple[Finding, ...]]:
    demo = bundle(tmp_path)
    demo.put(ANALYSIS_PATH, data)
    return linked(demo)


def test_an_analysis_is_read_where_the_evaluation_lies(tmp_path: Path) -> None:
    """It has one place, beside the evaluation; a release without one has none."""
    device, found = with_analysis(tmp_path / "with", ANALYSIS)
    assert found == ()
    assert device.releases[0].analysis["release"] == "1.0.0"
    device, _ = linked(bundle(tmp_path / "without"))
    assert device.releases[0].analysis is None


def test_an_analysis_of_another_schema_is_a_finding(tmp_path: Path) -> None:
    """A file in its place that is no analysis is named, and nothing rests on it."""
    device, found = with_analysis(tmp_path, ANALYSIS.replace(b"analysis/v1", b"evaluation/v1"))
    assert [f.rule for f in found] == ["json"]
    assert device.releases[0].analysis is None


def test_an_analysis_is_frozen_with_its_release(tmp_path: Path) -> None:
    """Edited, removed or added after the freeze, it no longer is what the digest of the release binds."""
    demo = bundle(tmp_path)
    demo.put(ANALYSIS_PATH, ANALYSIS)
    frozen(demo)
    device, found = linked(demo)
    assert found == ()
    assert ANALYSIS_PATH in device.releases[0].manifest
    demo.put(ANALYSIS_PATH, ANALYSIS.replace(b"1.0.0", b"9.9.9"))
    assert [f.rule for f in linked(demo)[1]] == ["manifest"]
    demo.remove(ANALYSIS_PATH)
    assert [f.rule for f in linked(demo)[1]] == ["manifest"]
    frozen(demo)
    device, found = linked(demo)
    assert (found, ANALYSIS_PATH in device.releases[0].manifest) == ((), False)
    demo.put(ANALYSIS_PATH, ANALYSIS)
    assert [f.rule for f in linked(demo)[1]] == ["manifest"]
