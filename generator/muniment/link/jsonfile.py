"""Strict JSON for derived files: no duplicate key, no NaN, no deep nesting; a fault is one finding."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree, frozen

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse(data: bytes, file: str, schema: str, remedy: str) -> tuple[Tree, Finding | None]:
    """Return the frozen object in `data`, or `None` and a finding (rule `json`).

    `schema` is the value its field `schema` must have; `remedy` says how the file is made.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except json.JSONDecodeError as error:
        where = Where(file, "", error.lineno, error.colno)
        return None, Finding("json", f"broken JSON: {error.msg}", where, hint=remedy)
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        return None, Finding("json", f"broken JSON: {reason}", Where(file, "", 1, 1), hint=remedy)
    if not isinstance(value, dict) or value.get("schema") != schema:
        message = f'the file is not of schema "{schema}"'
        return None, Finding("json", message, Where(file, "/schema", 1, 1), hint=remedy)
    return frozen(value), None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f'duplicate key "{twice[:60]}"')
    return out


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
