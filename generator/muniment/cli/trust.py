"""`muniment trust`: the local domain and its people; the roots of all three domains."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from muniment.cli.common import ExitCode, emit_json, evidence_options, format_option, say, settle
from muniment.cli.signing import (
    instant_or_now,
    local_domain,
    passphrase,
    passphrase_options,
    trust_folder_option,
)
from muniment.cli.signing import (
    trust_config as client_trust_config,
)
from muniment.errors import UsageError

if TYPE_CHECKING:
    from muniment.attest import LocalDomain

_AT = click.option("--at", metavar="INSTANT", help="The time to record (default: now). Self-asserted.")


@click.group()
def trust() -> None:
    """Make, show and check trust domains. Private keys stay out of every repository."""


@trust.command("init", epilog="Example: muniment trust init")
@trust_folder_option
@click.option("--name", default="local", show_default=True, help="Name of the domain.")
@click.option(
    "--unattended",
    is_flag=True,
    help="For demonstrations and tests: nobody is enrolled, whoever holds the folder signs for anybody.",
)
@click.option("--at", metavar="INSTANT", help="The domain's first instant (default: now).")
def trust_init(trust_folder: Path | None, name: str, unattended: bool, at: str | None) -> int:
    """Create a local domain: certificate authority, log and time-stamping authority, on this machine."""
    from muniment import attest

    folder = trust_folder or attest.default_folder()
    attest.create_domain(folder, name=name, at=instant_or_now(at), unattended=unattended)
    say(f"made the local trust domain {name!r} in {folder}\nKeep that folder out of every repository.")
    say(
        "Unattended: its seals show no more than that the holder of this folder made them."
        if unattended
        else "Enrol everyone who signs with `muniment trust enrol PERSON`."
    )
    return ExitCode.CLEAN


@trust.command(
    "enrol",
    epilog="Examples: muniment trust enrol p-clinical · "
    "muniment trust enrol p-clinical --replace --reason 'key lost'",
)
@click.argument("person", metavar="PERSON")
@click.option("--replace", is_flag=True, help="A new key in the place of one lost, rotated or revoked.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the register.")
@passphrase_options
@trust_folder_option
@_AT
@evidence_options
def trust_enrol(
    person: str,
    replace: bool,
    reason: str,
    key: Path | None,
    passphrase_file: Path | None,
    trust_folder: Path | None,
    at: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Make a signing key for PERSON under a passphrase, and enter it in the domain's register.

    With --key FILE the key is kept there; a key that lies there already is enrolled as it is. Anything
    sealed for PERSON from now on needs this key.
    """
    from muniment import attest
    from muniment.pipeline import sealing

    domain = local_domain(trust_folder)
    if domain.unattended:
        raise UsageError(
            "an unattended domain enrols nobody",
            hint="make a domain without --unattended for people to sign in",
        )
    name, identity = sealing.enrolment(settle(evidence, as_of, quiet), person)
    when = instant_or_now(at)
    # Before anybody types a passphrase.
    before = domain.check_enrolment(identity, replace=replace)
    own = key is not None and key.exists()
    words = passphrase(passphrase_file, f"the key of {identity}", new=not own)
    signing_key = attest.read_person_key(key, words) if own and key else attest.new_person_key()
    path = key or attest.key_path(domain.folder, identity, signing_key.fingerprint)
    if not own:
        # Written first: a key in the register that nobody holds would be worse than one too many on disk.
        attest.write_person_key(path, signing_key, words)
    try:
        notice = domain.enrol(identity, signing_key, person=name, at=when, replace=replace, reason=reason)
    except BaseException:
        if not own:
            path.unlink(missing_ok=True)
        raise
    if before is not None:
        # It opens nothing any more, and its passphrase may be known.
        attest.key_path(domain.folder, identity, before.fingerprint).unlink(missing_ok=True)
    say(f"{notice.act} {identity} at {notice.at}\nkey sha256 {notice.fingerprint}\nkept in {path}")
    return ExitCode.CLEAN


