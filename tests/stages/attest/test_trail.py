"""The trail: whoever changes what was written is found out, and what it cannot show is known."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.sealed import MANIFEST, PLAN, World, at, signer

from muniment import attest
from muniment.attest.strict import canonical
from muniment.attest.trail import PATH, encode
from muniment.errors import SealError
from muniment.load import DeviceFiles
from muniment.model.trail import FIRST, Trail
from muniment.pipeline import trail as trails


def told(world: World) -> Trail:
    """The trail, held against the files and the verified seals."""
    return attest.read_trail(world.files, world.verify())


def sealed(world: World, command: str, when: datetime) -> Path:
    """Seal something as the commands do: the head pinned, the file written, the trail told."""
    pin = trails.head(world.folder)
    who = dataclasses.replace(signer("dee", "quality", when), trail=pin)
    if command == "lock":
        statement = attest.plan_lock("plans/1", world.digest(PLAN), signer=who)
    else:
        statement = attest.approval(
            "1.0.0", world.digest(MANIFEST), decision="approve", meaning="quality_approval", signer=who
        )
    path = world.seal(statement)
    name = path.relative_to(world.folder).as_posix()
    wrote = {name: world.digest(name)}
    trails.append(world.folder, at=when, command=command, who="dee@example.invalid", wrote=wrote)
    return path


@pytest.fixture
def walked(world: World) -> World:
    """A lock and two approvals, each on the trail."""
    for day, command in enumerate(("lock", "approve", "approve"), start=1):
        sealed(world, command, at(day))
    return world


def lines(world: World) -> list[bytes]:
    return (world.folder / PATH).read_bytes().splitlines(keepends=True)


def rewrite(world: World, *kept: bytes) -> None:
    (world.folder / PATH).write_bytes(b"".join(kept))


def test_a_trail_as_written_holds(walked: World) -> None:
    """Every seal is on it, in order, and each entry names the one before."""
    trail = told(walked)
    assert trail.problems == ()
    assert [(entry.seq, entry.command) for entry in trail.entries] == [
        (1, "lock"),
        (2, "approve"),
        (3, "approve"),
    ]
    assert trail.entries[0].previous == FIRST
    assert [e.previous for e in trail.entries[1:]] == [e.sha256 for e in trail.entries[:-1]]
    assert trail.head == trail.entries[-1].sha256 == trails.head(walked.folder)
    assert [entry.at for entry in trail.entries] == [seal.time for seal in sorted(
        walked.verify(), key=lambda seal: seal.time or ""
    )]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_of_the_trail_can_change(walked: World, data: st.DataObject) -> None:
    """Whatever byte is replaced, taken out or put in: the trail does not hold any more."""
    path = walked.folder / PATH
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    old = whole[place : place + 1]
    new = data.draw(st.sampled_from([b"", old + b" ", b"0", b"\n", b'"', bytes([old[0] ^ 1])]))
    changed = whole[:place] + new + whole[place + 1 :]
    try:
        path.write_bytes(changed)
        assert changed == whole or attest.read_trail(walked.files, attest.read(walked.files)).problems
    finally:
        path.write_bytes(whole)


def test_an_entry_taken_out_or_moved_is_found(walked: World) -> None:
    """The chain breaks where an entry is missing, twice there, or in another place."""
    one, two, three = lines(walked)
    for kept in ((one, three), (two, three), (one, one, two, three), (two, one, three), (one, three, two)):
        rewrite(walked, *kept)
        assert told(walked).problems


def test_a_trail_written_anew_contradicts_the_seals(walked: World) -> None:
    """A forger can chain other entries soundly; the seals state the heads of the trail they were made on."""
    first, *rest = told(walked).entries
    previous, kept = FIRST, []
    for entry in (dataclasses.replace(first, published={"archive.zip": "ab" * 32}), *rest):
        line = encode(
            entry.seq,
            at=entry.at,
            command=entry.command,
            who=entry.who,
            wrote=entry.wrote,
            published=entry.published,
            previous=previous,
        )
        kept.append(line + b"\n")
        previous = hashlib.sha256(line).hexdigest()
    rewrite(walked, *kept)
    assert "names an entry that is not on the trail" in told(walked).problems[0]


def test_a_trail_cut_before_the_newest_seal_is_found(walked: World) -> None:
    """A cut that a seal contradicts is found twice over: the seal is not on the trail, or its head is not."""
    one, two, _three = lines(walked)
    rewrite(walked, one, two)
    (missing,) = told(walked).problems
    assert "is not on the trail" in missing
    (walked.folder / PATH).unlink()
    (lost,) = told(walked).problems
    assert lost.endswith(f"names an entry of the trail, and there is no {PATH}; restore it.")


def test_the_end_of_a_trail_is_vouched_for_by_a_copy_only(walked: World) -> None:
    """What the trail cannot show: entries after the newest seal, if file and entry go together."""
    archived = trails.head(walked.folder)
    newest = sorted(walked.verify(), key=lambda seal: seal.time or "")[-1]
    rewrite(walked, *lines(walked)[:-1])
    (walked.folder / newest.file).unlink()
    assert told(walked).problems == ()
    assert archived not in {entry.sha256 for entry in told(walked).entries}


def test_a_file_that_changed_or_went_is_found(walked: World) -> None:
    """An entry's file has to be there, with the bytes that were written."""
    lock = next(path for entry in told(walked).entries for path in entry.wrote if "plan-lock" in path)
    data = (walked.folder / lock).read_bytes()
    (walked.folder / lock).write_bytes(data + b" ")
    assert f"Entry 1 wrote {lock}, which has changed since; restore it." in told(walked).problems
    (walked.folder / lock).unlink()
    assert f"Entry 1 wrote {lock}, which is missing; restore it." in told(walked).problems


