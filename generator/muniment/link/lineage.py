"""The order of releases: each stands after the one it supersedes."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator

from muniment.model.evidence import Dossier, Record
from muniment.model.finding import Finding

_VersionKey = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def version_key(version: str) -> _VersionKey:
    """Return a key that sorts versions by precedence: `1.1.0-rc1` before `1.1.0` before `1.2.0`."""
    numbers, _, label = version.partition("-")
    # Digits inside a label count as numbers, so that rc2 stands before rc10.
    parts = re.findall(r"[0-9]+|[A-Za-z]+", label)
    words = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)
    return tuple(int(number) for number in numbers.split(".")), not label, words


def in_succession(dossiers: Iterable[Dossier]) -> tuple[Dossier, ...]:
    """Order releases so that each follows the one it supersedes; among equals by version.

    A release in a cycle has no place in the order and is left out.
    """
    every = {dossier.id: dossier for dossier in dossiers}
    after: dict[str, list[str]] = {}
    ready: list[tuple[_VersionKey, str]] = []
    for identity, dossier in every.items():
        previous = dossier.release.body["supersedes"]
        if previous in every:
            after.setdefault(previous, []).append(identity)
        else:
            heapq.heappush(ready, (version_key(dossier.version), identity))
    ordered = []
    while ready:
        _, identity = heapq.heappop(ready)
        ordered.append(every[identity])
        for successor in after.get(identity, ()):
            heapq.heappush(ready, (version_key(every[successor].version), successor))
    return tuple(ordered)


def circular(releases: Iterable[Record]) -> Iterator[Finding]:
    """Yield a finding (rule `reference`) for every release that supersedes itself, directly or by others."""
    previous = {release.id: release.body["supersedes"] for release in releases}
    for release in releases:
        chain = [release.id]
        here = previous[release.id]
        while here in previous and here not in chain:
            chain.append(here)
            here = previous[here]
        if here == release.id:
            message = f"{release.id} supersedes itself: {' → '.join([*chain, release.id])}"
            hint = "a release supersedes an earlier one; the first supersedes null"
            yield Finding("reference", message, release.where("/supersedes"), hint=hint)
