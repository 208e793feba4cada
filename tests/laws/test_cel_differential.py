"""Our evaluator against Google's, on random expressions of the subset over several contexts.

What the two read differently on purpose stands in docs/explanation/policy-language.md.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cel_expr_python import cel as google
from cel_expr_python.ext import ext_optional
from tests.support.cel_writer import CONTEXTS, NAMES, Writer

from muniment.judge.cel import Duration, Fault, Timestamp, compile_expression

ENVIRONMENT = google.NewEnv(
    variables=dict.fromkeys(NAMES, google.Type.DYN), extensions=[ext_optional.ExtOptional()]
)
ERROR = object()


def ours(expression: str, context: dict[str, Any]) -> Any:
    return plain(compile_expression(expression, frozenset(NAMES)).run(context))


def plain(value: Any) -> Any:
    match value:
        case Fault():
            return ERROR
        case Timestamp(nanos):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanos // 1000)
        case Duration(nanos):
            return timedelta(microseconds=nanos // 1000)
        case tuple() | list():
            return [plain(item) for item in value]
        case dict():
            return {getattr(key, "value", key): plain(item) for key, item in value.items()}
        case _:
            return value


def theirs(expression: str, context: dict[str, Any]) -> Any:
    compiled = ENVIRONMENT.compile(expression, disable_check=True)
    try:
        result = compiled.eval(data=context)
    except RuntimeError:
        return ERROR
    return ERROR if result.type() == google.Type.ERROR else result.plain_value()


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        # Python folds the keys 1 and True together, CEL does not: compare what both can hold.
        return all(same(item, right[key]) for key, item in left.items() if isinstance(key, str))
    return type(left) is type(right) and left == right


def compare(seeds: range) -> int:
    """Compare both on one expression a seed, and return how many of them have a value."""
    values = 0
    for seed in seeds:
        expression, context = Writer(seed).any(4), CONTEXTS[seed // 2 % len(CONTEXTS)]
        expected, found = theirs(expression, context), ours(expression, context)
        assert same(found, expected), f"seed {seed}: {expression}\n  ours   {found!r}\n  google {expected!r}"
        values += expected is not ERROR
    return values


def test_agrees_with_google() -> None:
    """An expression of the subset means exactly what it means to Google's implementation."""
    assert compare(range(4_000)) > 1_000, "most random expressions fail: the test sees too little"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_agrees_with_google_on_20000(part: int) -> None:
    """No disagreement on 20,000 random expressions, other than those of the quick run."""
    first = 1_000_000 + part * 5_000
    assert compare(range(first, first + 5_000)) > 1_200
