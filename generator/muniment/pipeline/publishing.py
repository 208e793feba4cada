"""Build the portal, and pack it with the evidence into a snapshot."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from muniment import __version__, shipped
from muniment.errors import MunimentError, UsageError
from muniment.model.edition import Edition
from muniment.model.evidence import Device
from muniment.model.ruling import Status
from muniment.model.tree import at
from muniment.pipeline import trail
from muniment.pipeline.judging import Judgement, judge_all, trusted_roots
from muniment.pipeline.policies import own_packs, rule_index
from muniment.pipeline.request import SETTINGS_FILE, Request
from muniment.pipeline.survey import survey

STAMP = "portal.json"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did."""

    fresh: bool
    """Whether anything was built; false when the portal already showed this very evidence."""
    pages: int
    summary: str
    """One line: what the portal shows and what was verified."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What an archive holds."""

    files: int
    octets: int
    digest: str
    """SHA-256 of the bag's tag manifest: one value that stands for the whole bag."""
    omitted: int
    """Row-level tables left out; their digests are listed."""


@dataclass(frozen=True, slots=True)
class Handover:
    """Who hands an archive over, and when."""

    who: str
    at: datetime


def edition(judgement: Judgement) -> Edition:
    """Gather everything the portal shows into one value."""
    index = rule_index(judgement.survey.request)
    return Edition(
        as_of=judgement.survey.request.as_of,
        basis="verified",
        devices=judgement.devices,
        rules=index.rules,
        requirements=index.requirements,
        tool_version=__version__,
    )


def build_portal(
    request: Request, out: Path, *, force: bool = False, judged: Judgement | None = None
) -> Built:
    """Judge on verified facts and build the portal; skip the build if it would say the same.

    `judged` is given where that has been done already.

    Raises `UsageError` while records have faults: a page must not show what no schema accepts.
    """
    from muniment import render
    from muniment.render import portal

    out = out.absolute()
    _refuse_place(request, out)
    found = judged.survey if judged is not None else survey(request, trust_cache=False)
    faults = [f for f in found.findings if f.rule in ("yaml", "schema", "reference")]
    if faults:
        raise UsageError(
            f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in the records, "
            f"the first at {faults[0].where}: {faults[0].message}",
            hint="run `muniment check`, mend them, and build again",
        )
    judgement = judged or judge_all(found, deep=True)
    request.doors.progress("composing the pages")
    pages = render.pages(edition(judgement))
    stamp = request.cache / STAMP
    digest = _digest(pages)
    fresh = force or _remembered(stamp) != [digest, str(out.resolve())] or not (out / "index.html").is_file()
    if fresh:
        charts = request.cache / "charts"
        portal.build(pages, out, as_of=request.as_of, cache=charts, progress=request.doors.progress)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(json.dumps([digest, str(out.resolve())]) + "\n", encoding="utf-8")
    request.doors.progress("")
    return Built(fresh, sum(1 for path in pages if path.endswith(".md")), _summary(judgement))


def _refuse_place(request: Request, out: Path) -> None:
    """Refuse to write a portal into the evidence or over something else."""
    if out.resolve().is_relative_to(request.evidence.resolve()):
        raise UsageError(f"{out.name} lies in the evidence folder", hint="build into a folder of its own")
    if not out.is_dir():
        stop = next((each for each in (out, *out.parents) if each.exists()), out)
        if not stop.is_dir():
            raise UsageError(
                f"{stop.name} is a file, not a folder", hint="move it away, or name another --out"
            )
    elif out == request.root / "build" / "site":
        return  # ours, also where an earlier build was stopped half-way
    elif any(out.iterdir()) and not (out / "portal.css").is_file():
        raise UsageError(
            f"{out.name} holds something that is no portal", hint="name an empty folder, or a new one"
        )


def _digest(pages: dict[str, bytes]) -> str:
    """Return a digest over every staged file, the portal's own source and the version of the tool."""
    source = shipped.folder("site")
    parts = {f"site/{p.relative_to(source)}": p.read_bytes() for p in source.rglob("*") if p.is_file()}
    parts["mkdocs.yml"] = shipped.file("mkdocs.yml").read_bytes()
    tree = hashlib.sha256(__version__.encode())
    for path, data in sorted((parts | pages).items()):
        tree.update(path.encode() + b"\0" + hashlib.sha256(data).digest())
    return tree.hexdigest()


def _remembered(stamp: Path) -> object:
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _summary(judgement: Judgement) -> str:
    seals = [seal for view in judgement.devices for seal in view.seals]
    good = sum(1 for seal in seals if seal.outcome == "verified")
    releases = [release for view in judgement.devices for release in view.releases]
    released = sum(1 for release in releases if release.status is Status.RELEASED)
    equal = (
        "all numbers recomputed equal" if judgement.numbers_hold else "numbers DIFFER from what is recorded"
    )
    return (
        f"{len(judgement.devices)} device{'s' if len(judgement.devices) != 1 else ''}, "
        f"{len(releases)} releases ({released} released), {good} of {len(seals)} seals verified, {equal} "
        f"(as of {judgement.survey.request.as_of})"
    )


def make_archive(request: Request, target: Path, *, rows: str, handover: Handover | None = None) -> Packed:
    """Build the portal and pack it with evidence, seals and trust roots into one bag.

    A `handover` goes on the trail of each device, after the archive, which holds the trail up to then.
    Raises `MunimentError` if what would be packed does not verify.
    """
    from muniment import archive
    from muniment.pipeline.verification import verification

    archive.refuse_target(target)
    found = survey(request, trust_cache=False)
    judgement = judge_all(found, deep=True)
    checked = verification(judgement, found.findings)
    if checked.outcome == "failed":
        raise MunimentError(
            "the evidence does not verify, so it is not archived", hint="run `muniment verify`"
        )
    site = request.root / "build" / "site"
    build_portal(request, site, judged=judgement)
    made = archive.create(
        target,
        archive.Contents(
            site=site,
            holdings=tuple(
                archive.Holding(
                    view.device.id,
                    view.device.files,
                    view.device.files.listing(),
                    row_level=_row_level(view.device),
                    seals=view.seals,
                )
                for view in judgement.devices
            ),
            verification=checked.as_json(),
            trust={
                root.domain: root.trusted_root
                for d in found.devices
                for root in trusted_roots(d, found.request)
            },
            extras=_settings(request),
            information={"External-Description": "Muniment evidence snapshot"},
        ),
        made_on=request.as_of,
        rows=rows,  # type: ignore[arg-type]
        progress=request.doors.progress,
    )
    request.doors.progress("")
    if handover is not None:
        for device in found.devices:
            trail.append(
                request.evidence / device.id,
                at=handover.at,
                command="archive create",
                who=handover.who,
                wrote={},
                published={target.name: made.digest},
            )
    return Packed(made.files, made.octets, made.digest, made.omitted)


def _settings(request: Request) -> dict[str, bytes]:
    """Return the files beside the evidence that a judgement depends on: settings, and packs of one's own."""
    found = {}
    settings = request.root / SETTINGS_FILE
    if settings.is_file():
        found[SETTINGS_FILE] = settings.read_bytes()
    return found | own_packs(request)


def _row_level(device: Device) -> frozenset[str]:
    """Return the tables that records declare to hold a row a patient, whatever their suffix."""
    paths = set()
    for record in device.records.values():
        for pointer in ("/membership/path", "/members/path", "/table/path", "/predictions/table/path"):
            path = at(record.body, pointer)
            if record.kind != "monitoring" and isinstance(path, str):
                paths.add(path)
    return frozenset(paths)
