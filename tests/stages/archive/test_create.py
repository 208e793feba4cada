"""Making an archive."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from muniment import archive
from muniment.archive.guide import client_trust_config
from muniment.errors import UnreadableInput, UsageError

MADE_ON = "2026-04-30"


def independently_valid(bag: Path) -> bool:
    """RFC 8493 validity (section 3), written again from the RFC without our code."""
    if (bag / "bagit.txt").read_text() != "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
        return False
    everything = {p.relative_to(bag).as_posix() for p in bag.rglob("*") if p.is_file()}
    listed = set()
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in (bag / name).read_text(encoding="utf-8").splitlines():
            digest, _, path = line.partition("  ")
            listed.add(path)
            if hashlib.sha256((bag / path).read_bytes()).hexdigest() != digest:
                return False
    payload = [bag / path for path in everything if path.startswith("data/")]
    oxum = f"Payload-Oxum: {sum(p.stat().st_size for p in payload)}.{len(payload)}"
    return oxum in (bag / "bag-info.txt").read_text() and listed == everything - {"tagmanifest-sha256.txt"}


def test_a_bag_is_valid_to_others(contents: archive.Contents, tmp_path: Path) -> None:
    """A bag we write is a bag to a checker of twenty lines and to `sha256sum -c`."""
    made = archive.create(tmp_path / "bag", contents, made_on=MADE_ON)
    assert independently_valid(made.path)
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(["sha256sum", "--strict", "-c", manifest], cwd=made.path, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_independent_checker_can_say_no(contents: archive.Contents, tmp_path: Path) -> None:
    """The checker above is not a rubber stamp: a changed byte and an extra file are seen."""
    made = archive.create(tmp_path / "bag", contents, made_on=MADE_ON)
    (made.path / "data" / "extra.txt").write_text("extra")
    assert not independently_valid(made.path)
    (made.path / "data" / "extra.txt").unlink()
    (made.path / "data" / "VERIFY.md").write_text("changed")
    assert not independently_valid(made.path)


def test_row_level_tables_stay_out_but_on_record(contents: archive.Contents, tmp_path: Path) -> None:
    """By default no row of a patient travels, and the digest of what was left out does."""
    made = archive.create(tmp_path / "bag", contents, made_on=MADE_ON)
    stored = {p.relative_to(made.path).as_posix() for p in made.path.rglob("*")}
    assert not any(path.endswith((".parquet", ".list")) for path in stored)
    listed = json.loads((made.path / "data" / "omitted.json").read_text())["files"]
    assert [(entry["device"], entry["path"]) for entry in listed] == [
        ("device-1", "data/members.list"),
        ("device-1", "releases/1.0.0/predictions.parquet"),
    ]
    rows = b"PAR1 rows of people PAR1"
    assert listed[1]["sha256"] == hashlib.sha256(rows).hexdigest()
    assert listed[1]["size"] == len(rows)
    assert made.omitted == 2


def test_rows_travel_when_asked(contents: archive.Contents, tmp_path: Path) -> None:
    """`rows="include"` archives the tables byte for byte and omits nothing."""
    made = archive.create(tmp_path / "bag", contents, made_on=MADE_ON, rows="include")
    table = made.path / "data/evidence/device-1/releases/1.0.0/predictions.parquet"
    assert table.read_bytes() == b"PAR1 rows of people PAR1"
    assert made.omitted == 0
    assert json.loads((made.path / "data" / "omitted.json").read_text())["files"] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/predictions.parquet", True),
        ("a/rows.CSV", True),
        ("rows.csv.gz", True),
        ("rows.csv.zst", True),
        ("export.zip", True),
        ("releases/1.0.0/release.yaml", False),
        ("evaluation.json", False),
        ("csv", False),
        ("model.json.gz", False),
    ],
)
def test_row_level_by_suffix(path: str, expected: bool) -> None:
    """What may hold rows is decided by the suffix, under any compression and in any case."""
    assert archive.is_row_level(path) is expected


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_single_file_archives_are_deterministic(
    contents: archive.Contents, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal contents give equal bytes whatever the folder, clock, mode bits, mtime and time zone."""
    first = archive.create(tmp_path / f"bag{suffix}", contents, made_on=MADE_ON)
    (tmp_path / "else").mkdir()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    os.utime(contents.site / "index.html", (1, 1))
    (contents.site / "index.html").chmod(0o600)
    second = archive.create(tmp_path / "else" / f"bag{suffix}", contents, made_on=MADE_ON)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_one_digest_for_all_three_forms(contents: archive.Contents, tmp_path: Path) -> None:
    """The digest a handover letter quotes does not depend on how the bag is wrapped."""
    digests = {
        archive.create(tmp_path / name, contents, made_on=MADE_ON).digest for name in ("a", "b.zip", "c.tar")
    }
    assert len(digests) == 1
    tag_manifest = (tmp_path / "a" / "tagmanifest-sha256.txt").read_bytes()
    assert digests == {hashlib.sha256(tag_manifest).hexdigest()}


