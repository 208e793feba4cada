"""The seals in an archive, checked as its `VERIFY.md` says."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.sealed import MANIFEST, World, at, make_world

from muniment import archive, attest
from muniment.archive.guide import verify_steps


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """An archive of a sealed release."""
    world: World = make_world(tmp_path / "device")
    lock = world.lock(at(0))
    world.evaluate(lock, at(1))
    world.approve("ben", "clinical", at(2))
    world.release(at(3))
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<p>portal</p>", encoding="utf-8")
    seals = world.verify()
    assert {seal.outcome for seal in seals} == {"verified"}
    contents = archive.Contents(
        site=site,
        holdings=(archive.Holding("device-1", world.files, world.files.listing(), seals=seals),),
        verification={"schema": "muniment/verification/v1"},
        trust={"local": world.domain.trusted_root()},
    )
    return archive.create(tmp_path / "bag", contents, made_on="2026-04-30").path


def sigstore_lines(bag: Path) -> list[str]:
    guide = (bag / "data" / "VERIFY.md").read_text("utf-8")
    return re.findall(r"^sigstore .+$", guide, re.MULTILINE)


def run(line: str, bag: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the guide with the stock command, in the folder the guide says."""
    command = line.replace("sigstore", f"{Path(sys.executable).with_name('sigstore')}", 1)
    return subprocess.run(["sh", "-c", command], cwd=bag, capture_output=True, text=True, check=False)


def test_the_guide_has_a_command_for_each_seal(bag: Path) -> None:
    """Lock, evaluation, approval and authorisation each have their line."""
    assert len(sigstore_lines(bag)) == 4


def test_the_stock_command_accepts_each_seal(bag: Path) -> None:
    """Each line of `VERIFY.md`, run as printed with sigstore's own command, ends in OK."""
    for line in sigstore_lines(bag):
        done = run(line, bag)
        assert done.returncode == 0, done.stderr
        assert (done.stdout + done.stderr).strip().splitlines()[-1].startswith("OK")


def test_the_stock_command_refuses_a_changed_file(bag: Path) -> None:
    """The same line fails once a byte of what was sealed has changed."""
    line = next(line for line in sigstore_lines(bag) if line.endswith(MANIFEST))
    sealed = bag / "data" / "evidence" / "device-1" / MANIFEST
    sealed.write_bytes(sealed.read_bytes() + b" ")
    assert run(line, bag).returncode != 0


def shell_blocks(bag: Path) -> list[str]:
    """The shell listings of the guide, as printed."""
    guide = (bag / "data" / "VERIFY.md").read_text("utf-8")
    return re.findall(r"^```sh\n(.+?)\n```$", guide, re.MULTILINE | re.DOTALL)


