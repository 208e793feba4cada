"""SLSA's statements of a release: they say what run record and verdict say, and no more."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.sealed import unattended_pen

from muniment import attest
from muniment.errors import UsageError
from muniment.pipeline import attesting, pens
from muniment.pipeline.judging import trusted_roots
from muniment.pipeline.policies import pack_digest
from muniment.pipeline.request import Doors, Request, request
from muniment.pipeline.survey import survey
from support.project import CHECKOUT, DEVICE


@pytest.fixture
def project(tmp_path: Path) -> Request:
    """The example before anybody signed anything, and a domain."""
    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    for name in ("seals", "trust", "trail"):
        shutil.rmtree(tmp_path / "evidence" / DEVICE / name, ignore_errors=True)
    at = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    attest.create_domain(tmp_path / "domain", name="test", at=at, unattended=True)
    return request(Doors(today=datetime.date.today), start=tmp_path)


def hand(project: Request, who: str, role: str) -> pens.Hand:
    at = datetime.datetime(2024, 2, 1, 9, tzinfo=datetime.UTC)
    return pens.Hand(who, role, at, unattended_pen(project.root / "domain"))


def verified(project: Request) -> Any:
    device = survey(project).devices[0]
    (seal,) = attest.verify(device.files, trusted_roots(device, project))
    assert (seal.outcome, seal.reason) == ("verified", "")
    assert attest.read_trail(device.files, (seal,)).problems == ()
    return seal


def test_provenance_names_every_file_of_the_run(project: Request) -> None:
    """Subjects are what the run wrote, dependencies what it ran and read, each with its bytes' digest."""
    attesting.seal_provenance(project, "1.0.0", hand(project, "p-okafor", "engineering"))
    seal = verified(project)
    assert seal.predicate_type == "https://slsa.dev/provenance/v1"
    assert seal.file.startswith("seals/runs/1.0.0/provenance-")
    run = survey(project).devices[0].records["runs/1.0.0"].body
    outputs = {file["path"] for file in run["outputs"]}
    assert set(seal.subjects) == {path for path in outputs if not path.endswith(".parquet")}
    assert set(seal.subjects) < outputs
    folder = project.evidence / DEVICE
    named = {}
    for each in seal.predicate["buildDefinition"]["resolvedDependencies"]:
        named[each["name"]] = each["digest"]["sha256"]
    expected = {"runs/1.0.0.yaml", run["environment"]["lockfile"]["path"]}
    expected |= {file["path"] for key in ("code", "inputs") for file in run[key]}
    assert set(named) == expected
    for path, digest in (*named.items(), *seal.subjects.items()):
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest
    assert seal.predicate["buildDefinition"]["externalParameters"]["argv"] == run["argv"]
    assert (seal.extra["role"], seal.extra["meaning"]) == ("engineering", "verification")


def test_provenance_of_other_files_is_not_sealed(project: Request) -> None:
    """A run whose inputs are no longer there as recorded gets no provenance."""
    path = project.evidence / DEVICE / "pipeline/requirements.lock"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(UsageError, match=r"requirements\.lock is not the file"):
        attesting.seal_provenance(project, "runs/1.0.0", hand(project, "p-okafor", "engineering"))


def test_a_verdict_is_what_the_policies_said(project: Request) -> None:
    """A release that a rule holds back is FAILED in SLSA's words, under the packs that judged it."""
    attesting.seal_verdict(project, "1.0.0", hand(project, "p-lindholm", "verification"))
    seal = verified(project)
    assert seal.predicate_type == "https://slsa.dev/verification_summary/v1"
    assert seal.predicate["verificationResult"] == "FAILED"
    assert seal.predicate["verifiedLevels"] in (("MUNIMENT_HELD",), ("MUNIMENT_REFUSED",))
    assert seal.predicate["policy"]["digest"]["sha256"] == pack_digest(project)
    assert seal.predicate["policy"]["uri"].startswith("urn:muniment:packs:core@")
    assert set(seal.subjects) == {"releases/1.0.0/manifest.json"}


def test_the_digest_of_packs_can_be_had_with_sha256sum(project: Request) -> None:
    """Anybody can come to the digest of the packs with two standard programs."""
    program = "find core -name '*.yaml' -not -path '*/cases/*' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    done = subprocess.run(
        ["sh", "-c", program], cwd=CHECKOUT / "policies", capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] == pack_digest(project)
