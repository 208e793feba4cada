"""`muniment check --staged`: what a commit in the making does to the evidence.

What is judged is what will be committed, the index. Where the work tree says the same (as it does inside
`pre-commit` and `prek`, which put unstaged edits away first) it is judged in place; where it holds more,
edits or new files that were not added, the staged files are laid out beside it and judged there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from muniment.errors import UsageError
from muniment.load.git import Repository
from muniment.pipeline.request import SETTINGS_FILE, Doors, Request, find_root, request
from muniment.pipeline.scope import Scope, pack_folders, scope_of

ASIDE = "the work tree holds edits that are not staged; the staged files were judged, without them"
NOTHING = "nothing that is staged concerns the evidence"


@dataclass(frozen=True, slots=True)
class Staged:
    """What to judge of a commit in the making."""

    request: Request
    scope: Scope
    note: str = ""
    """What the user should know about where it was judged; empty when there is nothing to say."""


@contextmanager
def staged(
    doors: Doors, *, start: Path, evidence: str | None = None, as_of: str | None = None
) -> Iterator[Staged]:
    """Yield what the next commit can affect, and where it lies while it is judged.

    `start` is the folder the command runs in, `evidence` and `as_of` are the options. Raises `UsageError`
    outside a git work tree, or where the evidence folder is not in it.
    """
    repository = Repository.around(start)
    asked = request(doors, start=_project(repository, start, evidence), evidence=evidence, as_of=as_of)
    top = repository.top
    if not asked.evidence.resolve().is_relative_to(top):
        raise UsageError(
            f"the evidence folder {asked.evidence.name} is not in this git repository",
            hint="run it inside the repository that holds the evidence",
        )
    scope = scope_of(asked, [top / path for path in repository.staged()], gone=True)
    if scope.nothing:
        yield Staged(asked, scope, NOTHING)
        return
    watched = [asked.evidence, asked.root / SETTINGS_FILE, *pack_folders(asked)]
    watched += [(top / path).parent for path in repository.tracked("pack.yaml")]
    real = sorted({path.resolve() for path in watched})
    inside = [path.relative_to(top).as_posix() for path in real if path.is_relative_to(top)]
    if not repository.differs(inside):
        yield _staged(asked, scope, "")
        return
    with repository.index(inside) as folder:
        yield _staged(_laid(asked, top, folder, doors, as_of), scope, ASIDE)


def _staged(asked: Request, scope: Scope, note: str) -> Staged:
    """Return what to judge, without devices that the commit takes away whole."""
    there = scope.present(asked.evidence)
    gone = [name for name, paths in scope.touched.items() if name not in there.touched and any(paths)]
    if gone:
        if not any(entry.is_dir() for entry in asked.evidence.iterdir()):
            return Staged(asked, Scope(), note)  # an evidence folder without a device is a finding
        note = f"the commit leaves nothing of {', '.join(gone)} to judge" + (f"; {note}" if note else "")
    return Staged(asked, there, note or (NOTHING if there.nothing else ""))


def _project(repository: Repository, start: Path, evidence: str | None) -> Path:
    """Return where to look for settings; a hook runs at the top, and the project may lie below it."""
    if evidence is not None or find_root(start.resolve()) or (start / "evidence").is_dir():
        return start
    found = repository.tracked(SETTINGS_FILE)
    if len(found) > 1:
        raise UsageError(
            f"the repository holds {len(found)} projects: {', '.join(found[:5])}",
            hint="say which with --evidence DIR, one hook entry a project",
        )
    return (repository.top / found[0]).parent if found else start


def _laid(asked: Request, top: Path, folder: Path, doors: Doors, as_of: str | None) -> Request:
    """Return the request on the staged files, by the settings that are staged with them."""
    evidence = folder / asked.evidence.resolve().relative_to(top)
    evidence.mkdir(parents=True, exist_ok=True)
    if not asked.root.resolve().is_relative_to(top):
        return replace(asked, evidence=evidence)
    root = folder / asked.root.resolve().relative_to(top)
    if (root / SETTINGS_FILE).exists():
        laid = request(doors, start=root, evidence=str(evidence), as_of=as_of)
        return replace(laid, project=asked.root)
    day = as_of or doors.today().isoformat()
    return Request(root=root, evidence=evidence, as_of=day, doors=doors)
