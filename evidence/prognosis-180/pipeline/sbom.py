"""The software bill of materials of a release: CycloneDX 1.6 in JSON, from the lockfile and the model.

No time and no random number: the serial number follows from the content. Hashes of packages stay in the
lockfile, which lists every archive of a version and whose digest is recorded here.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from common import DEVICE, sha256

LOCK = DEVICE / "pipeline" / "requirements.lock"
PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)"
    r"(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?"
)
SPACE = uuid.UUID("5b0e3a0c-6a58-5d7e-9f0e-0d1c8a1b1800")
"""Namespace of the serial numbers; any fixed value serves."""
NAME = "prognosis-180"

Component = dict[str, Any]


def bill(version: str, model: Path) -> dict[str, Any]:
    """The bill of materials of one release whose model lies at `model`."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    libraries = [library(match) for match in map(PINNED.fullmatch, lines) if match]
    parts = [
        {"type": "machine-learning-model", "bom-ref": "model", "name": f"{NAME}-model", "version": version}
        | hashed(model),
        {"type": "file", "bom-ref": "lockfile", "name": "pipeline/requirements.lock"} | hashed(LOCK),
        *libraries,
    ]
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "device", "name": NAME, "version": version}
        },
        "components": parts,
        "dependencies": [{"ref": "device", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    serial = uuid.uuid5(SPACE, json.dumps(body, sort_keys=True))
    return {**body, "serialNumber": f"urn:uuid:{serial}"}


def hashed(path: Path) -> Component:
    """The digest of a file, in the format's shape."""
    return {"hashes": [{"alg": "SHA-256", "content": sha256(path)}]}


def library(match: re.Match[str]) -> Component:
    """One pinned package; a marker says for which Python it is."""
    name, version = match["name"], match["version"]
    found: Component = {
        "type": "library",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
    }
    if match["marker"]:
        found["properties"] = [{"name": f"{NAME}:environment-marker", "value": match["marker"]}]
    return found
