"""Renewals of an archive: by the local domain, by a foreign authority, and by whoever forges them."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from muniment import archive, attest
from muniment.archive import renewal
from muniment.errors import MunimentError, SealError, UnreadableInput, UsageError
from muniment.pipeline import renewing

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
EXTENSIONS = """[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""
AUTHORITY = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha512
default_policy = 1.2.3.4.1
digests = sha256, sha512
"""


def year(number: int) -> datetime.datetime:
    return START.replace(year=number)


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> attest.LocalDomain:
    folder = tmp_path_factory.mktemp("trust") / "domain"
    return attest.create_domain(folder, name="here", at=START, unattended=True)


@pytest.fixture(params=[".zip", ".tar", ""], ids=["zip", "tar", "folder"])
def bag(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return made(tmp_path / f"snapshot{request.param}")


def made(path: Path) -> Path:
    """A small archive."""
    site = path.parent / "site"
    (site / "assets").mkdir(parents=True)
    (site / "index.html").write_text("<p>portal</p>\n")
    (site / "assets" / "b.css").write_text("p{}\n")
    contents = archive.Contents(
        site=site, holdings=(), verification={"outcome": "verified"}, trust={}, extras={}, information={}
    )
    archive.create(path, contents, made_on="2026-04-30")
    return path


def by(domain: attest.LocalDomain, when: int) -> renewing.Stamper:
    return lambda listed: domain.stamp(listed, at=year(when))


def reasons(path: Path, authority: bytes | None = None) -> list[str]:
    return [each.reason for each in renewing.renewals(path, authority=authority)]


def unpacked(path: Path) -> Path:
    """The bag as a folder beside its renewals."""
    if path.is_dir():
        return path
    target = path.parent / "unpacked"
    shutil.unpack_archive(path, target)
    (folder,) = target.iterdir()
    return shutil.move(folder, path.parent / "opened")


def without_us(path: Path, number: int) -> subprocess.CompletedProcess[str]:
    """What the command prints for who has none of this: `sha512sum` and `openssl`."""
    name = f"../{renewal.folder(path).name}/{number:04}"
    line = (
        f"sha512sum --quiet -c {name}.sha512 && "
        f"openssl ts -verify -data {name}.sha512 -in {name}.tsr -CAfile {name}.pem"
    )
    return subprocess.run(["sh", "-c", line], cwd=unpacked(path), capture_output=True, text=True, check=False)


def test_an_archive_is_renewed_and_renewed_again(bag: Path, domain: attest.LocalDomain) -> None:
    """Each renewal covers all that was there; the archive stays as it is; both verify, without us too."""
    before = {p: p.read_bytes() for p in ([bag] if bag.is_file() else bag.rglob("*")) if p.is_file()}
    first = renewing.renew(bag, by(domain, 2030))
    second = renewing.renew(bag, by(domain, 2040))
    assert (first.number, second.number, first.files) == (1, 2, second.files)
    assert [(each.outcome, each.time) for each in renewing.renewals(bag)] == [
        ("verified", "2030-01-01T00:00:00Z"),
        ("verified", "2040-01-01T00:00:00Z"),
    ]
    assert {path: path.read_bytes() for path in before} == before
    ran = without_us(bag, 2)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Verification: OK" in ran.stdout


def test_the_three_forms_of_an_archive_are_stamped_alike(tmp_path: Path) -> None:
    """A folder, a zip and a tar hold the same files, so the list of one is the list of another."""
    lists = set()
    for suffix in (".zip", ".tar", ""):
        folder = tmp_path / f"form{suffix}"
        folder.mkdir()
        lists.add(renewal.listed(renewal.sums(made(folder / f"snapshot{suffix}")), (), "x.renewals"))
    assert len(lists) == 1


def test_an_archive_may_get_another_name(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """Who receives one renames it, with the folder of its renewals; both still verify, and a third too."""
    path = made(tmp_path / "snapshot.zip")
    for when in (2030, 2040):
        renewing.renew(path, by(domain, when))
    other = path.rename(tmp_path / "from the manufacturer.zip")
    renewal.folder(path).rename(renewal.folder(other))
    assert reasons(other) == ["", ""]
    renewing.renew(other, by(domain, 2050))
    assert reasons(other) == ["", "", ""]
    with pytest.raises(UsageError, match="has a backslash or a percent sign"):
        renewing.renewals(other.rename(tmp_path / "50%.zip"))


@dataclass(frozen=True)
class Foreign:
    """An authority of OpenSSL's, with an RSA key."""

    folder: Path

    def reply(self, query: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(query)
        self.run("ts -reply -config tsa.cnf -queryfile q.tsq -out a.tsr")
        return (self.folder / "a.tsr").read_bytes()

    @property
    def root(self) -> bytes:
        return (self.folder / "ca.pem").read_bytes()

    def run(self, words: str) -> None:
        done = subprocess.run(["openssl", *words.split()], cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    folder = tmp_path_factory.mktemp("authority")
    made = Foreign(folder)
    (folder / "ext.cnf").write_text(EXTENSIONS)
    (folder / "tsa.cnf").write_text(AUTHORITY.format(folder=folder))
    (folder / "serial").write_text("01\n")
    made.run("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9000 -subj /CN=Foreign-root")
    made.run("req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=Foreign-stamper")
    made.run(
        "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 8000 "
        "-extfile ext.cnf -extensions tsa -out tsa.pem"
    )
    return made


def test_an_authority_of_ones_own_choice_answers(tmp_path: Path, foreign: Foreign) -> None:
    """OpenSSL's authority answers the query; the reply is kept, and verifies with the reader's root."""
    path = made(tmp_path / "snapshot.zip")
    query = renewing.query(path)
    assert query == renewing.query(path)
    reply = foreign.reply(query)
    done = renewing.renew(path, lambda _listed: (reply, foreign.root))
    assert done.authority == "CN=Foreign-root"
    assert reasons(path) == reasons(path, foreign.root) == [""]
    assert without_us(path, 1).returncode == 0


def test_a_forger_of_archive_and_renewals_fails_by_the_readers_root(
    tmp_path: Path, foreign: Foreign, domain: attest.LocalDomain
) -> None:
    """Whoever rewrites everything must stamp it by another authority than the one that the reader names."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2030))
    assert reasons(path) == [""]
    assert reasons(path, foreign.root) == ["The reply verifies with none of the authority's certificates."]


def test_a_reply_to_something_else_is_not_kept(
    tmp_path: Path, foreign: Foreign, domain: attest.LocalDomain
) -> None:
    """A reply for other data, over a shorter digest, by another authority, or none: nothing is written."""
    path = made(tmp_path / "snapshot.zip")
    (foreign.folder / "data").write_bytes(b"x")
    foreign.run("ts -query -data data -sha512 -cert -out other.tsq")
    other = foreign.reply((foreign.folder / "other.tsq").read_bytes())
    shorter = domain._timestamps.stamp(b"x", year(2030))
    right = foreign.reply(renewing.query(path))
    local_root = domain.stamp(b"x", at=year(2030))[1]
    for reply, root, reason in (
        (other, foreign.root, "for other data"),
        (shorter, local_root, "another digest than SHA-512"),
        (right, local_root, "none of the authority's certificates"),
        (right, b"no certificate", "no PEM file"),
        (b"nonsense", foreign.root, "no timestamp that can be read"),
        (b"", foreign.root, "no timestamp that can be read"),
    ):
        with pytest.raises(SealError, match=reason):
            renewing.renew(path, lambda _listed, answer=(reply, root): answer)
        assert not renewal.folder(path).exists()


def rewritten(path: Path, name: str, data: bytes | None) -> None:
    """Change, add or remove a file of a zip; the manifests are left as they are."""
    with zipfile.ZipFile(path) as old:
        held = [(info, old.read(info)) for info in old.infolist()]
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "fresh.zip"
        with zipfile.ZipFile(fresh, "w") as new:
            for info, content in held:
                if not info.filename.endswith(name):
                    new.writestr(info, content)
                elif data is not None:
                    new.writestr(info, data)
        shutil.copy(fresh, path)


Damage = Callable[[Path, Path], None]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "a file of the archive": (
        lambda bag, _: rewritten(bag, "b.css", b"p{x}\n"),
        "data/site/assets/b.css is not the file that was stamped",
    ),
    "a file removed": (
        lambda bag, _: rewritten(bag, "b.css", None),
        "data/site/assets/b.css was stamped and is not there",
    ),
    "a tag file": (
        lambda bag, _: rewritten(bag, "bag-info.txt", b"Payload-Oxum: 1.1\n"),
        "bag-info.txt is not the file that was stamped",
    ),
    "the first list": (
        lambda _, folder: (folder / "0001.sha512").write_bytes(b"x"),
        "The reply is for other data.",
    ),
    "the first reply": (
        lambda _, folder: (folder / "0001.tsr").write_bytes(b"x"),
        "The reply is no timestamp that can be read.",
    ),
    "the first certificate": (
        lambda _, folder: (folder / "0001.pem").write_bytes(b"x"),
        "The authority's certificates are no PEM file.",
    ),
}


@pytest.mark.parametrize("what", sorted(DAMAGES))
def test_whatever_changes_afterwards_is_found(tmp_path: Path, domain: attest.LocalDomain, what: str) -> None:
    """What a renewal covers cannot change: the archive, and the renewals before it."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2030))
    renewing.renew(path, by(domain, 2040))
    damage, reason = DAMAGES[what]
    damage(path, renewal.folder(path))
    first, second = reasons(path)
    assert reason.rstrip(".") in first
    assert second, "the second renewal covers it as well"
    with pytest.raises(MunimentError):
        renewing.renew(path, by(domain, 2050))
    assert len(renewal.read(path)) == 2


def test_every_flipped_bit_of_a_reply_is_refused_or_idle(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """A bit flipped in the reply or its certificate: refused, or what is shown stays the same."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2030))
    (sound,) = renewing.renewals(path)
    kept = renewal.read(path)[0]
    refused = 0
    for part in (renewal.REPLY, renewal.ROOT):
        data = kept.parts[part]
        for place in range(0, len(data), 7):
            broken = bytearray(data)
            broken[place] ^= 1 << (place % 8)
            target = renewal.folder(path) / renewal.named(1, part)
            target.write_bytes(broken)
            (found,) = renewing.renewals(path)
            refused += found.outcome == "failed"
            assert found.outcome == "failed" or (found.time, found.authority) == (sound.time, sound.authority)
        (renewal.folder(path) / renewal.named(1, part)).write_bytes(data)
    assert refused > 150
    assert reasons(path) == [""]


def test_a_renewal_dropped_or_exchanged_is_found(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """The order of renewals is part of what is stamped; a folder with anything else is not read."""
    path = made(tmp_path / "snapshot.zip")
    for when in (2030, 2040, 2050):
        renewing.renew(path, by(domain, when))
    folder = renewal.folder(path)
    for part in renewal.PARTS:
        first, second = (folder / renewal.named(number, part) for number in (1, 2))
        held = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(held)
    assert reasons(path) != ["", "", ""]
    assert all(reasons(path))
    for part in renewal.PARTS:
        (folder / renewal.named(2, part)).unlink()
    with pytest.raises(UnreadableInput, match="no part of a renewal in order"):
        renewing.renewals(path)
    with pytest.raises(UnreadableInput, match="no part of a renewal in order"):
        renewing.renew(path, by(domain, 2060))


def test_what_is_no_renewal_is_not_read(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """A link, a stray file, a reply of a megabyte, and a folder that is none."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2030))
    folder = renewal.folder(path)
    sound = (folder / "0001.tsr").read_bytes()
    (folder / "0001.tsr").write_bytes(b"\0" * (renewal.SMALL + 1))
    with pytest.raises(UnreadableInput, match="larger than it needs to be"):
        renewing.renewals(path)
    (folder / "0001.tsr").unlink()
    (tmp_path / "elsewhere.tsr").write_bytes(sound)
    (folder / "0001.tsr").symlink_to(tmp_path / "elsewhere.tsr")
    with pytest.raises(UnreadableInput, match="no regular file"):
        renewing.renewals(path)
    (folder / "0001.tsr").unlink()
    (folder / "0001.tsr").write_bytes(sound)
    (folder / "0001.exe").write_bytes(b"")
    with pytest.raises(UnreadableInput, match=r"'0001\.exe', which is no part"):
        renewing.renewals(path)
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    with pytest.raises(UnreadableInput, match="is no folder"):
        renewing.renewals(path)


def test_time_goes_forward(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """A renewal older than the last one, or than the domain, is not made."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2040))
    with pytest.raises(SealError, match="older than the renewal of 2040"):
        renewing.renew(path, by(domain, 2030))
    with pytest.raises(SealError, match="older than the domain"):
        renewing.renew(path, by(domain, 2020))
    assert len(renewal.read(path)) == 1


def test_an_interrupted_renewal_is_made_again(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """Without a reply the list and the certificate count for nothing, and are written over."""
    path = made(tmp_path / "snapshot.zip")
    renewing.renew(path, by(domain, 2030))
    folder = renewal.folder(path)
    (folder / "0002.sha512").write_bytes(b"half a li")
    (folder / "0002.pem").write_bytes(b"")
    assert reasons(path) == [""]
    assert renewing.renew(path, by(domain, 2040)).number == 2
    assert reasons(path) == ["", ""]


def test_an_archive_that_does_not_hold_is_not_renewed(tmp_path: Path, domain: attest.LocalDomain) -> None:
    """Nor is one that is not the archive of the letter: a stamp must not make it look sound."""
    path = made(tmp_path / "snapshot.zip")
    with pytest.raises(MunimentError, match="does not hold"):
        renewing.renew(path, by(domain, 2030), pinned="0" * 64)
    rewritten(path, "b.css", b"p{x}\n")
    with pytest.raises(MunimentError, match="does not hold, so it is not renewed"):
        renewing.renew(path, by(domain, 2030))
    assert not renewal.folder(path).exists()
