# ruff: noqa: E501 - prose is not broken inside a sentence
"""Enacted: signals, incidents, stops, exercises, checklists, monitoring logs and surveillance reports.

Who did what is invented. Counts of patients, linkage correlations and the number of alerts are read from
the windows and the alert records.
"""

from __future__ import annotations

import datetime
from typing import Any

import enacted_people as who
from enacted_numbers import Numbers

Record = dict[str, Any]
ALL = ["S1", "S2", "S3", "S4", "S5"]
NOWHERE = "none - worked example"
"""The jurisdiction in device.yaml: no authority asks, so the firm's own clock runs."""
EARLY = ["M-INPUT", "M-OUTPUT", "M-MISSING", "M-USE", "M-CLIN"]
LINKED = ["M-INPUT", "M-LINK", "M-OUTPUT", "M-MISSING", "M-USE", "M-CLIN"]
LATE = ["M-AUROC", "M-CAL", "M-OE", "M-GROUP"]
"""Monitors that run in the first week after a quarter, and those that wait for outcomes."""


def records(numbers: Numbers, others: dict[str, Record]) -> dict[str, Record]:
    """Every record of this module, by id; `others` are the alerts, drills and deployments."""
    made = {
        **signals(numbers), **incidents(), **events(numbers), **closures(numbers), **tabletops(),
        **checklists(), **surveillance(numbers),
    }  # fmt: skip
    return made | logs(numbers, [*made.values(), *others.values()])


def on_file(every: list[Record], version: str, day: str) -> dict[str, int]:
    """Records about a release that a run finds on its day, by kind."""
    kinds = ("alert", "signal", "incident", "event", "closure", "drill", "deployment")
    began = [
        r["kind"]
        for r in every
        if r.get("release") == f"releases/{version}"
        and str(r.get("on") or r.get("opened_on") or r.get("from") or "9") <= day
    ]
    return {f"{kind}s": began.count(kind) for kind in kinds}


def record(kind: str, version: str, **said: Any) -> Record:
    """A record about a release."""
    return {"kind": kind, "schema": 1, "origin": "enacted", "release": f"releases/{version}"} | said


def cells(numbers: Numbers, version: str, quarters: list[str], sites: list[str]) -> list[Record]:
    """The site cells of some quarters, suppressed ones left out."""
    found = [s for q in quarters for s in numbers.window(version, q)["sites"] if s["level"] in sites]
    return [s for s in found if not s["suppressed"]]


def exposed(numbers: Numbers, sites: list[str]) -> int:
    """Patients of 2024Q1 to 2025Q1 at some sites, all of whom 1.0.0 gave an estimate."""
    quarters = ["2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1"]
    return sum(cell["n"] for cell in cells(numbers, "1.0.0", quarters, sites))


def reportability(rule: str, where: str, aware: str, due: str, decision: str, on: str, reason: str) -> Record:
    """One decision of regulatory affairs."""
    return {
        "jurisdiction": where, "rule": rule, "aware_on": aware, "due_on": due,
        "decision": decision, "reason": reason, "by": who.REGULATORY, "decided_on": on,
    }  # fmt: skip


