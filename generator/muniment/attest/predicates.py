"""The predicates that Muniment seals, and what each must state.

A predicate type is a row of `PREDICATES`: its name in file names, the check of its fields against
the statement's subjects, and where the signer's own words stand in it. A standard type is used
where one exists (in-toto test-result); the others are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from muniment.attest.strict import Refused, require_keys
from muniment.attest.subjects import check_path, check_sha256
from muniment.attest.times import parse_instant
from muniment.model.dataclass import dataclass

PLAN_LOCK = "https://muniment.invalid/predicate/plan-lock/v1"
"""An analysis plan with its acceptance criteria, fixed before the evaluation."""
EVALUATION = "https://in-toto.io/attestation/test-result/v0.1"
"""The evaluation of a release against its plan (in-toto test-result, with our words under `muniment`)."""
APPROVAL = "https://muniment.invalid/predicate/approval/v1"
"""One board member's decision on a release digest."""
RELEASE = "https://muniment.invalid/predicate/release/v1"
"""Authorisation of a release."""
RECORD = "https://muniment.invalid/predicate/record/v1"
"""A signature under any one record."""

Meaning = Literal[
    "authorship",
    "verification",
    "technical_review",
    "statistical_review",
    "clinical_approval",
    "regulatory_determination",
    "quality_approval",
    "release_authorisation",
    "witness",
    "acknowledgement",
    "rejection",
    "recusal",
]
"""What a signature means (the third element that 21 CFR 11.50 asks to be shown)."""
MEANINGS: frozenset[str] = frozenset(get_args(Meaning))

Decision = Literal["approve", "approve_with_conditions", "reject", "recuse"]
DECISIONS: frozenset[str] = frozenset(get_args(Decision))
_APPROVING = MEANINGS - {"authorship", "release_authorisation", "rejection", "recusal"}
MEANINGS_BY_DECISION: Mapping[str, frozenset[str]] = {
    "approve": _APPROVING,
    "approve_with_conditions": _APPROVING,
    "reject": frozenset({"rejection"}),
    "recuse": frozenset({"recusal"}),
}
"""Which meanings a decision may have; the author's and the authoriser's words are not a review."""

Result = Literal["PASSED", "WARNED", "FAILED"]
RESULTS: frozenset[str] = frozenset(get_args(Result))

Fields = Mapping[str, Any]
Subjects = Mapping[str, str]

_SIGNER = frozenset({"printed_name", "identity", "role", "meaning", "signed_at"})
_TESTS = ("passedTests", "warnedTests", "failedTests")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,59}")


@dataclass(frozen=True, slots=True)
class PredicateType:
    """One kind of statement."""

    kind: str
    """Its name in messages and file names: `plan-lock`."""
    check: Callable[[Fields, Subjects], None]
    """Raises `Refused` where the fields do not hold, or do not fit the subjects."""
    signer: Callable[[Fields], Fields] = lambda predicate: predicate
    """The part that holds `printed_name`, `identity`, `role`, `meaning` and `signed_at`."""


def manifest_path(version: str) -> str:
    """Return where the manifest of a release lies in the device folder."""
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or ".." in version:
        raise Refused(f"`{version}` is not a version of a release.")
    return f"releases/{version}/manifest.json"


def check_text(value: Any, what: str, limit: int = 200) -> str:
    """Return `value` once it is text of 1 to `limit` printable characters."""
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise Refused(f"The predicate's {what} is not text of 1 to {limit} characters.")
    if not value.replace("\n", " ").isprintable():
        raise Refused(f"The predicate's {what} holds characters that do not print.")
    return value


