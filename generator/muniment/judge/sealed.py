"""The seals that bear on a release, as facts: by whom, when, and whether it is still what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from muniment.judge.board import Standing, signer_of
from muniment.judge.place import Path, Place
from muniment.judge.signatures import RECORD
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Device, Dossier
from muniment.model.seal import Seal
from muniment.model.tree import Tree

PLAN_LOCK = "/predicate/plan-lock/v1"
EVALUATION = "https://in-toto.io/attestation/test-result/"


def place_of(device: Device, seal: Seal) -> Place:
    """Where a seal lies; everything derived from it points at the file."""
    return Place(f"{device.id}/{seal.file}", exact=True)


def entry_of(seal: Seal) -> Mapping[str, Tree]:
    """Where a seal stands in which log; both null while it was only read, for then nothing vouches for it."""
    log = seal.extra.get("log") if seal.log_index is not None else None
    return {"log": log, "log_index": seal.log_index}


@dataclass(frozen=True, slots=True)
class Sealed:
    """One release, whose seals are told; notes in `places` where each lies."""

    device: Device
    dossier: Dossier
    places: dict[Path, Place]

    def facts(self, seals: tuple[Seal, ...], stands: Standing) -> Tree:
        """The seals that rules ask for by name, and all on records of the release."""
        evaluation = self._evaluation(seals)
        wanted = evaluation["plan_lock_sha256"] if evaluation is not None else None
        self.places[("seals",)] = Place(self.dossier.release.document.path, exact=True)
        decided = stands.seal
        released = decided if decided is not None and str(stands.status) == "released" else None
        if released is not None:
            self.places[("seals", "release")] = place_of(self.device, released)
        return MappingProxyType(
            {
                "evaluation": evaluation,
                "plan_lock": self._plan_lock(seals, wanted),
                "authorship": self._authorship(seals),
                "records": self._records(seals),
                "release": None if released is None else self._seal(released, {}),
            }
        )

    def _seal(self, seal: Seal, extra: Mapping[str, Tree]) -> Mapping[str, Tree]:
        roster = self.device.records.get("roster")
        fields = {
            "time": seal.time,
            "identity": seal.identity,
            "person": signer_of(roster.body if roster else {}, seal),
            "sha256": seal.sha256,
            **entry_of(seal),
        }
        return MappingProxyType({**fields, **extra})

    def _evaluation(self, seals: tuple[Seal, ...]) -> Mapping[str, Tree] | None:
        """The newest seal on the evaluation."""
        path = f"{self.dossier.id}/evaluation.json"
        found = [s for s in seals if s.predicate_type.startswith(EVALUATION) and path in s.subjects]
        if not found:
            return None
        seal = max(found, key=lambda s: (s.time or "", s.file))
        self.places[("seals", "evaluation")] = place_of(self.device, seal)
        words = seal.predicate.get("muniment", {}) if isinstance(seal.predicate, Mapping) else {}
        actual = self.device.files.digest(path) if self.device.files.exists(path) else None
        extra = {
            "plan_lock_sha256": words.get("plan_lock_sha256") if isinstance(words, Mapping) else None,
            "holds": seal.subjects[path] == actual,
        }
        return self._seal(seal, extra)

    def _plan_lock(self, seals: tuple[Seal, ...], wanted: Tree) -> Mapping[str, Tree] | None:
        """The lock that the evaluation names; without one, the newest on the plan."""
        plan = self.dossier.get(self.dossier.release.body.get("plan", ""))
        if plan is None:
            return None
        path = f"{plan.id}.yaml"
        found = [s for s in seals if s.predicate_type.endswith(PLAN_LOCK) and path in s.subjects]
        if not found:
            return None
        seal = max(found, key=lambda s: (s.sha256 == wanted, s.time or "", s.file))
        self.places[("seals", "plan_lock")] = place_of(self.device, seal)
        extra = {"plan_sha256": seal.subjects[path], "holds": seal.subjects[path] == plan.document.sha256}
        return self._seal(seal, extra)

    def _authorship(self, seals: tuple[Seal, ...]) -> Mapping[str, Tree] | None:
        path = f"{self.dossier.id}/release.yaml"
        digest = self.dossier.release.document.sha256
        found = [
            seal
            for seal in seals
            if seal.predicate_type.endswith(RECORD)
            and seal.subjects.get(path) == digest
            and isinstance(seal.predicate, Mapping)
            and seal.predicate.get("meaning") == "authorship"
        ]
        if not found:
            return None
        seal = min(found, key=lambda s: (s.time or "", s.file))
        self.places[("seals", "authorship")] = place_of(self.device, seal)
        return self._seal(seal, {})

    def _records(self, seals: tuple[Seal, ...]) -> Tree:
        """Every seal on a record of the release, and whether the record is still the one that was sealed."""
        of_path = {
            record.document.path.split("/", 1)[1]: record
            for record in (*self.dossier.records.values(), *self.dossier.outside.values())
        }
        return tuple(
            self._seal(
                seal,
                {
                    "record": of_path[path].id,
                    "meaning": seal.predicate.get("meaning"),
                    "holds": digest == of_path[path].document.sha256,
                },
            )
            for seal in sorted(seals, key=lambda seal: (seal.time or "", seal.file))
            if seal.predicate_type.endswith(RECORD) and isinstance(seal.predicate, Mapping)
            for path, digest in seal.subjects.items()
            if path in of_path
        )
