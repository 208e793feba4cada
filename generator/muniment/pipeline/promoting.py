"""`muniment promote`: a deployment record, written and sealed once nothing speaks against it.

The program deploys nothing. It says whether a release may be put into use at a place, and keeps on record
that somebody in a role took responsibility for doing so. What it judges by is verified, never recorded.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from muniment import attest, check, link, load, shipped
from muniment.errors import UsageError
from muniment.judge.board import held_role
from muniment.judge.postmarket import stops
from muniment.model.deployment import ended_on
from muniment.model.edition import ReleaseView
from muniment.model.evidence import Device, Dossier
from muniment.model.ruling import Outcome, Status
from muniment.model.seal import Seal
from muniment.model.tree import at
from muniment.pipeline.judging import SAME, judge_all, only
from muniment.pipeline.pens import Hand, seal_statement
from muniment.pipeline.policies import load_packs
from muniment.pipeline.request import Request
from muniment.pipeline.sealing import signer_of
from muniment.pipeline.survey import find_release, survey
from muniment.pipeline.writing import Written, find_record, write_beside

_SHOWN = 5
"""Rules named in a refusal; more are counted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a release is put into use."""

    environment: str
    sites: tuple[str, ...]
    jurisdiction: str | None = None
    begins: str | None = None
    """First day of use (ISO); the day of the seal where it is not given."""
    from_environment: str | None = None
    """Environment that it was validated in."""
    replaces: tuple[str, ...] = ()
    """Ids of deployments that end where this one begins."""
    read_back: Mapping[str, str] | None = None
    """Name of an artefact (`model`, `lock file`) to the SHA-256 read back where it now runs."""
    origin: str = "measured"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What `promote` came to."""

    reasons: tuple[str, ...]
    """Why it is refused, a sentence each; empty where it is not."""
    notes: tuple[str, ...]
    record: bytes
    """The deployment record as it is, or would be, written."""
    path: str
    """Of the record, in the device folder."""
    written: Written | None
    """The seal; `None` where it was refused or only tried."""


def promote(request: Request, name: str, place: Place, hand: Hand, *, dry_run: bool = False) -> Promotion:
    """Judge a release on the day of the seal, and seal its deployment unless something speaks against it.

    Raises `UsageError` for an unknown release, person, artefact or site name, and for a record that stands
    there already.
    """
    day = hand.at.date().isoformat()
    place = replace(place, begins=place.begins or day)
    case = _case(request, name, hand, place)
    person, problem = _person(case.device, hand, day)
    body = _body(case.asked, case.dossier, place, person, case.release, day)
    reasons = (*case.reasons, *problem, *_unlike(body))
    data, path = _yaml(body), _path(case.dossier, place)
    faults = (*_faults(body, path), *_unknown(case.device, place))
    if faults:
        raise UsageError(f"this makes no deployment record: {faults[0]}", hint="correct that option")
    if case.device.files.exists(path):
        raise UsageError(f"{path} stands already", hint="end that deployment there, or begin on another day")
    notes = tuple(_notes(case.device, place))
    if reasons or dry_run:
        return Promotion(reasons, notes, data, path, None)
    sha256 = hashlib.sha256(data).hexdigest()
    statement = _statement(case, place, path, sha256, hand)
    file = request.evidence / case.device.id / path
    write_beside(file, data)
    try:
        written = seal_statement(case.asked, case.device, statement, hand, beside={path: sha256})
    except BaseException:
        if not (request.evidence / case.device.id / attest.seal_path(attest.parse(statement))).exists():
            file.unlink(missing_ok=True)
        raise
    return Promotion((), notes, data, path, written)


