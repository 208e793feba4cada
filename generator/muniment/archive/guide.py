"""`VERIFY.md`: how somebody who trusts neither the sender nor this tool checks the archive."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping

from muniment.archive import openssl
from muniment.archive.contents import Holding, Rows
from muniment.archive.tags import MANIFEST, TAG_MANIFEST, sha256
from muniment.model.seal import Seal

# Stock `sigstore` reads a trusted root only as part of a client configuration, and insists on one
# entry for each service although verification calls none. `.invalid` never resolves (RFC 2606).
SIGNING_CONFIG = {
    "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    "caUrls": [
        {
            "url": "https://ca.invalid",
            "majorApiVersion": 1,
            "validFor": {"start": "2000-01-01T00:00:00Z"},
            "operator": "none",
        }
    ],
    "oidcUrls": [],
    "rekorTlogUrls": [
        {
            "url": "https://log.invalid",
            "majorApiVersion": 2,
            "validFor": {"start": "2000-01-01T00:00:00Z"},
            "operator": "none",
        }
    ],
    "rekorTlogConfig": {"selector": "ANY"},
    "tsaUrls": [],
    "tsaConfig": {"selector": "ANY"},
}


def client_trust_config(trusted_root: bytes) -> bytes:
    """Return the file that `sigstore --trust-config` takes, around a `trusted_root.json`.

    Raises `ValueError` where the root is not JSON.
    """
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(trusted_root),
        "signingConfig": SIGNING_CONFIG,
    }
    return (json.dumps(config, indent=2, sort_keys=True) + "\n").encode()


def verify_steps(
    holdings: Collection[Holding], trust: Mapping[str, bytes], *, rows: Rows, omitted: int, made_on: str
) -> str:
    """Return `VERIFY.md`, every step with the command that does it."""
    commands = [line for holding in holdings for seal in holding.seals for line in _command(holding, seal)]
    roots = [f"| {domain} | `{sha256(data)}` |" for domain, data in sorted(trust.items())]
    plain = openssl.steps(holdings) if "local" in trust and openssl.fits(trust["local"]) else ()
    return "\n".join(
        (
            *_opening(made_on),
            *_fixity(),
            *_roots(roots),
            *_seals(commands, sum(len(holding.seals) for holding in holdings) - len(commands)),
            *openssl.section(plain),
            *_again(rows, omitted),
            *_limits(),
        )
    )


def _opening(made_on: str) -> tuple[str, ...]:
    return (
        "# How to verify this archive",
        "",
        f"Made on {made_on}. All commands are run in the folder that holds `bagit.txt` and work without",
        "a network. Open `data/site/index.html` in a browser to read the portal.",
        "",
    )


def _fixity() -> tuple[str, ...]:
    return (
        "## 1. The files are the files that were archived",
        "",
        "```sh",
        f"sha256sum --quiet -c {TAG_MANIFEST}",
        f"sha256sum --quiet -c {MANIFEST}",
        f"sha256sum {TAG_MANIFEST}",
        "```",
        "",
        "The first two print nothing when all is well (on macOS: `shasum -a 256` instead of `sha256sum`).",
        "The third prints one value for the whole archive. It must equal the value in the letter that",
        "came with the archive: a manifest inside an archive says nothing about a manifest that was",
        "replaced together with the files. Files that no manifest lists are reported by step 4.",
        "",
    )


def _roots(rows: list[str]) -> tuple[str, ...]:
    if not rows:
        return (
            "## 2. Trusted roots",
            "",
            "This archive carries none, so its seals cannot be verified from it.",
            "",
        )
    return (
        "## 2. The trusted roots are the ones you were told of",
        "",
        "| domain | SHA-256 of `data/trust/<domain>/trusted_root.json` |",
        "|---|---|",
        *rows,
        "",
        "A root inside its own archive proves nothing. Compare these values with the letter, or with a",
        "copy you obtained another way. Seals of the domain `local` are self-asserted: the sealing",
        "organisation chose the time they state.",
        "",
    )


def _command(holding: Holding, seal: Seal) -> tuple[str, ...]:
    subject = next(iter(sorted(seal.subjects)), None)
    domain = seal.domain
    if domain is None or subject is None or seal.identity is None or seal.issuer is None:
        return ()
    base = f"data/evidence/{holding.device}"
    words = ["sigstore", "--trust-config", f"data/trust/{domain}/client_trust_config.json"]
    if domain == "public":
        words = ["sigstore"]
    words += ["verify", "identity", "--offline", "--bundle", f"{base}/{seal.file}"]
    words += ["--cert-identity", seal.identity, "--cert-oidc-issuer", seal.issuer, f"{base}/{subject}"]
    text = shlex.join(words)
    # A fence or a line break in a hostile name would end the listing and start prose of its own.
    return () if "`" in text or not text.isprintable() else (text,)


def _seals(commands: list[str], silent: int) -> tuple[str, ...]:
    head = "## 3. The seals are genuine"
    left = (
        f"{silent} seal(s) have no line of their own, because they were not verified when made or name",
        "something that does not fit a line; step 4 reports on them.",
        "",
    )
    if not commands:
        return (head, "", *(left if silent else ("This archive holds no seals.", "")))
    return (
        head,
        "",
        "With the stock `sigstore` command (`pip install 'sigstore>=4.5,<4.6'`), one line a seal; each",
        "must end in `OK`. It checks the signature, the certificate, the log entry, the time stamp, and",
        "that the named file is what was sealed.",
        "",
        "```sh",
        *commands,
        "```",
        "",
        *(left if silent else ()),
    )


def _again(rows: Rows, omitted: int) -> tuple[str, ...]:
    left_out = (
        f"{omitted} row-level file(s) were left out to protect the people in them; `data/omitted.json`",
        "lists each with its SHA-256, so that a copy obtained elsewhere can be held against it. Numbers",
        "that rest on them cannot be recomputed from this archive alone.",
    )
    return (
        "## 4. Everything at once",
        "",
        "```sh",
        "muniment verify --archive .",
        "```",
        "",
        "Checks every file, also for files that no manifest lists, and every seal. What was found when the",
        "archive was made, recomputed numbers included, stands in `data/verification.json`.",
        "",
        *((*left_out, "") if rows == "omit" and omitted else ()),
    )


def _limits() -> tuple[str, ...]:
    return (
        "## What this does not prove",
        "",
        "That the records are true: a seal says who stood by which bytes, and when. That nothing was",
        "tried and not recorded. And for the domain `local`, that the time is right.",
        "",
    )
