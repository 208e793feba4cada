"""People's own keys: under a passphrase, in the register, and the only ones that seal."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tests.support.sealed import START, World, at, make_world

from muniment import attest
from muniment.errors import SealError

PASSPHRASE = "nine violet herons wait"
BEN = "ben@example.invalid"


@pytest.fixture
def attended(tmp_path: Path) -> World:
    """A device folder and a domain in which nobody is enrolled yet."""
    world = make_world(tmp_path)
    domain = attest.create_domain(tmp_path / "attended", name="attended", at=START)
    return World(world.folder, domain)


def sealed(world: World, key: attest.PersonKey | None) -> bytes:
    moment = at(2)
    statement = world.approval("ben", "clinical", moment)
    identity = attest.Identity(BEN, world.domain.issuer)
    return world.domain.seal(statement, identity=identity, at=moment, key=key)


def leaf(bundle: bytes) -> x509.Certificate:
    raw = json.loads(bundle)["verificationMaterial"]["certificate"]["rawBytes"]
    return x509.load_der_x509_certificate(base64.b64decode(raw))


def test_an_enrolled_key_seals_and_stands_in_the_certificate(attended: World) -> None:
    """The certificate carries the person's own key, so two seals of one person show one key."""
    key = attest.new_person_key()
    notice = attended.domain.enrol(BEN, key, person="ben", at=at(1))
    assert (notice.act, notice.fingerprint) == ("enrolled", key.fingerprint)
    first, second = sealed(attended, key), sealed(attended, key)
    assert leaf(first).public_key() == leaf(second).public_key() == key.private.public_key()
    root = attest.Root("local", attended.domain.trusted_root())
    assert attest.examine(first, (root,)).reason == ""


@pytest.mark.parametrize("state", ["nobody", "no key", "other key", "revoked", "replaced"])
def test_no_other_key_gets_a_certificate(attended: World, state: str) -> None:
    """The authority issues against the register and nothing else; each refusal says what to do."""
    domain, key = attended.domain, attest.new_person_key()
    expected = {
        "nobody": "is not enrolled",
        "no key": "a key of their own",
        "other key": "not the one enrolled",
        "revoked": "was revoked at 2024-03-02",
        "replaced": "not the one enrolled",
    }[state]
    if state != "nobody":
        domain.enrol(BEN, key, person="ben", at=at(1))
    if state == "revoked":
        domain.revoke(BEN, at=at(1), reason="left")
    if state == "replaced":
        domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(1), replace=True)
    used = {"no key": None, "other key": attest.new_person_key()}.get(state, key)
    size = domain.head().size
    with pytest.raises(SealError, match=expected) as caught:
        sealed(attended, used)
    assert caught.value.hint
    assert domain.head().size == size


def test_a_key_is_replaced_and_the_earlier_seals_stand(attended: World) -> None:
    """Rotation and loss: the new key signs, what the old one sealed verifies as before."""
    old, new = attest.new_person_key(), attest.new_person_key()
    attended.domain.enrol(BEN, old, person="ben", at=at(1))
    before = sealed(attended, old)
    with pytest.raises(SealError, match="was enrolled at") as caught:
        attended.domain.enrol(BEN, new, person="ben", at=at(2))
    assert "--replace" in caught.value.hint
    attended.domain.enrol(BEN, new, person="ben", at=at(2), replace=True, reason="key lost")
    after = sealed(attended, new)
    root = attest.Root("local", attended.domain.trusted_root())
    assert [attest.examine(bundle, (root,)).reason for bundle in (before, after)] == ["", ""]


def test_a_revoked_person_is_enrolled_again_only_on_purpose(attended: World) -> None:
    """Revocation is not undone by enrolling as if nothing had been."""
    attended.domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(1))
    attended.domain.revoke(BEN, at=at(1), reason="laptop stolen")
    with pytest.raises(SealError, match="was revoked"):
        attended.domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(1))
    with pytest.raises(SealError, match="no key to revoke"):
        attended.domain.revoke(BEN, at=at(1), reason="again")
    key = attest.new_person_key()
    attended.domain.enrol(BEN, key, person="ben", at=at(1), replace=True)
    assert sealed(attended, key)


def test_the_register_stands_in_the_log_and_is_read_from_it(attended: World) -> None:
    """Every act with its time and reason, also by another process; each is a leaf of the tree."""
    domain = attended.domain
    domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(1))
    domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(2), replace=True, reason="rotation")
    domain.revoke(BEN, at=at(3), reason="left")
    again = attest.open_domain(domain.folder)
    assert [(n.act, n.at[:10], n.reason) for n in again.register()] == [
        ("enrolled", "2024-03-02", ""),
        ("replaced", "2024-03-03", "rotation"),
        ("revoked", "2024-03-04", "left"),
    ]
    assert again.head().size == 4
    with pytest.raises(SealError, match="would follow the log's last entry"):
        again.enrol("dee@example.invalid", attest.new_person_key(), person="dee", at=at(2))


