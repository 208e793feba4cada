"""Seals: read, verified, and made.

`read` is cheap and trusts nothing; `verify` and the local domain bring sigstore and cryptography,
and are imported only once they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from muniment.attest.bundles import sealed_statement
    from muniment.attest.demands import Demands, Expected, held_to, parse_identity_policy
    from muniment.attest.local import (
        Extension,
        Identity,
        LocalDomain,
        LocalPen,
        Notice,
        PersonKey,
        create_domain,
        default_folder,
        key_path,
        new_person_key,
        open_domain,
        read_person_key,
        read_secret,
        write_person_key,
    )
    from muniment.attest.models import VerifiedModel, sign_model, verify_model
    from muniment.attest.quorum import approvals
    from muniment.attest.reader import read
    from muniment.attest.remote import RemotePen, private_pen, private_root, public_pen, public_root
    from muniment.attest.stamps import Stamp, stamp_query, stamped
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

_HOMES = {
    "VerifiedModel": "models",
    "sign_model": "models",
    "verify_model": "models",
    "approvals": "quorum",
    "sealed_statement": "bundles",
    "Demands": "demands",
    "Expected": "demands",
    "held_to": "demands",
    "parse_identity_policy": "demands",
    "Extension": "local",
    "Identity": "local",
    "LocalDomain": "local",
    "LocalPen": "local",
    "Notice": "local",
    "PersonKey": "local",
    "create_domain": "local",
    "default_folder": "local",
    "key_path": "local",
    "new_person_key": "local",
    "open_domain": "local",
    "read_person_key": "local",
    "read_secret": "local",
    "write_person_key": "local",
    "read": "reader",
    "Resource": "statements",
    "RemotePen": "remote",
    "private_pen": "remote",
    "private_root": "remote",
    "public_pen": "remote",
    "public_root": "remote",
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
    "Stamp": "stamps",
    "stamp_query": "stamps",
    "stamped": "stamps",
    "MAX_ROOT": "verifier",
    "Proof": "verifier",
    "Root": "verifier",
    "examine": "verifier",
    "verify": "verifier",
}

__all__ = [
    "MAX_ROOT",
    "Demands",
    "Expected",
    "Extension",
    "Identity",
    "LocalDomain",
    "LocalPen",
    "Notice",
    "PersonKey",
    "Proof",
    "RemotePen",
    "Resource",
    "Root",
    "Signer",
    "Stamp",
    "VerifiedModel",
    "approval",
    "approvals",
    "command_of",
    "create_domain",
    "default_folder",
    "deployment",
    "evaluation",
    "examine",
    "held_to",
    "key_path",
    "new_person_key",
    "open_domain",
    "parse",
    "parse_identity_policy",
    "plan_lock",
    "private_pen",
    "private_root",
    "provenance",
    "public_pen",
    "public_root",
    "read",
    "read_person_key",
    "read_secret",
    "read_trail",
    "record",
    "release_authorisation",
    "seal_path",
    "sealed_statement",
    "sign_model",
    "stamp_query",
    "stamped",
    "verdict",
    "verify",
    "verify_model",
    "write_person_key",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` on first use, so that `read` does not bring sigstore."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
