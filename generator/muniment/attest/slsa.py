"""SLSA's predicates as Muniment seals them: provenance of a training run, verification summary of a verdict.

The fields are those of SLSA v1; who signed stands under `muniment`, as in-toto lets an extension do. Only
what Muniment itself writes is accepted: a field it would not show is refused, not passed over.
"""

from __future__ import annotations

import re
from typing import Any

from muniment.attest.fields import (
    SIGNER,
    SIGNER_OPTIONAL,
    Fields,
    Subjects,
    check_choice,
    check_digest,
    check_list,
    check_only_subject,
    check_signer,
    check_text,
    check_texts,
    check_uri,
    manifest_path,
)
from muniment.attest.strict import Refused, require_keys
from muniment.attest.subjects import check_sha256
from muniment.attest.times import parse_instant

PROVENANCE = "https://slsa.dev/provenance/v1"
"""What a training run read, ran and wrote (SLSA provenance v1)."""
VERDICT = "https://slsa.dev/verification_summary/v1"
"""What the policies said of a release (SLSA verification summary v1)."""
BUILD_TYPE = "https://muniment.invalid/build/training-run/v1"
"""The `buildType` of a training run: its parameters name run and release, its dependencies the files read."""
SLSA_VERSION = "1.1"

_RUN = re.compile(r"runs/[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")
_PROVENANCE_MEANINGS = frozenset({"authorship", "verification", "technical_review", "witness"})
_VERDICT_MEANINGS = frozenset({"verification", "technical_review", "quality_approval", "witness"})
_LEVELS = frozenset({"MUNIMENT_ACCEPTED", "MUNIMENT_HELD", "MUNIMENT_REFUSED"})


def check_provenance(fields: Fields, subjects: Subjects) -> None:
    """Refuse a training run's provenance that does not hold; its subjects are the files the run wrote."""
    require_keys(dict(fields), "provenance", frozenset({"buildDefinition", "runDetails", "muniment"}))
    definition = require_keys(
        fields["buildDefinition"],
        "provenance's buildDefinition",
        frozenset({"buildType", "externalParameters", "resolvedDependencies"}),
    )
    check_choice(definition["buildType"], "buildType", frozenset({BUILD_TYPE}))
    parameters = require_keys(
        definition["externalParameters"],
        "provenance's externalParameters",
        frozenset({"argv", "release", "run"}),
    )
    check_texts(parameters["argv"], "argv")
    manifest_path(parameters["release"])
    if not isinstance(parameters["run"], str) or not _RUN.fullmatch(parameters["run"]):
        raise Refused("The provenance's run is not the id of a run, such as `runs/1.2.0`.")
    for item in check_list(definition["resolvedDependencies"], "resolvedDependencies", least=1):
        _check_resource(item)
    details = require_keys(
        fields["runDetails"], "provenance's runDetails", frozenset({"builder", "metadata"})
    )
    builder = require_keys(details["builder"], "provenance's builder", frozenset({"id"}))
    check_uri(builder["id"], "builder's id")
    metadata = require_keys(details["metadata"], "provenance's metadata", frozenset({"invocationId"}))
    check_text(metadata["invocationId"], "invocationId", 400)
    _check_words(fields["muniment"], "provenance", _PROVENANCE_MEANINGS)
    if not subjects:
        raise Refused("A provenance has at least one subject, a file that the run wrote.")


def check_verdict(fields: Fields, subjects: Subjects) -> None:
    """Refuse a verification summary that does not hold; its subject is the release's manifest."""
    required = frozenset(
        {"verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"}
    )
    require_keys(dict(fields), "verdict", required | {"slsaVersion", "inputAttestations", "muniment"})
    verifier = require_keys(fields["verifier"], "verdict's verifier", frozenset({"id", "version"}))
    check_uri(verifier["id"], "verifier's id")
    versions = require_keys(verifier["version"], "verifier's version", frozenset({"muniment"}))
    check_text(versions["muniment"], "verifier's version")
    parse_instant(fields["timeVerified"], "verdict's timeVerified")
    check_uri(fields["resourceUri"], "resourceUri")
    policy = require_keys(fields["policy"], "verdict's policy", frozenset({"uri", "digest"}))
    check_uri(policy["uri"], "policy's uri")
    check_digest(policy["digest"], "policy's digest")
    for item in check_list(fields["inputAttestations"], "inputAttestations"):
        _check_resource(item)
    result = check_choice(fields["verificationResult"], "verificationResult", frozenset({"PASSED", "FAILED"}))
    (level,) = check_list(fields["verifiedLevels"], "verifiedLevels", most=1, least=1)
    check_choice(level, "verified level", _LEVELS)
    if (result == "PASSED") != (level == "MUNIMENT_ACCEPTED"):
        raise Refused("The verdict's result and its level do not say the same.")
    check_choice(fields["slsaVersion"], "slsaVersion", frozenset({SLSA_VERSION}))
    words = _check_words(fields["muniment"], "verdict", _VERDICT_MEANINGS, frozenset({"release"}))
    check_only_subject(subjects, manifest_path(words["release"]), "verdict")


def _check_resource(value: Any) -> None:
    """Refuse anything but an in-toto resource descriptor with a name and a SHA-256."""
    resource = require_keys(value, "resource", frozenset({"name", "digest"}), frozenset({"mediaType"}))
    check_text(resource["name"], "resource's name", 400)
    digest = require_keys(resource["digest"], "resource's digest", frozenset({"sha256"}))
    check_sha256(digest["sha256"], "resource's digest")
    if "mediaType" in resource:
        check_text(resource["mediaType"], "resource's mediaType")


def _check_words(
    value: Any, what: str, meanings: frozenset[str], more: frozenset[str] = frozenset()
) -> Fields:
    words = require_keys(value, f"{what}'s `muniment`", SIGNER | more, SIGNER_OPTIONAL)
    check_signer(words, meanings)
    return words