def test_a_notice_taken_out_of_the_log_stops_all_sealing(attended: World) -> None:
    """A revocation cannot be taken back by editing files."""
    key = attest.new_person_key()
    attended.domain.enrol(BEN, key, person="ben", at=at(1))
    attended.domain.revoke(BEN, at=at(1), reason="left")
    entries = attended.domain.folder / "log" / "entries.jsonl"
    entries.write_bytes(b"".join(entries.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(SealError, match="log is damaged"):
        sealed(World(attended.folder, attest.open_domain(attended.domain.folder)), key)


def test_an_enrolment_is_signed_with_the_key_it_enrols(attended: World) -> None:
    """Nobody enrols a public key they found somewhere: a notice without proof of possession is refused."""
    from muniment.attest.local.register import enrolment, parse_register

    key = attest.new_person_key()
    notice = json.loads(enrolment(key, "enrolled", identity=BEN, person="ben", at="2024-03-02T09:00:00Z"))
    parse_register([json.dumps(notice).encode()])
    notice["enrolment"]["identity"] = "dee@example.invalid"
    with pytest.raises(SealError, match="not signed with the key it enrols"):
        parse_register([json.dumps(notice).encode()])


def test_a_key_file_is_encrypted_private_and_readable_by_openssl(tmp_path: Path) -> None:
    """PKCS#8 under PBES2, 0600: another program opens it with the passphrase, and none without."""
    key, path = attest.new_person_key(), tmp_path / "people" / "ben.pem"
    attest.write_person_key(path, key, PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert attest.read_person_key(path, PASSPHRASE).fingerprint == key.fingerprint
    command = ["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER", "-passin"]
    opened = subprocess.run([*command, f"pass:{PASSPHRASE}"], capture_output=True, check=True)
    assert opened.stdout == key.public
    assert subprocess.run([*command, "pass:wrong"], capture_output=True, check=False).returncode != 0
    shown = subprocess.run(["openssl", "asn1parse", "-in", str(path)], capture_output=True, check=True).stdout
    assert b"PBKDF2" in shown
    assert b"0927C0" in shown, "600,000 rounds"


@pytest.mark.parametrize("fault", ["wrong", "open", "bare", "damaged", "missing", "short"])
def test_a_key_file_that_is_no_good_says_so_in_one_sentence(tmp_path: Path, fault: str) -> None:
    """No passphrase and no byte of a key is repeated in a message."""
    path = tmp_path / "ben.pem"
    expected = {
        "wrong": "does not open with this passphrase",
        "open": "can be read by others",
        "bare": "no passphrase-encrypted key",
        "damaged": "does not open",
        "missing": "cannot be read",
        "short": "shorter than 12",
    }[fault]
    words = {"wrong": "wrong passphrase", "short": "too short"}.get(fault, PASSPHRASE)
    if fault != "short":
        attest.write_person_key(path, attest.new_person_key(), PASSPHRASE)
        damage(path, fault)
    use = attest.read_person_key if fault != "short" else write
    with pytest.raises(SealError, match=expected) as caught:
        use(path, words)
    assert words not in str(caught.value)


def write(path: Path, words: str) -> None:
    attest.write_person_key(path, attest.new_person_key(), words)


def damage(path: Path, fault: str) -> None:
    text = path.read_text()
    match fault:
        case "open":
            path.chmod(0o640)
        case "bare":
            path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        case "damaged":
            path.write_text(text[:200] + ("B" if text[200] != "B" else "C") + text[201:])
        case "missing":
            path.unlink()


def test_a_key_shows_nothing_of_itself() -> None:
    """Neither its repr nor that of what holds it has a private byte, so no log line can."""
    key = attest.new_person_key()
    secret = key.private.private_numbers().private_value
    assert "private" not in repr(key)
    assert str(secret) not in repr(key)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o022])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    """Folder 0700, keys 0600, whatever the shell says."""
    before = os.umask(umask)
    try:
        domain = attest.create_domain(tmp_path / "d", name="d", at=START)
        attest.write_person_key(
            attest.key_path(domain.folder, BEN, "ab" * 32), attest.new_person_key(), PASSPHRASE
        )
    finally:
        os.umask(before)
    modes = {p.relative_to(tmp_path).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert {mode for path, mode in modes.items() if (tmp_path / path).is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if (tmp_path / path).is_file()} == {0o600}


def test_an_unattended_domain_says_so_in_every_certificate(world: World) -> None:
    """Whoever looks at a seal of a demonstration domain can see what it is worth."""
    bundle = sealed(world, None)
    assert "(unattended)" in leaf(bundle).issuer.rfc4514_string()
    assert leaf(sealed(world, None)).public_key() != leaf(bundle).public_key()


def test_a_time_of_enrolment_never_lies_before_the_log(attended: World) -> None:
    """Enrolment stands in the same order of time as the seals."""
    attended.domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(2))
    with pytest.raises(SealError, match="would follow"):
        attended.domain.revoke(BEN, at=at(2) - timedelta(seconds=1), reason="earlier")


def test_no_edit_of_a_file_makes_a_domain_unattended(attended: World) -> None:
    """Whether keys are asked for hangs on the authority's certificate, which every seal shows."""
    path = attended.domain.folder / "domain.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"unattended": True}))
    again = World(attended.folder, attest.open_domain(attended.domain.folder))
    assert not again.domain.unattended
    with pytest.raises(SealError, match="a key of their own"):
        sealed(again, None)


def test_every_enrolment_takes_a_fresh_key(attended: World) -> None:
    """Neither a revoked key nor another person's is enrolled again."""
    key = attest.new_person_key()
    attended.domain.enrol(BEN, key, person="ben", at=at(1))
    with pytest.raises(SealError, match=f"was enrolled for {BEN}"):
        attended.domain.enrol("dee@example.invalid", key, person="dee", at=at(1))
    attended.domain.revoke(BEN, at=at(1), reason="lost")
    with pytest.raises(SealError, match="fresh key"):
        attended.domain.enrol(BEN, key, person="ben", at=at(1), replace=True)


@pytest.mark.parametrize("reason", ["x" * 1001, "a\x1b[31mb", "two\nlines"])
def test_what_cannot_be_shown_is_not_entered(attended: World, reason: str) -> None:
    """The register is there for ever, so nothing enters it that could not be read back or would not print."""
    with pytest.raises(SealError, match="cannot be entered in the register"):
        attended.domain.enrol(BEN, attest.new_person_key(), person="ben", at=at(1), reason=reason)
    assert attended.domain.register() == ()
