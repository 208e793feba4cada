"""The evidence folder as read: records, layout faults, containment, digests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from muniment import load
from muniment.errors import UnreadableInput, UsageError
from muniment.load import DeviceFiles
from support.bundle import bundle


def test_every_record_is_read_from_the_bytes_hashed(tmp_path: Path) -> None:
    """Each record file is a document whose digest is that of the bytes it was parsed from."""
    demo = bundle(tmp_path)
    source = load.read(demo.root)
    (folder,) = source.folders
    assert source.findings == ()
    assert set(folder.documents) == set(demo.bodies)
    document = folder.documents["releases/1.0.0"]
    assert document.path == "demo-1/releases/1.0.0/release.yaml"
    assert document.data == demo.path("releases/1.0.0").read_bytes()
    assert document.sha256 == hashlib.sha256(document.data).hexdigest()
    assert document.tree["version"] == "1.0.0"


def test_a_missing_evidence_folder_stops(tmp_path: Path) -> None:
    """Without a folder there is nothing to judge."""
    with pytest.raises(UnreadableInput, match="no evidence folder"):
        load.read(tmp_path / "evidence")


def test_an_empty_evidence_folder_is_one_finding(tmp_path: Path) -> None:
    """Nothing is not everything: an empty folder is objected to."""
    (tmp_path / "evidence").mkdir()
    (finding,) = load.read(tmp_path / "evidence").findings
    assert (finding.rule, finding.where.line, finding.where.column) == ("layout", 1, 1)
    assert "no device" in finding.message
    assert "muniment init" in finding.hint


def test_only_reads_the_devices_named(tmp_path: Path) -> None:
    """`only` limits reading, and refuses a name that is not there."""
    demo = bundle(tmp_path)
    (demo.root / "other").mkdir()
    assert [f.device for f in load.read(demo.root, only=["demo-1"]).folders] == ["demo-1"]
    with pytest.raises(UsageError, match="demo-2"):
        load.read(demo.root, only=["demo-2"])


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("divice.yaml", "rename it device.yaml"),
        ("claims/1.yml", ".yaml"),
        ("claims/old/1.yaml", "claims/NAME.yaml"),
        ("claim/2.yaml", 'did you mean the folder "claims"?'),
        ("datasets/1.yaml", "datasets/{raw,"),
        ("releases/1.0.0/notes.yaml", "releases/VERSION/release.yaml"),
        ("postmarket/drill.yaml", "postmarket/VERSION/NAME.yaml"),
    ],
)
def test_a_record_in_an_unknown_place_is_a_finding(tmp_path: Path, path: str, hint: str) -> None:
    """A record that nobody would look at does not pass in silence."""
    demo = bundle(tmp_path)
    demo.put(path, b"kind: claim\n")
    (finding,) = load.read(demo.root).findings
    assert finding.rule == "layout"
    assert finding.where.file == f"demo-1/{path}"
    assert hint in finding.hint


def test_yaml_of_a_pipeline_is_no_record(tmp_path: Path) -> None:
    """Below folders that hold no records, YAML is none of our business."""
    demo = bundle(tmp_path)
    demo.put("pipeline/params.yaml", b"a: &x 1\n")
    assert load.read(demo.root).findings == ()


def test_a_folder_without_device_is_a_finding(tmp_path: Path) -> None:
    """Every folder is a device, and says so."""
    demo = bundle(tmp_path)
    demo.remove("device.yaml")
    (finding,) = load.read(demo.root).findings
    assert (finding.rule, finding.where.file) == ("layout", "demo-1/device.yaml")


def test_names_that_differ_in_case_only_are_a_finding(tmp_path: Path) -> None:
    """Many disks would hold just one of the two."""
    demo = bundle(tmp_path)
    demo.put("data/RAW.csv", b"x")
    (finding,) = load.read(demo.root).findings
    assert "differ only in case" in finding.message


def test_a_link_out_of_the_device_is_a_finding_and_never_followed(tmp_path: Path) -> None:
    """A symbolic link cannot make a bundle vouch for a file outside."""
    demo = bundle(tmp_path)
    secret = tmp_path / "secret.yaml"
    secret.write_text("kind: claim\n")
    (demo.folder / "claims" / "2.yaml").symlink_to(secret)
    source = load.read(demo.root)
    (finding,) = source.findings
    assert "leads out" in finding.message
    assert "claims/2" not in source.folders[0].documents


def test_a_record_that_is_a_list_is_a_finding(tmp_path: Path) -> None:
    """A record is a mapping of fields."""
    demo = bundle(tmp_path)
    demo.put("claims/1.yaml", b"- a\n")
    (finding,) = load.read(demo.root).findings
    assert "mapping of fields" in finding.message


@pytest.fixture
def files(tmp_path: Path) -> DeviceFiles:
    """A door to a device folder with one file, and a secret beside it."""
    (tmp_path / "device" / "data").mkdir(parents=True)
    (tmp_path / "device" / "data" / "a.csv").write_bytes(b"abc")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "device" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "device" / "loop").symlink_to(tmp_path / "device" / "loop")
    return DeviceFiles(tmp_path / "device")


@pytest.mark.parametrize(
    "path",
    ["../secret", "data/../../secret", "/etc/passwd", "out", "data\\a.csv", "", ".", "data//a.csv", "a\0b"],
)
def test_nothing_outside_the_folder_is_opened(files: DeviceFiles, path: str) -> None:
    """Each way out of the folder raises, whichever door is tried."""
    for door in (files.exists, files.digest, files.size, files.read, files.open_table):
        with pytest.raises(UnreadableInput):
            door(path)


def test_what_is_no_regular_file_is_refused(files: DeviceFiles, tmp_path: Path) -> None:
    """A pipe does not hang the run, and a folder or a circular link is no file."""
    os.mkfifo(tmp_path / "device" / "pipe")
    for path in ("pipe", "data", "none"):
        assert not files.exists(path)
    for path in ("pipe", "data", "none", "loop"):
        with pytest.raises(UnreadableInput):
            files.read(path)
    assert files.listing() == ("data/a.csv",)


def test_a_file_is_read_up_to_its_limit(files: DeviceFiles) -> None:
    """A file that is too large is refused, not cut."""
    assert files.read("data/a.csv", limit=3) == b"abc"
    with pytest.raises(UnreadableInput, match="at most 2"):
        files.read("data/a.csv", limit=2)


def test_a_digest_follows_the_bytes(files: DeviceFiles, tmp_path: Path) -> None:
    """A changed file has a new digest in the same run."""
    before = files.digest("data/a.csv")
    assert before == hashlib.sha256(b"abc").hexdigest()
    (tmp_path / "device" / "data" / "a.csv").write_bytes(b"abcd")
    assert files.digest("data/a.csv") == hashlib.sha256(b"abcd").hexdigest()


def test_digests_are_kept_between_runs_until_the_file_changes(tmp_path: Path) -> None:
    """The cache answers for an unchanged file, and never for a changed one, even of equal size and mtime."""
    folder, cache = tmp_path / "device", tmp_path / "cache"
    folder.mkdir()
    big = folder / "big.bin"
    big.write_bytes(b"a" * 300_000)
    first = DeviceFiles(folder, cache).digest("big.bin")
    (kept,) = cache.iterdir()
    assert first in kept.read_text()
    kept.write_text(kept.read_text().replace(first, "f" * 64))
    assert DeviceFiles(folder, cache).digest("big.bin") == "f" * 64
    assert DeviceFiles(folder).digest("big.bin") == first
    status = big.stat()
    big.write_bytes(b"b" * 300_000)
    os.utime(big, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert DeviceFiles(folder, cache).digest("big.bin") == hashlib.sha256(b"b" * 300_000).hexdigest()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"big.bin": 3}', '{"big.bin": [1, 2]}'])
def test_a_broken_cache_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """Derived data may be damaged; the answer may not."""
    folder, cache = tmp_path / "device", tmp_path / "cache"
    folder.mkdir()
    (folder / "big.bin").write_bytes(b"a" * 300_000)
    first = DeviceFiles(folder, cache).digest("big.bin")
    (kept,) = cache.iterdir()
    kept.write_text(text)
    assert DeviceFiles(folder, cache).digest("big.bin") == first
