"""A release under a predetermined change control plan, as facts.

The plan's reference is the release that was authorised with it, never the last one: what moves a little with
every release must still stay inside the bound as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from muniment.model.change import Changes
from muniment.model.evidence import Dossier, Record
from muniment.model.policy import pattern_covers
from muniment.model.tree import Tree

NOT_CLAIMED = frozenset({"not_consistent", "withdrawn"})
"""Verdicts of regulatory affairs after which a release no longer rests on the plan."""


def under_plan(
    plan: Record,
    dossier: Dossier,
    changes: Changes,
    decisions: Sequence[Record],
    authorised: Dossier | None,
    since: Changes | None,
) -> Mapping[str, Tree]:
    """What facts add to the body of the plan that a release names.

    `authorised` is the release that was authorised with the plan and `since` all changes from it to this
    one; both are `None` for that release itself. `claimed` says whether the release rests on one of the
    plan's modifications and no decision took that back; `outside` lists the paths that changed and that
    the modification does not cover; `moved` holds each limit with the `change` since `authorised`, null
    where it cannot be told.
    """
    said = dossier.release.body["pccp"]
    name = said["modification"]
    modification = next((item for item in plan.body["modifications"] if item["id"] == name), None)
    return MappingProxyType(
        {
            "claimed": modification is not None and not _taken_back(plan, name, decisions),
            "modification": modification,
            "baseline": None
            if authorised is None
            else MappingProxyType({"id": authorised.id, "version": authorised.version}),
            "outside": _outside(modification, changes),
            "moved": () if modification is None else _moved(modification, since),
        }
    )


def _taken_back(plan: Record, name: str, decisions: Sequence[Record]) -> bool:
    return any(
        record.kind == "determination"
        and (verdict := record.body.get("pccp")) is not None
        and verdict["plan"] == plan.id
        and verdict["modification"] == name
        and verdict["verdict"] in NOT_CLAIMED
        for record in decisions
    )


def _outside(modification: Tree, changes: Changes) -> tuple[str, ...]:
    patterns = () if modification is None else modification["covers"]
    return tuple(
        item.path
        for item in changes.items
        if item.change_class.word != "administrative"
        and not any(pattern_covers(pattern, item.path) for pattern in patterns)
    )


def _moved(modification: Mapping[str, Tree], since: Changes | None) -> tuple[Tree, ...]:
    return tuple(
        MappingProxyType({**limit, "change": _change(limit["path"], since)})
        for limit in modification["limits"]
    )


def _change(path: str, since: Changes | None) -> float | None:
    """How far the number at `path` moved; zero where it did not, `None` where there is no number."""
    if since is None:
        return None
    for item in since.items:
        if item.path == path:
            return _difference(item.before, item.after)
        if path.startswith((f"{item.path}.", f"{item.path}[")):
            return None  # the node above came or went as a whole
    return 0.0


def _difference(before: Tree, after: Tree) -> float | None:
    numbers = [x for x in (before, after) if isinstance(x, (int, float)) and not isinstance(x, bool)]
    return float(numbers[1] - numbers[0]) if len(numbers) == 2 else None
