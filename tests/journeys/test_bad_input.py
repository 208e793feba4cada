"""What goes wrong at the command line ends in one clear error and the right exit code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from support.project import DEVICE, Project, Ran
from support.terminal import on_a_terminal

RELEASE = "releases/2.0.0"
SETTINGS = "muniment.yaml"


def refused(ran: Ran, *words: str) -> None:
    """The run could not judge, says so on stderr in one error with a hint, and writes nothing to stdout."""
    assert ran.code == 2, ran.out + ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert "internal fault" not in ran.err
    for word in words:
        assert word in ran.err


def faulty(ran: Ran, *words: str) -> None:
    """The run found a fault and names it."""
    assert ran.code == 1, ran.out + ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.out


MISSHAPEN: dict[str, Callable[[dict[str, object]], object]] = {
    "nothing but its schema": lambda body: {"schema": body["schema"]},
    "criteria are a number": lambda body: {**body, "criteria": 3},
    "estimates are null": lambda body: {**body, "estimates": None},
    "an outcome nobody knows": lambda body: {**body, "criteria": [{"outcome": "fine"}]},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_misshapen_evaluation_is_a_located_fault(example: Project, name: str) -> None:
    """JSON of the right schema name and the wrong shape is refused before anything rests on it."""
    path = example.device / RELEASE / "evaluation.json"
    path.write_text(json.dumps(MISSHAPEN[name](json.loads(path.read_text("utf-8")))), "utf-8")
    faulty(example.run("check"), f"{RELEASE}/evaluation.json:1:", "error[json]", "muniment evaluate")


def test_the_evaluation_of_another_release_is_a_fault(example: Project) -> None:
    """An evaluation speaks for the release it names and for no other."""
    shutil.copy(
        example.device / "releases/1.2.0/evaluation.json", example.device / RELEASE / "evaluation.json"
    )
    faulty(example.run("check"), f"{RELEASE}/evaluation.json:", f"the evaluation of {DEVICE} 1.2.0")


@pytest.mark.parametrize(
    "data",
    [
        b'{"schema": "muniment/analysis/v1"}\n',
        b'{"schema": "muniment/analysis/v1", "schema": 1}\n',
        b'{"schema": "muniment/evaluation/v1"}\n',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_misshapen_analysis_is_a_located_fault(example: Project, data: bytes) -> None:
    """An analysis of the wrong shape is refused before a rule reads it."""
    (example.device / RELEASE / "analysis.json").write_bytes(data)
    faulty(example.run("check"), f"{RELEASE}/analysis.json:1:", "error[json]", "never edited by hand")


def test_the_analysis_of_another_release_is_a_fault(example: Project) -> None:
    """An analysis speaks for the release it names and for no other."""
    shutil.copy(example.device / "releases/1.2.0/analysis.json", example.device / RELEASE / "analysis.json")
    faulty(example.run("check"), f"{RELEASE}/analysis.json:", f"the analysis of {DEVICE} 1.2.0")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'])
def test_a_file_that_is_no_seal_is_a_fault_without_a_deep_run(example: Project, data: bytes) -> None:
    """What lies among the seals is one, or is named."""
    seal = sorted((example.device / "seals" / RELEASE).glob("approval-*"))[0]
    seal.write_bytes(data)
    faulty(example.run("check"), f"{seal.name}", "error[seal]")


def test_verify_names_the_seal_that_fails(example: Project) -> None:
    """A reader must know which file to restore."""
    seal = sorted((example.device / "seals" / RELEASE).glob("approval-*"))[0]
    seal.write_bytes(b"{}")
    faulty(example.run("verify"), seal.name)


def test_a_release_folder_without_its_record_is_a_fault(example: Project) -> None:
    """Files in a release folder that no record speaks for would pass unjudged."""
    (example.device / "releases/3.0.0").mkdir()
    (example.device / "releases/3.0.0/evaluation.json").write_text("{}", "utf-8")
    faulty(example.run("check"), f"evidence/{DEVICE}/releases/3.0.0/release.yaml:1:1", "no release.yaml")


def test_an_empty_evidence_folder_is_named_once(example: Project) -> None:
    """The place of the fault is the folder itself."""
    shutil.rmtree(example.device)
    ran = example.run("check")
    assert "evidence/evidence" not in ran.out
    faulty(ran, "evidence:1:1: error[layout] the evidence folder holds no device")


@pytest.mark.parametrize("data", [b"null", b"[]", b"[" * 100_000])
def test_operational_measurements_that_are_none_stop_the_evaluation(example: Project, data: bytes) -> None:
    """`null` must not pass for a release without operational criteria, nor depth for a crash."""
    path = example.device / RELEASE / "operational.json"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(data)
    release = example.device / RELEASE / "release.yaml"
    release.write_text(release.read_text("utf-8").replace(old, hashlib.sha256(data).hexdigest()), "utf-8")
    (example.device / RELEASE / "manifest.json").unlink()
    refused(example.run("evaluate", "2.0.0", "--dry-run"), "operational.json", "hint:")


PACKS: dict[str, tuple[dict[str, str], str]] = {
    "no pack.yaml": ({"rules/own.yaml": "kind: rules\nschema: 1\nrules: []\n"}, "pack.yaml"),
    "a rule in the wrong folder": ({"rule/own.yaml": "kind: rules\n"}, "rule/own.yaml"),
    "a suffix nobody reads": ({"rules/own.yml": "kind: rules\n"}, "rules/own.yml"),
    "broken": ({"rules/own.yaml": "kind: [rules\n"}, "own/rules/own.yaml:2:1"),
}


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_with_rules_nobody_would_read_is_refused(example: Project, name: str) -> None:
    """A rule that is not found would be a rule that is always met."""
    files, named = PACKS[name]
    head = "kind: policy\nschema: 1\nid: own\nversion: '1'\ntitle: Our own.\n"
    for path, text in (files if name == "no pack.yaml" else {"pack.yaml": head, **files}).items():
        (example.root / "own" / path).parent.mkdir(parents=True, exist_ok=True)
        (example.root / "own" / path).write_text(text, "utf-8")
    settings = example.root / SETTINGS
    settings.write_text(settings.read_text("utf-8").replace("[core]", "[core, own]"), "utf-8")
    refused(example.run("check"), named, "hint:")


def test_settings_that_are_a_folder_are_not_passed_over(example: Project) -> None:
    """Settings that cannot be read must not pass for no settings."""
    (example.root / SETTINGS).unlink()
    (example.root / SETTINGS).mkdir()
    refused(example.run("check"), SETTINGS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "--rule", "conjunctive-gat"), "conjunctive-gate"),
        (("check", "--select", "zzz"), "zzz"),
        (("check", "--gate", ""), "there is no release"),
        (("verify", ""), "there is no release"),
        (("why", "2.0"), "releases: "),
        (("check", "--as-of", "tomorrow"), "YYYY-MM-DD"),
        (("check", "evidence/nobody/claims/1.yaml"), "nobody"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    pristine: Project, arguments: tuple[str, ...], words: str
) -> None:
    """A misspelt or empty name never widens or narrows what is judged in silence."""
    refused(pristine.run(*arguments), words, "hint:")


@pytest.mark.parametrize("place", ["evidence", "evidence/portal", "notes", "file", "file/below"])
def test_a_portal_is_never_built_over_something_else(example: Project, place: str) -> None:
    """`build --out` takes an empty folder or an older portal; what is there otherwise stays."""
    (example.root / "notes").mkdir()
    (example.root / "notes" / "precious.txt").write_text("mine", "utf-8")
    (example.root / "file").write_text("mine", "utf-8")
    ran = example.run("build", "--out", place)
    assert ran.code == 2, ran.out + ran.err
    assert "Traceback" not in ran.err
    assert (example.root / "notes" / "precious.txt").read_text("utf-8") == "mine"
    assert (example.root / "file").read_text("utf-8") == "mine"
    assert not (example.root / "evidence" / "portal").exists()


def test_a_file_named_build_is_named(example: Project) -> None:
    """The portal's own folder may be taken; checks do not need it."""
    (example.root / "build").write_text("mine", "utf-8")
    assert example.run("check").code == 0
    refused(example.run("build"), "build is a file")


