"""Putting a release into use: sealed where nothing speaks against it, else refused with every reason."""

from __future__ import annotations

import datetime
import importlib.util
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.sealed import unattended_pen

from muniment import attest, load
from muniment.errors import SealError, UsageError
from muniment.model.ruling import Outcome
from muniment.pipeline import pens, promoting, sealing
from muniment.pipeline import trail as trails
from muniment.pipeline.judging import judge_all
from muniment.pipeline.promoting import Place, Promotion
from muniment.pipeline.request import Doors, Request, request
from muniment.pipeline.survey import survey
from support.project import CHECKOUT, DEVICE

EXAMPLE = CHECKOUT / "evidence" / DEVICE
WARD = Place("clinical production", ("S1", "S2"), jurisdiction="none - worked example")


def reseal() -> Any:
    """The script that carries out the example's list of seals."""
    spec = importlib.util.spec_from_file_location("reseal", EXAMPLE / "pipeline" / "reseal.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def authorised(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, attest.LocalDomain]:
    """The example on 2024-02-20: 1.0.0 is authorised, nothing of it is in use yet."""
    root = tmp_path_factory.mktemp("promote")
    shutil.copytree(EXAMPLE, root / "evidence" / DEVICE)
    shutil.copy(CHECKOUT / "muniment.yaml", root)
    device = root / "evidence" / DEVICE
    for name in ("seals", "trust", "trail"):
        shutil.rmtree(device / name, ignore_errors=True)
    for kind in ("deployment", "event"):
        for path in device.glob(f"postmarket/*/{kind}-*.yaml"):
            path.unlink()
    script = reseal()
    acts, _ = load.yaml_tree((EXAMPLE / "pipeline" / "seals.yaml").read_bytes(), "seals.yaml")
    asked = request(Doors(today=datetime.date.today), start=root)
    begun = instant("2023-07-01T00:00:00Z")
    domain = attest.create_domain(root / "domain", name="test", at=begun, unattended=True)
    pen = unattended_pen(root / "domain")
    for act in acts:
        if act["at"] < "2024-02-20" and act["do"] != "deploy":
            script.perform(asked, act, pen)
    return root, domain


@pytest.fixture
def project(authorised: tuple[Path, attest.LocalDomain], tmp_path: Path) -> Request:
    """A copy that a test may change. The domain is shared, so seals are made in order of date."""
    shutil.copytree(authorised[0] / "evidence", tmp_path / "evidence")
    shutil.copytree(authorised[0] / "domain", tmp_path / "domain")
    shutil.copy(authorised[0] / "muniment.yaml", tmp_path)
    return request(Doors(today=datetime.date.today), start=tmp_path)


def promote(
    project: Request, place: Place = WARD, at: str = "2024-02-26T08:00:00Z", **options: Any
) -> Promotion:
    who, role = options.pop("who", "p-nakata"), options.pop("role", "operations")
    hand = pens.Hand(who, role, instant(at), unattended_pen(project.root / "domain"))
    return promoting.promote(project, options.pop("name", "1.0.0"), place, hand, **options)


def files(project: Request) -> set[Path]:
    return {path.relative_to(project.root) for path in project.evidence.rglob("*") if path.is_file()}


@contextmanager
def untouched(project: Request) -> Iterator[None]:
    """Nothing is written by what happens inside."""
    before = files(project)
    yield
    assert files(project) == before


def test_an_authorised_release_is_put_into_use(project: Request) -> None:
    """Record and seal are written, the seal names the authorisation's bundle, the trail tells of both."""
    done = promote(project)
    assert done.reasons == ()
    assert done.written is not None
    assert done.path == "postmarket/1.0.0/deployment-2024-02-26-clinical-production.yaml"
    device = survey(project).devices[0]
    record = device.records[done.path.removesuffix(".yaml")]
    assert (record.body["authorised_by"], record.body["sites"]) == ("p-nakata", ("S1", "S2"))
    assert dict(record.body["gate"]) | {"version": ""} == {
        "policy": "core", "version": "", "outcome": "accepted", "on": "2024-02-26",
    }  # fmt: skip
    seals = {seal.file: seal for seal in attest.verify(device.files, judging_roots(device, project))}
    name = done.written.path.relative_to(project.evidence / DEVICE).as_posix()
    sealed = seals[name]
    assert (sealed.outcome, sealed.reason) == ("verified", "")
    assert set(sealed.subjects) == {done.path, "releases/1.0.0/manifest.json"}
    (authorisation,) = [s for s in seals.values() if s.predicate_type.endswith("/predicate/release/v1")]
    assert sealed.predicate["release_seal_sha256"] == authorisation.sha256
    assert str(sealed.time) > str(authorisation.time)
    trail = attest.read_trail(device.files, seals.values())
    assert trail.problems == ()
    assert set(trail.entries[-1].wrote) == {done.path, name}
    assert (trail.entries[-1].command, trail.entries[-1].who) == ("promote", "emi.nakata@example.invalid")


def judging_roots(device: Any, project: Request) -> Any:
    from muniment.pipeline.judging import trusted_roots

    return trusted_roots(device, project)


def ruling(project: Request, rule: str, as_of: str = "2024-02-26") -> set[Outcome]:
    found = survey(request(Doors(today=datetime.date.today), start=project.root, as_of=as_of))
    judged = judge_all(found, deep=True, wanted=lambda _device: frozenset({"1.0.0"}))
    return {r.outcome for r in judged.devices[0].releases[0].verdict.rulings if r.rule == rule}


def test_rules_see_the_order(project: Request) -> None:
    """The chain ends with the deployment: after the authorisation in time, and naming its bundle."""
    assert ruling(project, "deployment-sealed-after-release") == {Outcome.NOT_APPLICABLE}
    promote(project)
    assert ruling(project, "deployment-sealed-after-release") == {Outcome.MET}
    assert ruling(project, "running-deployment-sealed") == {Outcome.MET}
    assert ruling(project, "deployed-after-release") == {Outcome.MET}


def test_a_dry_run_writes_nothing(project: Request) -> None:
    """The record is shown, and neither it nor an entry of the trail is made."""
    with untouched(project):
        done = promote(project, dry_run=True)
    assert done.reasons == ()
    assert done.written is None
    tree, faults = load.yaml_tree(done.record, done.path)
    assert not faults
    assert tree["release"] == "releases/1.0.0"


def refused(project: Request, *args: Any, **options: Any) -> str:
    with untouched(project):
        done = promote(project, *args, **options)
    assert done.written is None
    assert done.reasons
    return " ".join(done.reasons)


def test_a_candidate_is_refused(project: Request) -> None:
    """What nobody authorised is not put into use, whoever asks."""
    assert "1.2.0 has not been authorised: it is a candidate." in refused(project, name="1.2.0")


def test_a_changed_release_is_refused(project: Request) -> None:
    """One changed byte of what was approved, and it is not what was approved."""
    path = project.evidence / DEVICE / "releases/1.0.0/operating_point.json"
    path.write_bytes(path.read_bytes() + b"\n")
    said = refused(project)
    assert "has changed since it was frozen" in said
    assert "operating_point.json is not the file that" in said


def test_a_changed_manifest_voids_the_authorisation(project: Request) -> None:
    """Who edits record and manifest together is left without any approval of the new digest."""
    manifest = project.evidence / DEVICE / "releases/1.0.0/manifest.json"
    fields = json.loads(manifest.read_bytes())
    fields["files"].pop()
    manifest.write_text(json.dumps(fields))
    said = refused(project)
    assert "it is a candidate" in said
    assert "manifest.json has changed since it was sealed" in said


def test_a_rejected_release_is_refused(project: Request) -> None:
    """A veto refuses a release, even one that was authorised before."""
    hand = pens.Hand(
        "p-achterberg",
        "clinical",
        instant("2024-02-21T09:00:00Z"),
        unattended_pen(project.root / "domain"),
    )
    sealing.decide(project, "1.0.0", hand, decision="reject")
    assert "1.0.0 was rejected on 2024-02-21." in refused(project)


@pytest.mark.parametrize(("mode", "says"), [("pause", "is stopped at S1"), ("withdrawal", "was withdrawn")])
def test_a_stopped_release_is_refused(project: Request, mode: str, says: str) -> None:
    """Where a release was stopped it does not come back by another deployment."""
    name = "event-2025-04-11-pause" if mode == "pause" else "event-2025-07-18-withdrawal"
    text = (EXAMPLE / "postmarket/1.0.0" / f"{name}.yaml").read_text("utf-8")
    day = name[6:16]
    event = project.evidence / DEVICE / f"postmarket/1.0.0/event-2024-02-22-{mode}.yaml"
    event.write_text(text.replace(day, "2024-02-22"), "utf-8")
    assert says in refused(project)


def test_a_deployment_before_the_authorisation_is_refused(project: Request) -> None:
    """Neither the seal nor the first day of use may come before the release was let out."""
    assert "it is a candidate" in refused(project, at="2024-02-18T08:00:00Z")
    early = Place("clinical production", ("S1",), begins="2024-02-12")
    assert "It would run from 2024-02-12, before it was authorised on 2024-02-19" in refused(project, early)


def test_only_a_person_in_the_role_puts_into_use(project: Request) -> None:
    """A service deploys nothing on its own word, and a role is held on the day or not at all."""
    assert "only people put a release into use" in refused(project, who="svc-evaluation")
    assert "does not hold the role quality on 2024-02-26" in refused(project, role="quality")


def test_what_was_read_back_has_to_be_what_was_validated(project: Request) -> None:
    """A promotion moves what was validated; another digest at the other end is refused."""
    model = load_json(project, "releases/1.0.0/manifest.json")["releases/1.0.0/model.json"]
    place = Place("clinical production", ("S1",), from_environment="staging", read_back={"model": "ab" * 32})
    assert "The model that runs there is not the one that was validated." in refused(project, place)
    good = Place("clinical production", ("S1",), from_environment="staging", read_back={"model": model})
    done = promote(project, good)
    assert done.reasons == ()
    tree, _ = load.yaml_tree(done.record, done.path)
    assert tree["promotion"]["artefacts"] == (
        {"name": "model", "validated_sha256": model, "deployed_sha256": model},
    )
    with pytest.raises(UsageError, match="no artefact 'image'"):
        promote(project, Place("x", ("S1",), from_environment="staging", read_back={"image": model}))


def load_json(project: Request, path: str) -> dict[str, str]:
    listed = json.loads((project.evidence / DEVICE / path).read_bytes())
    return {entry["path"]: entry["sha256"] for entry in listed["files"]}


def test_a_sealed_deployment_ends_by_a_later_one(project: Request) -> None:
    """The record of the first is not edited: the second names it, and the seals of both hold."""
    model = load_json(project, "releases/1.0.0/manifest.json")["releases/1.0.0/model.json"]
    moved = replace(WARD, from_environment="staging", read_back={"model": model})
    first = promote(project, moved)
    again = replace(moved, replaces=(first.path.removesuffix(".yaml"),))
    second = promote(project, again, at="2024-03-04T08:00:00Z")
    assert second.reasons == ()
    assert not any("runs at" in note for note in second.notes)
    device = survey(project).devices[0]
    assert {s.outcome for s in attest.verify(device.files, judging_roots(device, project))} == {"verified"}
    with pytest.raises(UsageError, match="there is no deployment"):
        promote(
            project, Place("ward", ("S1",), replaces=("postmarket/1.0.0/none",)), at="2024-03-05T08:00:00Z"
        )


def test_what_makes_no_record_is_an_error(project: Request) -> None:
    """A site that no record could name, or a record that stands already, is the caller's mistake."""
    with untouched(project), pytest.raises(UsageError, match="/sites/0"):
        promote(project, Place("ward", ("S 1",)))
    promote(project)
    with untouched(project), pytest.raises(UsageError, match="stands already"):
        promote(project)


def test_a_seal_that_fails_leaves_no_record(project: Request) -> None:
    """Where the domain refuses, the record that was to be sealed is not left behind."""
    hand = pens.Hand(
        "p-nakata", "operations", instant("2024-03-04T08:00:00Z"), unattended_pen(project.root / "domain")
    )
    sealing.sign_record(project, "claims/1", hand)
    with untouched(project), pytest.raises(SealError, match="would follow the log's last entry"):
        promote(project, at="2024-02-26T08:00:00Z")
    assert trails.head(project.evidence / DEVICE)


def test_a_record_that_stands_is_sealed_as_it_is(project: Request) -> None:
    """What a deployment tool wrote is judged likewise, and sealed by who it names, before it has ended."""
    model = load_json(project, "releases/1.0.0/manifest.json")["releases/1.0.0/model.json"]
    moved = replace(WARD, from_environment="staging", read_back={"model": model})
    tried = promote(project, moved, dry_run=True)
    path = project.evidence / DEVICE / tried.path
    path.write_bytes(tried.record)
    name = tried.path.removesuffix(".yaml")
    at, pen = instant("2024-02-26T08:00:00Z"), unattended_pen(project.root / "domain")
    other = pens.Hand("p-moreau", "quality", at, pen)
    (reason,) = promoting.seal_deployment(project, "1.0.0", name, other).reasons
    assert reason == f"{name} names p-nakata as who authorised it."
    hand = pens.Hand("p-nakata", "operations", at, pen)
    path.write_bytes(tried.record.replace(b"to: null", b'to: "2024-03-01"'))
    (reason,) = promoting.seal_deployment(project, "1.0.0", name, hand).reasons
    assert "has ended" in reason
    path.write_bytes(tried.record)
    done = promoting.seal_deployment(project, "1.0.0", name, hand)
    assert done.reasons == ()
    assert path.read_bytes() == tried.record
    assert ruling(project, "deployment-sealed-after-release") == {Outcome.MET}
