"""Steps for `VERIFY.md` that check a seal with `openssl` and a shell, and nothing of Sigstore's.

They suit roots as a local domain writes them: one authority, one time-stamping signer under one root,
and bundles on one line. Other roots get no steps rather than steps that do not fit.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Sequence
from datetime import datetime

from muniment.archive.contents import Holding
from muniment.model.seal import Seal

# `rawBytes` in the order of a root that is written with sorted keys: certificate authority,
# transparency key, time-stamping signer, its root, log key.
FUNCTIONS = r"""root=data/trust/local/trusted_root.json
t=$(mktemp -d)
field() { grep -o "\"$1\": *\"[^\"]*\"" "$2" | sed -n "$3p" | cut -d'"' -f4 | openssl base64 -d -A; }
field rawBytes "$root" 1 | openssl x509 -inform DER -out "$t/authority.pem"
field rawBytes "$root" 3 | openssl x509 -inform DER -out "$t/stamper.pem"
field rawBytes "$root" 4 | openssl x509 -inform DER -out "$t/stamper-root.pem"
seal() {
  field payload "$1" 1 > "$t/payload"
  field sig "$1" 1 > "$t/signature"
  field signedTimestamp "$1" 1 > "$t/stamp"
  field rawBytes "$1" 1 | openssl x509 -inform DER -out "$t/signer.pem"
  openssl x509 -in "$t/signer.pem" -pubkey -noout > "$t/signer.pub"
  printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$t/payload")" > "$t/signed"
  cat "$t/payload" >> "$t/signed"
  digest=$(sha256sum "$2" | cut -d' ' -f1)
  subject="\"subject\":[{\"digest\":{\"sha256\":\"$digest\"},\"name\":\"${2#data/evidence/*/}\"}"
  openssl dgst -sha256 -verify "$t/signer.pub" -signature "$t/signature" "$t/signed" &&
    openssl ts -verify -data "$t/signature" -in "$t/stamp" -CAfile "$t/stamper-root.pem" \
      -untrusted "$t/stamper.pem" &&
    openssl ts -reply -in "$t/stamp" -text | grep -Fx "Time stamp: $4" &&
    openssl verify -no-CApath -no-CAstore -CAfile "$t/authority.pem" -attime "$5" "$t/signer.pem" &&
    openssl x509 -in "$t/signer.pem" -noout -ext subjectAltName | sed 's/^ *//' | grep -Fx "$3" &&
    grep -qF "$subject" "$t/payload" &&
    echo "OK: $2" || echo "FAILED: $1"
}"""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def fits(trusted_root: bytes) -> bool:
    """Whether `FUNCTIONS` finds the certificates it wants in a root.

    Raises `ValueError` where the root is not JSON.
    """
    fields = json.loads(trusted_root)
    try:
        counts = [
            *(len(each["certChain"]["certificates"]) for each in fields["certificateAuthorities"]),
            len(fields["ctlogs"]),
            *(len(each["certChain"]["certificates"]) for each in fields["timestampAuthorities"]),
            len(fields["tlogs"]),
        ]
    except (KeyError, TypeError):
        return False
    return counts == [1, 1, 2, 1] and list(fields) == sorted(fields)


def steps(holdings: Collection[Holding]) -> tuple[str, ...]:
    """Return one shell line a seal of the local domain, for the functions above."""
    return tuple(
        line for holding in holdings for seal in holding.seals for line in _line(holding.device, seal)
    )


def section(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the part of `VERIFY.md`; nothing without lines."""
    if not lines:
        return ()
    return (
        "### The same with openssl alone",
        "",
        "For seals of the local domain, in a POSIX shell with OpenSSL 3: signature, timestamp and its time,",
        "certificate at that time, signer, and the sealed file's digest. One line a seal; each must end in",
        "`OK:`. This does not look at the log, which the step above does. First the functions:",
        "",
        "```sh",
        FUNCTIONS,
        "```",
        "",
        "Then, in the same shell: the seal, the sealed file, the signer, and the time twice, in words and in",
        "seconds since 1970.",
        "",
        "```sh",
        *lines,
        "```",
        "",
    )


def _line(device: str, seal: Seal) -> tuple[str, ...]:
    subject = next(iter(sorted(seal.subjects)), None)
    if seal.domain != "local" or subject is None or seal.identity is None or seal.time is None:
        return ()
    if seal.time_source != "rfc3161":
        return ()
    base = f"data/evidence/{device}"
    at = datetime.fromisoformat(seal.time)
    signer = ("URI:" if "://" in seal.identity else "email:") + seal.identity
    words = ["seal", f"{base}/{seal.file}", f"{base}/{subject}", signer, _in_words(at)]
    text = shlex.join([*words, str(int(at.timestamp()))])
    return () if "`" in text or not text.isprintable() else (text,)


def _in_words(at: datetime) -> str:
    """Return a time as openssl prints it, in English whatever the locale."""
    return f"{MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S} {at.year} GMT"
