# ruff: noqa: E501 - prose is not broken inside a sentence
"""Enacted: change requests, board decisions, the waiver, a deferral and a pause, with their reasons.

People and meetings are invented; every number is read from the tables the pipeline made.
"""

from __future__ import annotations

from typing import Any

import enacted_people as who
from enacted_numbers import Numbers

Record = dict[str, Any]
CLINICAL = ["C-AUROC", "C-SENS", "C-SPEC", "C-SLOPE", "C-OE"]
OPERATIONAL = ["O-LATENCY", "O-UPTIME", "O-FALLBACK", "O-ROUTING", "O-SHADOW"]
GROUPS = ["S-GROUP", "S-SEX", "S-SITE"]


def records(numbers: Numbers) -> dict[str, Record]:
    """Every record below `decisions/`, by id."""
    return {**requests(), **boards(numbers), **closures(), **others(), **determinations()}


def request(title: str, opened: str, by: str, **said: Any) -> Record:
    """A change request."""
    head = {"kind": "change_request", "schema": 1, "origin": "enacted", "title": title}
    return head | {"opened_on": opened, "raised_by": by} | said


def requests() -> dict[str, Record]:
    """Five change requests, one a bundle."""
    return {
        "decisions/cr-001": request(
            "First release of Prognosis 180", "2023-07-10", who.CLINICAL,
            clinical_reason="Conversations about the goals of care come late or never for many seriously ill inpatients. Teams ask for a prompt on the third day that they can trust.",
            expected_benefit="Three of four patients who die within 180 days are flagged while the conversation can still include them.",
            risk="A missed patient, a distressed family, or a flag misread as a reason to limit treatment. See hazards/1.",
            why_now="Phase I is complete at five hospitals; outcomes of its last quarter are mature on 2023-12-27.",
            proposal="Logistic regression on what is known by the third study day, tested on unseen patients and an unseen hospital, then in silence, then on one ward.",
            keywords=["first release", "goals of care", "logistic regression"],
        ),
        "decisions/cr-002": request(
            "Recalibrate the weights of 1.0.0", "2024-10-14", who.BIOSTATISTICS,
            clinical_reason="High estimates are much too high: the calibration slope of 2024Q1 is 0.59, and probabilities are told to families.",
            expected_benefit="Slope and observed over expected back inside their limits; sensitivity back at 0.80.",
            risk="Recalibration cannot repair ranking. The AUROC fell too, from 0.74 to 0.70, and the cause is not known.",
            why_now="The calibration monitor passed its act limit on 2024-10-01.",
            proposal="Keep the weights; fit intercept and slope on 2024Q1 and 2024Q2 when mature; evaluate on 2024Q3.",
            problem="postmarket/1.0.0/alert-2024q1-calibration",
            keywords=["recalibration", "calibration slope", "post-market"],
        ),
        "decisions/cr-003": request(
            "Re-link physiology to patients and recalibrate", "2025-04-14", who.ENGINEERING,
            clinical_reason="1.0.0 was fed physiology of other patients. It is off since 2025-04-11, and the units that relied on it have nothing.",
            expected_benefit="Discrimination as approved, and a monitor that shows such a fault within the first quarter and without outcomes.",
            risk="The re-linking is inferred from the file. It is checked against day-1 values of a companion file and against the acute physiology score.",
            why_now="The cause was found on 2025-04-08: creatinine no longer follows the acute physiology score (rank correlation 0.13 in 2024Q3, 0.52 in phase I).",
            proposal="Features 2 with a recorded transform; raw data, splits and labels unchanged; recalibration on 2024Q1 and 2024Q2; evaluation on 2024Q3 and 2024Q4 with the two-by-two of model and features.",
            problem="decisions/dev-001",
            keywords=["data linkage", "features 2", "two-by-two", "recalibration"],
        ),
        "decisions/cr-004": request(
            "Boosted trees with urea, urine output and glucose", "2025-05-05", who.AUTHOR,
            clinical_reason="The published model ranked better than 1.0.0 on the test patients (AUROC 0.77 against 0.74), and three routine values are not used.",
            expected_benefit="Fewer flags for patients who live, at the same sensitivity.",
            risk="A flexible model can trade one group for another. New inputs may be missing where they were never recorded.",
            why_now="Phase II records the three values; 2024Q3 is mature.",
            proposal="Histogram gradient boosting on phase I and 2024Q1 to 2024Q3, threshold on 2024Q4, evaluation on 2025Q1, with the raised floor for diagnosis groups.",
            keywords=["gradient boosting", "new inputs", "subgroups"],
        ),
        "decisions/cr-005": request(
            "Lower thresholds for heart failure and COPD", "2025-10-13", who.CLINICAL,
            clinical_reason="In both groups death comes suddenly in a long course, estimates stay low, and fewer than half of the deaths are flagged.",
            expected_benefit="Sensitivity of about 0.70 in both groups.",
            risk="More flags for patients of these groups who live. The thresholds are set on 2024, three quarters of which trained the model.",
            why_now="2.0.0-rc1 was rejected for these two groups and nothing else in it was in doubt.",
            proposal="The same model, byte for byte; a threshold of its own for CHF and for COPD; evaluation on 2025Q1 and 2025Q2.",
            keywords=["heart failure", "COPD", "threshold", "subgroups"],
        ),
    }  # fmt: skip


