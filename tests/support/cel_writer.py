"""Random expressions of the policy language's subset, and contexts to evaluate them in."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

CONTEXTS: tuple[dict[str, Any], ...] = (
    {
        "m": {"a": 1, "b": 2.5, "s": "é😀z", "n": None, "t": True, "inner": {"a": -3, "l": [1, 2]}},
        "l": [3, 1, 2],
        "mixed": [1, 2.0, "x", None, True, [1], {"k": 1}],
        "rows": [{"id": "r1", "v": 0.5}, {"id": "r2", "v": 2}, {"id": "r3"}],
        "i": 7,
        "d": -0.25,
        "s": "abc",
        "b": False,
        "z": None,
    },
    {
        "m": {"a": -(2**63), "b": 1e300, "s": "", "n": 0, "t": False, "inner": {"a": 2.0, "l": []}},
        "l": [],
        "mixed": ["é", "e\u0301", -0.0, 0, False, [], {}],
        "rows": [{"id": "r1", "v": "2"}, {"id": 2, "v": None}],
        "i": 2**63 - 1,
        "d": 9007199254740992.0,
        "s": "2024-02-29T12:00:00Z",
        "b": True,
        "z": None,
    },
    {
        "m": {"a": "x", "b": [], "s": "k", "t": None, "inner": {"l": [[1], {"a": 1}]}},
        "l": [0, -1, 9007199254740993],
        "mixed": [[1, [2.0]], {"a": {"b": None}}, "1.5", 1.5],
        "rows": [{"id": "r1", "v": -1}, {"id": "r1", "v": 1.0}, {"v": 1}],
        "i": 0,
        "d": 0.0,
        "s": "a\r\nb",
        "b": False,
        "z": None,
    },
)
"""What the variables are bound to; the third lacks a field that the others have."""
NAMES = tuple(sorted(CONTEXTS[0]))


class Writer:
    """Writes random expressions; every other one mostly well typed, so that errors are met too."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bound: list[str] = []
        self.tidy = seed % 2 == 0

    def any(self, depth: int) -> str:
        kinds: list[Callable[[int], str]] = [
            self.bool,
            self.bool,
            self.int,
            self.double,
            self.string,
            self.list,
        ]
        kinds += [self.map, self.time, self.span]
        if not self.tidy:
            kinds.append(self.stray)
        return self.random.choice(kinds)(depth)

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def stray(self, depth: int) -> str:
        """Anything anywhere: variables, fields that may not be there, indices out of range."""
        choices = [
            *NAMES,
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
            f"m.?{self.pick('nope', 'inner')}.{self.pick('a', 'l', 'zz')}.hasValue()",
            f"m.?{self.pick('nope', 'inner')}['{self.pick('a', 'l', 'zz')}'].orValue({self.any(depth - 1)})",
            f"(m.?{self.pick('a', 'nope')} == m.?{self.pick('a', 'n', 'nope')})",
            f"has(m.?{self.pick('inner', 'nope')}.{self.pick('a', 'zz')})",
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
            lambda: self.macro(self.pick("all", "exists", "exists_one"), name, deeper),
            lambda: f"{self.typed('string', deeper)}.{self.pick('startsWith', 'contains')}({self.string(0)})",
            lambda: f"({self.typed('int', deeper)} {relation} {self.typed('double', deeper)})",
            lambda: f"has({self.pick('m', 'm.inner', 'rows[0]', 'm.nope')}.{self.pick('a', 'v', 'nope')})",
        ]
        return self.random.choice(options)()

    def typed(self, kind: str, depth: int) -> str:
        """One of a kind that will most likely have a value."""
        before, self.tidy = self.tidy, True
        try:
            return str(getattr(self, kind)(min(depth, 1)))
        finally:
            self.tidy = before

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
            lambda: f"int({self.double(deeper) if self.tidy else self.any(deeper)})",
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
                "'e\\u0301'",
                "'\\U0001F600'",
                '"""a\'\n"""',
                "'2024-02-29T12:00:00Z'",
                "'9223372036854775807'",
                "' 7 '",
                "'-1e-3'",
                "'NaN'",
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
        # Never the same key twice: the compiler refuses it, as implementations differ in what it means.
        third = self.pick(self.int(0), "true", "false", "'zz'", "''", "'é' + '😀'", "1.5", "null")
        return f"{{'k': {self.any(deeper)}, 'a': {self.any(deeper)}, {third}: {self.any(deeper)}}}"

    def time(self, depth: int) -> str:
        days = (
            "2024-02-29T12:00:00Z",
            "1994-12-31T23:59:59.5+02:00",
            "9999-12-31T23:59:59Z",
            "2023-02-29T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "2024-06-30t00:00:00.000001-23:59",
        )
        if depth <= 0:
            return f"timestamp('{self.pick(*days, '2024-01-01', '0001-01-01T00:00:00Z')}')"
        if self.random.random() < 0.2:
            return f"timestamp({self.pick('0', 'i', '-62135596800', '253402300799', '253402300800')})"
        return f"({self.time(depth - 1)} {self.pick('+', '-')} {self.span(depth - 1)})"

    def span(self, depth: int) -> str:
        if depth <= 0:
            return (
                f"duration('{self.pick('1h30m', '-1.5s', '0', '90m', '100ms', '1d', '2500000h', '86400s')}')"
            )
        if self.random.random() < 0.3:
            return f"({self.span(0)} + {self.span(depth - 1)})"
        left = self.pick(self.span(depth - 1), self.time(depth - 1))
        return f"({left} - {self.pick(self.span(0), self.time(0))})"
