"""Attacks on the board's vote, with real seals: verified, and still not counted."""

from __future__ import annotations

import pytest
from tests.support.sealed import MANIFEST, ROSTER, World, at

from muniment import attest
from muniment.model.edition import Approval

OTHERS = {"meaning": "quality_approval"}


def counted(world: World) -> tuple[Approval, ...]:
    """What the board's vote on 1.0.0 comes to, on verified seals."""
    return attest.approvals(
        world.verify(),
        roster=ROSTER,
        version="1.0.0",
        manifest_sha256=world.digest(MANIFEST),
        author="ada",
        basis="verified",
        as_of="2024-03-31",
    )


def test_a_sound_vote_counts(world: World) -> None:
    """Two people in their roles on the frozen release are two valid approvals."""
    world.approve("ben", "clinical", at(1))
    world.approve("dee", "quality", at(2), **OTHERS)
    assert [(vote.person, vote.role, vote.valid) for vote in counted(world)] == [
        ("ben", "clinical", True),
        ("dee", "quality", True),
    ]


@pytest.mark.parametrize(
    ("who", "role", "day", "says"),
    [
        ("ada", "engineering", 1, "is the author"),
        ("ben", "clinical", 5, "until 2024-03-03"),
        ("cyd", "biostatistics", 1, "given the role biostatistics on 2024-03-05"),
        ("dee", "regulatory", 1, "does not hold the role regulatory"),
    ],
)
def test_a_verified_seal_without_standing_does_not_count(
    world: World, who: str, role: str, day: int, says: str
) -> None:
    """A seal that verifies proves who signed, not that they were entitled to."""
    world.approve(who, role, at(day))
    (vote,) = counted(world)
    assert vote.seal.outcome == "verified"
    assert not vote.valid
    assert says in vote.problem


def test_one_person_in_two_roles_is_one_voice(world: World) -> None:
    """The second role of one person is refused, though both seals verify."""
    world.approve("ben", "clinical", at(1))
    world.approve("ben", "quality", at(2), **OTHERS)
    assert [(vote.role, vote.valid) for vote in counted(world)] == [("clinical", True), ("quality", False)]
    assert "one person fills one role" in counted(world)[1].problem


def test_a_service_does_not_approve(world: World) -> None:
    """A service's seal on the manifest verifies and does not count."""
    robot = attest.Signer("CI", "ci@example.invalid", "clinical", at(1))
    world.approve("ben", "clinical", at(1), signer=robot)
    (vote,) = counted(world)
    assert vote.seal.outcome == "verified"
    assert vote.problem == "ci@example.invalid is a service; only people approve."


def test_a_borrowed_printed_name_does_not_count(world: World) -> None:
    """The printed name is held against the roster's name of the e-mail that signed."""
    borrowed = attest.Signer("Dee Rossi", "ben@example.invalid", "clinical", at(1))
    world.approve("ben", "clinical", at(1), signer=borrowed)
    (vote,) = counted(world)
    assert vote.problem == "The printed name Dee Rossi is not Ben Okafor, whose e-mail signed."


def test_any_change_of_the_release_voids_every_approval(world: World) -> None:
    """One byte more in the manifest and no approval is left."""
    world.approve("ben", "clinical", at(1))
    world.approve("dee", "quality", at(2), **OTHERS)
    manifest = world.folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    votes = counted(world)
    assert len(votes) == 2
    assert not any(vote.valid for vote in votes)
    assert all("has changed since it was sealed" in vote.problem for vote in votes)


def test_deleting_a_rejection_is_all_it_takes_to_hide_it(world: World) -> None:
    """What the vote cannot show: a seal that is not there. Its gap in the log's indices remains."""
    world.approve("ben", "clinical", at(1))
    rejection = world.approve("dee", "quality", at(2), decision="reject", meaning="rejection")
    world.release(at(3))
    rejection.unlink()
    assert [vote.decision for vote in counted(world)] == ["approve"]
    assert sorted(seal.log_index or 0 for seal in world.verify()) == [1, 3]
