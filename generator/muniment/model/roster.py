"""What a roster says of whose word a signature is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.model.seal import Seal


def issuer_problem(person: Mapping[str, Any], seal: Seal) -> str:
    """Return why the one who vouches for a signer's address is not one the roster trusts to; or nothing.

    `person` is an entry of `people` (or `services`) whose e-mail is the seal's identity. Who vouched is
    known of a verified seal only. In the local domain a roster need not say: its operator vouches for
    everybody. Anywhere else an address without its provider names nobody.
    """
    if seal.outcome != "verified":
        return ""
    expected = person.get("issuer")
    if expected is None and seal.domain != "local":
        return (
            f"{seal.issuer} vouches for {person['email']}, and the roster does not say who may;"
            f" add `issuer` to {person['id']}."
        )
    if expected is not None and seal.issuer != expected:
        return f"{seal.issuer} vouches for {person['email']}; the roster expects {expected}."
    return ""
