"""`muniment verify`: every file re-hashed, every number recomputed, every seal verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from muniment import attest
from muniment.errors import MunimentError, UnreadableInput
from muniment.judge.board import signer_of
from muniment.model.edition import DeviceView, ReleaseView
from muniment.model.finding import Finding, Severity
from muniment.model.ruling import Status
from muniment.model.seal import Domain, Seal
from muniment.model.trail import Trail
from muniment.pipeline.judging import (
    Judgement,
    Wanted,
    every_version,
    held,
    judge_all,
    only,
    trusted_roots,
    verified_seals,
)
from muniment.pipeline.request import Doors, Request, request
from muniment.pipeline.survey import find_release, survey

if TYPE_CHECKING:
    from muniment.pipeline.renewing import Renewal

ACTS = {
    "plan-lock": "plan lock",
    "test-result": "evaluation",
    "approval": "board decision",
    "release": "release authorisation",
    "deployment": "deployment",
    "provenance": "provenance of a training run",
    "verification_summary": "verdict of the policies",
    "signature": "model folder",
    "record": "record",
}

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""Media type of an artefact that is the signature of the model folder it lies in."""
GOOD_FILE = frozenset({"verified", "omitted"})
GOOD_NUMBER = frozenset({"equal", "within 1e-9"})
"""A float may differ in its last digits on another class of machine; it is named all the same."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a verification, in the shape of `muniment/verification/v1`."""

    as_of: str
    files: tuple[Mapping[str, Any], ...]
    numbers: tuple[Mapping[str, Any], ...]
    seals: tuple[Mapping[str, Any], ...]
    trails: tuple[Mapping[str, Any], ...] = ()
    """The trail of each device, and what does not hold about it."""
    missing: tuple[str, ...] = ()
    """What should be there to verify and is not, in sentences."""
    notes: tuple[str, ...] = field(default=())
    renewals: tuple[Renewal, ...] = ()
    """Newer timestamps over an archive, oldest first."""

    @property
    def outcome(self) -> Literal["verified", "failed", "incomplete"]:
        """`failed` if anything does not hold, `incomplete` if something to verify is missing."""
        wrong = (
            any(f["outcome"] not in GOOD_FILE for f in self.files)
            or any(n["outcome"] not in GOOD_NUMBER for n in self.numbers)
            or any(s["outcome"] != "verified" for s in self.seals)
            or any(t["outcome"] == "failed" for t in self.trails)
            or any(r.outcome == "failed" for r in self.renewals)
        )
        if wrong:
            return "failed"
        return "incomplete" if self.missing or not (self.files or self.seals) else "verified"

    def as_json(self) -> dict[str, Any]:
        """The shape of `muniment/verification/v1`."""
        out: dict[str, Any] = {
            "schema": "muniment/verification/v1",
            "as_of": self.as_of,
            "outcome": self.outcome,
            "files": [dict(item) for item in self.files],
            "numbers": [dict(item) for item in self.numbers],
            "seals": [dict(item) for item in self.seals],
            "trails": [dict(item) for item in self.trails],
            "missing": list(self.missing),
            "notes": [*self.missing, *self.notes],
        }
        if self.renewals:
            out["renewals"] = [each.as_json() for each in self.renewals]
        return out


def verify(asked: Request, release: str | None) -> Verification:
    """Verify the whole evidence folder, or what bears on one release: nothing of another is recomputed."""
    found = survey(asked, trust_cache=False)
    wanted: Wanted = every_version
    faults = found.findings
    if release is not None:
        device, dossier = find_release(found, release)
        found, wanted = replace(found, devices=(device,)), only(device, (dossier.version,))
        faults = tuple(f for f in faults if f.where.file.startswith(f"{asked.prefix}/{device.id}/"))
    return verification(judge_all(found, deep=True, wanted=wanted), faults, every_seal=release is None)


