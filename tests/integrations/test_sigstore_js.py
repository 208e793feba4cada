"""Our seals, verified by `@sigstore/verify`: Sigstore in another language, by other people."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from muniment import __version__
from support.project import CHECKOUT

NODE = CHECKOUT / "build" / "integrations"
PAGE = CHECKOUT / "docs" / "how-to" / "verify-without-us.md"
KEPT = CHECKOUT / "tests" / "fixtures" / "seals"
ISSUER = "https://fixture.muniment.invalid"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def script() -> Path:
    """The script of the auditor's page, as printed, where Node.js finds the packages."""
    (code,) = re.findall(r"^```js\n(.+?)\n```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    path = NODE / "verify-seal.mjs"
    path.write_text(code, "utf-8")
    return path


def verify(
    script: Path, root: Path, seal: Path, signer: str, issuer: str, name: str, file: Path
) -> subprocess.CompletedProcess[str]:
    words = [str(root), str(seal), signer, issuer, name, str(file)]
    return subprocess.run(
        ["node", str(script), *words], cwd=NODE, capture_output=True, text=True, check=False
    )


def kept() -> list[tuple[str, dict[str, object]]]:
    return [
        (folder.name, seal)
        for folder in sorted(KEPT.glob("*-*"))
        for seal in json.loads((folder / "expected.json").read_bytes())
    ]


@pytest.mark.parametrize(("name", "seal"), kept(), ids=[f"{n} {s['file']}" for n, s in kept()])
def test_kept_seals_verify_elsewhere(script: Path, name: str, seal: dict[str, object]) -> None:
    """Every kept seal, ours and foreign, is good to the other implementation, with the same signer."""
    folder = KEPT / name
    (subject,) = seal["subject"]
    signer = str(seal["identity"] or "cyd@example.invalid")
    ran = verify(
        script,
        folder / "trusted_root.json",
        folder / "device" / str(seal["file"]),
        signer,
        ISSUER,
        subject,
        folder / "device" / subject,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"OK: {subject}\n"


def test_it_refuses_what_we_refuse(script: Path, tmp_path: Path) -> None:
    """Another signer, another issuer, another root, a changed file and a changed statement are refused."""
    folder = KEPT / f"muniment-{__version__}"
    root = folder / "trusted_root.json"
    seal = next(folder.rglob("release-*.sigstore.json"))
    name = "releases/1.0.0/manifest.json"
    file = folder / "device" / name
    who = "dee@example.invalid"
    changed = tmp_path / "manifest.json"
    changed.write_bytes(file.read_bytes() + b" ")
    bent = tmp_path / "bent.sigstore.json"
    text = seal.read_text("utf-8")
    at = text.index('"payload":"') + 60
    bent.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :], "utf-8")
    other = KEPT / "sigstore-4.5.1-rekor-v2" / "trusted_root.json"
    assert verify(script, root, seal, who, ISSUER, name, file).returncode == 0
    for words, says in (
        ((root, seal, "ben@example.invalid", ISSUER, name, file), "certificate identity error"),
        ((root, seal, who, "https://x.invalid", name, file), "invalid certificate extension"),
        ((other, seal, who, ISSUER, name, file), "Error"),
        ((root, seal, who, ISSUER, name, changed), "sealed was"),
        ((root, bent, who, ISSUER, name, file), "Error"),
    ):
        ran = verify(script, *words)
        assert ran.returncode != 0
        assert says in ran.stderr
