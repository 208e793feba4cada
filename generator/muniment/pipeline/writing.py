"""What the commands that write share: where, from what, and never half a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from muniment.errors import UsageError
from muniment.model.evidence import Device, Dossier, Record
from muniment.pipeline.request import Request
from muniment.pipeline.survey import Survey, find_release


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a command wrote."""

    path: Path
    sha256: str
    note: str = ""


def device_folder(request: Request, device: Device) -> Path:
    """Where a device's files lie."""
    return request.evidence / device.id


def sound_release(found: Survey, name: str) -> tuple[Device, Dossier]:
    """Return a release whose files have no fault; sealing what does not hold would be worse than refusing."""
    device, dossier = find_release(found, name)
    broken = [artifact for artifact in dossier.artifacts if not artifact.holds]
    if broken:
        raise UsageError(
            f"{broken[0].path} is not the file that {broken[0].record} states", hint="run `muniment check`"
        )
    return device, dossier


def find_record(found: Survey, name: str, kind: str | None) -> tuple[Device, Record]:
    """Return the one record that `[DEVICE/]ID` names; `UsageError` for none, or several."""
    matches = []
    for device in found.devices:
        inside = name.removeprefix(f"{device.id}/")
        record = device.records.get(inside.removesuffix(".yaml").removesuffix("/release"))
        if record is not None and kind in (None, record.kind):
            matches.append((device, record))
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(f"{device.id}/{record.id}" for device, record in matches)
        raise UsageError(f"{name} is ambiguous", hint=f"say which device: {names}")
    raise UsageError(f"there is no valid record {name}", hint="`muniment check` lists the faults of records")


def write_beside(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
