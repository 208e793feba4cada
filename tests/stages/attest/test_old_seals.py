"""Seals that were made once and are kept: what verified then verifies for ever, under any later clock.

`tests/fixtures/seals/README.md` says how each was made and what cannot verify.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from muniment import __version__, attest
from muniment.load import DeviceFiles
from muniment.model.seal import Seal

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "seals"
KEPT = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir() and path.name[0] != "_")
UNREADABLE = {"sigstore-4.2.0-rekor-v2": "Unsupported DSSE log entry type: dsse/0.0.2"}
"""What the pinned sigstore refuses, in its own words."""


def seals(name: str) -> tuple[Seal, ...]:
    folder = FIXTURES / name
    root = attest.Root("local", (folder / "trusted_root.json").read_bytes())
    return attest.verify(DeviceFiles(folder / "device"), (root,))


def verified(name: str) -> list[dict[str, Any]]:
    """Each seal of a fixture, in the fields that were kept of it; how a failure is worded may change."""
    found = [seal.as_json() for seal in seals(name)]
    kept = expected(name)
    assert [seal["file"] for seal in found] == [seal["file"] for seal in kept]
    return [{field: seal[field] for field in old} for seal, old in zip(found, kept, strict=True)]


def expected(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FIXTURES / name / "expected.json").read_bytes())
    return [{field: value for field, value in seal.items() if field != "reason"} for seal in found]


def test_every_release_of_ours_is_kept() -> None:
    """Whoever raises the version adds the fixture of the version before it, or this fails."""
    assert f"muniment-{__version__}" in KEPT
    assert sum(name.startswith("sigstore-") for name in KEPT) == 6


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_seal_says_what_it_said(name: str) -> None:
    """Identity, issuer, time and its source, place in the log, subjects and digests: as when it was made."""
    assert verified(name) == expected(name)
    outcomes = {seal["outcome"] for seal in expected(name)}
    assert outcomes == ({"failed"} if name in UNREADABLE else {"verified"})


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_verify_says_why(name: str) -> None:
    """The library's own reason is passed on; README.md names the version that can read it."""
    (seal,) = seals(name)
    assert UNREADABLE[name] in seal.reason


def test_a_log_of_the_first_generation_gives_the_time_where_nobody_stamped() -> None:
    """Rekor v1 promises a time under its signature; it counts, and is named as its source."""
    (seal,) = verified("sigstore-3.6.7-rekor-v1-without-timestamp")
    assert (seal["outcome"], seal["time_source"]) == ("verified", "rekor")
    (seal,) = verified("sigstore-3.6.7-rekor-v1")
    assert (seal["outcome"], seal["time_source"]) == ("verified", "rfc3161")


def test_every_kind_of_seal_is_among_ours() -> None:
    """The fixture of this version holds all that it can seal and a board can decide."""
    names = {Path(seal["file"]).name.rsplit("-", 1)[0] for seal in expected(f"muniment-{__version__}")}
    assert {"plan-lock", "evaluation", "approval", "rejection", "recusal", "release", "record"} <= names


LATER = """
import sys, time
from datetime import datetime, timezone
import time_machine

now = datetime(int(sys.argv[1]), 6, 1, 12, tzinfo=timezone.utc)
with time_machine.travel(now, tick=True):
    import json, tempfile
    from pathlib import Path
    from muniment import attest
    from muniment.attest.verifier import verify_bundle
    from tests.stages.attest.test_old_seals import KEPT, expected, verified
    from tests.support.forging import make_operator

    told = {"now": datetime.now(timezone.utc).isoformat(), "time": time.time()}
    told["kept"] = {name: verified(name) == expected(name) for name in KEPT}
    # Only a library that believes in the moved clock accepts a seal of that year.
    with tempfile.TemporaryDirectory() as scratch:
        operator = make_operator(Path(scratch) / "operator", now)
        who = attest.Signer("Ben Okafor", "ben@example.invalid", "clinical", now)
        statement = attest.record("plans/1.yaml", "ab" * 32, meaning="witness", signer=who)
        told["new"] = verify_bundle(operator.sign(statement, who.identity, now), operator.root)
    print(json.dumps(told))
"""


def under(year: int, code: str) -> subprocess.CompletedProcess[str]:
    checkout = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-c", code, str(year)], cwd=checkout, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("year", [2031, 2045, 2060])
def test_kept_seals_verify_under_later_clocks(year: int) -> None:
    """A process whose clock stands at 2031, 2045 or 2060 finds what was found when the seals were made.

    The clock did move: both of Python's say so, and sigstore accepts a seal of that year, which it refuses
    today.
    """
    ran = under(year, LATER)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert datetime.fromisoformat(told["now"]).year == year
    assert datetime.fromtimestamp(told["time"], UTC).year == year
    assert told["kept"] == dict.fromkeys(KEPT, True)
    assert told["new"] == ""


def test_a_seal_of_a_later_year_is_refused_today() -> None:
    """The other half of the proof: without a moved clock the same seal does not verify."""
    still = LATER.replace("time_machine.travel(now, tick=True)", "__import__('contextlib').nullcontext()")
    ran = under(2060, still)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert told["new"] != ""
    assert told["kept"] == dict.fromkeys(KEPT, True)