@trust.command("revoke", epilog="Example: muniment trust revoke p-clinical --reason 'left the company'")
@click.argument("person", metavar="PERSON")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the register.")
@trust_folder_option
@_AT
@evidence_options
def trust_revoke(
    person: str,
    reason: str,
    trust_folder: Path | None,
    at: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """End the enrolment of PERSON: nothing is sealed for them any more. Earlier seals stay valid."""
    from muniment.pipeline import sealing

    domain = local_domain(trust_folder)
    _, identity = sealing.enrolment(settle(evidence, as_of, quiet), person)
    notice = domain.revoke(identity, at=instant_or_now(at), reason=reason)
    say(f"revoked {identity} at {notice.at}\nkey sha256 {notice.fingerprint}")
    return ExitCode.CLEAN


@trust.command(
    "show",
    epilog="Examples: muniment trust show · muniment trust show --publish · "
    "muniment trust show --domain private --publish",
)
@click.option(
    "--domain",
    type=click.Choice(["local", "private", "public"]),
    default="local",
    show_default=True,
    help="Trust domain to show; public goes online.",
)
@click.option("--publish", is_flag=True, help="Write the public trusted root beside each device's seals.")
@click.option(
    "--trust-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Private domain: client trust config.",
)
@trust_folder_option
@format_option("text", "json")
@evidence_options
def trust_show(
    domain: str,
    publish: bool,
    trust_config: Path | None,
    trust_folder: Path | None,
    output: str,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
) -> int:
    """Show a domain's trusted root and its SHA-256; of the local one also its people, keys and log."""
    from muniment.pipeline.pens import publish_root

    fields: dict[str, Any] = {"domain": domain}
    if domain == "local":
        opened = local_domain(trust_folder)
        root = opened.trusted_root()
        fields |= _local_fields(opened)
    else:
        root = _remote_root(domain, trust_config, evidence, as_of, quiet)
    fields |= {"schema": "muniment/trust/v1", "trusted_root_sha256": hashlib.sha256(root).hexdigest()}
    if output == "json":
        emit_json(fields)
    else:
        say("\n".join(_lines(fields)))
    if publish:
        asked, now = settle(evidence, as_of, quiet), instant_or_now(None)
        for written in publish_root(asked, domain, root, at=now):  # type: ignore[arg-type]
            say(f"wrote {written.path}", err=output == "json")
    return ExitCode.CLEAN


@trust.command(
    "checkpoint",
    epilog="Examples: muniment trust checkpoint --out log.checkpoint · "
    "muniment trust checkpoint --extends log.checkpoint",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the checkpoint to FILE.")
@click.option(
    "--extends",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An older checkpoint: prove that the log still holds all that it held then.",
)
@trust_folder_option
@format_option("text", "json")
def trust_checkpoint(out: Path | None, extends: Path | None, trust_folder: Path | None, output: str) -> int:
    """Export the local log's signed checkpoint, or prove that the log extends an older one.

    Give each checkpoint to somebody else to keep: with it they can show later that nothing was taken
    out of the log or changed in it (RFC 6962 consistency proof).
    """
    domain = local_domain(trust_folder)
    note = domain.checkpoint()
    if extends is not None:
        found = domain.extend(_note(extends))
        if output == "json":
            emit_json(found.as_json())
        else:
            say(
                f"the log of {found.size} entries extends the checkpoint of {found.old_size}, by a proof of "
                f"{len(found.proof)} hashes"
            )
    if out is not None:
        from muniment.pipeline.writing import write_beside

        write_beside(out, note.encode())
        say(f"wrote {out}", err=output == "json")
    elif extends is None:
        say(note, nl=False)
    return ExitCode.CLEAN


def _note(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(4096)
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"the checkpoint {path} cannot be read", hint="name a file that is there") from None


def _remote_root(
    domain: str, config: Path | None, evidence: str | None, as_of: str | None, quiet: bool
) -> bytes:
    from muniment import attest

    if domain == "public":
        say("going online: the public Sigstore's trusted root is fetched", err=True)
        return attest.public_root()
    return attest.private_root(client_trust_config(settle(evidence, as_of, quiet), config))


def _local_fields(domain: LocalDomain) -> dict[str, Any]:
    register, head = domain.register(), domain.head()
    return {
        "name": domain.name,
        "created": domain.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "unattended": domain.unattended,
        "log": {
            "size": head.size,
            "last_entry": head.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "checkpoint": head.checkpoint,
        },
        "register": [notice.as_json() for notice in register],
        "unwritten_seals": len(domain.undelivered()),
    }


def _lines(fields: dict[str, Any]) -> list[str]:
    lines = [f"{fields['domain']} domain {fields.get('name', '')}".rstrip()]
    lines.append(f"trusted root sha256 {fields['trusted_root_sha256']}")
    if fields["domain"] != "local":
        return lines
    log = fields["log"]
    lines.append(f"made {fields['created']}; log of {log['size']} entries, the last of {log['last_entry']}")
    if fields["unattended"]:
        lines.append("unattended: whoever holds the folder signs for anybody")
    newest = {notice["identity"]: notice for notice in fields["register"]}
    for notice in newest.values():
        reason = f" ({notice['reason']})" if notice["reason"] else ""
        lines.append(
            f"{notice['act']} {notice['at']}  {notice['person']}  {notice['identity']}  "
            f"key sha256 {notice['fingerprint']}{reason}"
        )
    if fields["unwritten_seals"]:
        lines.append(
            f"{fields['unwritten_seals']} seals were logged and not written; the next signing command writes "
            "those whose files are unchanged"
        )
    lines.append("last checkpoint:")
    lines.extend(f"  {line}" for line in log["checkpoint"].rstrip("\n").split("\n"))
    return lines
