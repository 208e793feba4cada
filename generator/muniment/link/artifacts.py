"""Files that records point at: found, hashed, and held to the digest stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from muniment.errors import UnreadableInput
from muniment.model.evidence import Artifact, Files, Record
from muniment.model.finding import Finding
from muniment.model.suggestion import closest
from muniment.model.tree import Tree, pointer


def stands(files: Files, path: str) -> bool:
    """Whether a file of the device stands at `path`; one that a link leads away from does not."""
    try:
        return files.exists(path)
    except UnreadableInput:
        return False


_HOLDS = frozenset((tuple, MappingProxyType))
"""Exact types of what holds more; asked first, for asking an abstract class costs ten times as much."""


def artifacts(record: Record, files: Files) -> tuple[Artifact, ...]:
    """Return every file a record points at, in document order, hashed anew."""
    return tuple(_artifacts(record, files))


def _artifacts(record: Record, files: Files) -> Iterator[Artifact]:
    for steps, node in _mappings(record.body, ()):
        if "path" in node and "sha256" in node:
            path, actual, size = node["path"], None, None
            if stands(files, path):
                actual, size = files.digest(path), files.size(path)
            at = pointer(*steps)
            yield Artifact(path, node["sha256"], actual, record.id, at, node.get("media_type", ""), size)


def _mappings(
    node: Tree, steps: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Tree]]]:
    """Yield every mapping of a tree with the steps to it, in document order."""
    items: Iterable[tuple[str | int, Tree]]
    if type(node) is not tuple and isinstance(node, Mapping):
        yield steps, node
        items = node.items()
    else:
        items = enumerate(node)
    for step, item in items:
        # Only a mapping or a list holds more; most nodes are texts and numbers.
        if type(item) in _HOLDS or (type(item) is not str and isinstance(item, Mapping)):
            yield from _mappings(item, (*steps, step))


def unheld(record: Record, found: tuple[Artifact, ...], files: Files) -> Iterator[Finding]:
    """Yield a finding for each missing file (rule `reference`) and each false digest (rule `digest`)."""
    for artifact in found:
        if artifact.actual is None:
            yield _missing(record, artifact, files)
        elif not artifact.holds:
            message = (
                f"{artifact.path} is not the file that was recorded: "
                f"sha256 is {artifact.actual}, stated is {artifact.sha256}"
            )
            hint = "restore the file; or, if the change is meant, record the new digest in a new version"
            yield Finding("digest", message, record.where(artifact.pointer + "/sha256"), hint=hint)


def _missing(record: Record, artifact: Artifact, files: Files) -> Finding:
    near = closest(artifact.path, files.listing())
    question = f'; did you mean "{near}"?' if near else ""
    message = f"the file {artifact.path} is missing{question}"
    hint = "put the file there, or correct the path: it is relative to the device folder"
    return Finding("reference", message, record.where(artifact.pointer + "/path"), hint=hint)
