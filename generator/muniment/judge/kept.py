"""Packs that compiled, as JSON and back: what a check takes instead of reading and compiling them again.

Packs are kept without their cases. What comes back equals what was kept, except that an expression's
closures are made when it is first run. Nothing is looked at twice here: whoever keeps the text must see to
it that it is whole, and that it is his own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from muniment.judge.cel import Program
from muniment.judge.compiled import Applies, CompiledRule, Loop, Packs, Spot, Template
from muniment.judge.shape import Locate, Node
from muniment.model.change import ChangeClass
from muniment.model.finding import Severity
from muniment.model.policy import (
    Adjustment,
    Cases,
    Loosening,
    Pack,
    Param,
    PathClass,
    Rule,
    Setting,
    Taxonomy,
)
from muniment.model.tree import Tree, frozen, thawed


def packed(packs: Packs) -> dict[str, Any]:
    """Return packs as what JSON can hold."""
    written = [rule for pack in packs.packs for rule in pack.rules]
    rules = list(dict.fromkeys((*written, *(compiled.rule for compiled in packs.rules))))
    number = {rule: index for index, rule in enumerate(rules)}
    folders = [pack.folder for pack in packs.packs]
    bounds = {c.pack.folder: [thawed(c.params), thawed(c.own_params)] for c in packs.rules}
    return {
        "rules": [_rule(rule) for rule in rules],
        "packs": [_pack(pack, [number[rule] for rule in pack.rules]) for pack in packs.packs],
        "bounds": [bounds.get(folder) for folder in folders],
        "compiled": [
            [
                number[compiled.rule],
                folders.index(compiled.pack.folder),
                [[name, program.kept()] for name, program in compiled.let],
                _kept(compiled.when),
                _loop(compiled.each),
                compiled.require.kept(),
                _kept(compiled.at),
                [part if isinstance(part, str) else part.kept() for part in compiled.message.parts],
            ]
            for compiled in packs.rules
        ],
        "taxonomy": _taxonomy(packs.taxonomy),
        "loosenings": [
            [note.pack, note.what, note.before, note.after, note.reason, note.file, note.pointer]
            for note in packs.loosenings
        ],
    }


def _kept(program: Program | None) -> Any:
    return None if program is None else program.kept()


def _loop(loop: Loop | None) -> Any:
    return None if loop is None else [loop.variable, loop.base.kept(), loop.below]


def _rule(rule: Rule) -> list[Any]:
    cases = rule.cases
    return [
        rule.id,
        rule.title,
        str(rule.severity),
        rule.requirements,
        rule.require,
        rule.message,
        rule.why,
        rule.fix,
        rule.pointer,
        rule.file,
        rule.effective,
        rule.when,
        rule.let,
        rule.each,
        rule.at_least,
        rule.at,
        rule.waivable,
        [cases.met, cases.unmet, cases.undecided, cases.not_applicable],
    ]


def _pack(pack: Pack, rules: list[int]) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "title": pack.title,
        "params": [[p.name, thawed(p.value), p.type, p.doc, p.tighter] for p in pack.params.values()],
        "rules": rules,
        "taxonomy": None if pack.taxonomy is None else _taxonomy(pack.taxonomy),
        "folder": pack.folder,
        "extends": pack.extends,
        "settings": [[entry.name, thawed(entry.value), entry.loosens] for entry in pack.settings],
        "adjustments": [
            [entry.rule, None if entry.severity is None else str(entry.severity), entry.drop, entry.loosens]
            for entry in pack.adjustments
        ],
        "complete": pack.complete,
    }


def _taxonomy(taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "default": taxonomy.default.word,
        "keys": thawed(taxonomy.keys),
        "paths": [
            [
                entry.path,
                entry.change_class.word,
                entry.reason,
                entry.when,
                entry.applies.program.kept() if isinstance(entry.applies, Applies) else None,
                entry.loosens,
            ]
            for entry in taxonomy.paths
        ],
    }


def unpacked(body: Mapping[str, Any], locate: Locate | None = None) -> Packs:
    """Return the packs that `packed` gave this for; `locate` is as in `load_packs`."""
    rules = [_read_rule(row) for row in body["rules"]]
    packs = tuple([_read_pack(head, rules) for head in body["packs"]])
    bounds = [None if pair is None else (frozen(pair[0]), frozen(pair[1])) for pair in body["bounds"]]
    return Packs(
        packs=packs,
        rules=tuple([_read_compiled(row, rules, packs, bounds, locate) for row in body["compiled"]]),
        taxonomy=_read_taxonomy(body["taxonomy"]),
        loosenings=tuple([Loosening(*row) for row in body["loosenings"]]),
    )


def _read_compiled(
    row: list[Any],
    rules: list[Rule],
    packs: tuple[Pack, ...],
    bounds: list[tuple[Tree, Tree] | None],
    locate: Locate | None,
) -> CompiledRule:
    number, home, let, when, each, require, at, message = row
    rule, pair = rules[number], bounds[home]
    assert pair is not None
    return CompiledRule(
        rule=rule,
        pack=packs[home],
        params=pair[0],
        own_params=pair[1],
        let=tuple([(name, _program(kept)) for name, kept in let]),
        when=None if when is None else _program(when),
        each=None if each is None else Loop(each[0], _program(each[1]), frozen(each[2])),
        require=_program(require),
        at=None if at is None else _program(at),
        message=Template(tuple([part if isinstance(part, str) else _program(part) for part in message])),
        spot=_spot(rule, locate),
    )


def _spot(rule: Rule, locate: Locate | None) -> Spot:
    return lambda: Node(None, rule.file, rule.pointer, locate).invalid("").where


def _program(kept: list[Any]) -> Program:
    source, tree, cost, names = kept
    return Program(source, tree, cost, frozenset(names))


def _read_rule(row: list[Any]) -> Rule:
    return Rule(
        row[0],
        row[1],
        _SEVERITY[row[2]],
        tuple(row[3]),
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        tuple([(name, source) for name, source in row[12]]),
        None if row[13] is None else (row[13][0], row[13][1]),
        row[14],
        row[15],
        row[16],
        Cases(*[tuple(paths) for paths in row[17]]),
    )


_SEVERITY: Mapping[str, Severity] = {str(severity): severity for severity in Severity}


def _read_pack(head: Mapping[str, Any], rules: list[Rule]) -> Pack:
    params = [Param(name, frozen(value), *rest) for name, value, *rest in head["params"]]
    return Pack(
        id=head["id"],
        version=head["version"],
        title=head["title"],
        params=MappingProxyType({param.name: param for param in params}),
        rules=tuple([rules[number] for number in head["rules"]]),
        taxonomy=None if head["taxonomy"] is None else _read_taxonomy(head["taxonomy"]),
        cases=MappingProxyType({}),
        folder=head["folder"],
        extends=tuple(head["extends"]),
        settings=tuple([Setting(name, frozen(value), why) for name, value, why in head["settings"]]),
        adjustments=tuple(
            [
                Adjustment(rule, None if severity is None else _SEVERITY[severity], drop, why)
                for rule, severity, drop, why in head["adjustments"]
            ]
        ),
        complete=head["complete"],
    )


def _read_taxonomy(body: Mapping[str, Any]) -> Taxonomy:
    return Taxonomy(
        default=ChangeClass.of(body["default"]),
        keys=frozen(body["keys"]),
        paths=tuple(
            [
                PathClass(
                    path,
                    ChangeClass.of(word),
                    reason,
                    when,
                    None if kept is None else Applies(_program(kept)),
                    loosens,
                )
                for path, word, reason, when, kept, loosens in body["paths"]
            ]
        ),
    )
