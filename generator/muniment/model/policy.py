"""A policy pack as data: rules, parameters and the change taxonomy. Expressions are text here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from muniment.model.change import ChangeClass
from muniment.model.dataclass import dataclass
from muniment.model.finding import Severity
from muniment.model.tree import Tree

Condition: TypeAlias = Callable[[Tree, Tree], bool | None]
"""Compiled `when` of a taxonomy entry: before, after to whether it applies; `None` where it cannot tell."""

ParamType = Literal["number", "integer", "text", "boolean", "days", "list", "map"]


_TOKEN = re.compile(r"\*\*|\*|\[\*\]|\[[^\[\]]+\]|[A-Za-z_][A-Za-z0-9_]*")


def pattern_steps(pattern: str) -> tuple[str, ...] | None:
    """The steps of a path pattern, `monitors[*].threshold.**` for one; `None` where it cannot be read."""
    found = tuple(_TOKEN.findall(pattern))
    written = ""
    for step in found:
        written += step if step.startswith("[") or not written else f".{step}"
    return found if found and written == pattern else None


_STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")


def pattern_covers(pattern: str, path: str) -> bool:
    """Whether a path pattern matches a changed path, `monitoring.monitors[M-1].owner` for one.

    A pattern that cannot be read covers nothing.
    """
    return _covers(pattern_steps(pattern) or ("",), tuple(_STEP.findall(path)))


def _covers(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_covers(pattern[1:], path[skipped:]) for skipped in range(len(path) + 1))
    if not path:
        return False
    fits = pattern[0] in (path[0], "*") or (pattern[0] == "[*]" and path[0].startswith("["))
    return fits and _covers(pattern[1:], path[1:])


@dataclass(frozen=True, slots=True)
class Param:
    """A number or list that a pack's rules refer to as `params.<name>`."""

    name: str
    value: Tree
    type: ParamType
    doc: str
    """What it bounds, and in which unit."""
    tighter: Literal["higher", "lower"] | None = None
    """Which way it gets stricter; of a list or map, `higher` is more of it. `None`: any change loosens."""


@dataclass(frozen=True, slots=True)
class PathClass:
    """One entry of the change taxonomy."""

    path: str
    """Pattern over logical paths: `*` one step, `[*]` one list element, `**` any number of steps."""
    change_class: ChangeClass
    reason: str
    """Why such a change has this class, in one clause."""
    when: str | None = None
    """Condition in CEL over `before` and `after`, the values at the pattern's fixed part."""
    applies: Condition | None = None
    """`when`, compiled."""
    loosens: str = ""
    """Why a layer may give such a change a lower class than the pack below; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Which paths of a release belong to which change class."""

    default: ChangeClass
    """Class of a path that no pattern matches, and of a first release."""
    keys: Mapping[str, tuple[str, ...]]
    """Name of a list to the fields that identify its elements."""
    paths: tuple[PathClass, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Case files of a rule, by the outcome each must have."""

    met: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Pairs of outcome and path, in reading order."""
        return tuple(
            (outcome, path)
            for outcome in ("met", "unmet", "undecided", "not_applicable")
            for path in getattr(self, outcome)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as its file states it."""

    id: str
    title: str
    """What holds when the rule is met."""
    severity: Severity
    requirements: tuple[str, ...]
    """Ids in the requirement catalogue."""
    require: str
    """Condition in CEL that must be true."""
    message: str
    """What to say when it is not; `{expr}` stands for the value of an expression."""
    why: str
    fix: str
    pointer: str
    """JSON Pointer of the rule in `file`."""
    file: str
    """Path of the rule's file below the policies folder."""
    effective: str | None = None
    """ISO date from which releases are judged by it."""
    when: str | None = None
    """Condition in CEL; where it is false the rule does not apply."""
    let: tuple[tuple[str, str], ...] = ()
    """Names for sub-expressions, in order; each may use those before it."""
    each: tuple[str, str] | None = None
    """Variable and what it runs over: a path with `[*]`, or an expression that gives a list."""
    at_least: int = 1
    """Elements a loop must find; fewer is undecided."""
    at: str | None = None
    """The fact a ruling points at."""
    waivable: bool = True
    """Whether a waiver may stand in for this rule."""
    cases: Cases = field(default_factory=Cases)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a layer makes of a parameter of a pack below it."""

    name: str
    value: Tree
    loosens: str
    """Why it may be less strict; empty where it is not."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a layer makes of a rule of a pack below it."""

    rule: str
    severity: Severity | None
    """The severity it gets; `None` to leave it."""
    drop: bool
    loosens: str
    """Why it may be less strict; empty where it is not."""


@dataclass(frozen=True, slots=True)
class Loosening:
    """Where a layer is less strict than the pack below it, and why."""

    pack: str
    """Id of the layer."""
    what: str
    """`param drill_max_age`, `rule drill-in-date` or `path release.summary`."""
    before: str
    after: str
    reason: str
    file: str
    pointer: str

    @property
    def sentence(self) -> str:
        """It in one sentence."""
        return f"pack {self.pack} loosens {self.what} from {self.before} to {self.after}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pack:
    """A policy pack."""

    id: str
    version: str
    title: str
    params: Mapping[str, Param]
    rules: tuple[Rule, ...]
    taxonomy: Taxonomy | None
    cases: Mapping[str, Tree]
    """Path of a case file (as rules name it) to its content; empty where cases were not read."""
    folder: str
    """Name of the pack's folder below the policies folder."""
    extends: tuple[str, ...] = ()
    """Folder names of the packs it is a layer on."""
    settings: tuple[Setting, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    complete: bool = False
    """Whether its rules, or a reason, must speak for every row of the requirement catalogue."""
