"""`muniment migrate`: records in older schema versions, brought up to date where nothing has sealed them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from muniment import check, load, shipped
from muniment.model.evidence import Device, Record
from muniment.model.tree import thawed
from muniment.pipeline.request import Request
from muniment.pipeline.scope import Scope
from muniment.pipeline.survey import Survey, survey
from muniment.pipeline.versions import sealed

Outcome = Literal["migrated", "sealed", "unsure", "faulty"]


@dataclass(frozen=True, slots=True)
class Migration:
    """One record in an older version, and what becomes of it."""

    file: str
    """As findings name it, from the project's root."""
    outcome: Outcome
    written: int
    """Schema version the file states."""
    current: int
    before: bytes = b""
    after: bytes = b""
    """The bytes that take the place of `before`; the same where the file is left alone."""
    said: str = ""
    """Why it is left alone."""


def migrate(request: Request, scope: Scope, *, write: bool) -> tuple[Migration, ...]:
    """Bring the records in scope to today's schema version and return what became of each older one.

    With `write` false no file is touched. A record with a fault is left for `muniment check` to explain.
    """
    found = survey(request, only=scope.devices)
    out = [each for device in found.devices for each in _of_device(found, device, scope)]
    for each in out if write else ():
        if each.outcome == "migrated":
            _replace(request.evidence / each.file.removeprefix(f"{request.prefix}/"), each.after)
    return tuple(out)


def _of_device(found: Survey, device: Device, scope: Scope) -> Iterator[Migration]:
    schemas = check.Schemas.from_folder(shipped.folder("schemas"))
    for record in device.records.values():
        if record.document.tree["schema"] == record.body["schema"]:
            continue
        if _named(scope, device.id, record.document.path.partition("/")[2]):
            yield _migration(found.request.prefix, device, record, schemas)


def _migration(prefix: str, device: Device, record: Record, schemas: check.Schemas) -> Migration:
    written, current = record.document.tree["schema"], record.body["schema"]
    file, data = f"{prefix}/{record.document.path}", record.document.data
    alone = Migration(file, "faulty", written, current, data, data)
    if sealed(device, record):
        said = "a frozen release or a seal holds it; it stays readable as it is"
        return replace(alone, outcome="sealed", said=said)
    edits = check.upgrade(record.kind, record.document.tree, current).edits
    if edits.unsure:
        line, _ = load.locate(data, edits.unsure[0])
        said = f"line {line}: only a person can restate this value; write it and `schema: {current}` by hand"
        return replace(alone, outcome="unsure", said=said)
    after = load.rewritten(data, edits.values)
    tree, problems = load.yaml_tree(after, file)
    if problems or tree != record.body or not schemas.valid(record.kind, thawed(tree)):
        return replace(alone, said="the edited text would not say the same; edit it by hand")
    return replace(alone, outcome="migrated", after=after)


def _named(scope: Scope, device: str, path: str) -> bool:
    if scope.everything:
        return True
    return any(
        not each or path == each or path.startswith(f"{each}/") for each in scope.touched.get(device, ())
    )


def _replace(path: Path, data: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    real = path.resolve()
    beside = real.with_name(f".{real.name}.new")
    beside.write_bytes(data)
    os.chmod(beside, real.stat().st_mode)  # noqa: PTH101 - the mode of the file that it takes the place of
    beside.replace(real)
