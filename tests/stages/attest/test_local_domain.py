"""The embedded domain: private on disk, in order of time, whole after a crash."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.support.sealed import START, World, at

from muniment import attest
from muniment.attest.local import log, storage
from muniment.attest.local.merkle import MerkleTree, leaf_hash, node_hash
from muniment.errors import SealError


def test_keys_are_private_to_their_owner(world: World) -> None:
    """Folder 0700, keys 0600, and git ignores all of it should it ever stand in a repository."""
    folder = world.domain.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700
    keys = list((folder / "keys").iterdir())
    assert len(keys) == 4
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_key_that_others_can_read_is_not_used(world: World) -> None:
    """A domain whose key has been open to others is refused, with what to do."""
    key = world.domain.folder / "keys" / "log.pem"
    key.chmod(0o644)
    with pytest.raises(SealError, match="can be read by others") as caught:
        attest.open_domain(world.domain.folder)
    assert "chmod 600" in caught.value.hint


def test_a_seal_dated_before_the_last_entry_is_refused(world: World) -> None:
    """Within a log, time only goes forward; the refused seal leaves no trace."""
    world.approve("ben", "clinical", at(2))
    before = (world.domain.folder / "log" / "head.json").read_bytes()
    with pytest.raises(SealError, match=r"dated 2024-03-03T08:59:59Z would follow .* 2024-03-03T09:00:00Z"):
        world.approve("dee", "quality", at(2) - timedelta(seconds=1), meaning="quality_approval")
    assert (world.domain.folder / "log" / "head.json").read_bytes() == before
    world.approve("dee", "quality", at(2), meaning="quality_approval")
    assert {seal.outcome for seal in world.verify()} == {"verified"}


def test_a_seal_older_than_the_domain_is_refused(world: World) -> None:
    """A domain cannot speak of a time before it was made."""
    with pytest.raises(SealError, match="older than the domain"):
        world.approve("ben", "clinical", START - timedelta(days=1))


def test_a_seal_says_what_its_statement_says(world: World) -> None:
    """Signer and time of the certificate are those of the statement, or nothing is sealed."""
    statement = world.approval("ben", "clinical", at(2))
    other = attest.Identity("dee@example.invalid", world.domain.issuer)
    same = attest.Identity("ben@example.invalid", world.domain.issuer)
    with pytest.raises(SealError, match="the seal would say dee"):
        world.domain.seal(statement, identity=other, at=at(2))
    with pytest.raises(SealError, match="2024-03-04"):
        world.domain.seal(statement, identity=same, at=at(3))
    with pytest.raises(SealError, match="without a zone"):
        world.domain.seal(statement, identity=same, at=datetime(2024, 3, 3, 9))


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "http://x.invalid", "", "x.invalid"])
def test_a_local_domain_speaks_for_nobody_real(world: World, issuer: str) -> None:
    """Certificates of the local domain never name a real identity provider."""
    with pytest.raises(SealError, match="cannot speak for the issuer"):
        world.domain.seal(
            world.approval("ben", "clinical", at(2)),
            identity=attest.Identity("ben@example.invalid", issuer),
            at=at(2),
        )


def test_a_service_signs_under_a_uri(world: World) -> None:
    """A service's URI stands in the certificate as a URI and comes back from verification."""
    uri = "https://ci.example.invalid/build"
    who = attest.Signer("Build service", uri, "verification", at(1))
    path = "releases/1.0.0/release.yaml"
    world.seal(attest.record(path, world.digest(path), meaning="verification", signer=who))
    assert world.verify_one().identity == uri


def test_reopening_goes_on_where_it_stopped(world: World) -> None:
    """The log on disk is the log: another process appends behind what this one wrote."""
    world.approve("ben", "clinical", at(1))
    again = World(world.folder, attest.open_domain(world.domain.folder))
    again.approve("dee", "quality", at(2), meaning="quality_approval")
    world.release(at(3))
    seals = world.verify()
    assert sorted((seal.log_index, seal.outcome) for seal in seals) == [
        (1, "verified"),
        (2, "verified"),
        (3, "verified"),
    ]


def test_an_entry_that_never_counted_is_cut_off(world: World) -> None:
    """A crash between entry and head leaves the log as the head says it is."""
    world.approve("ben", "clinical", at(1))
    entries = world.domain.folder / "log" / "entries.jsonl"
    with entries.open("ab") as stream:
        stream.write(b'{"body": "half an ent')
    World(world.folder, attest.open_domain(world.domain.folder)).release(at(2))
    assert len(entries.read_text().splitlines()) == 3
    assert {seal.outcome for seal in world.verify()} == {"verified"}


