"""Says in plain words why a record does not fit its schema. Imported only when one does not.

The verdict is jsonschema-rs's; jsonschema finds the nodes at fault, since its errors carry the keyword
and the value. Should it find none, the complaint of jsonschema-rs is passed on: invalid stays invalid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource

from muniment.check.schemas import Schemas
from muniment.model.finding import Finding, Where
from muniment.model.suggestion import closest
from muniment.model.tree import pointer

_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of fields",
    "null": "null",
}
_Error: TypeAlias = Any
"""A `ValidationError`; its types would let `instance` and `schema` be unset, which no found error has."""
MOST_FAULTS = 100
"""Faults explained a file: who has more has written another kind of file."""
_MOST = 80
"""Characters of a value that are quoted."""


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Read `$` as JSON Schema does: the very end. Python's also matches before a last line break."""
    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and not re.search(exact, instance):
        yield ValidationError("does not match")


_Validator: Callable[..., Any] = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


@lru_cache(maxsize=32)
def validator(schemas: Schemas, kind: str) -> Any:
    """Return the explaining validator of a kind; it fetches nothing."""
    common = Resource.from_contents(schemas.common)
    registry: Registry[Any] = Registry().with_resource(schemas.common["$id"], common)
    return _Validator(schemas.document(kind), registry=registry)


def explain(schemas: Schemas, kind: str, body: Any, file: str) -> tuple[Finding, ...]:
    """Return at least one finding (rule `schema`) for a body that does not fit the schema of `kind`."""
    found = islice(validator(schemas, kind).iter_errors(body), MOST_FAULTS)
    errors = sorted(found, key=lambda error: str(list(error.absolute_path)))
    findings: dict[tuple[Where, str], Finding] = {}
    for error in errors:
        for finding in _explained(schemas, kind, error, file):
            findings.setdefault((finding.where, finding.message), finding)
    if not findings:
        for place, message in schemas.complaints(kind, body):
            findings[(Where(file, place), message)] = Finding("schema", message, Where(file, place))
    return tuple(findings.values())


def _explained(schemas: Schemas, kind: str, error: _Error, file: str) -> Iterator[Finding]:
    steps = tuple(error.absolute_path)
    if error.validator == "required":
        yield from _missing(schemas, kind, error, file)
        return
    if error.validator == "additionalProperties" and error.validator_value is False:
        yield from _unknown(error, file)
        return
    node = schemas.describe(kind, steps)
    say = _SAY.get(str(error.validator), _otherwise)
    message, advice = say(_name(steps), error, node)
    hint = ". ".join(part for part in (advice, str(node.get("description", "")).rstrip(".")) if part)
    yield Finding("schema", message, Where(file, pointer(*steps)), hint=hint)


def _missing(schemas: Schemas, kind: str, error: _Error, file: str) -> Iterator[Finding]:
    """One finding a missing field, unless an unknown field is plainly a misspelling of it."""
    steps = tuple(error.absolute_path)
    present = set(error.instance)
    known = error.schema["properties"]
    misspelt = {near for name in present - set(known) if (near := closest(name, set(known) - present))}
    for name in error.validator_value:
        if name in present or name in misspelt:
            continue
        node = schemas.describe(kind, (*steps, name))
        inside = f" in {_name(steps)}" if steps else ""
        hint = f"add `{name}:` {_expected(node)}. {node.get('description', '')}".rstrip(". ")
        yield Finding(
            "schema", f'missing field "{name}"{inside}', Where(file, pointer(*steps, name)), hint=hint
        )


def _unknown(error: _Error, file: str) -> Iterator[Finding]:
    steps = tuple(error.absolute_path)
    known = sorted(error.schema["properties"])
    present = set(error.instance)
    for name in error.instance:
        if name in known:
            continue
        near = closest(name, set(known) - present)
        message = f'unknown field "{_short(name)}"' + (f'; did you mean "{near}"?' if near else "")
        hint = f'rename it "{near}"' if near else f"fields here: {', '.join(known)}"
        yield Finding("schema", message, Where(file, pointer(*steps, name), on_key=True), hint=hint)


