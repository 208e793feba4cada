"""Sealed, read, verified: what comes back is what was meant."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.support.sealed import MANIFEST, World, at, make_world

from muniment import attest
from muniment.archive.guide import client_trust_config
from muniment.attest.verifier import Root


def seal_all(world: World) -> None:
    lock = world.lock(at(0))
    world.evaluate(lock, at(1))
    world.approve("ben", "clinical", at(2))
    world.approve("dee", "quality", at(2, 5), meaning="quality_approval")
    world.release(at(3))
    record = attest.record(
        "releases/1.0.0/release.yaml",
        world.digest("releases/1.0.0/release.yaml"),
        meaning="authorship",
        signer=attest.Signer("Ada Lindqvist", "ada@example.invalid", "author", at(4)),
    )
    world.seal(record)


def test_every_kind_of_seal_verifies(world: World) -> None:
    """What the local domain seals, sigstore's own verifier accepts, with the record's date as its time."""
    seal_all(world)
    seals = world.verify()
    assert [seal.outcome for seal in seals] == ["verified"] * 6, [seal.reason for seal in seals]
    approval = next(seal for seal in seals if seal.predicate.get("role") == "clinical")
    assert approval.identity == "ben@example.invalid"
    assert approval.issuer == "https://example.muniment.invalid"
    assert (approval.domain, approval.time, approval.time_source) == (
        "local",
        "2024-03-03T09:00:00Z",
        "rfc3161",
    )
    assert approval.log_index == 3  # after the log's own first entry, the lock and the evaluation
    assert approval.extra["printed_name"] == "Ben Okafor"
    assert dict(approval.subjects) == {MANIFEST: world.digest(MANIFEST)}


def test_reading_states_what_the_statement_says_and_no_more(world: World) -> None:
    """A seal that was only read claims no domain, issuer or place in a log."""
    seal_all(world)
    seals = attest.read(world.files)
    assert {seal.outcome for seal in seals} == {"recorded"}
    assert {(seal.domain, seal.issuer, seal.log_index, seal.time_source) for seal in seals} == {
        (None, None, None, "statement")
    }
    verified = world.verify()
    assert [(s.file, s.sha256, s.identity, s.time) for s in seals] == [
        (s.file, s.sha256, s.identity, s.time) for s in verified
    ]


def test_file_names_follow_from_the_statements(world: World) -> None:
    """A seal's place is a function of its statement, so no seal can be counted under two names."""
    seal_all(world)
    world.approve("dee", "quality", at(5), decision="reject", meaning="rejection")
    folders = sorted((path.parent.as_posix(), path.name.rsplit("-", 1)[0]) for path in _seals(world))
    assert folders == [
        ("seals/plans/1", "plan-lock"),
        ("seals/releases/1.0.0", "approval"),
        ("seals/releases/1.0.0", "approval"),
        ("seals/releases/1.0.0", "evaluation"),
        ("seals/releases/1.0.0", "record"),
        ("seals/releases/1.0.0", "rejection"),
        ("seals/releases/1.0.0", "release"),
    ]


def _seals(world: World) -> list[Path]:
    return [path.relative_to(world.folder) for path in world.folder.rglob("*.sigstore.json")]


def test_no_seals_is_no_seals(world: World) -> None:
    """An empty folder yields nothing, which no caller can take for an approval."""
    assert attest.read(world.files) == ()
    assert world.verify() == ()


def test_sealing_and_verifying_open_no_socket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local domain and the verifier work with the network forbidden, not merely absent."""

    def no_network(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    seal_all(world)
    assert {seal.outcome for seal in world.verify()} == {"verified"}


def test_the_stock_sigstore_command_verifies_a_local_bundle(world: World, tmp_path: Path) -> None:
    """Whoever does not trust this program verifies with sigstore's own, offline."""
    bundle = world.approve("ben", "clinical", at(2))
    config = tmp_path / "config.json"
    config.write_bytes(client_trust_config(world.domain.trusted_root()))

    def stock(identity: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sigstore", "--trust-config", str(config), "verify", "identity"]
        options = ["--offline", "--bundle", str(bundle), "--cert-identity", identity]
        issuer = ["--cert-oidc-issuer", world.domain.issuer, str(world.folder / MANIFEST)]
        return subprocess.run([*command, *options, *issuer], capture_output=True, text=True, check=False)

    good = stock("ben@example.invalid")
    assert good.returncode == 0, good.stderr
    assert "OK:" in good.stderr
    assert stock("dee@example.invalid").returncode != 0


def test_reading_imports_neither_sigstore_nor_cryptography() -> None:
    """`check` reads seals, and must stay fast: the heavy libraries come with `verify` only."""
    code = (
        "import sys\nfrom muniment.attest import read\nimport muniment.attest.reader\n"
        "assert callable(read)\n"
        "heavy = {'sigstore', 'cryptography', 'requests', 'pydantic', 'rfc3161_client'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr


def test_verifying_is_quick(world: World) -> None:
    """One verifier serves all seals of a domain: a few milliseconds each, not a library start each."""
    for minute in range(40):
        world.approve("dee", "quality", at(0, minute), meaning="quality_approval")
    world.verify()
    start = time.perf_counter()
    seals = world.verify()
    elapsed = time.perf_counter() - start
    assert len(seals) == 40
    assert elapsed / 40 < 0.05  # about 3 ms on a quiet machine


def test_two_domains_are_told_apart_by_the_root_that_verifies(world: World, tmp_path: Path) -> None:
    """The domain of a seal is that of the root which verified it; roots are given apart."""
    other = make_world(tmp_path / "other", name="other")
    world.approve("ben", "clinical", at(2))
    roots = (Root("private", other.domain.trusted_root()), world.root)
    assert world.verify_one(*roots).domain == "local"
    assert world.verify_one(*reversed(roots)).domain == "local"


def test_statement_bytes_are_canonical(world: World) -> None:
    """The same facts give the same bytes: sorted keys, no spaces, UTF-8."""
    one = world.approval("ben", "clinical", at(2))
    assert one == world.approval("ben", "clinical", at(2))
    assert (
        one == json.dumps(json.loads(one), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )
