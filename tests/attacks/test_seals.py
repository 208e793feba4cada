"""Attacks on seals: every one must fail, each with its own clear reason."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sigstore
from tests.support.forging import library_accepts
from tests.support.sealed import MANIFEST, World, at, make_world, shown, signer

from muniment import attest
from muniment.attest.strict import MAX_BUNDLE
from muniment.attest.verifier import Root
from muniment.model.seal import Seal

Bundle = dict[str, Any]


def rewrite(path: Path, change: Callable[[Bundle], None]) -> None:
    bundle = json.loads(path.read_bytes())
    change(bundle)
    path.write_text(json.dumps(bundle))


def entry(bundle: Bundle) -> Bundle:
    found: Bundle = bundle["verificationMaterial"]["tlogEntries"][0]
    return found


def payload_edit(change: Callable[[Bundle], None]) -> Callable[[Bundle], None]:
    def edit(bundle: Bundle) -> None:
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        change(statement)
        data = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(data).decode()

    return edit


def failed(seal: Seal, *says: str) -> None:
    """The seal failed, shows nobody's name, and says why in one line."""
    assert seal.outcome == "failed"
    assert (seal.identity, seal.time, seal.domain, seal.log_index) == (None, None, None, None)
    assert "\n" not in seal.reason
    assert seal.reason.endswith(".")
    for text in says:
        assert text in seal.reason


def set_field(*steps: Any) -> Callable[[Bundle], None]:
    *way, last, value = steps

    def edit(bundle: Bundle) -> None:
        node: Any = bundle
        for step in way:
            node = node[step]
        node[last] = value

    return edit


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (set_field("dsseEnvelope", "payloadType", "text/plain"), "payload type"),
        (set_field("dsseEnvelope", "signatures", []), "exactly one signature"),
        (set_field("dsseEnvelope", "signatures", 0, "keyid", "ben"), "key id"),
        (set_field("dsseEnvelope", "extra", 1), "unknown field `extra`"),
        (set_field("mediaType", "application/json"), "not a Sigstore bundle"),
        (set_field("mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1"), "does not verify"),
        (set_field("note", "x"), "unknown field `note`"),
        (set_field("verificationMaterial", "note", "x"), "does not verify"),
        (set_field("verificationMaterial", []), "not a JSON object"),
        (set_field("verificationMaterial", "tlogEntries", []), "exactly one log entry"),
        (set_field("verificationMaterial", "timestampVerificationData", {}), "does not verify"),
        (set_field("verificationMaterial", "timestampVerificationData", None), "does not verify"),
        (set_field(*ENTRY, "logIndex", "99"), "does not bear out"),
        (set_field(*ENTRY, "integratedTime", "1709370000"), "does not bear out"),
        (set_field(*ENTRY, "kindVersion", "version", "0.0.1"), "does not verify"),
        (set_field(*ENTRY, "kindVersion", "kind", "dsse"), "does not verify"),
        (set_field(*PROOF, "logIndex", "0"), "does not verify"),
        (set_field(*PROOF, "treeSize", "9"), "does not verify"),
        (set_field(*PROOF, "hashes", []), "does not verify"),
        (set_field(*PROOF, "checkpoint", "envelope", "log\n3\nAAAA\n\n"), "does not verify"),
        (set_field(*PROOF, "checkpoint", "envelope", ""), "does not verify"),
        (payload_edit(set_field("predicate", "role", "quality")), "statement lies at"),
        (payload_edit(set_field("predicateType", "https://example.invalid/x")), "predicate type"),
        (payload_edit(set_field("_type", "https://in-toto.io/Statement/v0.1")), "in-toto Statement v1"),
    ],
)
def test_a_bent_bundle_is_refused(world: World, change: Callable[[Bundle], None], says: str) -> None:
    """Structural changes end in a failed seal with a reason, whatever the library makes of them."""
    world.lock(at(0))
    path = world.approve("ben", "clinical", at(2))
    rewrite(path, change)
    failed(next(seal for seal in world.verify() if "approval" in seal.file), says)


def test_a_proof_of_a_tree_of_another_size_is_refused(world: World) -> None:
    """The index is bound to the signed size: moving both to a tree of the same shape does not verify.

    The library alone accepts this, for it compares the checkpoint's root but not its size.
    """
    for minute in range(4):
        world.approve("dee", "quality", at(0, minute), meaning="quality_approval")
    path = next(p for p in world.folder.rglob("*.json") if _index(p) == "4")
    bundle = json.loads(path.read_bytes())
    for where, value in (
        ((*PROOF, "logIndex"), "8"),
        ((*PROOF, "treeSize"), "9"),
        ((*ENTRY, "logIndex"), "8"),
    ):
        set_field(*where, value)(bundle)
    path.write_text(json.dumps(bundle))
    seal = next(s for s in world.verify() if s.file.endswith(path.name))
    failed(seal, "another size than the signed checkpoint")


def _index(path: Path) -> str | None:
    bundle = json.loads(path.read_bytes())
    return str(entry(bundle)["logIndex"]) if "verificationMaterial" in bundle else None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"mediaType": 1, "mediaType": 2}',
        b'{"mediaType": NaN}',
        b"[" * 200_000,
        b'{"a":' * 5000,
        b'{"dsseEnvelope": null, "mediaType": null, "verificationMaterial": null}',
    ],
)
def test_a_malformed_file_is_a_failed_seal(world: World, raw: bytes) -> None:
    """Nothing that a file holds raises; the others are still verified."""
    world.approve("ben", "clinical", at(2))
    bad = world.folder / "seals" / "bad.sigstore.json"
    bad.write_bytes(raw)
    for seals in (attest.read(world.files), world.verify()):
        assert len(seals) == 2
        failed(seals[0])
        assert seals[0].file == "seals/bad.sigstore.json"
        assert seals[1].outcome in ("recorded", "verified")


def test_a_duplicate_key_in_the_bundle_is_refused(world: World) -> None:
    """Nor may the bundle around it be read two ways."""
    path = world.approve("ben", "clinical", at(2))
    data = path.read_bytes()
    path.write_bytes(data.replace(b'{"dsseEnvelope":', b'{"mediaType":"x","dsseEnvelope":', 1))
    failed(world.verify_one(), "states `mediaType` twice")


@pytest.mark.parametrize("size", [MAX_BUNDLE + 1, 100 << 20])
def test_a_huge_file_is_not_read(world: World, size: int) -> None:
    """A bundle of 100 MB is refused by its size, before a byte of it is read."""
    path = world.folder / "seals" / "huge.sigstore.json"
    path.parent.mkdir()
    with path.open("wb") as stream:
        stream.truncate(size)
    failed(world.verify_one(), "larger than")
    assert world.verify_one().sha256 == ""


def test_a_swapped_subject_is_refused(world: World) -> None:
    """The sealed file, exchanged for another, no longer bears its seal."""
    world.approve("ben", "clinical", at(2))
    (world.folder / MANIFEST).write_bytes(b'{"release": "1.0.0", "files": []}')
    failed(world.verify_one(), f"The file {MANIFEST} has changed since it was sealed")
    (world.folder / MANIFEST).unlink()
    failed(world.verify_one(), f"The sealed file {MANIFEST} is missing")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("../../../outside/manifest.json", "leads out of the device folder"),
        ("other.json", "is a symbolic link"),
        ("manifest.json", "cannot be followed"),
        ("nowhere", "is missing"),
    ],
)
def test_a_symlinked_subject_is_refused(world: World, target: str, says: str) -> None:
    """A link is not the file that was sealed, wherever it leads and whatever bytes lie behind it."""
    world.approve("ben", "clinical", at(2))
    data = (world.folder / MANIFEST).read_bytes()
    (world.folder.parent / "outside").mkdir()
    (world.folder.parent / "outside" / "manifest.json").write_bytes(data)
    (world.folder / MANIFEST).with_name("other.json").write_bytes(data)
    (world.folder / MANIFEST).unlink()
    (world.folder / MANIFEST).symlink_to(target)
    failed(world.verify_one(), says)


def test_a_subject_behind_a_linked_folder_is_refused(world: World) -> None:
    """Nor may a folder on the way be a link."""
    world.approve("ben", "clinical", at(2))
    (world.folder / "releases" / "1.0.0").rename(world.folder / "moved")
    (world.folder / "releases" / "1.0.0").symlink_to("../moved")
    failed(world.verify_one(), "is a symbolic link")


def test_an_approval_replayed_on_another_release_does_not_count(world: World) -> None:
    """Moved beside another release, a seal is out of place; copied, it still names its own manifest."""
    path = world.approve("ben", "clinical", at(2))
    other = world.folder / "seals/releases/2.0.0" / path.name
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())
    (world.folder / "releases/2.0.0").mkdir()
    manifest = world.folder / "releases/2.0.0/manifest.json"
    manifest.write_bytes((world.folder / MANIFEST).read_bytes())
    sound, moved = world.verify()
    assert sound.outcome == "verified"
    assert moved.outcome == "failed"
    assert f"lies at seals/releases/1.0.0/{path.name}" in moved.reason


def test_a_root_of_another_domain_does_not_verify(world: World, tmp_path: Path) -> None:
    """Only the domain it was sealed in vouches for a seal, though the other has the same name."""
    twin = make_world(tmp_path / "twin")
    world.approve("ben", "clinical", at(2))
    failed(world.verify_one(Root("local", twin.domain.trusted_root())), "No trusted root given knows the log")


def test_a_local_seal_is_not_presented_as_public(world: World) -> None:
    """The bundle has no word in which domain it is of; without its own root it is of none."""
    world.approve("ben", "clinical", at(2))
    public = Root("public", public_good_root())
    failed(world.verify_one(public), "No trusted root given knows", "given: public")
    assert world.verify_one(public, world.root).domain == "local"


def test_a_local_root_under_the_public_name_is_refused(world: World) -> None:
    """Who moves the local root to where the public one belongs gains no public seal: that root is known."""
    world.approve("ben", "clinical", at(2))
    moved = Root("public", world.domain.trusted_root())
    failed(world.verify_one(moved), "names an authority that is not the public Sigstore's")


def public_good_root() -> bytes:
    """The public-good instance's trusted root, as the library ships it."""
    folder = Path(sigstore.__file__).parent / "_store"
    (path,) = [p for p in folder.rglob("trusted_root.json") if "sigstore.dev" in p.parent.name]
    return path.read_bytes()


def test_no_roots_vouch_for_nothing(world: World) -> None:
    """An empty list of roots verifies nothing."""
    world.approve("ben", "clinical", at(2))
    (seal,) = attest.verify(world.files, ())
    failed(seal, "given: none")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"mediaType": "x", "mediaType": "y"}', b"\x00" * 10, b" " * (2 << 20)]
)
def test_a_broken_root_fails_every_seal(world: World, data: bytes) -> None:
    """A root that cannot be read fails the seals and says so; it does not raise."""
    world.approve("ben", "clinical", at(2))
    failed(world.verify_one(Root("local", data)), "trusted root")


