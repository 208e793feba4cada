"""What a fact may hold: the shape of each fact name, from the JSON Schemas and the table below.

`FACTS` says which schema describes which fact, and what `facts.py` adds to it. A fact that is not in the
table, and whatever a schema leaves open, has the shape `ANY`: nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from muniment.judge.operations import SECTIONS
from muniment.model.tree import Tree

Documents: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Name of a schema (`claim`, `common`, `outputs/evaluation.v1`) to the document."""

_MAX_DEPTH = 24
"""Nesting below which a schema is not followed: no record is that deep."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be; several at once where a schema allows several."""

    fields: Mapping[str, Shape] | None = None
    """Known fields of a mapping; `None` where it cannot be one."""
    rest: Shape | None = None
    """Shape of every other field; `None` where there are no others."""
    item: Shape | None = None
    """Shape of the elements of a list; `None` where it cannot be one."""
    scalar: bool = False
    """Whether it can be a text, a number or a boolean."""
    any: bool = False
    """Whether nothing is known."""

    @property
    def empty(self) -> bool:
        """Whether it can be nothing but null."""
        return not (self.any or self.scalar or self.fields is not None or self.item is not None)


ANY = Shape(any=True)
NOTHING = Shape()
SCALAR = Shape(scalar=True)


def record(rest: Shape | None = None, /, **fields: Shape) -> Shape:
    """A mapping with these fields."""
    return Shape(fields=MappingProxyType(fields), rest=rest)


def rows(item: Shape) -> Shape:
    """A list of `item`."""
    return Shape(item=item)


def union(left: Shape, right: Shape) -> Shape:
    """A value that is one or the other."""
    if left is right or right.empty:
        return left
    if left.empty:
        return right
    if left.any or right.any:
        return ANY
    return Shape(
        fields=_joined(left, right),
        rest=_either(left.rest, right.rest),
        item=_either(left.item, right.item),
        scalar=left.scalar or right.scalar,
    )


def _either(left: Shape | None, right: Shape | None) -> Shape | None:
    if left is None or right is None:
        return right if left is None else left
    return union(left, right)


def _joined(left: Shape, right: Shape) -> Mapping[str, Shape] | None:
    if left.fields is None or right.fields is None:
        return right.fields if left.fields is None else left.fields
    names = [*left.fields, *(name for name in right.fields if name not in left.fields)]
    return MappingProxyType(
        {name: union(left.fields.get(name, NOTHING), right.fields.get(name, NOTHING)) for name in names}
    )


