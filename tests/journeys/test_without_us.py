"""The auditor's page, run as printed: nothing that it uses is ours."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import CHECKOUT, Project

PAGE = CHECKOUT / "docs" / "how-to" / "verify-without-us.md"


def listings(language: str) -> list[str]:
    """The page's listings in a language, as printed."""
    return re.findall(rf"^```{language}\n(.+?)\n```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def in_shell(project: Project, blocks: list[str]) -> subprocess.CompletedProcess[str]:
    """Run listings one after the other in one shell, with `sigstore` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    code = "set -e\n" + "\n".join(blocks).replace("/tmp/", f"{project.root}/")
    return subprocess.run(
        ["sh", "-c", code],
        cwd=project.root,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shell_listings_run_as_printed(example: Project) -> None:
    """Digests, Sigstore's own command and the statement's text, on the worked example."""
    ran = in_shell(example, listings("sh"))
    assert ran.returncode == 0, ran.stderr
    root = (example.device / "trust/local/trusted_root.json").read_bytes()
    assert hashlib.sha256(root).hexdigest() in ran.stdout
    assert "OK:" in ran.stderr
    statement = json.loads(ran.stdout[ran.stdout.rindex('{"_type"') :])
    assert statement["predicate"]["meaning"] == "release_authorisation"
    assert statement["subject"][0]["name"] == "releases/1.0.0/manifest.json"


@pytest.mark.parametrize("path", ["plans/1.0.0.yaml", "releases/1.0.0/manifest.json"])
def test_the_shell_listings_see_a_changed_file(example: Project, path: str) -> None:
    """One byte more in a file of the release or in its manifest, and the listings fail."""
    file = example.device / path
    file.write_bytes(file.read_bytes() + b"\n")
    ran = in_shell(example, listings("sh"))
    assert ran.returncode != 0
    assert path in ran.stdout + ran.stderr


def check(example: Project, seal: Path, name: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's Python script."""
    (script,) = listings("python")
    (tmp_path / "check.py").write_text(script, "utf-8")
    root = example.device / "trust/local/trusted_root.json"
    return subprocess.run(
        [sys.executable, str(tmp_path / "check.py"), str(root), str(seal), name, str(example.device / name)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_script_accepts_seals_of_every_kind(example: Project, tmp_path: Path) -> None:
    """Forty lines with `cryptography` agree with the verifier, the log's tree included."""
    found = sorted((example.device / "seals").rglob("*.sigstore.json"))
    kinds = {path.name.rsplit("-", 1)[0]: path for path in found}
    assert {"plan-lock", "evaluation", "approval", "release", "record"} <= kinds.keys()
    for path in kinds.values():
        name = json.loads(_statement(path))["subject"][0]["name"]
        ran = check(example, path, name, tmp_path)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith(f"OK: {name}, sealed by ")


@pytest.mark.parametrize(
    "change",
    ["payload", "sig", "rawBytes", "canonicalizedBody", "rootHash", "logIndex", "treeSize", "envelope"],
)
def test_the_script_refuses_what_was_changed(example: Project, tmp_path: Path, change: str) -> None:
    """None of its checks is idle: each part that is changed is missed by one of them."""
    seal = next((example.device / "seals/releases/1.0.0").glob("release-*.json"))
    name = "releases/1.0.0/manifest.json"
    text = seal.read_text("utf-8")
    found = re.search(rf'"{change}": ?"([^"]+)"', text)
    assert found
    old = found[1]
    changed = old[:40] + ("B" if old[40] != "B" else "C") + old[41:] if len(old) > 41 else str(int(old) + 1)
    seal.write_text(text[: found.start(1)] + changed + text[found.end(1) :], "utf-8")
    assert check(example, seal, name, tmp_path).returncode != 0


def _statement(path: Path) -> bytes:
    return base64.b64decode(json.loads(path.read_bytes())["dsseEnvelope"]["payload"])
