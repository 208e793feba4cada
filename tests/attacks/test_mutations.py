"""One flipped bit anywhere in a seal: refused, or without effect on anything that is shown."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sealed import World, at, make_world, shown


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """One approval, alone in its folder, whose proof in the log has several hashes."""
    world = make_world(tmp_path_factory.mktemp("world"))
    path = world.approve("ben", "clinical", at(2))
    for minute in range(5):
        path.unlink()
        path = world.approve("ben", "clinical", at(2, minute))
    return world, path


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PARTS: dict[str, tuple[tuple[str | int, ...], int]] = {
    "payload": (("dsseEnvelope", "payload"), 500),
    "signature": (("dsseEnvelope", "signatures", 0, "sig"), 0),
    "certificate": (("verificationMaterial", "certificate", "rawBytes"), 500),
    "log entry": ((*ENTRY, "canonicalizedBody"), 400),
    "proof hash 0": ((*ENTRY, "inclusionProof", "hashes", 0), 0),
    "proof hash 1": ((*ENTRY, "inclusionProof", "hashes", 1), 0),
    "proof root": ((*ENTRY, "inclusionProof", "rootHash"), 0),
    "log id": ((*ENTRY, "logId", "keyId"), 0),
    "timestamp": (
        ("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"),
        500,
    ),
}
"""Where a part of a bundle stands (all are base64), and how many flips to draw; 0 is one in each byte."""

FREE = {"timestamp"}
"""Parts with bytes that no signature covers and nobody is shown, such as a timestamp's status text."""


def flips(size: int, times: int, generator: random.Random) -> Iterator[tuple[int, int]]:
    """Positions and bits: each byte once where `times` is 0, else drawn without putting back."""
    if not times:
        yield from ((position, 1 << generator.randrange(8)) for position in range(size))
        return
    drawn = generator.sample(range(size * 8), min(times, size * 8))
    yield from ((bit // 8, 1 << bit % 8) for bit in drawn)


def outcomes(sealed: tuple[World, Path], changed: Iterator[bytes]) -> tuple[int, int]:
    """Verify each changed file; return how many there were and how many of them were refused.

    One that is not refused shows what the untouched seal shows, or the test fails.
    """
    world, path = sealed
    original = path.read_bytes()
    genuine = world.verify_one()
    assert genuine.outcome == "verified"
    before = shown(genuine)
    tried = refused = 0
    try:
        for data in changed:
            path.write_bytes(data)
            seal = world.verify_one()
            tried += 1
            if seal.outcome == "failed":
                refused += 1
                assert (seal.identity, seal.time, seal.domain, seal.log_index) == (None,) * 4
                assert seal.reason.endswith("."), seal.reason
                assert "\n" not in seal.reason
            else:
                assert shown(seal) == before, data
    finally:
        path.write_bytes(original)
    return tried, refused


def part(bundle: Any, way: tuple[str | int, ...]) -> tuple[Any, str | int]:
    for step in way[:-1]:
        bundle = bundle[step]
    return bundle, way[-1]


@pytest.mark.parametrize("name", PARTS)
def test_a_flipped_bit_in_a_part_changes_nothing_shown(sealed: tuple[World, Path], name: str) -> None:
    """Payload, signature, certificate, proof and log entry: every flip is refused. Timestamp: or idle."""
    way, times = PARTS[name]
    original = sealed[1].read_bytes()
    holder, key = part(json.loads(original), way)
    size = len(base64.b64decode(holder[key]))

    def changed() -> Iterator[bytes]:
        for position, bit in flips(size, times, random.Random(name)):
            bundle = json.loads(original)
            holder, key = part(bundle, way)
            data = bytearray(base64.b64decode(holder[key]))
            data[position] ^= bit
            holder[key] = base64.b64encode(data).decode()
            yield json.dumps(bundle).encode()

    tried, refused = outcomes(sealed, changed())
    assert tried >= (times or size)
    assert refused == tried or (name in FREE and refused > tried * 3 // 4), (tried, refused)


def test_a_flipped_bit_in_the_checkpoint_changes_nothing_shown(sealed: tuple[World, Path]) -> None:
    """Every character of the log's signed note is refused, but for the name beside the signature.

    The key, not that name, is what a signed note is held against; nobody is shown it.
    """
    original = sealed[1].read_bytes()
    way = (*ENTRY, "inclusionProof", "checkpoint", "envelope")
    holder, key = part(json.loads(original), way)
    note = holder[key].encode()
    generator = random.Random("checkpoint")

    def changed() -> Iterator[bytes]:
        for position in range(len(note)):
            bundle = json.loads(original)
            data = bytearray(note)
            data[position] ^= 1 << generator.randrange(7)
            holder, key = part(bundle, way)
            holder[key] = data.decode("utf-8", "replace")
            yield json.dumps(bundle).encode()

    tried, refused = outcomes(sealed, changed())
    name = note.split(b"\n")[0]
    assert note.count(name) == 2
    assert tried == len(note)
    assert refused == tried - len(name)


def test_a_flipped_bit_in_the_file_changes_nothing_shown(sealed: tuple[World, Path]) -> None:
    """Any byte of the file as it lies on disk, its JSON included."""
    original = sealed[1].read_bytes()

    def changed() -> Iterator[bytes]:
        for position, bit in flips(len(original), 400, random.Random("file")):
            data = bytearray(original)
            data[position] ^= bit
            yield bytes(data)

    tried, refused = outcomes(sealed, changed())
    assert tried == 400
    assert refused > 380


def test_a_cut_off_or_doubled_file_changes_nothing_shown(sealed: tuple[World, Path]) -> None:
    """A file that ends early, or twice: refused."""
    original = sealed[1].read_bytes()
    generator = random.Random("cut")
    cuts = [original[: generator.randrange(len(original) - 1)] for _ in range(60)]
    tried, refused = outcomes(
        sealed, iter([*cuts, original * 2, original + b"{}", b"\xef\xbb\xbf" + original])
    )
    assert refused == tried == 63
