"""A regulator's snapshot, made and verified at the command line."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from support.project import Project


@pytest.fixture(scope="module")
def snapshot(pristine: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the whole example, as `muniment archive create` writes it."""
    target = tmp_path_factory.mktemp("snapshot") / "prognosis-180.zip"
    ran = pristine.run("archive", "create", "-o", str(target))
    assert ran.code == 0, ran.out + ran.err
    assert "bag digest sha256 " in ran.out
    return target


def test_a_snapshot_verifies(pristine: Project, snapshot: Path) -> None:
    """Every file is the file stated, every seal verifies, and the pins to compare are printed."""
    ran = pristine.run("verify", "--archive", str(snapshot), "--format", "json")
    found = ran.json
    assert (ran.code, found["outcome"]) == (0, "verified"), ran.out[-2000:] + ran.err
    assert len(found["seals"]) >= 50
    assert any("trusted root local sha256" in note for note in found["notes"])


def test_the_letter_pins_the_snapshot(pristine: Project, snapshot: Path) -> None:
    """The digest that was printed is accepted; another one fails, though every file holds."""
    notes = pristine.run("verify", "--archive", str(snapshot), "--format", "json").json["notes"]
    digest = next(note for note in notes if note.startswith("bag digest")).split()[3].rstrip(";")
    assert pristine.run("verify", "--archive", str(snapshot), "--pin", digest).code == 0
    assert pristine.run("verify", "--archive", str(snapshot), "--pin", "0" * 64).code != 0


def test_no_rows_travel_by_default(snapshot: Path) -> None:
    """Row-level tables stay at home, and their digests are listed."""
    with zipfile.ZipFile(snapshot) as bag:
        names = bag.namelist()
        omitted = next(bag.read(name) for name in names if name.endswith("data/omitted.json"))
    assert not [name for name in names if name.endswith(".parquet")]
    assert b"releases/2.0.0/predictions.parquet" in omitted


def test_the_standard_tool_agrees(snapshot: Path, tmp_path: Path) -> None:
    """`sha256sum -c` on the unpacked bag, as the enclosed instructions say."""
    with zipfile.ZipFile(snapshot) as bag:
        bag.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(
            ["sha256sum", "--quiet", "-c", manifest], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_one_changed_byte_is_found(pristine: Project, snapshot: Path, tmp_path: Path) -> None:
    """A page edited inside the snapshot fails, and is named."""
    with zipfile.ZipFile(snapshot) as bag:
        bag.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    page = next((folder / "data").rglob("evaluation.html"))
    page.write_bytes(page.read_bytes().replace(b"0.797", b"0.897"))
    ran = pristine.run("verify", "--archive", str(folder))
    assert ran.code == 1
    assert "evaluation.html" in ran.out


def test_a_snapshot_is_renewed_where_there_is_no_evidence(snapshot: Path, tmp_path: Path) -> None:
    """Ten years on somebody has the file alone: they stamp it, and anybody verifies both."""
    shutil.copy(snapshot, tmp_path)
    alone, domain = Project(tmp_path), str(tmp_path / "domain")
    made = alone.run(
        "trust", "init", "--unattended", "--at", "2036-01-01T00:00:00Z", "--trust-folder", domain
    )
    assert made.code == 0, made.err
    renew = ("archive", "renew", snapshot.name, "--trust-folder", domain)
    ran = alone.run(*renew, "--at", "2036-04-30T00:00:00Z")
    assert ran.code == 0, ran.err
    assert "at 2036-04-30T00:00:00Z by CN=time-stamping root" in ran.out
    assert alone.run(*renew, "--at", "2036-04-01T00:00:00Z").code == 2
    folder = tmp_path / f"{snapshot.name}.renewals"
    verify = ("verify", "--archive", snapshot.name, "--as-of", "2036-05-01")
    found = alone.run(*verify, "--authority", str(folder / "0001.pem"), "--format", "json").json
    assert found["outcome"] == "verified"
    assert [(each["outcome"], each["time"]) for each in found["renewals"]] == [
        ("verified", "2036-04-30T00:00:00Z")
    ]
    shown = alone.run(*verify)
    assert f"{snapshot.name}.renewals/0001.tsr  renewal of the whole archive" in shown.out
    assert "compare them with the authority's own" in shown.out
    # The commands that are printed are those that anybody has.
    with zipfile.ZipFile(snapshot) as bag:
        bag.extractall(tmp_path / "x")
    (unpacked,) = (tmp_path / "x").iterdir()
    unpacked = unpacked.rename(tmp_path / "unpacked")
    lines = [line.strip() for line in ran.out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == ["sha512sum", "openssl"]
    for line in lines:
        done = subprocess.run(line.split(), cwd=unpacked, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    (folder / "0001.tsr").write_bytes(b"x")
    broken = alone.run(*verify)
    assert broken.code == 1
    assert "FAILED" in broken.out


def test_a_renewal_is_asked_for_in_two_steps(snapshot: Path, tmp_path: Path) -> None:
    """The query is written for somebody else; options that do not go together are told."""
    shutil.copy(snapshot, tmp_path)
    alone = Project(tmp_path)
    ran = alone.run("archive", "renew", snapshot.name, "--query", "q.tsq")
    assert ran.code == 0, ran.err
    told = subprocess.run(
        ["openssl", "ts", "-query", "-in", "q.tsq", "-text"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Hash Algorithm: sha512" in told.stdout
    assert not (tmp_path / f"{snapshot.name}.renewals").exists()
    for wrong in (
        ("--reply", "q.tsq"),
        ("--authority", "q.tsq"),
        ("--query", "q2.tsq", "--reply", "q.tsq", "--authority", "q.tsq"),
        ("--query", "q2.tsq", "--at", "2036-01-01T00:00:00Z"),
        ("--reply", "missing.tsr", "--authority", "q.tsq"),
        ("--reply", "q.tsq", "--authority", "q.tsq"),
    ):
        ran = alone.run("archive", "renew", snapshot.name, *wrong)
        assert ran.code == 2, wrong
        assert ran.err.startswith("error: "), wrong


def test_two_snapshots_are_the_same_bytes(pristine: Project, snapshot: Path, tmp_path: Path) -> None:
    """Same evidence, same archive, to the byte."""
    again = tmp_path / snapshot.name
    assert pristine.run("archive", "create", "-o", str(again)).code == 0
    assert again.read_bytes() == snapshot.read_bytes()


def test_an_existing_file_is_not_overwritten(pristine: Project, snapshot: Path) -> None:
    """A snapshot already handed over is never replaced."""
    before = snapshot.read_bytes()
    assert pristine.run("archive", "create", "-o", str(snapshot)).code == 2
    assert snapshot.read_bytes() == before
