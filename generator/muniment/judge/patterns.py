"""What a taxonomy says of all paths that a pattern stands for, so that a layer's class can be weighed."""

from __future__ import annotations

from typing import TypeAlias

from muniment.model.change import ChangeClass
from muniment.model.policy import PathClass, Taxonomy, pattern_steps

Steps: TypeAlias = tuple[str, ...]

_DEEP, _WILD, _LITERAL, _END = 1, 2, 3, 4


def base_class(entry: PathClass, base: Taxonomy) -> ChangeClass:
    """The highest class that `base` gives, or may give, to a change that `entry` will decide.

    Entries more specific than `entry` still decide their own paths and do not count.
    """
    steps, mine = pattern_steps(entry.path) or (), rank(entry.path)
    above = [other for other in base.paths if rank(other.path) <= mine and overlaps(_steps(other), steps)]
    # The most specific unconditional entry that covers the whole pattern hides what is less specific.
    covering = [o for o in above if o.when is None and covers(_steps(o), steps)]
    floor = max(covering, key=lambda o: rank(o.path), default=None)
    hidden = rank(floor.path) if floor is not None else ()
    counted = [
        o for o in above if rank(o.path) >= hidden and not (o.path == entry.path and o.when is not None)
    ]
    if entry.when is not None:
        counted += [o for o in above if o.path == entry.path and o.when is not None]
    found = [o.change_class for o in counted]
    return max(found if floor is not None else [*found, base.default])


def _steps(entry: PathClass) -> Steps:
    return pattern_steps(entry.path) or ()


def rank(path: str) -> tuple[int, ...]:
    """How specific a pattern is, as the diff ranks it: literal, wildcard, end, then `**`."""
    steps = pattern_steps(path) or ()
    weights = [_DEEP if s == "**" else _WILD if s in ("*", "[*]") else _LITERAL for s in steps]
    return (*weights, _END) if steps and steps[-1] != "**" else tuple(weights)


def covers(wide: Steps, narrow: Steps) -> bool:
    """Whether every path that `narrow` matches is matched by `wide`."""
    if not wide:
        return not narrow
    if wide[0] == "**":
        return covers(wide[1:], narrow) or (bool(narrow) and covers(wide, narrow[1:]))
    if not narrow or narrow[0] == "**":
        return False
    return _takes(wide[0], narrow[0]) and covers(wide[1:], narrow[1:])


def overlaps(one: Steps, other: Steps) -> bool:
    """Whether some path is matched by both."""
    if one and one[0] == "**":
        return overlaps(one[1:], other) or (bool(other) and overlaps(one, other[1:]))
    if other and other[0] == "**":
        return overlaps(other, one)
    if not one or not other:
        return not one and not other
    return (_takes(one[0], other[0]) or _takes(other[0], one[0])) and overlaps(one[1:], other[1:])


def _takes(wide: str, narrow: str) -> bool:
    return wide in (narrow, "*") or (wide == "[*]" and narrow.startswith("["))