_Words = tuple[str, str]


def _type(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    wanted = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = " or ".join(_NAMES[kind] for kind in kinds)
    value = error.instance
    advice = ""
    if "string" in kinds and isinstance(value, (int, float)) and not isinstance(value, bool):
        advice = f'put it in quotes: "{value}"'
    elif "string" in kinds and isinstance(value, bool):
        advice = f'if it is text, put it in quotes: "{str(value).lower()}"'
    elif isinstance(value, str) and {"integer", "number", "boolean"} & set(kinds):
        advice = "write it without quotes"
    elif "array" in kinds and not isinstance(value, list):
        advice = "start each element on its own line with '- '"
    return f"{name} is {_shown(value)}; it must be {expected}", advice


def _enum(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    allowed = [str(value) for value in error.validator_value]
    near = closest(str(error.instance), tuple(allowed))
    question = f'; did you mean "{near}"?' if near else ""
    return f"{name} is {_shown(error.instance)}{question}", f"one of: {', '.join(allowed)}"


def _const(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    return f"{name} is {_shown(error.instance)}; it must be {_shown(error.validator_value)}", ""


def _matched(name: str, error: _Error, node: Mapping[str, Any]) -> _Words:
    wanted = node.get("title", f"text that matches {error.validator_value}")
    blank = isinstance(error.instance, str) and not error.instance.strip()
    if blank:
        return f"{name} is blank", "write it, or leave the field out if it is optional"
    return f"{name} is {_shown(error.instance)}; it must be {wanted}", ""


def _short_list(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    if not error.instance:
        return f"{name} is empty", "nothing is not everything: give at least one"
    return f"{name} has {len(error.instance)} elements; it must have at least {error.validator_value}", ""


def _long_list(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    return f"{name} has {len(error.instance)} elements; it may have at most {error.validator_value}", ""


def _short_text(name: str, _: _Error, __: Mapping[str, Any]) -> _Words:
    return f"{name} is empty", "write it, or leave the field out if it is optional"


def _long_text(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    return (
        f"{name} has {len(error.instance)} characters; it may have at most {error.validator_value}",
        "shorten it",
    )


def _repeated(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    seen: list[Any] = []
    for item in error.instance:
        if item in seen:
            return f"{name} lists {_shown(item)} twice", "keep one of the two"
        seen.append(item)
    return f"{name} lists something twice", "keep one of the two"


def _bound(words: str) -> Callable[[str, _Error, Mapping[str, Any]], _Words]:
    def say(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
        return f"{name} is {_shown(error.instance)}; it must be {words} {error.validator_value}", ""

    return say


def _otherwise(name: str, error: _Error, _: Mapping[str, Any]) -> _Words:
    return f"{name} does not fit the schema: {_short(error.message)}", ""


_SAY: Mapping[str, Callable[[str, _Error, Mapping[str, Any]], _Words]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _matched,
    "minLength": _short_text,
    "maxLength": _long_text,
    "minItems": _short_list,
    "maxItems": _long_list,
    "uniqueItems": _repeated,
    "minProperties": _short_list,
    "maxProperties": _long_list,
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("above"),
    "exclusiveMaximum": _bound("below"),
}


def _name(steps: tuple[str | int, ...]) -> str:
    """Return `criteria[2].threshold`, or `the record` for the root."""
    out = ""
    for step in steps:
        out += f"[{step}]" if isinstance(step, int) else f".{step}"
    return _short(out.removeprefix(".")) or "the record"


def _expected(node: Mapping[str, Any]) -> str:
    if "const" in node:
        return json.dumps(node["const"])
    if "enum" in node:
        return " | ".join(str(value) for value in node["enum"])
    if "title" in node:
        return f"with {node['title']}"
    kind = node.get("type", "string")
    return "with " + " or ".join(_NAMES[one] for one in ([kind] if isinstance(kind, str) else kind))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping of fields"
    if isinstance(value, list):
        return "a list"
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
