"""What packs are once every expression of theirs has compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from muniment.judge.cel import MAX_STEPS, Fault, Program
from muniment.judge.cel.values import Value
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded
from muniment.model.policy import Loosening, Pack, Rule, Taxonomy
from muniment.model.tree import Tree

FACT_NAMES = frozenset(
    (
        *("device", "roster", "release", "releases", "previous", "original"),
        *("claim", "hazards", "monitoring", "plan", "run", "datasets", "measures", "analysis"),
        *("contract", "snapshots", "security", "operations", "pccp"),
        *("change", "approvals", "seals", "artifacts", "manifest", "decisions", "params", "now"),
    )
)
"""Every top-level name an expression may use."""

MAX_MESSAGE = 600
"""Characters of a message once its placeholders are filled in."""
MAX_VALUE = 160
"""Characters of one placeholder's value."""


Spot: TypeAlias = Callable[[], str]
"""Tells `file:line:column` when it is asked; finding it costs more than compiling a whole pack."""


@dataclass(frozen=True, slots=True)
class Template:
    """A message with expressions in braces."""

    parts: tuple[str | Program, ...]

    def fill(self, variables: Mapping[str, Value]) -> str:
        """The message; a value that cannot be had reads "(missing)". Bounded in length.

        All its placeholders share the budget of one expression; raises `InvalidPolicy` when it is spent.
        """
        text, steps = "", MAX_STEPS
        for part in self.parts:
            if isinstance(part, str):
                text += part
                continue
            value, steps = part.within(steps, variables)
            text += shown(value)
        return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def shown(value: Value | Fault, depth: int = 0) -> str:
    """A value as a message shows it; what is nested deeper than three levels is left out."""
    match value:
        case Fault() | None:
            text = "(missing)"
        case bool():
            text = "true" if value else "false"
        case float():
            text = f"{rounded(value):.4g}" if rounded(value) is not None else str(value)
        case tuple() | list() | Mapping() if depth > 2:
            text = "…"
        case tuple() | list():
            text = ", ".join(shown(item, depth + 1) for item in value[:20]) + (
                " …" if len(value) > 20 else ""
            )
        case Mapping():
            text = ", ".join(f"{name}: {shown(item, depth + 1)}" for name, item in list(value.items())[:10])
        case _:
            text = str(value)
    text = " ".join(text.split())
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


@dataclass(frozen=True, slots=True)
class Loop:
    """`each`: what to run over, and under which name."""

    variable: str
    base: Program
    below: tuple[tuple[str, ...], ...]
    """For `a[*].b.c[*]`: after the base list, the steps to each further list."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to judge."""

    rule: Rule
    pack: Pack
    params: Mapping[str, Tree]
    """Values by name, as the layers set them."""
    own_params: Mapping[str, Tree]
    """Values by name, as the rule's own pack knows them: what its cases are judged with."""
    let: tuple[tuple[str, Program], ...]
    when: Program | None
    each: Loop | None
    require: Program
    at: Program | None
    message: Template
    spot: Spot
    """Where the rule stands, for a budget that it exceeds while it judges."""


@dataclass(frozen=True, slots=True)
class Applies:
    """The compiled `when` of a taxonomy entry."""

    program: Program

    def __call__(self, before: Tree, after: Tree) -> bool | None:
        """Whether the entry speaks of this change; `None` where that cannot be told."""
        value = self.program.run({"before": before, "after": after})
        return None if isinstance(value, Fault) or not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Packs:
    """Packs ready to judge."""

    packs: tuple[Pack, ...]
    """As they are written, a pack before those that extend it."""
    rules: tuple[CompiledRule, ...]
    """As they judge: with the parameters, and the severities, that the layers give them."""
    taxonomy: Taxonomy
    loosenings: tuple[Loosening, ...] = ()
    """Where a layer is less strict than the pack below it."""
