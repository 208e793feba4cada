"""Signing and verifying a model folder at the command line, and a release whose model is one."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from support.project import CHECKOUT, Project

ADA = "ines.sandoval@example.invalid"
OTHER = "chidi.okafor@example.invalid"
AT = ("--at", "2024-01-02T09:00:00Z", "--trust-folder", "domain")
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@pytest.fixture
def project(example: Project) -> Project:
    """The example before anybody signed anything, with a domain and a model folder."""
    for name in ("seals", "trust", "trail"):
        shutil.rmtree(example.device / name, ignore_errors=True)
    begun = ("--trust-folder", "domain", "--at", "2024-01-01T00:00:00Z")
    assert example.run("trust", "init", "--unattended", *begun).code == 0
    folder = example.device / "releases/1.0.0/model"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "w.bin").write_bytes(b"\1" * 100_000)
    (folder / "config.json").write_text("{}")
    return example


def model(project: Project) -> Path:
    return project.device / "releases/1.0.0/model"


def sign(project: Project, *more: str) -> str:
    ran = project.run("model", "sign", str(model(project)), "--as", ADA, *AT, *more)
    assert ran.code == 0, ran.err
    return ran.out


def test_a_folder_is_signed_and_verified(project: Project) -> None:
    """The signature stands on the trail, and holds for whom one expects, while nothing changes."""
    assert "signed 2 files" in sign(project)
    check = ("model", "verify", str(model(project)), "--trust-folder", "domain", "--identity")
    fine = project.run(*check, ADA, "--format", "json")
    assert fine.code == 0
    assert fine.json["outcome"] == "verified"
    schema = json.loads((CHECKOUT / "schemas/outputs/model.v1.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(fine.json)
    entry = project.run("trail", "--format", "json").json["devices"][0]["entries"][-1]
    assert (entry["command"], entry["who"], list(entry["wrote"])) == (
        "model sign",
        ADA,
        ["releases/1.0.0/model/model.sig"],
    )
    assert f"It was signed by {ADA}, and {OTHER} was expected." in project.run(*check, OTHER).out
    (model(project) / "config.json").write_text("[]")
    changed = project.run(*check, ADA)
    assert changed.code == 1
    assert "FAILED config.json: failed" in changed.out


def test_a_signature_is_not_written_over(project: Project) -> None:
    """A model that was signed is signed anew on purpose only."""
    sign(project)
    again = project.run("model", "sign", str(model(project)), "--as", ADA, *AT)
    assert again.code == 2
    assert "--replace" in again.err
    sign(project, "--replace")


def test_mistakes_are_told_in_one_line(project: Project, tmp_path: Path) -> None:
    """No folder, no signature, no address, no root: each says what to do, and nothing is written."""
    for args, says in (
        (("sign", "nowhere", "--as", ADA, *AT), "nowhere is not a folder"),
        (("sign", str(model(project)), "--as", "p-sandoval", *AT), "is no e-mail address"),
        (("verify", str(model(project)), "--identity", ADA, "--trust-folder", "domain"), "cannot be read"),
        (
            ("verify", str(model(project)), "--identity", ADA, "--trusted-root", "none.json"),
            "no trusted root",
        ),
        (("verify", str(model(project)), "--identity", ADA, "--domain", "public"), "root"),
    ):
        ran = project.run("model", *args)
        assert ran.code == 2, args
        assert says in ran.err
        assert "Traceback" not in ran.err
    assert not (model(project) / "model.sig").exists()


def test_a_release_may_name_a_folder_by_its_signature(project: Project) -> None:
    """`verify` holds every file to the signature that the release names, and its signer to the roster."""
    assert project.run("trust", "show", "--publish", "--trust-folder", "domain").code == 0
    sign(project)
    signature = model(project) / "model.sig"
    release = project.device / "releases/1.0.0/release.yaml"
    digest = hashlib.sha256(signature.read_bytes()).hexdigest()
    text = re.sub(
        r'    path: releases/1.0.0/model.json\n    sha256: "[0-9a-f]{64}"\n    media_type: [a-z/]+\n',
        f'    path: releases/1.0.0/model/model.sig\n    sha256: "{digest}"\n    media_type: {BUNDLE}\n',
        release.read_text("utf-8"),
        count=1,
    )
    assert digest in text
    release.write_text(text, "utf-8")

    def found() -> tuple[str, str, str]:
        told = project.run("verify", "1.0.0", "--format", "json").json
        (seal,) = [seal for seal in told["seals"] if seal["file"].endswith("model.sig")]
        (file,) = [file for file in told["files"] if file["path"].endswith("w.bin")]
        return seal["outcome"], seal["reason"], file["outcome"]

    assert found() == ("verified", "", "verified")
    (model(project) / "weights" / "w.bin").write_bytes(b"\2")
    outcome, reason, file = found()
    assert (outcome, file) == ("failed", "failed")
    assert "weights/w.bin is another file than was signed" in reason
