"""Records about a release in use: what was known on a day, who signed it, and what it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.dossiers import NAME, device, dossier, record

from muniment.judge.postmarket import Aftermath, stops
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.seal import Seal
from muniment.model.tree import Tree, frozen

RELEASE = "releases/1.0.0"
RECORD = "https://muniment.invalid/predicate/record/v1"
ALERT = {
    "opened_on": "2024-04-02",
    "monitor": "M1",
    "level": 2,
    "cause": "data",
    "state": "closed",
    "review": {"by": "cai", "on": "2024-04-05", "verdict": "Feed."},
    "closed_on": "2024-06-01",
}
SIGNAL = {
    "opened_on": "2024-04-02",
    "decision": "pause",
    "decided_by": ["cai"],
    "decided_on": "2024-04-10",
    "interim_mitigation": {"type": "pause", "from": "2024-04-11", "expires": "2024-06-30"},
    "reportability": [
        {
            "jurisdiction": "EU",
            "rule": "eu-mdr-serious",
            "aware_on": "2024-04-02",
            "due_on": "2024-04-17",
            "decision": "reportable",
            "decided_on": "2024-04-15",
        }
    ],
}
LEVELS = [{"level": 2, "on": "2024-04-03"}, {"level": 3, "on": "2024-05-07"}]


def about(kind: str, name: str = "x", **body: Any) -> tuple[str, Record]:
    """A record about the release, by id."""
    identity = f"postmarket/1.0.0/{name}"
    return identity, record(identity, {"kind": kind, "release": RELEASE} | body)


def in_use(*records: tuple[str, Record]) -> tuple[Device, Dossier]:
    """The demo device with these records about its release."""
    release = dossier()
    whole = device(release)
    return replace(whole, records={**whole.records, **dict(records)}), release


def known(kind: str, as_of: str, *records: tuple[str, Record], seals: tuple[Seal, ...] = ()) -> list[Any]:
    """Bodies of one list as they were known on a day; the demo's own drill is left out."""
    whole, release = in_use(*records)
    found = Aftermath(whole, as_of, seals).listed(release)
    return [body for name, each, body in found if name == kind and each.id != "postmarket/1.0.0/drill-1"]


def seal(of: Record, identity: str = "cai@demo.example", role: str = "clinical", **fields: Any) -> Seal:
    path = of.document.path.removeprefix(f"{NAME}/")
    values: dict[str, Any] = {
        "file": f"seals/{role}.json",
        "sha256": "5" * 64,
        "predicate_type": RECORD,
        "subjects": {path: of.document.sha256},
        "predicate": frozen({"role": role, "meaning": "clinical_approval"}),
        "identity": identity,
        "issuer": None,
        "domain": None,
        "time": "2024-05-01T09:00:00Z",
        "time_source": "statement",
        "log_index": None,
        "outcome": "recorded",
    }
    return Seal(**values | fields)


def test_an_alert_is_open_until_the_day_it_was_closed() -> None:
    """A replay between opening and closing sees neither the closing nor the cause found by then."""
    alert = about("alert", **ALERT)
    assert known("alerts", "2024-04-01", alert) == []
    (fresh,) = known("alerts", "2024-04-02", alert)
    assert (fresh["state"], fresh["cause"], "review" in fresh) == ("open", "unknown", False)
    (seen,) = known("alerts", "2024-05-31", alert)
    assert (seen["state"], seen["cause"], seen["review"]["by"]) == ("open", "unknown", "cai")
    (done,) = known("alerts", "2024-06-01", alert)
    assert (done["state"], done["cause"], done["closed_on"]) == ("closed", "data", "2024-06-01")


def test_a_decision_on_a_signal_is_not_known_before_it_was_taken() -> None:
    """The clock is there from the first day; the decision that stops it comes on its own day."""
    signal = about("signal", **SIGNAL)
    (early,) = known("signals", "2024-04-05", signal)
    assert "decision" not in early
    assert "interim_mitigation" not in early
    assert early["reportability"][0]["due_on"] == "2024-04-17"
    assert "decision" not in early["reportability"][0]
    (late,) = known("signals", "2024-04-15", signal)
    assert (late["decision"], late["reportability"][0]["decision"]) == ("pause", "reportable")


@pytest.mark.parametrize(
    ("as_of", "expected"), [("2024-04-02", []), ("2024-05-06", [2]), ("2024-05-07", [2, 3])]
)
def test_an_incident_has_the_levels_given_by_the_day(as_of: str, expected: list[int]) -> None:
    """A higher level counts from the day a person gave it."""
    (incident,) = known("incidents", as_of, about("incident", opened_on="2024-04-02", levels=LEVELS))
    assert [level["level"] for level in incident["levels"]] == expected


def test_a_log_has_the_runs_by_the_day_and_begins_with_the_first() -> None:
    """Before its first run a log is not there, so that nothing is asked of it."""
    log = about("monitoring_log", runs=[{"on": "2024-04-03"}, {"on": "2024-07-02"}])
    assert known("logs", "2024-04-02", log) == []
    (body,) = known("logs", "2024-07-01", log)
    assert [run["on"] for run in body["runs"]] == ["2024-04-03"]


def test_the_times_of_a_drill_give_its_minutes() -> None:
    """Steps are counted from the step before, past midnight too."""
    times = {"injected_at": "23:50", "detected_at": "23:58", "decided_at": "00:03", "safe_state_at": "00:15"}
    (drill,) = known("drills", "2024-12-31", about("drill", on="2024-05-01", findings=[], **times))
    assert drill["minutes"] == {"detect": 8, "decide": 5, "reach": 12, "all": 25}


