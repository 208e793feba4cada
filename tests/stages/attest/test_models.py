"""Model folders: every file counts, no link is followed, and a signature says who left out what."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.sealed import START, World, at

from muniment import attest
from muniment.attest.hashing import hash_folder
from muniment.attest.models import VerifiedModel
from muniment.attest.openssf import check_model, model_statement
from muniment.attest.strict import Refused, canonical, parse_json
from muniment.errors import SealError, UnreadableInput

WHO = "ada@example.invalid"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "lr-2"
    for name, data in {"a/b": b"b", "a.txt": b"a", "empty": b"", "w/x.bin": b"\0" * 3_000_000}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def sealed_by(world: World, when: datetime) -> Callable[[bytes], bytes]:
    return partial(world.domain.seal, identity=attest.Identity(WHO, world.domain.issuer), at=when)


def sign(world: World, model: Path, signature: Path | None = None) -> Path:
    place = signature or model / "model.sig"
    place.write_bytes(attest.sign_model(model, place, sealed_by(world, at(1)))[0])
    return place


def verify(world: World, model: Path, signature: Path | None = None) -> VerifiedModel:
    return attest.verify_model(model, signature or model / "model.sig", (world.root,))


def test_a_folder_as_signed_verifies(world: World, model: Path) -> None:
    """Every file is held to its digest; who and when come from the certificate and the timestamp."""
    sign(world, model)
    found = verify(world, model)
    assert (found.seal.outcome, found.seal.identity, found.seal.time) == (
        "verified",
        WHO,
        "2024-03-02T09:00:00Z",
    )
    assert {each.path: each.actual for each in found.files} == {
        path.relative_to(model).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in model.rglob("*")
        if path.is_file() and path.name != "model.sig"
    }


def test_the_digest_is_over_paths_in_order(world: World, model: Path) -> None:
    """`a/b` comes before `a.txt`: the parts of paths are compared, not their text; the digest follows."""
    sign(world, model)
    names = ["a/b", "a.txt", "empty", "w/x.bin"]
    whole = hashlib.sha256(b"".join(hashlib.sha256((model / n).read_bytes()).digest() for n in names))
    assert dict(verify(world, model).seal.subjects) == {"lr-2": whole.hexdigest()}


@pytest.mark.parametrize(
    ("harm", "path", "outcome"),
    [
        (lambda m: (m / "a.txt").write_bytes(b"A"), "a.txt", "failed"),
        (lambda m: (m / "empty").unlink(), "empty", "missing"),
        (lambda m: (m / "new").write_bytes(b""), "new", "unexpected"),
        (lambda m: (m / "a.txt").rename(m / "b.txt"), "a.txt", "missing"),
        (lambda m: (m / "sub" / "model.sig").parent.mkdir() or (m / "sub/model.sig").touch(), "sub/model.sig",
         "unexpected"),
    ],
)  # fmt: skip
def test_a_changed_folder_is_refused(
    world: World, model: Path, harm: object, path: str, outcome: str
) -> None:
    """Changed, missing, added, renamed: each file at fault is named, and the signature does not count."""
    sign(world, model)
    harm(model)  # type: ignore[operator]
    found = verify(world, model)
    assert found.seal.outcome == "failed"
    assert found.seal.identity is None
    assert {each.path: each.outcome for each in found.files}[path] == outcome


def test_what_was_left_out_is_named(world: World, model: Path) -> None:
    """Git's files and the signature itself are no part of the model, and the statement says so."""
    (model / ".git").mkdir()
    (model / ".git" / "config").write_text("x")
    sign(world, model)
    (model / ".git" / "config").write_text("y")
    found = verify(world, model)
    assert found.seal.outcome == "verified"
    assert found.ignored == (".git", ".gitattributes", ".github", ".gitignore", "model.sig")


def test_a_signature_may_lie_elsewhere(world: World, model: Path, tmp_path: Path) -> None:
    """Beside the folder it covers every file of it."""
    place = sign(world, model, tmp_path / "lr-2.sig")
    assert "lr-2.sig" not in verify(world, model, place).ignored
    assert verify(world, model, place).seal.outcome == "verified"


