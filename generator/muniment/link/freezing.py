"""The manifest of a release: every file reachable from `release.yaml`, its evaluation and its analysis.

The SHA-256 of its bytes is the release digest; approvals bind to that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from muniment.errors import UnreadableInput
from muniment.link.artifacts import stands
from muniment.link.jsonfile import parse
from muniment.model.evidence import Artifact, Dossier, Files, Record
from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree

SCHEMA = "muniment/manifest/v1"
_REMEDY = "write it with `muniment freeze`; it is never edited by hand"
_HEX = frozenset("0123456789abcdef")


def manifest(dossier: Dossier, files: Files) -> bytes:
    """Return the canonical bytes of `manifest.json`: sorted keys, files sorted by path, final newline.

    Raises `UnreadableInput` if a file is missing, does not hold its digest, or nothing was evaluated yet.
    """
    entries = []
    for path in sorted(frozen_paths(dossier.records, dossier.artifacts, dossier.version, files)):
        if not stands(files, path):
            hint = (
                "run `muniment evaluate` first"
                if path == evaluation_path(dossier.version)
                else "restore the file"
            )
            raise UnreadableInput(f"{path} is missing, so the release cannot be frozen", hint=hint)
        entries.append({"path": path, "sha256": files.digest(path), "size": files.size(path)})
    broken = [artifact for artifact in dossier.artifacts if not artifact.holds]
    if broken:
        hint = "run `muniment check` and mend what it names"
        raise UnreadableInput(f"{broken[0].path} does not hold its recorded digest", hint=hint)
    body = {"schema": SCHEMA, "release": dossier.version, "files": entries}
    return (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def manifest_path(version: str) -> str:
    """Path of the manifest in the device folder."""
    return f"releases/{version}/manifest.json"


def evaluation_path(version: str) -> str:
    """Path of the evaluation in the device folder."""
    return f"releases/{version}/evaluation.json"


def analysis_path(version: str) -> str:
    """Path of the analysis in the device folder."""
    return f"releases/{version}/analysis.json"


def frozen_paths(
    records: Mapping[str, Record], artifacts: tuple[Artifact, ...], version: str, files: Files
) -> frozenset[str]:
    """Return the path of every file that belongs into the manifest.

    The analysis belongs there if it stands: a release that was frozen before there was one keeps its digest.
    """
    own = {record.document.path.split("/", 1)[1] for record in records.values()}
    computed = {evaluation_path(version)}
    if stands(files, analysis_path(version)):
        computed.add(analysis_path(version))
    return frozenset({*own, *(artifact.path for artifact in artifacts), *computed})


def read(
    device: str, version: str, expected: frozenset[str], files: Files
) -> tuple[dict[str, str], str | None, list[Finding]]:
    """Return what `manifest.json` states, the release digest, and what does not hold (rule `manifest`).

    Before `muniment freeze` there is no manifest: nothing is stated, and nothing is wrong.
    """
    path = manifest_path(version)
    if not stands(files, path):
        return {}, None, []
    data = files.read(path)
    sha256 = hashlib.sha256(data).hexdigest()
    place = f"{device}/{path}"
    tree, finding = parse(data, place, SCHEMA, _REMEDY)
    if finding is None:
        finding = _misshapen(tree, version, place)
    if finding is not None:
        return {}, sha256, [finding]
    stated = {entry["path"]: entry["sha256"] for entry in tree["files"]}
    return stated, sha256, list(_held(tree, expected, files, place, data))


def _misshapen(tree: Tree, version: str, place: str) -> Finding | None:
    """Judge the shape that the rest of this module relies on."""
    files = tree.get("files")
    good = isinstance(files, tuple) and all(
        isinstance(entry, Mapping)
        and set(entry) == {"path", "sha256", "size"}
        and isinstance(entry["path"], str)
        and isinstance(entry["sha256"], str)
        and len(entry["sha256"]) == 64
        and set(entry["sha256"]) <= _HEX
        and isinstance(entry["size"], int)
        for entry in files
    )
    if not good or tree.get("release") != version or set(tree) != {"schema", "release", "files"}:
        message = f"the manifest is not one of release {version}"
        return Finding("manifest", message, Where(place, "", 1, 1), hint=_REMEDY)
    return None


def _held(tree: Tree, expected: frozenset[str], files: Files, place: str, data: bytes) -> Iterator[Finding]:
    """Yield what the manifest promises and the folder does not keep, and the other way round."""
    listed: set[str] = set()
    for index, entry in enumerate(tree["files"]):
        path = entry["path"]
        where = Where(place, f"/files/{index}", *_position(data, path))
        if path in listed:
            yield Finding("manifest", f"the manifest lists {path} twice", where, hint=_REMEDY)
        listed.add(path)
        if path not in expected:
            message = f"the manifest lists {path}, which the release does not refer to"
            yield Finding(
                "manifest", message, where, hint="the release was changed after it was frozen: restore it"
            )
            continue
        actual = files.digest(path) if stands(files, path) else None
        if actual != entry["sha256"]:
            found = f"its sha256 is {actual}" if actual else "it is missing"
            message = f"{path} was frozen with sha256 {entry['sha256']}; {found}"
            hint = "restore the file: a frozen record is never edited, a change is a new version"
            yield Finding("manifest", message, where, hint=hint)
        elif files.size(path) != entry["size"]:
            yield Finding(
                "manifest", f"{path} has not the size that the manifest states", where, hint=_REMEDY
            )
    for path in sorted(expected - listed):
        message = f"the release refers to {path}, which the manifest does not list"
        yield Finding(
            "manifest", message, Where(place, "/files", 1, 1), hint="the release was changed after freezing"
        )


def _position(data: bytes, path: str) -> tuple[int, int]:
    """Return line and column of the entry of `path`."""
    quoted = json.dumps(path, ensure_ascii=False).encode("utf-8")
    at = data.find(quoted)
    if at < 0:
        return 1, 1
    return data.count(b"\n", 0, at) + 1, len(
        data[data.rfind(b"\n", 0, at) + 1 : at].decode("utf-8", "replace")
    ) + 1
