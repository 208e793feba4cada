"""The bill of materials lists what the lockfile pins and the model that is released, and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import sbom

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_pinned_package_and_the_model_are_listed(device: Path, version: str) -> None:
    """One component a line of the lockfile that pins, the model by the digest of its file."""
    bill = json.loads((device / "releases" / version / "sbom.json").read_text(encoding="utf-8"))
    lock = (device / "pipeline" / "requirements.lock").read_text(encoding="utf-8")
    pinned = [line.split(" ")[0] for line in lock.splitlines() if "==" in line and not line.startswith("#")]
    listed = [f"{c['name']}=={c['version']}" for c in bill["components"] if c["type"] == "library"]
    assert listed == pinned
    assert len(pinned) > 5
    (model,) = [c for c in bill["components"] if c["type"] == "machine-learning-model"]
    digest = hashlib.sha256((device / "releases" / version / "model.json").read_bytes()).hexdigest()
    assert model["hashes"] == [{"alg": "SHA-256", "content": digest}]
    refs = [c["bom-ref"] for c in bill["components"]]
    assert len(refs) == len(set(refs))
    assert bill["dependencies"] == [{"ref": "device", "dependsOn": refs}]


def test_the_same_model_gives_the_same_bill_and_another_one_another_number(
    device: Path, tmp_path: Path
) -> None:
    """The serial number follows from the content: no clock and no chance in it."""
    model = device / "releases" / "1.0.0" / "model.json"
    assert sbom.bill("1.0.0", model) == sbom.bill("1.0.0", model)
    other = tmp_path / "model.json"
    other.write_bytes(model.read_bytes() + b" ")
    assert sbom.bill("1.0.0", other)["serialNumber"] != sbom.bill("1.0.0", model)["serialNumber"]
