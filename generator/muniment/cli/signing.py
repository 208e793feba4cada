"""Who signs, where, and with what: the options that all signing commands share."""

from __future__ import annotations

import datetime
import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from muniment.cli.common import ExitCode, say
from muniment.errors import UsageError

if TYPE_CHECKING:
    from muniment.attest import LocalDomain, Notice, PersonKey
    from muniment.pipeline.pens import Hand, Pen
    from muniment.pipeline.request import Request
    from muniment.pipeline.writing import Written

F = TypeVar("F", bound=Callable[..., Any])

DOMAIN_WORDS = {
    "local": "local domain: self-asserted time",
    "private": "private domain: dated by the organisation's Sigstore",
    "public": "public domain: dated by the public Sigstore",
}


@dataclass(frozen=True, slots=True)
class Signing:
    """The options of a signing command."""

    who: str
    domain: str
    trust_folder: Path | None
    key: Path | None
    passphrase_file: Path | None
    trust_config: Path | None
    identity_token: str | None = field(repr=False)
    at: str | None


def signing_options(function: F) -> F:
    """Add who signs, in which domain and with what; the command takes them as `signing`."""

    @functools.wraps(function)
    def packed(*args: Any, **given: Any) -> Any:
        signing = Signing(**{name: given.pop(name) for name in Signing.__dataclass_fields__})
        return function(*args, signing=signing, **given)

    for option in reversed(_OPTIONS):
        packed = option(packed)
    return packed  # type: ignore[return-value]  # the same command, its options packed


def trust_folder_option(function: F) -> F:
    """Add `--trust-folder`."""
    return click.option(
        "--trust-folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Where the local domain's keys are (default: your user data folder).",
    )(function)


def passphrase_options(function: F) -> F:
    """Add where a person's key and its passphrase come from. A passphrase is never an argument."""
    function = click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the passphrase from the first line of FILE, which only you may read (default: ask for it, "
        "or MUNIMENT_PASSPHRASE).",
    )(function)
    return click.option(
        "--key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Your own signing key, where it is not kept in the trust folder.",
    )(function)


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--as", "who", required=True, metavar="PERSON", help="Person id or e-mail on the roster."),
    click.option(
        "--domain",
        type=click.Choice(["local", "private", "public"]),
        default="local",
        show_default=True,
        help="Trust domain to sign in; private and public go online.",
    ),
    trust_folder_option,
    passphrase_options,
    click.option(
        "--trust-config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Private domain only: client trust config (default: trust.private of the settings).",
    ),
    click.option(
        "--identity-token",
        metavar="TOKEN|@FILE",
        help="Private and public domain only: an OIDC identity token, better as @FILE or in "
        "SIGSTORE_ID_TOKEN (default: the CI system's, else a browser).",
    ),
    click.option(
        "--at",
        metavar="INSTANT",
        help="Local domain only: the time to state, e.g. 2025-03-30T09:00:00Z (default: now). Self-asserted.",
    ),
)


def hand(signing: Signing, role: str, request: Request | None) -> Hand:
    """Return who signs, with the pen of their domain, after writing what an interrupted run had left.

    `request` is `None` where there is no evidence, as for a model's folder that lies anywhere.
    """
    from muniment.pipeline import pens

    if signing.domain != "local" and signing.at is not None:
        raise UsageError(
            f"the {signing.domain} domain dates its seals itself",
            hint="leave --at out, it is for the local domain",
        )
    when = instant_or_now(signing.at)
    writer = _pen(signing, request)
    for written in pens.recover(request, writer) if request is not None else ():
        say(f"an interrupted run had left a seal, now written: {written.path}", err=True)
    return pens.Hand(signing.who, role, when, writer)


def said(signing: Signing, written: Written) -> int:
    """Tell what was sealed."""
    say(f"sealed: {written.path.name}\nsha256 {written.sha256} ({DOMAIN_WORDS[signing.domain]})")
    return ExitCode.CLEAN


def local_domain(trust_folder: Path | None) -> LocalDomain:
    """Open the local domain; `UsageError` where there is none."""
    from muniment import attest

    folder = trust_folder or attest.default_folder()
    if not folder.is_dir():
        raise UsageError("there is no local trust domain yet", hint="make one with `muniment trust init`")
    return attest.open_domain(folder)


def trust_config(request: Request | None, given: Path | None) -> bytes:
    """Return the bytes of the private domain's client trust config, by option or by settings."""
    settings = _private(request)
    if given is None and "client_trust_config" not in settings:
        raise UsageError(
            "nothing says where the private Sigstore is",
            hint="name its client trust config with --trust-config, or as trust.private.client_trust_config "
            "in muniment.yaml",
        )
    path = given or Path(request.root if request else ".") / str(settings["client_trust_config"])
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"the client trust config {path} cannot be read: {error.strerror}") from None


def instant_or_now(text: str | None) -> datetime.datetime:
    """Return the instant in `text`, or the clock's, in whole seconds."""
    if text is None:
        return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an instant", hint="write it as 2025-03-30T09:00:00Z") from None
    if when.tzinfo is None:
        raise UsageError(f"{text!r} names no time zone", hint="end it with Z for UTC")
    return when.astimezone(datetime.UTC).replace(microsecond=0)


def passphrase(file: Path | None, what: str, *, new: bool = False) -> str:
    """Return a passphrase from a file, from MUNIMENT_PASSPHRASE, or from a person who types it unseen."""
    if file is not None:
        return _first_line(file)
    if from_environment := os.environ.get("MUNIMENT_PASSPHRASE"):
        return from_environment
    if not sys.stdin.isatty():
        raise UsageError(
            f"nobody is there to type the passphrase of {what}",
            hint="use --passphrase-file, or MUNIMENT_PASSPHRASE",
        )
    # On stderr: stdout is for output.
    return str(click.prompt(f"Passphrase of {what}", hide_input=True, confirmation_prompt=new, err=True))


def _private(request: Request | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = request.settings.get("trust", {}).get("private", {}) if request else {}
    return found


def _pen(signing: Signing, request: Request | None) -> Pen:
    from muniment import attest

    if signing.domain == "local":
        domain = local_domain(signing.trust_folder)
        return attest.LocalPen(domain, functools.cache(functools.partial(_open_key, signing, domain.folder)))
    token, interactive = _token(signing.identity_token), sys.stderr.isatty()
    if signing.domain == "private":
        client = str(_private(request).get("client_id", "sigstore"))
        config = trust_config(request, signing.trust_config)
        return attest.private_pen(config, token, client_id=client, interactive=interactive)
    say("going online: the seal and your identity will stand in the public Sigstore's log", err=True)
    return attest.public_pen(token, interactive=interactive)


def _open_key(signing: Signing, folder: Path, notice: Notice) -> PersonKey:
    from muniment import attest

    path = signing.key or attest.key_path(folder, notice.identity, notice.fingerprint)
    if not path.is_file():
        raise UsageError(
            f"the key {notice.fingerprint[:12]} of {notice.identity} is not at {path}",
            hint="name its file with --key, or replace a lost key: `muniment trust enrol PERSON --replace`",
        )
    return attest.read_person_key(path, passphrase(signing.passphrase_file, f"the key of {notice.identity}"))


def _token(given: str | None) -> str | None:
    if given is not None and given.startswith("@"):
        return _first_line(Path(given[1:]))
    return given or os.environ.get("SIGSTORE_ID_TOKEN") or None


def _first_line(path: Path) -> str:
    """Return the first line of a file that only its owner may read."""
    from muniment import attest

    return attest.read_secret(path)
