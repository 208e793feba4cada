"""Evaluate, freeze and seal the example anew, in a fresh trust domain and in the order of `seals.yaml`.

Run by `make reseal` after the example changed. The domain's keys are made under `build/`, which git
ignores; only its public root and the seals go into the evidence. The times are those of the example's
calendar, so every seal is self-asserted, and the portal says so.
"""

from __future__ import annotations

import datetime
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from muniment import attest, load
from muniment.pipeline import attesting, freezing, pens, promoting, sealing
from muniment.pipeline.request import Doors, Request, request
from muniment.pipeline.survey import survey
from muniment.pipeline.writing import Written

DEVICE = Path(__file__).resolve().parents[1]
ROOT = DEVICE.parents[1]


def main() -> None:
    """Throw away the old seals and make all of them again."""
    doors = Doors(today=datetime.date.today)
    asked = request(doors, start=ROOT)
    tree, faults = load.yaml_tree((DEVICE / "pipeline" / "seals.yaml").read_bytes(), "seals.yaml")
    if faults:
        sys.exit(f"{faults[0].where}: {faults[0].message}")
    acts = tree
    clear()
    found = survey(asked)
    blocking = [f for f in found.findings if f.severity == "block" and f.rule != "manifest"]
    if blocking:
        sys.exit("\n".join(f"{f.where}: {f.message}" for f in blocking))
    versions = [dossier.version for device in found.devices for dossier in device.releases]
    for version in versions:
        criteria = freezing.write_evaluation(asked, version).evaluation["criteria"]
        unmet = [c["id"] for c in criteria if c["outcome"] == "unmet"]
        print(f"evaluated {version}: {len(criteria)} judgements, unmet {unmet or 'none'}")
        freezing.freeze(asked, version)
    first = instant(acts[0]["at"]) - datetime.timedelta(days=1)
    domain = attest.create_domain(ROOT / "build" / "example-trust", name="prognosis-180", at=first)
    pens.publish_root(asked, "local", domain.trusted_root(), at=first)
    pen = attest.LocalPen(domain, enrol_everyone(asked, domain, first))
    for act in acts:
        written = perform(asked, act, pen)
        print(f"{act['at']}  {act['do']:<8} {act['target']:<24} {act['person']:<14} {written.path.name}")


def clear() -> None:
    """Remove what is made again: seals, their trail, manifests, evaluations, analyses, the old domain."""
    shutil.rmtree(DEVICE / "seals", ignore_errors=True)
    shutil.rmtree(DEVICE / "trust", ignore_errors=True)
    shutil.rmtree(DEVICE / "trail", ignore_errors=True)
    shutil.rmtree(ROOT / "build" / "example-trust", ignore_errors=True)
    for name in ("manifest.json", "evaluation.json", "analysis.json"):
        for path in (DEVICE / "releases").glob(f"*/{name}"):
            path.unlink()


def enrol_everyone(
    asked: Request, domain: attest.LocalDomain, at: datetime.datetime
) -> Callable[[attest.Notice], attest.PersonKey]:
    """Enrol everyone on the roster with a key of their own that is never written down."""
    keys = {}
    for device in survey(asked).devices:
        roster = device.records["roster"].body
        for entry in (*roster["people"], *roster["services"]):
            keys[entry["email"]] = attest.new_person_key()
            domain.enrol(entry["email"], keys[entry["email"]], person=entry["id"], at=at)
    return lambda notice: keys[notice.identity]


def perform(asked: Request, act: dict[str, object], pen: attest.LocalPen) -> Written:
    """Make one seal of the list."""
    target = str(act["target"])
    version = target.removeprefix("releases/")
    hand = pens.Hand(str(act["person"]), str(act["role"]), instant(str(act["at"])), pen)
    meaning = str(act["meaning"]) if act.get("meaning") else None
    match act["do"]:
        case "lock":
            return sealing.lock(asked, target, hand)
        case "evaluate":
            return sealing.seal_evaluation(asked, version, hand)
        case "record":
            return sealing.sign_record(asked, target, hand, meaning=meaning)
        case "release":
            return sealing.authorise(asked, version, hand)
        case "provenance":
            return attesting.seal_provenance(asked, target, hand)
        case "verdict":
            return attesting.seal_verdict(asked, version, hand)
        case "deploy":
            done = promoting.seal_deployment(asked, target.split("/")[1], target, hand)
            if done.written is None:
                sys.exit("\n".join((f"{target} is refused:", *done.reasons)))
            return done.written
        case "approve" | "reject" | "recuse" as decision:
            return sealing.decide(
                asked,
                version,
                hand,
                decision=decision,
                meaning=meaning if decision == "approve" else None,
                conditions=tuple(act.get("conditions") or ()),  # type: ignore[arg-type]
                meeting=str(act["meeting"]) if act.get("meeting") else None,
            )
        case other:
            sys.exit(f"seals.yaml: {other!r} is not something to do")


def instant(text: str) -> datetime.datetime:
    """Read an instant of the list."""
    return datetime.datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
