"""Operators and functions: one entry in a table each.

Standard ones mean what the CEL definition says. Extensions, declared here and nowhere else:

* `xs.sum() xs.min() xs.max()` over numbers of one type (`min`, `max` over anything ordered);
* `xs.distinct() xs.intersect(ys) xs.subtract(ys)` by CEL equality, in the order of `xs`;
* `xs.join(separator)` over strings;
* `days(n)` a duration of n times 24 hours; `days(a, b)` whole calendar days from a to b (UTC), each a
  date `2024-03-01`, an RFC 3339 instant, or a timestamp.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

from muniment.errors import InvalidPolicy
from muniment.judge.cel.conversions import (
    INT_MIN,
    integer,
    overload,
    to_double,
    to_duration,
    to_int,
    to_string,
    to_timestamp,
)
from muniment.judge.cel.values import (
    NANOS,
    Duration,
    Optional,
    Timestamp,
    Value,
    compare,
    duration,
    equal,
    fail,
    key,
    parse_day,
    size_of,
    timestamp,
)

Function = Callable[..., Value]

MAX_TEXT = 100_000
"""Characters of the longest string an expression may build."""
MAX_LIST = 50_000
"""Elements of the longest list an expression may build."""


def _both(left: Value, right: Value, kind: type) -> bool:
    return type(left) is kind and type(right) is kind


def _add(left: Value, right: Value) -> Value:
    if _both(left, right, int):
        return integer(left + right)
    if _both(left, right, float):
        return left + right
    if _both(left, right, str):
        return _text(left + right)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return _list((*left, *right))
    match left, right:
        case (Timestamp(a), Duration(b)) | (Duration(a), Timestamp(b)):
            return timestamp(a + b)
        case Duration(a), Duration(b):
            return duration(a + b)
    return overload("+", left, right)


def _subtract(left: Value, right: Value) -> Value:
    if _both(left, right, int):
        return integer(left - right)
    if _both(left, right, float):
        return left - right
    match left, right:
        case Timestamp(a), Timestamp(b):
            return duration(a - b)
        case Timestamp(a), Duration(b):
            return timestamp(a - b)
        case Duration(a), Duration(b):
            return duration(a - b)
    return overload("-", left, right)


def _multiply(left: Value, right: Value) -> Value:
    if _both(left, right, int):
        return integer(left * right)
    if _both(left, right, float):
        return left * right
    return overload("*", left, right)


def _divide(left: Value, right: Value) -> Value:
    if _both(left, right, int):
        if right == 0:
            fail("divide", "a division by zero")
        quotient = abs(left) // abs(right)
        return integer(quotient if (left < 0) == (right < 0) else -quotient)
    if _both(left, right, float):
        return _divide_floats(left, right)
    return overload("/", left, right)


def _divide_floats(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: Value, right: Value) -> Value:
    if not _both(left, right, int):
        return overload("%", left, right)
    if right == 0:
        fail("divide", "a division by zero")
    if right == -1 and left == INT_MIN:
        fail("range", "an integer beyond 64 bits")
    return int(math.fmod(left, right)) if abs(left) < 2**53 > abs(right) else _exact_remainder(left, right)


def _exact_remainder(left: int, right: int) -> int:
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _negate(value: Value) -> Value:
    if type(value) is int:
        return integer(-value)
    if type(value) is float:
        return -value
    return overload("-", value)


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else overload("!", value)


def _in(item: Value, container: Value) -> Value:
    if isinstance(container, (tuple, list)):
        if type(item) is str:
            return item in container  # a text equals texts only, in Python as in CEL
        return any(equal(item, other) for other in container)
    if isinstance(container, Mapping):
        if isinstance(item, float) and not item.is_integer():
            return False
        return key(item) in container
    return overload("in", item, container)


def _ordered(name: str, test: Callable[[int], bool]) -> Function:
    def relation(left: Value, right: Value) -> Value:
        order = compare(left, right)
        return False if order is None else test(order)

    relation.__name__ = name
    return relation


OPERATORS: Mapping[str, Function] = MappingProxyType(
    {
        "_+_": _add,
        "_-_": _subtract,
        "_*_": _multiply,
        "_/_": _divide,
        "_%_": _remainder,
        "-_": _negate,
        "!_": _not,
        "_==_": equal,
        "_!=_": lambda left, right: not equal(left, right),
        "_<_": _ordered("<", lambda order: order < 0),
        "_<=_": _ordered("<=", lambda order: order <= 0),
        "_>_": _ordered(">", lambda order: order > 0),
        "_>=_": _ordered(">=", lambda order: order >= 0),
        "_in_": _in,
    }
)
"""Operators that evaluate all their operands; `&& || ?:` are the evaluator's own."""


def _too_large(what: str) -> NoReturn:
    # Not a fault: `||` would absorb it, and the expression would mean something that no CEL means.
    raise InvalidPolicy(f"an expression built {what}", hint="build less, or split the rule")


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        _too_large(f"a string of more than {MAX_TEXT} characters")
    return value


