"""CEL's values in Python, their equality and order.

`int`, `float`, `str`, `bool`, `None` are themselves; a list is a tuple or list; a map is a `Mapping`.
Python holds `True == 1`, CEL does not: keys of maps made by an expression go through `key`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, NoReturn, TypeAlias

from muniment.model.dataclass import dataclass

Value: TypeAlias = Any
"""One of the types the module's first paragraph lists, or `Timestamp`, `Duration`, `Optional`."""

FaultKind = Literal[
    "no_such_key", "absent", "index", "type", "range", "divide", "conversion", "duplicate_key"
]

NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_SECONDS, MAX_SECONDS = -62_135_596_800, 253_402_300_799
"""First second of year 1 and last second of year 9999, since 1970."""
MAX_DURATION = 2**63 - 1
"""Nanoseconds of the longest duration, about 292 years, as 64 bits hold it.

Google's C++ code accepts longer ones as literals and saturates them in arithmetic; its Go code refuses
them. A fault is the meaning both leave open."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an expression has no value."""

    kind: FaultKind
    message: str
    """A clause for a person: "`seals.plan_lock.time` is missing"."""
    missing: str = ""
    """The path that is missing or null, as the expression spells it; empty for other kinds."""
    container: Value = None
    """The object that lacks the key, so that its place can be found."""


class Failure(Exception):
    """Carries a `Fault` up to the operator that absorbs it, or out of the evaluator."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fail(kind: FaultKind, message: str) -> NoReturn:
    """Raise the failure of an operation."""
    raise Failure(Fault(kind, message))


@dataclass(frozen=True, slots=True)
class Read:
    """One fact that an evaluation looked at: `container[key]`."""

    container: Value
    key: str | int


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """An instant."""

    nanos: int
    """Nanoseconds since 1970-01-01T00:00:00Z."""

    def __str__(self) -> str:
        seconds, nanos = divmod(self.nanos, NANOS)
        day = _EPOCH + timedelta(seconds=seconds)
        # No strftime: its %Y does not pad years before 1000 on every platform.
        text = f"{day.year:04}-{day.month:02}-{day.day:02}T{day.hour:02}:{day.minute:02}:{day.second:02}"
        return f"{text}{_fraction(nanos)}Z"

    def day(self) -> int:
        """Days since 1970-01-01 of the UTC day this instant lies in."""
        return self.nanos // (86_400 * NANOS)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time."""

    nanos: int
    """Nanoseconds, negative for a span backwards."""

    def __str__(self) -> str:
        seconds, nanos = divmod(abs(self.nanos), NANOS)
        return f"{'-' if self.nanos < 0 else ''}{seconds}{_fraction(nanos)}s"


@dataclass(frozen=True, slots=True)
class Optional:
    """The result of `.?`: a value or none."""

    present: bool
    value: Value = None


class BoolKey(Enum):
    """A boolean as a map key, kept apart from the integers 0 and 1."""

    FALSE = False
    TRUE = True


def _fraction(nanos: int) -> str:
    if nanos == 0:
        return ""
    digits = f"{nanos:09}"
    for length in (3, 6):
        if digits[length:].strip("0") == "":
            return f".{digits[:length]}"
    return f".{digits}"


def timestamp(nanos: int) -> Timestamp:
    """A timestamp, or a failure outside the years 1 to 9999."""
    if not MIN_SECONDS <= nanos // NANOS <= MAX_SECONDS:
        fail("range", "a timestamp outside the years 1 to 9999")
    return Timestamp(nanos)


def duration(nanos: int) -> Duration:
    """A duration, or a failure beyond 64 bits of nanoseconds."""
    if not -MAX_DURATION <= nanos <= MAX_DURATION:
        fail("range", "a duration beyond 292 years")
    return Duration(nanos)


_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SPAN = re.compile(r"([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|ns))+|0)", re.ASCII)
_PART = re.compile(r"(\d*)(?:\.(\d*))?(h|ms|m|s|us|ns)", re.ASCII)
_UNITS = {"h": 3600 * NANOS, "m": 60 * NANOS, "s": NANOS, "ms": 1_000_000, "us": 1_000, "ns": 1}


