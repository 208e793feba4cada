"""Projects of any size for the benchmarks, made from the first release of the worked example.

Every device is a copy of that release's files under another name; every further release of a device
supersedes the one before it, with its own plan, run, evaluation and manifest. Tables are cut to a stub
and evaluations to a few estimates a subgroup and a few points a curve: what is measured is reading and
judging records, and a digest costs the same whatever it is of. All of it is valid, and judged by the
shipped core pack. Nothing is sealed, so every release is a candidate.

    python bench/projects.py DIR --devices 20 --releases 10
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
EXAMPLE = CHECKOUT / "evidence" / "prognosis-180"
FIRST = "1.0.0"
OUTSIDE = ("device.yaml", "roster.yaml", "decisions/cr-001.yaml")
"""Records that a device needs beside what its release refers to."""
STUB = 2048
"""Bytes kept of a table."""
KEPT = 2
"""Points kept of a curve, and estimates of a subgroup; an evaluation lists hundreds."""
SETTINGS = 'kind: settings\nschema: 1\nevidence: evidence\nas_of: "2026-04-30"\npacks: [core]\n'


@dataclass(frozen=True)
class Template:
    """The files of one device with one release, by path."""

    files: dict[str, bytes]
    own: frozenset[str]
    """Paths that every release has for itself."""
    frozen: tuple[str, ...]
    """Paths that the manifest lists."""
    device: str


def template() -> Template:
    """Read the example's first release and cut its tables."""
    manifest = json.loads((EXAMPLE / f"releases/{FIRST}/manifest.json").read_bytes())
    frozen = tuple(entry["path"] for entry in manifest["files"])
    files = {path: (EXAMPLE / path).read_bytes() for path in (*frozen, *OUTSIDE)}
    digests: dict[bytes, bytes] = {}
    for path, data in files.items():
        if not path.endswith((".yaml", ".json")):
            files[path] = data[:STUB]
            digests[_sha256(data).encode()] = _sha256(files[path]).encode()
    evaluation = f"releases/{FIRST}/evaluation.json"
    files[evaluation] = _shorter(files[evaluation])
    for path, data in files.items():
        if path.endswith((".yaml", ".json")):
            files[path] = _replaced(data, digests)
    own = frozenset(path for path in files if FIRST in path)
    return Template(files, own, frozen, EXAMPLE.name)


def _shorter(data: bytes) -> bytes:
    body = json.loads(data)
    for subgroup in body["subgroups"]:
        subgroup["estimates"] = subgroup["estimates"][:KEPT]
    for name, points in body["curves"].items():
        body["curves"][name] = points[:KEPT] if isinstance(points, list) else points
    return (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _replaced(data: bytes, words: dict[bytes, bytes]) -> bytes:
    for old, new in words.items():
        data = data.replace(old, new)
    return data


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(root: Path, devices: int, releases: int) -> int:
    """Write a project below `root`; return its number of bundles."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "muniment.yaml").write_text(SETTINGS, encoding="utf-8")
    made = template()
    for number in range(devices):
        _device(root / "evidence" / f"device-{number:05}", made, releases)
    return devices * releases


def _device(folder: Path, made: Template, releases: int) -> None:
    shared = {path: data for path, data in made.files.items() if path not in made.own}
    shared["device.yaml"] = re.sub(
        rb"(?m)^id: .*$", b"id: " + folder.name.encode(), shared["device.yaml"], count=1
    )
    for path, data in shared.items():
        _put(folder / path, data)
    for number in range(releases):
        _release(folder, made, shared, number)


def _release(folder: Path, made: Template, shared: dict[str, bytes], number: int) -> None:
    version = f"1.0.{number}"
    words = {FIRST.encode(): version.encode(), made.device.encode(): folder.name.encode()}
    files: dict[str, bytes] = {}
    stated: dict[bytes, bytes] = {}
    # Artifacts first, then the records that state their digests, the evaluation last.
    for path in sorted(made.own, key=lambda p: (p.endswith(".yaml"), p.endswith("evaluation.json"))):
        data = made.files[path]
        if path.endswith((".yaml", ".json")):
            data = _replaced(_replaced(data, stated), words)
        stated[_sha256(made.files[path]).encode()] = _sha256(data).encode()
        files[path.replace(FIRST, version)] = data
    record = f"releases/{version}/release.yaml"
    if number:
        before = f"supersedes: releases/1.0.{number - 1}".encode()
        files[record] = files[record].replace(b"supersedes: null", before)
    listed = []
    for path in made.frozen:
        here = path.replace(FIRST, version)
        data = files.get(here) or shared[here]
        listed.append({"path": here, "sha256": _sha256(data), "size": len(data)})
    listed.sort(key=lambda entry: str(entry["path"]))
    body = {"schema": "muniment/manifest/v1", "release": version, "files": listed}
    files[f"releases/{version}/manifest.json"] = (
        json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    ).encode()
    for path, data in files.items():
        _put(folder / path, data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> None:
    """Write one project."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--releases", type=int, default=1)
    options = parser.parse_args()
    print(write(options.folder, options.devices, options.releases), "bundles")


if __name__ == "__main__":
    main()
