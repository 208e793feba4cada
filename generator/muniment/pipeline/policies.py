"""Policy packs: read from their folder, and asked what they hold."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from muniment import check, judge, load, shipped
from muniment import diff as differ
from muniment.errors import InvalidPolicy, UsageError
from muniment.model.dataclass import dataclass
from muniment.model.edition import RequirementEntry, RuleEntry
from muniment.model.finding import Finding
from muniment.model.places import places
from muniment.model.policy import Loosening, pattern_steps
from muniment.model.tree import Tree, steps, walk
from muniment.pipeline.kept_packs import KeptPacks
from muniment.pipeline.request import CACHE, SETTINGS_FILE, Request
from muniment.pipeline.survey import locate

_PACK_FILE = re.compile(r"(?:pack|taxonomy|(?:rules|cases)/.+)\.yaml")
_PACK_LAYOUT = "a pack is pack.yaml, rules/*.yaml, cases/*.yaml and, in one pack, taxonomy.yaml"


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """Rules and requirements, for `rules`, `explain` and the portal."""

    rules: tuple[RuleEntry, ...]
    requirements: tuple[RequirementEntry, ...]
    fields: Mapping[str, tuple[str, ...]]
    """Requirement id to the record fields that carry it."""
    pages: Mapping[str, tuple[str, ...]]
    """Requirement id to the portal's pages about it, relative to an edition; `{release}` is any release's."""
    loosenings: tuple[Loosening, ...] = ()
    """Where a layer is less strict than the pack below it."""


def load_packs(request: Request, *, cases: bool = False, kept: bool = False) -> judge.Packs:
    """Read the policy packs of a request, with the cases beside them only where they are wanted.

    With `kept`, the very same packs are taken as an earlier run of this project compiled them.

    Raises `InvalidPolicy`, naming file, line and column.
    """
    sources = _pack_sources(request, cases=cases)

    def at(file: str, pointer: str) -> tuple[int, int]:
        return load.locate(sources[file], pointer)

    memory = None
    # A folder without settings is no project, and gets no files from us.
    project = request.project or request.root
    if kept and not cases and (project / SETTINGS_FILE).is_file():
        memory = KeptPacks(project / CACHE, sources)
        known = memory.get(at)
        if known is not None:
            return known
    documents = {file: _policy_tree(file, data) for file, data in sources.items()}
    packs = judge.load_packs(documents, at)
    if memory is not None:
        memory.put(packs)
    return packs


def own_packs(request: Request) -> dict[str, bytes]:
    """Return the files of the packs that do not ship with the program, packs below included, by path."""
    shelf = shipped.folder("policies")
    return {
        (folder / inside).relative_to(request.root).as_posix(): (folder / inside).read_bytes()
        for folder in _pack_folders(request).values()
        if folder.parent != shelf
        for inside in _pack_files(folder)
    }


def pack_digest(request: Request) -> str:
    """Return one SHA-256 over the packs of a request, packs below included.

    It is that of the text `sha256sum` writes for their files, named from the folder that holds the pack and
    sorted by name; cases are left out.
    """
    sources = _pack_sources(request, cases=False)
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(sources.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _pack_sources(request: Request, *, cases: bool) -> dict[str, bytes]:
    """Return pack file, named from the folder that holds the pack, to its bytes; packs below included."""
    sources: dict[str, bytes] = {}
    for name, folder in _pack_folders(request).items():
        for inside in _pack_files(folder):
            if not _PACK_FILE.fullmatch(inside):
                # A rule that is not found would be a rule that is always met.
                raise InvalidPolicy(
                    f"{inside} has no place in a pack", where=f"{name}/{inside}", hint=_PACK_LAYOUT
                )
            if cases or not inside.startswith("cases/"):
                sources[f"{name}/{inside}"] = (folder / inside).read_bytes()
    return sources


def _pack_files(folder: Path) -> list[str]:
    """Return the YAML files below a folder, as POSIX paths from there, each folder's in order."""
    found: list[str] = []
    waiting = [(os.fspath(folder), "")]
    # Not `rglob`, which takes ten times as long over a thousand cases.
    while waiting:
        here, base = waiting.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{base}{name}/"))
                elif name.endswith((".yaml", ".yml")) and name not in (".yaml", ".yml") and entry.is_file():
                    found.append(base + name)
    return sorted(found, key=lambda path: path.split("/"))


def _pack_folders(request: Request) -> dict[str, Path]:
    """Return the folders of the packs, by their last name, with those that they extend."""
    folders: dict[str, Path] = {}
    waiting = list(request.packs)
    while waiting:
        folder = _pack_folder(request, waiting.pop(0))
        if folders.get(folder.name, folder) != folder:
            raise UsageError(f"two packs lie in folders called {folder.name!r}", hint="rename one of them")
        if folder.name not in folders:
            folders[folder.name] = folder
            waiting += _extended(f"{folder.name}/pack.yaml", (folder / "pack.yaml").read_bytes())
    return folders


