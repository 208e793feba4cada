"""Statements in SLSA's own words: where a model came from, and what the policies said of a release.

Both say nothing that the records and the verdict do not say. They exist so that programs which know SLSA,
and not Muniment, can read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from muniment import __version__, attest
from muniment.archive.contents import is_row_level
from muniment.errors import UsageError
from muniment.model.evidence import Device, Record
from muniment.model.tree import Tree
from muniment.pipeline.judging import SAME, judge_all, only
from muniment.pipeline.pens import Hand, seal_statement
from muniment.pipeline.policies import load_packs, pack_digest
from muniment.pipeline.request import Request
from muniment.pipeline.sealing import signer_of
from muniment.pipeline.survey import Survey, find_release, survey
from muniment.pipeline.writing import Written, find_record

BUILDER = "https://muniment.invalid/builder/recorded-run"
"""A run that people recorded; no builder vouches for it by itself."""


def seal_provenance(request: Request, name: str, hand: Hand, *, builder: str = BUILDER) -> Written:
    """Seal what the training run of a release, or a run named by its id, read, ran and wrote.

    Row-level tables that it wrote are no subjects: an archive leaves them out, and a seal on what is not
    there does not hold. The run record, which is among the dependencies, states their digests.

    Raises `UsageError` where a file is not the one that the run record states.
    """
    device, run = _run(survey(request, trust_cache=False), name)
    outputs = {
        each.path: each.sha256 for each in _files(device, run, "outputs") if not is_row_level(each.path)
    }
    body = run.body
    lockfile = _files(device, run, "environment", "lockfile")
    own = attest.Resource(f"{run.id}.yaml", run.document.sha256, "application/yaml")
    read = [own, *_files(device, run, "code"), *_files(device, run, "inputs"), *lockfile]
    statement = attest.provenance(
        run.id,
        str(body["release"]),
        outputs,
        argv=[str(word) for word in body["argv"]],
        dependencies=sorted({each.path: each for each in read}.values(), key=lambda each: each.path),
        builder=builder,
        signer=signer_of(request, device, hand),
    )
    return seal_statement(request, device, statement, hand)


def seal_verdict(request: Request, name: str, hand: Hand) -> Written:
    """Seal what the policies say of a frozen release on the day of the seal, on verified facts.

    Raises `UsageError` while a number does not come out as recorded: no verdict rests on that.
    """
    asked = replace(request, as_of=hand.at.date().isoformat())
    found = survey(asked, trust_cache=False)
    device, dossier = find_release(found, name)
    if dossier.manifest_sha256 is None:
        raise UsageError(
            f"release {dossier.version} is not frozen, so there is no digest to judge",
            hint=f"run `muniment freeze {dossier.version}`",
        )
    judged = judge_all(found, deep=True, wanted=only(device, (dossier.version,)))
    numbers = judged.numbers.get((device.id, dossier.version), ())
    if any(number["outcome"] not in SAME for number in numbers):
        raise UsageError("a number does not come out as recorded", hint="run `muniment verify`")
    release = next(view for view in judged.devices if view.device.id == device.id).releases[0]
    packs = load_packs(asked).packs
    names = "+".join(f"{pack.id}@{pack.version}" for pack in packs)
    statement = attest.verdict(
        dossier.version,
        dossier.manifest_sha256,
        outcome=release.verdict.outcome,
        device=device.id,
        policy=attest.Resource(f"urn:muniment:packs:{names}", pack_digest(asked)),
        attestations=[
            attest.Resource(seal.file, seal.sha256) for seal in release.seals if seal.outcome == "verified"
        ],
        tool_version=__version__,
        signer=signer_of(asked, device, hand),
    )
    return seal_statement(asked, device, statement, hand)


def _run(found: Survey, name: str) -> tuple[Device, Record]:
    if "runs/" in name:
        return find_record(found, name, "run")
    device, dossier = find_release(found, name)
    run = dossier.get(str(dossier.release.body.get("run")))
    if run is None:
        raise UsageError(f"release {dossier.version} names no run", hint="add `run:` to its release.yaml")
    return device, run


def _files(device: Device, run: Record, *steps: str) -> list[attest.Resource]:
    node: Tree = run.body
    for step in steps:
        node = node.get(step, ())
    return list(_resources(device, run, node if isinstance(node, tuple) else (node,)))


def _resources(device: Device, run: Record, files: Tree) -> Iterator[attest.Resource]:
    for file in files:
        path = file["path"]
        if not device.files.exists(path) or device.files.digest(path) != file["sha256"]:
            raise UsageError(f"{path} is not the file that {run.id} states", hint="run `muniment check`")
        yield attest.Resource(path, file["sha256"], file.get("media_type", ""))
