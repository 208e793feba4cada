"""in-toto Statements v1: built canonically, parsed strictly.

A builder returns the exact bytes to be signed (sorted keys, no spaces, UTF-8). `parse` accepts
those of any program, as long as there is one way to read them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

from muniment.attest.fields import manifest_path
from muniment.attest.predicates import (
    APPROVAL,
    DEPLOYMENT,
    EVALUATION,
    PLAN_LOCK,
    PREDICATES,
    RECORD,
    RELEASE,
    Decision,
    Meaning,
    Result,
)
from muniment.attest.slsa import BUILD_TYPE, PROVENANCE, SLSA_VERSION, VERDICT
from muniment.attest.strict import MAX_STATEMENT, Refused, canonical, parse_json, require_keys
from muniment.attest.subjects import decode_subjects, encode_subjects
from muniment.attest.times import instant
from muniment.errors import SealError
from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, frozen

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""The DSSE payload type of every seal."""
SUFFIX = ".sigstore.json"
"""How a seal's file name ends."""


@dataclass(frozen=True, slots=True)
class Signer:
    """What a signer says of themself; stands in the statement, in every kind of seal."""

    printed_name: str
    """As the roster writes it."""
    identity: str
    """E-mail or URI; must be the one in the certificate."""
    role: str
    """Role of the roster in which the person signs."""
    at: datetime
    """When, with a zone; cut to whole seconds."""
    trail: str | None = None
    """Digest of the newest entry of the device's trail: a trail cut short contradicts this seal."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was parsed and whose predicate holds its own fields."""

    predicate_type: str
    subjects: Mapping[str, str]
    """Path to SHA-256, sorted by path."""
    predicate: Tree
    """Frozen."""
    sha256: str
    """Digest of the statement's exact bytes."""

    @property
    def kind(self) -> str:
        """The statement's name in file names, as `PREDICATES` has it: `plan-lock`, `approval`."""
        return PREDICATES[self.predicate_type].kind

    @property
    def words(self) -> Mapping[str, Any]:
        """What the signer says of themself: printed name, identity, role, meaning, time."""
        return PREDICATES[self.predicate_type].signer(self.predicate)


def plan_lock(plan: str, sha256: str, *, signer: Signer, meaning: Meaning = "statistical_review") -> bytes:
    """State that the plan record `plan` (its id, `plans/3`) is fixed with these bytes.

    Raises `SealError` where a field does not hold, like every builder here.
    """
    return _build(PLAN_LOCK, {f"{plan}.yaml": sha256}, {"plan": plan, **_words(signer, meaning)})


def evaluation(
    version: str,
    sha256: str,
    *,
    plan: str,
    plan_sha256: str,
    plan_lock_sha256: str,
    result: Result,
    signer: Signer,
    passed: Sequence[str] = (),
    warned: Sequence[str] = (),
    failed: Sequence[str] = (),
    meaning: Meaning = "verification",
) -> bytes:
    """State what `releases/<version>/evaluation.json` came to under a locked plan.

    `plan_lock_sha256` is the digest of the lock's bundle file: it proves that the lock came first,
    for its signature cannot have been known before. `passed`, `warned` (undecided) and `failed` are
    ids of criteria.
    """
    predicate = {
        "result": result,
        "configuration": [{"digest": {"sha256": plan_sha256}, "name": f"{plan}.yaml"}],
        "passedTests": list(passed),
        "warnedTests": list(warned),
        "failedTests": list(failed),
        "muniment": {"plan_lock_sha256": plan_lock_sha256, **_words(signer, meaning)},
    }
    return _build(EVALUATION, {f"releases/{version}/evaluation.json": sha256}, predicate)


