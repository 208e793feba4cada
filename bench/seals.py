"""Sealing and verifying releases in the local domain: one, and a thousand in one device and one log.

A release has six seals: plan lock, evaluation, three approvals, authorisation. Each is made as the commands
make it: the head of the trail pinned, the bundle verified before it is kept, the trail told. Files are tiny,
so what is measured is sealing and verifying, not reading. That the last seals take as long as the first shows
that nothing grows with the log.

    python bench/seals.py [--releases 1 1000] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import page

from muniment import attest
from muniment.attest.verifier import Root
from muniment.load import DeviceFiles
from muniment.pipeline import trail

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
SEALS = 6
"""Seals of one release."""

COLUMNS = (
    *("releases", "seals", "sealing, s", "a seal, ms", "first, ms", "last, ms"),
    *("verify, s", "processor, s", "a seal, ms", "trail, s", "read, s"),
)
READING = """**How to read it.** Six seals a release, as the commands make them: issued, signed, stamped,
logged, verified with sigstore, written, told to the trail. *sealing* and the first *a seal* are
by the clock, and most of that waits for the disk: four files are on it before a command says
"sealed". *first* and *last* are the processor's milliseconds of a seal among the first and the
last tenth. *verify* is `attest.verify` of every seal: signature, certificate, proof, timestamp,
order and files, by the clock and by the processor, and a seal by the latter. *trail* holds the
trail to files and seals; *read* is what `check` does instead of verifying; both by the
processor. A command adds reading and checking the records (see above) and, for `verify`,
recomputing the numbers."""


@dataclass(frozen=True)
class Costs:
    """Seconds, of one number of releases."""

    releases: int
    sealing: float
    first: float
    """Processor seconds of a seal among the first tenth."""
    last: float
    waited: float
    """For `verify`, by the clock."""
    verifying: float
    """Processor seconds, as the two below."""
    trail: float
    reading: float

    def row(self) -> str:
        seals = self.releases * SEALS
        return (
            f"| {self.releases:,} | {seals:,} | {self.sealing:.2f} | {1e3 * self.sealing / seals:.1f} | "
            f"{1e3 * self.first:.1f} | {1e3 * self.last:.1f} | {self.waited:.2f} | {self.verifying:.2f} | "
            f"{1e3 * self.verifying / seals:.1f} | {self.trail:.2f} | {self.reading:.2f} |"
        )


def statements(device: Path, version: str, at: datetime.datetime) -> Iterator[bytes]:
    """The six statements of a release, each pinning the trail as it is by then."""

    def digest(path: str, data: bytes) -> str:
        (device / path).parent.mkdir(parents=True, exist_ok=True)
        (device / path).write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def signer(who: str, role: str, minute: int) -> attest.Signer:
        when = at + datetime.timedelta(minutes=minute)
        return attest.Signer(who.title(), f"{who}@example.invalid", role, when, trail.head(device))

    plan = digest(f"plans/{version}.yaml", f"plan {version}".encode())
    yield attest.plan_lock(f"plans/{version}", plan, signer=signer("cyd", "biostatistics", 0))
    lock = next((device / f"seals/plans/{version}").iterdir())
    yield attest.evaluation(
        version,
        digest(f"releases/{version}/evaluation.json", f"evaluation {version}".encode()),
        plan=f"plans/{version}",
        plan_sha256=plan,
        plan_lock_sha256=hashlib.sha256(lock.read_bytes()).hexdigest(),
        result="PASSED",
        signer=signer("eva", "verification", 1),
    )
    manifest = digest(f"releases/{version}/manifest.json", f"manifest {version}".encode())
    board = (("ben", "clinical"), ("dee", "regulatory"), ("gus", "quality"))
    for minute, (who, role) in enumerate(board, start=2):
        yield attest.approval(
            version,
            manifest,
            decision="approve",
            meaning="technical_review",
            signer=signer(who, role, minute),
        )
    yield attest.release_authorisation(
        version, manifest, rationale="It holds.", signer=signer("gus", "quality", 5)
    )


def measured(releases: int) -> Costs:
    with tempfile.TemporaryDirectory() as place:
        device = Path(place) / "device"
        device.mkdir()
        domain = attest.create_domain(Path(place) / "domain", name="bench", at=START, unattended=True)
        taken: list[tuple[float, float]] = []
        for number in range(releases):
            at = START + datetime.timedelta(hours=number + 1)
            made = statements(device, f"1.{number}.0", at)
            while True:
                began = time.perf_counter(), time.process_time()
                statement = next(made, None)
                if statement is None:
                    break
                seal(device, domain, statement)
                taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        files, roots = DeviceFiles(device), (Root("local", domain.trusted_root()),)
        began, clock = time.process_time(), time.perf_counter()
        seals = attest.verify(files, roots)
        verifying, waited = time.process_time() - began, time.perf_counter() - clock
        assert {each.outcome for each in seals} == {"verified"}
        assert len(seals) == releases * SEALS
        began = time.process_time()
        assert attest.read_trail(files, seals).problems == ()
        told = time.process_time() - began
        began = time.process_time()
        attest.read(DeviceFiles(device))
        reading = time.process_time() - began
    tenth = max(1, len(taken) // 10)
    parts = (taken[:tenth], taken[-tenth:])
    first, last = (sum(processor for _, processor in part) / len(part) for part in parts)
    return Costs(releases, sum(wall for wall, _ in taken), first, last, waited, verifying, told, reading)


def seal(device: Path, domain: attest.LocalDomain, statement: bytes) -> None:
    """Make one seal as the commands do."""
    parsed = attest.parse(statement)
    words, path = parsed.words, attest.seal_path(parsed)
    at = datetime.datetime.fromisoformat(words["signed_at"])
    bundle = domain.seal(statement, identity=attest.Identity(words["identity"], domain.issuer), at=at)
    (device / path).parent.mkdir(parents=True, exist_ok=True)
    (device / path).write_bytes(bundle)
    wrote = {path: hashlib.sha256(bundle).hexdigest()}
    command = attest.command_of(parsed.kind, parsed.predicate)
    trail.append(device, at=at, command=command, who=words["identity"], wrote=wrote)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--releases", type=int, nargs="+", default=[1, 1000])
    options.add_argument("--write", action="store_true", help="write the section of bench/README.md")
    asked = options.parse_args()
    measured(1)  # imports, and what libraries do once
    rows = [measured(releases).row() for releases in asked.releases]
    text = "\n".join(
        [
            f"{datetime.date.today().isoformat()}, {page.machine()}.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|" + "---:|" * len(COLUMNS),
            *rows,
            "",
            READING,
        ]
    )
    print(text)
    if asked.write:
        page.put("Seals", text)


if __name__ == "__main__":
    main()