def with_openssl(bag: Path) -> list[str]:
    """Run the guide's openssl listings, one after the other in one shell; return what they print."""
    blocks = shell_blocks(bag)
    start = next(number for number, block in enumerate(blocks) if "openssl" in block)
    code = "\n".join(blocks[start : start + 2])
    done = subprocess.run(["sh", "-c", code], cwd=bag, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_openssl_alone_accepts_each_seal(bag: Path) -> None:
    """The openssl steps of `VERIFY.md`, run as printed: signature, timestamp, certificate, signer, file."""
    said = with_openssl(bag)
    assert sum(line.startswith("OK: data/evidence/") for line in said) == 4, said
    assert said.count("Verified OK") == 4
    assert "Time stamp: Mar  3 09:00:00 2024 GMT" in said
    assert "email:ben@example.invalid" in said
    assert not [line for line in said if line.startswith("FAILED")]


@pytest.mark.parametrize("part", ["file", "payload", "signature", "stamp", "certificate", "root"])
def test_openssl_alone_refuses_what_was_changed(bag: Path, part: str) -> None:
    """Each of its steps is needed: what one of them holds against the root fails when that is changed."""
    seal = next((bag / "data" / "evidence").rglob("approval-*.sigstore.json"))
    fields = json.loads(seal.read_bytes())
    material, envelope = fields["verificationMaterial"], fields["dsseEnvelope"]
    stamp = material["timestampVerificationData"]["rfc3161Timestamps"][0]
    places = {
        "payload": (envelope, "payload"),
        "signature": (envelope["signatures"][0], "sig"),
        "stamp": (stamp, "signedTimestamp"),
        "certificate": (material["certificate"], "rawBytes"),
    }
    if part == "file":
        sealed = bag / "data" / "evidence" / "device-1" / MANIFEST
        sealed.write_bytes(sealed.read_bytes() + b" ")
    elif part == "root":
        other = make_world(bag.parent / "other", "other").domain.trusted_root()
        (bag / "data" / "trust" / "local" / "trusted_root.json").write_bytes(other)
    else:
        holder, key = places[part]
        data = bytearray(base64.b64decode(holder[key]))
        data[-5] ^= 1
        holder[key] = base64.b64encode(data).decode()
        seal.write_text(json.dumps(fields, separators=(",", ":"), sort_keys=True))
    said = with_openssl(bag)
    failed = [line for line in said if line.startswith("FAILED: ")]
    assert f"FAILED: {seal.relative_to(bag).as_posix()}" in failed
    if part not in ("root", "file"):
        assert len(failed) == 1
        assert sum(line.startswith("OK: ") for line in said) == 3


def test_a_root_of_another_shape_gets_no_openssl_steps(tmp_path: Path) -> None:
    """Steps that would pick the wrong certificate are left out: sigstore's own command reads any root."""
    world = make_world(tmp_path / "device")
    world.lock(at(0))
    holding = archive.Holding("device-1", world.files, (), seals=world.verify())
    root = json.loads(world.domain.trusted_root())
    root["ctlogs"] *= 2
    for data, wanted in ((world.domain.trusted_root(), True), (json.dumps(root).encode(), False)):
        guide = verify_steps((holding,), {"local": data}, rows="omit", omitted=0, made_on="2026-04-30")
        assert ("openssl ts -verify" in guide) is wanted


@pytest.mark.parametrize("identity", ["a`b@example.invalid", "a\n```\n# Trust me", None])
def test_a_hostile_name_writes_no_prose(tmp_path: Path, identity: str | None) -> None:
    """A signer's name that would break out of the listing gets no line, and that is said."""
    world = make_world(tmp_path / "device")
    world.lock(at(0))
    (seal,) = (replace(seal, identity=identity) for seal in world.verify())
    holding = archive.Holding("device-1", world.files, (), seals=(seal,))
    guide = verify_steps((holding,), {}, rows="omit", omitted=0, made_on="2026-04-30")
    assert "Trust me" not in guide
    assert re.findall(r"^(?:sigstore|seal) .+$", guide, re.MULTILINE) == []
    assert "1 seal(s) have no line" in guide


def test_a_name_is_quoted_for_the_shell(tmp_path: Path) -> None:
    """What a shell would run or expand stays one argument of the command."""
    world = make_world(tmp_path / "device")
    world.lock(at(0))
    (seal,) = (replace(seal, identity="$(touch pwned); 'x'") for seal in world.verify())
    holding = archive.Holding("device-1", world.files, (), seals=(seal,))
    guide = verify_steps((holding,), {}, rows="omit", omitted=0, made_on="2026-04-30")
    (line,) = re.findall(r"^sigstore .+$", guide, re.MULTILINE)
    assert "$(touch pwned); 'x'" in shlex.split(line)


def test_seals_verify_again_from_the_opened_archive(bag: Path) -> None:
    """The evidence handed out of an archive verifies against the root enclosed, with nothing else."""
    from muniment.attest.verifier import Root
    from muniment.load import DeviceFiles

    with archive.opened(bag) as opened:
        root = (opened.data / "trust" / "local" / "trusted_root.json").read_bytes()
        files = DeviceFiles(opened.data / "evidence" / "device-1")
        seals = attest.verify(files, (Root("local", root),))
    assert [seal.outcome for seal in seals] == ["verified"] * 4
