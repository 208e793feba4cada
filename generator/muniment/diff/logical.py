"""A release as one tree under stable names, whatever versions its records have."""

from __future__ import annotations

from types import MappingProxyType

from muniment.model.dataclass import dataclass
from muniment.model.evidence import DATASET_LAYERS, RELEASE_PARTS, Dossier, Record
from muniment.model.tree import Tree

HEADER = frozenset({"kind", "schema"})
"""Fields that say how to read a record; a newer schema version alone is no change of the device."""


@dataclass(frozen=True, slots=True)
class Part:
    """One record under its stable name."""

    name: tuple[str, ...]
    """`("claim",)`, `("datasets", "raw")`."""
    record: str
    """Id of the record."""
    body: Tree


def parts(dossier: Dossier) -> tuple[Part, ...]:
    """The release and every record it refers to, in a fixed order; what cannot be resolved is left out."""
    release = dossier.release.body
    datasets = release.get("datasets", {})
    named: list[tuple[tuple[str, ...], Tree]] = [
        ((name,), release.get(field)) for field, name in RELEASE_PARTS.items()
    ]
    named += [(("datasets", layer), datasets.get(layer)) for layer in DATASET_LAYERS]
    named.append((("pccp",), release.get("pccp", {}).get("plan")))
    found = [_part(("release",), dossier.release)]
    for name, reference in named:
        record = dossier.get(reference) if isinstance(reference, str) else None
        if record is not None:
            found.append(_part(name, record))
    return tuple(found)


def _part(name: tuple[str, ...], record: Record) -> Part:
    body = MappingProxyType({key: item for key, item in record.body.items() if key not in HEADER})
    return Part(name, record.id, body)
