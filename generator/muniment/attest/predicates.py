"""The predicates that Muniment seals, and what each must state.

A predicate type is a row of `PREDICATES`: its name in file names, the check of its fields against
the statement's subjects, and where the signer's own words stand in it. A standard type is used
where one exists (in-toto test-result, SLSA provenance and verification summary); the others are ours.
The same is said, for other programs, by the JSON Schemas in `schemas/statements/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from muniment.attest.fields import (
    SIGNER,
    SIGNER_OPTIONAL,
    Fields,
    Subjects,
    check_choice,
    check_day,
    check_digest,
    check_list,
    check_names,
    check_only_subject,
    check_plan,
    check_release,
    check_signer,
    check_text,
    check_texts,
)
from muniment.attest.openssf import MODEL, check_model
from muniment.attest.slsa import PROVENANCE, VERDICT, check_provenance, check_verdict
from muniment.attest.strict import Refused, require_keys
from muniment.attest.subjects import check_sha256
from muniment.model.dataclass import dataclass

PLAN_LOCK = "https://muniment.invalid/predicate/plan-lock/v1"
"""An analysis plan with its acceptance criteria, fixed before the evaluation."""
EVALUATION = "https://in-toto.io/attestation/test-result/v0.1"
"""The evaluation of a release against its plan (in-toto test-result, with our words under `muniment`)."""
APPROVAL = "https://muniment.invalid/predicate/approval/v1"
"""One board member's decision on a release digest."""
RELEASE = "https://muniment.invalid/predicate/release/v1"
"""Authorisation of a release."""
DEPLOYMENT = "https://muniment.invalid/predicate/deployment/v1"
"""A release put into use somewhere."""
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
    "deployment_authorisation",
    "witness",
    "acknowledgement",
    "rejection",
    "recusal",
]
"""What a signature means (the third element that 21 CFR 11.50 asks to be shown)."""
MEANINGS: frozenset[str] = frozenset(get_args(Meaning))

Decision = Literal["approve", "approve_with_conditions", "reject", "recuse"]
DECISIONS: frozenset[str] = frozenset(get_args(Decision))
APPROVES: frozenset[str] = frozenset({"approve", "approve_with_conditions"})
"""Decisions that are approvals."""
_APPROVING = MEANINGS - {
    "authorship",
    "release_authorisation",
    "deployment_authorisation",
    "rejection",
    "recusal",
}
MEANINGS_BY_DECISION: Mapping[str, frozenset[str]] = {
    "approve": _APPROVING,
    "approve_with_conditions": _APPROVING,
    "reject": frozenset({"rejection"}),
    "recuse": frozenset({"recusal"}),
}
"""Which meanings a decision may have; the author's and the authoriser's words are not a review."""

Result = Literal["PASSED", "WARNED", "FAILED"]
RESULTS: frozenset[str] = frozenset(get_args(Result))

_TESTS = ("passedTests", "warnedTests", "failedTests")
_EVALUATION_PATH = re.compile(r"releases/[^/]+/evaluation\.json")
_DEPLOYMENT_PATH = re.compile(r"postmarket/[^/]+/[^/]+\.yaml")


@dataclass(frozen=True, slots=True)
class PredicateType:
    """One kind of statement."""

    kind: str
    """Its name in messages and file names: `plan-lock`."""
    check: Callable[[Fields, Subjects], None]
    """Raises `Refused` where the fields do not hold, or do not fit the subjects."""
    signer: Callable[[Fields], Fields] = lambda predicate: predicate
    """The part that holds `printed_name`, `identity`, `role`, `meaning`, `signed_at`; empty for a model."""


def _check_plan_lock(fields: Fields, subjects: Subjects) -> None:
    require_keys(dict(fields), "plan lock's predicate", SIGNER | {"plan"}, SIGNER_OPTIONAL)
    check_signer(fields, MEANINGS)
    check_only_subject(subjects, f"{check_plan(fields['plan'])}.yaml", "plan lock")


