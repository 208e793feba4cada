"""Packs on packs: a layer sets parameters, adds rules and taxonomy paths, and adjusts severities.

Tightening needs no words. Loosening - a parameter against its direction, a lower severity, a dropped rule,
a lower change class - must say `loosens: why`, and is kept to be shown. A layer that says so and does not
loosen is refused too: a reason for nothing misleads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from muniment.errors import InvalidPolicy
from muniment.judge.patterns import base_class
from muniment.judge.shape import Locate, Node
from muniment.model.finding import Severity
from muniment.model.policy import Loosening, Pack, Param, PathClass, Rule, Setting, Taxonomy
from muniment.model.suggestion import closest
from muniment.model.tree import Tree, pointer

PARAM_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "text": (str,),
    "boolean": (bool,),
    "days": (int,),
    "list": (tuple, list),
    "map": (Mapping,),
}
_WEIGHT = {Severity.INFO: 0, Severity.WARN: 1, Severity.BLOCK: 2}
_SHOWN = 120
"""Characters of a value in a sentence about it."""

Values = Mapping[str, Tree]


def fits(value: Tree, kind: str) -> bool:
    """Whether `value` is of the parameter type `kind`."""
    return isinstance(value, PARAM_TYPES[kind]) and not (isinstance(value, bool) and kind != "boolean")


@dataclass(frozen=True, slots=True)
class Stack:
    """Packs in order, and what the layers make of them. Everything is keyed by pack folder."""

    packs: tuple[Pack, ...]
    """A pack before those that extend it."""
    params: Mapping[str, Values]
    """What a pack's rules read as `params`: its own and those of the packs below, as all layers set them."""
    own: Mapping[str, Values]
    """The same as the pack itself knows them, without the layers above it."""
    rules: Mapping[str, tuple[Rule, ...]]
    taxonomy: Taxonomy
    loosenings: tuple[Loosening, ...]


def layered(packs: Sequence[Pack], locate: Locate | None = None) -> Stack:
    """Put layers on the packs they extend; raises `InvalidPolicy` with file, line and column."""
    return _Builder(_ordered(packs, locate), locate).stack()


def _ordered(packs: Sequence[Pack], locate: Locate | None) -> tuple[Pack, ...]:
    by_folder = {pack.folder: pack for pack in packs}
    done: dict[str, Pack] = {}

    def visit(pack: Pack, above: tuple[str, ...]) -> None:
        for number, name in enumerate(pack.extends):
            node = Node(None, f"{pack.folder}/pack.yaml", pointer("extends", number), locate)
            if name not in by_folder:
                near = closest(name, by_folder)
                raise node.invalid(
                    f"there is no pack `{name}` to extend", f"did you mean `{near}`?" if near else ""
                )
            if name in (*above, pack.folder):
                raise node.invalid(f"`{pack.folder}` extends itself by way of `{name}`")
            if name not in done:
                visit(by_folder[name], (*above, pack.folder))
        done.setdefault(pack.folder, pack)

    for pack in packs:
        visit(pack, ())
    return tuple(done.values())


