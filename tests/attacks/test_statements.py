"""Statements that are genuinely signed, logged and stamped, and must be refused all the same.

Each is made by an operator who holds every key of a domain. Sigstore's own verifier accepts them: it
checks who signed which bytes, and leaves what the bytes may say to its callers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.forging import INTOTO, Operator, library_accepts, make_operator
from tests.support.sealed import EVALUATION, MANIFEST, PEOPLE, PLAN, START, World, at, signer

from muniment import attest
from muniment.model.seal import Seal

BEN = PEOPLE["ben"][1]


@pytest.fixture
def rogue(tmp_path: Path) -> Operator:
    """An operator with a domain of their own, whose root the reader was given."""
    return make_operator(tmp_path / "rogue", START)


def refused(world: World, rogue: Operator, payload: bytes, *says: str, folder: Path, **options: Any) -> Seal:
    """The library accepts the bundle; we refuse it, show nobody's name, and say why in one sentence."""
    when = options.pop("when", at(2))
    bundle = rogue.sign(payload, BEN, when, **options)
    issuer = options.get("issuer") or rogue.issuer
    assert library_accepts(bundle, rogue.root_bytes, folder, BEN, issuer)[1] == payload
    path = world.folder / "seals" / "x.sigstore.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bundle)
    return told(world, rogue, *says)


def told(world: World, rogue: Operator, *says: str) -> Seal:
    (seal,) = attest.verify(world.files, (rogue.root,))
    assert seal.outcome == "failed"
    assert (seal.identity, seal.time, seal.domain, seal.log_index) == (None,) * 4
    assert seal.reason.endswith(".")
    assert "\n" not in seal.reason
    for text in says:
        assert text in seal.reason
    return seal


def edited(world: World, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Ben's approval with its statement changed before it is signed."""
    fields = json.loads(world.approval("ben", "clinical", at(2)))
    change(fields)
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def test_the_forger_is_no_straw_man(world: World, rogue: Operator) -> None:
    """What the operator signs within the rules verifies: the refusals below are for what is said."""
    statement = world.approval("ben", "clinical", at(2))
    path = world.folder / attest.seal_path(attest.parse(statement))
    path.parent.mkdir(parents=True)
    path.write_bytes(rogue.sign(statement, BEN, at(2)))
    (seal,) = attest.verify(world.files, (rogue.root,))
    assert (seal.outcome, seal.identity, seal.domain) == ("verified", BEN, "local"), seal.reason


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"role":"clinical"', b'"role":"quality","role":"clinical"', "states `role` twice"),
        (b'"subject":[', b'"subject":[],"subject":[', "states `subject` twice"),
        (b'"_type":', b'"_type":"x","_type":', "states `_type` twice"),
        (b'"decision":"approve"', b'"decision":"reject","decision":"approve"', "states `decision` twice"),
    ],
)
def test_duplicate_keys_that_were_signed_are_refused(
    world: World, rogue: Operator, tmp_path: Path, old: bytes, new: bytes, says: str
) -> None:
    """Two readers of a doubled key would read two statements; the library takes it, we do not."""
    statement = world.approval("ben", "clinical", at(2))
    assert statement.count(old) == 1
    refused(world, rogue, statement.replace(old, new), says, folder=tmp_path)


@pytest.mark.parametrize(
    "payload_type",
    ["text/plain", "application/json", "application/vnd.in-toto+json ", "application/vnd.in-toto", "x"],
)
def test_a_payload_that_is_not_in_toto_is_refused(
    world: World, rogue: Operator, tmp_path: Path, payload_type: str
) -> None:
    """The payload type is part of what was signed, and anything but in-toto is not a seal."""
    statement = world.approval("ben", "clinical", at(2))
    refused(
        world, rogue, statement, f"payload type is not {INTOTO}", folder=tmp_path, payload_type=payload_type
    )


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["/etc/passwd"], "is an absolute path"),
        (["C:/releases/1.0.0/manifest.json"], "is an absolute path"),
        (["../other/releases/1.0.0/manifest.json"], "`.`, `..` and empty steps are refused"),
        (["releases/../releases/1.0.0/manifest.json"], "`.`, `..` and empty steps are refused"),
        (["./releases/1.0.0/manifest.json"], "`.`, `..` and empty steps are refused"),
        (["releases\\1.0.0\\manifest.json"], "has a backslash"),
        (["releases/1.0.0/mani\u200bfest.json"], "control or invisible characters"),
        (["releases/1.0.0/\u202enosj.tsefinam"], "control or invisible characters"),
        (["releases/1.0.0/re\u0301sume\u0301.json"], "not in Unicode normal form C"),
        ([MANIFEST, "releases/1.0.0/MANIFEST.json"], "could be one file on some file systems"),
        ([MANIFEST, MANIFEST], "could be one file on some file systems"),
        (["a/\ufb01le.json", "a/file.json"], "could be one file on some file systems"),
        (["a/stra\u00dfe.json", "a/strasse.json"], "could be one file on some file systems"),
        (["a/\uff46ile.json", "a/file.json"], "could be one file on some file systems"),
        ([], "not a list of 1 to"),
        ([7], "not a path of 1 to 400 characters"),
    ],
)
def test_a_subject_that_could_be_another_file_is_refused(
    world: World, rogue: Operator, tmp_path: Path, names: list[Any], says: str
) -> None:
    """Absolute paths, `..`, and names that differ only in case or Unicode form are refused as signed."""
    digest = world.digest(MANIFEST)
    subjects = [{"name": name, "digest": {"sha256": digest}} for name in names]
    refused(world, rogue, edited(world, lambda f: f.update(subject=subjects)), says, folder=tmp_path)


