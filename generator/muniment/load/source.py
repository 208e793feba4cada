"""Reads the evidence folder: every record file once, from the very bytes that are hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from muniment.errors import UnreadableInput, UsageError
from muniment.load import jsonplaces, layout, strict
from muniment.load.files import DeviceFiles
from muniment.load.roots import devices
from muniment.model.evidence import Document, Folder, Source
from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree


def read(
    root: Path, *, only: Collection[str] | None = None, cache: Path | None = None, still: bool = False
) -> Source:
    """Return every record of the evidence folder `root`, which holds one folder a device.

    `only` names the device folders to read. `cache` is a folder where digests of large files are kept
    between runs; with `still` each file is asked after once. Faults in files are findings; raises
    `UnreadableInput` if `root` is no folder, and `UsageError` if `only` names what is not there.
    """
    names = devices(root)
    if only is not None:
        for name in sorted(only):
            if not (root / name).exists():
                raise UsageError(
                    f"{name} is not in the evidence folder", hint=f"there are: {', '.join(names) or 'none'}"
                )
        names = [name for name in names if name in only]
    if not names and only is None:
        where = Where("", line=1, column=1)
        hint = "start a device folder with `muniment init DIR`, or name another folder with --evidence"
        return Source((), (Finding("layout", "the evidence folder holds no device", where, hint=hint),))
    folders = []
    findings: list[Finding] = []
    for name in names:
        folder, faults = _folder(root, name, cache, still)
        folders.append(folder)
        findings.extend(faults)
    return Source(tuple(folders), tuple(findings))


def _folder(root: Path, name: str, cache: Path | None, still: bool) -> tuple[Folder, list[Finding]]:
    """Read one device's folder."""
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise UnreadableInput(
            f"{name} leads out of the evidence folder", hint="copy the device's folder into it"
        )
    files = DeviceFiles(root / name, cache, still=still)
    paths = files.listing()
    findings = [
        *layout.misplaced(name, paths),
        *layout.headless(name, paths),
        *layout.colliding(name, paths),
    ]
    for link in files.links_out():
        where = Where(f"{name}/{link}", line=1, column=1)
        hint = "replace the link by the file it points at"
        findings.append(
            Finding("layout", f"the link {link} leads out of the device folder", where, hint=hint)
        )
    if not layout.DEVICE_NAME.fullmatch(name):
        hint = "use letters, digits, '.', '_' and '-': the folder's name is the device's id"
        findings.append(
            Finding("layout", f"{name!r} cannot be a device's id", Where(name, line=1, column=1), hint=hint)
        )
    if "device.yaml" not in paths:
        where = Where(f"{name}/device.yaml", line=1, column=1)
        hint = (
            "every folder in the evidence folder is a device: write its device.yaml, or move the folder away"
        )
        findings.append(Finding("layout", f"{name} has no device.yaml", where, hint=hint))
    documents = {}
    for path in paths:
        identity = layout.record_id(path)
        if identity is None:
            continue
        documents[identity], faults = _document(files, name, path)
        findings.extend(faults)
    return Folder(name, dict(sorted(documents.items())), files), findings


def _document(files: DeviceFiles, device: str, path: str) -> tuple[Document, tuple[Finding, ...]]:
    """Read and parse one record file."""
    place = f"{device}/{path}"
    try:
        data = files.read(path, limit=strict.MAX_BYTES * 8)
    except UnreadableInput as error:
        finding = Finding("yaml", error.message, Where(place, line=1, column=1), hint=error.hint)
        return Document(place, b"", hashlib.sha256(b"").hexdigest(), None), (finding,)
    tree, findings = yaml_tree(data, place)
    if not findings and not isinstance(tree, Mapping):
        where = Where(place, line=1, column=1)
        hint = "write the fields one below the other, `name: value`, starting with `kind:`"
        findings = (Finding("yaml", "a record is a mapping of fields, and this is not", where, hint=hint),)
        tree = None
    return Document(place, data, hashlib.sha256(data).hexdigest(), tree), findings


def yaml_tree(data: bytes, name: str) -> tuple[Tree, tuple[Finding, ...]]:
    """Return the frozen tree of strict YAML and what is wrong with it (rule `yaml`).

    `name` is the file as findings name it. With any finding the tree is `None`.
    """
    tree, problems = strict.compose(data)
    return tree, tuple(
        Finding("yaml", problem.message, Where(name, "", problem.line, problem.column), hint=problem.hint)
        for problem in problems
    )


def settings(path: Path) -> Mapping[str, Tree]:
    """Return the settings in `muniment.yaml`, strictly read; raises `UnreadableInput` for any fault.

    The shape is judged by the schema `settings`, in `check`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableInput(
            f"{path.name} cannot be read: {error.strerror}", hint="check that it is there"
        ) from error
    tree, problems = strict.compose(data)
    if problems:
        first = problems[0]
        raise UnreadableInput(
            first.message, hint=first.hint, where=f"{path.name}:{first.line}:{first.column}"
        )
    if not isinstance(tree, Mapping):
        raise UnreadableInput(
            "settings are a mapping of fields", hint="start with `kind: settings`", where=path.name
        )
    return tree


def locate(data: bytes, pointer: str, *, key: bool = False) -> tuple[int, int]:
    """Return the 1-based line and column of the node at a JSON Pointer in YAML or JSON bytes.

    With `key`, of the key that names it. For a node that is not there, of its nearest ancestor.
    """
    return _place(_places(data), pointer, key)


def locate_all(data: bytes, wanted: Sequence[tuple[str, bool]]) -> tuple[tuple[int, int], ...]:
    """Return line and column of many nodes of one file, read once; `wanted` pairs a pointer with `key`."""
    pointers = frozenset(pointer for pointer, _ in wanted)
    places = jsonplaces.places(data, pointers)
    if places is None:
        places = strict.places(data, pointers)
    return tuple(_place(places, pointer, key) for pointer, key in wanted)


@lru_cache(maxsize=8)
def _places(data: bytes) -> Mapping[str, strict.Place]:
    """Every place of a file, for whoever asks one by one."""
    places: dict[str, strict.Place] = {}
    strict.compose(data, places)
    return places


def _place(places: Mapping[str, strict.Place], wanted: str, key: bool) -> tuple[int, int]:
    for ancestor in strict.ancestors(wanted):
        place = places.get(ancestor)
        if place is not None:
            return place.key if key and ancestor == wanted else place.value
    return 1, 1