def test_a_device_is_not_started_inside_another(example: Project) -> None:
    """A project scaffolded in a device's folder would break that device."""
    refused(example.run("init", f"evidence/{DEVICE}/new"), DEVICE, "hint:")
    assert not (example.device / "new").exists()


def started(project: Project, *arguments: str, **environment: str) -> Ran:
    command = Path(sys.executable).with_name("muniment")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")}
    done = subprocess.run(
        [str(command), *arguments],
        cwd=project.root,
        env=clean | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_options_come_from_the_environment(pristine: Project) -> None:
    """A variable is spelt as the flag is, for one command or, where it means the same, for all."""
    as_json = started(pristine, "check", MUNIMENT_CHECK_FORMAT="json", MUNIMENT_AS_OF="2024-06-01")
    assert as_json.json["as_of"] == "2024-06-01"
    own = started(
        pristine, "check", "--format", "json", MUNIMENT_AS_OF="2024-06-01", MUNIMENT_CHECK_AS_OF="2024-07-01"
    )
    assert own.json["as_of"] == "2024-07-01"
    given = started(
        pristine, "check", "--format", "json", "--as-of", "2024-08-01", MUNIMENT_AS_OF="2024-06-01"
    )
    assert given.json["as_of"] == "2024-08-01"
    refused(started(pristine, "why", "2.0.0", MUNIMENT_EVIDENCE="nowhere"), "nowhere")


def test_a_reader_that_stops_reading_sees_no_error(pristine: Project) -> None:
    """`| head` is no finding: the code is that of a closed pipe, and stderr stays empty."""
    command = Path(sys.executable).with_name("muniment")
    with subprocess.Popen(
        [str(command), "rules", "--format", "json"],
        cwd=pristine.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def commands() -> list[str]:
    from muniment.cli.main import cli

    names = []
    context = cli.make_context("muniment", [], resilient_parsing=True)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        below = getattr(command, "commands", None)
        names.extend([f"{name} {each}" for each in below] if below else [name])
    return names


def test_every_command_shows_an_example() -> None:
    """Help without an example makes a reader guess."""
    from click.testing import CliRunner

    from muniment.cli.main import cli

    for name in commands():
        shown = CliRunner().invoke(cli, [*name.split(), "--help"])
        assert shown.exit_code == 0, name
        assert "Example" in shown.output, name


def test_the_shell_completes_commands(pristine: Project) -> None:
    """Completion works as the help says."""
    script = started(pristine, _MUNIMENT_COMPLETE="bash_source")
    assert "_muniment_completion" in script.out
    words = started(pristine, _MUNIMENT_COMPLETE="bash_complete", COMP_WORDS="muniment ch", COMP_CWORD="1")
    assert words.out == "plain,check\n"


def completed(project: Project, words: str) -> list[str]:
    """What a real bash offers after `words` once the script that the help names was evaluated."""
    script = (
        'eval "$(_MUNIMENT_COMPLETE=bash_source muniment)"\n'
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        "function=$(complete -p muniment | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        "$function muniment\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=project.root,
        env=clean | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("muniment ver", ["verify"]),
        ("muniment check --st", ["--staged"]),
        ("muniment check --format sa", ["sarif"]),
        ("muniment check --rule conj", ["conjunctive-gate"]),
        ("muniment check --gate 1", ["1.0.0", "1.1.0-rc1", "1.2.0"]),
        ("muniment why 2.0.0-", ["2.0.0-rc1"]),
        (f"muniment verify {DEVICE}/1.2", [f"{DEVICE}/1.2.0"]),
        ("muniment approve --role x 2.0.0-", ["2.0.0-rc1"]),
    ],
)
def test_bash_completes_commands_options_releases_and_rules(
    pristine: Project, words: str, offered: list[str]
) -> None:
    """A real bash, as the help says: names of the evidence as well as names of the program."""
    assert completed(pristine, words) == offered


def test_completion_is_quiet_where_there_is_no_evidence(tmp_path: Path) -> None:
    """Pressing a key never prints an error."""
    assert completed(Project(tmp_path), 'muniment why ""') == []


@pytest.mark.parametrize(
    ("shell", "words"), [("zsh", "#compdef muniment"), ("fish", "complete --no-files --command muniment")]
)
def test_other_shells_have_a_script(pristine: Project, shell: str, words: str) -> None:
    """zsh and fish are given a script in their own language that asks the program."""
    script = started(pristine, _MUNIMENT_COMPLETE=f"{shell}_source").out
    assert words in script
    assert f"_MUNIMENT_COMPLETE={shell}_complete" in script
    if shell == "fish":
        told = started(
            pristine, _MUNIMENT_COMPLETE="fish_complete", COMP_WORDS="muniment ch", COMP_CWORD="ch"
        )
    else:
        told = started(pristine, _MUNIMENT_COMPLETE="zsh_complete", COMP_WORDS="muniment ch", COMP_CWORD="1")
    assert "check" in told.out


def test_colours_are_for_terminals_that_want_them(pristine: Project) -> None:
    """Colours on a terminal, none in a pipe, and none for who says NO_COLOR (no-color.org)."""
    assert "\x1b[32maccepted\x1b[0m" in on_a_terminal(pristine.root, "check", "--quiet")
    assert "\x1b[" not in on_a_terminal(pristine.root, "check", "--quiet", NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(pristine.root, "check", "--quiet", MUNIMENT_NO_COLOR="1")
    assert "\x1b[" not in started(pristine, "check").out


STEERING = "a\x1b]0;title\x07\x1b[2J\x9b31m\u202eb\neverybody  auroc  1.0000"
"""A name that sets the window's title, clears the screen, colours, turns the text round and adds a line."""


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_name_in_a_table_steers_the_terminal(tmp_path: Path, output: str) -> None:
    """Names of columns and levels are shown, on one line each, and do nothing."""
    rows = pl.DataFrame(
        {"y": [0, 1] * 30, "s": [k / 60 for k in range(60)], STEERING: [STEERING, "x"] * 30, "z": [0.5] * 60}
    )
    rows.write_parquet(tmp_path / "t.parquet")
    rows.drop("z").write_parquet(tmp_path / "u.parquet")
    measure = ("measure", "t.parquet", "--label", "y", "--score", "s", "--format", output)
    for arguments in (
        (*measure, "--by", STEERING),
        (*measure, "--by", "nowhere"),
        ("measure", "t.parquet", "--label", STEERING, "--score", "s"),
        ("drift", "t.parquet", "u.parquet", "--format", output),
        ("snapshot", "d", "t.parquet", "--dry-run", "--quiet", "--format", output),
    ):
        shown = on_a_terminal(tmp_path, *arguments)
        assert "everybody  auroc  1.0000" in shown
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown), arguments
        assert not any(line.startswith("everybody  auroc  1.0000") for line in shown.splitlines())
