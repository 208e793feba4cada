"""Windows of validity in a trusted root, which sigstore does not hold against the time of a seal.

Each part of the root in turn is made too old or too young; everything else about the seal is sound.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.forging import library_accepts
from tests.support.sealed import World, at

from muniment.attest.verifier import Root

PARTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "tlogs": lambda root: root["tlogs"][0]["publicKey"],
    "ctlogs": lambda root: root["ctlogs"][0]["publicKey"],
    "certificateAuthorities": lambda root: root["certificateAuthorities"][0],
    "timestampAuthorities": lambda root: root["timestampAuthorities"][0],
}
BEFORE = {"start": "2024-03-01T09:00:00Z", "end": "2024-03-03T08:59:59Z"}
AFTER = {"start": "2024-03-03T09:00:01Z", "end": "2064-01-01T00:00:00Z"}
SAYS = {
    "tlogs": "The log's key was not valid at 2024-03-03T09:00:00Z",
    "ctlogs": "The certificate's transparency key is not one that was valid at 2024-03-03T09:00:00Z",
    "certificateAuthorities": "No certificate authority of the trusted root was valid",
    "timestampAuthorities": "lies outside its authority's validity",
}
LIBRARY_CHECKS = frozenset({"timestampAuthorities"})
"""Windows that sigstore itself holds a seal to, in its own words."""


def with_window(root: bytes, part: str, window: dict[str, str] | None) -> bytes:
    fields = json.loads(root)
    holder = PARTS[part](fields)
    if window is None:
        del holder["validFor"]
    else:
        holder["validFor"] = window
    return json.dumps(fields).encode()


@pytest.mark.parametrize("window", [BEFORE, AFTER], ids=["ended a second before", "begins a second after"])
@pytest.mark.parametrize("part", PARTS)
def test_a_seal_outside_a_window_is_refused(
    world: World, tmp_path: Path, part: str, window: dict[str, str]
) -> None:
    """CA, log, transparency key and time-stamping authority each vouch for their own years only.

    Where the library accepts the seal, the refusal is ours and says which window.
    """
    path = world.approve("ben", "clinical", at(2))
    root = with_window(world.domain.trusted_root(), part, window)
    try:
        library_accepts(path.read_bytes(), root, tmp_path, "ben@example.invalid", world.domain.issuer)
        says = SAYS[part]
    except Exception:
        says = "does not verify"
    seal = world.verify_one(Root("local", root))
    assert (seal.outcome, seal.identity, seal.time) == ("failed", None, None)
    assert says in seal.reason


def test_sigstore_leaves_windows_to_its_callers(world: World, tmp_path: Path) -> None:
    """Why the checks are ours: the library accepts a seal after the end of each of these keys."""
    path = world.approve("ben", "clinical", at(2))
    accepted = set()
    for part in PARTS:
        root = with_window(world.domain.trusted_root(), part, BEFORE)
        try:
            library_accepts(path.read_bytes(), root, tmp_path, "ben@example.invalid", world.domain.issuer)
        except Exception:
            continue
        accepted.add(part)
    assert accepted == PARTS.keys() - LIBRARY_CHECKS


@pytest.mark.parametrize("part", PARTS)
def test_both_ends_belong_to_a_window(world: World, part: str) -> None:
    """A seal of the first and of the last second of a window verifies.

    The library takes the end of a time-stamping authority for the first second outside.
    """
    world.approve("ben", "clinical", at(2))
    end = "2024-03-03T09:00:01Z" if part in LIBRARY_CHECKS else "2024-03-03T09:00:00Z"
    second = {"start": "2024-03-03T09:00:00Z", "end": end}
    seal = world.verify_one(Root("local", with_window(world.domain.trusted_root(), part, second)))
    assert seal.outcome == "verified", seal.reason


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("window", [{"start": "yesterday"}, {"end": "2024-02-31T00:00:00Z"}, {"start": 7}])
def test_a_window_that_is_no_window_fails_every_seal(world: World, part: str, window: dict[str, Any]) -> None:
    """A root whose validity cannot be read vouches for nothing."""
    world.approve("ben", "clinical", at(2))
    seal = world.verify_one(Root("local", with_window(world.domain.trusted_root(), part, window)))
    assert seal.outcome == "failed"
