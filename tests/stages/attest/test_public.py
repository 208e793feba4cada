"""Bundles of the public Sigstore that others made, verified offline with its published root."""

from __future__ import annotations

import base64
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sigstore
from tests.support.sealed import World

from muniment import attest
from muniment.load import DeviceFiles
from muniment.model.seal import Domain

WILD = Path(__file__).with_name("wild")
STORE = Path(sigstore.__file__).parent / "_store"
PYPI = "/attestations/publish/v1"
GITHUB = "https://token.actions.githubusercontent.com"


def root(instance: str = "sigstore", domain: Domain = "public") -> attest.Root:
    """A trusted root that sigstore ships, as it would lie under trust/<domain>/."""
    path = STORE / f"https%3A%2F%2Ftuf-repo-cdn.{instance}.dev" / "trusted_root.json"
    return attest.Root(domain, path.read_bytes())


def bundle(name: str) -> bytes:
    """A bundle as it is; a PEP 740 attestation in the shape of one, its parts untouched."""
    fields: dict[str, Any] = json.loads((WILD / name).read_bytes())
    if "mediaType" in fields:
        return (WILD / name).read_bytes()
    material = fields["verification_material"]
    return json.dumps(
        {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": material["certificate"]},
                "tlogEntries": material["transparency_entries"],
            },
            "dsseEnvelope": {
                "payload": fields["envelope"]["statement"],
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": fields["envelope"]["signature"]}],
            },
        }
    ).encode()


@pytest.mark.parametrize(
    ("name", "identity", "issuer", "time", "predicate"),
    [
        (
            "pypi_attestation_models-0.0.4a2.tar.gz.sigstore",
            "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml"
            "@refs/tags/v0.0.4a2",
            GITHUB,
            "2024-06-10T19:47:25+00:00",
            PYPI,
        ),
        (
            "pypi_attestations-0.0.19.tar.gz.slsa.attestation",
            "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19",
            GITHUB,
            "2024-12-04T23:13:46+00:00",
            "https://slsa.dev/provenance/v1",
        ),
        (
            "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
            "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml@refs/heads/main",
            "https://gitlab.com",
            "2024-11-19T17:37:00+00:00",
            PYPI,
        ),
    ],
)
def test_bundles_from_the_wild_verify_without_a_network(
    name: str, identity: str, issuer: str, time: str, predicate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Identity, issuer and time come from certificate and log; the foreign predicate is only named."""

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", no_network)
    found = attest.examine(bundle(name), (root(),))
    assert found.reason == ""
    assert found.proof is not None
    assert (found.proof.domain, found.proof.identity, found.proof.issuer) == ("public", identity, issuer)
    assert (found.proof.time.isoformat(), found.proof.time_source) == (time, "rekor")
    assert found.predicate_type.endswith(predicate)
    assert json.loads(found.payload)["_type"] == "https://in-toto.io/Statement/v1"


def test_a_bundle_of_the_staging_instance_is_not_public() -> None:
    """It verifies with the root of its own instance and with no other."""
    data = bundle("rfc8785-0.1.2-py3-none-any.whl.sigstore")
    refused = attest.examine(data, (root(),))
    assert refused.proof is None
    assert "No trusted root given knows the log" in refused.reason
    named_public = attest.examine(data, (root("sigstage"),))
    assert named_public.proof is None
    assert "names an authority that is not the public Sigstore's" in named_public.reason
    assert attest.examine(data, (root("sigstage", "private"),)).proof is not None


def test_roots_of_three_domains_stand_side_by_side(world: World) -> None:
    """With public and local roots given, each bundle verifies in its own domain."""
    path = world.approve("ben", "clinical", world.domain.created)
    given = (world.root, root())
    mine = attest.examine(path.read_bytes(), given).proof
    theirs = attest.examine(bundle("pypi_attestation_models-0.0.4a2.tar.gz.sigstore"), given).proof
    assert mine is not None
    assert theirs is not None
    assert (mine.domain, theirs.domain) == ("local", "public")


@pytest.mark.parametrize("part", ["payload", "sig"])
def test_a_changed_bundle_from_the_wild_is_refused(part: str) -> None:
    """One changed character of statement or signature, and nothing is vouched for."""
    fields = json.loads(bundle("pypi_attestation_models-0.0.4a2.tar.gz.sigstore"))
    envelope = fields["dsseEnvelope"]
    holder = envelope if part == "payload" else envelope["signatures"][0]
    text = holder[part]
    holder[part] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
    found = attest.examine(json.dumps(fields).encode(), (root(),))
    assert found.proof is None
    assert found.reason


def test_a_foreign_predicate_is_no_seal_of_a_device(tmp_path: Path) -> None:
    """A genuine public bundle among the seals is refused: Muniment does not know what it states."""
    place = tmp_path / "seals" / "foreign.sigstore.json"
    place.parent.mkdir()
    place.write_bytes(bundle("pypi_attestation_models-0.0.4a2.tar.gz.sigstore"))
    (seal,) = attest.verify(DeviceFiles(tmp_path), (root(),))
    assert seal.outcome == "failed"


@pytest.mark.online
def test_the_public_root_is_fetched_and_verifies_what_is_out_there() -> None:
    """Online: the root fetched through TUF verifies the same bundles as the one shipped."""
    fetched = attest.Root("public", attest.public_root())
    found = attest.examine(bundle("pypi_attestation_models-0.0.4a2.tar.gz.sigstore"), (fetched,))
    assert found.reason == ""


@pytest.mark.online
def test_a_seal_of_the_public_domain_verifies(world: World) -> None:
    """Online, with the identity in SIGSTORE_ID_TOKEN: this seal stands in the public log for ever."""
    pen = attest.public_pen(os.environ["SIGSTORE_ID_TOKEN"])
    body = os.environ["SIGSTORE_ID_TOKEN"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    signer = attest.Signer("CI", claims.get("email") or claims["sub"], "verification", datetime.now(UTC))
    path = "releases/1.0.0/release.yaml"
    statement = attest.record(path, world.digest(path), meaning="witness", signer=signer)
    data = pen.seal(statement, identity=signer.identity, at=signer.at)
    proof = attest.examine(data, (attest.Root("public", pen.trusted_root()),)).proof
    assert proof is not None
    assert proof.domain == "public"
