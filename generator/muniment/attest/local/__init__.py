"""The embedded trust domain: genuine Sigstore bundles with no server, made with `cryptography` alone.

Its operator vouches for identities and times, so both are self-asserted: whoever holds the folder
can issue to any name, and can start a log in the past. What it gives is
integrity, order within one log, and the same way of verifying as the public and private domains.
Each seal has a key of its own that is dropped after use; enrolled reviewer keys come later.
"""

from muniment.attest.local.authority import Identity
from muniment.attest.local.domain import LocalDomain, create_domain, default_folder, open_domain

__all__ = [
    "Identity",
    "LocalDomain",
    "create_domain",
    "default_folder",
    "open_domain",
]