class _Builder:
    """Applies one layer after the other to what stands so far."""

    def __init__(self, packs: tuple[Pack, ...], locate: Locate | None) -> None:
        self.packs = packs
        self.locate = locate
        self.below: dict[str, tuple[str, ...]] = {}
        """Folder to the folders it extends, however far down."""
        self.params: dict[str, dict[str, Param]] = {pack.folder: dict(pack.params) for pack in packs}
        self.own: dict[str, Values] = {}
        self.rules: dict[str, dict[str, Rule]] = {
            pack.folder: {rule.id: rule for rule in pack.rules} for pack in packs
        }
        self.rules_as_written: dict[str, tuple[Rule, ...]] = {pack.folder: pack.rules for pack in packs}
        self.taxonomy: Taxonomy | None = None
        self.taxonomy_of = ""
        self.loosenings: list[Loosening] = []

    def stack(self) -> Stack:
        for pack in self.packs:
            below = tuple(dict.fromkeys(name for base in pack.extends for name in (*self.below[base], base)))
            self.below[pack.folder] = below
            self.layer(pack)
        if self.taxonomy is None:
            raise InvalidPolicy("0 change taxonomies were found", hint="one pack has taxonomy.yaml")
        return Stack(
            packs=self.packs,
            params=MappingProxyType({pack.folder: self.visible(pack.folder) for pack in self.packs}),
            own=MappingProxyType(self.own),
            rules=MappingProxyType(
                {
                    folder: tuple(
                        self.rules[folder].get(rule.id, rule)
                        for rule in written
                        if rule.id in self.rules[folder]
                    )
                    for folder, written in self.rules_as_written.items()
                }
            ),
            taxonomy=self.taxonomy,
            loosenings=tuple(self.loosenings),
        )

    def visible(self, folder: str) -> Values:
        """The values of a pack's own parameters and of those below it."""
        owners = (*self.below[folder], folder)
        return MappingProxyType(
            {name: param.value for owner in owners for name, param in self.params[owner].items()}
        )

    def node(self, pack: Pack, *at: str | int, file: str = "pack.yaml") -> Node:
        return Node(None, f"{pack.folder}/{file}", pointer(*at), self.locate)

    def layer(self, pack: Pack) -> None:
        for name in pack.params:
            if any(name in self.params[owner] for owner in self.below[pack.folder]):
                hint = "give it another value with `set`"
                raise self.node(pack, "params", name).invalid(
                    f"`{name}` is a parameter of a pack below", hint
                )
        for setting in pack.settings:
            self.set(pack, setting)
        for adjustment in pack.adjustments:
            self.adjust(pack, adjustment.rule, adjustment.severity, adjustment.loosens)
        self.own[pack.folder] = self.visible(pack.folder)
        if pack.taxonomy is not None:
            self.classify(pack, pack.taxonomy)

    def set(self, pack: Pack, setting: Setting) -> None:
        node = self.node(pack, "set", setting.name)
        known = {name: owner for owner in self.below[pack.folder] for name in self.params[owner]}
        if setting.name not in known:
            near = closest(setting.name, known)
            raise node.invalid(
                f"no pack below has the parameter `{setting.name}`",
                f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(known))}",
            )
        param = self.params[known[setting.name]][setting.name]
        if not fits(setting.value, param.type):
            place = self.node(pack, "set", setting.name, "value")
            raise place.invalid(f"the value of `{setting.name}` is not of type {param.type}")
        self.weigh(
            pack,
            node,
            f"param {param.name}",
            (_said(param.value), _said(setting.value)),
            loosens=not tightens(param, setting.value),
            reason=setting.loosens,
        )
        self.params[known[setting.name]][setting.name] = replace(param, value=setting.value)

    def adjust(self, pack: Pack, rule_id: str, severity: Severity | None, reason: str) -> None:
        node = self.node(pack, "adjust", rule_id)
        known = {name: owner for owner in self.below[pack.folder] for name in self.rules[owner]}
        if rule_id not in known:
            near = closest(rule_id, known)
            hint = f"did you mean `{near}`?" if near else "`muniment rules` lists them"
            raise node.invalid(f"no pack below has the rule `{rule_id}`", hint)
        rules = self.rules[known[rule_id]]
        rule = rules[rule_id]
        self.weigh(
            pack,
            node,
            f"rule {rule_id}",
            (str(rule.severity), "dropped" if severity is None else str(severity)),
            loosens=severity is None or _WEIGHT[severity] < _WEIGHT[rule.severity],
            reason=reason,
        )
        if severity is None:
            del rules[rule_id]
        else:
            rules[rule_id] = replace(rule, severity=severity)

    def classify(self, pack: Pack, own: Taxonomy) -> None:
        base = self.taxonomy
        if base is None:
            if pack.extends:
                place = self.node(pack, file="taxonomy.yaml")
                raise place.invalid("no pack below has a change taxonomy", "extend one that has")
            self.taxonomy, self.taxonomy_of = own, pack.folder
            return
        if self.taxonomy_of not in self.below[pack.folder]:
            message = f"two change taxonomies, this one and that of {self.taxonomy_of}"
            hint = "one pack has taxonomy.yaml; a pack that `extends` it may add to it"
            raise self.node(pack, file="taxonomy.yaml").invalid(message, hint)
        for name, fields in own.keys.items():
            if base.keys.get(name, fields) != fields:
                place = self.node(pack, "keys", name, file="taxonomy.yaml")
                raise place.invalid(f"`{name}` is matched by {', '.join(base.keys[name])} in the pack below")
        paths = list(base.paths)
        for number, entry in enumerate(own.paths):
            self.path(pack, number, entry, base)
            same = [i for i, e in enumerate(paths) if _same(e, entry)]
            paths = [e for i, e in enumerate(paths) if i not in same] + [entry]
        self.taxonomy = Taxonomy(
            default=base.default,
            keys=MappingProxyType({**base.keys, **own.keys}),
            paths=tuple(paths),
        )

    def path(self, pack: Pack, number: int, entry: PathClass, base: Taxonomy) -> None:
        floor = base_class(entry, base)
        changed = next((e for e in base.paths if _same(e, entry) and e.when is not None), None)
        # A condition in the place of another: which of the two is stricter cannot be told.
        unclear = changed is not None and changed.when != entry.when
        self.weigh(
            pack,
            self.node(pack, "paths", number, file="taxonomy.yaml"),
            f"path {entry.path}",
            (
                f"{floor.word} when {changed.when}" if changed and unclear else floor.word,
                entry.change_class.word,
            ),
            loosens=unclear or entry.change_class < floor,
            reason=entry.loosens,
        )

    def weigh(
        self, pack: Pack, node: Node, what: str, change: tuple[str, str], *, loosens: bool, reason: str
    ) -> None:
        """Note a loosening; refuse one without a reason, and a reason without one."""
        before, after = change
        if loosens and not reason:
            raise node.invalid(
                f"{what} is loosened from {before} to {after} without a reason", "add `loosens: why` to it"
            )
        if reason and not loosens:
            raise node.invalid(f"{what} gives a reason to loosen and does not loosen", "drop `loosens`")
        if loosens:
            self.loosenings.append(Loosening(pack.id, what, before, after, reason, node.file, node.at))


def _same(one: PathClass, other: PathClass) -> bool:
    """Whether an entry takes the place of another: one pattern, both with a condition or both without."""
    return one.path == other.path and (one.when is None) == (other.when is None)


def tightens(param: Param, value: Tree) -> bool:
    """Whether `value` is as strict as the parameter's, or stricter; unknown is no."""
    if param.value == value:
        return True
    if param.tighter is None:
        return False
    return _at_least(value, param.value) if param.tighter == "higher" else _at_least(param.value, value)


def _at_least(one: Tree, other: Tree) -> bool:
    """Whether `one` is at least `other`: a number as high, a list or map that holds all of it."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(name in one and _at_least(one[name], item) for name, item in other.items())
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return all(item in one for item in other)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one >= other
    return bool(one == other)


def _said(value: Tree) -> str:
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{name}: {_said(item)}" for name, item in value.items()) + "}"
    elif isinstance(value, (tuple, list)):
        text = "[" + ", ".join(map(_said, value)) + "]"
    else:
        text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
