"""Every single edit of a release's records: change a value, drop a field, drop or add a list element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from muniment.diff.logical import HEADER, Part, parts
from muniment.model.evidence import Dossier
from muniment.model.tree import Tree

Step = str | int

ABSENT: Any = object()
"""Put in place of a node that is taken away."""


@dataclass(frozen=True)
class Mutation:
    """One edit of one record."""

    record: str
    """Id of the record."""
    path: str
    """Where in the logical tree, list elements without their keys: `claim.inputs[].units`."""
    steps: tuple[Step, ...]
    """Where in the record."""
    kind: str
    """`changed`, `removed` or `added`."""
    before: Tree
    after: Tree

    def __str__(self) -> str:
        return f"{self.kind} {self.record} /{'/'.join(map(str, self.steps))}"


def mutations(dossier: Dossier) -> Iterator[Mutation]:
    """Every single edit of what a release is made of, in document order."""
    for part in parts(dossier):
        yield from _below(part, part.body, (), ".".join(part.name))


def apply(dossier: Dossier, *edits: Mutation) -> Dossier:
    """The release after the edits; edits of one node override each other in order."""
    for edit in edits:
        record = dossier.records[edit.record]
        changed = replace(record, body=_put(record.body, edit.steps, edit.after))
        records = {**dossier.records, record.id: changed}
        release = changed if record.id == dossier.release.id else dossier.release
        dossier = replace(dossier, records=records, release=release)
    return dossier


def _below(part: Part, node: Tree, steps: tuple[Step, ...], path: str) -> Iterator[Mutation]:
    if isinstance(node, Mapping):
        for name, item in node.items():
            if not steps and name in HEADER:
                continue
            below = f"{path}.{name}"
            yield Mutation(part.record, below, (*steps, name), "removed", item, ABSENT)
            yield from _below(part, item, (*steps, name), below)
    elif isinstance(node, tuple) and node and isinstance(node[0], Mapping):
        yield Mutation(part.record, f"{path}[]", (*steps, len(node)), "added", ABSENT, _another(node[0]))
        for index, item in enumerate(node):
            yield Mutation(part.record, f"{path}[]", (*steps, index), "removed", item, ABSENT)
            yield from _below(part, item, (*steps, index), f"{path}[]")
    elif steps:
        for other in _others(node):
            yield Mutation(part.record, path, steps, "changed", node, other)


def _others(value: Tree) -> tuple[Tree, ...]:
    """Values that are not `value`: for a number one above and one below."""
    match value:
        case bool():
            return (not value,)
        case int() | float():
            return (value + 1, value - 1)
        case str():
            return (f"{value} (edited)",)
        case tuple():
            return ((*value, "one more"),)
        case _:
            return ("something",)


def _another(element: Mapping[str, Tree]) -> Tree:
    """A copy of a list element that no key mistakes for it."""
    return MappingProxyType(
        {name: f"{item}-2" if isinstance(item, str) else item for name, item in element.items()}
    )


def _put(node: Tree, steps: tuple[Step, ...], value: Any) -> Tree:
    step, *rest = steps
    if isinstance(node, Mapping):
        if rest:
            return MappingProxyType({**node, step: _put(node[step], tuple(rest), value)})
        kept = {name: item for name, item in node.items() if name != step}
        return MappingProxyType(kept if value is ABSENT else {**node, step: value})
    assert isinstance(node, tuple)
    assert isinstance(step, int)
    if rest:
        return (*node[:step], _put(node[step], tuple(rest), value), *node[step + 1 :])
    return (*node[:step], *(() if value is ABSENT else (value,)), *node[step + 1 :])