def _check_choice(value: Any, what: str, choices: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Refused(f"The predicate's {what} is not one of {', '.join(sorted(choices))}.")
    return value


def _check_texts(value: Any, what: str) -> None:
    if not isinstance(value, (list, tuple)) or len(value) > 1000:
        raise Refused(f"The predicate's {what} is not a list of at most 1000 texts.")
    for item in value:
        check_text(item, what, 2000)


def _check_signer(fields: Fields) -> None:
    check_text(fields["printed_name"], "printed_name")
    check_text(fields["identity"], "identity", 400)
    if not isinstance(fields["role"], str) or not _SLUG.fullmatch(fields["role"]):
        raise Refused("The predicate's role is not a role name such as `clinical`.")
    _check_choice(fields["meaning"], "meaning", MEANINGS)
    parse_instant(fields["signed_at"], "predicate's signed_at")


def _check_only_subject(subjects: Subjects, path: str, what: str) -> None:
    if set(subjects) != {path}:
        raise Refused(f"A {what} has exactly one subject, `{path}`; this one names {', '.join(subjects)}.")


def _check_release(fields: Fields, subjects: Subjects, what: str) -> None:
    """A release is sealed by its digest: the SHA-256 of its manifest, which is the only subject."""
    manifest = manifest_path(fields["release"])
    _check_only_subject(subjects, manifest, what)
    if check_sha256(fields["release_digest"], "predicate's release_digest") != subjects[manifest]:
        raise Refused("The predicate's release_digest is not the digest of the statement's subject.")


def _check_plan_lock(fields: Fields, subjects: Subjects) -> None:
    require_keys(dict(fields), "plan lock's predicate", _SIGNER | {"plan"})
    _check_signer(fields)
    check_text(fields["plan"], "plan")
    _check_only_subject(subjects, f"{fields['plan']}.yaml", "plan lock")


def _check_evaluation(fields: Fields, subjects: Subjects) -> None:
    required = frozenset({"result", "configuration", "muniment"})
    require_keys(dict(fields), "evaluation's predicate", required, frozenset(_TESTS))
    words = require_keys(fields["muniment"], "evaluation's `muniment`", _SIGNER | {"plan_lock_sha256"})
    _check_signer(words)
    check_sha256(words["plan_lock_sha256"], "evaluation's plan_lock_sha256")
    _check_choice(fields["result"], "result", RESULTS)
    for name in _TESTS:
        _check_texts(fields.get(name, ()), name)
    if not isinstance(fields["configuration"], (list, tuple)) or len(fields["configuration"]) != 1:
        raise Refused("An evaluation's configuration names exactly one plan.")
    plan = require_keys(fields["configuration"][0], "evaluation's plan", frozenset({"name", "digest"}))
    check_path(plan["name"])
    digest = require_keys(plan["digest"], "plan's digest", frozenset({"sha256"}))
    check_sha256(digest["sha256"], "plan's digest")
    path = next(iter(subjects))
    if len(subjects) != 1 or not re.fullmatch(r"releases/[^/]+/evaluation\.json", path):
        raise Refused("An evaluation has exactly one subject, `releases/VERSION/evaluation.json`.")


def _check_approval(fields: Fields, subjects: Subjects) -> None:
    required = _SIGNER | {"release", "release_digest", "decision", "conditions"}
    require_keys(dict(fields), "approval's predicate", required, frozenset({"meeting"}))
    _check_signer(fields)
    decision = _check_choice(fields["decision"], "decision", DECISIONS)
    _check_choice(fields["meaning"], f"meaning of `{decision}`", MEANINGS_BY_DECISION[decision])
    _check_texts(fields["conditions"], "conditions")
    if bool(fields["conditions"]) != (decision == "approve_with_conditions"):
        raise Refused("Conditions stand with `approve_with_conditions`, and only there.")
    if "meeting" in fields:
        check_text(fields["meeting"], "meeting")
    _check_release(fields, subjects, "approval")


def _check_authorisation(fields: Fields, subjects: Subjects) -> None:
    required = _SIGNER | {"release", "release_digest", "rationale"}
    require_keys(dict(fields), "release authorisation's predicate", required)
    _check_signer(fields)
    _check_choice(fields["role"], "role", frozenset({"quality"}))
    _check_choice(fields["meaning"], "meaning", frozenset({"release_authorisation"}))
    check_text(fields["rationale"], "rationale", 4000)
    _check_release(fields, subjects, "release authorisation")


def _check_record(fields: Fields, subjects: Subjects) -> None:
    require_keys(dict(fields), "record seal's predicate", _SIGNER)
    _check_signer(fields)
    if len(subjects) != 1:
        raise Refused("A record seal has exactly one subject, the record's file.")


def _within_muniment(fields: Fields) -> Fields:
    inner: Fields = fields["muniment"]
    return inner


PREDICATES: Mapping[str, PredicateType] = {
    PLAN_LOCK: PredicateType("plan-lock", _check_plan_lock),
    EVALUATION: PredicateType("evaluation", _check_evaluation, _within_muniment),
    APPROVAL: PredicateType("approval", _check_approval),
    RELEASE: PredicateType("release", _check_authorisation),
    RECORD: PredicateType("record", _check_record),
}
"""Every predicate type that is read, by its URI. Any other is refused, not passed over."""
