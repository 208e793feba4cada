"""A rule's expressions, compiled against the names that facts have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from muniment.errors import InvalidPolicy
from muniment.judge.cel import MAX_STEPS, Fault, Program, compile_expression
from muniment.judge.cel.values import Value
from muniment.judge.shape import Locate, Node
from muniment.model.estimate import rounded
from muniment.model.policy import Pack, Rule
from muniment.model.tree import Tree, pointer

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
MAX_PLACEHOLDERS = 40
"""Placeholders of one message: each may take a whole step budget."""
MAX_VALUE = 160
"""Characters of one placeholder's value."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PATH_STEP = re.compile(r"(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


Spot: TypeAlias = Callable[[], str]
"""Tells `file:line:column` when it is asked; finding it costs more than compiling a whole pack."""


@dataclass(frozen=True, slots=True)
class Names:
    """Variables in scope: those of the facts, and those a rule binds itself."""

    facts: frozenset[str]
    bound: frozenset[str]

    def also(self, *names: str) -> Names:
        """These and `names`."""
        return Names(self.facts, self.bound | set(names))

    @property
    def all(self) -> frozenset[str]:
        """Every name an expression may use here."""
        return self.facts | self.bound


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


def compile_at(source: str, names: Names, where: Spot) -> Program:
    """Compile one expression; its error names `where`."""
    try:
        return compile_expression(source, names.all)
    except InvalidPolicy as error:
        raise InvalidPolicy(error.message, hint=error.hint, where=where()) from None


def compile_rule(
    rule: Rule,
    pack: Pack,
    params: Mapping[str, Tree],
    own_params: Mapping[str, Tree],
    locate: Locate | None = None,
) -> CompiledRule:
    """Compile every expression of `rule`; raises `InvalidPolicy` with the rule's place."""

    def where(*at: str) -> Spot:
        return lambda: Node(None, rule.file, rule.pointer + pointer(*at), locate).invalid("").where

    names = Names(FACT_NAMES, frozenset())
    let: list[tuple[str, Program]] = []
    for name, source in rule.let:
        _free(name, names, where("let", name))
        let.append((name, compile_at(source, names, where("let", name))))
        names = names.also(name)
    when = compile_at(rule.when, names, where("when")) if rule.when is not None else None
    each = None
    if rule.each is not None:
        _free(rule.each[0], names, where("each", rule.each[0]))
        each = _loop(*rule.each, names, where("each", rule.each[0]))
        names = names.also(rule.each[0])
    return CompiledRule(
        rule=rule,
        pack=pack,
        params=params,
        own_params=own_params,
        let=tuple(let),
        when=when,
        each=each,
        require=compile_at(rule.require, names, where("require")),
        at=compile_at(rule.at, names, where("at")) if rule.at is not None else None,
        message=_template(rule.message, names, where("message")),
        spot=where(),
    )


def _free(name: str, names: Names, where: Spot) -> None:
    if name in names.all:
        raise InvalidPolicy(f"`{name}` is already the name of something", where=where())


def _loop(variable: str, source: str, names: Names, where: Spot) -> Loop:
    base, *further = source.split("[*]")
    if further and further[-1] != "":
        raise InvalidPolicy(f"`each` ends in `[*]`, not in `{further[-1]}`", where=where())
    steps: list[tuple[str, ...]] = []
    for part in further[:-1]:
        if not part or not _PATH_STEP.fullmatch(part):
            raise InvalidPolicy(f"only field names may stand after `[*]`, not `{part}`", where=where())
        steps.append(tuple(part[1:].split(".")))
    return Loop(variable, compile_at(base, names, where), tuple(steps))


def _template(text: str, names: Names, where: Spot) -> Template:
    parts: list[str | Program] = []
    end = 0
    if text.count("{") > MAX_PLACEHOLDERS:
        raise InvalidPolicy(f"a message with more than {MAX_PLACEHOLDERS} placeholders", where=where())
    for match in _PLACEHOLDER.finditer(text):
        parts.append(text[end : match.start()])
        parts.append(compile_at(match.group(1), names, where))
        end = match.end()
    parts.append(text[end:])
    if any("{" in part or "}" in part for part in parts if isinstance(part, str)):
        raise InvalidPolicy("a brace in a message without its partner", where=where())
    return Template(tuple(parts))