def approval(
    version: str,
    manifest_sha256: str,
    *,
    decision: Decision,
    meaning: Meaning,
    signer: Signer,
    conditions: Sequence[str] = (),
    meeting: str | None = None,
    expires: date | None = None,
) -> bytes:
    """State one person's decision on a release digest: approve, with or without conditions, reject, recuse.

    `meeting` is the id of the board decision it was taken at. `expires` is the last day (UTC) on which the
    release may be authorised on this approval.
    """
    if expires is not None and expires < signer.at.date():
        raise SealError("This cannot be sealed: the approval would have expired before it is signed.")
    predicate = {
        **_release(version, manifest_sha256),
        "decision": decision,
        "conditions": list(conditions),
        **({"meeting": meeting} if meeting is not None else {}),
        **({"expires": expires.isoformat()} if expires is not None else {}),
        **_words(signer, meaning),
    }
    return _build(APPROVAL, _manifest(version, manifest_sha256), predicate)


def release_authorisation(version: str, manifest_sha256: str, *, rationale: str, signer: Signer) -> bytes:
    """State that quality authorises the release with this digest; `signer.role` is `quality`."""
    predicate = {
        **_release(version, manifest_sha256),
        "rationale": rationale,
        **_words(signer, "release_authorisation"),
    }
    return _build(RELEASE, _manifest(version, manifest_sha256), predicate)


def deployment(
    version: str,
    manifest_sha256: str,
    *,
    path: str,
    sha256: str,
    release_seal_sha256: str,
    environment: str,
    sites: Sequence[str],
    begins: str,
    signer: Signer,
) -> bytes:
    """State that the release with this digest is put into use, as the deployment record `path` says.

    `release_seal_sha256` is the digest of the bundle of the release authorisation: it proves that the
    authorisation came first, for its signature cannot have been known before. `begins` is the first day.
    """
    predicate = {
        **_release(version, manifest_sha256),
        "release_seal_sha256": release_seal_sha256,
        "environment": environment,
        "sites": list(sites),
        "from": begins,
        **_words(signer, "deployment_authorisation"),
    }
    return _build(DEPLOYMENT, {path: sha256, **_manifest(version, manifest_sha256)}, predicate)


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that a statement rests on (in-toto's resource descriptor)."""

    path: str
    """Relative to the device folder."""
    sha256: str
    media_type: str = ""


def provenance(
    run: str,
    version: str,
    outputs: Mapping[str, str],
    *,
    argv: Sequence[str],
    dependencies: Sequence[Resource],
    builder: str,
    signer: Signer,
    meaning: Meaning = "verification",
) -> bytes:
    """State what the training run `run` (`runs/1.2.0`) read and ran to write `outputs` (path to SHA-256).

    `builder` is the URI of what ran it. The run is attested by who signs, not by the builder itself.
    """
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"argv": list(argv), "release": version, "run": run},
            "resolvedDependencies": [_resource(each) for each in dependencies],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": run}},
        "muniment": _words(signer, meaning),
    }
    return _build(PROVENANCE, outputs, predicate)


def verdict(
    version: str,
    manifest_sha256: str,
    *,
    outcome: str,
    device: str,
    policy: Resource,
    attestations: Sequence[Resource],
    tool_version: str,
    signer: Signer,
    meaning: Meaning = "verification",
) -> bytes:
    """State what the policies said of the release with this digest: `accepted`, `held` or `refused`.

    `policy` names the packs and the digest over them, `attestations` are the seals that were verified.
    """
    words = _words(signer, meaning)
    predicate = {
        "verifier": {"id": "https://muniment.invalid/verifier", "version": {"muniment": tool_version}},
        "timeVerified": words["signed_at"],
        "resourceUri": f"urn:muniment:{device}:releases:{version}",
        "policy": {"uri": policy.path, "digest": {"sha256": policy.sha256}},
        "inputAttestations": [_resource(each) for each in attestations],
        "verificationResult": "PASSED" if outcome == "accepted" else "FAILED",
        "verifiedLevels": [f"MUNIMENT_{outcome.upper()}"],
        "slsaVersion": SLSA_VERSION,
        "muniment": {"release": version, **words},
    }
    return _build(VERDICT, _manifest(version, manifest_sha256), predicate)