def test_a_later_entry_supersedes_an_earlier_one(walked: World) -> None:
    """A root published again is no damage: the newest entry for a path is the one that must hold."""
    root = walked.folder / "trust/local/trusted_root.json"
    root.parent.mkdir(parents=True)
    for day, text in enumerate(("old", "new"), start=4):
        root.write_text(text)
        wrote = {"trust/local/trusted_root.json": walked.digest("trust/local/trusted_root.json")}
        trails.append(walked.folder, at=at(day), command="trust show --publish", who=None, wrote=wrote)
    assert told(walked).problems == ()


def test_a_seal_that_the_trail_does_not_know_is_found(walked: World) -> None:
    """A seal that somebody put there by hand is named."""
    path = walked.approve("ben", "clinical", at(9))
    (problem,) = told(walked).problems
    assert problem.startswith(f"{path.relative_to(walked.folder).as_posix()} is not on the trail")


@pytest.mark.parametrize(
    "changes",
    [{"at": at(10)}, {"who": "dee@example.invalid"}, {"command": "reject"}],
    ids=lambda c: next(iter(c)),
)
def test_an_entry_says_what_its_seal_says(walked: World, changes: dict[str, Any]) -> None:
    """Time, signer and command of an entry are the seal's own, not what a writer chose."""
    path = walked.approve("ben", "clinical", at(9)).relative_to(walked.folder).as_posix()
    fields = {"at": at(9), "command": "approve", "who": "ben@example.invalid", **changes}
    trails.append(walked.folder, wrote={path: walked.digest(path)}, **fields)
    (problem,) = told(walked).problems
    assert problem.endswith("the seal says approve at 2024-03-10T09:00:00Z by ben@example.invalid.")


def test_a_torn_line_is_told_and_cut_off(walked: World) -> None:
    """A crash within a line costs that line: it is reported, then replaced; no whole line is touched."""
    before = lines(walked)
    rewrite(walked, *before, b'{"at":"2024-')
    (problem,) = told(walked).problems
    assert "is torn" in problem
    assert trails.head(walked.folder) == attest.read_trail(walked.files, ()).entries[-1].sha256
    sealed(walked, "approve", at(8))
    assert lines(walked)[:3] == before
    assert told(walked).problems == ()
    assert len(told(walked).entries) == 4


def test_a_damaged_end_is_never_written_behind(walked: World) -> None:
    """Where the newest entry cannot be read nothing is appended: it would vouch for what is broken."""
    whole = lines(walked)
    rewrite(walked, *whole[:-1], b"rubbish\n")
    with pytest.raises(SealError, match="last entry"):
        trails.append(walked.folder, at=at(9), command="lock", who=None, wrote={})
    assert (walked.folder / PATH).read_bytes().endswith(b"rubbish\n")


def test_an_entry_names_only_files_of_the_folder(walked: World) -> None:
    """No path leads out of the device folder, written or read."""
    with pytest.raises(SealError, match="absolute"):
        trails.append(walked.folder, at=at(9), command="lock", who=None, wrote={"/etc/passwd": "ab" * 32})
    fields = json.loads(lines(walked)[0]) | {"wrote": {"../x": "ab" * 32}}
    rewrite(walked, canonical(fields) + b"\n")
    assert "not a plain path" in told(walked).problems[0]


WRITER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from typing import Any
from muniment.pipeline import trail
folder, at = Path(sys.argv[1]), datetime(2024, 3, 1, tzinfo=UTC)
for number in range(20):
    trail.append(folder, at=at, command="test", who=sys.argv[2], wrote={})
"""


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    """Writers at the same time wait for each other: every entry is there, and the chain is whole."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in ("a", "b", "c")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    trail = attest.read_trail(DeviceFiles(tmp_path), ())
    assert trail.problems == ()
    assert sorted(entry.who or "" for entry in trail.entries) == sorted("abc" * 20)