def signals(numbers: Numbers) -> dict[str, Record]:
    """The linkage fault of 1.0.0, a wrong panel at one hospital, and a complaint that is still open."""
    rho = [numbers.window("1.0.0", q)["linkage_rho"] for q in ("2024Q1", "2024Q2", "2024Q3")]
    alerts = [
        f"postmarket/1.0.0/alert-2024q{n}"
        for n in ("1-calibration", "1-discrimination", "2-discrimination", "2-chf", "3-discrimination")
    ]
    return {
        "postmarket/1.0.0/signal-2025-04-08": record(
            "signal", "1.0.0", title="Physiology of other patients at four of five sites",
            source="monitor", opened_on="2025-04-08", alerts=alerts, sites=ALL[1:], window="2024Q1 to 2025Q1",
            observed=f"Rank correlation of creatinine with the acute physiology score: {rho[0]:.2f}, {rho[1]:.2f} and {rho[2]:.2f} in the first three quarters; near zero at every site but S1.",
            expected="0.52 in phase I, before the fault; no interval was set when 1.0.0 was approved, because nobody watched this.",
            patients_exposed=exposed(numbers, ALL[1:]), patients_harmed=0,
            harm_review="Counted are all patients of S2 to S5 from 2024Q1 to 2025Q1; the first eight weeks are replayed and were not shown to anybody. Units were asked for patients whose treatment was limited after a flag: none was named. That no harm is known does not mean that there was none.",
            hazard="H-4", level=3, level_by=who.CLINICAL, level_on="2025-04-08", cause="data", confirmed=True,
            interim_mitigation={
                "type": "pause", "text": "Feature off at all sites, decisions/dev-001.", "from": "2025-04-11", "expires": "2025-07-31",
                "approved_by": [who.CLINICAL, who.OPERATIONS],
            },
            decision="pause", decided_by=[who.CLINICAL, who.OPERATIONS], decided_on="2025-04-11",
            reportability=[
                reportability("internal-30", NOWHERE, "2025-04-08", "2025-05-08", "not_reportable", "2025-04-14", "A worked example is on no market; nobody is to be told."),
                reportability("eu-mdr-serious", "EU", "2025-04-08", "2025-04-23", "reportable", "2025-04-14", "Decided as an exercise, as if on the market: a wrong estimate for many patients could have led to a serious deterioration. Nothing was sent, for there is no authority to send it to."),
            ],
            capa="CAPA-7: linkage check at every load",
            risk_file_change="hazards/2: H-4 tells what happened and gains the linkage check and the linkage monitor.",
            labelling_change="None: the device as labelled was right, its feed was not.",
            notice="Off notice on every panel on 2025-04-11; letter to the heads of the units on 2025-04-14.",
        ),
        "postmarket/1.2.0/signal-2025-11-18": record(
            "signal", "1.2.0", title="Estimate shown beside the wrong bed after a panel update at S2",
            source="user", opened_on="2025-11-18", alerts=[], sites=["S2"], devices=["Panel of the hospital information system"], window="2025-11-17 to 2025-11-18",
            observed="A resident saw an estimate for a patient who was not yet on the third study day. The panel of the hospital had kept the bed of the patient before.",
            patients_exposed=3, patients_harmed=0,
            harm_review="The panel log names three beds. All three teams were called on the same day; no conversation had been held on the wrong number.",
            hazard="H-4", level=3, level_by=who.CLINICAL, level_on="2025-11-18", cause="device", confirmed=True,
            interim_mitigation={
                "type": "site_pause", "text": "Feature off at S2 until the panel is corrected.", "from": "2025-11-18", "expires": "2025-12-02",
                "approved_by": [who.CLINICAL, who.OPERATIONS],
            },
            decision="pause", decided_by=[who.CLINICAL], decided_on="2025-11-18",
            reportability=[
                reportability("internal-30", NOWHERE, "2025-11-18", "2025-12-18", "not_reportable", "2025-11-19", "A worked example is on no market; nobody is to be told."),
            ],
            capa="CAPA-9: the panel asks for the estimate by patient and stay, not by bed",
            risk_file_change="None: H-4 covers it. The control at the interface held for the feed and not for the display; to be added with the next version.",
            labelling_change="None.", notice="Call to the three teams on 2025-11-18.",
        ),
        "postmarket/2.0.0/signal-2026-03-09": record(
            "signal", "2.0.0", title="A patient with colon cancer died and had not been flagged",
            source="complaint", opened_on="2026-03-09", alerts=[], sites=["S3"], subgroup="dzgroup=Colon Cancer",
            observed="One patient, estimate below the operating point on the third day, dead within six weeks. The team had expected a flag.",
            expected="Sensitivity in colon cancer 18 of 27 at release: one in three deaths is not flagged. Labelled as L-5, waived until 2026-07-15.",
            patients_exposed=1, patients_harmed=0,
            harm_review="A conversation about the goals of care had been held on the day before, without the tool.",
            hazard="H-5", level=2, level_by=who.CLINICAL, level_on="2026-03-10", cause="model", confirmed=True,
            interim_mitigation={
                "type": "notice", "text": "The notice on the panel for patients with colon cancer stays.", "from": "2026-02-02", "expires": "2026-07-15",
                "approved_by": [who.CLINICAL, who.REGULATORY, who.QUALITY],
            },
            decision="watch", decided_by=[who.CLINICAL, who.BIOSTATISTICS], decided_on="2026-03-12",
            reportability=[
                reportability("internal-30", NOWHERE, "2026-03-09", "2026-04-08", "not_reportable", "2026-03-16", "A worked example is on no market. The device did what its labelling says."),
            ],
            risk_file_change="None before the review of board condition BC-4.", labelling_change="None: L-5 says it.",
            notice="Answer to the team on 2026-03-16.",
        ),
    }  # fmt: skip


