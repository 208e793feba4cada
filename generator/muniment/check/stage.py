"""Documents to records: kind, schema, what annotations ask, and identity."""

from __future__ import annotations

from collections.abc import Mapping

from muniment.check.content import examine, unwritten
from muniment.check.migrations import upgrade
from muniment.check.schemas import Schemas
from muniment.model.evidence import Document, Record, Source
from muniment.model.finding import Finding, Where
from muniment.model.suggestion import closest
from muniment.model.tree import Tree, thawed


def check(source: Source, schemas: Schemas) -> tuple[Mapping[str, Mapping[str, Record]], tuple[Finding, ...]]:
    """Return the valid records of each device by id, and a finding (rule `schema`) for every fault.

    A document that `load` could not parse is passed over: its finding is there already.
    """
    records: dict[str, Mapping[str, Record]] = {}
    findings: list[Finding] = []
    for folder in source.folders:
        valid: dict[str, Record] = {}
        for identity, document in folder.documents.items():
            if document.tree is None:
                continue
            record, faults = _record(folder.device, identity, document, schemas)
            findings.extend(faults)
            if record is not None:
                valid[identity] = record
        records[folder.device] = valid
    return records, tuple(findings)


def conform(schemas: Schemas, kind: str, body: Tree, file: str) -> tuple[Finding, ...]:
    """Return what keeps a parsed file from being a good record of `kind`; nothing if it is one."""
    plain = thawed(body)
    if not schemas.valid(kind, plain):
        # jsonschema costs more to import than a whole run without faults.
        from muniment.check.explain import explain

        return explain(schemas, kind, plain, file)
    return examine(schemas, kind, body, file)


def _record(
    device: str, identity: str, document: Document, schemas: Schemas
) -> tuple[Record | None, tuple[Finding, ...]]:
    kind, finding = _kind(identity, document, schemas)
    if kind is None:
        return None, (finding,) if finding else ()
    findings = conform(
        schemas, schemas.named(kind, document.tree.get("schema")), document.tree, document.path
    )
    if not findings:
        findings = _identity(device, identity, kind, document)
    if findings:
        return None, findings
    body = upgrade(kind, document.tree, schemas.current(kind)).body
    return Record(identity, kind, body, document), unwritten(document.tree, document.path)


def _kind(identity: str, document: Document, schemas: Schemas) -> tuple[str | None, Finding | None]:
    """Return the kind of a document, if it is one that may lie there."""
    folder = _folder(identity)
    fitting = schemas.kinds_of(folder)
    advice = f"{'records in ' if '.' not in folder else ''}{folder} are of kind {' or '.join(fitting)}"
    if "kind" not in document.tree:
        where = Where(document.path, "/kind")
        hint = f"add `kind: {fitting[0]}`" if len(fitting) == 1 else f"add `kind:`; {advice}"
        return None, Finding("schema", 'missing field "kind"', where, hint=hint)
    kind = document.tree["kind"]
    where = Where(document.path, "/kind")
    if not isinstance(kind, str) or kind not in schemas.kinds:
        near = closest(str(kind), fitting) or closest(str(kind), schemas.kinds)
        question = f'; did you mean "{near}"?' if near else ""
        return None, Finding("schema", f'unknown kind "{str(kind)[:60]}"{question}', where, hint=advice)
    if kind not in fitting:
        message = f'a record of kind "{kind}" does not belong in {folder}'
        home = schemas.folder(kind)
        hint = f"move it to {home}, or correct the kind: {advice}" if home else advice
        return None, Finding("schema", message, where, hint=hint)
    return kind, None


def _folder(identity: str) -> str:
    """Return the folder a record id lies in, as schemas name it."""
    parts = identity.split("/")
    if len(parts) == 1:
        return f"{identity}.yaml"
    return "/".join(parts[:2]) if parts[0] == "datasets" else parts[0]


def _identity(device: str, identity: str, kind: str, document: Document) -> tuple[Finding, ...]:
    """A record that states its own name must state the one its place gives it."""
    stated, place, field = "", "", ""
    if kind == "device":
        stated, place, field = document.tree["id"], device, "id"
    elif kind == "release":
        stated, place, field = document.tree["version"], identity.split("/")[1], "version"
    elif identity.startswith("postmarket/"):
        stated, place, field = document.tree["release"], f"releases/{identity.split('/')[1]}", "release"
    if stated == place:
        return ()
    message = f'{field} is "{stated}", and the folder says "{place}"'
    where = Where(document.path, f"/{field}")
    return (
        Finding("schema", message, where, hint="rename the folder or correct the field: they are one name"),
    )
