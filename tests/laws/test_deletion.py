"""Take any one file away from the example: no release becomes acceptable that was not."""

from __future__ import annotations

import datetime
import functools
import shutil
from pathlib import Path

import pytest
from tests.support.project import CHECKOUT

from muniment import judge
from muniment.pipeline.judging import judge_all
from muniment.pipeline.policies import load_packs
from muniment.pipeline.request import Doors, Request, request
from muniment.pipeline.survey import survey

LATER = "2026-07-20"
"""By then the waiver of 2.0.0 has lapsed and its conditions are overdue: three of five are not acceptable."""
SHARES = 4
"""Parts of the work, so that several processes can take some of it."""
IGNORED = ("pipeline/", "trust/")
"""Neither is judged: how the example is made, and whom to trust."""

pytestmark = pytest.mark.slow


def files() -> list[str]:
    """Every file of the example that bears on a judgement."""
    (device,) = (path for path in (CHECKOUT / "evidence").iterdir() if path.is_dir())
    every = (path.relative_to(CHECKOUT).as_posix() for path in device.rglob("*") if path.is_file())
    inside = len(f"evidence/{device.name}/")
    return sorted(path for path in every if not path[inside:].startswith(IGNORED))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(CHECKOUT / "evidence", root / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", root)
    return root


def judged(root: Path) -> tuple[set[str], set[str]]:
    """Releases that every blocking rule accepts, and the files that have findings."""
    asked = asked_of(root)
    judgement = judge_all(survey(asked), deep=False, packs=packs(root), verdicts_only=True)
    accepted = {
        release.dossier.version
        for view in judgement.devices
        for release in view.releases
        if release.verdict.outcome == "accepted"
    }
    findings = (*judgement.survey.findings, *judgement.findings)
    return accepted, {finding.where.file.removeprefix("evidence/") for finding in findings}


def asked_of(root: Path) -> Request:
    return request(Doors(today=datetime.date.today), start=root, as_of=LATER)


@functools.cache
def packs(root: Path) -> judge.Packs:
    return load_packs(asked_of(root))


@pytest.mark.parametrize("share", range(SHARES))
def test_deleting_a_file_never_makes_a_release_acceptable(copy: Path, share: int) -> None:
    """A release accepted after a deletion was accepted before it, or the missing file is a finding."""
    before, faults = judged(copy)
    assert before
    assert {name for name in faults if "/monitors/" not in name} == set()
    assert len(before) <= 2
    mine = files()[share::SHARES]
    assert len(mine) > 50
    gained = []
    for path in mine:
        away = copy / f"{path}.away"
        (copy / path).rename(away)
        after, findings = judged(copy)
        away.rename(copy / path)
        if not after <= before and path.removeprefix("evidence/") not in findings:
            gained.append(f"without {path}: {sorted(after - before)}")
    assert gained == []