def incidents() -> dict[str, Record]:
    """One incident of level 2 that became level 3."""

    def level(number: int, known: str, on: str, by: str, reason: str) -> Record:
        return {"level": number, "known_on": known, "on": on, "by": by, "reason": reason}

    alerts = [
        f"postmarket/1.0.0/alert-2024q{n}"
        for n in ("1-calibration", "1-discrimination", "2-discrimination", "2-chf", "3-discrimination")
    ]
    return {
        "postmarket/1.0.0/incident-2024-10-01": record(
            "incident", "1.0.0", title="1.0.0 performs below what was approved", opened_on="2024-10-01",
            alerts=alerts, signal="postmarket/1.0.0/signal-2025-04-08",
            levels=[
                level(2, "2024-10-01", "2024-10-02", who.BIOSTATISTICS, "The calibration slope of 2024Q1 is below the act limit, the AUROC below the warn limit."),
                level(3, "2025-04-08", "2025-04-08", who.CLINICAL, "The estimates rest on physiology of other patients: hazard H-4, serious, with level 2 evidence."),
            ],
            problem_report="PR-12",
        ),
    }  # fmt: skip


def events(numbers: Numbers) -> dict[str, Record]:
    """Two pauses for cause, one short pause with its return, and the withdrawal of 1.0.0."""
    return {
        "postmarket/1.0.0/event-2025-04-11-pause": record(
            "event", "1.0.0", mode="pause", trigger="Physiology of other patients is fed to the scorer at four of five sites.",
            cause="postmarket/1.0.0/signal-2025-04-08", on="2025-04-11", decided_at="15:40", at="16:02",
            decided_by=[who.CLINICAL, who.OPERATIONS], sites=ALL, patients_exposed=exposed(numbers, ALL),
            in_flight="Estimates on open panels were struck through; none was sent anywhere.",
        ),
        "postmarket/1.0.0/event-2025-07-18-withdrawal": record(
            "event", "1.0.0", mode="withdrawal", trigger="1.2.0 is released; 1.0.0 must not be switched on again, for its inputs are not re-linked.",
            cause="postmarket/1.0.0/signal-2025-04-08", on="2025-07-18", decided_at="10:30", at="10:35",
            decided_by=[who.CLINICAL, who.QUALITY], sites=ALL, patients_exposed=0,
            in_flight="None: the feature had been off since 2025-04-11.",
        ),
        "postmarket/1.2.0/event-2025-11-18-pause": record(
            "event", "1.2.0", mode="pause", trigger="An estimate stood beside the wrong bed.",
            cause="postmarket/1.2.0/signal-2025-11-18", on="2025-11-18", decided_at="11:05", at="11:19",
            decided_by=[who.CLINICAL], sites=["S2"], patients_exposed=3,
            in_flight="All estimates of the day at S2 were struck through.",
        ),
        "postmarket/1.2.0/event-2025-11-20-resume": record(
            "event", "1.2.0", mode="resume", trigger="The hospital took its panel update back.",
            on="2025-11-20", decided_at="12:30", at="13:30", decided_by=[who.CLINICAL, who.QUALITY], sites=["S2"], patients_exposed=0,
            ends="postmarket/1.2.0/event-2025-11-18-pause",
            root_cause="The update let the panel keep the patient of the bed before. It was taken back, and ten beds were compared with the source by two people. The estimates themselves were right.",
        ),
        "postmarket/1.2.0/event-2026-01-12-pause-s5": record(
            "event", "1.2.0", mode="pause", trigger="The laboratory feed of S5 carries no physiology.",
            cause="postmarket/1.2.0/alert-2025q4-missing-s5", on="2026-01-12", decided_at="08:50", at="09:05",
            decided_by=[who.OPERATIONS], sites=["S5"], patients_exposed=0,
            in_flight="None: the scorer had declined nearly every patient of S5 since the quarter began.",
        ),
    }  # fmt: skip


