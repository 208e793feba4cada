"""Several confirmatory endpoints, one chance of a false claim: Bonferroni, Holm and the fixed sequence.

The family and its method are declared before the test. An endpoint without a p value counts as not shown:
leaving it out would make the others easier to reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from muniment.errors import UsageError
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

HOLM, FIXED, BONFERRONI = "holm", "fixed-sequence", "bonferroni"
METHODS = (HOLM, FIXED, BONFERRONI)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """One endpoint of a family."""

    endpoint: str
    p: float | None
    """As measured; `None` where undecided."""
    adjusted: float | None
    """The smallest level of the whole family at which the endpoint is shown; `None` where `p` is."""
    shown: bool
    """Whether the endpoint is shown at the family's level."""
    undecided: str | None = None
    """Why there is no decision about this endpoint."""

    def as_json(self) -> dict[str, Any]:
        """One entry of a family."""
        out: dict[str, Any] = {
            "endpoint": self.endpoint,
            "p": rounded(self.p),
            "adjusted_p": rounded(self.adjusted),
            "shown": self.shown,
        }
        return out | ({"undecided": self.undecided} if self.undecided else {})


@dataclass(frozen=True, slots=True)
class Family:
    """A declared family after adjustment."""

    method: str
    alpha: float
    """Chance of any false claim in the family."""
    endpoints: tuple[Adjusted, ...]
    """In the declared order."""

    def as_json(self) -> dict[str, Any]:
        """The family with its method and level."""
        return {
            "method": self.method,
            "alpha": self.alpha,
            "endpoints": [item.as_json() for item in self.endpoints],
        }


def adjust(
    declared: Sequence[str], found: Mapping[str, float | None], method: str, alpha: float = 0.05
) -> Family:
    """Adjust the p values of a declared family.

    Args:
        declared: endpoints in their declared order; it decides in a fixed sequence only.
        found: p value of each endpoint, `None` where it is undecided.
        method: one of `METHODS`.
        alpha: level of the family.

    Raises:
        UsageError: an empty family, an endpoint that is declared twice or was measured without being
            declared (or the other way round), a p value outside [0, 1], no such method or level.
    """
    if method not in METHODS:
        raise UsageError(f"there is no adjustment {method!r}", hint=f"Use {' or '.join(METHODS)}.")
    if not 0 < alpha < 1:
        raise UsageError(f"a level of {alpha} is not between 0 and 1")
    if not declared or len(set(declared)) != len(declared):
        raise UsageError("a family needs endpoints, each declared once")
    if set(declared) != set(found):
        stray = sorted(set(declared) ^ set(found))
        raise UsageError(
            f"the family that was declared is not the one that was measured: {', '.join(stray)}",
            hint="Every declared endpoint needs a result, be it undecided; others are exploratory.",
        )
    for name, p in found.items():
        if p is not None and not 0 <= p <= 1:
            raise UsageError(f"the p value {p} of {name} is not between 0 and 1")
    adjusted = {HOLM: _holm, FIXED: _sequence, BONFERRONI: _bonferroni}[method]
    return Family(method, alpha, adjusted(declared, found, alpha))


def _bonferroni(
    declared: Sequence[str], found: Mapping[str, float | None], alpha: float
) -> tuple[Adjusted, ...]:
    """Each p times the size of the family, at most 1."""
    return tuple(
        _entry(name, p, min(1.0, (1.0 if p is None else p) * len(declared)), alpha)
        for name, p in ((name, found[name]) for name in declared)
    )


def _holm(declared: Sequence[str], found: Mapping[str, float | None], alpha: float) -> tuple[Adjusted, ...]:
    """Step down: the k-th smallest of m times (m − k + 1), never falling (Holm 1979, Scand J Stat 6:65)."""
    order = sorted(
        declared, key=lambda name: (1.0 if found[name] is None else found[name], declared.index(name))
    )
    largest, adjusted = 0.0, {}
    for rank, name in enumerate(order):
        p = found[name]
        largest = max(largest, min(1.0, (1.0 if p is None else p) * (len(order) - rank)))
        adjusted[name] = largest
    return tuple(_entry(name, found[name], adjusted[name], alpha) for name in declared)


def _sequence(
    declared: Sequence[str], found: Mapping[str, float | None], alpha: float
) -> tuple[Adjusted, ...]:
    """Each at the full level, until the first that is not shown (Maurer, Hothorn and Lehmacher 1995)."""
    out, largest, stopped = [], 0.0, None
    for name in declared:
        p = found[name]
        largest = max(largest, 1.0 if p is None else p)
        if stopped is not None:
            reason = f"not tested: {stopped} comes before it and is not shown"
            out.append(Adjusted(name, p, None if p is None else largest, False, reason))
            continue
        out.append(_entry(name, p, largest, alpha))
        if not out[-1].shown:
            stopped = name
    return tuple(out)


def _entry(name: str, p: float | None, adjusted: float, alpha: float) -> Adjusted:
    if p is None:
        return Adjusted(name, None, None, False, "no p value; it counts as not shown")
    return Adjusted(name, p, adjusted, adjusted <= alpha)
