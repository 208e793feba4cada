"""How the device is operated, as facts: the entries of its living records that hold on a day.

These records belong to the device and to no release, and stay outside every manifest. Entries are ended
and appended, so the same files answer for any day.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from muniment.judge.place import Path, Place
from muniment.model.evidence import Record
from muniment.model.tree import Tree

SECTIONS = (
    ("environments", "environments", "environments"),
    ("endpoints", "endpoints", "endpoints"),
    ("access", "access", "access"),
    ("allowed_regions", "residency", "allowed"),
    ("holdings", "residency", "holdings"),
    ("trails", "audit_trail", "trails"),
    ("retention", "retention", "retention"),
    ("functions", "control_plane", "functions"),
    ("tools", "tool_qualification", "tools"),
)
"""Name in the facts, record kind, and the field of the record that holds the entries."""
_KINDS = frozenset(kind for _name, kind, _field in SECTIONS)


def operations(records: Iterable[Record], as_of: str, places: dict[Path, Place]) -> Tree:
    """Return each list of entries in force on `as_of`, over all records of its kind, sorted by record id.

    A list without any record of its kind is missing, so that a rule which needs it is undecided; one whose
    entries have all ended is empty. `records` lists id, kind and origin of the records themselves. Notes in
    `places` where each entry stands.
    """
    held = sorted((record for record in records if record.kind in _KINDS), key=lambda record: record.id)
    tree: dict[str, Tree] = {"records": tuple(_head(record) for record in held)}
    for index, record in enumerate(held):
        places[("operations", "records", index)] = Place(record.document.path)
    for name, kind, field in SECTIONS:
        mine = [record for record in held if record.kind == kind]
        if mine:
            tree[name] = _entries(name, mine, field, as_of, places)
    return MappingProxyType(tree)


def _head(record: Record) -> Tree:
    return MappingProxyType({"id": record.id, "kind": record.kind, "origin": record.body["origin"]})


def _entries(
    name: str, records: Iterable[Record], field: str, as_of: str, places: dict[Path, Place]
) -> tuple[Tree, ...]:
    found: list[Tree] = []
    for record in records:
        for position, entry in enumerate(record.body[field]):
            if _in_force(entry, as_of):
                places[("operations", name, len(found))] = Place(record.document.path, f"/{field}/{position}")
                found.append(entry)
    return tuple(found)


def _in_force(entry: Tree, as_of: str) -> bool:
    """Whether an entry holds on a day; one without a period always does."""
    if "from" not in entry:
        return True
    return bool(entry["from"] <= as_of and (entry["to"] is None or as_of <= entry["to"]))
