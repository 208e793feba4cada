"""Recorded against recomputed: byte for byte, or each difference named."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from muniment.model.estimate import rounded
from muniment.model.tree import Tree, pointer, thawed

TOLERANCE = 1e-9
CLOSE, DIFFERS = "within 1e-9", "differs"
_ABSENT = object()


def evaluation_bytes(evaluation: Mapping[str, Any]) -> bytes:
    """The bytes of `evaluation.json`: sorted keys, two spaces, one newline, 12 significant digits."""
    text = json.dumps(
        _rounded(thawed(evaluation)), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    return (text + "\n").encode()


def differences(recorded: Tree, recomputed: Tree) -> list[dict[str, Any]]:
    """Return `{pointer, recorded, recomputed, outcome}` for each number or word that is not the same.

    The `producer` block is left out: it names the versions that computed. Counts and words must be
    equal; a float within 1e-9 (absolute, or relative above one) is named with the outcome
    `within 1e-9`, anything else with `differs`. A value that only one side has stands as `null` on the
    other. Nothing differs, nothing is listed.
    """
    out: list[dict[str, Any]] = []
    _walk(_without_producer(recorded), _without_producer(recomputed), "", out)
    return out


def _without_producer(tree: Tree) -> Tree:
    if isinstance(tree, Mapping):
        return {key: value for key, value in tree.items() if key != "producer"}
    return tree


def _walk(old: Any, new: Any, at: str, out: list[dict[str, Any]]) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            _walk(old.get(key, _ABSENT), new.get(key, _ABSENT), at + pointer(key), out)
        return
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else _ABSENT
            right = new[index] if index < len(new) else _ABSENT
            _walk(left, right, at + pointer(index), out)
        return
    outcome = _compared(old, new)
    if outcome:
        out.append({"pointer": at, "recorded": _plain(old), "recomputed": _plain(new), "outcome": outcome})


def _compared(old: Any, new: Any) -> str | None:
    """`None` where equal, else the outcome. A count that became a float is not equal to itself."""
    if type(old) is type(new) and not isinstance(old, float):
        return None if old == new else DIFFERS
    if isinstance(old, float) and isinstance(new, float):
        if old == new:
            return None
        near = math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return CLOSE if near else DIFFERS
    return DIFFERS


def _plain(value: Any) -> Any:
    if value is _ABSENT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return thawed(value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
