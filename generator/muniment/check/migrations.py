"""Older schema versions of records: how each becomes the next, as pure steps.

A step looks at a body of version N and returns the edits that make it version N+1. The same edits are
applied in two ways. In memory, always: a record is held against the schema of the version it states, and
is then judged in today's shape, so that a rule is written once and a sealed record stays readable for
ever. In the file, by `muniment migrate` alone and only where nothing has sealed it.

An edit replaces the value of one field. A step never adds what nobody said: where it cannot tell, it says
so in `unsure`, the field is left empty in memory, rules find it missing, and the file is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, frozen, pointer


@dataclass(frozen=True, slots=True)
class Edits:
    """What makes a body of one version a body of the next."""

    values: Mapping[str, Tree]
    """JSON Pointer to the value that takes the place of the one there."""
    unsure: tuple[str, ...] = ()
    """Pointers of values that only a person can restate."""


Step = Callable[[Tree], Edits]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A body in today's shape, and how it came to it."""

    body: Tree
    edits: Edits
    """From the body as written to today's; empty values where it was of today's version."""


def upgrade(kind: str, body: Tree, current: int) -> Upgrade:
    """Return a body in the shape of schema version `current`; it must fit the schema it states."""
    values: dict[str, Tree] = {}
    unsure: list[str] = []
    for version in range(body["schema"], current):
        edits = STEPS[kind, version](body)
        values |= {**edits.values, "/schema": version + 1}
        unsure += edits.unsure
        empty: dict[str, Tree] = {place: {} for place in edits.unsure}
        body = _edited(body, {**edits.values, **empty, "/schema": version + 1}, "")
    return Upgrade(body, Edits(MappingProxyType(values), tuple(unsure)))


def _edited(node: Tree, values: Mapping[str, Tree], at: str) -> Tree:
    if at in values:
        return frozen(values[at])
    if isinstance(node, Mapping):
        return MappingProxyType({key: _edited(item, values, at + pointer(key)) for key, item in node.items()})
    if isinstance(node, tuple):
        return tuple(_edited(item, values, at + pointer(index)) for index, item in enumerate(node))
    return node


# --- monitors 1 → 2: a window was a line of text; it is a length and a unit ---------------------

_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "each": 1,
    "every": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "six": 6,
    "twelve": 12,
}
_ADVERBS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
_WINDOW = re.compile(
    r"(?:(?P<count>[0-9]{1,3}|" + "|".join(_NUMBERS) + r") )?(?P<starts>calendar |rolling )?"
    r"(?P<unit>day|week|month|quarter|year)s?(?: (?:of|by) (?P<dated_by>\S.*))?",
    re.IGNORECASE,
)


def window(text: str) -> Tree | None:
    """Return what a line such as `one calendar quarter of enrolment` says; `None` where it cannot be told."""
    line = " ".join(text.split())
    if line.lower() in _ADVERBS:
        return frozen({"length": 1, "unit": _ADVERBS[line.lower()]})
    found = _WINDOW.fullmatch(line)
    if found is None:
        return None
    count = (found["count"] or "one").lower()
    length = _NUMBERS.get(count) or int(count)
    said = {
        "length": length,
        "unit": found["unit"].lower(),
        "starts": found["starts"] and found["starts"].strip().lower(),
        "dated_by": found["dated_by"],
    }
    return frozen({name: value for name, value in said.items() if value}) if length else None


def _monitors_1(body: Tree) -> Edits:
    values, unsure = {}, []
    for index, monitor in enumerate(body["monitors"]):
        place = pointer("monitors", index, "window")
        said = window(monitor["window"])
        if said is None:
            unsure.append(place)
        else:
            values[place] = said
    return Edits(MappingProxyType(values), tuple(unsure))


STEPS: Mapping[tuple[str, int], Step] = MappingProxyType({("monitors", 1): _monitors_1})
"""Kind and version to the step that leads to the next version. Each has its schema in `schemas/older/`."""