def verification(judgement: Judgement, faults: Sequence[Finding], *, every_seal: bool = True) -> Verification:
    """Say what a deep judgement verified, of evidence whose records have `faults`.

    With `every_seal`, of each device's seals all count, not only those that bear on its releases.
    """
    asked = judgement.survey.request
    files: dict[str, dict[str, Any]] = {}
    numbers: list[Mapping[str, Any]] = []
    seals: list[Mapping[str, Any]] = []
    missing: list[str] = []
    for view in judgement.devices:
        for each in view.releases:
            files.update(_files(view, each))
            numbers.extend(judgement.numbers.get((view.device.id, each.version), ()))
            missing.extend(_missing(view, each))
            for found_files, seal in _models(view, each, asked):
                files.update(found_files)
                seals.append(seal)
        bearing = view.seals if every_seal else view.releases[0].seals
        seals.extend(_seal(view.device.id, seal) for seal in bearing)
    if not any(view.releases for view in judgement.devices):
        missing.append("there is no release to verify yet")
    missing.extend(_unsealed(asked, seals))
    for fault in faults:
        # A digest that does not hold is a failed file above; every other fault leaves something unread.
        if fault.rule != "digest" and fault.severity is Severity.BLOCK:
            missing.append(f"{fault.where}: {fault.message}")
    return Verification(
        as_of=asked.as_of,
        files=tuple(files[path] for path in sorted(files)),
        numbers=tuple(numbers),
        seals=tuple(sorted(seals, key=lambda seal: (seal["time"] or "", seal["file"]))),
        trails=tuple(_trail(view.device.id, view.trail) for view in judgement.devices if view.trail),
        missing=tuple(missing),
        notes=_notes(seal for view in judgement.devices for seal in view.seals),
    )


def verify_archive(
    path: Path,
    doors: Doors,
    *,
    as_of: str | None,
    pinned: str | None,
    demands: attest.Demands,
    roots: Mapping[Domain, bytes] | None,
    authority: bytes | None = None,
) -> Verification:
    """Verify the fixity of a snapshot, and the seals of the evidence inside it.

    `pinned` is the bag digest from the letter that came with it; a bag with another digest fails. Without
    `as_of` the snapshot's own settings give the date; what else they say of trust counts for nothing, for
    `demands` are the reader's. Without `roots` the trusted root used is the one in the snapshot, and a
    note names its digest: it proves nothing unless that digest came by another way, such as the letter
    that handed the snapshot over. Renewals that lie beside it are verified with `authority`, certificates of
    the reader's (PEM), or with those that lie with them, which prove as little.
    """
    from muniment import archive
    from muniment.pipeline.renewing import renewals

    with archive.opened(path, pinned=pinned, progress=doors.progress) as bag:
        checks = tuple(check.as_json() for check in bag.checks)
        if not bag.holds or not (bag.data / "evidence").is_dir():
            # What does not hold is not read any further.
            doors.progress("")
            date = as_of or doors.today().isoformat()
            return Verification(date, checks, (), (), notes=(f"bag digest sha256 {bag.digest}",))
        renewed = renewals(path, authority=authority, progress=doors.progress)
        asked = replace(
            request(doors, start=bag.data, evidence="evidence", as_of=as_of), demands=demands, roots=roots
        )
        seals: list[Mapping[str, Any]] = []
        notes: list[str] = []
        told: list[Mapping[str, Any]] = []
        for device in survey(asked, trust_cache=False).devices:
            verified = verified_seals(device, asked)
            seals.extend(_seal(device.id, seal) for seal in verified)
            told.append(_trail(device.id, attest.read_trail(device.files, verified)))
            notes.extend(_notes(verified))
            notes.extend(
                f"{device.id}: trusted root {root.domain} sha256 {_sha256(root.trusted_root)}"
                for root in trusted_roots(device, asked)
            )
        missing = _unsealed(asked, seals)
    doors.progress("")
    notes.append(f"bag digest sha256 {bag.digest}; compare both with the letter that came with the archive")
    if bag.omitted:
        notes.append(
            f"{len(bag.omitted)} row-level tables were left out on purpose; "
            "the numbers made from them were not recomputed here"
        )
    if authority is None:
        notes.extend(
            f"{each.file}: certificates of its authority sha256 {each.certificates}; compare them with the "
            "authority's own"
            for each in renewed
        )
    return Verification(
        asked.as_of, checks, (), tuple(seals), tuple(told), tuple(missing), tuple(notes), renewals=renewed
    )


