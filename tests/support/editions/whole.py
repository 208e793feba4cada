"""The edition itself, from its parts."""

from __future__ import annotations

import hashlib

from muniment.model.edition import DeviceView, Edition, RequirementEntry
from muniment.model.evidence import Device
from muniment.model.finding import Finding, Severity, Where
from support.editions.after_release import after_release
from support.editions.control import device_files
from support.editions.datasets import datasets
from support.editions.decisions import decisions, release_records
from support.editions.device import device_records
from support.editions.judged import dossier, rules, seals, view
from support.editions.making import AS_OF, DEVICE, Making, MemoryFiles
from support.editions.numbers import evaluation, windows
from support.editions.operations import operations
from support.editions.release import analysis, bill


def edition(*, hostile: bool = False) -> Edition:
    """Return the edition that this package is about."""
    making = Making(hostile)
    device_records(making)
    datasets(making)
    decisions(making)
    device_files(making)
    after_release(making)
    operations(making)
    for version, supersedes in (("1.0.0", None), ("1.1.0", "1.0.0"), ("1.2.0-rc1", "1.1.0")):
        release_records(making, version, supersedes)
    evaluations = {v: making.json(f"releases/{v}/evaluation.json", evaluation(v)) for v in ("1.0.0", "1.1.0")}
    analyses = {v: making.json(f"releases/{v}/analysis.json", analysis(v)) for v in ("1.0.0", "1.1.0")}
    for version in ("1.0.0", "1.1.0"):
        making.json(f"releases/{version}/sbom.json", bill())
        making.json(f"releases/{version}/privacy.json", {"schema": "demo/privacy/v1", "findings": []})
        making.json(f"releases/{version}/security.json", {"schema": "demo/security/v1", "calls": 1000})
        making.json(f"releases/{version}/manifest.json", {"schema": "muniment/manifest/v1", "files": []})
        making.json(f"postmarket/{version}/windows.json", windows(version))
    sealed = {v: seals(making, v) for v in ("1.0.0", "1.1.0")}
    files = MemoryFiles(making.files)
    dossiers = {
        version: dossier(making, version, evaluations.get(version), analyses.get(version))
        for version in ("1.0.0", "1.1.0", "1.2.0-rc1")
    }
    views = tuple(view(making, dossier, sealed.get(version, ())) for version, dossier in dossiers.items())
    device = Device(DEVICE, dict(sorted(making.records.items())), tuple(dossiers.values()), files)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in making.files.items()}
    finding = Finding(
        "digest",
        making.say("a digest does not hold"),
        Where(f"{DEVICE}/runs/1.yaml", "/inputs/0"),
        Severity.WARN,
        making.say("restore the file"),
    )
    return Edition(
        as_of=AS_OF,
        basis="verified",
        devices=(
            DeviceView(
                device, views, tuple(s for group in sealed.values() for s in group), (finding,), digests
            ),
        ),
        rules=rules(making),
        requirements=tuple(
            RequirementEntry(
                f"VAL-{n:02d}",
                making.say(f"Requirement {n}"),
                ("62304:5.8", "AIA:15"),
                ("criteria-locked-first",) if n == 3 else (),
                None if n == 3 else making.say("needs a record that no schema has yet"),
            )
            for n in range(1, 13)
        ),
        tool_version="0.1.0",
    )