def _check_evaluation(fields: Fields, subjects: Subjects) -> None:
    required = frozenset({"result", "configuration", "muniment"})
    require_keys(dict(fields), "evaluation's predicate", required, frozenset(_TESTS))
    words = require_keys(
        fields["muniment"], "evaluation's `muniment`", SIGNER | {"plan_lock_sha256"}, SIGNER_OPTIONAL
    )
    check_signer(words, MEANINGS)
    check_sha256(words["plan_lock_sha256"], "evaluation's plan_lock_sha256")
    check_choice(fields["result"], "result", RESULTS)
    for name in _TESTS:
        check_texts(fields.get(name, ()), name)
    (plan,) = check_list(fields["configuration"], "configuration, which names the plan,", most=1, least=1)
    plan = require_keys(plan, "evaluation's plan", frozenset({"name", "digest"}))
    if not isinstance(plan["name"], str) or not plan["name"].endswith(".yaml"):
        raise Refused("The evaluation's configuration does not name the file of a plan.")
    check_plan(plan["name"].removesuffix(".yaml"))
    check_digest(plan["digest"], "plan's digest")
    if len(subjects) != 1 or not _EVALUATION_PATH.fullmatch(next(iter(subjects))):
        raise Refused("An evaluation has exactly one subject, `releases/VERSION/evaluation.json`.")


def _check_approval(fields: Fields, subjects: Subjects) -> None:
    required = SIGNER | {"release", "release_digest", "decision", "conditions"}
    optional = SIGNER_OPTIONAL | {"meeting", "expires"}
    require_keys(dict(fields), "approval's predicate", required, optional)
    check_signer(fields, MEANINGS)
    decision = check_choice(fields["decision"], "decision", DECISIONS)
    check_choice(fields["meaning"], f"meaning of `{decision}`", MEANINGS_BY_DECISION[decision])
    check_texts(fields["conditions"], "conditions")
    if bool(fields["conditions"]) != (decision == "approve_with_conditions"):
        raise Refused("Conditions stand with `approve_with_conditions`, and only there.")
    if "meeting" in fields:
        check_text(fields["meeting"], "meeting")
    if "expires" in fields:
        check_day(fields["expires"], "expires")
        if decision not in APPROVES:
            raise Refused("Only an approval expires; a rejection or a recusal does not.")
    check_release(fields, subjects, "approval")


def _check_authorisation(fields: Fields, subjects: Subjects) -> None:
    required = SIGNER | {"release", "release_digest", "rationale"}
    require_keys(dict(fields), "release authorisation's predicate", required, SIGNER_OPTIONAL)
    check_signer(fields, frozenset({"release_authorisation"}))
    check_choice(fields["role"], "role", frozenset({"quality"}))
    check_text(fields["rationale"], "rationale", 4000)
    check_release(fields, subjects, "release authorisation")


def _check_deployment(fields: Fields, subjects: Subjects) -> None:
    required = SIGNER | {"release", "release_digest", "release_seal_sha256", "environment", "sites", "from"}
    require_keys(dict(fields), "deployment's predicate", required, SIGNER_OPTIONAL)
    check_signer(fields, frozenset({"deployment_authorisation"}))
    check_sha256(fields["release_seal_sha256"], "deployment's release_seal_sha256")
    check_text(fields["environment"], "environment", 300)
    check_names(fields["sites"], "sites")
    check_day(fields["from"], "from")
    records = [path for path in subjects if _DEPLOYMENT_PATH.fullmatch(path)]
    if len(records) != 1:
        raise Refused("A deployment has the subjects `postmarket/VERSION/NAME.yaml` and its manifest.")
    check_release(fields, subjects, "deployment", records[0])


def _check_record(fields: Fields, subjects: Subjects) -> None:
    require_keys(dict(fields), "record seal's predicate", SIGNER, SIGNER_OPTIONAL)
    check_signer(fields, MEANINGS)
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
    DEPLOYMENT: PredicateType("deployment", _check_deployment),
    RECORD: PredicateType("record", _check_record),
    PROVENANCE: PredicateType("provenance", check_provenance, _within_muniment),
    VERDICT: PredicateType("verdict", check_verdict, _within_muniment),
    MODEL: PredicateType("model", check_model, lambda _predicate: {}),
}
"""Every predicate type that is read, by its URI. Any other is refused, not passed over."""
