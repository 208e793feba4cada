"""The YAML language server, which most editors use, on a project as `muniment init` leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.language_server import LanguageServer
from support.project import Project

CHECKOUT = Path(__file__).resolve().parents[2]
NODE = CHECKOUT / "build" / "integrations" / "node_modules"
SERVER = NODE / "yaml-language-server" / "out" / "server" / "src" / "server.js"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    started = Project(tmp_path_factory.mktemp("project"))
    assert started.run("init", ".", "--device", "triage-ct", "--name", "Triage CT").code == 0
    return started


@pytest.fixture
def server(project: Project) -> Iterator[LanguageServer]:
    with LanguageServer(SERVER, project.root) as running:
        yield running


def claim(project: Project) -> tuple[Path, str]:
    path = project.root / "evidence" / "triage-ct" / "claims" / "1.yaml"
    return path, path.read_text("utf-8")


def test_a_scaffold_has_no_complaints(project: Project, server: LanguageServer) -> None:
    """Every file that `init` writes finds its schema from its own first line and fits it."""
    files = sorted(project.root.rglob("*.yaml"))
    assert len(files) == 6
    for file in files:
        assert server.opened(file, file.read_text("utf-8")) == [], file


def test_a_misspelt_field_is_underlined(project: Project, server: LanguageServer) -> None:
    """The schema is really the one that judges: what `check` refuses, the editor shows while it is typed."""
    path, text = claim(project)
    found = server.opened(path, text.replace("\nintended_use:", "\nintented_use:"))
    assert any("intented_use" in each["message"] or "intended_use" in each["message"] for each in found), (
        found
    )


def test_a_shared_definition_is_followed(project: Project, server: LanguageServer) -> None:
    """A fault that only `common.json` knows of is seen: references between the files resolve."""
    path = project.root / "evidence" / "triage-ct" / "monitors" / "1.yaml"
    text = path.read_text("utf-8").replace("  - id: M-1\n", '  - id: "not an id"\n')
    assert server.opened(path, text) != []


def test_fields_are_explained_and_offered(project: Project, server: LanguageServer) -> None:
    """Hovering a field shows its description, and the words of a closed list are offered."""
    path, text = claim(project)
    server.opened(path, text)
    lines = text.splitlines()
    role = next(n for n, line in enumerate(lines) if line.startswith("decision_role:"))
    assert "decision" in str(server.at("hover", path, role, 3)["contents"]).lower()
    offered = server.at("completion", path, role, len("decision_role: "))
    assert "informs" in {item["label"] for item in offered["items"]}
