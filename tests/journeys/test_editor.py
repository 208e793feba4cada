"""Schemas for an editor: they lie in the project, refer to each other only, and judge as `check` does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from support.project import CHECKOUT, DEVICE, Project

MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    assert project.run("init", ".", "--device", "triage-ct", "--name", "Triage CT").code == 0
    return project


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for item in node.values() for found in references(item)]
    return [found for item in node for found in references(item)] if isinstance(node, list) else []


def validator(schema: Path) -> Draft202012Validator:
    """A validator that reads files as an editor does: by their place, and from nowhere else."""

    def from_disk(uri: str) -> Resource[Any]:
        assert uri.startswith("file:"), f"a schema asks for {uri}"
        body = json.loads(Path(uri.removeprefix("file:")).read_text("utf-8"))
        return Resource.from_contents(body, default_specification=DRAFT202012)

    registry: Registry[Any] = Registry(retrieve=from_disk)  # type: ignore[call-arg]
    return Draft202012Validator({"$ref": f"file:{schema}"}, registry=registry)


def test_every_scaffolded_file_names_its_schema(started: Project) -> None:
    """The first line leads, from the file's own folder, to the schema of the file's own kind."""
    files = sorted(started.root.rglob("*.yaml"))
    assert len(files) == 6
    for file in files:
        found = MODELINE.match(file.read_text("utf-8"))
        assert found, file
        schema = (file.parent / found[1]).resolve()
        assert schema.is_relative_to(started.root.resolve())
        body = yaml.safe_load(file.read_text("utf-8"))
        assert schema.stem == body["kind"]
        assert list(validator(schema).iter_errors(body)) == []
        body["kind"] = "nonsense"
        assert list(validator(schema).iter_errors(body)) != []


def test_every_reference_stays_in_the_folder(started: Project) -> None:
    """No schema sends a reader to a host or out of the folder, and each is a good one."""
    folder = started.root / ".muniment" / "schemas"
    files = sorted(folder.rglob("*.json"))
    assert len(files) > 20
    for file in files:
        body = json.loads(file.read_text("utf-8"))
        # No formats: Python's `re` lacks the `\p{…}` that patterns in JSON Schema may use.
        Draft202012Validator.check_schema(body, format_checker=None)
        assert "$id" not in body
        for reference in references(body):
            name, _, fragment = reference.partition("#")
            target = (file.parent / name).resolve() if name else file.resolve()
            assert target.is_relative_to(folder.resolve()), reference
            node = json.loads(target.read_text("utf-8"))
            for step in filter(None, fragment.split("/")):
                node = node[step]


def test_the_example_is_good_by_the_files_an_editor_reads(started: Project) -> None:
    """Another path to the same verdict: every record of the present version fits its exported schema."""
    folder = started.root / ".muniment" / "schemas"
    records = [p for p in (CHECKOUT / "evidence" / DEVICE).rglob("*.yaml") if "pipeline" not in p.parts]
    assert len(records) > 40
    for record in records:
        body = yaml.load(record.read_text("utf-8"), Loader=yaml.BaseLoader)
        older = folder / "older" / f"{body['kind']}.{body['schema']}.json"
        schema = older if older.exists() else folder / f"{body['kind']}.json"
        tree = json.loads(json.dumps(yaml.safe_load(record.read_text("utf-8")), default=str))
        assert list(validator(schema).iter_errors(tree)) == [], record


def test_policies_have_a_schema_too(started: Project) -> None:
    """Whoever writes rules is helped as well."""
    schema = started.root / ".muniment" / "schemas" / "policies" / "pack.json"
    for file in (
        CHECKOUT / "policies" / "core" / "pack.yaml",
        *(CHECKOUT / "policies/core/rules").glob("*.yaml"),
    ):
        assert list(validator(schema).iter_errors(yaml.safe_load(file.read_text("utf-8")))) == [], file


def test_schemas_are_written_anew(started: Project, tmp_path: Path) -> None:
    """After an upgrade one command replaces them; the bytes are those of `init`."""
    ran = started.run("schemas", "--to", str(tmp_path / "s"))
    assert ran.code == 0
    written = {p.relative_to(tmp_path / "s"): p.read_bytes() for p in (tmp_path / "s").rglob("*.json")}
    folder = started.root / ".muniment" / "schemas"
    assert written == {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.json")}
