"""The wheel, as a user gets it: built, installed into an empty environment, and used there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from muniment import shipped

CHECKOUT = Path(__file__).resolve().parents[2]
SHIPPED = ("schemas", "policies", "site")


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, without this project's environment leaking in."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MUNIMENT_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_what_ships(wheel: Path) -> None:
    """Schemas, policies, the portal's source and its configuration lie in the wheel, byte for byte."""
    with zipfile.ZipFile(wheel) as archive:
        stored = {name: archive.read(name) for name in archive.namelist()}
    for part in SHIPPED:
        sources = [
            path
            for path in (CHECKOUT / part).rglob("*")
            if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts
        ]
        assert sources
        for source in sources:
            inside = f"muniment/_shipped/{source.relative_to(CHECKOUT).as_posix()}"
            assert stored.get(inside) == source.read_bytes(), inside
    assert stored["muniment/_shipped/mkdocs.yml"] == (CHECKOUT / "mkdocs.yml").read_bytes()


def test_a_wheel_carries_nothing_else(wheel: Path) -> None:
    """Neither the example's data nor tests nor caches travel in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert all(name.startswith(("muniment/", "muniment-")) for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".parquet"))]


def test_two_wheels_are_equal(wheel: Path, tmp_path: Path) -> None:
    """Building again gives the same bytes."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=CHECKOUT)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("part", SHIPPED)
def test_an_editable_install_reads_the_checkout(part: str) -> None:
    """In a checkout, what ships is found where it is edited."""
    assert shipped.folder(part) == CHECKOUT / part


@pytest.mark.slow
def test_a_fresh_installation_works(wheel: Path, tmp_path: Path) -> None:
    """`init`, `check` and `build` work from a wheel in an empty environment, far from any checkout."""
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    # The wheel's own requirements decide what is installed; the lock only settles the versions.
    lock = (CHECKOUT / "requirements" / "runtime.lock").read_text("utf-8")
    versions = [line.removesuffix(" \\") for line in lock.splitlines() if re.match(r"[a-z0-9]", line)]
    (tmp_path / "versions.txt").write_text("\n".join(versions) + "\n", encoding="utf-8")
    run("env/bin/python", "-m", "pip", "install", "-q", "-c", "versions.txt", wheel, cwd=tmp_path)
    muniment = tmp_path / "env" / "bin" / "muniment"
    work = tmp_path / "work"
    work.mkdir()
    run(muniment, "init", "demo", "--device", "triage-ct", "--name", "Triage CT", cwd=work)
    assert (work / "demo" / "evidence" / "triage-ct" / "device.yaml").is_file()
    run(muniment, "check", cwd=work / "demo")
    built = run(muniment, "build", cwd=work / "demo")
    index = work / "demo" / "build" / "site" / "index.html"
    assert index.is_file(), built.stdout
    assert "Triage CT" in index.read_text("utf-8")