def seal_deployment(
    request: Request, name: str, record: str, hand: Hand, *, dry_run: bool = False
) -> Promotion:
    """Judge a release likewise, and seal a deployment record that stands already, by its id.

    The record has to name the release, and whoever seals it as the one who authorised it. Raises `UsageError`
    where there is no such record.
    """
    day = hand.at.date().isoformat()
    device, found = find_record(survey(request), record, "deployment")
    place = Place(found.body["environment"], tuple(found.body["sites"]), begins=found.body["from"])
    case = _case(request, name, hand, place)
    person, problem = _person(case.device, hand, day)
    reasons = [*case.reasons, *problem, *_unlike(found.body)]
    if device.id != case.device.id or found.body["release"] != case.dossier.id:
        reasons.append(f"{found.id} is a deployment of {found.body['release']}.")
    if found.body["authorised_by"] != person:
        reasons.append(f"{found.id} names {found.body['authorised_by']} as who authorised it.")
    if found.body["to"] is not None:
        reasons.append(f"{found.id} has ended; it is sealed before it begins, and ends by a later record.")
    path = f"{found.id}.yaml"
    if reasons or dry_run:
        return Promotion(tuple(reasons), (), found.document.data, path, None)
    statement = _statement(case, place, path, found.document.sha256, hand)
    return Promotion(
        (), (), found.document.data, path, seal_statement(case.asked, case.device, statement, hand)
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A release judged on the day of the seal."""

    asked: Request
    device: Device
    dossier: Dossier
    release: ReleaseView
    authorisation: Seal | None
    reasons: tuple[str, ...]


def _case(request: Request, name: str, hand: Hand, place: Place) -> _Case:
    asked = replace(request, as_of=hand.at.date().isoformat())
    found = survey(asked, trust_cache=False)
    device, dossier = find_release(found, name)
    judgement = judge_all(found, deep=True, wanted=only(device, (dossier.version,)))
    release = next(view for view in judgement.devices if view.device.id == device.id).releases[0]
    authorisation = _authorisation(release)
    reasons = (
        *_unfit(device, dossier, release),
        *_untimely(device, dossier, place, hand, authorisation),
        *_ungated(release),
        *(
            f"The number at {number['pointer']} does not come out as recorded."
            for number in judgement.numbers.get((device.id, dossier.version), ())
            if number["outcome"] not in SAME
        ),
    )
    return _Case(asked, device, dossier, release, authorisation, reasons)


def _statement(case: _Case, place: Place, path: str, sha256: str, hand: Hand) -> bytes:
    """Return the statement over a deployment record; a released release has its authorisation."""
    assert case.authorisation is not None
    return attest.deployment(
        case.dossier.version,
        str(case.dossier.manifest_sha256),
        path=path,
        sha256=sha256,
        release_seal_sha256=case.authorisation.sha256,
        environment=place.environment,
        sites=place.sites,
        begins=str(place.begins),
        signer=signer_of(case.asked, case.device, hand),
    )


def _authorisation(release: ReleaseView) -> Seal | None:
    """Return the seal that authorised the release: the first, as its status has it."""
    found = [
        seal
        for seal in release.seals
        if seal.predicate_type.endswith("/predicate/release/v1") and seal.outcome == "verified"
    ]
    return min(found, key=lambda seal: (seal.time or "", seal.file), default=None)


def _unfit(device: Device, dossier: Dossier, release: ReleaseView) -> Iterator[str]:
    """Yield why this release is not one that may be used at all."""
    version = dossier.version
    if dossier.manifest_sha256 is None:
        yield f"{version} is not frozen, so there is no digest that anybody approved."
        return
    broken = [artifact for artifact in dossier.artifacts if not artifact.holds]
    for artifact in broken:
        yield f"{artifact.path} is not the file that {artifact.record} states."
    frozen = device.files.read(f"{dossier.id}/manifest.json")
    if broken or link.manifest(dossier, device.files) != frozen:
        yield f"{version} has changed since it was frozen, and nobody approved what it is now."
    for seal in release.seals:
        if seal.outcome == "failed":
            yield f"A seal of {version} does not hold ({seal.file}). {seal.reason}"
    match release.status:
        case Status.RELEASED:
            pass
        case Status.REJECTED:
            yield f"{version} was rejected on {release.decided_on}."
        case Status.WITHDRAWN | Status.DEFERRED:
            yield f"{version} is {release.status}."
        case Status.CANDIDATE:
            yield f"{version} has not been authorised: it is a candidate."
            for approval in release.approvals:
                if not approval.valid:
                    yield f"The word of {approval.name} as {approval.role} does not count. {approval.problem}"


def _untimely(
    device: Device, dossier: Dossier, place: Place, hand: Hand, authorisation: Seal | None
) -> Iterator[str]:
    """Yield what the order in time, or a stop, has against it."""
    day, begins = hand.at.date().isoformat(), str(place.begins)
    if authorisation is not None:
        now = hand.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        if now <= str(authorisation.time):
            yield f"It would be sealed at {now}, not after the authorisation of {authorisation.time}."
        if begins < str(authorisation.time)[:10]:
            yield f"It would run from {begins}, before it was authorised on {str(authorisation.time)[:10]}."
    sites, for_good = stops(device.records.values(), day).get(dossier.id, ((), False))
    if for_good:
        yield f"{dossier.version} was withdrawn or recalled."
    elif stopped := sorted(set(sites) & set(place.sites)):
        yield f"{dossier.version} is stopped at {', '.join(stopped)}; a return to use comes first."


def _ungated(release: ReleaseView) -> Iterator[str]:
    """Yield the blocking rules that the release does not meet on the day."""
    open_points = [
        ruling
        for ruling in release.verdict.rulings
        if ruling.severity == "block" and ruling.outcome in (Outcome.UNMET, Outcome.UNDECIDED)
    ]
    for ruling in open_points[:_SHOWN]:
        yield f"The rule {ruling.rule} is {ruling.outcome}: {ruling.message}"
    if len(open_points) > _SHOWN:
        yield f"{len(open_points) - _SHOWN} more blocking rules are not met."


def _person(device: Device, hand: Hand, day: str) -> tuple[str, list[str]]:
    roster = device.records.get("roster")
    people = roster.body["people"] if roster is not None else ()
    person = next((each for each in people if hand.who in (each["id"], each["email"])), None)
    if person is None:
        return hand.who, [f"{hand.who} is not a person on the roster; only people put a release into use."]
    if roster is not None and not held_role(roster.body, person["id"], hand.role, day):
        return person["id"], [f"{person['name']} does not hold the role {hand.role} on {day}."]
    return person["id"], []


def _body(
    asked: Request, dossier: Dossier, place: Place, person: str, release: ReleaseView, day: str
) -> dict[str, Any]:
    body = dossier.release.body
    features = dossier.get(str(at(body, "/datasets/features")))
    code = at(features.body, "/code/sha256") if features is not None else None
    monitors = dossier.get(str(body.get("monitors")))
    pack = load_packs(asked).packs[-1]
    out: dict[str, Any] = {
        "kind": "deployment",
        "schema": 1,
        "origin": place.origin,
        "release": dossier.id,
        "environment": place.environment,
        "sites": list(place.sites),
        "jurisdiction": place.jurisdiction,
        "from": place.begins,
        "to": None,
        "replaces": list(place.replaces) or None,
        "model_sha256": body["model"]["file"]["sha256"],
        "features_sha256": code,
        "authorised_by": person,
        "monitors_sha256": monitors.document.sha256 if monitors is not None else None,
        "promotion": _moved(dossier, place, person, day),
        "gate": {"policy": pack.id, "version": pack.version, "outcome": release.verdict.outcome, "on": day},
    }
    return {name: value for name, value in out.items() if value is not None or name == "to"}


def _moved(dossier: Dossier, place: Place, person: str, day: str) -> dict[str, Any] | None:
    """Return what was moved between environments; `None` where nobody read anything back."""
    if place.from_environment is None or not place.read_back:
        return None
    body = dossier.release.body
    run = dossier.get(str(body.get("run")))
    validated = {
        "model": body["model"]["file"]["sha256"],
        "lock file": at(run.body, "/environment/lockfile/sha256") if run is not None else None,
    }
    unknown = sorted(set(place.read_back) - {name for name, sha256 in validated.items() if sha256})
    if unknown:
        raise UsageError(f"no artefact {unknown[0]!r} was validated", hint="model or lock file")
    artefacts = [
        {"name": name, "validated_sha256": validated[name], "deployed_sha256": digest}
        for name, digest in sorted(place.read_back.items(), key=lambda item: item[0] != "model")
    ]
    return {"from_environment": place.from_environment, "on": day, "by": person, "artefacts": artefacts}


def _unlike(body: Mapping[str, Any]) -> Iterator[str]:
    for item in body.get("promotion", {}).get("artefacts", ()):
        if item["validated_sha256"] != item["deployed_sha256"]:
            yield f"The {item['name']} that runs there is not the one that was validated."


def _notes(device: Device, place: Place) -> Iterator[str]:
    """Yield what the operator has to see to."""
    for _, record in sorted(device.records.items()):
        if record.kind != "deployment" or record.id in place.replaces:
            continue
        shared = sorted(set(record.body["sites"]) & set(place.sites))
        same = record.body["environment"] == place.environment
        if same and shared and ended_on(record, device.records.values()) is None:
            yield f"{record.id} runs at {', '.join(shared)} on record; say --replaces where this one ends it"
    if place.read_back is None:
        yield f"nothing was read back in {place.environment}, so the record tells of no promotion"


def _path(dossier: Dossier, place: Place) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", place.environment.lower()).strip("-")[:40] or "site"
    return f"postmarket/{dossier.version}/deployment-{place.begins}-{slug}.yaml"


def _yaml(body: Mapping[str, Any]) -> bytes:
    """Return a record as strict YAML: every scalar as JSON writes it."""
    lines: list[str] = []

    def put(node: Mapping[str, Any], indent: str) -> None:
        for name, value in node.items():
            key = f'{indent}"{name}":' if name == "on" else f"{indent}{name}:"
            if isinstance(value, Mapping):
                lines.append(key)
                put(value, indent + "  ")
            elif isinstance(value, list) and value and isinstance(value[0], Mapping):
                lines.append(key)
                for item in value:
                    start = len(lines)
                    put(item, indent + "    ")
                    lines[start] = f"{indent}  - {lines[start].lstrip()}"
            else:
                lines.append(f"{key} {json.dumps(value, ensure_ascii=False)}")

    put(body, "")
    return ("\n".join(lines) + "\n").encode()


def _unknown(device: Device, place: Place) -> Iterator[str]:
    """Yield the deployments to be replaced that there are none of."""
    for name in place.replaces:
        record = device.records.get(name)
        if record is None or record.kind != "deployment":
            yield f"/replaces: there is no deployment {name}"


def _faults(body: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Return what the record would be found fault with, read back as any record is."""
    tree, faults = load.yaml_tree(_yaml(body), path)
    if faults:
        return tuple(fault.message for fault in faults)
    schemas = check.Schemas.from_folder(shipped.folder("schemas"), only="deployment")
    return tuple(
        f"{f.where.pointer or '/'}: {f.message}" for f in check.conform(schemas, "deployment", tree, path)
    )