def record(path: str, sha256: str, *, meaning: Meaning, signer: Signer) -> bytes:
    """State what a signature under one record file means."""
    return _build(RECORD, {path: sha256}, _words(signer, meaning))


def parse(data: bytes) -> Statement:
    """Return the statement in `data`.

    Raises `Refused` unless it is in-toto v1 with exactly its four fields, one reading, subjects that
    stay in the device folder, and a known predicate type whose fields hold.
    """
    fields = require_keys(
        parse_json(data, "statement", MAX_STATEMENT),
        "statement",
        frozenset({"_type", "subject", "predicateType", "predicate"}),
    )
    if fields["_type"] != STATEMENT_TYPE:
        raise Refused("The statement is not an in-toto Statement v1.")
    subjects = decode_subjects(fields["subject"])
    known = PREDICATES.get(fields["predicateType"]) if isinstance(fields["predicateType"], str) else None
    if known is None:
        raise Refused("The statement's predicate type is none that Muniment knows.")
    if not isinstance(fields["predicate"], dict):
        raise Refused("The statement's predicate is not a JSON object.")
    known.check(fields["predicate"], subjects)
    return Statement(
        predicate_type=fields["predicateType"],
        subjects=frozen(dict(sorted(subjects.items()))),
        predicate=frozen(fields["predicate"]),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def seal_path(statement: Statement) -> str:
    """Return the one path, in the device folder, at which the seal of this statement lies.

    `seals/<record id>/<name>-<first 12 hex of the statement's SHA-256>.sigstore.json`; the name tells
    a rejection and a recusal from an approval.
    """
    if statement.predicate_type == PROVENANCE:
        run = statement.predicate["buildDefinition"]["externalParameters"]["run"]
        return f"seals/{run}/{statement.kind}-{statement.sha256[:12]}{SUFFIX}"
    first = PurePosixPath(next(iter(statement.subjects)))
    decision = statement.predicate.get("decision") if statement.predicate_type == APPROVAL else None
    name = {"reject": "rejection", "recuse": "recusal"}.get(str(decision), statement.kind)
    derived = first.parts[0] == "releases" and first.name in _IN_RELEASE
    record_id = first.parent if derived else first.with_suffix("")
    return f"seals/{record_id}/{name}-{statement.sha256[:12]}{SUFFIX}"


_IN_RELEASE = frozenset({"release.yaml", "manifest.json", "evaluation.json"})


def _build(predicate_type: str, subjects: Mapping[str, str], predicate: Mapping[str, Any]) -> bytes:
    """Return the bytes of a statement that `parse` accepts, so that nothing is sealed that is not read."""
    try:
        data = canonical(
            {
                "_type": STATEMENT_TYPE,
                "subject": encode_subjects(subjects),
                "predicateType": predicate_type,
                "predicate": predicate,
            }
        )
        parse(data)
    except (Refused, json.JSONDecodeError, UnicodeEncodeError) as error:
        raise SealError(f"This cannot be sealed. {error}") from error
    return data


def _words(signer: Signer, meaning: Meaning) -> dict[str, Any]:
    try:
        signed_at = instant(signer.at)
    except ValueError as error:
        raise SealError(f"This cannot be sealed: {error}.") from error
    return {
        "printed_name": signer.printed_name,
        "identity": signer.identity,
        "role": signer.role,
        "meaning": meaning,
        "signed_at": signed_at,
        **({"trail": signer.trail} if signer.trail is not None else {}),
    }


def _resource(resource: Resource) -> dict[str, Any]:
    kind = {"mediaType": resource.media_type} if resource.media_type else {}
    return {"name": resource.path, "digest": {"sha256": resource.sha256}, **kind}


def _release(version: str, manifest_sha256: str) -> dict[str, Any]:
    return {"release": version, "release_digest": manifest_sha256}


def _manifest(version: str, manifest_sha256: str) -> dict[str, str]:
    try:
        return {manifest_path(version): manifest_sha256}
    except Refused as error:
        raise SealError(f"This cannot be sealed. {error}") from error