def closures(numbers: Numbers) -> dict[str, Record]:
    """What closed the signals, the incident and the findings; each in a record of its own."""

    def one(
        version: str, of: str, on: str, by: str, evidence: list[str], outcome: str = "resolved", **more: Any
    ) -> Record:
        return record(
            "closure",
            version,
            of=f"postmarket/{version}/{of}",
            **more | {"on": on, "by": by, "outcome": outcome, "evidence": evidence},
        )

    rho = numbers.window("1.2.0", "2025Q3")["linkage_rho"]
    return {
        "postmarket/1.0.0/closure-signal-2025-04-08": one(
            "1.0.0", "signal-2025-04-08", "2025-07-21", who.CLINICAL,
            ["datasets/features/2: physiology re-linked, offsets found and confirmed", "releases/1.2.0 in use at all sites", "monitors/3: linkage monitor"], cause="data",
            effectiveness={"on": "2025-10-08", "by": who.OPERATIONS, "result": f"Linkage correlation {rho:.2f} in 2025Q3, the first quarter in use after re-linking; warn limit 0.30."},
        ),
        "postmarket/1.0.0/closure-incident-2024-10-01": one(
            "1.0.0", "incident-2024-10-01", "2025-07-21", who.CLINICAL,
            ["postmarket/1.0.0/monitoring: linkage correlation by quarter and site", "releases/1.2.0: discrimination as approved on re-linked inputs"], cause="data",
        ),
        "postmarket/1.2.0/closure-signal-2025-11-18": one(
            "1.2.0", "signal-2025-11-18", "2025-12-01", who.CLINICAL,
            ["postmarket/1.2.0/event-2025-11-20-resume", "CAPA-9, installed at S1 to S5 on 2025-12-01"], cause="device",
            effectiveness={"on": "2026-02-16", "by": who.OPERATIONS, "result": "Forty beds at four sites compared with the source over ten weeks: every estimate stood beside its patient."},
        ),
        "postmarket/1.0.0/closure-df-1": one("1.0.0", "drill-2024-01-31", "2024-03-19", who.OPERATIONS, ["The notice goes out in parallel; drill-2024-07-24 took 17 minutes at all sites."], item="DF-1"),
        "postmarket/2.0.0/closure-df-2": one("2.0.0", "drill-2026-01-07", "2026-01-12", who.OPERATIONS, ["Two approvers are on the rota at any hour; drill-2026-01-14 passed."], item="DF-2"),
        "postmarket/1.0.0/closure-tf-1": one("1.0.0", "tabletop-2024-02-06", "2024-02-20", who.OPERATIONS, ["Phone list of the units in the on-call folder, tried on 2024-02-20."], item="TF-1"),
        "postmarket/1.0.0/closure-tf-2": one("1.0.0", "tabletop-2024-02-06", "2024-03-28", who.BIOSTATISTICS, ["Accepted: outcomes are known after 180 days at the earliest. Input and output monitors run in the first week after a quarter."], outcome="accepted", item="TF-2"),
        "postmarket/1.0.0/closure-tf-3": one("1.0.0", "tabletop-2025-02-04", "2025-04-10", who.BIOSTATISTICS, ["Creatinine was set against the acute physiology score on 2025-04-08; see signal-2025-04-08."], item="TF-3"),
        "postmarket/2.0.0/closure-tf-4": one("2.0.0", "tabletop-2026-01-20", "2026-01-30", who.CLINICAL, ["The notice for colon cancer was tried on the panels of S1 to S4 before 2.0.0 came into use."], item="TF-4"),
    }  # fmt: skip


