"""A rule's expressions, compiled against the names that facts have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from muniment.errors import InvalidPolicy
from muniment.judge.cel import Program, compile_expression
from muniment.judge.compiled import FACT_NAMES, CompiledRule, Loop, Spot, Template
from muniment.judge.shape import Locate, Node
from muniment.model.policy import Pack, Rule
from muniment.model.tree import Tree, pointer

MAX_PLACEHOLDERS = 40
"""Placeholders of one message: each may take a whole step budget."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PATH_STEP = re.compile(r"(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


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
