"""Checking an archive that nobody vouches for."""

from __future__ import annotations

import io
import shutil
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muniment import archive
from muniment.archive import names, tags
from muniment.archive.sources import Limits
from muniment.errors import UnreadableInput

MADE_ON = "2026-04-30"
FORMS = ["bag", "bag.zip", "bag.tar"]


@pytest.fixture
def bag(contents: archive.Contents, tmp_path: Path) -> Path:
    return archive.create(tmp_path / "bag", contents, made_on=MADE_ON).path


def faults(path: Path, **options: object) -> dict[str, str]:
    return {check.path: check.outcome for check in archive.verify(path, **options) if not check.good}  # type: ignore[arg-type]


def zipped(bag: Path, change: Callable[[zipfile.ZipFile], None]) -> Path:
    """The bag as a `.zip`, with something added by hand."""
    path = bag.parent / "tampered.zip"
    with zipfile.ZipFile(path, "w") as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in sorted(bag.rglob("*")):
            if file.is_file():
                out.write(file, f"bag/{file.relative_to(bag).as_posix()}")
        change(out)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_what_was_made_holds(contents: archive.Contents, tmp_path: Path, form: str) -> None:
    """Every file of an untouched archive holds, and each is listed once."""
    made = archive.create(tmp_path / form, contents, made_on=MADE_ON)
    checks = archive.verify(made.path, pinned=made.digest)
    assert {check.outcome for check in checks} == {"verified"}
    assert len(checks) == made.files + 4
    assert [check.path for check in checks] == sorted({check.path for check in checks})


@pytest.mark.parametrize("form", FORMS)
def test_opened_hands_out_what_was_checked(contents: archive.Contents, tmp_path: Path, form: str) -> None:
    """The payload handed out is the payload archived, and a temporary copy is gone afterwards."""
    made = archive.create(tmp_path / form, contents, made_on=MADE_ON)
    with archive.opened(made.path, pinned=made.digest) as opened:
        assert opened.holds
        assert opened.digest == made.digest
        assert (opened.data / "evidence/device-1/device.yaml").read_bytes() == b"kind: device\n"
        assert opened.information["Bagging-Date"] == MADE_ON
        assert set(opened.omitted) == {
            "device-1/data/members.list",
            "device-1/releases/1.0.0/predictions.parquet",
        }
        data = opened.data
    assert data.exists() is (form == "bag")


def test_one_changed_byte_names_the_file(bag: Path) -> None:
    """A changed byte makes exactly its file differ, with both digests stated."""
    target = bag / "data/evidence/device-1/device.yaml"
    target.write_bytes(b"kind: Device\n")
    (check,) = (check for check in archive.verify(bag) if not check.good)
    assert (check.path, check.outcome) == ("data/evidence/device-1/device.yaml", "failed")
    assert check.expected != check.actual is not None


def test_missing_and_unlisted_files(bag: Path) -> None:
    """What is gone and what was slipped in are both reported, in the payload and beside it."""
    (bag / "data/site/index.html").unlink()
    (bag / "data/site/extra.html").write_text("extra")
    (bag / "readme.txt").write_text("extra")
    assert faults(bag) == {
        "data/site/index.html": "missing",
        "data/site/extra.html": "unlisted",
        "readme.txt": "unlisted",
        "bag-info.txt": "refused",
    }


def test_a_consistent_forgery_is_seen_by_the_pinned_digest_only(
    bag: Path, contents: archive.Contents
) -> None:
    """Whoever rewrites files and manifests together is caught by the digest from the letter."""
    digest = tags.sha256((bag / tags.TAG_MANIFEST).read_bytes())
    shutil.rmtree(bag)
    (contents.site / "index.html").write_text("<p>forged</p>")
    archive.create(bag, contents, made_on=MADE_ON)
    assert faults(bag) == {}
    assert faults(bag, pinned=digest) == {tags.TAG_MANIFEST: "failed"}


