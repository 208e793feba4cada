"""An organisation's Sigstore on loopback: the services of a local domain behind a real HTTP server.

CA with Fulcio's v2 API, log with Rekor's v2 API, RFC 3161 authority, and an OIDC provider whose users
are logged in at once. Real sigstore clients talk to it; only the key material is made for the test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from rfc3161_client._rust import parse_timestamp_request

from muniment import attest
from muniment.attest.local.authority import Identity
from muniment.attest.local.entry import entry_body, log_entry

CLIENT = "sigstore"


@dataclass
class Organisation:
    """The services' keys, where they listen, and what they were asked."""

    domain: attest.LocalDomain
    url: str = ""
    user: str = "ben@example.invalid"
    """Who is logged in at the identity provider."""
    stamping: bool = True
    """Whether the time-stamping authority answers."""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    asked: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    """Authorisation code to PKCE challenge."""

    @property
    def issuer(self) -> str:
        return f"{self.url}/oidc"

    def token(self, user: str | None = None, *, audience: str = CLIENT, age: int = 0, **more: str) -> str:
        """Return an identity token as the provider signs it."""
        now = int(time.time()) - age
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": f"id-{user or self.user}",
            "email": user or self.user,
            "email_verified": True,
            "iat": now,
            "exp": now + 300,
        } | more
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "1"})

    def config(self, **urls: str) -> bytes:
        """Return the client trust config that the organisation hands out."""

        def service(path: str, version: int) -> list[dict[str, Any]]:
            at = {"start": "2020-01-01T00:00:00Z"}
            url = urls.get(path) or f"{self.url}/{path}"
            return [{"url": url, "majorApiVersion": version, "validFor": at, "operator": "example"}]

        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service("", 1),
            "oidcUrls": service("oidc", 1),
            "rekorTlogUrls": service("rekor", 2),
            "tsaUrls": service("tsa", 1),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        }
        config = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": json.loads(self.domain.trusted_root()),
            "signingConfig": signing,
        }
        return json.dumps(config).encode()

    # --- the services

    def certificate(self, request: dict[str, Any], token: str) -> dict[str, Any]:
        claims = jwt.decode(token, self.key.public_key(), ["ES256"], audience=CLIENT, issuer=self.issuer)
        csr = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
        public = csr.public_key()
        assert csr.is_signature_valid
        assert isinstance(public, ec.EllipticCurvePublicKey)
        name = claims["email"]
        if "job_workflow_ref" in claims:
            name = f"https://github.com/{claims['job_workflow_ref']}"
        elif "ci_config_ref_uri" in claims:
            name = f"https://{claims['ci_config_ref_uri']}"
        leaf = self.domain._authority.issue(Identity(name, self.issuer), public, _now())
        chain = (x509.load_der_x509_certificate(leaf), self.domain._authority.certificate)
        pems = [certificate.public_bytes(serialization.Encoding.PEM).decode() for certificate in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pems}}}

    def log(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = request["hashedRekordRequestV002"]
        digest = base64.b64decode(asked["digest"])
        signature = base64.b64decode(asked["signature"]["content"])
        leaf = base64.b64decode(asked["signature"]["verifier"]["x509Certificate"]["rawBytes"])
        key = x509.load_der_x509_certificate(leaf).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        log = self.domain._log
        with log.writing():
            entry = log.append(entry_body(digest, signature, leaf), _now(), lambda _entry: None)
        return log_entry(entry, log.key_id)

    def stamp(self, request: bytes) -> bytes:
        asked = parse_timestamp_request(request)
        return self.domain._timestamps.stamp_digest(asked.message_imprint.message, _now(), asked.nonce)

    def authorise(self, query: dict[str, list[str]]) -> str:
        """Log the user in, and return where the browser is sent with the code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = query["code_challenge"][0]
        answer = urllib.parse.urlencode({"code": code, "state": query["state"][0]})
        return f"{query['redirect_uri'][0]}?{answer}"

    def exchange(self, form: dict[str, list[str]]) -> dict[str, Any]:
        challenge = self.codes.pop(form["code"][0])
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
        return {"access_token": self.token(), "token_type": "Bearer"}


@contextmanager
def serving(folder: Path) -> Iterator[Organisation]:
    """Run an organisation's Sigstore on a free port of 127.0.0.1."""
    made = attest.create_domain(
        folder / "organisation", name="organisation", at=_now() - timedelta(hours=1), unattended=True
    )
    organisation = Organisation(made)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            organisation.asked.append(f"GET {url.path}")
            match url.path:
                case "/oidc/.well-known/openid-configuration":
                    places = {
                        name: f"{organisation.issuer}/{name}" for name in ("authorize", "token", "jwks")
                    }
                    self._json(
                        {
                            "issuer": organisation.issuer,
                            "authorization_endpoint": places["authorize"],
                            "token_endpoint": places["token"],
                            "jwks_uri": places["jwks"],
                        }
                    )
                case "/oidc/authorize":
                    self.send_response(302)
                    self.send_header("Location", organisation.authorise(urllib.parse.parse_qs(url.query)))
                    self.end_headers()
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            organisation.asked.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                match self.path:
                    case "/api/v2/signingCert":
                        token = self.headers["Authorization"].removeprefix("Bearer ")
                        self._json(organisation.certificate(json.loads(body), token))
                    case "/rekor/api/v2/log/entries":
                        self._json(organisation.log(json.loads(body)), 201)
                    case "/tsa" if organisation.stamping:
                        self._bytes(organisation.stamp(body), "application/timestamp-reply", 201)
                    case "/oidc/token":
                        self._json(organisation.exchange(urllib.parse.parse_qs(body.decode())))
                    case _:
                        self.send_error(404)
            except (jwt.InvalidTokenError, AssertionError, KeyError, ValueError) as error:
                self._json({"code": 16, "message": type(error).__name__}, 401)

        def _json(self, value: Any, status: int = 200) -> None:
            self._bytes(json.dumps(value).encode(), "application/json", status)

        def _bytes(self, data: bytes, kind: str, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    organisation.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield organisation
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
