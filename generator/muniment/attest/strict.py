"""JSON and base64 as a hostile bundle may not bend them.

Every parser here refuses what two readers could read differently: duplicate keys, `NaN`, lone
surrogates, base64 with stray bits. `Refused` carries one sentence and never leaves the package:
readers turn it into a failed seal, builders into a `SealError`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

MAX_BUNDLE = 2 << 20
"""Bytes of a bundle file. A bundle of one statement over a manifest is about 6 kB."""
MAX_STATEMENT = 1 << 20
"""Bytes of an in-toto statement. That of a model folder has about 150 a file."""
MAX_DEPTH = 32
"""Levels of nesting in any JSON document."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class Refused(ValueError):
    """What was read does not hold; the message says so in one sentence."""


def parse_json(data: bytes, what: str, limit: int) -> dict[str, Any]:
    """Return the JSON object in `data`.

    Raises `Refused` above `limit` bytes, for anything but one UTF-8 object, for duplicate keys, for
    numbers that JSON does not have, and for nesting deeper than `MAX_DEPTH`.
    """
    if len(data) > limit:
        raise Refused(f"The {what} has {len(data)} bytes, more than the {limit} that one may have.")
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique(what), parse_constant=_no_constant(what)
        )
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        raise Refused(f"The {what} is not JSON that can be read: {_short(error)}.") from error
    if not isinstance(value, dict):
        raise Refused(f"The {what} is not a JSON object.")
    _bounded(value, what)
    return value


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return `value` as JSON with sorted keys and no spaces, in UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def parse_base64(value: Any, what: str) -> bytes:
    """Return the bytes of standard base64 text; `Refused` unless encoding them gives the text again."""
    if not isinstance(value, str):
        raise Refused(f"The {what} is not base64 text.")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(f"The {what} is not base64.") from error
    if base64.b64encode(data).decode() != value:
        raise Refused(f"The {what} is base64 with stray bits, which another reader may read differently.")
    return data


def require_keys(
    value: Any, what: str, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return `value` once it is an object that has every required key and no unknown one."""
    if not isinstance(value, dict):
        raise Refused(f"The {what} is not a JSON object.")
    if missing := sorted(required - value.keys()):
        raise Refused(f"The {what} lacks {_quoted(missing)}.")
    if unknown := sorted(value.keys() - required - optional):
        raise Refused(f"The {what} has the unknown field {_quoted(unknown)}.")
    return value


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name[:60]}`" for name in names[:4])


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160].rstrip(".")


def _unique(what: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(items)
        if len(out) != len(items):
            seen: set[str] = set()
            twice = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise Refused(f"The {what} states `{twice[:60]}` twice, so two readers could differ.")
        return out

    return pairs


def _no_constant(what: str) -> Any:
    def refuse(name: str) -> float:
        raise Refused(f"The {what} holds {name}, which is not a JSON number.")

    return refuse


def _bounded(value: Any, what: str, depth: int = 1) -> None:
    """Refuse nesting beyond the cap, infinite numbers (`1e999`) and text that is not Unicode."""
    if depth > MAX_DEPTH:
        raise Refused(f"The {what} is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        for key, item in value.items():
            _bounded(key, what, depth)
            _bounded(item, what, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _bounded(item, what, depth + 1)
    elif isinstance(value, str) and _SURROGATE.search(value):
        raise Refused(f"The {what} holds half a surrogate pair, which is not Unicode text.")
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise Refused(f"The {what} holds a number too large to compute with.")
