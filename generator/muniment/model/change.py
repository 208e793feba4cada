"""What changed between two releases, and how much it matters."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any, Literal

from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, pointer, thawed

_STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")


class ChangeClass(IntEnum):
    """Ordered by validation impact: the class of a release is the maximum over its changes."""

    ADMINISTRATIVE = 1
    OPERATIONAL = 2
    CLINICAL = 3

    @property
    def word(self) -> str:
        """The class as records and outputs spell it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> ChangeClass:
        """The class a record spells; raises `KeyError` for any other word."""
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs."""

    path: str
    """Dotted path from the logical root, `release.model.operating_point.default`, list elements by key."""
    pointer: str
    """JSON Pointer in the newer record (in the older, for a removal)."""
    record: str
    """Id of the record that holds `pointer`."""
    kind: Literal["added", "removed", "changed"]
    before: Tree
    after: Tree
    change_class: ChangeClass
    rule: str
    """The taxonomy pattern that classified it, or `default`."""
    reason: str
    """One sentence: why this path has this class."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The path step by step, list elements by their key: `monitoring`, `monitors`, `M-1`, `owner`."""
        return tuple(step.strip("[]") for step in _STEP.findall(self.path))

    @property
    def part(self) -> str:
        """What a reader calls the part of the bundle it lies in: `model`, not `release.model`."""
        steps = self.steps
        return steps[1 if steps[0] == "release" and len(steps) > 1 else 0].replace("_", " ")

    def as_json(self) -> dict[str, Any]:
        """The shape of a change in `muniment/diff/v1`."""
        return {
            "path": pointer(*self.steps),
            "kind": self.kind,
            "before": thawed(self.before),
            "after": thawed(self.after),
            "class": self.change_class.word,
            "rule": self.rule,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed from one release to another."""

    old: str | None
    """Version compared against; `None` for a first release."""
    new: str
    items: tuple[Change, ...]
    computed: ChangeClass
    """The highest class over the items; clinical for a first release."""
