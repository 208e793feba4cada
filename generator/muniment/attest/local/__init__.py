"""The embedded trust domain: genuine Sigstore bundles with no server, made with `cryptography` alone.

Its operator vouches for identities and times, so both are self-asserted: whoever holds the folder
can enrol any name, and can start a log in the past. What it gives is integrity, order within one log,
a key a person that only that person can open, and the same way of verifying as the public and private
domains.
"""

from muniment.attest.local.authority import Identity
from muniment.attest.local.domain import Extension, LocalDomain
from muniment.attest.local.folder import create_domain, default_folder, open_domain
from muniment.attest.local.pen import LocalPen, key_path
from muniment.attest.local.people import (
    PersonKey,
    new_person_key,
    read_person_key,
    read_secret,
    write_person_key,
)
from muniment.attest.local.register import Notice

__all__ = [
    "Extension",
    "Identity",
    "LocalDomain",
    "LocalPen",
    "Notice",
    "PersonKey",
    "create_domain",
    "default_folder",
    "key_path",
    "new_person_key",
    "open_domain",
    "read_person_key",
    "read_secret",
    "write_person_key",
]
