"""Input made to exhaust the reader: one clear answer, in bounded time and memory.

Each run is a process of its own under hard limits of the system. Time is processor time beyond that of
the same project without the attack, so that a busy machine does not fail the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from muniment.attest.strict import MAX_BUNDLE
from support.project import CHECKOUT, DEVICE, Project

MOST_SECONDS = 1.0
MOST_BYTES = 192 << 20
CLAIM = "claims/1.yaml"
SETTINGS = 'kind: settings\nschema: 1\nevidence: evidence\nas_of: "2026-04-30"\npacks: [core, own]\n'


@dataclass(frozen=True)
class Spent:
    code: int
    text: str
    seconds: float
    bytes: int


MEASURE = """
import os, resource, subprocess, sys

def limits():
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

with open("output", "wb") as stream:
    process = subprocess.Popen(sys.argv[1:], stdout=stream, stderr=subprocess.STDOUT, preexec_fn=limits)
    _, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""
"""A small process between the tests and the command: a child's peak memory begins at its parent's."""


def spent(project: Project, *arguments: str) -> Spent:
    """Run the command under limits and tell what it used."""
    return measured(project, str(Path(sys.executable).with_name("muniment")), *arguments)


def run_python(project: Project, code: str, *arguments: str) -> Spent:
    """The same for a few lines of Python."""
    return measured(project, sys.executable, "-c", code, *arguments)