@pytest.mark.parametrize("damage", ["flip", "truncate", "head", "roll back"])
def test_a_damaged_log_is_not_written_to(world: World, damage: str) -> None:
    """Entries that do not hash to the head's root, or a log shorter than known, stop all sealing."""
    folder = world.domain.folder / "log"
    entries, head = folder / "entries.jsonl", folder / "head.json"
    first = (entries.read_bytes(), head.read_bytes())
    world.approve("ben", "clinical", at(1))
    domain = attest.open_domain(world.domain.folder)
    if damage == "flip":
        data = bytearray(entries.read_bytes())
        data[len(data) // 2] ^= 1
        entries.write_bytes(data)
    elif damage == "truncate":
        entries.write_bytes(entries.read_bytes()[:-10])
    elif damage == "head":
        head.write_text("{}")
    else:
        entries.write_bytes(first[0])
        head.write_bytes(first[1])
        domain = world.domain  # the process that saw the longer log
    with pytest.raises(SealError, match="log is damaged") as caught:
        World(world.folder, domain).release(at(2))
    assert "backup" in caught.value.hint


def test_one_writer_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process writes to the log, this one waits and then says so."""
    monkeypatch.setattr(storage, "_ATTEMPTS", 2)
    with (world.domain.folder / "log" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SealError, match="Another process is writing"):
            world.approve("ben", "clinical", at(1))
    world.approve("ben", "clinical", at(1))
    assert world.verify_one().outcome == "verified"


def test_a_domain_is_made_once_and_whole(world: World, tmp_path: Path) -> None:
    """Making a domain never replaces one, and a failure leaves nothing behind."""
    with pytest.raises(SealError, match="already something"):
        attest.create_domain(world.domain.folder, name="example", at=START)
    with pytest.raises(SealError, match="cannot name a domain"):
        attest.create_domain(tmp_path / "new", name="Not A Label", at=START)
    with pytest.raises(SealError, match="zone"):
        attest.create_domain(tmp_path / "new", name="new", at=datetime(2024, 3, 1))
    with pytest.raises(SealError, match="no local domain"):
        attest.open_domain(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_domain_of_the_future_cannot_seal(tmp_path: Path) -> None:
    """A finished seal that sigstore does not accept is not handed out, and its entry not kept."""
    start = datetime.now(UTC) + timedelta(days=400)
    domain = attest.create_domain(tmp_path / "future", name="future", at=start, unattended=True)
    who = attest.Signer("Ben Okafor", "ben@example.invalid", "clinical", start)
    statement = attest.record("plans/1.yaml", "ab" * 32, meaning="witness", signer=who)
    with pytest.raises(SealError, match="does not verify"):
        domain.seal(statement, identity=attest.Identity(who.identity, domain.issuer), at=start)
    assert json.loads((tmp_path / "future" / "log" / "head.json").read_text())["size"] == 1


def test_private_keys_stay_in_their_folder(world: World, tmp_path: Path) -> None:
    """No private key, in any encoding, stands in a bundle, a trusted root, a log or a printed domain."""
    world.approve("ben", "clinical", at(1))
    needles = set()
    for path in (world.domain.folder / "keys").iterdir():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        encoding, plain = serialization.Encoding, serialization.NoEncryption()
        der = key.private_bytes(encoding.DER, serialization.PrivateFormat.PKCS8, plain)
        secret = der[-32:] if "log" in path.name else _scalar(key)
        needles |= {secret, secret.hex().encode(), path.read_bytes()}
        needles |= {base64.b64encode(bytes(pad) + secret)[8:36] for pad in range(3)}
        needles |= set(path.read_bytes().splitlines()[1:-1])
    outputs = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "keys"]
    assert len(outputs) > 6
    haystacks = [path.read_bytes() for path in outputs] + [repr(world.domain).encode()]
    decoded = [_decoded(data) for data in haystacks]
    for needle in needles:
        assert not any(needle in data for data in (*haystacks, *decoded))


def _scalar(key: object) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[attr-defined]


def _decoded(data: bytes) -> bytes:
    """All base64 texts of a file, decoded and joined."""
    found = re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", data)
    return b"|".join(base64.b64decode(text + b"=" * (-len(text) % 4)) for text in found)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 33])
def test_the_cached_tree_is_the_tree_of_rfc_6962(size: int) -> None:
    """Roots and paths of the cached tree equal those of the definition, written out naively."""

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        return node_hash(root(leaves[:split]), root(leaves[split:]))

    def path(index: int, leaves: list[bytes]) -> list[bytes]:
        if len(leaves) == 1:
            return []
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        if index < split:
            return [*path(index, leaves[:split]), root(leaves[split:])]
        return [*path(index - split, leaves[split:]), root(leaves[:split])]

    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    assert tree.root() == root(leaves)
    assert [list(tree.path(index)) for index in range(size)] == [path(i, leaves) for i in range(size)]
    tree.append(leaf_hash(b"refused"))
    tree.pop()
    assert (tree.size, tree.root()) == (size, root(leaves))
    tree.append(leaf_hash(b"next"))
    assert tree.root() == root([*leaves, leaf_hash(b"next")])


def test_a_failing_disk_leaves_the_log_usable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the head cannot be written, the entry does not count and the next one takes its place."""

    def full(path: Path, data: bytes, mode: int = 0o600) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "replace_file", full)
    with pytest.raises(SealError, match="cannot be written: No space"):
        world.approve("ben", "clinical", at(1))
    monkeypatch.undo()
    world.approve("ben", "clinical", at(1))
    assert (world.verify_one().log_index, world.verify_one().outcome) == (1, "verified")


def test_the_default_place_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user's domain lies with the user's data, wherever the command is run."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = attest.default_folder()
    assert folder == tmp_path / "muniment" / "trust" / "local"
    assert os.path.commonpath([folder, Path.cwd()]) != str(Path.cwd())
    domain = attest.create_domain(folder, name="local", at=START)
    assert domain.issuer == "https://local.muniment.invalid"
    assert (
        hashlib.sha256(domain.trusted_root()).digest()
        == hashlib.sha256(attest.open_domain(folder).trusted_root()).digest()
    )
