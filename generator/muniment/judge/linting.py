"""Packs checked against themselves and the catalogue, and tested on the cases that lie beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType

from muniment.judge.catalogue import silent_rows, unknown_requirements
from muniment.judge.compiled import FACT_NAMES, CompiledRule, Packs
from muniment.judge.place import Facts, Place
from muniment.judge.shapes import Documents
from muniment.judge.spelling import RULE, misspelt
from muniment.judge.verdict import judge
from muniment.model.finding import Finding, Severity, Where
from muniment.model.policy import Pack, PathClass
from muniment.model.ruling import Outcome
from muniment.model.tree import Tree, frozen


def lint(packs: Packs, catalogue: Tree, documents: Documents | None = None) -> tuple[Finding, ...]:
    """What is wrong with packs that read and compile.

    Rules without a case for met or unmet, cases that do not exist, that no rule names or that give facts
    nobody has, requirement ids the catalogue lacks, catalogue rows that neither a rule nor a reason speaks
    for, taxonomy ties; and fields that no schema has, where `documents` gives the JSON Schemas by name.
    """
    return (
        *_on_cases(packs),
        *_on_catalogue(packs, catalogue),
        *_on_ties(packs),
        *(misspelt(packs, documents) if documents is not None else ()),
    )


def loosened(packs: Packs) -> tuple[Finding, ...]:
    """A note for each place where a layer is less strict than the pack below it."""
    return tuple(
        Finding(RULE, item.sentence, Where(item.file, item.pointer), Severity.INFO)
        for item in packs.loosenings
    )


def _finding(message: str, file: str, pointer: str = "", hint: str = "") -> Finding:
    return Finding(RULE, message, Where(file, pointer), Severity.BLOCK, hint)


def _on_cases(packs: Packs) -> Iterator[Finding]:
    for pack in packs.packs:
        named = {path for rule in pack.rules for _outcome, path in rule.cases.listed()}
        for rule in pack.rules:
            for outcome in ("met", "unmet"):
                if not getattr(rule.cases, outcome):
                    yield _finding(f"rule `{rule.id}` has no case for {outcome}", rule.file, rule.pointer)
            for outcome, path in rule.cases.listed():
                if path not in pack.cases:
                    message = f"rule `{rule.id}` names the case {path} ({outcome}), which is not there"
                    yield _finding(message, rule.file, f"{rule.pointer}/cases/{outcome}")
        for path in sorted(pack.cases):
            if path not in named:
                yield _finding(f"no rule names the case {path}", f"{pack.folder}/{path}")
            for name in sorted(set(case_facts(pack, path).tree) - FACT_NAMES):
                yield _finding(f"`{name}` is the name of no fact", f"{pack.folder}/{path}", f"/facts/{name}")


def _on_catalogue(packs: Packs, catalogue: Tree) -> Iterator[Finding]:
    files = {compiled.rule.id: compiled.rule for compiled in packs.rules}
    for rule, identifier in unknown_requirements(packs, catalogue):
        place = files[rule]
        message = f"rule `{rule}` names the requirement {identifier}, which the catalogue does not have"
        yield _finding(message, place.file, f"{place.pointer}/requirements")
    if not any(pack.complete for pack in packs.packs):
        return
    for identifier in silent_rows(packs, catalogue):
        message = f"no rule judges {identifier}, and the catalogue does not say why not"
        yield _finding(message, "catalogue/requirements.yaml", hint="add `why_not` to the row")


def _on_ties(packs: Packs) -> Iterator[Finding]:
    for pack in packs.packs:
        if pack.taxonomy is None:
            continue
        for (_, first), (number, second) in combinations(enumerate(pack.taxonomy.paths), 2):
            if _tie(first, second):
                message = f"`{second.path}` stands twice in the change taxonomy"
                yield _finding(message, f"{pack.folder}/taxonomy.yaml", f"/paths/{number}")


def _tie(first: PathClass, second: PathClass) -> bool:
    """Two entries for one pattern tie unless exactly one of them has a condition."""
    return first.path == second.path and (first.when is None) == (second.when is None)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a rule said of one of its cases."""

    rule: str
    case: str
    expected: str
    found: str
    """The outcome, or the outcomes joined by a comma where a loop gave several."""
    message: str

    @property
    def passed(self) -> bool:
        """Whether the rule said what the case expects."""
        return self.expected == self.found


def test(packs: Packs) -> tuple[CaseResult, ...]:
    """Judge every case of every rule; a missing case file is found by `lint`, and skipped here."""
    return tuple(
        _result(packs, compiled, outcome, path)
        for compiled in packs.rules
        for outcome, path in compiled.rule.cases.listed()
        if path in compiled.pack.cases
    )


def _result(packs: Packs, compiled: CompiledRule, outcome: str, path: str) -> CaseResult:
    facts = case_facts(compiled.pack, path)
    found, message = outcome_of(packs, compiled, facts)
    return CaseResult(compiled.rule.id, path, outcome, found, message)


def case_facts(pack: Pack, path: str) -> Facts:
    """The facts of a case file: `facts` holds top-level names, `note` says what it shows."""
    body = pack.cases[path]["facts"]
    return Facts(MappingProxyType({name: frozen(item) for name, item in body.items()}), home=Place(path))


def outcome_of(packs: Packs, compiled: CompiledRule, facts: Facts) -> tuple[str, str]:
    """The outcome of one rule alone, unmet before undecided before met, and its message."""
    # A case says what the rule means as its own pack has it, whatever a layer makes of its parameters.
    alone = replace(packs, rules=(replace(compiled, params=compiled.own_params),))
    rulings = judge(alone, facts, basis="recorded", as_of="9999-12-31")
    for outcome in (Outcome.UNMET, Outcome.UNDECIDED, Outcome.NOT_APPLICABLE, Outcome.MET):
        said = next((ruling for ruling in rulings if ruling.outcome is outcome), None)
        if said is not None:
            return str(outcome), said.message
    return "none", ""
