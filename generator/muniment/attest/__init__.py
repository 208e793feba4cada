"""Seals: read, verified, and made.

`read` is cheap and trusts nothing; `verify` and the local domain bring sigstore and cryptography,
and are imported only once they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from muniment.attest.local import Identity, LocalDomain, create_domain, default_folder, open_domain
    from muniment.attest.models import VerifiedModel, sign_model, verify_model
    from muniment.attest.quorum import approvals
    from muniment.attest.reader import read
    from muniment.attest.statements import (
        Resource,
        Signer,
        approval,
        deployment,
        evaluation,
        parse,
        plan_lock,
        provenance,
        record,
        release_authorisation,
        seal_path,
        verdict,
    )
    from muniment.attest.trail import command_of, read_trail
    from muniment.attest.verifier import Root, verify

_HOMES = {
    "VerifiedModel": "models",
    "sign_model": "models",
    "verify_model": "models",
    "approvals": "quorum",
    "Identity": "local",
    "LocalDomain": "local",
    "create_domain": "local",
    "default_folder": "local",
    "open_domain": "local",
    "read": "reader",
    "Resource": "statements",
    "Signer": "statements",
    "approval": "statements",
    "deployment": "statements",
    "evaluation": "statements",
    "parse": "statements",
    "plan_lock": "statements",
    "provenance": "statements",
    "record": "statements",
    "release_authorisation": "statements",
    "seal_path": "statements",
    "command_of": "trail",
    "read_trail": "trail",
    "verdict": "statements",
    "Root": "verifier",
    "verify": "verifier",
}

__all__ = [
    "Identity",
    "LocalDomain",
    "Resource",
    "Root",
    "Signer",
    "VerifiedModel",
    "approval",
    "approvals",
    "command_of",
    "create_domain",
    "default_folder",
    "deployment",
    "evaluation",
    "open_domain",
    "parse",
    "plan_lock",
    "provenance",
    "read",
    "read_trail",
    "record",
    "release_authorisation",
    "seal_path",
    "sign_model",
    "verdict",
    "verify",
    "verify_model",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` on first use, so that `read` does not bring sigstore."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
