"""A project checked a device at a time says what it says of all devices at once."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from muniment.errors import InvalidPolicy
from muniment.pipeline import checking, request, spread
from muniment.report import REPORTERS
from muniment.report.parts import FORMS
from support.swept import Small, small

HEAVY = frozenset(
    (
        *("polars", "numpy", "altair", "mkdocs", "jinja2", "sigstore", "cryptography", "jsonschema", "rich"),
        *("rfc3161_client", "vl_convert", "pygments", "markdown"),
    )
)
"""What a check must never bring along."""
UNASKED = frozenset(("yaml", "jsonschema_rs", "xml", "email", "multiprocessing", "asyncio", "unittest"))
"""What an unchanged project must not bring along either."""


def at_once(project: Small, output: str) -> str:
    """What the reporter says of the whole project."""
    doors = request.Doors(today=lambda: datetime.date(2024, 6, 1))
    asked = request.request(doors, start=project.root)
    report, _objections = checking.run(asked, checking.Selection(), deep=False)
    return REPORTERS[output](report)


@pytest.fixture
def several(tmp_path: Path) -> Small:
    """Three devices: a sound one, one with faults of every weight, one whose name sorts in between."""
    project = small(tmp_path)
    broken = project.device("demo-2")
    broken.text("claims/1", "intended_use:", "intented_use:")
    broken.put("plans/2.yaml", b"kind: [\n")
    scaffold = project.device("demo-1-b")
    scaffold.text("hazards/1", '"Risk too low"', '"To be written: the title"')
    scaffold.put("seals/plans/1/x.sigstore.json", b"{}")
    return project


@pytest.mark.parametrize("output", sorted(FORMS))
def test_pieces_make_the_whole(several: Small, output: str) -> None:
    """Put together from devices, a report has every line that the reporter writes of all at once."""
    said = several.say(output, cached=False).text
    whole = at_once(several, output)
    assert sorted(said.splitlines()) == sorted(whole.splitlines())
    if output == "json":
        assert json.loads(said).keys() == json.loads(whole).keys()
        assert said == json.dumps(json.loads(said), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("output", sorted(FORMS))
def test_one_device_is_said_as_before(tmp_path: Path, output: str) -> None:
    """For one device, pieces and reporter agree to the byte."""
    project = small(tmp_path)
    assert project.say(output, cached=False).text == at_once(project, output)


@pytest.mark.parametrize("output", sorted(FORMS))
def test_an_empty_folder_is_said_as_before(tmp_path: Path, output: str) -> None:
    """Without a device there is a finding, and it is the reporter's."""
    project = Small(tmp_path)
    (tmp_path / "evidence").mkdir()
    assert project.say(output).text == at_once(project, output)


def test_two_processes_say_what_one_says(tmp_path: Path) -> None:
    """Enough devices for a second process come out in the same order, byte for byte, twice the same."""
    project = small(tmp_path)
    for number in range(2, 16):
        made = project.device(f"demo-{number}")
        if number % 4 == 0:
            made.text("claims/1", "intended_use:", "intented_use:")
    first = project.run("check", "--no-cache", "--format", "json")
    again = project.run("check", "--no-cache", "--format", "json")
    assert first.returncode == again.returncode == 1
    assert first.stdout == again.stdout
    body = json.loads(first.stdout)
    assert [device["device"] for device in body["devices"]] == sorted(f"demo-{n}" for n in range(1, 16))
    alone = project.run("check", "--format", "sarif")
    assert len(body["findings"]) == sum(
        result["ruleId"] in ("schema", "reference", "outdated")
        for result in json.loads(alone.stdout)["runs"][0]["results"]
    )


def test_results_come_in_order() -> None:
    """Whichever worker is done first, results stand in the order of the jobs."""
    jobs = [str(number) for number in range(101)]
    assert list(spread.spread(jobs, lambda job: int(job) * 2)) == [2 * number for number in range(101)]


def test_an_error_of_a_worker_is_raised_here() -> None:
    """A worker's reason to stop arrives with its message, hint and place."""

    def work(_job: str) -> None:
        raise InvalidPolicy("no such name", hint="spell it right", where="core/rules/x.yaml:3:1")

    with pytest.raises(InvalidPolicy) as caught:
        list(spread.spread(["a", "b"], work))
    assert (caught.value.hint, caught.value.where) == ("spell it right", "core/rules/x.yaml:3:1")


def loaded(project: Small, *args: str) -> set[str]:
    """Top-level modules that the command has loaded when it ends."""
    code = (
        "import sys\n"
        "from muniment.cli.main import main\n"
        f"try: main({['check', *args]!r})\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return set(done.stderr.split())


def test_a_check_loads_nothing_heavy(tmp_path: Path) -> None:
    """Judging brings no library for numbers, pages or signatures, and no second validator."""
    modules = loaded(small(tmp_path), "--no-cache")
    assert "muniment.judge" in modules
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    assert not {name for name in modules if name.startswith(("muniment.measure", "muniment.render"))}


def test_an_unchanged_project_loads_no_reader(tmp_path: Path) -> None:
    """Once nothing has changed, neither YAML nor schemas nor rules are imported."""
    project = small(tmp_path)
    (tmp_path / "muniment.yaml").touch()
    time.sleep(2.3)  # settings are remembered once they are older than the coarsest clock
    project.run("check")
    modules = loaded(project)
    assert not (HEAVY | UNASKED) & {name.partition(".")[0] for name in modules}
    stages = ("judge", "check", "link", "diff", "attest", "why")
    assert not {name for name in modules if name.startswith(tuple(f"muniment.{stage}" for stage in stages))}