def test_a_signature_counts_on_these_bytes_by_this_role() -> None:
    """A seal on other bytes, by somebody without the role or unknown, or from the future signs nothing."""
    drill = about(
        "drill", on="2024-04-30", findings=[],
        injected_at="09:00", detected_at="09:01", decided_at="09:02", safe_state_at="09:03",
    )  # fmt: skip
    of = drill[1]

    def signed(given: Seal, as_of: str = "2024-12-31") -> Tree:
        (body,) = known("drills", as_of, drill, seals=(given,))
        return tuple((word["person"], word["role"], word["on"]) for word in body["signed"])

    assert signed(seal(of)) == (("cai", "clinical", "2024-05-01"),)
    assert signed(seal(of), as_of="2024-04-30") == ()
    assert signed(seal(of, subjects={"postmarket/1.0.0/x.yaml": "0" * 64})) == ()
    assert signed(seal(of, role="quality")) == ()
    assert signed(seal(of, identity="mallory@demo.example")) == ()
    assert signed(seal(of, time="2020-01-01T09:00:00Z")) == ()
    assert signed(seal(of, predicate_type=RECORD.replace("record", "release"))) == ()


def test_the_earliest_closure_counts_and_its_check_on_its_own_day() -> None:
    """A closure is set beside what it closes; a later second one changes nothing."""
    incident = about("incident", "i", opened_on="2024-04-02", levels=LEVELS)
    first = about(
        "closure", "c1", of="postmarket/1.0.0/i", on="2024-06-01", cause="data",
        effectiveness={"on": "2024-09-01", "by": "cai", "result": "Holds."},
    )  # fmt: skip
    second = about("closure", "c0", of="postmarket/1.0.0/i", on="2024-07-01", cause="workflow")
    (opened,) = known("incidents", "2024-05-31", incident, first, second)
    assert "closure" not in opened
    (closed,) = known("incidents", "2024-08-01", incident, first, second)
    assert (closed["closure"]["cause"], "effectiveness" in closed["closure"]) == ("data", False)
    (checked,) = known("incidents", "2024-09-01", incident, first, second)
    assert checked["closure"]["effectiveness"]["result"] == "Holds."


def test_a_finding_is_closed_by_its_own_id() -> None:
    """Closing one finding of an exercise leaves the other open."""
    findings = [{"id": "F1", "due": "2024-06-01"}, {"id": "F2", "due": "2024-06-01"}]
    exercise = about("tabletop", "t", on="2024-04-01", findings=findings)
    closure = about("closure", "c", of="postmarket/1.0.0/t", item="F2", on="2024-05-01")
    (body,) = known("tabletops", "2024-05-01", exercise, closure)
    assert ["closure" in finding for finding in body["findings"]] == [False, True]


def test_what_speaks_for_the_device_is_known_to_every_release() -> None:
    """An exercise held for one release counts for the others; an alert does not."""
    other = {"release": "releases/0.9.0"}
    exercise = about("tabletop", "t", on="2024-04-01", findings=[], **other)
    alert = about("alert", "a", **ALERT | other)
    assert len(known("tabletops", "2024-12-31", exercise, alert)) == 1
    assert known("alerts", "2024-12-31", exercise, alert) == []


def event(name: str, mode: str, on: str, sites: list[str], **more: Any) -> tuple[str, Record]:
    return about("event", name, mode=mode, on=on, sites=sites, **more)


def test_a_release_is_stopped_until_it_returns_site_by_site() -> None:
    """A return ends the stop it names, at its sites, from its day; a withdrawal never ends."""
    paused = event("p", "pause", "2024-05-01", ["S1", "S2"])
    back = event("r", "resume", "2024-05-03", ["S1"], ends="postmarket/1.0.0/p")
    gone = event("w", "withdrawal", "2024-08-01", ["S1", "S2"])
    every = [each for _, each in (paused, back, gone)]

    def on(day: str) -> Mapping[str, tuple[tuple[str, ...], bool]]:
        return stops(every, day)

    assert on("2024-04-30") == {}
    assert on("2024-05-01")[RELEASE] == (("S1", "S2"), False)
    assert on("2024-05-03")[RELEASE] == (("S2",), False)
    assert on("2024-08-01")[RELEASE] == (("S1", "S2"), True)


def checklist(*evidence: str, manifest: Mapping[str, str]) -> Any:
    """One control of a checklist on this evidence, for a release frozen with this manifest."""
    whole, release = in_use(
        about("checklist", on="2024-04-01", controls=[{"control": "c", "evidence": list(evidence)}])
    )
    files = type(whole.files)({"releases/1.0.0/evaluation.json": "e" * 64})  # type: ignore[call-arg]
    found = Aftermath(replace(whole, files=files), "2024-12-31").listed(replace(release, manifest=manifest))
    return next(body["controls"][0] for name, _, body in found if name == "checklists")


def test_evidence_of_a_checklist_must_be_frozen_and_hold() -> None:
    """A tick beside a record that is not frozen, was changed, or is not there counts for nothing."""
    claim = dossier().records["claims/1"].document.sha256
    good = {"claims/1.yaml": claim, "releases/1.0.0/evaluation.json": "e" * 64}
    both = checklist("claims/1", "releases/1.0.0/evaluation.json", manifest=good)
    assert (both["kinds"], both["resolves"]) == (("claim", "evaluation"), True)
    for manifest in ({}, good | {"claims/1.yaml": "0" * 64}):
        assert checklist("claims/1", manifest=manifest)["resolves"] is False
    assert checklist("claims/9", manifest=good)["resolves"] is False
    changed = good | {"releases/1.0.0/evaluation.json": "0" * 64}
    assert checklist("releases/1.0.0/evaluation.json", manifest=changed)["resolves"] is False
