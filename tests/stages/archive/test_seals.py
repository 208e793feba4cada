"""The seals in an archive, checked as its `VERIFY.md` says."""

from __future__ import annotations

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


@pytest.mark.parametrize("identity", ["a`b@example.invalid", "a\n```\n# Trust me", None])
def test_a_hostile_name_writes_no_prose(tmp_path: Path, identity: str | None) -> None:
    """A signer's name that would break out of the listing gets no line, and that is said."""
    world = make_world(tmp_path / "device")
    world.lock(at(0))
    (seal,) = (replace(seal, identity=identity) for seal in world.verify())
    holding = archive.Holding("device-1", world.files, (), seals=(seal,))
    guide = verify_steps((holding,), {}, rows="omit", omitted=0, made_on="2026-04-30")
    assert "Trust me" not in guide
    assert re.findall(r"^sigstore .+$", guide, re.MULTILINE) == []
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
