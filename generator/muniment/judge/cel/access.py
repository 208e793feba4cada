"""One step into a value: a field, a key, an index, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Mapping

from muniment.judge.cel.frame import Frame
from muniment.judge.cel.values import Failure, Fault, Optional, Read, Value, fail, key, kind_of

NONE = Optional(False)
"""What `.?` gives where there is nothing."""


def no_map(base: Value, path: str) -> Failure:
    """The failure of looking into something that has no fields; null counts as missing."""
    if base is None:
        return Failure(Fault("absent", f"`{path}` is missing", path))
    return Failure(Fault("type", f"`{path}` is a {kind_of(base)} and has no fields"))


def select_optional(base: Optional, name: str, path: str) -> Optional:
    """A field of an optional: none where either is not there."""
    if not base.present:
        return NONE
    if not isinstance(base.value, Mapping):
        raise no_map(base.value, path)
    return Optional(True, base.value[name]) if name in base.value else NONE


def lacks(base: Value, wanted: Value) -> bool:
    """Whether a map has no such key; a list out of range stays a fault, as in Google's implementation."""
    if not isinstance(base, Mapping):
        return False
    return (isinstance(wanted, float) and not wanted.is_integer()) or key(wanted) not in base


def indexed(base: Value, wanted: Value, path: str, frame: Frame) -> Value:
    """`base[wanted]`: a key of a map by CEL equality, or an element of a list; else a failure."""
    if isinstance(base, Mapping):
        stored = key(wanted)
        if frame.reads is not None and isinstance(stored, (str, int)):
            frame.reads.append(Read(base, stored))
        if stored not in base:
            raise Failure(Fault("no_such_key", f"`{path}` is missing: no key {wanted!r}", path, base))
        return base[stored]
    if not isinstance(base, (tuple, list)):
        raise no_map(base, path)
    if isinstance(wanted, float) and wanted.is_integer():
        wanted = int(wanted)
    if type(wanted) is not int:
        fail("type", f"a list is indexed by an int, not by a {kind_of(wanted)}")
    if not 0 <= wanted < len(base):
        raise Failure(Fault("index", f"`{path}` is missing: {len(base)} elements", path, base))
    if frame.reads is not None:
        frame.reads.append(Read(base, wanted))
    return base[wanted]
