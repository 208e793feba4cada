"""`muniment verify`: trust nothing recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from muniment.cli.common import (
    ExitCode,
    brought,
    doors,
    emit_json,
    evidence_options,
    format_option,
    say,
    settle,
)
from muniment.cli.complete import release_names

DOMAIN_WORDS = {
    "local": "local · self-asserted",
    "private": "private · the organisation's own Sigstore",
    "public": "public · the public Sigstore",
    None: "no domain",
}
TIME_WORDS = {"rfc3161": "RFC 3161 timestamp", "rekor": "time of the log", None: "no source of time"}


@click.command(
    epilog="Examples: muniment verify · muniment verify 2.0.0 --format json · "
    "muniment verify --archive snapshot.zip"
)
@click.argument("release", metavar="[RELEASE]", shell_complete=release_names, required=False)
@evidence_options
@format_option("text", "json")
@click.option(
    "--archive",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Verify a snapshot instead of the evidence.",
)
@click.option("--pin", metavar="SHA256", help="The archive's bag digest, from the letter that came with it.")
@click.option(
    "--require-domain",
    "domains",
    type=click.Choice(["local", "private", "public"]),
    multiple=True,
    help="Refuse seals of other trust domains (default: trust.domains of the settings).",
)
@click.option(
    "--identity-policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own list of who may seal what, as YAML or JSON; a seal that no line admits fails.",
)
@click.option(
    "--trusted-root",
    "roots",
    multiple=True,
    metavar="DOMAIN=FILE",
    help="Your own copy of a domain's trusted root; then none that lies with the evidence is used.",
)
@click.option(
    "--authority",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PEM",
    help="With --archive: your own copy of the certificates of whoever stamped its renewals.",
)
@click.option("--list", "list_all", is_flag=True, help="List every file and number, not only the seals.")
def verify(
    release: str | None,
    evidence: str | None,
    as_of: str | None,
    quiet: bool,
    output: str,
    archive: Path | None,
    pin: str | None,
    domains: tuple[str, ...],
    identity_policy: Path | None,
    roots: tuple[str, ...],
    authority: Path | None,
    list_all: bool,
) -> int:
    """Re-hash every file, recompute every number and verify every seal, without a network."""
    from muniment.pipeline import demanding, verification
    from muniment.pipeline.request import iso_date

    own_roots = demanding.brought_roots(roots)
    if archive is not None:
        date = iso_date(as_of) if as_of else None
        wanted = demanding.demands(domains, identity_policy)
        found = verification.verify_archive(
            archive,
            doors(quiet),
            as_of=date,
            pinned=pin,
            demands=wanted,
            roots=own_roots,
            authority=None if authority is None else brought(authority, "file of certificates"),
        )
    else:
        asked = settle(evidence, as_of, quiet)
        wanted = demanding.demands(domains, identity_policy, asked.accepted)
        found = verification.verify(replace(asked, demands=wanted, roots=own_roots), release)
    if output == "json":
        emit_json(found.as_json())
    else:
        say(_text(found.as_json(), list_all), nl=False)
    return ExitCode.CLEAN if found.outcome == "verified" else ExitCode.FINDINGS


def _text(found: dict[str, object], list_all: bool) -> str:
    files, numbers, seals = (list(found[key]) for key in ("files", "numbers", "seals"))  # type: ignore[call-overload]
    lines: list[str] = []
    for seal in seals:
        lines.extend(_seal_lines(seal))
    for file in files:
        if list_all or file["outcome"] != "verified":
            lines.append(f"{'ok    ' if file['outcome'] == 'verified' else 'FAILED'} {file['path']}")
            if file["outcome"] != "verified":
                lines.append(
                    f"       expected sha256 {file['expected']}, found {file['actual'] or 'no file'}"
                )
    for number in numbers:
        if number["outcome"] != "equal":
            lines.append(
                f"FAILED {number['pointer']}: recorded {number['recorded']}, "
                f"recomputed {number['recomputed']}"
            )
    for trail in found["trails"]:  # type: ignore[attr-defined]
        sure = "FAILED" if trail["outcome"] == "failed" else "ok    "
        if trail["outcome"] != "absent":
            lines.append(
                f"{sure} trail of {trail['device']}: {trail['entries']} entries, head {trail['head']}"
            )
        lines.extend(f"       {reason}" for reason in trail["reasons"])
    for renewal in found.get("renewals", ()):  # type: ignore[attr-defined]
        if renewal["outcome"] == "verified":
            lines.append(f"ok     {renewal['time']:<20} {renewal['file']}  renewal of the whole archive")
            lines.append(f"       stamped by {renewal['authority']}")
        else:
            lines.append(f"FAILED {'no time':<20} {renewal['file']}: {renewal['reason']}")
    good = sum(1 for seal in seals if seal["outcome"] == "verified")
    held = sum(1 for file in files if file["outcome"] == "verified")
    equal = sum(1 for number in numbers if number["outcome"] == "equal")
    lines.append(
        f"{found['outcome']}: {held} of {len(files)} files hold, {equal} of {len(numbers)} numbers "
        f"recomputed equal, {good} of {len(seals)} seals verified (as of {found['as_of']})"
    )
    lines.extend(str(note) for note in found["notes"])  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"


def _seal_lines(seal: Mapping[str, Any]) -> list[str]:
    """What was sealed and when; below it who stands by it, and who vouches for that."""
    name = next(iter(seal["subject"]), "nothing")
    if seal["outcome"] != "verified":
        return [f"FAILED {'no time':<20} {name}  {seal['act']}", f"       {seal['file']}: {seal['reason']}"]
    meaning = str(seal["meaning"]).replace("_", " ")
    return [
        f"ok     {seal['time']:<20} {name}  {seal['act']}",
        f"       {seal['printed_name']} <{seal['identity']}>, meaning {meaning}; "
        f"{DOMAIN_WORDS[seal['domain']]}, {TIME_WORDS[seal['time_source']]}, issuer {seal['issuer']}",
    ]
