"""Attacks on the board's vote, with real seals: verified, and still not counted."""

from __future__ import annotations

import base64
import json
from copy import deepcopy

import pytest
from tests.support.sealed import MANIFEST, ROSTER, World, at

from muniment import attest
from muniment.model.edition import Approval
from muniment.model.tree import Tree

OTHERS = {"meaning": "quality_approval"}


def counted(world: World, roster: Tree = ROSTER, version: str = "1.0.0") -> tuple[Approval, ...]:
    """What the board's vote on a release comes to, on verified seals."""
    return attest.approvals(
        world.verify(),
        roster=roster,
        version=version,
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


def test_an_approval_of_one_release_does_not_count_for_another(world: World) -> None:
    """Release 2.0.0 with the very manifest of 1.0.0 has no vote: neither in place, moved, nor relabelled.

    A release digest without its name would be one digest for two releases.
    """
    path = world.approve("ben", "clinical", at(1))
    (world.folder / "releases/2.0.0").mkdir()
    twin = world.folder / "releases/2.0.0/manifest.json"
    twin.write_bytes((world.folder / MANIFEST).read_bytes())
    moved = world.folder / "seals/releases/2.0.0" / path.name
    moved.parent.mkdir(parents=True)
    moved.write_bytes(path.read_bytes())
    assert counted(world, version="2.0.0") == ()
    assert [vote.problem.split(". ")[0] for vote in counted(world) if not vote.valid] == [
        "The seal does not hold"
    ]
    relabelled = attest.approval(
        "2.0.0",
        world.digest(MANIFEST),
        decision="approve",
        meaning="clinical_approval",
        signer=attest.Signer("Ben Okafor", "ben@example.invalid", "clinical", at(1)),
    )
    bundle = json.loads(path.read_bytes())
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(relabelled).decode()
    (world.folder / attest.seal_path(attest.parse(relabelled))).write_text(json.dumps(bundle))
    assert {seal.outcome for seal in world.verify() if "2.0.0" in seal.file} == {"failed"}


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


def test_a_roster_edited_into_the_past_is_believed(world: World) -> None:
    """What the vote cannot show either: a roster that was edited afterwards. Nothing sealed holds it."""
    world.approve("cyd", "biostatistics", at(1), meaning="statistical_review")
    assert [vote.valid for vote in counted(world)] == [False]
    edited = deepcopy(ROSTER)
    for entry in edited["entries"]:
        entry["from"] = "2023-01-01"
    assert [vote.valid for vote in counted(world, edited)] == [True]
