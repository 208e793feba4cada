"""Statements: one way to read them, subjects that stay in the folder, predicates that hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.sealed import at, signer

from muniment import attest
from muniment.attest.strict import MAX_STATEMENT, Refused
from muniment.errors import SealError

DIGEST = "ab" * 32


def approval(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "decision": "approve",
        "meaning": "clinical_approval",
        "signer": signer("ben", "clinical", at()),
        **changes,
    }
    return attest.approval("1.0.0", DIGEST, **fields)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/etc/passwd", "absolute"),
        ("C:/plans/1.yaml", "absolute"),
        ("../other/plans/1.yaml", "plain path"),
        ("plans/./1.yaml", "plain path"),
        ("plans//1.yaml", "plain path"),
        ("plans\\1.yaml", "backslash"),
        ("plans/1\u202e.yaml", "invisible"),
        ("plans/1\n.yaml", "control"),
        ("plans/e\u0301.yaml", "normal form C"),
        ("", "1 to 400"),
        ("a/" * 300 + "b", "1 to 400"),
    ],
)
def test_a_subject_never_leaves_the_folder(path: str, says: str) -> None:
    """No statement is built over a name that leads out of the folder or can be read two ways."""
    with pytest.raises(SealError, match=says):
        attest.record(path, DIGEST, meaning="witness", signer=signer("ben", "clinical", at()))


@pytest.mark.parametrize(
    "pair", [("plans/A.yaml", "plans/a.yaml"), ("plans/a.yaml", "plans/a.yaml"), ("p/ﬁ.yaml", "p/fi.yaml")]
)
def test_colliding_subjects_are_refused(pair: tuple[str, str]) -> None:
    """Two names that one file system takes for one file cannot stand in one statement."""
    fields = json.loads(approval())
    fields["subject"] = [{"name": name, "digest": {"sha256": DIGEST}} for name in pair]
    with pytest.raises(Refused, match="could be one file"):
        attest.parse(json.dumps(fields).encode())


def edit(change: Callable[[dict[str, Any]], None]) -> bytes:
    fields = json.loads(approval())
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper"),
        (b'{"a":' + b"[" * 100_000, "not JSON"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not JSON"),
        (b'{"a": 1, "a": 2}', "`a` twice"),
        (b" " * (MAX_STATEMENT + 1), "more than"),
        (edit(lambda f: f.update(extra=1)), "unknown field `extra`"),
        (edit(lambda f: f.pop("predicate")), "lacks `predicate`"),
        (edit(lambda f: f.update(_type="https://in-toto.io/Statement/v0.1")), "not an in-toto Statement v1"),
        (edit(lambda f: f.update(predicateType="https://slsa.dev/provenance/v9")), "predicate type"),
        (edit(lambda f: f.update(predicateType=["x"])), "predicate type"),
        (edit(lambda f: f.update(subject=[])), "subject"),
        (edit(lambda f: f["subject"][0]["digest"].update(md5="0")), "unknown field `md5`"),
        (edit(lambda f: f["subject"][0]["digest"].update(sha256="AB" * 32)), "lower-case"),
        (edit(lambda f: f["predicate"].update(expiry="never")), "unknown field `expiry`"),
        (edit(lambda f: f["predicate"].pop("role")), "lacks `role`"),
        (edit(lambda f: f["predicate"].update(decision="maybe")), "decision"),
        (edit(lambda f: f["predicate"].update(meaning="rejection")), "meaning"),
        (edit(lambda f: f["predicate"].update(release="1.0.1")), "exactly one subject"),
        (edit(lambda f: f["predicate"].update(release="../x")), "version"),
        (edit(lambda f: f["predicate"].update(release_digest="cd" * 32)), "release_digest"),
        (edit(lambda f: f["predicate"].update(signed_at="2024-03-01 09:00")), "instant"),
        (edit(lambda f: f["predicate"].update(signed_at="2024-02-31T09:00:00Z")), "calendar"),
        (edit(lambda f: f["predicate"].update(printed_name="Ben\u202e")), "do not print"),
        (edit(lambda f: f["predicate"].update(printed_name=" ")), "printed_name"),
        (edit(lambda f: f["predicate"].update(conditions=["c"])), "Conditions"),
    ],
)
def test_a_statement_with_two_readings_is_refused(data: bytes, says: str) -> None:
    """What parses has exactly the fields of in-toto v1, one meaning, and a predicate that fits it."""
    with pytest.raises(Refused, match=says):
        attest.parse(data)


def test_conditions_are_asked_for_and_kept() -> None:
    """An approval with conditions states them; without any it is not one."""
    held = attest.parse(approval(decision="approve_with_conditions", conditions=["label the limitation"]))
    assert held.predicate["conditions"] == ("label the limitation",)
    with pytest.raises(SealError, match="Conditions"):
        approval(decision="approve_with_conditions")


@pytest.mark.parametrize(
    "meaning", ["authorship", "release_authorisation", "rejection", "recusal", "nonsense"]
)
def test_an_approval_means_a_review(meaning: str) -> None:
    """Authors' and authorisers' words, refusals and unknown words cannot pass for an approval."""
    with pytest.raises(SealError, match="meaning"):
        approval(meaning=meaning)


def test_a_release_is_authorised_by_quality() -> None:
    """No other role can authorise a release."""
    with pytest.raises(SealError, match="role"):
        attest.release_authorisation(
            "1.0.0", DIGEST, rationale="fine", signer=signer("ben", "clinical", at())
        )


def test_an_evaluation_names_its_lock() -> None:
    """The evaluation's statement carries the digest of the lock's bundle, where the order is proved."""
    data = attest.evaluation(
        "1.0.0",
        DIGEST,
        plan="plans/1",
        plan_sha256="cd" * 32,
        plan_lock_sha256="ef" * 32,
        result="FAILED",
        failed=["auroc"],
        signer=signer("dee", "verification", at()),
    )
    parsed = attest.parse(data)
    assert parsed.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert parsed.predicate["muniment"]["plan_lock_sha256"] == "ef" * 32
    assert parsed.predicate["configuration"][0] == {"name": "plans/1.yaml", "digest": {"sha256": "cd" * 32}}
    assert parsed.words["printed_name"] == "Dee Rossi"
    with pytest.raises(SealError, match="plan_lock_sha256"):
        attest.evaluation(
            "1.0.0",
            DIGEST,
            plan="plans/1",
            plan_sha256="cd" * 32,
            plan_lock_sha256="",
            result="PASSED",
            signer=signer("dee", "verification", at()),
        )
