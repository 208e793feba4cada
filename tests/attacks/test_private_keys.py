"""Private keys are looked for in everything that is written, printed or handed over."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from tests.support.sealed import make_world

from muniment import archive
from muniment.load import DeviceFiles
from support.project import CHECKOUT, DEVICE, Project

HEADERS = (
    b"PRIVATE KEY-----",
    b"OPENSSH PRIVATE",
    b"BEGIN PGP PRIVATE",
    b"BEGIN ENCRYPTED SIGSTORE",
    b"BEGIN ENCRYPTED COSIGN",
)
PAD = 3
"""Base64 looks different at each of three offsets."""


def needles(folder: Path) -> dict[str, bytes]:
    """Every form in which a key of a domain could leak, by what it is.

    PEM lines, DER (PKCS#8 and traditional), the bare scalar or seed; each raw, in hex of either case and in
    base64 at every offset. Text forms lack their ends, which depend on what stands beside them.
    """
    found: dict[str, bytes] = {}
    keys = sorted(path for path in folder.rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes())
    assert len(keys) >= 4
    for path in keys:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        for name, secret in forms(key):
            label = f"{path.name} {name}"
            found[label] = secret
            found[f"{label} hex"] = secret.hex().encode()
            found[f"{label} HEX"] = secret.hex().upper().encode()
            for pad in range(PAD):
                text = base64.b64encode(bytes(pad) + secret).rstrip(b"=")
                # What the neighbours share with the ends is cut off.
                found[f"{label} base64 {pad}"] = text[4:-2]
                found[f"{label} base64url {pad}"] = text[4:-2].translate(bytes.maketrans(b"+/", b"-_"))
        secret = dict(forms(key)).get("scalar") or dict(forms(key))["seed"]
        for number, line in enumerate(path.read_bytes().splitlines()[1:-1]):
            # The last lines of an elliptic key are its public half, which certificates show as well.
            if any(secret[at : at + 8] in base64.b64decode(line) for at in range(len(secret) - 8)):
                found[f"{path.name} PEM line {number}"] = line
    return found


def forms(key: object) -> Iterator[tuple[str, bytes]]:
    """The private half alone: a whole DER ends in the public key, and only its head is secret."""
    plain, der = serialization.NoEncryption(), serialization.Encoding.DER
    if isinstance(key, ec.EllipticCurvePrivateKey):
        yield "scalar", key.private_numbers().private_value.to_bytes(32, "big")
        yield "SEC1", key.private_bytes(der, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    else:
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        raw = serialization.Encoding.Raw
        yield "seed", key.private_bytes(raw, serialization.PrivateFormat.Raw, plain)
    yield "PKCS8", key.private_bytes(der, serialization.PrivateFormat.PKCS8, plain)  # type: ignore[attr-defined]


def leaks(wanted: dict[str, bytes], texts: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where a needle or a PEM header of a private key stands."""
    pattern = re.compile(b"|".join(re.escape(each) for each in {*wanted.values(), *HEADERS}))
    names = {secret: name for name, secret in wanted.items()}
    found = []
    for place, data in texts:
        for text in (data, *decoded(data)):
            found += [f"{place}: {names.get(hit[0], 'a PEM header')}" for hit in pattern.finditer(text)]
    return found


def decoded(data: bytes) -> Iterator[bytes]:
    """What long base64 texts of a file say, for a key inside something else that was encoded."""
    for text in re.findall(rb"[A-Za-z0-9+/]{80,}", data[: 4 << 20]):
        yield base64.b64decode(text[: len(text) // 4 * 4])


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


@pytest.fixture(scope="session")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Path, str]:
    """A project where people sealed on the command line; its domain's folder; all that was printed."""
    project = Project(tmp_path_factory.mktemp("project"))
    shutil.copytree(CHECKOUT / "evidence", project.root / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", project.root)
    for name in ("seals", "trust"):
        shutil.rmtree(project.device / name)
    folder = make_world(tmp_path_factory.mktemp("keys"), "leaky").domain.folder
    printed = []
    for command in COMMANDS:
        ran = project.run(*command, "--trust-folder", str(folder))
        printed.append(ran.out + ran.err)
        assert ran.code == command_code(command), ran.out + ran.err
    return project, folder, "\n".join(printed)


COMMANDS = (
    ("trust", "show", "--publish"),
    ("lock", "1.0.0", "--as", "p-varga", "--at", "2024-03-05T14:00:00Z"),
    ("sign", "1.0.0", "--evaluation", "--as", "svc-evaluation", "--role", "verification",
     "--at", "2024-03-08T08:00:00Z"),
    ("approve", "1.0.0", "--as", "p-achterberg", "--role", "clinical", "--at", "2024-03-15T12:00:00Z"),
    ("reject", "1.0.0", "--as", "p-hughes", "--role", "risk", "--at", "2024-03-15T13:00:00Z"),
    ("sign", "1.0.0", "--authorise", "--as", "p-moreau", "--role", "quality",
     "--at", "2024-03-19T10:00:00Z"),
    # Refused: what is printed about a failure is looked through as well.
    ("lock", "1.1.0-rc1", "--as", "p-varga", "--at", "2024-03-04T14:00:00Z"),
)  # fmt: skip


def command_code(command: tuple[str, ...]) -> int:
    return 2 if "1.1.0-rc1" in command else 0


def test_the_search_finds_what_it_looks_for(sealing: tuple[Project, Path, str], tmp_path: Path) -> None:
    """Each form of each key, planted in the middle of a file, is found: an empty search proves nothing."""
    wanted = needles(sealing[1])
    assert len(wanted) > 60
    for name, secret in wanted.items():
        assert leaks(wanted, [("planted", b'{"x": "' + secret + b'"}')]), name
    key = next(sealing[1].rglob("*.pem")).read_bytes()
    nested = base64.b64encode(b'{"log": "' + key + b'"}')
    assert leaks(wanted, [("planted", b'{"payload": "' + nested + b'"}')])
    for pad in range(PAD):
        for scalar in (secret for name, secret in wanted.items() if name.endswith(("scalar", "seed"))):
            around = base64.b64encode(b"a" * (pad + 6) + scalar + b"zz")
            assert leaks(wanted, [("planted", around)]), pad


def test_sealing_leaks_no_key(sealing: tuple[Project, Path, str]) -> None:
    """Not into the evidence, not into the terminal, not into a log of what went wrong."""
    project, folder, printed = sealing
    seals = list((project.device / "seals").rglob("*.sigstore.json"))
    assert len(seals) == 5
    written = files(project.root)
    assert leaks(needles(folder), [("terminal", printed.encode()), *written]) == []


def test_portal_and_archive_leak_no_key(sealing: tuple[Project, Path, str]) -> None:
    """The built portal and an archive of the evidence, opened, hold no byte of a private key."""
    project, folder, _ = sealing
    ran = project.run("build")
    assert ran.code == 0, ran.out + ran.err
    pages = project.root / "build" / "site"
    device = DeviceFiles(project.device)
    root = device.read("trust/local/trusted_root.json")
    contents = archive.Contents(
        site=pages,
        holdings=(archive.Holding(DEVICE, device, device.listing()),),
        verification={"schema": "muniment/verification/v1"},
        trust={"local": root},
    )
    made = archive.create(project.root / "bag", contents, made_on="2024-03-20")
    printed = (ran.out + ran.err).encode()
    assert sum(1 for _ in files(pages)) > 50
    assert leaks(needles(folder), [("terminal", printed), *files(pages, made.path)]) == []


PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----[\\nr\s]+[A-Za-z0-9+/]{16}")
"""A header with a key under it, on lines of its own or inside a string."""


def test_no_key_is_in_the_repository() -> None:
    """No file under version control holds a private key in PEM."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True)
    paths = [CHECKOUT / name for name in listed.stdout.decode().split("\0") if name]
    assert len(paths) > 1000
    assert PEM.search(b"-----BEGIN EC %s-----\nMHcCAQEEIBkg4LVWM9nuwNSk3yB0" % b"PRIVATE KEY")
    assert [path for path in paths if path.is_file() and PEM.search(path.read_bytes())] == []


def test_keys_are_kept_apart_from_what_is_shared(sealing: tuple[Project, Path, str]) -> None:
    """The folder of a domain is its owner's alone, and git ignores it wherever it lies."""
    _, folder, _ = sealing
    assert (folder / ".gitignore").read_text() == "*\n"
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name in (".gitignore", "trusted_root.json"), path