def _unsealed(asked: Request, seals: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name the lack of any seal where something is demanded of seals: no seal meets no demand."""
    if asked.demands is not None and asked.demands.expects_seals and not seals:
        return ["there is no seal that could meet what is demanded of seals"]
    return []


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _files(view: DeviceView, release: ReleaseView) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for artifact in release.dossier.artifacts:
        out[f"{view.device.id}/{artifact.path}"] = _file(
            view.device.id, artifact.path, artifact.sha256, artifact.actual
        )
    for path, stated in release.dossier.manifest.items():
        out[f"{view.device.id}/{path}"] = _file(view.device.id, path, stated, view.file_digests.get(path))
    return out


def _models(
    view: DeviceView, release: ReleaseView, asked: Request
) -> Iterator[tuple[dict[str, dict[str, Any]], dict[str, Any]]]:
    """Yield what each model folder of a release came to: its files by path, and its signature.

    A model that is a folder is named by its signature, `model.sig`: the manifest holds the digest of the
    signature, the signature those of all files. Who signs a model has to stand on the roster.
    """
    device = view.device
    roster = device.records.get("roster")
    for artifact in release.dossier.artifacts:
        if artifact.media_type != BUNDLE or artifact.pointer != "/model/file" or artifact.actual is None:
            continue
        place = device.files.open_table(artifact.path)
        try:
            found = attest.verify_model(place.parent, place, trusted_roots(device, asked))
        except MunimentError as error:
            raise UnreadableInput(
                f"the model of {release.version} cannot be verified: {error.message}"
            ) from error
        folder = PurePosixPath(artifact.path).parent
        files = {
            f"{device.id}/{folder / each.path}": {
                "path": f"{device.id}/{folder / each.path}",
                "expected": each.expected,
                "actual": each.actual,
                "outcome": each.outcome,
            }
            for each in found.files
        }
        (seal,) = held((replace(found.seal, file=artifact.path),), asked)
        if seal.outcome == "verified" and signer_of(roster.body if roster else {}, seal) is None:
            seal = replace(seal, outcome="failed", reason=f"{seal.identity} is nobody on the roster.")
        yield files, _seal(device.id, seal)


def _file(device: str, path: str, expected: str, actual: str | None) -> dict[str, Any]:
    return {
        "path": f"{device}/{path}",
        "expected": expected,
        "actual": actual,
        "outcome": "verified" if expected == actual else ("missing" if actual is None else "failed"),
    }


def _trail(device: str, trail: Trail) -> dict[str, Any]:
    """Return a trail in the shape of `muniment/verification/v1`; one that never began is `absent`."""
    fine = "verified" if trail.there else "absent"
    return {
        "device": device,
        "entries": len(trail.entries),
        "head": trail.head if trail.entries else None,
        "outcome": "failed" if trail.problems else fine,
        "reasons": list(trail.problems),
    }


def _seal(device: str, seal: Seal) -> dict[str, Any]:
    act = next((words for key, words in ACTS.items() if f"/{key}/" in seal.predicate_type), "statement")
    role = seal.extra.get("role")
    return seal.as_json() | {
        "file": f"{device}/{seal.file}",
        "act": f"{act} ({role})" if role else act,
        "role": role,
        "printed_name": seal.extra.get("printed_name"),
        "meaning": seal.extra.get("meaning"),
    }


def _missing(view: DeviceView, release: ReleaseView) -> list[str]:
    """Name what a decided release must have for its verification to mean anything."""
    name = f"{view.device.id}/{release.version}"
    out = []
    if release.status in (Status.RELEASED, Status.REJECTED) and not release.dossier.manifest:
        out.append(f"{name} is {release.status} but has no manifest.json")
    if release.dossier.manifest and not any(
        f"{release.dossier.id}/manifest.json" in seal.subjects for seal in release.seals
    ):
        out.append(f"{name} is frozen, and no seal covers its manifest yet")
    if release.dossier.evaluation is None:
        out.append(f"{name} has no evaluation.json; run `muniment evaluate {release.version}`")
    return out


def _notes(seals: Iterable[Seal]) -> tuple[str, ...]:
    """Say what a reader must know of seals of the local domain."""
    local = [seal for seal in seals if seal.domain == "local"]
    notes = []
    if local:
        notes.append(
            "Times of the local trust domain are self-asserted: its operator could have chosen them."
        )
    if any(seal.unattended for seal in local):
        notes.append("The local trust domain is unattended: whoever held its folder signed for anybody.")
    return tuple(notes)
