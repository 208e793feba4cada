"""Diff, seals, facts and rulings for every release: from a survey to what a portal shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from muniment import attest, judge
from muniment import diff as differ
from muniment.errors import UsageError
from muniment.model.change import ChangeClass, Changes
from muniment.model.dataclass import dataclass
from muniment.model.edition import Approval, DeviceView, ReleaseView
from muniment.model.evidence import Device, Dossier
from muniment.model.finding import Finding, Where
from muniment.model.ruling import Basis, Verdict
from muniment.model.seal import Domain, Seal
from muniment.model.tree import Tree
from muniment.pipeline.policies import load_packs
from muniment.pipeline.request import Request
from muniment.pipeline.survey import Survey, find_release, survey

DOMAINS: tuple[Domain, ...] = ("local", "private", "public")
SAME = frozenset({"equal", "within 1e-9"})
Wanted: TypeAlias = Callable[[Device], frozenset[str]]
"""The versions of a device to judge."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every device judged, and what recomputation found."""

    survey: Survey
    devices: tuple[DeviceView, ...]
    findings: tuple[Finding, ...]
    """What only a deep run can find: seals that fail, numbers that differ."""
    numbers: Mapping[tuple[str, str], tuple[Mapping[str, Any], ...]]
    """(device, version) to recomputed numbers; empty unless deep."""

    @property
    def numbers_hold(self) -> bool:
        """Whether every recomputed number equals the recorded one."""
        return all(n["outcome"] == "equal" for group in self.numbers.values() for n in group)


def every_version(device: Device) -> frozenset[str]:
    """All releases of a device."""
    return frozenset(dossier.version for dossier in device.releases)


def only(device: Device, versions: Iterable[str]) -> Wanted:
    """Some releases of one device, and none of another."""
    chosen = frozenset(versions)
    return lambda each: chosen if each.id == device.id else frozenset()


def judge_all(
    found: Survey,
    *,
    deep: bool,
    packs: judge.Packs | None = None,
    verdicts_only: bool = False,
    wanted: Wanted = every_version,
) -> Judgement:
    """Judge every release of every device, or the versions that are `wanted` of each.

    `packs` are given where they are read already.

    With `deep`, seals are verified and numbers recomputed first, and rulings rest on what verified;
    otherwise they rest on what is recorded, and say so. With `verdicts_only` the views have no answers,
    no digests and no changes since the first release: nobody asks for them at a keyboard.
    """
    packs = packs or load_packs(found.request)
    views, findings = [], []
    numbers: dict[tuple[str, str], tuple[Mapping[str, Any], ...]] = {}
    told = found.request.doors.progress
    if deep:
        from muniment.pipeline.recomputing import recomputed_each

        chosen = [
            (device, dossier)
            for device in found.devices
            for dossier in device.releases
            if dossier.version in wanted(device)
        ]
        for (device, dossier), found_anew in zip(chosen, recomputed_each(chosen, told), strict=True):
            numbers[device.id, dossier.version] = found_anew
    for number, device in enumerate(found.devices):
        told(f"judging {device.id}", number, len(found.devices))
        bench = _Bench(found, device, packs, deep, numbers, wanted(device), verdicts_only)
        views.append(bench.view())
        findings.extend(bench.unsound(views[-1]))
        findings.extend(bench.differing() if deep else bench.edited(views[-1]))
    told("")
    return Judgement(found, tuple(views), tuple(findings), numbers)


def verified_seals(device: Device, asked: Request) -> tuple[Seal, ...]:
    """Return a device's seals, verified and held to what is demanded of them."""
    return held(attest.verify(device.files, trusted_roots(device, asked)), asked)


def held(seals: Sequence[Seal], asked: Request) -> tuple[Seal, ...]:
    """Return verified seals held to what the asker demands of them, or else the settings."""
    return attest.held_to(seals, asked.demands or attest.Demands(asked.accepted))