def test_links_are_refused(world: World, model: Path, tmp_path: Path) -> None:
    """A link to a file, to a folder, out of the model or into it, or the folder itself: none is followed."""
    sign(world, model)
    (tmp_path / "secret").write_text("s")
    for target in (tmp_path / "secret", Path("a.txt"), Path("a"), Path("nowhere")):
        link = model / "link"
        link.symlink_to(target)
        for act in (sign, verify):
            with pytest.raises(UnreadableInput, match="link is a link"):
                act(world, model)
        link.unlink()
    other = tmp_path / "other"
    other.symlink_to(model)
    with pytest.raises(UnreadableInput, match="not a folder"):
        verify(world, other, model / "model.sig")


def test_a_pipe_is_refused_and_not_waited_for(world: World, model: Path) -> None:
    """What is no file is told, at once."""
    os.mkfifo(model / "pipe")
    with pytest.raises(UnreadableInput, match="pipe is no regular file"):
        sign(world, model)


def test_a_seal_is_no_signature_of_a_model(world: World, model: Path) -> None:
    """And the other way round: neither passes for the other."""
    seal = world.lock(at(2))
    assert "seal, and not the signature of a model" in verify(world, model, seal).seal.reason
    place = world.folder / "seals" / "models" / "record-0123456789ab.sigstore.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(_signed_later(world, model))
    found = {each.file: each for each in world.verify()}[place.relative_to(world.folder).as_posix()]
    assert found.outcome == "failed"
    assert "lies in the model's folder" in found.reason


def _signed_later(world: World, model: Path) -> bytes:
    return attest.sign_model(model, model / "model.sig", sealed_by(world, at(3)))[0]


def test_another_domains_root_does_not_verify_it(world: World, model: Path, tmp_path: Path) -> None:
    """Who verified is decided by the root that the verifier gives."""
    sign(world, model)
    stranger = attest.create_domain(
        tmp_path / "stranger", name="stranger", at=START - timedelta(days=1), unattended=True
    )
    found = attest.verify_model(model, model / "model.sig", (attest.Root("local", stranger.trusted_root()),))
    assert "No trusted root given knows the log" in found.seal.reason


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b/c", "b.d", "B", "e/f/g"]), st.binary(max_size=8), min_size=1))
def test_a_statement_holds_what_was_hashed(contents: dict[str, bytes]) -> None:
    """Whatever is signed is read again; whoever changes one digest in it is refused."""
    files = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    data = model_statement("m", files, ())
    fields = parse_json(data, "statement", 1 << 20)
    subjects = {"m": fields["subject"][0]["digest"]["sha256"]}
    check_model(fields["predicate"], subjects)
    fields["predicate"]["resources"][-1]["digest"] = "ab" * 32
    with pytest.raises(Refused, match="not the digest over its files"):
        check_model(fields["predicate"], subjects)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hash_type": "blake2b"}, "SHA-256"),
        ({"method": "shards"}, "file by file"),
        ({"allow_symlinks": True}, "links followed"),
        ({"allow_symlinks": "false"}, "links followed"),
        ({"ignore_paths": ["../x"]}, "plain path"),
        ({"extra": 1}, "unknown field"),
    ],
)
def test_only_one_way_of_hashing_is_read(change: dict[str, object], says: str) -> None:
    """A signature that another algorithm, shards or links would explain is not half understood."""
    fields = parse_json(model_statement("m", {"a": "ab" * 32}, ()), "statement", 1 << 20)
    fields["predicate"]["serialization"] |= change
    with pytest.raises(Refused, match=says):
        attest.parse(canonical(fields))


def test_nothing_and_too_much_are_not_signed(world: World, model: Path, tmp_path: Path) -> None:
    """An empty folder says nothing; thousands of files are refused before anything is sealed."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(SealError, match="has 0"):
        sign(world, tmp_path / "empty", tmp_path / "s.sig")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(5_001):
        (many / str(number)).touch()
    with pytest.raises(SealError, match="1 to 5000 files"):
        sign(world, many, tmp_path / "s.sig")


def test_progress_counts_every_byte_once(model: Path) -> None:
    """What is told grows to the size of the folder, whichever thread was first."""
    told: list[tuple[int, int]] = []
    hash_folder(model, threads=4, progress=lambda done, whole: told.append((done, whole)))
    size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_the_number_of_threads_changes_nothing(model: Path) -> None:
    """One thread and many come to the same digests, in the same order; none is left running."""
    before = threading.active_count()
    assert list(hash_folder(model, threads=1).items()) == list(hash_folder(model, threads=8).items())
    assert threading.active_count() == before