def tabletops() -> dict[str, Record]:
    """One exercise before the first use, then one a year."""
    table = [
        ("engineering", who.ENGINEERING), ("quality", who.QUALITY), ("clinical", who.CLINICAL),
        ("operations", who.OPERATIONS), ("risk", who.RISK),
    ]  # fmt: skip

    def exercise(
        version: str, on: str, due: str, played: list[tuple[str, str, str]], findings: list[Record]
    ) -> Record:
        return record(
            "tabletop", version, on=on,
            scenarios=[{"type": kind, "text": text, "outcome": outcome} for kind, text, outcome in played],
            participants=[{"role": role, "person": person} for role, person in table],
            findings=findings, next_due=due,
        )  # fmt: skip

    def finding(name: str, text: str, action: str, owner: str, due: str) -> Record:
        return {"id": name, "text": text, "action": action, "owner": owner, "due": due}

    return {
        "postmarket/1.0.0/tabletop-2024-02-06": exercise(
            "1.0.0", "2024-02-06", "2025-02-06",
            [
                ("release", "1.0.0 is authorised on a Friday afternoon. Who switches it on, where first, and who looks?", "Ten days pass between authorisation and use; operations switches on one site after the other. Clear."),
                ("regression", "The first quarter shows a slope of 0.6 and nobody knows why.", "Biostatistics opens a level 2 alert. It took long to agree that probabilities can be hidden while flags stay."),
                ("rollback", "Two units report flags that make no sense, at night.", "Operations pauses alone and wakes clinical safety. The numbers of the units were not at hand."),
            ],
            [
                finding("TF-1", "Nobody at the table had the night numbers of all units.", "Keep them in the on-call folder, and try them.", who.OPERATIONS, "2024-02-23"),
                finding("TF-2", "A loss of performance is known half a year late.", "Find a signal that needs no outcomes, or accept it.", who.BIOSTATISTICS, "2024-03-31"),
            ],
        ),
        "postmarket/1.0.0/tabletop-2025-02-04": exercise(
            "1.0.0", "2025-02-04", "2026-02-04",
            [
                ("release", "1.1.0-rc1 meets some of its criteria and fails others. Does it go out?", "No: every criterion must be met. The board said so in two minutes."),
                ("regression", "Discrimination falls for two quarters and all stability indices are green.", "Played on the real alerts. Three causes were named; nobody could say which check would tell them apart."),
                ("rollback", "The version before is affected by the same fault.", "Feature off at once: the safe state of 1.0.0. Clear."),
            ],
            [finding("TF-3", "No check tells a shifted feed from a changed practice.", "Look for a pair of columns that holds together only within one patient.", who.BIOSTATISTICS, "2025-04-30")],
        ),
        "postmarket/2.0.0/tabletop-2026-01-20": exercise(
            "2.0.0", "2026-01-20", "2027-01-20",
            [
                ("release", "2.0.0 goes into use at four sites while a fifth stays off.", "S5 is left out in the deployment record and on its panel. Clear."),
                ("regression", "Colon cancer gets worse in the first quarter of use.", "Clinical safety would act before outcomes are mature; the notice on the panel was not yet installed."),
                ("rollback", "Back to 1.2.0, with a second approver who is on a train.", "Played because of the failed drill of 2026-01-07. Two approvers are on the rota now."),
            ],
            [
                finding("TF-4", "The notice for colon cancer was written and not yet tried on a panel.", "Try it at every site before 2.0.0 comes into use.", who.CLINICAL, "2026-01-31"),
                finding("TF-5", "Whether the linkage check would stop a file on a Sunday is not known.", "Play it in staging on a Sunday.", who.OPERATIONS, "2026-06-28"),
            ],
        ),
    }  # fmt: skip


def checklists() -> dict[str, Record]:
    """Ten controls for each release that came into use, looked at after authorisation and before use."""

    def one(version: str, on: str, claim: str, baseline: str, monitors: str) -> Record:
        own, run, evaluation = f"releases/{version}", f"runs/{version}", f"releases/{version}/evaluation.json"
        evidence = {
            "locked_intended_use": [claim], "versioned_datasets": [baseline], "pinned_environments": [run],
            "deterministic_training": [run], "subgroup_analysis": [evaluation], "calibration": [evaluation],
            "explainability_outputs": [own, f"{own}/explanations.json"],
            "release_approvals": [f"decisions/board-{version}"], "rollback_steps": [own],
            "monitoring_thresholds": [monitors],
        }  # fmt: skip
        return record(
            "checklist", version, on=on,
            controls=[{"control": c, "evidence": e, "verified_by": who.QUALITY, "verified_on": on} for c, e in evidence.items()],
        )  # fmt: skip

    return {
        "postmarket/1.0.0/checklist-first-use": one("1.0.0", "2024-02-22", "claims/1", "datasets/baseline/1", "monitors/1"),
        "postmarket/1.2.0/checklist-first-use": one("1.2.0", "2025-07-18", "claims/1", "datasets/baseline/3", "monitors/3"),
        "postmarket/2.0.0/checklist-first-use": one("2.0.0", "2026-01-29", "claims/2", "datasets/baseline/5", "monitors/5"),
    }  # fmt: skip


