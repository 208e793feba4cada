"""Rules over facts: one ruling a rule, or one for each element of a loop that does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from muniment.errors import InvalidPolicy
from muniment.judge.cel import Fault, Program, Read
from muniment.judge.cel.values import Value
from muniment.judge.compiled import CompiledRule, Loop, Packs, shown
from muniment.judge.place import Facts, Index
from muniment.judge.waive import element_texts, names, notices, problem, waived, waiver_day
from muniment.model.evidence import Record
from muniment.model.finding import Where
from muniment.model.ruling import Basis, Outcome, Ruling

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def judge(
    packs: Packs, facts: Facts, *, basis: Basis, as_of: str, waivers: Sequence[Record] = ()
) -> tuple[Ruling, ...]:
    """Judge one release by every rule.

    `as_of` is the ISO day that waivers are held against; `waivers` are the records for this release.
    Rulings stand in the order of the rules. Raises `InvalidPolicy` if a rule exceeds its step budget.
    """
    desk = _Desk(facts, Index(facts), basis)
    found = [pair for rule in packs.rules for pair in desk.judged(rule)]
    return _with_waivers(packs, facts, found, basis=basis, as_of=as_of, waivers=waivers)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one evaluation of `require` came to."""

    outcome: Outcome
    reason: str = ""
    fault: Fault | None = None


Pair = tuple[Ruling, frozenset[str]]
"""A ruling, and the texts by which a waiver may name its element."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One release under judgement."""

    facts: Facts
    index: Index
    basis: Basis

    def judged(self, compiled: CompiledRule) -> list[Pair]:
        """The rulings of one rule; an exceeded budget names the rule."""
        try:
            return list(self.rulings(compiled))
        except InvalidPolicy as error:
            message = f"rule `{compiled.rule.id}`: {error.message}"
            raise InvalidPolicy(message, hint=error.hint, where=compiled.spot()) from None

    def rulings(self, compiled: CompiledRule) -> Iterator[Pair]:
        """The rulings of one rule."""
        variables: dict[str, Value] = {**self.facts.tree, "params": compiled.params}
        outside = self._in_force(compiled)
        if outside is not None:
            yield self._plain(compiled, outside)
            return
        later = compiled.let
        if compiled.when is not None:
            first, later = _split(compiled.let, compiled.when)
            _bind(first, variables)
            applies = _said(compiled.when.run(variables))
            if applies.outcome is Outcome.UNMET:
                yield self._plain(compiled, _Said(Outcome.NOT_APPLICABLE, "The rule does not apply here."))
                return
            if applies.outcome is Outcome.UNDECIDED:
                _bind(later, variables)
                yield self._ruling(compiled, applies, variables, compiled.when, None)
                return
        _bind(later, variables)
        if compiled.each is None:
            said = _said(compiled.require.run(variables))
            yield self._ruling(compiled, said, variables, compiled.require, None)
            return
        yield from self._loop(compiled, compiled.each, variables)

    def _in_force(self, compiled: CompiledRule) -> _Said | None:
        effective = compiled.rule.effective
        if effective is None:
            return None
        release = self.facts.tree.get("release")
        day = release.get("date") if isinstance(release, Mapping) else None
        if not isinstance(day, str) or day >= effective:
            return None
        return _Said(Outcome.NOT_APPLICABLE, f"The rule judges releases from {effective} on.")

    def _loop(self, compiled: CompiledRule, loop: Loop, variables: dict[str, Value]) -> Iterator[Pair]:
        elements = _elements(loop, variables)
        if isinstance(elements, Fault):
            yield self._ruling(compiled, _undecided(elements), variables, loop.base, None)
            return
        wanted = compiled.rule.at_least
        if len(elements) < wanted:
            reason = f"{len(elements)} found where at least {wanted} must be"
            yield self._ruling(compiled, _Said(Outcome.UNDECIDED, reason), variables, loop.base, None)
            return
        failing = False
        for element in elements:
            variables[loop.variable] = element
            said = _said(compiled.require.run(variables))
            if said.outcome is not Outcome.MET:
                failing = True
                yield self._ruling(compiled, said, variables, compiled.require, element)
        if not failing:
            yield self._plain(
                compiled, _Said(Outcome.MET, f"{compiled.rule.title} ({len(elements)} looked at).")
            )

    def _plain(self, compiled: CompiledRule, said: _Said) -> Pair:
        home = self.facts.home
        return self._made(compiled, said, said.reason, Where(home.file, home.pointer)), frozenset()

    def _ruling(
        self,
        compiled: CompiledRule,
        said: _Said,
        variables: Mapping[str, Value],
        decided: Program,
        element: Value,
    ) -> Pair:
        where = self._where(compiled, said, variables, decided, element)
        match said.outcome:
            case Outcome.MET:
                message = f"{compiled.rule.title}."
            case Outcome.UNDECIDED:
                message = f"Cannot be decided{_of(element)}: {_unaliased(compiled, said.reason)}."
            case _:
                message = compiled.message.fill(variables).strip()
        return self._made(compiled, said, message, where), element_texts(element, where.pointer)

    def _made(self, compiled: CompiledRule, said: _Said, message: str, where: Where) -> Ruling:
        rule = compiled.rule
        wrong = said.outcome in {Outcome.UNMET, Outcome.UNDECIDED}
        return Ruling(
            rule=rule.id,
            pack=compiled.pack.id,
            outcome=said.outcome,
            severity=rule.severity,
            title=rule.title,
            message=message,
            where=where,
            requirements=rule.requirements,
            basis=self.basis,
            hint=rule.fix if wrong else "",
        )

    def _where(
        self,
        compiled: CompiledRule,
        said: _Said,
        variables: Mapping[str, Value],
        decided: Program,
        element: Value,
    ) -> Where:
        """The fact that `at` names, else what is missing, else the element, else the last fact read."""
        if compiled.at is not None:
            place = self._pointed(compiled.at, variables)
            if place is not None:
                return place
        if said.fault is not None and said.fault.container is not None:
            place = self.index.of(said.fault.container)
            if place is not None:
                return place
        place = self.index.of(element) if element is not None else None
        return (
            place or self._pointed(decided, variables) or Where(self.facts.home.file, self.facts.home.pointer)
        )

    def _pointed(self, program: Program, variables: Mapping[str, Value]) -> Where | None:
        reads: list[Read] = []
        value = program.run(variables, reads)
        for read in reversed(reads):
            place = self.index.of_read(read)
            if place is not None:
                return place
        # A bare name, as in `at: stage`: the value itself is the place.
        return None if isinstance(value, Fault) else self.index.of(value)


