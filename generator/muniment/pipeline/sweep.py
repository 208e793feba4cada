"""`muniment check` over a whole project, a device at a time.

A device is judged from its own folder alone, so devices can be judged apart: from the cache where nothing
changed, by two processes where many did, and never all of them in memory. What comes out is what
`checking.run` and a reporter say of the project, byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from muniment import shipped
from muniment.load import Stamp, devices, stamp
from muniment.model.dataclass import dataclass
from muniment.pipeline import spread
from muniment.pipeline.cache import Verdicts
from muniment.pipeline.program import program
from muniment.pipeline.request import SETTINGS_FILE, SHIPPED, Request, hushed

if TYPE_CHECKING:
    from muniment.model.finding import Finding
    from muniment.model.report import CheckReport
    from muniment.pipeline.checking import Kit
    from muniment.report.parts import Form

MANY = 12
"""Devices to judge from which a second process pays for its start."""
MANY_STAMPS = 400
"""Devices to look at from which a second process pays for its start."""
IN_MEMORY = 1 << 20
"""Bytes of a section held in memory before it goes to a temporary file."""
_CHUNK = 1 << 16
_OUTCOMES = ("accepted", "held", "refused")
"""From best to worst: a project's outcome is its worst device's."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to say of a project, and how."""

    request: Request
    fail_on: str
    """The least severity that counts: `block` or `warn`."""
    output: str
    colour: bool
    cached: bool
    """Whether verdicts of earlier runs may be taken and kept."""

    @property
    def form(self) -> Form:
        """The format, in pieces."""
        from muniment.report.parts import FORMS

        return FORMS[self.output]

    @property
    def every_place(self) -> bool:
        """Whether the format prints the line of rulings that are met."""
        return self.output != "text"


def sweep(plan: Sweep, write: Callable[[str], object]) -> int:
    """Check every device, write the report, and return the number of objections.

    Nothing is written before the last device is judged: an error leaves no half a report.
    """
    from muniment.report.text import Totals

    names = devices(plan.request.evidence)
    if not names:
        return _nothing(plan, write)

    objections = blocking = others = worst = 0
    progress = plan.request.doors.progress
    with ExitStack() as stack:
        spools = {
            name: stack.enter_context(closing(_Spool(between))) for name, between in plan.form.between.items()
        }
        for number, part in enumerate(_parts(plan, names)):
            progress("checking devices", number, len(names))
            objections += part["objections"]
            blocking += part["blocking"]
            others += part["others"]
            worst = max(worst, _OUTCOMES.index(part["outcome"]))
            for name, spool in spools.items():
                spool.add(part["sections"][name])
        progress("")
        notes = _notes(plan)
        for name, piece in plan.form.piece(notes, plan.colour).items():
            spools[name].add(piece)
        sums = Totals(plan.request.as_of, _OUTCOMES[worst], blocking, others, len(notes.findings))
        sections = {name: spool.chunks for name, spool in spools.items()}
        for chunk in plan.form.whole(sections, sums, plan.colour):
            write(chunk)
    return objections


def _notes(plan: Sweep) -> CheckReport:
    """What there is to say of the packs themselves, once, whatever the devices."""
    from muniment.model.report import CheckReport

    found: tuple[Finding, ...] = ()
    if plan.request.packs != SHIPPED:
        from muniment.pipeline.policies import loosened

        found = loosened(plan.request)
    return CheckReport(as_of=plan.request.as_of, outcome="accepted", findings=found, devices=())


def _nothing(plan: Sweep, write: Callable[[str], object]) -> int:
    """Say that the folder holds no device."""
    from muniment.pipeline.checking import Selection, run
    from muniment.report import REPORTERS

    report, objections = run(plan.request, Selection(fail_on=plan.fail_on), deep=False)
    write(REPORTERS[plan.output](report, colour=plan.colour))
    return objections


class _Spool:
    """One section of the report, as it grows."""

    def __init__(self, between: str) -> None:
        self._file: IO[bytes] = io.BytesIO()
        self._between = between
        self._spoken = False
        self._on_disk = False

    def add(self, piece: str) -> None:
        """Add what a device has to say, if anything."""
        if piece:
            self._file.write(
                ((self._between if self._spoken else "") + piece).encode("utf-8", "surrogatepass")
            )
            self._spoken = True
            if not self._on_disk and self._file.tell() > IN_MEMORY:
                self._move()

    def _move(self) -> None:
        """Go to a temporary file: what a large project has to say does not fit into memory."""
        import tempfile

        held, self._file, self._on_disk = self._file, tempfile.TemporaryFile(), True  # noqa: SIM115 - closed by `close`
        held.seek(0)
        while chunk := held.read(_CHUNK):
            self._file.write(chunk)
        held.close()

    def close(self) -> None:
        """Forget it all."""
        self._file.close()

    def chunks(self) -> Iterator[str]:
        """Yield the section, cut at the ends of lines."""
        self._file.seek(0)
        held = b""
        while chunk := self._file.read(_CHUNK):
            cut = chunk.rfind(b"\n") + 1
            if not cut:
                held += chunk
                continue
            yield (held + chunk[:cut]).decode("utf-8", "surrogatepass")
            held = chunk[cut:]
        if held:
            yield held.decode("utf-8", "surrogatepass")


