"""Policy files to packs: read strictly, then compiled.

A pack is a folder below `policies/` with `pack.yaml`, `rules/*.yaml` (one file a rule family),
optionally `taxonomy.yaml`, and `cases/**`. Folders without `pack.yaml` are not packs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from muniment.errors import InvalidPolicy
from muniment.judge.cel import Fault, Program
from muniment.judge.compiled import CompiledRule, Names, compile_at, compile_rule
from muniment.judge.shape import Locate, Node
from muniment.model.change import ChangeClass
from muniment.model.finding import Severity
from muniment.model.policy import Cases, Condition, Pack, Param, PathClass, Rule, Taxonomy, pattern_steps
from muniment.model.tree import Tree, frozen

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLASSES = ("administrative", "operational", "clinical")
_PARAM_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "text": (str,),
    "boolean": (bool,),
    "days": (int,),
    "list": (tuple, list),
    "map": (Mapping,),
}


@dataclass(frozen=True, slots=True)
class Packs:
    """Packs ready to judge."""

    packs: tuple[Pack, ...]
    rules: tuple[CompiledRule, ...]
    taxonomy: Taxonomy


def load_packs(documents: Mapping[str, Tree], locate: Locate | None = None) -> Packs:
    """Read and compile the packs in `documents`, path below the policies folder to parsed YAML.

    Raises `InvalidPolicy` for an unknown key, a wrong type, a duplicate rule id, an expression that does
    not compile, or no rules at all; its `where` has line and column if `locate` can tell them.
    """
    folders = sorted(path.partition("/")[0] for path in documents if path.endswith("/pack.yaml"))
    packs = tuple(_pack(folder, documents, locate) for folder in folders)
    if not any(pack.rules for pack in packs):
        raise InvalidPolicy(
            "no policy pack with rules was found", hint="name one in `packs` of muniment.yaml"
        )
    rules = tuple(compile_rule(rule, pack, locate) for pack in packs for rule in pack.rules)
    _distinct(rules)
    taxonomies = [pack.taxonomy for pack in packs if pack.taxonomy is not None]
    if len(taxonomies) != 1:
        raise InvalidPolicy(
            f"{len(taxonomies)} change taxonomies were found", hint="one pack has taxonomy.yaml"
        )
    return Packs(packs, rules, taxonomies[0])


def _distinct(rules: tuple[CompiledRule, ...]) -> None:
    seen: dict[str, Rule] = {}
    for compiled in rules:
        rule = compiled.rule
        first = seen.setdefault(rule.id, rule)
        if first is not rule:
            place = f"{rule.file}#{rule.pointer}"
            raise InvalidPolicy(f"rule `{rule.id}` stands twice, first in {first.file}", where=place)


def _pack(folder: str, documents: Mapping[str, Tree], locate: Locate | None) -> Pack:
    def document(path: str) -> Node:
        return Node(documents[path], path, "", locate)

    head = document(f"{folder}/pack.yaml").fields(
        frozenset({"kind", "schema", "id", "version", "title"}), frozenset({"params"})
    )
    _kind(head, "policy")
    below = sorted(path for path in documents if path.startswith(f"{folder}/"))
    rules = tuple(
        rule for path in below if path.startswith(f"{folder}/rules/") for rule in _rules(document(path))
    )
    cases = [path for path in below if path.startswith(f"{folder}/cases/")]
    taxonomy = f"{folder}/taxonomy.yaml"
    return Pack(
        id=head["id"].text(),
        version=head["version"].text(),
        title=head["title"].text(),
        params=MappingProxyType(_params(head["params"]) if "params" in head else {}),
        rules=rules,
        taxonomy=_taxonomy(document(taxonomy)) if taxonomy in documents else None,
        cases=MappingProxyType({path.removeprefix(f"{folder}/"): documents[path] for path in cases}),
        folder=folder,
    )


def _kind(fields: Mapping[str, Node], kind: str) -> None:
    fields["kind"].word(kind)
    if fields["schema"].value != 1:
        raise fields["schema"].invalid("this version of muniment reads schema 1")


def _params(node: Node) -> dict[str, Param]:
    params: dict[str, Param] = {}
    for name, entry in node.entries():
        fields = entry.fields(frozenset({"value", "type", "doc"}), frozenset())
        kind = fields["type"].word(*_PARAM_TYPES)
        value = fields["value"].value
        if not isinstance(value, _PARAM_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            raise fields["value"].invalid(f"the value of `{name}` is not of type {kind}")
        params[name] = Param(name, frozen(value), kind, fields["doc"].text())  # type: ignore[arg-type]
    return params


def _rules(node: Node) -> tuple[Rule, ...]:
    fields = node.fields(frozenset({"kind", "schema", "rules"}), frozenset({"title"}))
    _kind(fields, "rules")
    return tuple(_rule(element) for element in fields["rules"].elements())


_RULE_REQUIRED = frozenset(
    {"id", "title", "severity", "requirements", "require", "message", "why", "fix", "cases"}
)
_RULE_OPTIONAL = frozenset({"effective", "when", "let", "each", "at_least", "at", "waivable"})


def _rule(node: Node) -> Rule:
    fields = node.fields(_RULE_REQUIRED, _RULE_OPTIONAL)
    if not _ID.fullmatch(fields["id"].text()):
        raise fields["id"].invalid("a rule's id is lower-case words joined by hyphens")
    rule = Rule(
        id=fields["id"].text(),
        title=fields["title"].text(),
        severity=Severity(fields["severity"].word(*(str(severity) for severity in Severity))),
        requirements=fields["requirements"].texts(),
        require=fields["require"].text(),
        message=fields["message"].text(),
        why=fields["why"].text(),
        fix=fields["fix"].text(),
        pointer=node.at,
        file=node.file,
        cases=_cases(fields["cases"]),
    )
    return _rule_options(rule, fields)


def _rule_options(rule: Rule, fields: Mapping[str, Node]) -> Rule:
    if "effective" in fields:
        if not _DATE.fullmatch(fields["effective"].text()):
            raise fields["effective"].invalid('a date such as "2020-01-01" is expected here')
        rule = replace(rule, effective=fields["effective"].text())
    if "when" in fields:
        rule = replace(rule, when=fields["when"].text())
    if "let" in fields:
        rule = replace(rule, let=tuple((name, entry.text()) for name, entry in fields["let"].entries()))
    if "each" in fields:
        entries = fields["each"].entries()
        if len(entries) != 1:
            raise fields["each"].invalid("`each` binds one name")
        rule = replace(rule, each=(entries[0][0], entries[0][1].text()))
    if "at_least" in fields:
        if "each" not in fields:
            raise fields["at_least"].invalid("`at_least` counts the elements of `each`, which is missing")
        rule = replace(rule, at_least=fields["at_least"].count())
    if "at" in fields:
        rule = replace(rule, at=fields["at"].text())
    if "waivable" in fields:
        rule = replace(rule, waivable=fields["waivable"].flag())
    return rule


def _cases(node: Node) -> Cases:
    fields = node.fields(frozenset(), frozenset({"met", "unmet", "undecided", "not_applicable"}))
    return Cases(**{name: entry.texts() for name, entry in fields.items()})


def _taxonomy(node: Node) -> Taxonomy:
    fields = node.fields(frozenset({"kind", "schema", "default", "keys", "paths"}), frozenset())
    _kind(fields, "taxonomy")
    return Taxonomy(
        default=ChangeClass.of(fields["default"].word(*_CLASSES)),
        keys=MappingProxyType({name: _key_fields(entry) for name, entry in fields["keys"].entries()}),
        paths=tuple(_path_class(element) for element in fields["paths"].elements()),
    )


def _key_fields(node: Node) -> tuple[str, ...]:
    return (node.text(),) if isinstance(node.value, str) else node.texts()


def _path_class(node: Node) -> PathClass:
    fields = node.fields(frozenset({"path", "class", "reason"}), frozenset({"when"}))
    if pattern_steps(fields["path"].text()) is None:
        hint = "write it like `monitoring.monitors[*].threshold.**`"
        raise fields["path"].invalid(f"`{fields['path'].text()}` is no path pattern", hint)
    entry = PathClass(
        path=fields["path"].text(),
        change_class=ChangeClass.of(fields["class"].word(*_CLASSES)),
        reason=fields["reason"].text(),
    )
    if "when" not in fields:
        return entry
    source = fields["when"].text()
    names = Names(frozenset({"before", "after"}), frozenset())
    program = compile_at(source, names, lambda: f"{node.file}#{node.at}")
    return replace(entry, when=source, applies=_condition(program))


def _condition(program: Program) -> Condition:
    def applies(before: Tree, after: Tree) -> bool | None:
        value = program.run({"before": before, "after": after})
        return None if isinstance(value, Fault) or not isinstance(value, bool) else value

    return applies