def test_swapped_subjects_are_refused(world: World, rogue: Operator, tmp_path: Path) -> None:
    """A statement over two files with their digests exchanged is one over neither."""
    one, two = "releases/1.0.0/release.yaml", MANIFEST
    subjects = [
        {"name": one, "digest": {"sha256": world.digest(two)}},
        {"name": two, "digest": {"sha256": world.digest(one)}},
    ]
    swapped = edited(world, lambda f: f.update(subject=subjects))
    refused(world, rogue, swapped, "exactly one subject", folder=tmp_path)
    other = edited(world, lambda f: f["subject"][0].update(name=one))
    refused(world, rogue, other, f"exactly one subject, `{MANIFEST}`", folder=tmp_path)
    digest = edited(world, lambda f: f["subject"][0]["digest"].update(sha256=world.digest(one)))
    refused(world, rogue, digest, "release_digest is not the digest", folder=tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.update(predicateType="https://example.invalid/verdict/v1"), "none that Muniment knows"),
        (lambda f: f.update(_type="https://in-toto.io/Statement/v0.1"), "not an in-toto Statement v1"),
        (lambda f: f["predicate"].update(quorum=7), "unknown field `quorum`"),
        (lambda f: f["predicate"].update(meaning="release_authorisation"), "meaning"),
        (lambda f: f["predicate"].update(signed_at="2024-03-03T12:00:01Z"), "the verified time is"),
        (lambda f: f["predicate"].update(identity="dee@example.invalid"), "the certificate ben@"),
    ],
)
def test_a_statement_that_says_more_than_it_may_is_refused(
    world: World, rogue: Operator, tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    """Unknown predicates and fields, another's name and another time are refused, whoever signed them."""
    payload = edited(world, change)
    bundle = rogue.sign(payload, BEN, at(2))
    assert library_accepts(bundle, rogue.root_bytes, tmp_path, BEN, rogue.issuer)[1] == payload
    try:
        place = attest.seal_path(attest.parse(payload))
    except ValueError:
        place = "seals/x.sigstore.json"
    path = world.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bundle)
    told(world, rogue, says)


def test_the_earliest_of_several_timestamps_counts(world: World, rogue: Operator) -> None:
    """Two genuine timestamps on one signature: the earlier one is the time, as in the library."""
    statement = world.approval("ben", "clinical", at(2))
    path = world.folder / attest.seal_path(attest.parse(statement))
    path.parent.mkdir(parents=True)
    late = at(2) + timedelta(minutes=5)
    path.write_bytes(rogue.sign(statement, BEN, at(2), stamped=(late, at(2))))
    (seal,) = attest.verify(world.files, (rogue.root,))
    assert (seal.outcome, seal.time) == ("verified", "2024-03-03T09:00:00Z"), seal.reason


def test_a_lock_dated_after_what_names_it(world: World, rogue: Operator) -> None:
    """An evaluation that names a later lock's digest stands behind it in the log, and so was dated back."""
    lock = attest.plan_lock("plans/1", world.digest(PLAN), signer=signer("cyd", "biostatistics", at(3)))
    made = rogue.sign(lock, PEOPLE["cyd"][1], at(3))
    evaluation = attest.evaluation(
        "1.0.0",
        world.digest(EVALUATION),
        plan="plans/1",
        plan_sha256=world.digest(PLAN),
        plan_lock_sha256=hashlib.sha256(made).hexdigest(),
        result="PASSED",
        signer=signer("dee", "verification", at(1)),
    )
    for statement, bundle in ((lock, made), (evaluation, rogue.sign(evaluation, PEOPLE["dee"][1], at(1)))):
        path = world.folder / attest.seal_path(attest.parse(statement))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle)
    locked, evaluated = attest.verify(world.files, (rogue.root,))
    assert locked.outcome == "verified"
    assert evaluated.outcome == "failed"
    assert "so it was dated back" in evaluated.reason


def test_a_seal_without_a_timestamp_is_refused(world: World, rogue: Operator) -> None:
    """A time that nobody vouches for is no time."""
    statement = world.approval("ben", "clinical", at(2))
    path = world.folder / attest.seal_path(attest.parse(statement))
    path.parent.mkdir(parents=True)
    path.write_bytes(rogue.sign(statement, BEN, at(2), stamped=()))
    told(world, rogue, "does not verify")


def test_a_certificate_used_after_its_ten_minutes_is_refused(world: World, rogue: Operator) -> None:
    """A stolen key is of no use once its certificate has run out: the timestamp tells."""
    when = at(2)
    late = when + timedelta(minutes=11)
    statement = world.approval("ben", "clinical", late, signer=signer("ben", "clinical", late))
    path = world.folder / attest.seal_path(attest.parse(statement))
    path.parent.mkdir(parents=True)
    path.write_bytes(rogue.sign(statement, BEN, when, stamped=(late,)))
    told(world, rogue, "does not verify")


@pytest.mark.parametrize(
    "issuer", ["https://accounts.google.com", "https://token.actions.githubusercontent.com", "x", "https://["]
)
def test_a_local_domain_does_not_speak_for_an_identity_provider(
    world: World, rogue: Operator, tmp_path: Path, issuer: str
) -> None:
    """A local certificate that names a real provider as its issuer is refused, sound as it is.

    With roots merged into one the library takes it for the real thing, which is why nobody merges them.
    """
    statement = world.approval("ben", "clinical", at(2))
    bundle = rogue.sign(statement, BEN, at(2), issuer=issuer)
    assert library_accepts(bundle, rogue.root_bytes, tmp_path, BEN, issuer)[1] == statement
    path = world.folder / attest.seal_path(attest.parse(statement))
    path.parent.mkdir(parents=True)
    path.write_bytes(bundle)
    told(world, rogue, "does not verify" if "[" in issuer else f"cannot speak for the issuer {issuer}")