def _list(value: tuple[Value, ...]) -> tuple[Value, ...]:
    if len(value) > MAX_LIST:
        _too_large(f"a list of more than {MAX_LIST} elements")
    return value


def _size(value: Value) -> Value:
    if isinstance(value, (str, tuple, list, Mapping)):
        return len(value)
    return overload("size", value)


def _on_strings(name: str, test: Callable[[str, str], bool]) -> Function:
    def function(text: Value, part: Value) -> Value:
        if isinstance(text, str) and isinstance(part, str):
            return test(text, part)
        return overload(name, text, part)

    return function


def _elements(name: str, value: Value) -> tuple[Value, ...]:
    if not isinstance(value, (tuple, list)):
        overload(name, value)
    return tuple(value)


def _sum(value: Value) -> Value:
    items = _elements("sum", value)
    total: Value = items[0] if items else 0
    for item in items[1:]:
        total = _add(total, item)
    if items and not isinstance(total, (int, float, Duration)):
        return overload("sum", total)
    return total


def _extreme(name: str, wanted: int) -> Function:
    def function(value: Value) -> Value:
        items = _elements(name, value)
        if not items:
            fail("index", f"`{name}` of an empty list")
        best = items[0]
        compare(best, best)
        for item in items[1:]:
            if compare(item, best) == wanted:
                best = item
        return best

    return function


def _distinct(value: Value) -> Value:
    kept: list[Value] = []
    for item in _elements("distinct", value):
        if not any(equal(item, other) for other in kept):
            kept.append(item)
    return tuple(kept)


def _intersect(value: Value, others: Value) -> Value:
    right = _elements("intersect", others)
    return tuple(item for item in _elements("intersect", value) if _in(item, right))


def _without(value: Value, others: Value) -> Value:
    right = _elements("subtract", others)
    return tuple(item for item in _elements("subtract", value) if not _in(item, right))


def _join(value: Value, separator: Value = "") -> Value:
    items = _elements("join", value)
    if not isinstance(separator, str) or not all(isinstance(item, str) for item in items):
        return overload("join", value, separator)
    if sum(map(len, items)) + len(items) * len(separator) > MAX_TEXT:
        _too_large(f"a string of more than {MAX_TEXT} characters")
    return separator.join(items)


def _day(value: Value) -> int:
    if isinstance(value, Timestamp):
        return value.day()
    return parse_day(value) if isinstance(value, str) else int(overload("days", value))


def _days(first: Value, second: Value = None) -> Value:
    if second is not None:
        return _day(second) - _day(first)
    return duration(first * 86_400 * NANOS) if type(first) is int else overload("days", first)


def _has_value(value: Value) -> Value:
    return value.present if isinstance(value, Optional) else overload("hasValue", value)


GLOBAL: Mapping[str, tuple[Function, tuple[int, ...]]] = MappingProxyType(
    {
        "size": (_size, (1,)),
        "string": (to_string, (1,)),
        "double": (to_double, (1,)),
        "int": (to_int, (1,)),
        "timestamp": (to_timestamp, (1,)),
        "duration": (to_duration, (1,)),
        "days": (_days, (1, 2)),
    }
)
"""Functions called by name: implementation, and how many arguments each takes."""

MEMBER: Mapping[str, tuple[Function, tuple[int, ...]]] = MappingProxyType(
    {
        "size": (_size, (0,)),
        "startsWith": (_on_strings("startsWith", str.startswith), (1,)),
        "endsWith": (_on_strings("endsWith", str.endswith), (1,)),
        "contains": (_on_strings("contains", str.__contains__), (1,)),
        "sum": (_sum, (0,)),
        "min": (_extreme("min", -1), (0,)),
        "max": (_extreme("max", 1), (0,)),
        "distinct": (_distinct, (0,)),
        "intersect": (_intersect, (1,)),
        "subtract": (_without, (1,)),
        "join": (_join, (0, 1)),
        "hasValue": (_has_value, (0,)),
    }
)
"""Functions called on a receiver; the counts leave the receiver out. `orValue`, which evaluates its
argument only where it is needed, is the evaluator's own."""


def _linear(operands: tuple[Value, ...], _left: int) -> int:
    return 1 + sum(map(_length, operands))


def _whole(operands: tuple[Value, ...], left: int) -> int:
    return sum(size_of(operand, left) for operand in operands)


def _pairs(operands: tuple[Value, ...], left: int) -> int:
    return (1 + _length(operands[0])) * size_of(operands[-1], left)


def _length(value: Value) -> int:
    if isinstance(value, str):
        return len(value) // 64
    return len(value) if isinstance(value, (tuple, list)) else 0


Cost = Callable[[tuple[Value, ...], int], int]
"""Operands and the steps left to the steps an operation takes."""

COST: Mapping[str, Cost] = MappingProxyType(
    dict.fromkeys(("_+_", "sum", "min", "max", "join"), _linear)
    | {"_in_": _whole}
    | dict.fromkeys(("distinct", "intersect", "subtract"), _pairs)
)
"""Operations whose work grows with their operands."""