def of_value(value: Tree, *, open_map: bool = True) -> Shape:
    """The shape of a parameter's value. A map may gain keys when a pack sets it anew."""
    if isinstance(value, Mapping):
        below = {name: of_value(item) for name, item in value.items()}
        rest = NOTHING
        for item in below.values():
            rest = union(rest, item)
        return Shape(fields=MappingProxyType(below), rest=rest if open_map else None)
    if isinstance(value, (tuple, list)):
        inner = NOTHING
        for item in value:
            inner = union(inner, of_value(item))
        return rows(inner)
    return NOTHING if value is None else SCALAR


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads shapes from JSON Schema documents."""

    documents: Documents

    def kind(self, name: str) -> Shape:
        """The shape of a record of a kind; `ANY` where there is no schema of that name."""
        document = self.documents.get(name)
        return ANY if document is None else self._node(document, name, 0)

    def _node(self, node: Any, name: str, depth: int) -> Shape:
        if not isinstance(node, Mapping) or depth > _MAX_DEPTH:
            return ANY
        found = NOTHING
        if "$ref" in node:
            found = self._referred(str(node["$ref"]), name, depth)
        for word in ("oneOf", "anyOf", "allOf"):
            for branch in node.get(word, ()):
                found = union(found, self._node(branch, name, depth + 1))
        for word in ("then", "else"):
            if word in node and found.fields is not None:
                found = union(found, self._node(node[word], name, depth + 1))
        return union(found, self._own(node, name, depth)) if self._says(node) else found

    @staticmethod
    def _says(node: Mapping[str, Any]) -> bool:
        """Whether a node says by itself what its value is, or says nothing and so leaves all open."""
        words = {"type", "properties", "items", "enum", "const", "additionalProperties"}
        others = {"$ref", "oneOf", "anyOf", "allOf"}
        return bool(words & set(node)) or not others & set(node)

    def _referred(self, reference: str, name: str, depth: int) -> Shape:
        file, _, inside = reference.partition("#")
        if file:
            folder = name.rpartition("/")[0]
            name = file.rpartition("/")[2].removesuffix(".json")
            name = name if name in self.documents else f"{folder}/{name}"
        node: Any = self.documents.get(name)
        for step in inside.strip("/").split("/") if inside.strip("/") else ():
            node = node.get(step) if isinstance(node, Mapping) else None
        return self._node(node, name, depth + 1)

    def _own(self, node: Mapping[str, Any], name: str, depth: int) -> Shape:
        types = _types(node)
        if types is None:
            return ANY
        shape = Shape(scalar=bool(types & {"string", "number", "integer", "boolean"}))
        if "object" in types:
            extra = node.get("additionalProperties", True)
            known = {
                key: self._node(item, name, depth + 1) for key, item in node.get("properties", {}).items()
            }
            rest = (
                None
                if extra is False
                else (self._node(extra, name, depth + 1) if isinstance(extra, Mapping) else ANY)
            )
            shape = replace(shape, fields=MappingProxyType(known), rest=rest)
        if "array" in types:
            item = node.get("items")
            shape = replace(shape, item=ANY if item is None else self._node(item, name, depth + 1))
        return shape


def _types(node: Mapping[str, Any]) -> frozenset[str] | None:
    """The JSON types a node allows; `None` where it does not say."""
    stated = node.get("type")
    if stated is not None:
        return frozenset((stated,) if isinstance(stated, str) else stated)
    if "properties" in node or "additionalProperties" in node:
        return frozenset({"object"})
    if "items" in node:
        return frozenset({"array"})
    words = node.get("enum", (node["const"],) if "const" in node else None)
    if words is None:
        return None
    plain = {"null" if word is None else "string" for word in words if not isinstance(word, (dict, list))}
    return frozenset(plain) if len(plain) and not any(isinstance(w, (dict, list)) for w in words) else None


@dataclass(frozen=True, slots=True)
class Fact:
    """How one fact is described: by a schema, with what `facts.py` adds to the record."""

    kind: str = ""
    """Schema of the record; empty for a fact that no record holds."""
    also: Mapping[str, Shape | Fact] = field(default_factory=dict)
    """Fields that are derived, or a record in the place of a reference to it."""
    each: bool = False
    """Whether the fact is a list of these."""
    closed: bool = True
    """Whether there are no fields but those named; counts where `kind` is empty."""
    part: str = ""
    """The one field of the record that the fact is; empty for the whole record."""


RECORD = {"id": SCALAR, "sha256": SCALAR}
"""What every record that is reached by a reference carries beside its body."""
STATE: Mapping[str, Shape] = {
    **dict.fromkeys(("id", "version", "digest", "status", "date", "in_use", "withdrawn"), SCALAR),
    "candidate": record(id=SCALAR, sha256=SCALAR, baseline=SCALAR),
    "inputs": rows(SCALAR),
    "stopped_at": rows(SCALAR),
}
"""What is derived about a release."""
SEAL = dict.fromkeys(("time", "identity", "person", "sha256", "log", "log_index"), SCALAR)
SIGNED = rows(record(person=SCALAR, role=SCALAR, meaning=SCALAR, time=SCALAR, on=SCALAR))
"""Seals on a record by people who held their role that day."""


def _of(kind: str, **also: Shape | Fact) -> Fact:
    return Fact(kind, {**RECORD, **also})


def _list(kind: str, **also: Shape | Fact) -> Fact:
    return Fact(kind, {**RECORD, **also}, each=True)


def _derived(**also: Shape | Fact) -> Fact:
    return Fact("", also)


def _after(kind: str, **also: Shape | Fact) -> Fact:
    """Records about a release in use: with who signed each, and what closes it."""
    return _list(kind, signed=SIGNED, closure=_CLOSURE, **also)


_DATASETS = _derived(**{f: _of(f"dataset_{f}") for f in ("raw", "splits", "labels", "features", "baseline")})
_MANIFEST = _derived(
    sha256=SCALAR, files=Fact("", dict.fromkeys(("path", "sha256", "holds"), SCALAR), each=True)
)
_EVALUATION = Fact("outputs/evaluation.v1")
_DEPLOYED = dict.fromkeys(("time", "person", "role", "release_seal_sha256"), SCALAR)
_CLOSURE = Fact("closure", {"id": SCALAR})
_FINDINGS = Fact("", {"closure": _CLOSURE}, each=True)
_PARTS: dict[str, Shape | Fact] = {
    "claim": _of("claim", safe_state_words=SCALAR),
    "hazards": _of("hazards"),
    "monitoring": _of("monitors"),
    "plan": _of("plan"),
    "run": _of("run"),
    "security": _of("security"),
    "datasets": _DATASETS,
    "measures": _EVALUATION,
    "manifest": _MANIFEST,
}
_WHOLE = Fact(
    "release",
    {
        **STATE,
        **_PARTS,
        "conditions": rows(record(id=SCALAR, due=SCALAR, closed_on=SCALAR, decision=SCALAR)),
    },
)
"""Another release, with the records in the place of its references."""

FACTS: Mapping[str, Shape | Fact] = {
    "device": Fact("device"),
    "roster": Fact("roster"),
    "release": Fact("release", STATE),
    "releases": Fact("", STATE, each=True),
    "previous": _WHOLE,
    "original": _WHOLE,
    **_PARTS,
    "monitoring": _of(
        "monitors",
        drills=_after(
            "drill",
            minutes=_derived(detect=SCALAR, decide=SCALAR, reach=SCALAR, all=SCALAR),
            findings=_FINDINGS,
        ),
        alerts=_after("alert"),
        deployments=_after("deployment", seal=_derived(**_DEPLOYED)),
        windows=_after("monitoring"),
        signals=_after("signal"),
        incidents=_after("incident"),
        events=_after("event", minutes=SCALAR),
        checklists=_after("checklist", controls=rows(record(kinds=rows(SCALAR), resolves=SCALAR))),
        logs=_after("monitoring_log"),
        closures=_after("closure"),
        reconstructions=_after("reconstruction"),
        tabletops=_after("tabletop", findings=_FINDINGS),
        surveillance=_after("surveillance"),
    ),
    "analysis": Fact("outputs/analysis.v1"),
    "contract": _of("contract"),
    "snapshots": _list("dataset_snapshot"),
    "operations": _derived(
        records=rows(record(id=SCALAR, kind=SCALAR, origin=SCALAR)),
        **{name: Fact(kind, part=part) for name, kind, part in SECTIONS},
    ),
    "pccp": _of(
        "pccp",
        claimed=SCALAR,
        modification=ANY,
        baseline=record(id=SCALAR, version=SCALAR),
        outside=rows(SCALAR),
        moved=rows(ANY),
    ),
    "change": _derived(
        old=SCALAR,
        declared=SCALAR,
        computed=SCALAR,
        **{"class": SCALAR},
        items=Fact("", dict.fromkeys(("path", "kind", "class", "rule"), SCALAR), each=True),
    ),
    "approvals": Fact(
        "",
        {
            **dict.fromkeys(("person", "name", "identity", "role", "decision", "meaning"), SCALAR),
            **dict.fromkeys(("time", "valid", "problem", "log", "log_index"), SCALAR),
            "conditions": rows(SCALAR),
        },
        each=True,
    ),
    "seals": _derived(
        evaluation=_derived(**SEAL, plan_lock_sha256=SCALAR, holds=SCALAR),
        plan_lock=_derived(**SEAL, plan_sha256=SCALAR, holds=SCALAR),
        authorship=_derived(**SEAL),
        release=_derived(**SEAL),
        records=Fact("", {**SEAL, **dict.fromkeys(("record", "meaning", "holds"), SCALAR)}, each=True),
    ),
    "artifacts": Fact("", dict.fromkeys(("path", "sha256", "actual", "holds", "record"), SCALAR), each=True),
    "decisions": Fact(
        "change_request|board_decision|deferral|deviation|determination|waiver",
        {
            **RECORD,
            "conditions": rows(record(closed_on=SCALAR)),
            "signed": SIGNED,
            **dict.fromkeys(("ratified", "ratification_workdays"), SCALAR),
        },
        each=True,
    ),
    "now": SCALAR,
}
"""Fact name to what describes it. Whoever adds a field in `facts.py` adds it here."""

_OUTPUTS = record(**dict.fromkeys(("rows", "compared", "max_difference", "calls_differing"), SCALAR))
"""How a release's outputs differ from the older one's, which the diff takes from the evaluation."""

LOGICAL: Mapping[str, str] = {
    "release": "release",
    "claim": "claim",
    "hazards": "hazards",
    "monitoring": "monitors",
    "plan": "plan",
    "run": "run",
    "security": "security",
    "pccp": "pccp",
    **{
        f"datasets.{layer}": f"dataset_{layer}"
        for layer in ("raw", "splits", "labels", "features", "baseline")
    },
}
"""Where each record stands in the tree that the change taxonomy speaks of."""


def fact_shapes(documents: Documents) -> Mapping[str, Shape]:
    """Fact name to its shape, for every name of the table."""
    reader = Reader(documents)
    return MappingProxyType({name: _shape(fact, reader) for name, fact in FACTS.items()})


def _shape(fact: Shape | Fact, reader: Reader) -> Shape:
    if isinstance(fact, Shape):
        return fact
    shape = NOTHING if fact.kind else Shape(fields=MappingProxyType({}), rest=None if fact.closed else ANY)
    for kind in filter(None, fact.kind.split("|")):
        shape = union(shape, reader.kind(kind))
    if shape.any or shape.fields is None:
        return ANY
    if fact.part:
        return shape.fields.get(fact.part, ANY)
    added = {name: _shape(item, reader) for name, item in fact.also.items()}
    # A record takes the place of the reference to it; a list of derived fields is joined to the schema's.
    fields = dict(shape.fields)
    for name, item in added.items():
        fields[name] = union(fields[name], item) if item.item is not None and name in fields else item
    shape = replace(shape, fields=MappingProxyType(fields))
    return rows(shape) if fact.each else shape


def logical_shape(documents: Documents) -> Shape:
    """The shape of the tree that taxonomy paths start from."""
    reader = Reader(documents)
    top: dict[str, Shape] = {}
    layers: dict[str, Shape] = {}
    for path, kind in LOGICAL.items():
        first, _, second = path.partition(".")
        (layers if second else top)[second or first] = reader.kind(kind)
    top["release"] = union(top["release"], record(predictions=record(outputs=_OUTPUTS)))
    return record(**top, datasets=record(**layers))
