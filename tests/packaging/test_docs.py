"""The prose: every link leads somewhere, every command exists, the reference is up to date."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from muniment.cli.main import cli
from muniment.measure.plan import read_plan
from support.bundle import dump

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, text in BLOCK.findall(page.read_text("utf-8")):
        if language in languages:
            yield text


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `muniment` command in the page's shell blocks."""
    for text in blocks(page, "sh", "text"):
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for operator in ("||", "&&", ">", "|"):
                if operator in words:
                    words = words[: words.index(operator)]
            if words and words[0].rsplit("/", 1)[-1] == "muniment":
                yield words[1:]


def name(page: Path) -> str:
    return page.relative_to(CHECKOUT).as_posix()


def test_the_reference_is_up_to_date() -> None:
    """`make docs` would change nothing."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists in the repository."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=name)
def test_commands_parse(page: Path) -> None:
    """Every `muniment` line of a page names a command that exists, with options that it takes."""
    for words in commands(page):
        try:
            parsed(cli, words)
        except click.ClickException as error:
            pytest.fail(f"muniment {shlex.join(words)}: {error.message}")


def parsed(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Parse `words` as `command` would, without running it."""
    context = command.make_context(command.name or "muniment", list(words), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        _, member, more = command.resolve_command(context, rest)
        assert member is not None
        parsed(member, more, context)


def test_make_targets_exist() -> None:
    """Every `make …` in the prose is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.M)
    }
    assert {"portal", "test", "docs"} <= named
    assert named <= targets


@pytest.mark.slow
def test_the_tutorial_works(tmp_path: Path) -> None:
    """The tutorial's commands, run one after the other in an empty folder, all succeed."""
    script = "set -e\n" + "\n".join(blocks(CHECKOUT / "docs" / "tutorial.md", "sh"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "device.yaml:" in done.stdout
    assert "exit code 1" in done.stdout
    assert (tmp_path / "my-evidence" / "build" / "site" / "index.html").is_file()


def test_the_rule_of_the_how_to_works(tmp_path: Path) -> None:
    """The pack in "Write a rule" loads beside the shipped one, lints, and says on its cases what it must."""
    text = (CHECKOUT / "docs" / "how-to" / "write-a-rule.md").read_text("utf-8")
    files = re.findall(r"^`(ours/\S+)`:\n\n```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(files) == 5
    settings = re.search(r"```yaml\n(kind: settings.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert settings is not None
    for path, content in [*files, ("muniment.yaml", settings[1])]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    (tmp_path / "evidence").mkdir()
    for command in (
        "rules --pack ours",
        "explain latency-within-limit",
        "policy lint",
        "policy test --format json",
    ):
        done = subprocess.run(
            [str(Path(sys.executable).with_name("muniment")), *command.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert done.stdout.count("latency-within-limit") == 3


def test_the_plan_of_the_how_to_is_a_plan(tmp_path: Path) -> None:
    """Its snippets, put into a plan of the example, are fields that the schema knows and that can be read."""
    page = CHECKOUT / "docs" / "how-to" / "plan-an-evaluation.md"
    plan = yaml.safe_load(
        (CHECKOUT / "evidence" / "prognosis-180" / "plans" / "2.0.0.yaml").read_text("utf-8")
    )
    for text in blocks(page, "yaml"):
        whole = text if text[0].isalpha() else f"analysis:\n{text}"
        snippet = yaml.safe_load(whole)
        plan["analysis"] |= snippet.get("analysis", {})
        plan["criteria"] += snippet.get("criteria", [])
    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    (tmp_path / "evidence" / "prognosis-180" / "plans" / "3.yaml").write_text(dump(plan), encoding="utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("muniment")), "check", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["findings"]
    assert [item for item in found if item["where"]["file"].endswith("plans/3.yaml")] == []
    asked = read_plan(plan).analyses
    assert asked.hypotheses
    assert asked.tables == ("ratings", "readings")


def test_what_the_how_to_measures_is_what_comes_out() -> None:
    """Each command of "Measure a table" runs in the checkout and prints the lines that the page shows."""
    page = CHECKOUT / "docs" / "how-to" / "measure-a-table.md"
    commands, shown = list(blocks(page, "sh")), list(blocks(page, "text"))
    assert len(commands) == len(shown) == 4
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, lines in zip(commands, shown, strict=True):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=CHECKOUT,
            env=os.environ | {"PATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed = {" ".join(line.split()) for line in done.stdout.splitlines()}
        for line in lines.strip().splitlines():
            assert " ".join(line.split()) in printed, line


def test_the_hooks_run_commands_that_exist() -> None:
    """Each hook that we offer starts a command of ours."""
    text = (CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8")
    entries = re.findall(r"^  entry: muniment (.+)$", text, re.MULTILINE)
    assert len(entries) == 2
    for entry in entries:
        parsed(cli, entry.split())