def test_a_link_is_refused_not_followed(bag: Path, tmp_path: Path) -> None:
    """A link is refused even where the file it leads to would have the right digest."""
    target = bag / "data/site/index.html"
    (tmp_path / "copy.html").write_bytes(target.read_bytes())
    target.unlink()
    target.symlink_to(tmp_path / "copy.html")
    assert faults(bag)["data/site/index.html"] == "refused"


@pytest.mark.parametrize(
    "name", ["../escape.txt", "data/../../escape.txt", "data//x", "data/a\\b", "data/nul\x01"]
)
def test_a_path_that_leaves_the_bag_is_refused(bag: Path, name: str) -> None:
    """No entry of a `.zip` is written outside the folder it is unpacked to."""
    path = zipped(bag, lambda out: out.writestr(f"bag/{name}", "escaped"))
    with archive.opened(path) as opened:
        assert not opened.holds
        assert [c.outcome for c in opened.checks if c.path == name] == ["refused"]
        assert not (opened.data.parent.parent / "escape.txt").exists()


def test_an_entry_outside_the_top_folder_is_refused(bag: Path) -> None:
    """An absolute path, or a second top folder, makes the file no bag."""
    for name in ("/etc/evil", "other/evil"):
        path = zipped(bag, lambda out, name=name: out.writestr(name, "evil"))  # type: ignore[misc]
        with pytest.raises(UnreadableInput, match="outside its top folder"):
            archive.verify(path)


def test_two_entries_of_one_name_are_refused(bag: Path) -> None:
    """With two entries of one name it is open which one a reader would see, so neither counts."""
    path = zipped(bag, lambda out: out.writestr("bag/data/site/index.html", "second"))
    assert faults(path)["data/site/index.html"] == "refused"


def test_names_that_differ_in_case_only_are_refused(bag: Path) -> None:
    """A second spelling of a name would replace the first on some file systems."""
    path = zipped(bag, lambda out: out.writestr("bag/data/site/INDEX.html", "second"))
    found = faults(path)
    assert found["data/site/index.html"] == found["data/site/INDEX.html"] == "refused"


def test_a_link_in_a_zip_or_tar_is_refused(bag: Path) -> None:
    """Link entries are refused in both kinds of file; nothing is created for them."""

    def link(out: zipfile.ZipFile) -> None:
        entry = zipfile.ZipInfo("bag/data/link")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        out.writestr(entry, "/etc/passwd")

    assert faults(zipped(bag, link))["data/link"] == "refused"
    tarred = bag.parent / "tampered.tar"
    with tarfile.open(tarred, "w") as out:
        out.add(bag, "bag")
        entry = tarfile.TarInfo("bag/data/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(entry)
    with archive.opened(tarred) as opened:
        assert [c.outcome for c in opened.checks if c.path == "data/link"] == ["refused"]
        assert not (opened.data / "link").is_symlink()


def test_a_zip_bomb_is_not_unpacked(bag: Path) -> None:
    """A file that unpacks to many times its size is refused by what it declares."""

    def bomb(out: zipfile.ZipFile) -> None:
        out.writestr("bag/data/zeros", b"\0" * (32 << 20), compress_type=zipfile.ZIP_DEFLATED)

    with pytest.raises(UnreadableInput, match="times its own size"):
        archive.verify(zipped(bag, bomb))


def test_caps_on_number_and_bytes(bag: Path) -> None:
    """Too many files or bytes stop the reading before any file is opened."""
    with pytest.raises(UnreadableInput, match="more than 3 files"):
        archive.verify(bag, limits=Limits(files=3))
    with pytest.raises(UnreadableInput, match="more than 100 bytes"):
        archive.verify(bag, limits=Limits(octets=100))
    with pytest.raises(UnreadableInput, match="tag file"):
        archive.verify(bag, limits=Limits(tag_octets=10))


def test_damage_inside_a_zip_is_a_check_not_a_crash(contents: archive.Contents, tmp_path: Path) -> None:
    """A flipped byte in compressed data is reported for its file."""
    made = archive.create(tmp_path / "bag.zip", contents, made_on=MADE_ON)
    data = bytearray(made.path.read_bytes())
    with zipfile.ZipFile(made.path) as readable:
        info = readable.getinfo("bag/data/VERIFY.md")
    data[info.header_offset + 60 + len(info.filename)] ^= 0xFF
    made.path.write_bytes(bytes(data))
    assert "data/VERIFY.md" in faults(made.path)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x05\x06" + b"\0" * 18, b"not an archive", b"\x1f\x8b\x08", b"PK\x03\x04broken"]
)
def test_what_is_no_archive_is_said_so(tmp_path: Path, data: bytes) -> None:
    """Any other file ends in one sentence and a hint."""
    path = tmp_path / "thing.zip"
    path.write_bytes(data)
    with pytest.raises(UnreadableInput) as stop:
        archive.verify(path)
    assert stop.value.hint


