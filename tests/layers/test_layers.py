"""The architecture as a test: layers, one owner a heavy library, and what `check` must not import."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
HEAVY = ("polars", "numpy", "altair", "vl_convert", "mkdocs", "jinja2", "sigstore", "cryptography")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the project's contracts on the source tree in `folder`."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("lint-imports")),
            "--config",
            str(CHECKOUT / "pyproject.toml"),
            "--no-cache",
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "generator")},
        capture_output=True,
        text=True,
        check=False,
    )


def planted(tmp_path: Path, module: str, text: str) -> subprocess.CompletedProcess[str]:
    """Lint a copy of the source in which `module` holds `text` as well."""
    source = tmp_path / "generator"
    shutil.copytree(CHECKOUT / "generator", source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "muniment" / module).write_text(f'"""Planted."""\n{text}\n', encoding="utf-8")
    return lint(tmp_path)


def test_the_layers_hold() -> None:
    """Every contract in pyproject.toml is kept by the source as it stands."""
    done = lint(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("judge/planted.py", "from muniment import measure", "One direction"),
        ("diff/planted.py", "def late():\n    from muniment import link\n    return link", "One direction"),
        ("model/planted.py", "from muniment.load import read", "One direction"),
        ("link/planted.py", "def late():\n    import yaml\n    return yaml", "yaml: load only"),
        ("pipeline/planted.py", "import polars", "polars, numpy: measure only"),
        ("report/planted.py", "from click import echo", "click, rich: cli only"),
        ("archive/planted.py", "import cryptography.x509", "sigstore, cryptography"),
        ("check/planted.py", "import jinja2", "jinja2"),
        ("report/planted.py", "from rich.console import Console", "click, rich: cli only"),
    ],
)
def test_a_planted_import_is_caught(tmp_path: Path, module: str, text: str, contract: str) -> None:
    """Each kind of forbidden import is caught, those inside functions included."""
    done = planted(tmp_path, module, text)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(contract in line for line in broken), done.stdout


def test_a_planted_cycle_is_caught(tmp_path: Path) -> None:
    """Two modules that import each other are caught, even where one does so inside a function."""
    source = tmp_path / "generator"
    shutil.copytree(CHECKOUT / "generator", source, ignore=shutil.ignore_patterns("__pycache__"))
    package = source / "muniment" / "archive"
    (package / "one.py").write_text('"""Planted."""\nfrom muniment.archive import two\n', encoding="utf-8")
    late = '"""Planted."""\ndef late():\n    from muniment.archive import one\n    return one\n'
    (package / "two.py").write_text(late, encoding="utf-8")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "No import cycles inside any package BROKEN" in done.stdout


def test_check_stays_light(tmp_path: Path) -> None:
    """`muniment check` on a small device imports none of the heavy libraries."""
    program = (
        "import json, sys\n"
        "from muniment.cli.main import main\n"
        "try:\n    main(sys.argv[2:])\nexcept SystemExit as stop:\n    code = stop.code\n"
        "open(sys.argv[1], 'w').write(json.dumps([code, sorted(sys.modules)]))\n"
    )

    def run(*args: str) -> tuple[int, set[str]]:
        seen = tmp_path / "modules.json"
        done = subprocess.run(
            [sys.executable, "-c", program, str(seen), *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert seen.exists(), done.stderr
        code, modules = json.loads(seen.read_text())
        return code, set(modules)

    code, _ = run("init", "demo", "--device", "demo", "--name", "Demo")
    assert code == 0
    tmp_path = tmp_path / "demo"
    code, modules = run("check")
    assert code in (0, 1)
    assert "yaml" in modules
    assert modules.isdisjoint(HEAVY)
