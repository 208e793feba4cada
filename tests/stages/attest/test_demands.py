"""What a reader demands besides: required domains and an identity policy, as pure functions over seals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.sealed import World, at

from muniment import attest

BEN = "ben@example.invalid"


def policy(world: World, **changes: object) -> attest.Expected:
    line = attest.Expected(
        identity=BEN,
        issuer=world.domain.issuer,
        domain="local",
        acts=frozenset({"approval"}),
        roles=frozenset({"clinical"}),
    )
    return replace(line, **changes)


def held(world: World, demands: attest.Demands) -> tuple[str, str]:
    (seal,) = attest.held_to(world.verify(), demands)
    return seal.outcome, seal.reason


def test_a_seal_that_meets_every_demand_stays_verified(world: World) -> None:
    """Without demands, and with those that fit, nothing changes."""
    world.approve("ben", "clinical", at(2))
    fitting = attest.Demands(frozenset({"local", "public"}), (policy(world),))
    for demands in (attest.Demands(), fitting):
        assert attest.held_to(world.verify(), demands) == world.verify()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identity": "BEN@example.invalid"}, "does not know"),
        ({"identity": "en@example.invalid"}, "does not know"),
        ({"issuer": "https://example.muniment.invalid/"}, "does not know"),
        ({"domain": "public"}, "does not know"),
        ({"acts": frozenset({"release"})}, "seal as approval in the role clinical"),
        ({"roles": frozenset({"quality"})}, "seal as approval in the role clinical"),
    ],
)
def test_a_line_admits_exactly_what_it_says(world: World, changes: dict[str, object], reason: str) -> None:
    """Identity, issuer and domain are compared exactly; act and role must be listed."""
    world.approve("ben", "clinical", at(2))
    outcome, said = held(world, attest.Demands(signers=(policy(world, **changes),)))
    assert outcome == "failed"
    assert reason in said
    assert BEN in said


def test_act_and_role_must_stand_in_one_line(world: World) -> None:
    """Two lines do not add up to what neither of them admits."""
    world.approve("ben", "clinical", at(2))
    lines = (
        policy(world, acts=frozenset({"record"})),
        policy(world, roles=frozenset({"quality"})),
    )
    assert held(world, attest.Demands(signers=lines))[0] == "failed"
    assert held(world, attest.Demands(signers=(*lines, policy(world))))[0] == "verified"


@pytest.mark.parametrize("demands", [attest.Demands(signers=()), attest.Demands(domains=frozenset())])
def test_an_empty_demand_admits_nothing(world: World, demands: attest.Demands) -> None:
    """Nothing is not everything: an empty list is nobody."""
    world.approve("ben", "clinical", at(2))
    assert held(world, demands)[0] == "failed"


def test_a_seal_of_another_domain_fails_and_shows_nothing(world: World) -> None:
    """A refused seal names nobody and no time, like any other failed one; the reason says what it was."""
    world.approve("ben", "clinical", at(2))
    (seal,) = attest.held_to(world.verify(), attest.Demands(frozenset({"private"})))
    assert (seal.outcome, seal.identity, seal.time, seal.domain) == ("failed", None, None, None)
    assert "verifies in the local domain, and seals of the private domain are required" in seal.reason


def test_a_demand_never_mends_a_seal(world: World) -> None:
    """What did not verify stays failed for its own reason; what was only read stays recorded."""
    path = world.approve("ben", "clinical", at(2))
    recorded = attest.read(world.files)
    assert attest.held_to(recorded, attest.Demands(frozenset({"public"}))) == recorded
    path.write_bytes(path.read_bytes().replace(b'"sig":"ME', b'"sig":"MF'))
    broken = world.verify()
    assert broken[0].outcome == "failed"
    assert attest.held_to(broken, attest.Demands(frozenset({"public"}))) == broken