def is_shipped(name: str) -> bool:
    """Whether a pack of that name ships with the program."""
    return (shipped.folder("policies") / name / "pack.yaml").is_file()


def _pack_folder(request: Request, name: str) -> Path:
    """Return the folder of a pack: a shipped one, or one below the project's root."""
    shelf = shipped.folder("policies")
    folder = next((at for at in (shelf / name, request.root / name) if at.is_dir()), None)
    if folder is None:
        known = ", ".join(sorted(path.parent.name for path in shelf.glob("*/pack.yaml")))
        raise UsageError(
            f"there is no policy pack {name!r}", hint=f"shipped: {known}; or name a folder of one"
        )
    if not (folder / "pack.yaml").is_file():
        raise InvalidPolicy(f"{name} is no policy pack: it has no pack.yaml", hint=_PACK_LAYOUT)
    return folder


def _extended(file: str, data: bytes) -> list[str]:
    """Return the packs that a pack.yaml says it extends; whatever else is wrong with it is found later."""
    if b"extends" not in data:
        return []
    head = _policy_tree(file, data)
    named = head.get("extends", ()) if isinstance(head, Mapping) else ()
    return [name for name in ((named,) if isinstance(named, str) else named or ()) if isinstance(name, str)]


def catalogue() -> Tree:
    """Read the shipped requirement catalogue."""
    path = shipped.folder("policies") / "catalogue" / "requirements.yaml"
    return _policy_tree("catalogue/requirements.yaml", path.read_bytes())


def _policy_tree(file: str, data: bytes) -> Tree:
    tree, findings = load.yaml_tree(data, file)
    if findings:
        raise InvalidPolicy(findings[0].message, where=str(findings[0].where), hint=findings[0].hint)
    return tree


def rule_index(request: Request) -> RuleIndex:
    """Return every rule and every row of the catalogue, each with the other."""
    packs = load_packs(request)
    fields: dict[str, list[str]] = {}
    schemas = check.Schemas.from_folder(shipped.folder("schemas"))
    for kind in schemas.kinds:
        for pointer, node in walk(schemas.document(kind)):
            if isinstance(node, Mapping) and "x-requirements" in node:
                name = ".".join(step for step in steps(pointer) if step not in ("properties", "items"))
                for requirement in node["x-requirements"]:
                    fields.setdefault(requirement, []).append(f"{kind}.{name}")
    rows = judge.requirements(packs, catalogue())
    return RuleIndex(
        rules=judge.index(packs),
        requirements=rows,
        fields={key: tuple(sorted(names)) for key, names in fields.items()},
        pages={
            row.id: (
                f"requirements.html#{row.id}",
                *places(row.id),
                *(f"rules.html#{rule}" for rule in row.rules),
            )
            for row in rows
        },
        loosenings=packs.loosenings,
    )


def lint_packs(request: Request) -> tuple[Finding, ...]:
    """Return what is wrong with the packs of a request, located in their own files; loosenings as notes."""
    sources = _pack_sources(request, cases=True)
    packs = load_packs(request, cases=True)
    found = (*judge.lint(packs, catalogue(), schema_documents()), *judge.loosened(packs))
    return tuple(_placed(finding, sources) for finding in found)


def loosened(request: Request) -> tuple[Finding, ...]:
    """Return a note for each place where a layer is less strict than the pack below it."""
    sources = _pack_sources(request, cases=False)
    return tuple(_placed(finding, sources) for finding in judge.loosened(load_packs(request)))


def _placed(finding: Finding, sources: Mapping[str, bytes]) -> Finding:
    if finding.where.file not in sources:
        return finding
    return replace(finding, where=locate(finding.where, "policies", sources))


def schema_documents() -> dict[str, Any]:
    """Return every JSON Schema by name, those of outputs as `outputs/NAME`."""
    folder = shipped.folder("schemas")
    return {
        path.relative_to(folder).as_posix().removesuffix(".json"): json.loads(path.read_bytes())
        for path in sorted(folder.rglob("*.json"))
    }


def class_of_path(request: Request, path: str) -> tuple[str, str, str]:
    """Return the change class of a path, the taxonomy's pattern that decides it, and why.

    `path` is written as `muniment diff` prints it: `release.model.file.sha256`, `claim.inputs[age].units`.
    """
    steps = pattern_steps(path)
    if steps is None:
        raise UsageError(f"{path!r} is not a path", hint="write it as `muniment diff` does: release.summary")
    found = differ.Classifier(load_packs(request).taxonomy).of(steps)
    return found.change_class.word, found.rule, found.reason


def run_cases(request: Request) -> tuple[judge.CaseResult, ...]:
    """Judge every case beside the packs of a request."""
    return judge.test(load_packs(request, cases=True))