def findings(numbers: Numbers, version: str, ids: list[str], unmet: dict[str, str]) -> list[Record]:
    """One finding a criterion, with the numbers the board saw."""
    notes = numbers.notes(version)
    return [
        {
            "criterion": i,
            "met": i not in unmet,
            "note": unmet.get(i) or notes.get(i, "As measured; inside its limit."),
        }
        for i in ids
    ]


def board(
    version: str,
    outcome: str,
    on: str,
    seen: list[Record],
    reasons: str,
    conditions: list[Record],
    **more: Any,
) -> Record:
    """A board decision."""
    return {
        "kind": "board_decision", "schema": 1, "origin": "enacted", "release": f"releases/{version}",
        "outcome": outcome, "meeting": {"on": on, "attendees": [who.AUTHOR, *who.BOARD]},
        "findings": seen, "reasons": reasons, "conditions": conditions, **more,
    }  # fmt: skip


def boards(numbers: Numbers) -> dict[str, Record]:
    """Five decisions."""
    first = CLINICAL + GROUPS + OPERATIONAL
    later = CLINICAL + GROUPS + ["S-PREV", "C-PREV"] + OPERATIONAL
    last = CLINICAL + GROUPS + ["S-PREV", "C-PREV", "C-PUB"] + OPERATIONAL
    n = numbers
    return {
        "decisions/board-1.0.0": board(
            "1.0.0", "release", "2024-02-15", findings(n, "1.0.0", first, {}),
            "All criteria are met. The board notes that heart failure (0.38) and COPD (0.52) are flagged far less often than the rest and that the published model ranks better; both are stated in the labelling. The calibration slope of 0.76 is inside its limit, nearer to the lower end.",
            [condition("BC-1", "Report AUROC and calibration slope of the first mature quarter to the board.", "2024-10-31")],
            keywords=["first release", "heart failure", "COPD"],
        ),
        "decisions/board-1.1.0-rc1": board(
            "1.1.0-rc1", "reject", "2025-04-10",
            findings(n, "1.1.0-rc1", later, {
                "C-AUROC": f"{n.note('1.1.0-rc1', 'auroc')}. The lower bound is below 0.70.",
                "C-SPEC": f"{n.note('1.1.0-rc1', 'specificity')}. The lower bound is below 0.50: the price of the lower threshold.",
                "S-GROUP": "Inside the limit in seven groups. Cirrhosis has 7 deaths and is described only.",
                "S-PREV": "Inside the margin in seven groups. Cirrhosis has 7 deaths and is described only.",
                "C-PREV": "The difference against 1.0.0 is exactly zero: recalibration keeps the order of the patients.",
            }),
            "Slope and observed over expected are back inside their limits, and the board would have released on calibration alone. It does not, because ranking did not come back. No input had drifted (largest stability index 0.05 to 0.09 a quarter), so the biostatistician compared inputs that should go together: since early 2024 creatinine does not follow the acute physiology score at four of five hospitals. The cause is data linkage. Recalibration would have hidden it.",
            [], keywords=["rejected", "recalibration", "masking", "data linkage"],
        ),
        "decisions/board-1.2.0": board(
            "1.2.0", "release", "2025-07-17", findings(n, "1.2.0", later, {}),
            "All criteria are met. The two-by-two settles the cause: on the same patients the old model on new features ranks as well as the new one (0.77), and the new model on old features as badly as the old one (0.69). COPD loses 3 of 30 flagged deaths and heart failure 2 of 36 against 1.0.0, inside the margin; those of 1.0.0 came with flags that were partly random.",
            [
                condition("BC-2", "Raise the floor for diagnosis groups to 0.50 on the point estimate in the plan of the next algorithm.", "2025-10-31"),
                condition("BC-3", "Check the linkage of creatinine and acute physiology score at every load, before the scorer reads it.", "2025-08-31"),
            ],
            keywords=["data linkage", "two-by-two", "re-linked"],
        ),
        "decisions/board-2.0.0-rc1": board(
            "2.0.0-rc1", "reject", "2025-10-09",
            findings(n, "2.0.0-rc1", last, {
                "S-GROUP": "CHF 9 of 22 deaths flagged (0.41), COPD 6 of 21 (0.29). Both are below 0.50. Cirrhosis and multi-organ failure with malignancy are described only.",
                "S-PREV": "Inside the margin in six groups. Cirrhosis (9 deaths) and multi-organ failure with malignancy (9 survivors) are described only.",
            }),
            "Overall the candidate is better than 1.2.0 in ranking and specificity and meets every overall criterion. The gain does not reach heart failure and COPD, where fewer than half of the deaths are flagged. The floor was raised for exactly this case. An average may not pay for a group.",
            [], keywords=["rejected", "subgroups", "heart failure", "COPD"],
        ),
        "decisions/board-2.0.0": board(
            "2.0.0", "release", "2026-01-22",
            findings(n, "2.0.0", last, {
                "S-PREV": "Colon cancer 18 of 27 against 21 of 27 (-0.11, limit -0.10). All other groups are inside the margin. Waived until 2026-07-15.",
            }),
            "Heart failure and COPD rise from 0.50 to 0.69, which is why the change was asked for, at about the same share of patients flagged. One criterion is not met: colon cancer loses 3 flagged deaths of 27. With 27 deaths the interval runs from a loss of a quarter to no loss, and 18 of 27 is above the floor. To withhold the release would keep 16 flagged deaths from the two larger groups. The board releases with a limitation, a notice on the panel and a waiver that ends before the next two quarters have been in use for long.",
            [
                condition("BC-4", "Review sensitivity in colon cancer on 2025Q3 and 2025Q4 when both are mature; set a threshold of its own or withdraw.", "2026-07-08"),
                condition("BC-5", "Take 2.0.0 into use at S5 only when the laboratory feed is back and the linkage check passes.", "2026-06-30"),
            ],
            dissent="Gwen Hughes (risk) would have kept 1.2.0 for patients with colon cancer instead of a waiver. The board found two models side by side the greater risk.",
            keywords=["subgroups", "colon cancer", "waiver", "limitation"],
        ),
    }  # fmt: skip


