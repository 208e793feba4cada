"""Sealing with a Sigstore that others run: real clients over HTTP on loopback, no part replaced."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.sealed import PEOPLE, World
from tests.support.sigstore_server import Organisation, serving

from muniment import attest
from muniment.errors import SealError


@pytest.fixture
def organisation(tmp_path: Path) -> Iterator[Organisation]:
    with serving(tmp_path) as running:
        yield running


def statement(world: World, who: str = "ben") -> bytes:
    name, email = PEOPLE[who]
    signer = attest.Signer(name, email, "clinical", datetime.now(UTC))
    path = "releases/1.0.0/release.yaml"
    return attest.record(path, world.digest(path), meaning="witness", signer=signer)


def sealing(pen: attest.RemotePen, sealed: bytes) -> bytes:
    """Seal a statement by whom and when it says."""
    words = attest.parse(sealed).words
    when = datetime.fromisoformat(words["signed_at"])
    return pen.seal(sealed, identity=words["identity"], at=when)


def place(world: World, bundle: bytes, sealed: bytes) -> None:
    path = world.folder / attest.seal_path(attest.parse(sealed))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bundle)


def test_a_seal_of_the_private_domain_verifies_under_its_root_alone(
    world: World, organisation: Organisation
) -> None:
    """CA, log and time-stamping authority were asked over HTTP, and the root decides the domain."""
    sealed = statement(world)
    pen = attest.private_pen(organisation.config(), organisation.token())
    place(world, sealing(pen, sealed), sealed)
    assert organisation.asked == ["POST /api/v2/signingCert", "POST /tsa", "POST /rekor/api/v2/log/entries"]
    private = attest.Root("private", pen.trusted_root())
    (seal,) = attest.verify(world.files, (world.root, private))
    assert (seal.outcome, seal.domain, seal.time_source) == ("verified", "private", "rfc3161"), seal.reason
    assert (seal.identity, seal.issuer) == ("ben@example.invalid", organisation.issuer)
    assert abs(datetime.fromisoformat(str(seal.time)) - datetime.now(UTC)).total_seconds() < 60
    (refused,) = attest.verify(world.files, (world.root,))
    assert (refused.outcome, refused.domain) == ("failed", None)
    assert "No trusted root given knows the log" in refused.reason


def test_the_bundle_holds_the_exact_bytes_of_the_statement(world: World, organisation: Organisation) -> None:
    """The library does not write the statement anew: its digest names the seal's file."""
    sealed = statement(world)
    pen = attest.private_pen(organisation.config(), organisation.token())
    found = attest.examine(sealing(pen, sealed), (attest.Root("private", pen.trusted_root()),))
    assert found.payload == sealed


def test_a_token_of_another_person_asks_nothing_of_the_services(
    world: World, organisation: Organisation
) -> None:
    """Nothing about the wrong person is written to a log that cannot forget."""
    pen = attest.private_pen(organisation.config(), organisation.token("dee@example.invalid"))
    with pytest.raises(SealError, match=r"token is for dee@example\.invalid or id-dee"):
        sealing(pen, statement(world))
    assert organisation.asked == []


@pytest.mark.parametrize(
    "token",
    ["not.a.token", "expired", "other audience"],
)
def test_a_token_that_is_no_use_is_refused_without_being_quoted(
    organisation: Organisation, token: str
) -> None:
    """A token is a secret: no message repeats it, whatever is wrong with it."""
    text = {
        "expired": organisation.token(age=3600),
        "other audience": organisation.token(audience="elsewhere"),
    }.get(token, token)
    with pytest.raises(SealError, match="no identity to sign with") as caught:
        attest.private_pen(organisation.config(), text)
    assert text not in str(caught.value)
    assert text not in str(caught.value.hint)


def test_a_forged_token_is_refused_by_the_authority(world: World, organisation: Organisation) -> None:
    """The client believes any token; the organisation's authority does not."""
    genuine = organisation.token()
    head, body, _ = genuine.split(".")
    forged = f"{head}.{body}.{organisation.token('dee@example.invalid').split('.')[2]}"
    pen = attest.private_pen(organisation.config(), forged)
    with pytest.raises(SealError, match="did not make the seal") as caught:
        sealing(pen, statement(world))
    assert forged not in str(caught.value)
    assert organisation.asked == ["POST /api/v2/signingCert"]


