"""Whole numbers of 63 bits that stand for doubles and keep their order, so that one bit is left beside them.

A double without its sign is an integer that rises with it. Where all non-zero magnitudes of a column lie
within a factor of about 2^1023 of each other (any column of measurements, log-odds or shares), the lowest of
them can be taken off, and sign and magnitude fit into 63 bits without loss.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

UInts: TypeAlias = npt.NDArray[np.uint64]
Floats: TypeAlias = npt.NDArray[np.float64]

BLOCK = 1 << 15
_MAGNITUDE = (1 << 63) - 1
_ZERO = 1 << 62
_MOST = _ZERO - 2


def offset_of(*columns: Floats) -> int | None:
    """What is taken off every non-zero magnitude of the columns; `None` where they are too far apart.

    The columns are free of NaN and of -0.0.
    """
    reach: tuple[int, int] | None = None
    for column in columns:
        reach = joined(reach, span(column))
    return offset_of_span(*reach) if reach else None


def offset_of_span(low: int, high: int) -> int | None:
    """The same from the smallest (less one) and the largest magnitude."""
    return None if high - low > _MOST else min(low, high)


def span(column: Floats) -> tuple[int, int]:
    """The smallest non-zero magnitude less one, and the largest magnitude."""
    low, high = _MAGNITUDE, 0
    bits = column.view(np.int64)
    for start in range(0, len(bits), BLOCK):
        magnitudes = bits[start : start + BLOCK] & _MAGNITUDE
        high = max(high, int(magnitudes.max()))
        # Zero wraps to the largest number, so that the minimum is that of the others.
        low = min(low, int((magnitudes - 1).view(np.uint64).min()))
    return low, high


def joined(first: tuple[int, int] | None, second: tuple[int, int]) -> tuple[int, int]:
    """The span of two columns together."""
    return second if first is None else (min(first[0], second[0]), max(first[1], second[1]))


def encode(values: Floats, offset: int, out: UInts, bit: int = 0) -> None:
    """Write `code * 2 + bit` of each value into `out`, block by block."""
    bits = values.view(np.int64)
    for start in range(0, len(bits), BLOCK):
        part = bits[start : start + BLOCK]
        magnitudes = part & _MAGNITUDE
        magnitudes -= np.where(magnitudes > 0, offset, 0)
        # The sign as 0 or -1: (m ^ s) - s is m or -m.
        sign = part >> 63
        codes = ((magnitudes ^ sign) - sign + _ZERO).view(np.uint64)
        out[start : start + BLOCK] = (codes << np.uint64(1)) | np.uint64(bit)


def decode(codes: UInts, offset: int) -> Floats:
    """The doubles of codes (without the bit beside them), same shape."""
    signed = codes.astype(np.int64) - _ZERO
    magnitudes = np.abs(signed)
    magnitudes += np.where(magnitudes > 0, offset, 0)
    return np.copysign(magnitudes.view(np.float64), np.where(signed < 0, -1.0, 1.0))


def code_at_or_above(value: float, offset: int) -> int:
    """The lowest code of a value at or above `value`, which need not be in the column."""
    bits = int(np.float64(abs(value)).view(np.int64))
    if value >= 0:
        return _ZERO + (min(max(bits - offset, 1), _MOST + 1) if bits else 0)
    return _ZERO - min(max(bits - offset, 0), _MOST + 1)