def condition(name: str, text: str, due: str) -> Record:
    """A condition of the board. Minutes are signed and never edited: what closes it is another record."""
    return {"id": name, "text": text, "due": due}


def closure(version: str, name: str, on: str, by: str, evidence: str) -> Record:
    """The record that closes a condition."""
    return {
        "kind": "condition_closure", "schema": 1, "origin": "enacted", "release": f"releases/{version}",
        "decision": f"decisions/board-{version}", "condition": name,
        "closed_on": on, "closed_by": by, "evidence": evidence,
    }  # fmt: skip


def closures() -> dict[str, Record]:
    """Three conditions met by the example's date; two are open."""
    return {
        "decisions/closure-bc-1": closure(
            "1.0.0", "BC-1", "2024-10-10", who.BIOSTATISTICS,
            "AUROC and calibration slope of 2024Q1 were reported to the board; both are below what the release was evaluated with. A change request follows.",
        ),
        "decisions/closure-bc-2": closure(
            "1.2.0", "BC-2", "2025-09-01", who.BIOSTATISTICS,
            "plans/2.0.0-rc1 sets the floor for diagnosis groups to 0.50 on the point estimate.",
        ),
        "decisions/closure-bc-3": closure(
            "1.2.0", "BC-3", "2025-08-18", who.OPERATIONS,
            "The loader compares creatinine with the acute physiology score before the scorer reads a file, and stops below a rank correlation of 0.30.",
        ),
    }  # fmt: skip


