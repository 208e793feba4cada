"""Signing in the local domain for whoever is enrolled in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from muniment.attest.bundles import parse_outer
from muniment.attest.local.authority import Identity
from muniment.attest.local.domain import LocalDomain
from muniment.attest.local.people import PersonKey
from muniment.attest.local.register import Notice
from muniment.attest.strict import Refused
from muniment.model.seal import Domain


@dataclass(frozen=True, slots=True)
class LocalPen:
    """A local domain, and a way to the keys of its people."""

    kind: ClassVar[Domain] = "local"
    domain: LocalDomain
    open_key: Callable[[Notice], PersonKey]
    """Given the newest notice of an identity, returns the key it names; may ask for a passphrase."""

    def trusted_root(self) -> bytes:
        """Return the domain's public root."""
        return self.domain.trusted_root()

    def ready(self, identity: str) -> None:
        """Open the signer's key, which may ask for a passphrase."""
        if not self.domain.unattended:
            self.open_key(self.domain.enrolment(identity))

    def seal(self, statement: bytes, *, identity: str, at: datetime) -> bytes:
        """Return the bundle over a statement, signed by whom and dated when it says; or `SealError`."""
        key = None if self.domain.unattended else self.open_key(self.domain.enrolment(identity))
        return self.domain.seal(statement, identity=Identity(identity, self.domain.issuer), at=at, key=key)

    def delivered(self, bundle: bytes) -> None:
        """Report that a bundle's file has been written."""
        self.domain.delivered(bundle)

    def undelivered(self) -> tuple[bytes, ...]:
        """Return the bundles that an interrupted run has logged and not written."""
        return self.domain.undelivered()

    def heed(self, bundles: Iterable[bytes]) -> None:
        """Refuse to go on where the domain's log does not extend what its earlier seals show of it.

        Each seal carries a checkpoint of the log as it was then, so a log that was restored from an old
        backup, or rewritten, is noticed before it grows a second history. Raises `SealError`.
        """
        newest = max(filter(None, map(self._checkpoint, bundles)), default=None)
        if newest is not None:
            self.domain.extend(newest[1])

    def _checkpoint(self, bundle: bytes) -> tuple[int, str] | None:
        """Return size and note of a bundle's checkpoint, if it is of this domain's log."""
        try:
            (entry,) = parse_outer(bundle).fields["verificationMaterial"]["tlogEntries"]
            proof = entry["inclusionProof"]
            if entry["logId"]["keyId"] == self.domain.log_id:
                return int(proof["treeSize"]), str(proof["checkpoint"]["envelope"])
        except (Refused, KeyError, TypeError, ValueError):
            pass  # a damaged bundle is `verify`'s business
        return None


def key_path(folder: Path, identity: str, fingerprint: str) -> Path:
    """Return where a person's key lies in a domain's folder unless they keep it elsewhere."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "_" for c in identity)[:80].strip(".")
    return folder / "people" / f"{name}-{fingerprint[:12]}.pem"