def measured(project: Project, *command: str) -> Spent:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MUNIMENT_")}
    told = subprocess.run(
        [sys.executable, "-S", "-c", MEASURE, *command],
        cwd=project.root,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, memory = told.stdout.split()
    return Spent(int(code), (project.root / "output").read_text("utf-8"), float(seconds), int(memory))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example with a pack of the project's own."""
    root = tmp_path_factory.mktemp("base")
    shutil.copytree(CHECKOUT / "evidence", root / "evidence")
    (root / "muniment.yaml").write_text(SETTINGS, "utf-8")
    policy(Project(root), "true")
    return Project(root)


@pytest.fixture(scope="module")
def usual(base: Project) -> Spent:
    """What a check of the same project costs when nobody attacks it."""
    return min((spent(base, "check", "--no-cache") for _ in range(2)), key=lambda run: run.seconds)


@pytest.fixture
def project(base: Project, tmp_path: Path) -> Project:
    shutil.copytree(base.root, tmp_path / "project")
    return Project(tmp_path / "project")


def policy(project: Project, require: str, message: str = "m") -> None:
    """Give the project a rule of its own."""
    rule = (
        "kind: rules\nschema: 1\nrules:\n  - id: own-rule\n    title: Ours\n    severity: block\n"
        f"    requirements: [VAL-03]\n    require: '{require}'\n    message: '{message}'\n"
        "    why: w\n    fix: f\n    cases: {}\n"
    )
    (project.root / "own" / "rules").mkdir(parents=True, exist_ok=True)
    (project.root / "own" / "rules" / "own.yaml").write_text(rule, "utf-8")
    head = "kind: policy\nschema: 1\nid: own\nversion: 1.0.0\ntitle: Our own\n"
    (project.root / "own" / "pack.yaml").write_text(head, "utf-8")


def claim(data: bytes) -> Callable[[Project], None]:
    """The attack that replaces one record by `data`."""
    return lambda project: (project.device / CLAIM).write_bytes(data) and None


def aliases() -> bytes:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for index in range(20):
        name, other = chr(98 + index), chr(97 + index)
        lines.append(f"{name}: &{name} [{', '.join(['*' + other] * 9)}]")
    return "\n".join(lines).encode()


def link_out(project: Project) -> None:
    (project.device / "claims/3.yaml").symlink_to("/etc/hostname")


def folder_out(project: Project) -> None:
    (project.device / "runs/more").symlink_to("/usr")


def link_loop(project: Project) -> None:
    (project.device / "claims/3.yaml").symlink_to("3.yaml")


def colliding(project: Project) -> None:
    text = (project.device / CLAIM).read_bytes()
    (project.device / "claims/a.yaml").write_bytes(text)
    (project.device / "claims/A.yaml").write_bytes(text)


def cycle(project: Project) -> None:
    project.edit("releases/1.0.0/release.yaml", "\nsupersedes: null\n", "\nsupersedes: releases/2.0.0\n")


def settings(data: bytes) -> Callable[[Project], None]:
    return lambda project: (project.root / "muniment.yaml").write_bytes(data) and None


def evaluation(data: bytes) -> Callable[[Project], None]:
    path = "releases/1.2.0/evaluation.json"
    return lambda project: (project.device / path).write_bytes(data) and None


def seal(size: int) -> Callable[[Project], None]:
    def write(project: Project) -> None:
        with (project.device / "seals" / "huge.sigstore.json").open("wb") as stream:
            stream.truncate(size)

    return write


def pack_file(data: bytes) -> Callable[[Project], None]:
    return lambda project: (project.root / "own" / "rules" / "more.yaml").write_bytes(data) and None


TEN = "[0,1,2,3,4,5,6,7,8,9]"
NEST = "".join(f"{TEN}.all(v{depth}, " for depth in range(12)) + "true" + ")" * 12
LOOP = "".join(f"{TEN}.all(v{depth}, " for depth in range(4)) + "true" + ")" * 4


def macro_nest(project: Project) -> None:
    policy(project, NEST)


def growing_list(project: Project) -> None:
    policy(project, "[[1]]" + ".map(x, x + x)" * 26 + ".size() > 0")


def message_bomb(project: Project) -> None:
    policy(project, "false", ("{" + LOOP + ' ? "" : ""}') * 40)


def message_braces(project: Project) -> None:
    policy(project, "false", "{" * 50_000)


ATTACKS: dict[str, tuple[Callable[[Project], None], int, str]] = {
    "aliases": (claim(aliases()), 1, "the anchor &a is not allowed"),
    "brackets": (claim(b"[" * 100_000), 1, "nested deeper than 40 levels"),
    "braces": (claim(b"{a: " * 100_000), 1, "nested deeper than 40 levels"),
    "dashes": (claim(b"- " * 100_000 + b"x"), 1, "nested deeper than 40 levels"),
    "50 MB": (claim(b"kind: claim\n" + b"#" * (50 << 20)), 1, "claims/1.yaml has"),
    "50 MB of evaluation": (evaluation(b"[" + b" " * (50 << 20)), 1, "evaluation.json"),
    "a seal of a byte too many": (seal(MAX_BUNDLE + 1), 1, f"larger than the {MAX_BUNDLE} bytes"),
    "a seal of 100 MB": (seal(100 << 20), 1, f"larger than the {MAX_BUNDLE} bytes"),
    "brackets in an evaluation": (evaluation(b"[" * 100_000), 1, "evaluation.json"),
    "a tab behind 40,000 quoted texts": (claim(b"a: [" + b"'x', " * 40_000 + b"\t]\n"), 1, "a tab stands"),
    "NUL": (claim(b"kind: claim\0\n"), 1, "U+0000"),
    "no UTF-8": (claim(b"kind: \xff\n"), 1, "0xff is not valid UTF-8"),
    "a duplicate key": (claim(b"kind: claim\nkind: claim\n"), 1, 'duplicate key "kind"'),
    "200,000 duplicate keys": (claim(b"a: 1\n" * 200_000), 1, 'duplicate key "a"'),
    "60,000 faults": (
        claim(b"kind: claim\nschema: 1\ninputs: [" + b"{a: 1}, " * 60_000 + b"1]\n"),
        1,
        "more than 50000 values",
    ),
    "16,000 faults": (
        claim(b"kind: claim\nschema: 1\ninputs: [" + b"{a: 1}, " * 16_000 + b"1]\n"),
        1,
        "inputs",
    ),
    "a number of 500,000 digits": (claim(b"kind: " + b"9" * 500_000), 1, "over 18 digits"),
    "a link out": (link_out, 1, "leads out of the device folder"),
    "a folder's link out": (folder_out, 1, "leads out of the device folder"),
    "a link to itself": (link_loop, 1, "claims/3.yaml"),
    "names that differ in case": (colliding, 1, "differ only in case"),
    "a circle of releases": (cycle, 1, "supersedes itself"),
    "settings with aliases": (settings(aliases()), 2, "anchor"),
    "settings of brackets": (settings(b"[" * 100_000), 2, "nested deeper"),
    "settings of 50 MB": (settings(b"#" * (50 << 20)), 2, "bytes; at most"),
    "a policy of brackets": (pack_file(b"[" * 100_000), 2, "nested deeper"),
    "a policy of 50 MB": (pack_file(b"#" * (50 << 20)), 2, "bytes; at most"),
    "a policy that loops in loops": (macro_nest, 2, "more than 200000 steps"),
    "a policy that grows a list": (growing_list, 2, "a list of more than 50000 elements"),
    "a message that loops": (message_bomb, 2, "more than 200000 steps"),
    "a message of braces": (message_braces, 2, "more than 40 placeholders"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_one_clear_answer(project: Project, usual: Spent, name: str) -> None:
    """A finding or exit 2 that names the fault, within a second and bounded memory; never a traceback."""
    attack, code, words = ATTACKS[name]
    attack(project)
    run = spent(project, "check", "--no-cache")
    assert run.code == code, run.text[:2000]
    assert words in run.text
    assert "Traceback" not in run.text
    assert "internal fault" not in run.text
    assert run.seconds - usual.seconds < MOST_SECONDS
    assert run.bytes < MOST_BYTES


VERIFY = """
import pathlib, sys
from muniment import attest
from muniment.load import DeviceFiles
for seal in attest.verify(DeviceFiles(pathlib.Path(sys.argv[1])), ()):
    print(seal.file, seal.outcome, seal.reason)
"""


def test_verifying_a_seal_of_100_mb_takes_no_memory(base: Project, project: Project) -> None:
    """The verifier refuses by size, before a byte is read: the peak is that of the same folder without it."""
    seal(100 << 20)(project)
    runs = [run_python(each, VERIFY, str(each.device)) for each in (base, project)]
    assert "huge.sigstore.json failed The file is larger than" in runs[1].text
    assert "huge" not in runs[0].text
    assert runs[1].bytes - runs[0].bytes < 8 << 20


def test_the_measure_is_sound(base: Project, usual: Spent) -> None:
    """The limits are real: the same project passes them when nobody attacks it."""
    assert usual.code == 0, usual.text
    assert DEVICE in usual.text
    assert 0 < usual.seconds < 20
    assert 10 << 20 < usual.bytes < MOST_BYTES