def test_a_flipped_bit_in_the_root_changes_nothing_shown(world: World) -> None:
    """A damaged root fails the seal, or damages what bears on nothing shown; it never raises."""
    world.approve("ben", "clinical", at(2))
    before = shown(world.verify_one())
    original = world.domain.trusted_root()
    generator = random.Random("root")
    refused = 0
    for bit in generator.sample(range(len(original) * 8), 200):
        data = bytearray(original)
        data[bit // 8] ^= 1 << bit % 8
        seal = world.verify_one(Root("local", bytes(data)))
        refused += seal.outcome == "failed"
        assert seal.outcome == "failed" or shown(seal) == before
    assert refused > 80


def parts_of_two_roots(world: World, tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """The world's root with one part exchanged for that of another domain."""
    other = json.loads(make_world(tmp_path / "forger", "forger").domain.trusted_root())
    for part in ("certificateAuthorities", "ctlogs", "timestampAuthorities"):
        root = json.loads(world.domain.trusted_root())
        root[part] = other[part]
        yield part, json.dumps(root).encode()


def test_every_part_of_the_root_is_needed(world: World, tmp_path: Path) -> None:
    """A root whose CA, transparency key or time-stamping authority is another's verifies nothing."""
    world.approve("ben", "clinical", at(2))
    parts = list(parts_of_two_roots(world, tmp_path))
    assert len(parts) == 3
    for _, root in parts:
        failed(world.verify_one(Root("local", root)))


def test_two_roots_that_share_a_log_are_refused(world: World) -> None:
    """Whoever gives one log under two domain names learns nothing from it."""
    world.approve("ben", "clinical", at(2))
    private = Root("private", world.domain.trusted_root())
    failed(world.verify_one(world.root, private), "name the same log")


def merged_root(world: World) -> bytes:
    """The public root with every part of the local one added to it."""
    merged = json.loads(public_good_root())
    local = json.loads(world.domain.trusted_root())
    for part in ("tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"):
        merged[part] += local[part]
    return json.dumps(merged).encode()


def test_a_merged_root_does_not_lend_the_public_name(world: World, tmp_path: Path) -> None:
    """A root that merges the local domain into the public one is refused; the library would take it.

    With the local root given beside it, the seal is shown as what it is: local.
    """
    path = world.approve("ben", "clinical", at(2))
    merged = Root("public", merged_root(world))
    assert library_accepts(
        path.read_bytes(), merged.trusted_root, tmp_path, "ben@example.invalid", world.domain.issuer
    )
    failed(world.verify_one(merged), "names an authority that is not the public Sigstore's")
    assert world.verify_one(merged, world.root).domain == "local"


def test_a_merged_root_under_a_private_name_is_refused_beside_its_parts(world: World) -> None:
    """Merged under another name, its log stands under two domains as soon as the local root is given."""
    world.approve("ben", "clinical", at(2))
    failed(world.verify_one(Root("private", merged_root(world)), world.root), "name the same log")


def test_a_backdated_entry_shows_in_the_log_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who tampers with the head's time to date back is betrayed by the order in the log."""
    world.approve("ben", "clinical", at(5))
    head = world.domain.folder / "log" / "head.json"
    fields = json.loads(head.read_bytes())
    fields["time"] = "2024-03-01T09:00:00Z"
    head.write_text(json.dumps(fields))
    world.approve("dee", "quality", at(1), meaning="quality_approval")
    seals = {seal.predicate["role"]: seal for seal in world.verify()}
    assert seals["clinical"].outcome == "verified"
    failed(seals["quality"], "after entry 1 of 2024-03-06T09:00:00Z", "dated back")


def test_a_statement_in_anothers_name_is_refused(world: World) -> None:
    """The statement's signer is the certificate's, although the operator can make both."""
    statement = world.approval("ben", "clinical", at(2), signer=signer("dee", "clinical", at(2)))
    forged = attest.parse(statement)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attest.LocalDomain, "_check", lambda *_: None)
        patch.setattr("muniment.attest.local.domain.verify_bundle", lambda *_: "")
        bundle = world.domain.seal(
            statement, identity=attest.Identity("ben@example.invalid", world.domain.issuer), at=at(2)
        )
        late = world.domain.seal(
            world.approval("ben", "clinical", at(2)),
            identity=attest.Identity("ben@example.invalid", world.domain.issuer),
            at=at(2) + timedelta(hours=2),
        )
    path = world.folder / attest.seal_path(forged)
    path.parent.mkdir(parents=True)
    path.write_bytes(bundle)
    failed(world.verify_one(), "names dee@example.invalid, the certificate ben@example.invalid")
    path.unlink()
    parsed = attest.parse(world.approval("ben", "clinical", at(2)))
    (world.folder / attest.seal_path(parsed)).write_bytes(late)
    failed(world.verify_one(), "says it was signed at 2024-03-03T09:00:00Z, the verified time is")


def test_verification_needs_no_socket_even_for_bad_seals(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle cannot make the verifier go and ask somewhere."""

    def no_network(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("network")

    path = world.approve("ben", "clinical", at(2))
    rewrite(path, set_field(*PROOF, "checkpoint", "envelope", "https://example.invalid\n2\nAA==\n\n— a b\n"))
    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    failed(world.verify_one(), "does not verify")


def test_the_digest_of_a_seal_is_that_of_its_file(world: World) -> None:
    """What an evaluation names as its lock is the very file that was verified."""
    path = world.lock(at(0))
    assert world.verify_one().sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("where", ["issuer", "subject"])
def test_a_timestamp_with_an_unreadable_certificate_is_refused(world: World, where: str) -> None:
    """A name that is no UTF-8, in the certificate inside a timestamp: refused, and the others go on."""
    world.lock(at(0))
    path = world.approve("ben", "clinical", at(2))
    bundle = json.loads(path.read_bytes())
    stamp = bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
    data = bytearray(base64.b64decode(stamp["signedTimestamp"]))
    name = b"Muniment local domain"
    assert data.count(name) == 3  # issuer and subject of the certificate, issuer again beside the signature
    at_byte = data.index(name) if where == "issuer" else data.index(name, data.index(name) + 1)
    data[at_byte] = 0xFF
    stamp["signedTimestamp"] = base64.b64encode(data).decode()
    path.write_text(json.dumps(bundle))
    seals = {seal.file.split("/")[1]: seal for seal in world.verify()}
    failed(seals["releases"], "does not verify")
    assert seals["plans"].outcome == "verified"
