"""What a reader demands of seals beyond that they verify: which domains, and who may sign what.

Pure functions over seals that `verify` has judged. The demands are the reader's own; nothing that came
with the evidence may supply them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from muniment.attest.reader import failed
from muniment.model.seal import Domain, Seal


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of an identity policy: this signer, vouched for by this issuer, may do this."""

    identity: str
    """E-mail address or URI, compared exactly."""
    issuer: str
    """Compared exactly."""
    domain: Domain
    acts: frozenset[str]
    """Kinds of statement: `plan-lock`, `evaluation`, `approval`, `release`, `record`…"""
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Demands:
    """What a verified seal must be besides."""

    domains: frozenset[Domain] | None = None
    """The domains whose seals count; `None` is any."""
    signers: tuple[Expected, ...] | None = None
    """Who may sign what; `None` is anybody, and an empty list is nobody."""
    expects_seals: bool = False
    """Whether evidence without a single seal falls short of them."""


def parse_identity_policy(tree: Mapping[str, Any]) -> tuple[Expected, ...]:
    """Return the lines of an identity policy that is valid against `schemas/identity_policy.json`."""
    return tuple(
        Expected(
            line["identity"],
            line["issuer"],
            cast("Domain", line["domain"]),
            frozenset(line["acts"]),
            frozenset(line["roles"]),
        )
        for line in tree["signers"]
    )


def held_to(seals: Iterable[Seal], demands: Demands) -> tuple[Seal, ...]:
    """Return the same seals, those that verified but do not meet the demands failed with a reason."""
    return tuple(
        failed(seal, reason) if seal.outcome == "verified" and (reason := _objection(seal, demands)) else seal
        for seal in seals
    )


def _objection(seal: Seal, demands: Demands) -> str:
    """Return why a verified seal does not count; nothing where it does."""
    if demands.domains is not None and seal.domain not in demands.domains:
        wanted = " or ".join(sorted(demands.domains)) or "no"
        return (
            f"The seal verifies in the {seal.domain} domain, and seals of the {wanted} domain are required;"
            " have it sealed there, or accept this domain too."
        )
    if demands.signers is None:
        return ""
    act, role = str(seal.extra.get("kind")), str(seal.extra.get("role"))
    who = f"{seal.identity} (issuer {seal.issuer}, {seal.domain} domain)"
    lines = [
        line
        for line in demands.signers
        if (line.identity, line.issuer, line.domain) == (seal.identity, seal.issuer, seal.domain)
    ]
    if not lines:
        return (
            f"The identity policy does not know {who}; find out who that is before you add a line for them."
        )
    if not any(act in line.acts and role in line.roles for line in lines):
        return (
            f"The identity policy does not let {who} seal as {act} in the role {role};"
            " find out whether they should before you add it."
        )
    return ""
