"""The page of a release's changes: every path that differs, before and after, by class."""

from __future__ import annotations

from dataclasses import dataclass

from muniment.model.change import Change, ChangeClass, Changes
from muniment.model.edition import ReleaseView
from muniment.render.page import Desk, Page, folder


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one class."""

    word: str
    """The class as records spell it; also the group's anchor."""
    items: tuple[Change, ...]
    """Sorted by path."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the bundle they lie in, sorted."""
        return tuple(sorted({change.part for change in self.items}))


def by_class(changes: Changes) -> tuple[Group, ...]:
    """Return the changes by class, the heaviest first; a class without a change has no group."""
    groups = (
        Group(
            level.word,
            tuple(sorted((c for c in changes.items if c.change_class is level), key=lambda c: c.path)),
        )
        for level in sorted(ChangeClass, reverse=True)
    )
    return tuple(group for group in groups if group.items)


def changes(desk: Desk, view: ReleaseView) -> Page:
    """Every change, grouped by class; a page of its own, for a retrained model changes hundreds of paths."""
    diff = {
        "schema": "muniment/diff/v1",
        "class": view.changes.computed.word,
        "changes": [change.as_json() for change in view.changes.items],
    }
    return Page(
        path=f"{folder(view)}/changes.md",
        title=f"Changes in {view.version}",
        template="changes.md.j2",
        values={"release": view, "change_groups": by_class(view.changes)},
        sources=(desk.store.derived(f"releases/{view.version}/changes.json", diff),),
        release=view.version,
        boost=0.5,
    )
