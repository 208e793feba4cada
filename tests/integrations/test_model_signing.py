"""Model signatures of ours, and OpenSSF's own `model-signing`: each accepts what the other made."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from muniment import attest

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = CHECKOUT / "build" / "integrations" / "bin" / "python"
WHO = "ada@example.invalid"
AT = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.integration

STATEMENT = """
import sys
from google.protobuf import json_format
from model_signing import hashing
from model_signing._signing.signing import Payload
paths = [sys.argv[2]] if len(sys.argv) > 2 else []
manifest = hashing.Config().set_ignored_paths(paths=paths).hash(sys.argv[1])
print(json_format.MessageToJson(Payload(manifest).statement.pb))
"""
"""Writes the statement that `model-signing` would sign."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Names that sort one way as text and another as paths, folders, an empty file, a large one."""
    folder = tmp_path / "model"
    for name, data in {
        "a/b": b"b",
        "a.txt": b"a",
        "a-b/c": b"c",
        "z": b"",
        "weights/größe.bin": bytes(range(256)) * 20_000,
        ".gitattributes": b"*.bin filter=lfs\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def domain(tmp_path: Path) -> attest.LocalDomain:
    return attest.create_domain(tmp_path / "domain", name="models", at=AT, unattended=True)


def theirs(folder: Path, domain: attest.LocalDomain) -> subprocess.CompletedProcess[str]:
    """Verify with the stock command, given the local domain's trusted root."""
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(domain.trusted_root()),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            **{key: [] for key in ("caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls")},
            **{key: {"selector": "ANY"} for key in ("rekorTlogConfig", "tsaConfig")},
        },
    }
    file = folder.parent / "trust_config.json"
    file.write_text(json.dumps(config))
    command = [
        *(str(PYTHON), "-m", "model_signing", "verify", "sigstore", str(folder)),
        *("--signature", str(folder / "model.sig"), "--trust_config", str(file)),
        *("--identity", WHO, "--identity_provider", domain.issuer),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def seal(domain: attest.LocalDomain, statement: bytes) -> bytes:
    return domain.seal(statement, identity=attest.Identity(WHO, domain.issuer), at=AT)


def ours(folder: Path, domain: attest.LocalDomain) -> attest.VerifiedModel:
    return attest.verify_model(folder, folder / "model.sig", (attest.Root("local", domain.trusted_root()),))


def test_their_program_accepts_our_signature(model: Path, domain: attest.LocalDomain) -> None:
    """What we signed verifies with the stock command; a changed, added or missing file does not."""
    signature = model / "model.sig"
    signature.write_bytes(attest.sign_model(model, signature, partial(seal, domain))[0])
    done = theirs(model, domain)
    assert done.returncode == 0, done.stdout + done.stderr
    (model / "a.txt").write_bytes(b"A")
    assert "Hash mismatch for 'a.txt'" in theirs(model, domain).stderr
    (model / "a.txt").write_bytes(b"a")
    (model / "extra").write_bytes(b"")
    assert "Extra files found" in theirs(model, domain).stderr
    (model / "extra").unlink()
    (model / "z").unlink()
    assert "Missing files" in theirs(model, domain).stderr


def test_we_accept_their_statement(model: Path, domain: attest.LocalDomain) -> None:
    """The statement their program makes of a folder, in its own order and layout, verifies with ours."""
    made = subprocess.run(
        [str(PYTHON), "-c", STATEMENT, str(model), "model.sig"], capture_output=True, check=True
    )
    (model / "model.sig").write_bytes(seal(domain, made.stdout))
    found = ours(model, domain)
    assert (found.seal.outcome, found.seal.reason) == ("verified", "")
    assert len(found.files) == 5
    assert ".gitattributes" in found.ignored
    (model / "a/b").write_bytes(b"B")
    assert "a/b is another file than was signed" in ours(model, domain).seal.reason


def test_both_come_to_the_same_digest(model: Path, domain: attest.LocalDomain) -> None:
    """One model has one digest, whoever computes it."""
    made = subprocess.run([str(PYTHON), "-c", STATEMENT, str(model)], capture_output=True, check=True)
    signature = model / "model.sig"
    bundle, _ = attest.sign_model(model, signature, partial(seal, domain))
    signature.write_bytes(bundle)
    assert dict(ours(model, domain).seal.subjects) == {
        "model": json.loads(made.stdout)["subject"][0]["digest"]["sha256"]
    }
