"""Our SARIF against its public schema, as Microsoft's package ships it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from support.project import CHECKOUT, Project

SCHEMAS = CHECKOUT / "build/integrations/node_modules/@microsoft/jest-sarif/lib/schemas"

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("fault", ["", "kind: [claim\n"])
def test_sarif_fits_its_public_schema(tmp_path: Path, fault: str) -> None:
    """Findings, open points, waivers and rejected bundles alike are SARIF 2.1.0 to the letter."""
    import shutil

    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    project = Project(tmp_path)
    if fault:
        project.edit("claims/1.yaml", "kind: claim\n", fault)
    log = json.loads(project.run("check", "--format", "sarif").out)
    assert log["runs"][0]["results"]
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(log)