def test_a_missing_path_and_a_plain_folder(tmp_path: Path) -> None:
    """A path that is missing, and a folder that is no bag, are refused by name."""
    with pytest.raises(UnreadableInput, match="no archive at"):
        archive.verify(tmp_path / "nothing.zip")
    (tmp_path / "plain").mkdir()
    with pytest.raises(UnreadableInput, match=r"bagit\.txt is missing"):
        archive.verify(tmp_path / "plain")


def test_a_manifest_line_that_cannot_be_read_counts(bag: Path) -> None:
    """A line of a manifest is never skipped: an unreadable or repeated one refuses the manifest."""
    manifest = bag / tags.MANIFEST
    lines = manifest.read_bytes()
    for extra in (b"zz  data/x\n", lines.splitlines()[0] + b"\n", b"a" * 64 + b"  bagit.txt\n"):
        manifest.write_bytes(lines + extra)
        (bag / tags.TAG_MANIFEST).write_bytes(
            tags.manifest(
                {
                    name: tags.sha256((bag / name).read_bytes())
                    for name in (tags.BAGIT, tags.INFO, tags.MANIFEST)
                }
            )
        )
        assert faults(bag) == {tags.MANIFEST: "refused"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flip_in_any_file_is_noticed(bag: Path, data: st.DataObject) -> None:
    """No single changed byte anywhere in a bag goes unnoticed when its digest is pinned."""
    digest = tags.sha256((bag / tags.TAG_MANIFEST).read_bytes())
    files = sorted(path for path in bag.rglob("*") if path.is_file())
    target = data.draw(st.sampled_from(files))
    before = target.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    flip = data.draw(st.integers(1, 255))
    target.write_bytes(before[:at] + bytes([before[at] ^ flip]) + before[at + 1 :])
    try:
        noticed = bool(faults(bag, pinned=digest))
    except UnreadableInput:
        noticed = True
    finally:
        target.write_bytes(before)
    assert noticed


@given(st.dictionaries(st.from_regex(r"data/[a-zA-Z0-9 _.é-]{1,20}", fullmatch=True), st.binary(max_size=4)))
def test_a_manifest_reads_back(files: dict[str, bytes]) -> None:
    """What is written to a manifest is what is read from it."""
    digests = {path: tags.sha256(data) for path, data in files.items()}
    assert tags.parse_manifest(tags.manifest(digests)) == (digests, ())


@given(st.lists(st.from_regex(r"[abAB]{1,2}(/[abAB]{1,2})?", fullmatch=True), unique=True))
def test_paths_without_collision_can_stand_side_by_side(paths: list[str]) -> None:
    """With colliding paths set aside, the rest differ but for case, and none is a folder of another."""
    rest = [path for path in paths if path not in names.collisions(paths)]
    forms = [path.lower() for path in rest]
    assert len(set(forms)) == len(forms)
    assert not any(other.startswith(form + "/") for form in forms for other in forms)


def test_information_folds_and_unfolds() -> None:
    """A long value is folded over lines and read back whole."""
    value = " ".join(["word"] * 40)
    written = tags.information({"External-Description": value, "Bagging-Date": MADE_ON})
    assert max(len(line) for line in io.BytesIO(written).read().splitlines()) <= 81
    assert tags.parse_information(written) == {"External-Description": value, "Bagging-Date": MADE_ON}
