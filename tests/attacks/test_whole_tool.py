"""Attacks on the evidence and on an archive of it, met by the commands that people run."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.forging import make_operator

from muniment import attest
from muniment.attest.trail import PATH, encode
from muniment.model.trail import FIRST
from support.project import DEVICE, Project

ROOT = "trust/local/trusted_root.json"


def failures(found: dict[str, Any]) -> dict[str, str]:
    """File to reason of every seal that failed."""
    return {seal["file"]: seal["reason"] for seal in found["seals"] if seal["outcome"] != "verified"}


def resealed(seals: Path, folder: Path, dates: Mapping[str, str] | None = None) -> bytes:
    """Sign every statement below `seals` again, with keys of one's own; return the root that goes with them.

    Signers, roles and times stay what the statements say (or become what `dates` says by kind and subject),
    evaluations name the new locks, and the trail is written anew over the new seals, so that nothing inside
    the evidence gives it away.
    """
    statements = []
    for path in sorted(seals.rglob("*.sigstore.json")):
        bundle = json.loads(path.read_bytes())
        fields = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        words = fields["predicate"].get("muniment", fields["predicate"])
        for subject, date in (dates or {}).items():
            if fields["subject"][0]["name"] == subject:
                words["signed_at"] = date
        statements.append((words["signed_at"], path, fields, words))
        path.unlink()
    statements.sort(key=lambda each: each[:2])
    first = datetime.fromisoformat(statements[0][0])
    operator = make_operator(folder, first - timedelta(days=1), "prognosis-180")
    new: dict[str, str] = {}
    lines, head = [], FIRST
    for when, path, fields, words in statements:
        if "plan_lock_sha256" in words:
            plan = fields["predicate"]["configuration"][0]["name"]
            words["plan_lock_sha256"] = new.get(plan, words["plan_lock_sha256"])
        words["trail"] = head
        data = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        bundle = operator.sign(data, words["identity"], datetime.fromisoformat(when))
        if path.name.startswith("plan-lock-"):
            new[fields["subject"][0]["name"]] = hashlib.sha256(bundle).hexdigest()
        parsed = attest.parse(data)
        place = attest.seal_path(parsed)
        (seals.parent / place).write_bytes(bundle)
        lines.append(
            encode(
                len(lines) + 1,
                at=when,
                command=attest.command_of(parsed.kind, parsed.predicate),
                who=words["identity"],
                wrote={place: hashlib.sha256(bundle).hexdigest()},
                previous=head,
            )
        )
        head = hashlib.sha256(lines[-1]).hexdigest()
    (seals.parent / PATH).write_bytes(b"".join(line + b"\n" for line in lines))
    return operator.root_bytes


def restated(bag: Path) -> str:
    """Write a bag's manifests anew over what lies there now, as a forger would; return its new digest."""
    payload = sorted(path for path in (bag / "data").rglob("*") if path.is_file())
    octets = sum(path.stat().st_size for path in payload)
    info = bag / "bag-info.txt"
    lines = [line for line in info.read_text("utf-8").splitlines() if not line.startswith("Payload-Oxum")]
    info.write_text("\n".join([*lines, f"Payload-Oxum: {octets}.{len(payload)}"]) + "\n", "utf-8")
    _manifest(bag, "manifest-sha256.txt", payload)
    tags = sorted(path for path in bag.iterdir() if path.is_file() and path.name != "tagmanifest-sha256.txt")
    return _manifest(bag, "tagmanifest-sha256.txt", tags)


def _manifest(bag: Path, name: str, files: list[Path]) -> str:
    listed = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bag).as_posix()}\n"
        for path in files
    )
    (bag / name).write_text(listed, "utf-8")
    return hashlib.sha256(listed.encode()).hexdigest()


def test_criteria_moved_by_a_thousandth_after_the_lock(example: Project) -> None:
    """A threshold lowered by 0.001 after the lock, and all made to fit: lock, evaluation and votes fall.

    The attacker can evaluate and freeze again, so that all digests and numbers agree; they cannot sign.
    """
    plan = example.device / "plans" / "1.2.0.yaml"
    text = plan.read_text("utf-8")
    assert "threshold: 0.7\n" in text
    plan.write_text(text.replace("threshold: 0.7\n", "threshold: 0.699\n"), "utf-8")
    for name in ("evaluation.json", "manifest.json"):
        (example.device / "releases" / "1.2.0" / name).unlink()
    for command in ("evaluate", "freeze"):
        ran = example.run(command, "1.2.0")
        assert ran.code == 0, ran.out + ran.err
    ran = example.run("check", "--deep", "--format", "json")
    found = ran.json
    assert (ran.code, found["outcome"]) == (1, "refused")
    broken = [finding["message"] for finding in found["findings"] if finding["rule"] == "seal"]
    for path in ("plans/1.2.0.yaml", "releases/1.2.0/evaluation.json", "releases/1.2.0/manifest.json"):
        assert any(f"The file {path} has changed since it was sealed" in message for message in broken), path
    release = next(r for r in found["devices"][0]["releases"] if r["release"] == "1.2.0")
    assert release["status"] != "released"
    locked = [r["outcome"] for r in release["rulings"] if r["rule"] == "criteria-locked-first"]
    assert locked
    assert "met" not in locked