def _parts(plan: Sweep, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what is said of each device, in order."""
    cache = _cache(plan) if plan.cached else None
    if cache is None:
        yield from _begun(_judged(plan, names))
        return
    try:
        kept = cache.stamps()
        # Taken before any file is read: what changes from here on does not look like this.
        seen = dict(zip(names, _stamped(plan, names), strict=True))
        now = cache.now()
        fresh = [device for device in names if kept.get(device) != seen[device].digest]
        judged = _begun(_judged(plan, fresh))
        waiting = set(fresh)
        for device in names:
            before = seen[device]
            part: Any = None if device in waiting else cache.get(device, before.digest)
            if not _sound(part, plan):
                part = next(judged) if device in waiting else next(_judged(plan, [device]))
                # A folder that changed meanwhile, or just before, may not be what was judged.
                if before.settled(now) and _stamp(plan, device).digest == before.digest:
                    cache.put(device, before.digest, part)
            yield part
    finally:
        cache.close(names)


def _begun(parts: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The same parts, the first of them at hand: workers are forked before a display starts its thread."""
    return chain(tuple(islice(parts, 1)), parts)


def _sound(part: Any, plan: Sweep) -> bool:
    """Whether a kept part has the shape of one."""
    return (
        isinstance(part, dict)
        and set(part) == {"blocking", "objections", "others", "outcome", "sections"}
        and all(type(part[name]) is int and part[name] >= 0 for name in ("blocking", "objections", "others"))
        and part["outcome"] in _OUTCOMES
        and isinstance(part["sections"], dict)
        and set(part["sections"]) == set(plan.form.between)
        and all(isinstance(piece, str) for piece in part["sections"].values())
    )


def _judged(plan: Sweep, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of devices that have to be judged."""
    if not names:
        return
    from muniment.pipeline.checking import Kit

    kit = Kit.of(plan.request, kept=True)
    if len(names) < MANY or not spread.possible():
        for device in names:
            yield _part(plan, kit, device)
        return
    quiet = replace(plan, request=replace(plan.request, doors=hushed(plan.request.doors)))
    yield from spread.spread(names, partial(_part, quiet, kit))


def _part(plan: Sweep, kit: Kit, device: str) -> dict[str, Any]:
    """Judge one device and say so."""
    from muniment.pipeline.checking import Selection, run
    from muniment.report.text import totals

    report, objections = run(
        plan.request,
        Selection(fail_on=plan.fail_on),
        deep=False,
        kit=kit,
        device=device,
        every_place=plan.every_place,
    )
    sums = totals(report)
    return {
        "blocking": sums.blocking,
        "objections": objections,
        "others": sums.others,
        "outcome": report.outcome,
        "sections": dict(plan.form.piece(report, plan.colour)),
    }


def _stamp(plan: Sweep, device: str) -> Stamp:
    return stamp(plan.request.evidence / device)


def _stamped(plan: Sweep, names: Sequence[str]) -> Iterator[Stamp]:
    if len(names) < MANY_STAMPS or not spread.possible():
        for device in names:
            yield _stamp(plan, device)
        return

    def work(device: str) -> list[Any]:
        found = _stamp(plan, device)
        return [found.digest.hex(), found.newest]

    for digest, newest in spread.spread(names, work):
        yield Stamp(bytes.fromhex(digest), newest)


def _cache(plan: Sweep) -> Verdicts | None:
    """Open the cache of a project; a folder without settings is none, and gets no files from us."""
    request = plan.request
    if not (request.root / SETTINGS_FILE).is_file():
        return None
    view = f"{plan.output}{'+colour' if plan.colour else ''} {plan.fail_on}"
    return Verdicts(request.cache, os.fspath(request.evidence.resolve()), view, _world(request))


def _world(request: Request) -> bytes:
    """Return a digest of everything outside a device's folder that bears on what is said of it."""
    said = [
        *program(),
        # Installing, upgrading or removing a dependency changes the folder they lie in.
        *(str(Path(place).stat().st_mtime_ns) for place in sys.path if place.endswith("-packages")),
        stamp(shipped.folder("schemas")).digest.hex(),
        request.as_of,
        request.prefix,
    ]
    for name in request.packs:
        for folder in (shipped.folder("policies") / name, request.root / name):
            said += (name, stamp(folder).digest.hex())
    return hashlib.blake2b(repr(said).encode(), digest_size=16).digest()
