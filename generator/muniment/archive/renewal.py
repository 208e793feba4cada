"""Renewals: what a newer timestamp over an archive covers, and the files it is kept in.

Beside the archive `NAME` lies the folder `NAME.renewals`, with three files a renewal: `0001.sha512`, the list
that was stamped, which `sha512sum -c` reads in the unpacked archive; `0001.tsr`, the authority's reply to it
(RFC 3161); `0001.pem`, the certificate that the reply is verified with. A list covers every file of the bag,
and the three files of every earlier renewal: the newest stamp stands for all (as in RFC 4998, section 5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from muniment.archive import names
from muniment.archive.sinks import CHUNK
from muniment.archive.sources import BROKEN, LIMITS, Entry, Limits, entries
from muniment.errors import UnreadableInput, UsageError
from muniment.model.progress import Progress, silent

LIST, REPLY, ROOT = ".sha512", ".tsr", ".pem"
PARTS = (LIST, REPLY, ROOT)
_BESIDE = re.compile(r"^[0-9a-f]{128}  \.\./([^/\n]+)/0001\.", re.MULTILINE)
MOST = 999
SMALL = 1 << 20
"""Bytes that a reply or a certificate may have."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """One renewal as it is kept."""

    number: int
    parts: Mapping[str, bytes]
    """Suffix to content, for each of `PARTS`."""


def folder(archive: Path) -> Path:
    """Where the renewals of an archive lie; `UsageError` for a name that a list could not hold."""
    named = archive if archive.name not in ("", "..") else archive.resolve()
    if fault := names.fault(named.name):
        raise UsageError(f"{named.name!r} {fault}", hint="give the archive a plain name")
    return named.with_name(f"{named.name}.renewals")


def named(number: int, part: str) -> str:
    """The name of a file of a renewal."""
    return f"{number:04}{part}"


def read(archive: Path, limits: Limits = LIMITS) -> tuple[Renewal, ...]:
    """Return the renewals of an archive in order; none where there is no folder.

    A last one without a reply was interrupted, and counts for nothing. Raises `UnreadableInput` where the
    folder holds anything else, lacks a renewal, or a file is too large.
    """
    place = folder(archive)
    if not place.exists() and not place.is_symlink():
        return ()
    if place.is_symlink() or not place.is_dir():
        raise UnreadableInput(f"{place.name} is no folder", hint="ask the sender for a whole copy")
    there = {path.name for path in place.iterdir()}
    complete = 0
    while complete < MOST and named(complete + 1, REPLY) in there:
        complete += 1
    wanted = {named(number, part) for number in range(1, complete + 1) for part in PARTS}
    begun = {named(complete + 1, part) for part in (LIST, ROOT)}
    strays = sorted(name for name in there - wanted - begun if not name.startswith("."))
    missing = sorted(wanted - there)
    if strays or missing:
        problem = f"holds {strays[0]!r}, which is no part" if strays else f"lacks {missing[0]!r}, a part"
        raise UnreadableInput(
            f"{place.name} {problem} of a renewal in order", hint="ask the sender for a whole copy"
        )
    return tuple(
        Renewal(
            number,
            {
                part: _content(place / named(number, part), limits.tag_octets if part == LIST else SMALL)
                for part in PARTS
            },
        )
        for number in range(1, complete + 1)
    )


def _content(path: Path, most: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise UnreadableInput(f"{path.name} is no regular file", hint="links are not followed")
    if path.stat().st_size > most:
        raise UnreadableInput(f"{path.name} is larger than it needs to be", hint="it was not read")
    return path.read_bytes()


def sums(archive: Path, limits: Limits = LIMITS, progress: Progress = silent) -> dict[str, str]:
    """Return path to SHA-512 of every file of the bag, tag files as well.

    Raises `UnreadableInput` for an entry that may not stand in a bag or cannot be read.
    """
    with entries(archive, limits) as found:
        faults = [(entry.path, entry.fault or names.fault(entry.path)) for entry in found]
        faults += [(path, "stands there twice") for path in names.collisions([e.path for e in found])]
        for path, fault in faults:
            if fault:
                raise UnreadableInput(f"{path!r} {fault}", hint="run `muniment verify --archive` on it")
        if len({entry.path for entry in found}) < len(found):
            raise UnreadableInput("a path stands in it twice", hint="ask the sender for a whole copy")
        out = {}
        for number, entry in enumerate(sorted(found, key=lambda entry: entry.path)):
            progress("hashing files", number, len(found))
            out[entry.path] = _sha512(entry)
        return out


def _sha512(entry: Entry) -> str:
    total, count = hashlib.sha512(), 0
    try:
        with entry.open() as content:
            while count <= entry.size and (chunk := content.read(CHUNK)):
                total.update(chunk)
                count += len(chunk)
    except BROKEN as error:
        raise UnreadableInput(f"{entry.path} cannot be read: {error}", hint="ask for a whole copy") from None
    if count != entry.size:
        raise UnreadableInput(f"{entry.path} is not as long as it says", hint="ask for a whole copy")
    return total.hexdigest()


def listed(bag: Mapping[str, str], earlier: Sequence[Renewal], beside: str) -> bytes:
    """Return the list that a renewal stamps: the bag's `sums`, then the parts of the renewals before it.

    `beside` is the name of their folder. The same files under the same name give the same bytes.
    """
    lines = [f"{bag[path]}  {path}\n" for path in sorted(bag)]
    for renewal in earlier:
        for part in PARTS:
            digest = hashlib.sha512(renewal.parts[part]).hexdigest()
            lines.append(f"{digest}  ../{beside}/{named(renewal.number, part)}\n")
    return "".join(lines).encode()


def beside(stamped: bytes) -> str | None:
    """Return the folder's name in a list that was stamped: the archive may have another name by now."""
    found = _BESIDE.search(stamped.decode("utf-8", "replace"))
    return None if found is None else found[1]


def difference(stamped: bytes, found: bytes) -> str:
    """Return in what a list that was stamped and the files as they are differ; nothing where they do not."""
    if stamped == found:
        return ""
    then, now = _lines(stamped), _lines(found)
    for path in sorted({*then, *now}):
        if path not in now:
            return f"{path} was stamped and is not there"
        if path not in then:
            return f"{path} is there and was not stamped"
        if then[path] != now[path]:
            return f"{path} is not the file that was stamped"
    return "the list is not written as this program writes it"


def _lines(text: bytes) -> dict[str, str]:
    pairs = (line.partition("  ") for line in text.decode("utf-8", "replace").split("\n") if line)
    return {path: digest for digest, _, path in pairs}