def hours(quarter: str, start: str, end: str) -> int:
    """Hours of a calendar quarter in which a release was in use, whole days from `start` to `end`."""
    year, month = int(quarter[:4]), 3 * int(quarter[-1]) - 2
    first = datetime.date(year, month, 1)
    after = datetime.date(year + month // 10, (month + 2) % 12 + 1, 1)
    low = max(first, datetime.date.fromisoformat(start))
    high = min(after - datetime.timedelta(days=1), datetime.date.fromisoformat(end))
    return max(0, (high - low).days + 1) * 24


def logs(numbers: Numbers, every: list[Record]) -> dict[str, Record]:
    """When the monitors ran, over how many predictions, how many alerts they opened, and what was on file."""

    def early(
        version: str, quarter: str, on: str, used: tuple[str, str], sites: list[str], down: int, alerts: int
    ) -> Record:
        due = hours(quarter, *used)
        told = sum(
            round(c["n"] * (1 - c["no_estimate_rate"])) for c in cells(numbers, version, [quarter], sites)
        )
        return {
            "window": quarter, "on": on, "due": f"{on[:8]}07", "monitors": EARLY if version == "1.0.0" else LINKED,
            "sites": sites, "live_hours": due - down, "due_hours": due, "predictions": told, "mapped": told, "alerts": alerts, "on_file": on_file(every, version, on),
        }  # fmt: skip

    def late(version: str, quarter: str, on: str, due: str, alerts: int) -> Record:
        return {
            "window": quarter, "on": on, "due": due, "monitors": LATE, "sites": ALL,
            "live_hours": 0, "due_hours": 0, "predictions": 0, "mapped": 0, "alerts": alerts, "on_file": on_file(every, version, on),
        }  # fmt: skip

    one, two, three = ("2024-02-26", "2025-04-11"), ("2025-07-21", "2026-02-01"), ("2026-02-02", "2026-04-30")
    return {
        "postmarket/1.0.0/log": record("monitoring_log", "1.0.0", runs=[
            early("1.0.0", "2024Q1", "2024-04-03", one, ALL, 0, 0),
            early("1.0.0", "2024Q2", "2024-07-02", one, ALL, 0, 0),
            late("1.0.0", "2024Q1", "2024-10-01", "2024-10-07", 2),
            early("1.0.0", "2024Q3", "2024-10-02", one, ALL, 7, 0),
            late("1.0.0", "2024Q2", "2025-01-02", "2025-01-07", 2),
            early("1.0.0", "2024Q4", "2025-01-03", one, ALL, 0, 0),
            late("1.0.0", "2024Q3", "2025-03-31", "2025-04-07", 1),
            early("1.0.0", "2025Q1", "2025-04-03", one, ALL, 2, 0),
        ]),
        "postmarket/1.2.0/log": record("monitoring_log", "1.2.0", runs=[
            early("1.2.0", "2025Q3", "2025-10-06", two, ALL, 0, 1),
            early("1.2.0", "2025Q4", "2026-01-05", two, ALL, 3, 2),
            late("1.2.0", "2025Q3", "2026-03-31", "2026-04-07", 0),
        ]),
        "postmarket/2.0.0/log": record("monitoring_log", "2.0.0", runs=[
            early("2.0.0", "2026Q1", "2026-04-02", three, ALL[:4], 0, 1),
        ]),
    }  # fmt: skip


def surveillance(numbers: Numbers) -> dict[str, Record]:
    """The plan, two reports done and one to come."""
    slope = numbers.window("1.0.0", "2024Q1")["outcomes"]["calibration_slope"]["value"]

    def report(name: str, start: str, end: str, due: str, **done: str) -> Record:
        return {
            "id": name,
            "type": "pms_report",
            "jurisdiction": NOWHERE,
            "from": start,
            "to": end,
            "due": due,
        } | done

    return {
        "surveillance/1": {
            "kind": "surveillance", "schema": 1, "origin": "enacted", "title": "Post-market surveillance of Prognosis 180",
            "plan": "Collected are the windows and logs of the monitors, alerts, signals from users and hospitals, stops, drills, and papers on prognosis in seriously ill inpatients, read twice a year. Risk management reads every incident of level 2 and above, and opens a new version of the hazard record where a hazard, its sequence or its probability is other than thought. Clinical safety and regulatory affairs write one report a year.",
            "owner": who.REGULATORY,
            "reports": [
                report("pms-2024", "2024-02-26", "2024-12-31", "2025-03-31", done_on="2025-03-18", by=who.REGULATORY,
                       conclusion=f"Calibration slope {slope:.2f} in the first quarter and falling discrimination, cause unknown. Benefit is held to outweigh risk while probabilities are hidden; to be looked at again with 2024Q3."),
                report("pms-2025", "2025-01-01", "2025-12-31", "2026-03-31", done_on="2026-03-24", by=who.REGULATORY,
                       conclusion="1.0.0 was paused and withdrawn because its inputs belonged to other patients; 1.2.0 performs as approved. Two stops at single sites. H-4 was rated too low in hazards/1, and hazards/2 corrects it."),
                report("pms-2026", "2026-01-01", "2026-12-31", "2027-03-31"),
            ],
        },
    }  # fmt: skip
