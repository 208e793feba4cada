"""The trail read and held against the files and the seals of a device.

`trail/log.jsonl` holds an entry a line, each naming the SHA-256 of the line before. That shows every change
and every gap inside; a trail cut short at its end is still a sound chain. What shows that are seals: each
states the head that the trail had when it was made. Entries after the newest seal are vouched for by nothing
in the folder, only by an archive or a note of the head that lies elsewhere.

On the path of `check`, so nothing here brings sigstore or cryptography.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from muniment.attest.fields import check_text
from muniment.attest.predicates import APPROVES
from muniment.attest.statements import SUFFIX
from muniment.attest.strict import Refused, canonical, parse_json, require_keys
from muniment.attest.subjects import check_path, check_sha256
from muniment.attest.times import parse_instant
from muniment.errors import MunimentError
from muniment.model.evidence import Files
from muniment.model.seal import Seal
from muniment.model.trail import FIRST, Entry, Trail
from muniment.model.tree import Tree

PATH = "trail/log.jsonl"
"""Where a device's trail lies."""
COMMANDS: Mapping[str, str] = {
    "plan-lock": "lock",
    "evaluation": "sign --evaluation",
    "release": "sign --authorise",
    "record": "sign",
    "provenance": "sign --provenance",
    "verdict": "sign --verdict",
    "deployment": "promote",
}
"""Kind of statement to the command that seals it; a decision's command is `approve`, `reject` or `recuse`."""
ADOPT = "adopt"
"""Command of an entry that takes in seals which the trail did not know of."""
MAX_ENTRY = 1 << 20
"""Bytes of one line. An entry of one seal has about 400; one that adopts has 130 more a seal."""
MAX_TRAIL = 64 << 20
_SCHEMA = "muniment/trail-entry/v1"
_REQUIRED = frozenset({"schema", "seq", "at", "command", "who", "wrote", "previous"})
_MOST = 20
"""Problems told one by one; more than that are counted."""


def encode(
    seq: int,
    *,
    at: str,
    command: str,
    who: str | None,
    wrote: Mapping[str, str],
    previous: str,
    published: Mapping[str, str] | None = None,
) -> bytes:
    """Return the line of an entry, without its newline; `Refused` where it could not be read again."""
    line = canonical(
        {
            "schema": _SCHEMA,
            "seq": seq,
            "at": at,
            "command": command,
            "who": who,
            "wrote": dict(wrote),
            **({"published": dict(published)} if published else {}),
            "previous": previous,
        }
    )
    decode(line)
    return line


def decode(line: bytes) -> Entry:
    """Return the entry in one line; `Refused` where it can be read in no way, or in two."""
    fields = require_keys(parse_json(line, "entry", MAX_ENTRY), "entry", _REQUIRED, frozenset({"published"}))
    if fields["schema"] != _SCHEMA:
        raise Refused(f"An entry's schema is not {_SCHEMA}.")
    if type(fields["seq"]) is not int or fields["seq"] < 1:
        raise Refused("An entry's seq is not a whole number from 1 on.")
    parse_instant(fields["at"], "entry's at")
    if canonical(fields) != line:
        raise Refused("An entry is not written as the program writes it.")
    return Entry(
        seq=fields["seq"],
        at=fields["at"],
        command=check_text(fields["command"], "command", 40),
        who=None if fields["who"] is None else check_text(fields["who"], "who", 400),
        wrote={check_path(path): digest for path, digest in _digests(fields["wrote"]).items()},
        published=_digests(fields.get("published", {})),
        previous=check_sha256(fields["previous"], "entry's previous"),
        sha256=hashlib.sha256(line).hexdigest(),
    )


