"""Every JSON output fits its published schema, and has the one canonical form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from muniment import shipped
from support.project import DEVICE, Project

SCHEMAS = shipped.folder("schemas") / "outputs"
TABLE = f"evidence/{DEVICE}/releases/2.0.0/predictions.parquet"
OTHER = f"evidence/{DEVICE}/releases/1.2.0/predictions.parquet"
COLUMNS = ("--label", "death_180d", "--score", "score")

OUTPUTS = {
    "check": ("check",),
    "diff": ("diff", "1.2.0", "2.0.0"),
    "why": ("why", "2.0.0"),
    "rules": ("rules",),
    "policy-lint": ("policy", "lint"),
    "policy-test": ("policy", "test"),
    "policy-diff": ("policy", "diff", "core", "internal"),
    "verification": ("verify", "2.0.0"),
    "evaluation": ("evaluate", "2.0.0", "--dry-run"),
    "measures": ("measure", TABLE, *COLUMNS, "--threshold", "0.4", "--by", "sex"),
    "comparison": ("compare", TABLE, OTHER, *COLUMNS, "--threshold", "0.4"),
    "snapshot": ("snapshot", "predictions/2", TABLE, "--id", "patient_id", "--dry-run"),
    "drift": ("drift", OTHER, TABLE, "--columns", "score,sex,site"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_json_fits_its_schema_and_is_canonical(pristine: Project, name: str) -> None:
    """stdout is one JSON document of the named schema: sorted keys, two spaces, one final newline."""
    ran = pristine.run(*OUTPUTS[name], "--format", "json")
    assert ran.code in (0, 1), ran.err
    body = ran.json
    assert body["schema"] == f"muniment/{name}/v1"
    schema = json.loads((SCHEMAS / f"{name}.v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(body)
    assert ran.out == json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def described(node: Any, at: str) -> list[str]:
    """Return the fields of a schema that say nothing about what they mean."""
    if not isinstance(node, dict):
        return []
    silent = []
    for name, below in node.get("properties", {}).items():
        if "description" not in below and "$ref" not in below:
            silent.append(f"{at}/{name}")
        silent.extend(described(below, f"{at}/{name}"))
    return silent + described(node.get("items"), f"{at}[]")


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_schema_is_closed_and_says_what_its_fields_mean(name: str) -> None:
    """A field that is not in the schema is an error, so a new one cannot slip out unannounced."""
    schema = json.loads((SCHEMAS / f"{name}.v1.json").read_text("utf-8"))
    assert schema["additionalProperties"] is False
    assert described(schema, "") == []


@pytest.mark.parametrize("command", [("check",), ("why", "2.0.0"), ("diff", "1.2.0", "2.0.0")])
def test_output_does_not_depend_on_where_and_how_it_is_asked(
    pristine: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Folder, locale, time zone, encoding and hash seed leave every byte as it is."""
    here = pristine.run(*command, "--format", "json")
    folder = tmp_path / "Ein Ördner mit Leerzeichen"
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")} | {
        "LC_ALL": "C",
        "PYTHONIOENCODING": "latin-1",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "77",
        "TZ": "Asia/Tokyo",
    }
    relative = os.path.relpath(pristine.root / "evidence", folder)
    there = subprocess.run(
        [
            Path(sys.executable).with_name("muniment"),
            *command,
            "--format",
            "json",
            "--evidence",
            f"{relative}/",
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert there.stdout.decode("utf-8") == here.out
    assert there.returncode == here.code
    assert str(pristine.root) not in here.out