def test_single_files_unpack_to_the_bag(contents: archive.Contents, tmp_path: Path) -> None:
    """Stock `zip` and `tar` readers find one top folder, and in it a valid bag."""
    with zipfile.ZipFile(archive.create(tmp_path / "z.zip", contents, made_on=MADE_ON).path) as zipped:
        zipped.extractall(tmp_path / "from-zip")
    with tarfile.open(archive.create(tmp_path / "t.tar", contents, made_on=MADE_ON).path) as tarred:
        tarred.extractall(tmp_path / "from-tar", filter="data")
    assert independently_valid(tmp_path / "from-zip" / "z")
    assert independently_valid(tmp_path / "from-tar" / "t")


def test_the_guide_names_roots_and_commands(contents: archive.Contents, tmp_path: Path) -> None:
    """`VERIFY.md` quotes the digest of each trusted root and the command of each step."""
    made = archive.create(tmp_path / "bag", contents, made_on=MADE_ON)
    guide = (made.path / "data" / "VERIFY.md").read_text()
    assert hashlib.sha256(contents.trust["local"]).hexdigest() in guide
    assert "sha256sum --quiet -c manifest-sha256.txt" in guide
    assert "muniment verify --archive ." in guide
    assert "2 row-level file(s) were left out" in guide


def test_an_archive_is_never_rewritten(contents: archive.Contents, tmp_path: Path) -> None:
    """A name that is taken is refused and what stands there is left as it is."""
    (tmp_path / "bag.zip").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        archive.create(tmp_path / "bag.zip", contents, made_on=MADE_ON)
    assert (tmp_path / "bag.zip").read_text() == "mine"


@pytest.mark.parametrize("made_on", ["2026-02-30", "30.04.2026", "1979-12-31", "20260430", ""])
def test_a_date_that_does_not_exist_is_refused(
    contents: archive.Contents, tmp_path: Path, made_on: str
) -> None:
    """The date is an argument, so a wrong one is a usage error before anything is written."""
    with pytest.raises(UsageError, match="not a date"):
        archive.create(tmp_path / "bag", contents, made_on=made_on)
    assert not (tmp_path / "bag").exists()


def test_nothing_is_left_behind_when_it_fails(contents: archive.Contents, tmp_path: Path) -> None:
    """A link in the portal stops the archive, and neither a part nor a temporary file remains."""
    (contents.site / "secret").symlink_to("/etc/passwd")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UnreadableInput, match="not a regular file"):
        archive.create(tmp_path / "bag.zip", contents, made_on=MADE_ON)
    assert sorted(tmp_path.iterdir()) == before


def test_a_linked_evidence_file_is_not_followed(contents: archive.Contents, tmp_path: Path) -> None:
    """Evidence that turned into a link after it was listed is refused."""
    device = tmp_path / "evidence" / "device-1" / "device.yaml"
    device.unlink()
    device.symlink_to("/etc/hostname")
    with pytest.raises(UnreadableInput, match=r"device\.yaml"):
        archive.create(tmp_path / "bag", contents, made_on=MADE_ON)


@pytest.mark.parametrize("name", ["100%.md", "back\\slash.md", "line\nbreak.md"])
def test_names_no_manifest_can_hold_are_refused(
    contents: archive.Contents, tmp_path: Path, name: str
) -> None:
    """A name that `sha256sum` and BagIt would write differently is refused, not guessed at."""
    with pytest.raises(UnreadableInput, match="rename"):
        archive.create(tmp_path / "bag", replace(contents, extras={name: b""}), made_on=MADE_ON)


def test_names_that_collide_elsewhere_are_refused(contents: archive.Contents, tmp_path: Path) -> None:
    """Two names that one file system would merge are refused: one of them would be lost there."""
    extras = {"policies/Core.yaml": b"1", "policies/core.yaml": b"2"}
    with pytest.raises(UnreadableInput, match="second file of the same name"):
        archive.create(tmp_path / "bag", replace(contents, extras=extras), made_on=MADE_ON)


def test_without_a_portal_there_is_no_archive(contents: archive.Contents, tmp_path: Path) -> None:
    """An empty site folder is refused with the command that fills it."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableInput, match="muniment build"):
        archive.create(tmp_path / "bag", replace(contents, site=tmp_path / "empty"), made_on=MADE_ON)


def test_stock_sigstore_reads_our_trust_configuration() -> None:
    """The configuration in the archive is one that the sigstore library itself accepts."""
    from sigstore.models import ClientTrustConfig

    root = {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [],
        "certificateAuthorities": [],
        "ctlogs": [],
        "timestampAuthorities": [],
    }
    config = ClientTrustConfig.from_json(client_trust_config(json.dumps(root).encode()).decode())
    assert config.trusted_root is not None
    assert config.signing_config is not None