def parse_timestamp(text: str) -> Timestamp:
    """An RFC 3339 instant; raises a conversion failure."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        fail("conversion", f"{text[:60]!r} is not an RFC 3339 instant")
    numbers = [int(part) for part in match.groups()[:6]]
    try:
        day = datetime(*numbers, tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        fail("conversion", f"{text[:60]!r} is not an RFC 3339 instant")
    seconds = (day - _EPOCH) // timedelta(seconds=1)
    if match.group(9):
        hours, minutes = int(match.group(10)), int(match.group(11))
        if hours > 23 or minutes > 59:
            fail("conversion", f"{text[:60]!r} is not an RFC 3339 instant")
        shift = hours * 3600 + minutes * 60
        seconds += -shift if match.group(9) == "+" else shift
    return timestamp(seconds * NANOS + int((match.group(7) or "").ljust(9, "0")))


def parse_day(text: str) -> int:
    """Days since 1970-01-01 of a date or of an instant's UTC day; raises a conversion failure."""
    if _DATE.fullmatch(text):
        return parse_timestamp(f"{text}T00:00:00Z").day()
    return parse_timestamp(text).day()


def parse_duration(text: str) -> Duration:
    """A span such as `1h30m` or `-1.5s`; raises a conversion failure."""
    match = _SPAN.fullmatch(text) if len(text) <= 100 else None
    if match is None:
        fail("conversion", f"{text[:60]!r} is not a duration")
    total = 0
    for whole, fraction, unit in _PART.findall(match.group(2)):
        scale = _UNITS[unit]
        total += int(whole or "0") * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
    return duration(-total if match.group(1) == "-" else total)


def kind_of(value: Value) -> str:
    """The CEL name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case tuple() | list():
            return "list"
        case Mapping():
            return "map"
        case _:
            return type(value).__name__.lower()


def key(value: Value) -> Any:
    """What stands for `value` among a map's keys; a failure for a value that cannot be one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return BoolKey(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return fail("type", f"a {kind_of(value)} is no key of a map")


def unkey(stored: Any) -> Value:
    """The value that `key` stored."""
    return stored.value if isinstance(stored, BoolKey) else stored


def _number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(left: Value, right: Value) -> bool:
    """CEL's heterogeneous equality: numbers by value, other types only with their own."""
    if type(left) is str and type(right) is str:
        return left == right
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if _number(left) and _number(right):
        return _same_number(left, right)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(
            name in right and equal(item, right[name]) for name, item in left.items()
        )
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and (not left.present or equal(left.value, right.value))
    return type(left) is type(right) and bool(left == right)


def _same_number(left: int | float, right: int | float) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    # Google's implementation compares a mixed pair as doubles; Python would compare exactly.
    return float(left) == float(right)


_ORDERED = (str, Timestamp, Duration)


def compare(left: Value, right: Value) -> int | None:
    """-1, 0 or 1; `None` where a NaN takes part; a failure for types that have no order."""
    if _number(left) and _number(right):
        if not (isinstance(left, int) and isinstance(right, int)):
            left, right = float(left), float(right)
            if left != left or right != right:
                return None
    elif isinstance(left, bool) and isinstance(right, bool):
        left, right = int(left), int(right)
    elif not (type(left) is type(right) and isinstance(left, _ORDERED)):
        fail("type", f"{kind_of(left)} and {kind_of(right)} have no order")
    return int(left > right) - int(left < right)


def size_of(value: Value, limit: int) -> int:
    """How many nodes `value` has, as far as `limit`, for the step budget.

    An expression can nest one list into itself many times over: small in memory, and endless to walk.
    """
    count = 0
    waiting = [value]
    while waiting and count <= limit:
        item = waiting.pop()
        count += 1
        if isinstance(item, str):
            count += len(item) // 64
        elif isinstance(item, (tuple, list)):
            waiting.extend(item)
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
    return count