def test_a_rejection_taken_away_is_missed_by_the_trail(example: Project) -> None:
    """Nothing sealed says that a rejection ought to be there; the trail does, and cannot forget it."""
    rejections = sorted((example.device / "seals" / "releases" / "1.1.0-rc1").glob("rejection-*"))
    assert rejections
    for path in rejections:
        path.unlink()
    ran = example.run("verify", "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (1, "failed")
    assert failures(ran.json) == {}
    reasons = " ".join(reason for trail in ran.json["trails"] for reason in trail["reasons"])
    for path in rejections:
        assert f"wrote {path.relative_to(example.device).as_posix()}, which is missing" in reasons


def test_an_evaluation_before_its_lock(example: Project) -> None:
    """An operator who seals all anew, one evaluation a year before its lock: that release is refused.

    The evaluation cannot name a lock that is not made yet, and were it dated back in the log, the log's
    order would tell (see `test_a_lock_dated_after_what_names_it`).
    """
    when = {"releases/1.2.0/evaluation.json": "2024-06-01T09:00:00Z"}
    (example.device / ROOT).write_bytes(resealed(example.device / "seals", example.root / "forger", when))
    rules = ("--rule", "criteria-locked-first", "--rule", "log-order-agrees")
    ran = example.run("check", "--deep", *rules, "--format", "json")
    outcomes = {
        release["release"]: {ruling["rule"]: ruling["outcome"] for ruling in release["rulings"]}
        for release in ran.json["devices"][0]["releases"]
    }
    assert ran.code == 1
    assert outcomes["1.2.0"] == {"criteria-locked-first": "unmet", "log-order-agrees": "unmet"}
    assert outcomes["2.0.0"] == {"criteria-locked-first": "met", "log-order-agrees": "met"}


def test_a_local_root_moved_to_the_public_place(example: Project) -> None:
    """The local domain's root under `trust/public` makes no seal public: none verifies, and why is said."""
    (example.device / "trust" / "local").rename(example.device / "trust" / "public")
    ran = example.run("verify", "--format", "json")
    found = ran.json
    assert (ran.code, found["outcome"]) == (1, "failed")
    assert {seal["domain"] for seal in found["seals"]} == {None}
    reasons = set(failures(found).values())
    assert len(reasons) == 1
    assert "names an authority that is not the public Sigstore's" in reasons.pop()


def test_a_root_swapped_inside_the_archive(archived: tuple[Path, str], tmp_path: Path) -> None:
    """Another root in the archive: the manifest tells; with the manifest rewritten, the seals do."""
    bag = tmp_path / "bag"
    shutil.copytree(archived[0], bag)
    project = Project(tmp_path)
    other = make_operator(tmp_path / "other", datetime.fromisoformat("2023-01-01T00:00:00Z")).root_bytes
    inside = bag / "data" / "evidence" / DEVICE / ROOT
    inside.write_bytes(other)
    ran = project.run("verify", "--archive", "bag", "--format", "json")
    assert ran.code == 1
    wrong = {f["path"]: f["outcome"] for f in ran.json["files"] if f["outcome"] != "verified"}
    assert wrong[f"data/evidence/{DEVICE}/{ROOT}"] == "failed"
    assert wrong.keys() <= {f"data/evidence/{DEVICE}/{ROOT}", "bag-info.txt"}
    restated(bag)
    ran = project.run("verify", "--archive", "bag", "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (1, "failed")
    assert {f["outcome"] for f in ran.json["files"]} == {"verified"}
    assert len(failures(ran.json)) == len(ran.json["seals"]) > 50
    assert all("No trusted root given knows the log" in reason for reason in failures(ran.json).values())


def test_an_archive_sealed_again_by_a_forger_is_not_the_one_in_the_letter(
    archived: tuple[Path, str], tmp_path: Path
) -> None:
    """Root, seals and manifests all made anew hold together: only the values in the letter tell, and they do.

    This is why the digest and the root's SHA-256 go by another way than the archive.
    """
    bag = tmp_path / "bag"
    shutil.copytree(archived[0], bag)
    project = Project(tmp_path)
    before = hashlib.sha256((bag / "data" / "evidence" / DEVICE / ROOT).read_bytes()).hexdigest()
    root = resealed(bag / "data" / "evidence" / DEVICE / "seals", tmp_path / "forger")
    for path in (bag / "data").rglob("trusted_root.json"):
        path.write_bytes(root)
    digest = restated(bag)
    assert digest != archived[1]
    ran = project.run("verify", "--archive", "bag", "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (0, "verified"), ran.out[-2000:]
    notes = " ".join(ran.json["notes"])
    assert f"trusted root local sha256 {hashlib.sha256(root).hexdigest()}" in notes
    assert before not in notes
    pinned = project.run("verify", "--archive", "bag", "--pin", archived[1], "--format", "json")
    assert (pinned.code, pinned.json["outcome"]) == (1, "failed")
    (wrong,) = [f for f in pinned.json["files"] if f["outcome"] != "verified"]
    assert wrong["reason"] == "this is not the archive that was handed over"


@pytest.mark.parametrize("name", ["huge", "deep", "broken"])
def test_one_hostile_seal_stops_nothing_else(example: Project, name: str) -> None:
    """A seal of 100 MB, one of brackets, one that is no JSON: a finding each, and all others are judged."""
    path = example.device / "seals" / "hostile.sigstore.json"
    if name == "huge":
        with path.open("wb") as stream:
            stream.truncate(100 << 20)
    else:
        path.write_bytes({"deep": b"[" * 900_000, "broken": b"\x00\xff"}[name])
    ran = example.run("check", "--format", "json")
    assert ran.code == 1, ran.err
    (finding,) = ran.json["findings"]
    assert finding["rule"] == "seal"
    assert finding["where"]["file"].endswith("seals/hostile.sigstore.json")
    assert len(ran.json["devices"][0]["releases"]) == 5
