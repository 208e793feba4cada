"""Write plain data as YAML in the one shape the records use: block style, ambiguous scalars quoted."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .,()/%+_-]*[A-Za-z0-9.)%]|[A-Za-z]")
DIGEST = re.compile(r"[0-9a-f]{64}")
WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
WIDTH = 100


def document(value: dict[str, Any]) -> str:
    """The YAML of a record, ending in a newline."""
    return "\n".join(mapping(value, 0)) + "\n"


def mapping(value: dict[str, Any], indent: int) -> list[str]:
    """Lines of a mapping."""
    lines: list[str] = []
    for key, item in value.items():
        lines += entry(f"{' ' * indent}{scalar(key)}:", item, indent)
    return lines


def entry(head: str, item: Any, indent: int) -> list[str]:
    """A key with its value: on one line, folded, or as a block below."""
    if isinstance(item, dict) and item:
        return [head, *mapping(item, indent + 2)]
    if isinstance(item, list | tuple) and item:
        inline = (
            f"{head} [{', '.join(scalar(i, flow=True) for i in item)}]" if all(flat(i) for i in item) else ""
        )
        return [inline] if inline and len(inline) <= WIDTH else [head, *sequence(item, indent + 2)]
    if isinstance(item, str) and len(head) + len(item) > WIDTH:
        body = textwrap.wrap(
            " ".join(item.split()), WIDTH - indent, break_long_words=False, break_on_hyphens=False
        )
        return [f"{head} >-", *(" " * (indent + 2) + line for line in body)]
    return [f"{head} {scalar(item)}"]


def sequence(items: list[Any] | tuple[Any, ...], indent: int) -> list[str]:
    """Lines of a list."""
    lines: list[str] = []
    for item in items:
        if isinstance(item, dict):
            block = mapping(item, indent + 2)
            lines += [" " * indent + "- " + block[0].lstrip(), *block[1:]]
        else:
            lines += entry(" " * indent + "-", item, indent)
    return lines


def flat(item: Any) -> bool:
    """Whether an item may stand in a one-line list."""
    return not isinstance(item, dict | list | tuple)


def scalar(item: Any, *, flow: bool = False) -> str:
    """A scalar that YAML reads back as what it was; in a one-line list a comma must be quoted."""
    if item is None:
        return "null"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, list | tuple | dict):
        return "{}" if isinstance(item, dict) else "[]"
    text = str(item)
    safe = (
        PLAIN.fullmatch(text)
        and not DIGEST.fullmatch(text)
        and text.lower() not in WORDS
        and not (flow and "," in text)
    )
    return text if safe else json.dumps(text, ensure_ascii=False)
