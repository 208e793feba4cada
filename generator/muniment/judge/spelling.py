"""Every field that a pack names, held against the JSON Schemas: a typo would be undecided for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from muniment.judge import fields
from muniment.judge.cel import Program
from muniment.judge.compiled import CompiledRule, Packs
from muniment.judge.fields import Misnamed
from muniment.judge.shapes import ANY, Documents, Shape, fact_shapes, logical_shape, of_value, record
from muniment.model.finding import Finding, Severity, Where
from muniment.model.policy import Pack, PathClass
from muniment.model.suggestion import closest
from muniment.model.tree import Tree, pointer

RULE = "policy"
"""The id under which findings about a policy are reported."""


def misspelt(packs: Packs, documents: Documents) -> Iterator[Finding]:
    """Fields in rules, messages, taxonomy and cases that no schema has.

    `documents` are the JSON Schemas by name, `claim` or `outputs/evaluation.v1`.
    """
    shapes = fact_shapes(documents)
    for compiled in packs.rules:
        yield from _on_rule(compiled, shapes)
    yield from _on_taxonomy(packs, logical_shape(documents))
    for pack in packs.packs:
        yield from _on_cases(pack, shapes)


def _finding(found: Misnamed, file: str, at: str) -> Finding:
    return Finding(RULE, found.message, Where(file, at), Severity.BLOCK, found.hint)


def _on_rule(compiled: CompiledRule, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    rule = compiled.rule
    params = record(**{name: of_value(value) for name, value in compiled.params.items()})
    scope: dict[str, Shape] = {**shapes, "params": params}

    def looked(sources: Sequence[str], *at: str) -> Iterator[Finding]:
        for source in sources:
            for found in fields.check(source, scope)[1]:
                yield _finding(found, rule.file, rule.pointer + pointer(*at))

    for name, source in rule.let:
        yield from looked((source,), "let", name)
        scope[name] = fields.check(source, scope)[0]
    if rule.when is not None:
        yield from looked((rule.when,), "when")
    if compiled.each is not None:
        yield from _on_loop(compiled, scope)
    yield from looked((rule.require,), "require")
    if rule.at is not None:
        yield from looked((rule.at,), "at")
    yield from looked(
        [part.source for part in compiled.message.parts if isinstance(part, Program)], "message"
    )


def _on_loop(compiled: CompiledRule, scope: dict[str, Shape]) -> Iterator[Finding]:
    """The range of a loop; its variable gets the shape of an element."""
    loop, rule = compiled.each, compiled.rule
    if loop is None:
        return
    shape, found = fields.check(loop.base.source, scope)
    problems = list(found)
    for steps in loop.below:
        shape, lost = fields.descend(fields.element(shape), steps, f"{loop.base.source}[*]", 0)
        problems += lost
    scope[loop.variable] = fields.element(shape)
    for problem in problems:
        yield _finding(problem, rule.file, rule.pointer + pointer("each", loop.variable))


def _on_taxonomy(packs: Packs, logical: Shape) -> Iterator[Finding]:
    for pack in packs.packs:
        if pack.taxonomy is None:
            continue
        file = f"{pack.folder}/taxonomy.yaml"
        for number, entry in enumerate(pack.taxonomy.paths):
            yield from _on_path(entry, logical, file, pointer("paths", number))
        for name, identifying in pack.taxonomy.keys.items():
            if not _identifies(name, identifying, logical):
                message = f"no list `{name}` has elements with {' and '.join(f'`{f}`' for f in identifying)}"
                yield _finding(
                    Misnamed(message, "name a list and its own fields", 0), file, pointer("keys", name)
                )


def _on_path(entry: PathClass, logical: Shape, file: str, at: str) -> Iterator[Finding]:
    _end, fixed, message, hint = fields.pattern(entry.path, logical)
    if message:
        yield _finding(Misnamed(message, hint, 0), file, at + "/path")
    elif entry.when is not None:
        for found in fields.check(entry.when, {"before": fixed, "after": fixed})[1]:
            yield _finding(found, file, at + "/when")


def _identifies(name: str, identifying: tuple[str, ...], logical: Shape) -> bool:
    """Whether a list of that name (or at that dotted path) has elements with these fields."""
    *above, last = name.split(".")
    start = logical
    for step in above:
        start = (start.fields or {}).get(step, ANY)
    return any(set(identifying) <= set(found) for found in _lists(start, last, bool(above)))


def _lists(shape: Shape, name: str, here: bool) -> Iterator[Mapping[str, Shape]]:
    """Fields of the elements of every list called `name`, at this level or (unless `here`) below it."""
    for key, below in (shape.fields or {}).items():
        if key == name and below.item is not None and below.item.fields is not None:
            yield below.item.fields
        if not here:
            yield from _lists(below, name, here)
    if not here and shape.item is not None:
        yield from _lists(shape.item, name, here)


def _on_cases(pack: Pack, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    """A case that gives a field nobody has shows nothing."""
    for path, tree in sorted(pack.cases.items()):
        known = Shape(fields=MappingProxyType({**shapes, "params": ANY}), rest=ANY)
        for at, message, hint in strays(tree["facts"], known, ("facts",)):
            yield _finding(Misnamed(message, hint, 0), f"{pack.folder}/{path}", pointer(*at))


def strays(
    value: Tree, shape: Shape, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Path, message and hint of every field of plain data that its shape does not have."""
    if isinstance(value, Mapping) and shape.fields is not None:
        for name, item in value.items():
            if name not in shape.fields and shape.rest is None:
                near = closest(name, shape.fields)
                hint = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(shape.fields))}"
                yield (*at, name), f"no schema has the field `{name}` here", hint
            else:
                yield from strays(item, shape.fields.get(name, shape.rest or ANY), (*at, name))
    elif isinstance(value, (tuple, list)) and shape.item is not None:
        for index, item in enumerate(value):
            yield from strays(item, shape.item, (*at, index))
