"""Signing with a Sigstore that others run: an organisation's own (`private`) or the public one.

The only part of Muniment that goes to the network, and only on the command to sign there. Whatever
comes back is verified against the published root before it is handed out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from sigstore import dsse, oidc
from sigstore.models import ClientTrustConfig
from sigstore.sign import SigningContext

from muniment.attest.statements import parse
from muniment.attest.strict import Refused, parse_json
from muniment.attest.verifier import MAX_ROOT, Root, verify_bundle
from muniment.errors import SealError

RemoteKind = Literal["private", "public"]

CLIENT_ID = "sigstore"
"""OAuth client id, and the audience of identity tokens, unless an organisation names another."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NAMING_CLAIMS = {
    "email": "",
    "sub": "",
    "job_workflow_ref": "https://github.com/",
    "ci_config_ref_uri": "https://",
}
"""Claims that an authority may put in a certificate as its name, and what it writes before them: people by
address, GitHub's workflows and GitLab's jobs by the file that defines them."""
_SERVICES = ("caUrls", "oidcUrls", "rekorTlogUrls", "tsaUrls")


@dataclass(frozen=True, slots=True)
class RemotePen:
    """One Sigstore, and the token by which it knows the signer for the next minutes."""

    kind: RemoteKind
    _root: bytes = field(repr=False)
    _context: SigningContext = field(repr=False)
    _token: oidc.IdentityToken = field(repr=False)

    def trusted_root(self) -> bytes:
        """Return the root that seals of this Sigstore verify with."""
        return self._root

    def heed(self, bundles: Iterable[bytes]) -> None:
        """A log that others run is watched by others; only the local domain's operator is its own witness."""

    def delivered(self, bundle: bytes) -> None:
        """Nothing is kept for a crash: the log is public to the organisation, the bundle is made again."""

    def undelivered(self) -> tuple[bytes, ...]:
        """Return nothing, for nothing is kept."""
        return ()

    def ready(self, identity: str) -> None:
        """Refuse a token that is another person's than the signer's."""
        named = _named(str(self._token)) | {self._token.identity}
        if identity not in named:
            raise SealError(
                f"The identity token is for {' or '.join(sorted(named))},"
                f" and the seal would be {identity}'s.",
                hint="sign in as that person, or name yourself with --as",
            )

    def seal(self, statement: bytes, *, identity: str, at: datetime) -> bytes:  # noqa: ARG002 - a pen's shape
        """Return the bundle over a statement; the Sigstore's own authorities date it, whatever `at` says.

        Raises `SealError` where the token or the statement names another signer, before anything is sent;
        where the services refuse; and where what they returned does not verify.
        """
        self.ready(identity)
        try:
            words = parse(statement).words
        except Refused as error:
            raise SealError(f"This cannot be sealed. {error}") from error
        if words and words["identity"] != identity:
            raise SealError(f"The statement names {words['identity']}, and {identity} would sign it.")
        try:
            with self._context.signer(self._token) as signer:
                data = signer.sign_dsse(dsse.Statement(statement)).to_json().encode() + b"\n"
        except Exception as error:  # clients, servers and parsers fail in many ways: nothing is written
            raise SealError(
                f"The {self.kind} Sigstore did not make the seal ({self._told(error)}).",
                hint="check the network, the identity token and the client trust config, then try again",
            ) from error
        reason = verify_bundle(data, Root(self.kind, self._root))
        if reason:
            raise SealError(f"The seal that the {self.kind} Sigstore returned does not verify. {reason}")
        return data

    def _told(self, error: Exception) -> str:
        """Return an error in one short line, without the token should a library quote it."""
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return text.replace(str(self._token), "…")[:200].rstrip(":. ")


def private_pen(
    config: bytes, token: str | None, *, client_id: str = CLIENT_ID, interactive: bool = False
) -> RemotePen:
    """Return the pen of an organisation's Sigstore, from the bytes of its client trust config.

    Without a `token`, one is taken from the CI system, or got with a browser if `interactive`. Raises
    `SealError` for a config that is not one, or that would send a token in the clear.
    """
    return _pen("private", config, token, client_id=client_id, interactive=interactive)


