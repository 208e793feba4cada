"""Attacks on a domain's log: on the operator's disk, and as a reader of the seals sees them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.support.sealed import World, at

from muniment import attest
from muniment.errors import SealError

OTHERS = {"meaning": "quality_approval"}


def reopened(world: World) -> World:
    """Another process on the same domain, which remembers nothing."""
    return World(world.folder, attest.open_domain(world.domain.folder))


def refused(world: World, says: str) -> None:
    """Sealing stops with one reason and one thing to do, and writes nothing."""
    log = world.domain.folder / "log"
    before = {path.name: path.read_bytes() for path in log.iterdir()}
    seals = len(list(world.folder.rglob("*.sigstore.json")))
    with pytest.raises(SealError, match=says) as caught:
        reopened(world).release(at(9))
    assert caught.value.hint
    assert {path.name: path.read_bytes() for path in log.iterdir()} == before
    assert len(list(world.folder.rglob("*.sigstore.json"))) == seals


def test_a_truncated_log_is_not_written_to(world: World) -> None:
    """The last entry cut off: the head still speaks of it."""
    world.approve("ben", "clinical", at(1))
    world.approve("dee", "quality", at(2), **OTHERS)
    entries = world.domain.folder / "log" / "entries.jsonl"
    entries.write_bytes(b"".join(entries.read_bytes().splitlines(keepends=True)[:-1]))
    refused(world, "it has fewer entries than its head says")


@pytest.mark.parametrize("how", ["exchanged", "dropped", "doubled"])
def test_a_rewritten_log_is_not_written_to(world: World, how: str) -> None:
    """Entries exchanged, dropped or doubled no longer hash to the root that the head states."""
    world.approve("ben", "clinical", at(1))
    world.approve("dee", "quality", at(2), **OTHERS)
    log = world.domain.folder / "log"
    first, second, third = (log / "entries.jsonl").read_bytes().splitlines(keepends=True)
    lines = {
        "exchanged": [first, third, second],
        "dropped": [first, third],
        "doubled": [first, second, third, third],
    }[how]
    (log / "entries.jsonl").write_bytes(b"".join(lines))
    head = json.loads((log / "head.json").read_bytes())
    head.update(size=len(lines), length=sum(map(len, lines)))
    (log / "head.json").write_text(json.dumps(head))
    refused(world, "its entries do not hash to its head's root")


def test_a_seal_dated_before_the_preceding_entry_is_not_made(world: World) -> None:
    """A second too early, and nothing is sealed."""
    world.approve("ben", "clinical", at(2))
    with pytest.raises(SealError, match="would follow the log's last entry of 2024-03-03T09:00:00Z"):
        world.approve("dee", "quality", at(2) - timedelta(seconds=1), **OTHERS)
    assert world.verify_one().outcome == "verified"


def test_a_log_rolled_back_to_hide_a_seal_gives_both_away(world: World) -> None:
    """Roll back, seal something else in its place: two seals at one index, neither of which is shown.

    Unless the first seal is deleted everywhere. Then only a checkpoint that somebody kept tells: it is
    signed by the log, and speaks of a tree that the log no longer extends.
    """
    log = world.domain.folder / "log"
    kept = {path: path.read_bytes() for path in log.iterdir()}
    hidden = world.approve("ben", "clinical", at(1), decision="reject", meaning="rejection")
    checkpoint = world.domain.checkpoint()
    for path, data in kept.items():
        path.write_bytes(data)
    again = reopened(world)
    again.approve("ben", "clinical", at(1))
    assert {seal.outcome for seal in world.verify()} == {"failed"}
    assert all("Two different seals stand at index 1" in seal.reason for seal in world.verify())
    hidden.unlink()
    assert world.verify_one().outcome == "verified"
    assert again.domain.checkpoint().split("\n")[1] == checkpoint.split("\n")[1] == "2"
    assert again.domain.checkpoint().split("\n")[2] != checkpoint.split("\n")[2]