def trusted_roots(device: Device, asked: Request) -> tuple[attest.Root, ...]:
    """Return the trusted roots to verify with, one a domain, never merged.

    They are those that lie beside the device's seals, or only those that the asker brought along.
    """
    if asked.roots is not None:
        return tuple(attest.Root(domain, data) for domain, data in asked.roots.items())
    return tuple(
        attest.Root(domain, device.files.read(path))
        for domain in DOMAINS
        if device.files.exists(path := f"trust/{domain}/trusted_root.json")
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """One device under judgement."""

    found: Survey
    device: Device
    packs: judge.Packs
    deep: bool
    numbers: Mapping[tuple[str, str], tuple[Mapping[str, Any], ...]]
    wanted: frozenset[str] = frozenset()
    """The versions to judge; the others are known, and only stand behind those."""
    verdicts_only: bool = False

    @property
    def basis(self) -> Basis:
        return "verified" if self.deep else "recorded"

    def seals(self) -> tuple[Seal, ...]:
        files = self.device.files
        return verified_seals(self.device, self.found.request) if self.deep else attest.read(files)

    def view(self) -> DeviceView:
        """Judge every release, oldest first."""
        seals = self.seals()
        digests = {} if self.verdicts_only else _digests(self.device)
        known, approvals, standings = self.board(seals)
        releases = tuple(
            self.release(dossier, known, approvals[dossier.version], standings, digests)
            for dossier in self.device.releases
            if dossier.version in self.wanted
        )
        mine = f"{self.found.request.prefix}/{self.device.id}/"
        findings = tuple(f for f in self.found.findings if f.where.file.startswith(mine))
        trail = None if self.verdicts_only else attest.read_trail(self.device.files, seals)
        return DeviceView(self.device, releases, seals, findings, digests, trail)

    def board(
        self, seals: tuple[Seal, ...]
    ) -> tuple[tuple[Seal, ...], dict[str, tuple[Approval, ...]], dict[str, judge.Standing]]:
        """Return the seals known by the date, and by version every approval and where the release stands."""
        as_of = self.found.request.as_of
        known = tuple(seal for seal in seals if seal.time is None or seal.time[:10] <= as_of)
        approvals = {dossier.version: self.approvals(dossier, known) for dossier in self.device.releases}
        standings = {
            dossier.version: judge.standing(
                self.device, dossier, known, approvals[dossier.version], basis=self.basis, as_of=as_of
            )
            for dossier in self.device.releases
        }
        return known, approvals, standings

    def approvals(self, dossier: Dossier, seals: tuple[Seal, ...]) -> tuple[Approval, ...]:
        roster = self.device.records.get("roster")
        return attest.approvals(
            seals,
            roster=roster.body if roster else {},
            version=dossier.version,
            manifest_sha256=dossier.manifest_sha256,
            author=dossier.release.body.get("author"),
            basis=self.basis,
            as_of=self.found.request.as_of,
        )

    def facts(
        self,
        dossier: Dossier,
        changes: Changes,
        seals: tuple[Seal, ...],
        approvals: tuple[Approval, ...],
        standings: Mapping[str, judge.Standing],
    ) -> judge.Facts:
        previous, original = ancestry(self.device, dossier)
        authorised = authorised_with_plan(self.device, dossier)
        since = differ.diff(authorised, dossier, self.packs.taxonomy) if authorised else None
        return judge.facts(
            self.device,
            dossier,
            previous=previous,
            original=original,
            changes=changes,
            seals=seals,
            approvals=approvals,
            standings=standings,
            basis=self.basis,
            as_of=self.found.request.as_of,
            authorised=authorised,
            since=since,
        )

    def release(
        self,
        dossier: Dossier,
        seals: tuple[Seal, ...],
        approvals: tuple[Approval, ...],
        standings: Mapping[str, judge.Standing],
        digests: Mapping[str, str],
    ) -> ReleaseView:
        previous, original = ancestry(self.device, dossier)
        changes = differ.diff(previous, dossier, self.packs.taxonomy)
        as_of = self.found.request.as_of
        facts = self.facts(dossier, changes, seals, approvals, standings)
        waivers = [
            record
            for record in dossier.outside.values()
            if record.kind == "waiver" and record.body["release"] == dossier.id
        ]
        standing = standings[dossier.version]
        declared = dossier.release.body.get("declared_class")
        verdict = Verdict(
            release=dossier.version,
            status=standing.status,
            declared=ChangeClass.of(declared) if declared else None,
            computed=changes.computed,
            rulings=judge.judge(self.packs, facts, basis=self.basis, as_of=as_of, waivers=waivers),
            as_of=as_of,
        )
        decided = standing.decided_on
        if self.verdicts_only:
            return ReleaseView(dossier, changes, None, verdict, (), approvals, (), decided)
        from muniment import why

        since = differ.diff(original, dossier, self.packs.taxonomy) if original is not None else None
        mine = bearing(dossier, seals)
        held = self.numbers.get((self.device.id, dossier.version))
        answers = why.answers(
            why.Standing(
                dossier=dossier,
                changes=changes,
                verdict=verdict,
                seals=mine,
                approvals=approvals,
                decided_on=decided,
                basis=self.basis,
                digests=digests,
                numbers_hold=all(n["outcome"] in SAME for n in held) if held is not None else None,
            )
        )
        return ReleaseView(dossier, changes, since, verdict, mine, approvals, answers, decided)

    def edited(self, view: DeviceView) -> list[Finding]:
        """Return the files changed or removed after they were sealed; the seals are taken at their word."""
        files = self.device.files
        out = []
        for seal in view.seals:
            for path, stated in seal.subjects.items():
                there = files.exists(path)
                if seal.outcome == "failed" or (there and files.digest(path) == stated):
                    continue
                said = f"{'changed' if there else 'removed'} after {seal.identity} sealed it on {seal.time}"
                hint = "undo the change, or make a new version and have that sealed"
                out.append(Finding("seal", said, Where(f"{self.device.id}/{path}"), hint=hint))
        return out

    def unsound(self, view: DeviceView) -> list[Finding]:
        """Return the seals that fail; without a deep run, those that are no seals at all."""
        return [
            Finding(
                "seal",
                seal.reason,
                Where(f"{self.device.id}/{seal.file}"),
                hint="restore the seal and the file it covers, or have the change sealed again",
            )
            for seal in view.seals
            if seal.outcome == "failed"
        ]

    def differing(self) -> list[Finding]:
        """Return the numbers that differ when they are recomputed."""
        out = []
        for (device, _version), items in self.numbers.items():
            if device != self.device.id:
                continue
            for item in items:
                if item["outcome"] not in SAME:
                    path, _, pointer = str(item["pointer"]).partition("#")
                    name = path.rpartition("/")[2]
                    out.append(
                        Finding(
                            "number",
                            f"recorded {item['recorded']}, recomputed {item['recomputed']}",
                            Where(path, pointer),
                            hint=f"never edit {name}; run `muniment evaluate` and decide again",
                        )
                    )
        return out


def ancestry(device: Device, dossier: Dossier) -> tuple[Dossier | None, Dossier | None]:
    """Return the release that `dossier` supersedes and the first of its chain, `None` where it is first."""
    by_id = {each.id: each for each in device.releases}
    previous = by_id.get(dossier.release.body.get("supersedes") or "")
    original, seen = previous, {dossier.id}
    while original is not None and original.id not in seen:
        seen.add(original.id)
        earlier = by_id.get(original.release.body.get("supersedes") or "")
        if earlier is None or earlier.id in seen:
            break
        original = earlier
    return previous, original


def authorised_with_plan(device: Device, dossier: Dossier) -> Dossier | None:
    """Return the release that was authorised with the change control plan that `dossier` names.

    It is the first of the chain of succession that names this plan without a break; `None` where that is
    `dossier` itself, or no plan is named.
    """
    by_id = {each.id: each for each in device.releases}
    plan = dossier.release.body.get("pccp", {}).get("plan")
    found, seen, at = None, {dossier.id}, dossier
    while plan is not None:
        earlier = by_id.get(at.release.body.get("supersedes") or "")
        if earlier is None or earlier.id in seen:
            break
        if earlier.release.body.get("pccp", {}).get("plan") != plan:
            break
        seen.add(earlier.id)
        found = at = earlier
    return found


def bearing(dossier: Dossier, seals: tuple[Seal, ...]) -> tuple[Seal, ...]:
    """Return the seals on a release's own files, its records and the decisions about it, by time."""
    paths = {f"{dossier.id}/{name}" for name in ("manifest.json", "evaluation.json", "analysis.json")}
    paths.update(record.document.path.split("/", 1)[1] for record in dossier.records.values())
    paths.update(f"{reference}.yaml" for reference in dossier.outside)
    paths.update(artifact.path for artifact in dossier.artifacts)  # the subjects of a run's provenance
    mine = [seal for seal in seals if paths & set(seal.subjects)]
    return tuple(sorted(mine, key=lambda seal: (seal.time or "", seal.log_index or 0, seal.file)))


def _digests(device: Device) -> dict[str, str]:
    """Return the SHA-256 of every file that an answer may cite."""
    out = {r.document.path.split("/", 1)[1]: r.document.sha256 for r in device.records.values()}
    for dossier in device.releases:
        out.update({a.path: a.actual for a in dossier.artifacts if a.actual is not None})
        for name in ("analysis.json", "evaluation.json", "manifest.json"):
            path = f"{dossier.id}/{name}"
            if device.files.exists(path):
                out[path] = device.files.digest(path)
    for path in device.files.listing("seals"):
        out[path] = device.files.digest(path)
    return dict(sorted(out.items()))


def compare(request: Request, old: str, new: str) -> Changes:
    """Return the classified changes between any two releases of one device."""
    found = survey(request)
    first_device, first = find_release(found, old)
    second_device, second = find_release(found, new)
    if first_device is not second_device:
        raise UsageError(f"{old} and {new} belong to different devices")
    return differ.diff(first, second, load_packs(request).taxonomy)


def answer(request: Request, name: str, *, deep: bool) -> tuple[ReleaseView, str]:
    """Return one release with its five answers, and the date they hold at."""
    found = survey(request, trust_cache=not deep)
    device, dossier = find_release(found, name)
    judgement = judge_all(found, deep=deep)
    view = next(view for view in judgement.devices if view.device is device)
    return next(each for each in view.releases if each.dossier is dossier), request.as_of


def facts_of(request: Request, name: str) -> Mapping[str, Tree]:
    """Return the facts on one release, as recorded, by the names that rules use."""
    found = survey(request)
    device, dossier = find_release(found, name)
    bench = _Bench(found, device, load_packs(request), False, {})
    known, approvals, standings = bench.board(bench.seals())
    changes = differ.diff(ancestry(device, dossier)[0], dossier, bench.packs.taxonomy)
    facts = bench.facts(dossier, changes, known, approvals[dossier.version], standings)
    params = {name: value for compiled in bench.packs.rules for name, value in compiled.params.items()}
    return {**facts.tree, "params": params}
