"""Changes single values in the text of a YAML file and leaves every other character where it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from muniment.load import strict
from muniment.model.tree import Tree, pointer, thawed

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
"""Text that may stand without quotes anywhere; `strict` has the last word on it."""


def rewritten(data: bytes, values: Mapping[str, Tree]) -> bytes:
    """Return a YAML file with the scalars at the JSON Pointers of `values` replaced, on one line each.

    `data` must be strict YAML. Comments, order, quotes and line ends elsewhere stay as they are. Raises
    `ValueError` for a pointer that names no scalar of the file.
    """
    text = data.decode("utf-8")
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    spans = {
        at: (
            starts[event.start_mark.line] + event.start_mark.column,
            starts[event.end_mark.line] + event.end_mark.column,
        )
        for at, event in _scalars(text)
        if at in values
    }
    missing = sorted(set(values) - set(spans))
    if missing:
        raise ValueError(f"no scalar stands at {', '.join(missing)}")
    for at, (start, end) in sorted(spans.items(), key=lambda item: item[1], reverse=True):
        # A block text ends where the next line begins, an ordinary one with its last character.
        kept = text[start:end]
        text = text[:start] + flow(values[at]) + kept[len(kept.rstrip()) :] + text[end:]
    return text.encode("utf-8")


def flow(value: Tree) -> str:
    """Write a value on one line, bare words without quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _BARE.fullmatch(value) and strict.compose(value.encode()) == (value, ()):
        return value
    return json.dumps(thawed(value), ensure_ascii=False)


def _scalars(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the pointer and the event of every scalar that is a value."""
    parser = strict.events(text)
    parser()
    parser()
    return _node(parser(), parser, "")


def _node(event: Any, parser: Any, at: str) -> Iterator[tuple[str, Any]]:
    if type(event) is ScalarEvent:
        yield at, event
    elif type(event) is MappingStartEvent:
        while type(key := parser()) is not MappingEndEvent:
            yield from _node(parser(), parser, at + pointer(key.value))
    elif type(event) is SequenceStartEvent:
        index = 0
        while type(item := parser()) is not SequenceEndEvent:
            yield from _node(item, parser, at + pointer(index))
            index += 1