def _digests(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Refused("An entry's files are not an object of names and digests.")
    return {
        check_text(name, "name", 400): check_sha256(each, "file's digest") for name, each in value.items()
    }


def read_trail(files: Files, seals: Iterable[Seal]) -> Trail:
    """Return a device's trail, and everything about it that does not hold.

    `seals` are all seals of the device, read or verified. Raises nothing for what a file holds.
    """
    seals = tuple(seals)
    if not files.exists(PATH):
        pinned = [seal for seal in seals if _pin(seal) not in (None, FIRST)]
        lost = tuple(
            f"{seal.file} names an entry of the trail, and there is no {PATH}; restore it."
            for seal in pinned[:1]
        )
        return Trail((), lost, there=False)
    try:
        data = files.read(PATH, MAX_TRAIL)
    except MunimentError as error:
        return Trail((), (f"{PATH} cannot be read: {error.message}.",))
    entries, problems = _chain(data)
    if not problems:
        # A broken chain says nothing reliable about files; what broke it has to be mended first.
        problems = [*_files(entries, files), *_known(entries, seals), *_pins(entries, seals)]
    told = problems[:_MOST]
    if len(problems) > _MOST:
        told.append(f"There are {len(problems) - _MOST} more.")
    return Trail(tuple(entries), tuple(told))


def _chain(data: bytes) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    lines = data.split(b"\n")
    torn = lines.pop()
    before = FIRST
    for number, line in enumerate(lines, start=1):
        try:
            entry = decode(line)
        except Refused as error:
            return entries, [f"Line {number} of {PATH} is no entry: {error}"]
        if entry.seq != number or entry.previous != before:
            what = (
                "follows another entry than the one before it" if entry.seq == number else "is out of order"
            )
            return entries, [f"Entry {entry.seq} in line {number} of {PATH} {what}; restore the file."]
        entries.append(entry)
        before = entry.sha256
    if torn:
        return entries, [
            f"The last line of {PATH} is torn, for a command was stopped while it wrote. "
            "The next command that seals cuts it off; `muniment trail --adopt` takes in what it had made."
        ]
    return entries, []


def _files(entries: Iterable[Entry], files: Files) -> Iterator[str]:
    """Yield what no longer stands as last written; a later entry for a path supersedes an earlier one."""
    latest: dict[str, tuple[str, int]] = {}
    for entry in entries:
        latest.update((path, (digest, entry.seq)) for path, digest in entry.wrote.items())
    for path, (digest, seq) in sorted(latest.items()):
        try:
            actual = files.digest(path) if files.exists(path) else None
        except MunimentError:
            actual = None
        if actual is None:
            yield f"Entry {seq} wrote {path}, which is missing; restore it."
        elif actual != digest:
            yield f"Entry {seq} wrote {path}, which has changed since; restore it."


def _known(entries: Iterable[Entry], seals: Iterable[Seal]) -> Iterator[str]:
    """Yield the seals that no entry speaks of, or of which it says something else than they do.

    The newest entry is named by no later one; that it has to agree with its seal leaves nothing of it free.
    """
    written = {path: entry for entry in entries for path in entry.wrote if path.endswith(SUFFIX)}
    for seal in seals:
        entry = written.get(seal.file)
        if entry is None:
            yield f"{seal.file} is not on the trail; `muniment trail --adopt` takes it in, and says so."
        elif seal.outcome != "failed" and entry.command != ADOPT:
            said = (seal.extra["signed_at"], seal.identity, command_of(seal.extra["kind"], seal.predicate))
            if (entry.at, entry.who, entry.command) != said:
                told = f"{entry.command} at {entry.at} by {entry.who}"
                yield f"Entry {entry.seq} tells of {seal.file} as {told}; the seal says {_said(*said)}."


def _said(at: str, who: str | None, command: str) -> str:
    return f"{command} at {at} by {who}"


def command_of(kind: str, predicate: Tree) -> str:
    """Return the command that seals a statement of this kind."""
    if kind == "approval":
        decision = str(predicate["decision"])
        return "approve" if decision in APPROVES else decision
    return COMMANDS[kind]


def _pins(entries: Iterable[Entry], seals: Iterable[Seal]) -> Iterator[str]:
    """Yield the seals that were made on another trail than this one."""
    at_head = {entry.sha256: entry.seq for entry in entries}
    written = {path: entry for entry in entries for path in entry.wrote}
    for seal in seals:
        pin, entry = _pin(seal), written.get(seal.file)
        if pin is None or entry is None or seal.outcome == "failed":
            continue
        before = 0 if pin == FIRST else at_head.get(pin)
        if before is None:
            yield f"{seal.file} names an entry that is not on the trail, which was changed or cut short."
        elif entry.command != ADOPT and before != entry.seq - 1:
            yield f"{seal.file} was made after entry {before}, and the trail has it as entry {entry.seq}."


def _pin(seal: Seal) -> str | None:
    """Return the head of the trail that a seal states; `None` in seals from before there was one."""
    pin = seal.extra.get("trail")
    return pin if isinstance(pin, str) else None
