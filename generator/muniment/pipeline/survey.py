"""Load, check and link the evidence folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from muniment import check, link, load, shipped
from muniment.errors import UsageError
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Device, Dossier
from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree
from muniment.pipeline.request import Request
from muniment.pipeline.versions import outdated

MAX_LOCATED = 16 << 20
"""Bytes of a JSON file that is read to find the line of a place. An evaluation has about 200 kB."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The evidence as read, checked and linked."""

    request: Request
    devices: tuple[Device, ...]
    findings: tuple[Finding, ...]
    """Faults of files: YAML, schema, reference, digest; located, and named from the root."""
    sources: Mapping[str, bytes]
    """Path from the root to the bytes of every record file, for source lines in reports."""

    def located(self, where: Where) -> Where:
        """Return `where` with line and column, and its file named from the root."""
        return locate(where, self.request.prefix, self.sources)

    def places(self, wheres: Iterable[Where]) -> Mapping[Where, Where]:
        """Return each of many places with line and column, every file read once."""
        return locate_all(wheres, self.request.prefix, self.sources)

    def with_json(self, places: Iterable[Where]) -> Survey:
        """Return the survey with the bytes of the JSON files that `places` name, so that they can be located.

        They are large and seldom at fault, so a survey does not hold them by itself. A place in a file
        above `MAX_LOCATED` keeps no line: a file may be at fault for its very size.
        """
        files = {device.id: device.files for device in self.devices}
        extra: dict[str, bytes] = {}
        prefix = self.request.prefix
        for file in dict.fromkeys(where.file for where in places):
            device, _, path = file.removeprefix(f"{prefix}/").partition("/")
            if (
                path.endswith(".json")
                and device in files
                and files[device].exists(path)
                and files[device].size(path) <= MAX_LOCATED
            ):
                extra[f"{prefix}/{device}/{path}"] = files[device].read(path)
        return replace(self, sources={**self.sources, **extra})


def locate(where: Where, prefix: str, sources: Mapping[str, bytes]) -> Where:
    """Find the line and column of a pointer; a file that is not a record keeps neither."""
    file = where.file if where.file in sources else f"{prefix}/{where.file}".strip("/")
    if where.line is not None or file not in sources:
        return replace(where, file=file)
    line, column = load.locate(sources[file], where.pointer, key=where.on_key)
    return replace(where, file=file, line=line, column=column)


def locate_all(wheres: Iterable[Where], prefix: str, sources: Mapping[str, bytes]) -> dict[Where, Where]:
    """Return each place as `locate` finds it, every file read once."""
    found: dict[Where, Where] = {}
    by_file: dict[str, list[Where]] = {}
    for where in dict.fromkeys(wheres):
        file = where.file if where.file in sources else f"{prefix}/{where.file}".strip("/")
        if where.line is not None or file not in sources:
            found[where] = replace(where, file=file)
        else:
            by_file.setdefault(file, []).append(where)
    for file, group in by_file.items():
        spots = load.locate_all(sources[file], [(where.pointer, where.on_key) for where in group])
        for where, (line, column) in zip(group, spots, strict=True):
            found[where] = Where(file, where.pointer, line, column, where.on_key)
    return found


def survey(
    request: Request,
    only: Iterable[str] = (),
    *,
    trust_cache: bool = True,
    schemas: check.Schemas | None = None,
    still: bool = False,
) -> Survey:
    """Read, check and link every device, or only the devices named, by `schemas` where they are read already.

    With `still`, each file is asked after once: for a run that writes nothing between its questions.

    With `trust_cache` false every file is hashed anew, whatever an earlier run remembered of it.

    A file with a fault is left out of what follows it, and every fault is a finding.
    """
    chosen = tuple(only)
    request.doors.progress("reading records")
    source = load.read(
        request.evidence, only=chosen or None, cache=request.cache if trust_cache else None, still=still
    )
    schemas = schemas or check.Schemas.from_folder(shipped.folder("schemas"))
    request.doors.progress("checking records")
    records, schema_findings = check.check(source, schemas)
    findings = [*source.findings, *schema_findings]
    devices = []
    for number, folder in enumerate(source.folders):
        request.doors.progress(f"linking {folder.device}", number, len(source.folders))
        device, link_findings = link.link(folder.device, records.get(folder.device, {}), folder.files)
        device, misshapen = _with_sound_evaluations(device)
        devices.append(device)
        findings.extend((*link_findings, *misshapen, *outdated(device)))
    prefix = request.prefix
    sources = {
        f"{prefix}/{document.path}": document.data
        for folder in source.folders
        for document in folder.documents.values()
    }
    request.doors.progress("")
    places = locate_all((f.where for f in findings), prefix, sources)
    placed = [replace(f, where=places[f.where]) for f in findings]
    placed.sort(key=lambda f: (f.where.file, f.where.line or 0, f.where.column or 0, f.rule, f.message))
    return Survey(request, tuple(devices), tuple(placed), sources)


def _with_sound_evaluations(device: Device) -> tuple[Device, tuple[Finding, ...]]:
    """Take away every evaluation and analysis that is not of its published shape: nothing rests on it."""
    findings: list[Finding] = []
    releases = []
    for dossier in device.releases:
        sound = dossier
        if dossier.evaluation is not None:
            faults = _misshapen(device, dossier, "evaluation", dossier.evaluation)
            findings.extend(faults)
            sound = replace(sound, evaluation=None) if faults else sound
        if dossier.analysis is not None:
            faults = _misshapen(device, dossier, "analysis", dossier.analysis)
            findings.extend(faults)
            sound = replace(sound, analysis=None) if faults else sound
        releases.append(sound)
    return replace(device, releases=tuple(releases)), tuple(findings)


def _misshapen(device: Device, dossier: Dossier, name: str, body: Tree) -> tuple[Finding, ...]:
    """Return the faults of `evaluation.json` or `analysis.json`, by its name without suffix."""
    path = f"{dossier.id}/{name}.json"
    file = f"{device.id}/{path}"
    remedy = "write it with `muniment evaluate`; it is never edited by hand"
    faults = check.conforms(shipped.folder("schemas"), f"{name}.v1", body, file, remedy=remedy)
    if not faults and (body["device"], body["release"]) != (device.id, dossier.version):
        said = f"this is the {name} of {body['device']} {body['release']}"
        faults = (Finding("json", said, Where(file, "/release"), hint=remedy),)
    return _located(device, path, faults)


def _located(device: Device, path: str, faults: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Give findings in a file of the device their line and column."""
    if not faults:
        return ()
    source = {f"{device.id}/{path}": device.files.read(path)}
    places = locate_all((fault.where for fault in faults), "", source)
    return tuple(replace(fault, where=places[fault.where]) for fault in faults)


def find_release(found: Survey, name: str) -> tuple[Device, Dossier]:
    """Return the release that `[DEVICE/]VERSION` names.

    Raises `UsageError` when nothing or more than one release answers to it, and lists the candidates.
    """
    wanted_device, _, version = name.rpartition("/")
    matches = [
        (device, dossier)
        for device in found.devices
        if wanted_device in ("", device.id)
        for dossier in device.releases
        if dossier.version == version
    ]
    if len(matches) == 1:
        return matches[0]
    every = [f"{d.id}/{r.version}" for d in found.devices for r in d.releases]
    if matches:
        names = ", ".join(f"{device.id}/{dossier.version}" for device, dossier in matches)
        raise UsageError(f"release {name} is ambiguous", hint=f"say which device: {names}")
    known = ", ".join(every) or "none; the records of a release may have faults, see `muniment check`"
    raise UsageError(f"there is no release {name}", hint=f"releases: {known}")