Lets = tuple[tuple[str, Program], ...]


def _split(lets: Lets, when: Program) -> tuple[Lets, Lets]:
    """The names that `when` needs, and the rest: what a rule that does not apply need not work out."""
    if not lets:
        return (), ()
    needed = set(when.names)
    for name, program in reversed(lets):
        if name in needed:
            needed |= program.names
    return tuple([let for let in lets if let[0] in needed]), tuple(
        [let for let in lets if let[0] not in needed]
    )


def _bind(lets: Lets, variables: dict[str, Value]) -> None:
    for name, program in lets:
        # A fault is bound like a value: whoever uses the name meets it, and `||` may absorb it.
        variables[name] = program.run(variables)


def _of(element: Value) -> str:
    """Which element of a loop is meant, for a message; empty without one."""
    if isinstance(element, str):
        return f" for {element}"
    if not isinstance(element, Mapping):
        return ""
    name = next((element[key] for key in ("id", "name", "path", "metric", "axis") if key in element), None)
    if name is None:
        return ""
    cohort = element.get("cohort")
    level = shown(cohort) if isinstance(cohort, Mapping) and cohort else ""
    return f" for {name}" + (f" ({level})" if level else "")


def _unaliased(compiled: CompiledRule, reason: str) -> str:
    """A reason that names facts, not the short names that `let` gives them."""
    for name, program in compiled.let:
        if _PATH.fullmatch(program.source):
            reason = re.sub(rf"`{name}(?=[.`\[])", f"`{program.source}", reason)
    return reason


def _said(value: Value | Fault) -> _Said:
    if value is True:
        return _Said(Outcome.MET)
    if value is False:
        return _Said(Outcome.UNMET)
    if isinstance(value, Fault):
        return _undecided(value)
    return _Said(
        Outcome.UNDECIDED, "the value it rests on is missing" if value is None else "it gave no yes or no"
    )


def _undecided(fault: Fault) -> _Said:
    return _Said(Outcome.UNDECIDED, fault.message, fault)


def _elements(loop: Loop, variables: Mapping[str, Value]) -> tuple[Value, ...] | Fault:
    found = loop.base.run(variables)
    if isinstance(found, Fault):
        return found
    elements: tuple[Value, ...] = (found,)
    for steps in ((), *loop.below):
        gathered: list[Value] = []
        for item in elements:
            below = _descend(item, steps, loop)
            if isinstance(below, Fault):
                return below
            gathered.extend(below)
        elements = tuple(gathered)
    return elements


def _descend(item: Value, steps: tuple[str, ...], loop: Loop) -> tuple[Value, ...] | Fault:
    for step in steps:
        if not isinstance(item, Mapping) or step not in item:
            return Fault("no_such_key", f"`{'.'.join(steps)}` of `{loop.variable}` is missing", step, item)
        item = item[step]
    if not isinstance(item, (tuple, list)):
        what = ".".join(steps) or loop.base.source
        return Fault("absent", f"`{what}` is missing or no list", what)
    return tuple(item)


def _with_waivers(
    packs: Packs,
    facts: Facts,
    found: list[Pair],
    *,
    basis: Basis,
    as_of: str,
    waivers: Sequence[Record],
) -> tuple[Ruling, ...]:
    if not waivers:
        return tuple([ruling for ruling, _ in found])
    waivable = {compiled.rule.id: compiled.rule.waivable for compiled in packs.rules}
    bounds = {compiled.rule.id: compiled.params for compiled in packs.rules}
    others = {name: value for params in bounds.values() for name, value in params.items()}
    day = waiver_day(facts.tree, as_of)
    problems: list[tuple[Record, str]] = []
    active: list[Record] = []
    for waiver in sorted(waivers, key=lambda record: record.id):
        # Bounded by the pack whose rule it waives; by another pack's word where that one is silent.
        params = {**others, **bounds.get(waiver.body["rule"], {})}
        text = problem(waiver, as_of=day, params=params, roster=facts.tree.get("roster"), waivable=waivable)
        if text is None:
            active.append(waiver)
        else:
            problems.append((waiver, text))
    used: set[str] = set()
    rulings: list[Ruling] = []
    for ruling, texts in found:
        covering = [waiver for waiver in active if _covers(waiver, ruling, texts)]
        # One that renews another before it lapses covers the same element, and is no waiver of nothing.
        used |= {waiver.id for waiver in covering}
        rulings.append(waived(ruling, covering[0]) if covering else ruling)
    unused = [waiver for waiver in active if waiver.id not in used]
    return (*rulings, *notices(problems, unused, pack=packs.packs[0].id, basis=basis))


def _covers(waiver: Record, ruling: Ruling, texts: frozenset[str]) -> bool:
    return ruling.outcome is Outcome.UNMET and waiver.body["rule"] == ruling.rule and names(waiver, texts)
