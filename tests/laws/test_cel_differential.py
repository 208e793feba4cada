"""Our evaluator against Google's, on random expressions of the subset."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cel_expr_python import cel as google
from cel_expr_python.ext import ext_optional

from muniment.judge.cel import Duration, Fault, Timestamp, compile_expression

EXPRESSIONS = 6_000
CONTEXT: dict[str, Any] = {
    "m": {"a": 1, "b": 2.5, "s": "é😀z", "n": None, "t": True, "inner": {"a": -3, "l": [1, 2]}},
    "l": [3, 1, 2],
    "mixed": [1, 2.0, "x", None, True, [1], {"k": 1}],
    "rows": [{"id": "r1", "v": 0.5}, {"id": "r2", "v": 2}, {"id": "r3"}],
    "i": 7,
    "d": -0.25,
    "s": "abc",
    "b": False,
    "z": None,
}
NAMES = frozenset(CONTEXT)
ENVIRONMENT = google.NewEnv(
    variables=dict.fromkeys(NAMES, google.Type.DYN), extensions=[ext_optional.ExtOptional()]
)
ERROR = object()


class Writer:
    """Writes random expressions: mostly well typed, often not, so that errors are met too."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bound: list[str] = []

    def any(self, depth: int) -> str:
        kinds: list[Callable[[int], str]] = [
            self.bool,
            self.bool,
            self.int,
            self.double,
            self.string,
            self.list,
        ]
        kinds += [self.map, self.time, self.span, self.stray]
        return self.random.choice(kinds)(depth)

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def stray(self, depth: int) -> str:
        """Anything anywhere: variables, fields that may not be there, indices out of range."""
        choices = [
            *sorted(NAMES),
            *self.bound,
            "m.nope",
            "m.n.x",
            "m.inner.a",
            "m.inner.l",
            "rows[9]",
            "null",
        ]
        choices += [
            "l[1]",
            "l[1.0]",
            "mixed[3]",
            "m['s']",
            "m['nope']",
            "rows[0].id",
            "rows[2].v",
            "mixed[6].k",
        ]
        if depth <= 0:
            return self.pick(*choices)
        return self.pick(
            f"({self.any(depth - 1)} {self.pick(*'+-*/%<', '==', 'in')} {self.any(depth - 1)})",
            f"({self.any(depth - 1)} ? {self.any(depth - 1)} : {self.any(depth - 1)})",
            f"m.?{self.pick('a', 'nope', 'inner', 'n')}.orValue({self.any(depth - 1)})",
            f"m.?{self.pick('nope', 'inner')}.?{self.pick('a', 'l')}.hasValue()",
            f"{self.list(depth - 1)}[{self.int(0)}]",
            f"{self.map(depth - 1)}.{self.pick('a', 'k')}",
            self.pick(*choices),
        )

    def bool(self, depth: int) -> str:
        if depth <= 0:
            return self.pick("true", "false", "b", "m.t", "has(m.a)", "has(m.nope)", "has(m.n)", "has(m.n.x)")
        deeper = depth - 1
        name = self.pick("e", "f")
        relation = self.pick("==", "!=", "<", "<=", ">", ">=")
        kind = self.random.choice([self.int, self.double, self.string, self.time, self.span, self.any])
        options = [
            lambda: f"({self.bool(deeper)} {self.pick('&&', '||')} {self.bool(deeper)})",
            lambda: f"({self.any(deeper)} {self.pick('&&', '||')} {self.bool(deeper)})",
            lambda: f"!{self.bool(deeper)}",
            lambda: f"({kind(deeper)} {relation} {kind(deeper)})",
            lambda: f"({self.any(deeper)} {self.pick('==', '!=')} {self.any(deeper)})",
            lambda: f"({self.any(deeper)} in {self.list(deeper)})",
            lambda: f"({self.string(0)} in {self.map(deeper)})",
            lambda: (
                f"{self.string(deeper)}.{self.pick('startsWith', 'endsWith', 'contains')}({self.string(0)})"
            ),
            lambda: self.macro(self.pick("all", "exists", "exists_one"), name, deeper),
            lambda: f"has({self.pick('m', 'm.inner', 'rows[0]', 'm.nope')}.{self.pick('a', 'v', 'nope')})",
        ]
        return self.random.choice(options)()

    def macro(self, kind: str, name: str, depth: int) -> str:
        within = self.pick(self.list(depth), self.map(depth), "l", "mixed", "rows", "m")
        if kind in {"map", "filter"} and not within.startswith("["):
            # CEL leaves the order of a map's keys open: a list made from them is no test.
            within = self.pick(self.list(depth), "{'k': 1}", "l", "mixed", "rows")
        self.bound.append(name)
        body = self.any(depth) if kind == "map" else self.bool(depth)
        if kind != "map" and self.random.random() < 0.5:
            body = f"{name} {self.pick('<', '>', '==', '!=')} {self.any(0)}"
        if within == "rows" and self.random.random() < 0.5:
            body = f"{name}.v > 1"
        condition = f"{self.bool(0)}, " if kind == "map" and self.random.random() < 0.3 else ""
        self.bound.remove(name)
        return f"{within}.{kind}({name}, {condition}{body})"

    def int(self, depth: int) -> str:
        if depth <= 0:
            big = ("9223372036854775807", "-9223372036854775808", "9007199254740993", "0x1F")
            return self.pick("0", "1", "2", "-3", "i", "m.a", "l[0]", *big)
        deeper = depth - 1
        options = [
            lambda: f"({self.int(deeper)} {self.pick('+', '-', '*', '/', '%')} {self.int(deeper)})",
            lambda: f"size({self.pick(self.string(deeper), self.list(deeper), self.map(deeper))})",
            lambda: f"-{self.int(0).lstrip('-')}",
            lambda: f"int({self.any(deeper)})",
            lambda: f"({self.bool(deeper)} ? {self.int(deeper)} : {self.int(deeper)})",
        ]
        return self.random.choice(options)()

    def double(self, depth: int) -> str:
        if depth <= 0:
            return self.pick(
                "0.0", "1.5", "-0.25", "1e3", "1e300", ".5", "m.b", "d", "9007199254740992.0", "2.0"
            )
        deeper = depth - 1
        options = [
            lambda: f"({self.double(deeper)} {self.pick('+', '-', '*', '/')} {self.double(deeper)})",
            lambda: f"double({self.pick(self.int(deeper), self.double(deeper), self.string(0))})",
            lambda: f"({self.bool(deeper)} ? {self.double(deeper)} : {self.double(deeper)})",
        ]
        return self.random.choice(options)()

    def string(self, depth: int) -> str:
        if depth <= 0:
            plain = (
                "''",
                "'a'",
                "'abc'",
                "'É😀'",
                "r'\\n'",
                "'\\n\\x41\\u00e9'",
                '"12"',
                "'1.5'",
                "'true'",
                "'k'",
            )
            return self.pick("s", "m.s", *plain)
        deeper = depth - 1
        options = [
            lambda: f"({self.string(deeper)} + {self.string(deeper)})",
            lambda: f"string({self.any(deeper)})",
            lambda: f"({self.bool(deeper)} ? {self.string(deeper)} : {self.string(deeper)})",
        ]
        return self.random.choice(options)()

    def list(self, depth: int) -> str:
        if depth <= 0:
            return self.pick("[]", "[1, 2.0, 'a']", "l", "mixed", "m.inner.l", "[null]", "[[1], [1.0]]")
        deeper = depth - 1
        options = [
            lambda: f"[{', '.join(self.any(deeper) for _ in range(self.random.randrange(4)))}]",
            lambda: f"({self.list(deeper)} + {self.list(deeper)})",
            lambda: self.macro("filter", "g", deeper),
            lambda: self.macro("map", "h", deeper),
        ]
        return self.random.choice(options)()

    def map(self, depth: int) -> str:
        if depth <= 0:
            return self.pick("{}", "m", "{'k': 1}", "{1: 'x', true: 'y'}", "m.inner", "rows[0]")
        deeper = depth - 1
        return f"{{'k': {self.any(deeper)}, 'a': {self.any(deeper)}, {self.int(0)}: {self.any(deeper)}}}"

    def time(self, depth: int) -> str:
        days = (
            "2024-02-29T12:00:00Z",
            "1994-12-31T23:59:59.5+02:00",
            "9999-12-31T23:59:59Z",
            "2023-02-29T00:00:00Z",
        )
        if depth <= 0:
            return f"timestamp('{self.pick(*days, '2024-01-01', '0001-01-01T00:00:00Z')}')"
        return f"({self.time(depth - 1)} {self.pick('+', '-')} {self.span(depth - 1)})"

    def span(self, depth: int) -> str:
        if depth <= 0:
            return (
                f"duration('{self.pick('1h30m', '-1.5s', '0', '90m', '100ms', '1d', '2500000h', '86400s')}')"
            )
        left = self.pick(self.span(depth - 1), self.time(depth - 1))
        return f"({left} - {self.pick(self.span(0), self.time(0))})"


def ours(expression: str) -> Any:
    return plain(compile_expression(expression, NAMES).run(CONTEXT))


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


def theirs(expression: str) -> Any:
    compiled = ENVIRONMENT.compile(expression, disable_check=True)
    try:
        result = compiled.eval(data=CONTEXT)
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


@pytest.mark.parametrize("part", range(6))
def test_agrees_with_google(part: int) -> None:
    """An expression of the subset means exactly what it means to Google's implementation."""
    values = 0
    for number in range(EXPRESSIONS // 6):
        expression = Writer(part * EXPRESSIONS + number).any(4)
        expected, found = theirs(expression), ours(expression)
        assert same(found, expected), f"{expression}\n  ours   {found!r}\n  google {expected!r}"
        values += expected is not ERROR
    assert values > EXPRESSIONS // 6 // 5, "most random expressions fail: the test sees too little"