def others() -> dict[str, Record]:
    """The deferral of the boosted model, the pause of 1.0.0 and the waiver for 2.0.0."""
    return {
        "decisions/deferral-cr-004": {
            "kind": "deferral", "schema": 1, "origin": "enacted",
            "title": "Boosted model waits until the inputs are re-linked",
            "change_request": "decisions/cr-004",
            "reason": "The tool is off because of its inputs. A new algorithm on inputs that have just been repaired would mix two causes in one evaluation and reset the clock for both. 1.2.0 first.",
            "decided_by": [who.CLINICAL, who.BIOSTATISTICS, who.QUALITY],
            "decided_on": "2025-05-12", "review_at": "2025-08-01",
            "keywords": ["deferred", "gradient boosting", "one change at a time"],
        },
        "decisions/dev-001": {
            "kind": "deviation", "schema": 1, "origin": "enacted",
            "title": "Emergency pause of 1.0.0 at all sites",
            "release": "releases/1.0.0", "type": "emergency",
            "what": "The feature was switched off at S1 to S5 on 2025-04-11, before a change request existed.",
            "why": "Physiology of other patients is fed to the scorer at four of five sites; any estimate may be wrong in either direction.",
            "risk": "Without the tool teams work as before it. With it, H-4 of hazards/1 is present.",
            "approved_by": [who.CLINICAL, who.OPERATIONS],
            "opened_on": "2025-04-11", "expires": "2025-07-31", "ratified_on": "2025-04-14",
            "ratified_by": [who.CLINICAL, who.QUALITY],
            "capa": "CAPA-7: linkage check at every load",
            "keywords": ["pause", "data linkage", "emergency"],
        },
        "decisions/waiver-2.0.0-colon-cancer": {
            "kind": "waiver", "schema": 1, "origin": "enacted",
            "rule": "subgroup-non-regression", "release": "releases/2.0.0", "path": "S-PREV:dzgroup=Colon Cancer",
            "reason": "Colon cancer: 18 of 27 deaths flagged against 21 of 27 with 1.2.0 (-0.11, limit -0.10). Above the floor of 0.50; the interval includes no loss; 16 more deaths are flagged in heart failure and COPD. Users see a notice for every patient with colon cancer. To be reviewed on 2025Q3 and 2025Q4.",
            "approved_by": [who.CLINICAL, who.REGULATORY, who.QUALITY],
            "issued": "2026-01-22", "expires": "2026-07-15",
        },
    }  # fmt: skip


GUIDANCE = (
    "The maker's procedure RA-9, written after the FDA's software guidance of 2017 and MDR Annex IX 4.10"
)


def determination(version: str, on: str, title: str, reason: str, keywords: list[str], **more: Any) -> Record:
    """What a change needs by regulation. The example is on no market; the reason says what a maker would do."""
    entry = {
        "jurisdiction": who.JURISDICTION,
        "guidance": GUIDANCE,
        "outcome": "not_marketed",
        "reason": reason,
    }
    return {
        "kind": "determination", "schema": 1, "origin": "enacted", "title": title,
        "release": f"releases/{version}", "on": on, "by": who.REGULATORY, "entries": [entry],
        **more, "keywords": keywords,
    }  # fmt: skip


def determinations() -> dict[str, Record]:
    """One for each release, and one for the candidate that claimed the change control plan."""
    return {
        "decisions/determination-1.0.0": determination(
            "1.0.0", "2024-02-15", "First release: a first submission, with the change control plan",
            "A worked example is placed on no market. A maker would submit 1.0.0 together with pccp/1, and could use the plan only once both are cleared.",
            ["first submission", "change control plan"],
        ),
        "decisions/determination-1.1.0-rc1": determination(
            "1.1.0-rc1", "2025-04-10", "Recalibration: the claim of the plan is withdrawn",
            "The candidate is rejected and goes nowhere. Had it been released, M-1 would not have carried it: three of its criteria are not met.",
            ["recalibration", "change control plan", "withdrawn"],
            pccp={
                "plan": "pccp/1", "modification": "M-1", "verdict": "withdrawn",
                "reason": "Data, retraining and plan follow the protocol of M-1, but C-AUROC, C-SPEC and C-PREV are not met, so the change is not the one foreseen. The claim is withdrawn with the rejection.",
            },
        ),
        "decisions/determination-1.2.0": determination(
            "1.2.0", "2025-07-17", "Re-linked inputs: outside the plan, a submission of its own",
            "The weights stay and the recalibration alone would be M-1, but the inputs are re-linked by features 2, which no modification of pccp/1 covers. A worked example is placed on no market; a maker would submit the change, and report the field action that the pause of 1.0.0 was.",
            ["data linkage", "outside the plan", "submission"],
        ),
        "decisions/determination-2.0.0": determination(
            "2.0.0", "2026-01-22", "New algorithm and three inputs: outside the plan, a submission of its own",
            "Another algorithm, three new inputs and two lowered thresholds. pccp/1 foresees none of them. The intended use is unchanged. A worked example is placed on no market; a maker would submit the change and have the plan authorised anew for the boosted model.",
            ["new algorithm", "outside the plan", "submission"],
        ),
    }  # fmt: skip