def test_a_seal_without_a_timestamp_is_not_handed_out(world: World, organisation: Organisation) -> None:
    """The library only warns where a time-stamping authority fails; a bundle without a time is refused."""
    organisation.stamping = False
    pen = attest.private_pen(organisation.config(), organisation.token())
    with pytest.raises(SealError, match="signed timestamp"):
        sealing(pen, statement(world))


def test_a_config_that_names_another_sigstores_root_seals_nothing(
    world: World, organisation: Organisation
) -> None:
    """A config whose root is not the services' own is found out before anything is written."""
    config = json.loads(organisation.config())
    config["trustedRoot"] = json.loads(world.domain.trusted_root())
    pen = attest.private_pen(json.dumps(config).encode(), organisation.token())
    with pytest.raises(SealError, match=r"did not make the seal|does not verify"):
        sealing(pen, statement(world))


def test_a_token_never_goes_in_the_clear_to_another_machine(organisation: Organisation) -> None:
    """Plain http is for loopback only."""
    with pytest.raises(SealError, match=r"http://log\.example\.invalid.* in the clear"):
        attest.private_pen(organisation.config(rekor="http://log.example.invalid"), organisation.token())


@pytest.mark.parametrize("config", [b"", b"[]", b"{}", b'{"trustedRoot": {}, "signingConfig": {}}'])
def test_a_file_that_is_no_trust_config_is_one_clear_error(config: bytes) -> None:
    """Whatever is handed over as a trust config, the answer is one sentence and what to do."""
    with pytest.raises(SealError) as caught:
        attest.private_pen(config, "token")
    assert caught.value.hint


def test_signing_in_with_a_browser(
    world: World, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The interactive way: discovery, browser, code with PKCE, token. The browser is a real HTTP client."""
    browser = tmp_path / "browser.py"
    browser.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1], timeout=10).read()\n")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {browser} %s")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    pen = attest.private_pen(organisation.config(), None, interactive=True)
    assert organisation.asked == [
        "GET /oidc/.well-known/openid-configuration",
        "GET /oidc/authorize",
        "POST /oidc/token",
    ]
    sealed = statement(world)
    place(world, sealing(pen, sealed), sealed)
    (seal,) = attest.verify(world.files, (attest.Root("private", pen.trusted_root()),))
    assert (seal.outcome, seal.identity) == ("verified", "ben@example.invalid")


def test_the_token_of_a_ci_system_is_found(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ambient credentials: GitLab hands its job a token in SIGSTORE_ID_TOKEN."""
    for name in ("GITHUB_ACTIONS", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", organisation.token())
    assert attest.private_pen(organisation.config(), None).kind == "private"


def test_without_a_token_or_a_terminal_the_message_says_what_to_set(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a browser that no one looks at."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SealError, match="no identity token") as caught:
        attest.private_pen(organisation.config(), None)
    assert "SIGSTORE_ID_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("job_workflow_ref", "https://github.com/o/r/.github/workflows/w.yml@refs/tags/v1"),
        ("ci_config_ref_uri", "https://gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main"),
    ],
)
def test_a_service_may_be_named_by_the_file_that_defines_it(
    world: World, organisation: Organisation, claim: str, name: str
) -> None:
    """CI systems are certified under the address of a workflow, which stands in a claim of its own."""
    prefix = "https://github.com/" if claim == "job_workflow_ref" else "https://"
    token = organisation.token("ci", **{claim: name.removeprefix(prefix)})
    pen = attest.private_pen(organisation.config(), token)
    signer = attest.Signer("Build service", name, "verification", datetime.now(UTC))
    path = "releases/1.0.0/release.yaml"
    sealed = attest.record(path, world.digest(path), meaning="witness", signer=signer)
    place(world, sealing(pen, sealed), sealed)
    (seal,) = attest.verify(world.files, (attest.Root("private", pen.trusted_root()),))
    assert (seal.outcome, seal.identity) == ("verified", name), seal.reason
