"""Policy files to packs: read strictly, then compiled.

A pack is a folder below `policies/` with `pack.yaml`, `rules/*.yaml` (one file a rule family),
optionally `taxonomy.yaml`, and `cases/**`. Folders without `pack.yaml` are not packs. A pack that `extends`
others is a layer on them: see `layers`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from muniment.errors import InvalidPolicy
from muniment.judge.compiled import Applies, Packs
from muniment.judge.compiling import Names, compile_at, compile_rule
from muniment.judge.layers import PARAM_TYPES, fits, layered
from muniment.judge.shape import Locate, Node
from muniment.model.change import ChangeClass
from muniment.model.finding import Severity
from muniment.model.policy import (
    Adjustment,
    Cases,
    Pack,
    Param,
    PathClass,
    Rule,
    Setting,
    Taxonomy,
    pattern_steps,
)
from muniment.model.tree import Tree, frozen

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLASSES = ("administrative", "operational", "clinical")


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
    stack = layered(packs, locate)
    rules = tuple(
        compile_rule(rule, pack, stack.params[pack.folder], stack.own[pack.folder], locate)
        for pack in stack.packs
        for rule in stack.rules[pack.folder]
    )
    _distinct(stack.packs, locate)
    if not rules:
        raise InvalidPolicy(
            "the layers drop every rule", hint="a policy without rules would accept whatever comes"
        )
    return Packs(stack.packs, rules, stack.taxonomy, stack.loosenings)


def _distinct(packs: tuple[Pack, ...], locate: Locate | None) -> None:
    seen: dict[str, Rule] = {}
    for rule in (rule for pack in packs for rule in pack.rules):
        first = seen.setdefault(rule.id, rule)
        if first is not rule:
            place = Node(None, rule.file, f"{rule.pointer}/id", locate)
            raise place.invalid(f"rule `{rule.id}` stands twice, first in {first.file}")


def _pack(folder: str, documents: Mapping[str, Tree], locate: Locate | None) -> Pack:
    def document(path: str) -> Node:
        return Node(documents[path], path, "", locate)

    head = document(f"{folder}/pack.yaml").fields(
        frozenset({"kind", "schema", "id", "version", "title"}),
        frozenset({"params", "extends", "set", "adjust", "complete"}),
    )
    _kind(head, "policy")
    below = sorted(path for path in documents if path.startswith(f"{folder}/"))
    rules = tuple(
        rule for path in below if path.startswith(f"{folder}/rules/") for rule in _rules(document(path))
    )
    cases = [path for path in below if path.startswith(f"{folder}/cases/")]
    taxonomy = f"{folder}/taxonomy.yaml"
    layer = "extends" in head
    for name in ("set", "adjust"):
        if name in head and not layer:
            raise head[name].invalid(f"`{name}` is about a pack below; say which with `extends`")
    return Pack(
        id=head["id"].text(),
        version=head["version"].text(),
        title=head["title"].text(),
        params=MappingProxyType(_params(head["params"]) if "params" in head else {}),
        rules=rules,
        taxonomy=_taxonomy(document(taxonomy), layer) if taxonomy in documents else None,
        cases=MappingProxyType({path.removeprefix(f"{folder}/"): _case(document(path)) for path in cases}),
        folder=folder,
        extends=_extends(head["extends"]) if layer else (),
        settings=_settings(head["set"]) if "set" in head else (),
        adjustments=_adjustments(head["adjust"]) if "adjust" in head else (),
        complete="complete" in head and head["complete"].flag(),
    )


def _case(node: Node) -> Tree:
    """A case file: what it shows, and the facts by name."""
    fields = node.fields(frozenset({"facts"}), frozenset({"note"}))
    fields["facts"].entries()
    return node.value


def _extends(node: Node) -> tuple[str, ...]:
    names = (node.text(),) if isinstance(node.value, str) else node.texts()
    if not names:
        raise node.invalid("`extends` names at least one pack")
    return tuple(name.rstrip("/").rpartition("/")[2] for name in names)


def _settings(node: Node) -> tuple[Setting, ...]:
    found = []
    for name, entry in node.entries():
        fields = entry.fields(frozenset({"value"}), frozenset({"loosens"}))
        found.append(Setting(name, frozen(fields["value"].value), _reason(fields)))
    return tuple(found)


def _adjustments(node: Node) -> tuple[Adjustment, ...]:
    found = []
    for name, entry in node.entries():
        fields = entry.fields(frozenset(), frozenset({"severity", "drop", "loosens"}))
        severity = _severity(fields["severity"]) if "severity" in fields else None
        drop = "drop" in fields and fields["drop"].flag()
        if drop == (severity is not None):
            raise entry.invalid("an adjustment gives a `severity`, or says `drop: true`")
        found.append(Adjustment(name, severity, drop, _reason(fields)))
    return tuple(found)


def _reason(fields: Mapping[str, Node]) -> str:
    return fields["loosens"].text() if "loosens" in fields else ""


def _severity(node: Node) -> Severity:
    return Severity(node.word(*(str(severity) for severity in Severity)))


def _kind(fields: Mapping[str, Node], kind: str) -> None:
    fields["kind"].word(kind)
    if fields["schema"].value != 1:
        raise fields["schema"].invalid("this version of muniment reads schema 1")


def _params(node: Node) -> dict[str, Param]:
    params: dict[str, Param] = {}
    for name, entry in node.entries():
        fields = entry.fields(frozenset({"value", "type", "doc"}), frozenset({"tighter"}))
        kind = fields["type"].word(*PARAM_TYPES)
        value = fields["value"].value
        if not fits(value, kind):
            raise fields["value"].invalid(f"the value of `{name}` is not of type {kind}")
        tighter = fields["tighter"].word("higher", "lower") if "tighter" in fields else None
        if tighter is not None and kind == "text":
            raise fields["tighter"].invalid("a text has no direction: any change of it loosens")
        params[name] = Param(name, frozen(value), kind, fields["doc"].text(), tighter)  # type: ignore[arg-type]
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
        severity=_severity(fields["severity"]),
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
        if not _is_date(fields["effective"].text()):
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


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return bool(_DATE.fullmatch(text))


def _cases(node: Node) -> Cases:
    fields = node.fields(frozenset(), frozenset({"met", "unmet", "undecided", "not_applicable"}))
    return Cases(**{name: entry.texts() for name, entry in fields.items()})


def _taxonomy(node: Node, layer: bool) -> Taxonomy:
    """A taxonomy; in a layer only what differs from the one below need be said."""
    head, parts = frozenset({"kind", "schema"}), frozenset({"keys", "paths"})
    fields = node.fields(head, parts) if layer else node.fields(head | parts | {"default"}, frozenset())
    _kind(fields, "taxonomy")
    # A layer leaves the default as it is; the one named here is not looked at.
    default = _CLASSES[-1] if layer else fields["default"].word(*_CLASSES)
    entries = fields["keys"].entries() if "keys" in fields else ()
    return Taxonomy(
        default=ChangeClass.of(default),
        keys=MappingProxyType({name: _key_fields(entry) for name, entry in entries}),
        paths=tuple(_path_class(e, layer) for e in fields["paths"].elements()) if "paths" in fields else (),
    )


def _key_fields(node: Node) -> tuple[str, ...]:
    return (node.text(),) if isinstance(node.value, str) else node.texts()


def _path_class(node: Node, layer: bool) -> PathClass:
    optional = frozenset({"when", "loosens"}) if layer else frozenset({"when"})
    fields = node.fields(frozenset({"path", "class", "reason"}), optional)
    if pattern_steps(fields["path"].text()) is None:
        hint = "write it like `monitoring.monitors[*].threshold.**`"
        raise fields["path"].invalid(f"`{fields['path'].text()}` is no path pattern", hint)
    entry = PathClass(
        path=fields["path"].text(),
        change_class=ChangeClass.of(fields["class"].word(*_CLASSES)),
        reason=fields["reason"].text(),
        loosens=_reason(fields),
    )
    if "when" not in fields:
        return entry
    source = fields["when"].text()
    names = Names(frozenset({"before", "after"}), frozenset())
    program = compile_at(source, names, lambda: fields["when"].invalid("").where)
    return replace(entry, when=source, applies=Applies(program))
