"""What the person who verifies brings along: required domains, an identity policy, trusted roots.

All of it comes from files and options of the asker, none from what is verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from muniment import attest, check, load, shipped
from muniment.errors import UsageError
from muniment.model.seal import Domain

DOMAINS: tuple[Domain, ...] = get_args(Domain)
MAX_POLICY = 1 << 20
"""Bytes of an identity policy."""


def demands(
    domains: Sequence[str], policy: Path | None, accepted: frozenset[Domain] | None = None
) -> attest.Demands:
    """Return what seals must be: of the domains given or else accepted, and by a policy's signers."""
    return attest.Demands(
        domains=frozenset(cast("Sequence[Domain]", domains)) if domains else accepted,
        signers=None if policy is None else identity_policy(policy),
        expects_seals=bool(domains) or policy is not None,
    )


def identity_policy(path: Path) -> tuple[attest.Expected, ...]:
    """Return who may sign what by a policy file (YAML or JSON); `UsageError` for one that is not valid."""
    data = _bytes(path, "identity policy", MAX_POLICY)
    tree, faults = load.yaml_tree(data, path.name)
    if not faults:
        schemas = check.Schemas.from_folder(shipped.folder("schemas"), only="identity_policy")
        faults = check.conform(schemas, "identity_policy", tree, path.name)
    if faults:
        raise UsageError(
            f"the identity policy is not valid: {faults[0].message}",
            where=str(faults[0].where),
            hint=faults[0].hint or "docs/reference/records.md lists the fields of `identity_policy`",
        )
    return attest.parse_identity_policy(tree)


def brought_roots(given: Sequence[str]) -> Mapping[Domain, bytes] | None:
    """Return the trusted roots of `DOMAIN=FILE` options by domain; `None` where none was given."""
    roots: dict[Domain, bytes] = {}
    for text in given:
        name, separator, file = text.partition("=")
        if not separator or name not in DOMAINS:
            raise UsageError(
                f"{text!r} does not name a domain and a file", hint=f"write {' or '.join(DOMAINS)}, =, a file"
            )
        domain: Domain = name
        if domain in roots:
            raise UsageError(
                f"two trusted roots are given for the {domain} domain", hint="each domain has one root"
            )
        roots[domain] = _bytes(Path(file), "trusted root", attest.MAX_ROOT)
    return roots or None


def _bytes(path: Path, what: str, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise UsageError(
            f"the {what} {path} cannot be read: {error.strerror}", hint="name a file that is there"
        ) from error
    if len(data) > limit:
        raise UsageError(f"the {what} {path} has more than {limit} bytes", hint="name another file")
    return data