def public_pen(token: str | None, *, interactive: bool = False) -> RemotePen:
    """Return the pen of the public-good Sigstore. Fetches its signed trust config: goes online."""
    return _pen("public", _public_config(), token, client_id=CLIENT_ID, interactive=interactive)


def public_root() -> bytes:
    """Return the public-good Sigstore's trusted root. Fetches it, signed (TUF): goes online."""
    return _root(_fields(_public_config()))


def _public_config() -> bytes:
    try:
        # The library has no public way to the bytes of what it fetched and checked.
        return ClientTrustConfig.production()._inner.to_json().encode()
    except Exception as error:
        raise SealError(
            f"The public Sigstore's trust config cannot be fetched ({type(error).__name__}).",
            hint="this needs a network; sign in the local or a private domain without one",
        ) from error


def private_root(config: bytes) -> bytes:
    """Return the trusted root inside a client trust config, as it is published beside seals."""
    return _root(_fields(config))


def _pen(
    kind: RemoteKind, config: bytes, token: str | None, *, client_id: str, interactive: bool
) -> RemotePen:
    fields = _fields(config)
    for url in _urls(fields):
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise SealError(
                f"The client trust config names {url}, to which an identity token would go in the clear.",
                hint="use https",
            )
    try:
        trust = ClientTrustConfig.from_json(config.decode())
        context = SigningContext.from_trust_config(trust)
        issuer_url = trust.signing_config.get_oidc_url() if interactive and token is None else ""
    except Exception as error:
        raise SealError(
            f"The client trust config cannot be used ({' '.join(str(error).split())[:160]}).",
            hint="ask whoever runs the Sigstore for a current one, with a signing config of version 0.2",
        ) from error
    return RemotePen(kind, _root(fields), context, _credential(token, client_id, issuer_url))


def _credential(token: str | None, client_id: str, issuer_url: str) -> oidc.IdentityToken:
    """Return who signs: the token given, or the CI system's, or one got with a browser."""
    try:
        token = token or oidc.detect_credential(client_id)
        if token:
            return oidc.IdentityToken(token, client_id)
        if issuer_url:
            return oidc.Issuer(issuer_url).identity_token(client_id)
    except Exception as error:
        # The token itself is never part of a message.
        raise SealError(
            f"There is no identity to sign with: {type(error).__name__}{'' if token else f', {error}'}.",
            hint=f"get a new identity token; it must be unexpired and made for the audience {client_id!r}",
        ) from error
    raise SealError(
        "There is no identity token to sign with.",
        hint="run this on a terminal to sign in with a browser, or set SIGSTORE_ID_TOKEN",
    )


def _fields(config: bytes) -> dict[str, Any]:
    try:
        fields = parse_json(config, "client trust config", 2 * MAX_ROOT)
        if not isinstance(fields.get("trustedRoot"), dict) or not isinstance(
            fields.get("signingConfig"), dict
        ):
            raise Refused("The client trust config lacks trustedRoot or signingConfig.")
    except Refused as error:
        raise SealError(str(error), hint="ask whoever runs the Sigstore for it") from error
    return fields


def _root(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields["trustedRoot"], indent=2, sort_keys=True) + "\n").encode()


def _urls(fields: dict[str, Any]) -> Iterator[str]:
    for name in _SERVICES:
        for service in fields["signingConfig"].get(name) or ():
            yield str(service.get("url") if isinstance(service, dict) else service)


def _named(token: str) -> set[str]:
    """Return the names in a token, any of which its certificate may carry. Nothing here is trusted."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return {before + str(claims[name]) for name, before in _NAMING_CLAIMS.items() if claims.get(name)}
    except (IndexError, ValueError, binascii.Error, AttributeError, KeyError):
        return set()
