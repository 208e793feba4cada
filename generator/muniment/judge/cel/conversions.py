"""Values to values of another type: `string double int timestamp duration`, as the CEL definition says."""

from __future__ import annotations

import math
import re

from muniment.judge.cel.values import (
    NANOS,
    Duration,
    Timestamp,
    Value,
    fail,
    kind_of,
    parse_duration,
    parse_timestamp,
    timestamp,
)

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def overload(name: str, *operands: Value) -> Value:
    """The failure of an operation on operands of these types."""
    kinds = ", ".join(kind_of(operand) for operand in operands)
    return fail("type", f"`{name}` does not take ({kinds})")


def integer(value: int) -> int:
    """`value`, or a failure beyond 64 bits."""
    if not INT_MIN <= value <= INT_MAX:
        fail("range", "an integer beyond 64 bits")
    return value


def to_string(value: Value) -> Value:
    """`string(value)`."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Timestamp() | Duration():
            return str(value)
        case float():
            return _double_text(value)
    return overload("string", value)


def _double_text(value: float) -> str:
    """The fewest digits that read back as the same double, in Google's layout (scientific from 1e6)."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    digits = next(count for count in range(17) if float(f"{value:.{count}e}") == value)
    scientific = f"{value:.{digits}e}"
    exponent = int(scientific.partition("e")[2])
    return f"{value:.{max(digits - exponent, 0)}f}" if -4 <= exponent < 6 else scientific


_DECIMAL = re.compile(
    r"\s*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|(?i:inf|infinity|nan))\s*", re.ASCII
)
_INTEGER = re.compile(r"\s*[+-]?\d{1,30}\s*", re.ASCII)


def to_double(value: Value) -> Value:
    """`double(value)`; text is a decimal number, an infinity or NaN."""
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str):
        if len(value) > 100 or not _DECIMAL.fullmatch(value):
            fail("conversion", f"{value[:60]!r} is not a number")
        return float(value)
    return overload("double", value)


def to_int(value: Value) -> Value:
    """`int(value)`: a double is cut off towards zero, an instant is seconds since 1970."""
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        # The open bounds are CEL's: 2^63 - 1 is not a double, so the next one down is the largest.
        if not -(2.0**63) < value < 2.0**63:
            fail("range", "a double beyond 64 bits")
        return int(value)
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            fail("conversion", f"{value[:60]!r} is not an integer")
        return integer(int(value))
    if isinstance(value, Timestamp):
        return value.nanos // NANOS
    return overload("int", value)


def to_timestamp(value: Value) -> Value:
    """`timestamp(value)`: RFC 3339 text, or seconds since 1970."""
    if isinstance(value, str):
        return parse_timestamp(value)
    if type(value) is int:
        return timestamp(value * NANOS)
    return value if isinstance(value, Timestamp) else overload("timestamp", value)


def to_duration(value: Value) -> Value:
    """`duration(value)`: text such as `1h30m`."""
    if isinstance(value, str):
        return parse_duration(value)
    return value if isinstance(value, Duration) else overload("duration", value)
