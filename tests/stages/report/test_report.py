"""The formats of a check's result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from muniment import shipped
from muniment.model.change import ChangeClass
from muniment.model.finding import Finding, Severity, Where
from muniment.model.report import CheckReport, DeviceReport
from muniment.model.ruling import Outcome, Ruling, Status, Verdict
from muniment.report import REPORTERS

CLAIM = "evidence/demo-1/claims/1.yaml"
HOSTILE = "x\x1b[31m::error::\n]]><b>%0A\u202e"


def ruling(
    rule: str, outcome: Outcome, *, severity: Severity = Severity.BLOCK, waiver: str | None = None
) -> Ruling:
    return Ruling(
        rule=rule,
        pack="core",
        outcome=outcome,
        severity=severity,
        title=f"Title of {rule}",
        message=f"message of {rule}",
        where=Where("evidence/demo-1/plans/1.yaml", "/criteria/0", 12, 5),
        requirements=("VAL-03",),
        basis="recorded",
        hint=f"hint of {rule}",
        waiver=waiver,
    )


def verdict(release: str, status: Status, *rulings: Ruling) -> Verdict:
    return Verdict(release, status, None, ChangeClass.CLINICAL, rulings, "2026-04-30")


REPORT = CheckReport(
    as_of="2026-04-30",
    outcome="refused",
    findings=(
        Finding(
            "schema",
            'unknown field "intented_use"; did you mean "intended_use"?',
            Where(CLAIM, "/intented_use", 3, 1),
            hint='rename it "intended_use"',
        ),
        Finding("yaml", HOSTILE, Where("evidence/demo-1/a b.yaml", "", 1, 1), Severity.WARN),
    ),
    devices=(
        DeviceReport(
            "demo-1",
            (
                verdict("1.0.0", Status.REJECTED, ruling("leak", Outcome.UNMET)),
                verdict(
                    "1.1.0",
                    Status.RELEASED,
                    ruling("met-rule", Outcome.MET),
                    ruling("unmet-rule", Outcome.UNMET),
                    ruling("soft-rule", Outcome.UNMET, severity=Severity.WARN),
                    ruling("open-rule", Outcome.UNDECIDED),
                    ruling("waived-rule", Outcome.WAIVED, waiver="decisions/w-1"),
                    ruling("other-rule", Outcome.NOT_APPLICABLE),
                ),
            ),
        ),
    ),
    sources={CLAIM: b'kind: claim\nschema: 1\nintented_use: "Estimates."\n'},
)
EMPTY = CheckReport(as_of="2026-04-30", outcome="accepted", findings=(), devices=())


def test_text_shows_place_line_caret_and_hint() -> None:
    """A finding is a place an editor can jump to, the line at fault, a caret, and what to do."""
    assert REPORTERS["text"](REPORT).startswith(
        f'{CLAIM}:3:1: error[schema] unknown field "intented_use"; did you mean "intended_use"?\n'
        '  3 | intented_use: "Estimates."\n'
        "    | ^\n"
        '  hint: rename it "intended_use"\n'
    )


def test_text_lists_what_needs_attention_and_sums_up() -> None:
    """Unmet, open and waived rulings are listed with hints; each release has one line."""
    text = REPORTERS["text"](REPORT)
    assert "demo-1 1.1.0: unmet[unmet-rule] message of unmet-rule\n" in text
    assert "  hint: hint of unmet-rule\n" in text
    assert "demo-1 1.1.0: undecided[open-rule]" in text
    assert "waived[waived-rule] (by decisions/w-1)" in text
    assert "unmet[leak] (rejected, does not count)" in text
    assert "message of met-rule" not in text
    summary = (
        "demo-1 1.1.0: released, clinical, refused (1 met, 2 unmet, 1 undecided, 1 waived, 1 not applicable;"
    )
    assert summary in text
    assert text.endswith("refused as of 2026-04-30: 1 fault, 1 warning\n")


def test_colour_only_if_asked() -> None:
    """Without `colour` no byte can steer a terminal, whatever a record says."""
    assert "\x1b" not in REPORTERS["text"](REPORT)
    assert "\x1b[31m" in REPORTERS["text"](REPORT, colour=True)


def test_a_caret_stands_under_its_column_in_a_long_line() -> None:
    """A line of thousands of characters is cut around the place."""
    line = "a" * 3000 + "X" + "b" * 3000
    where = Where("f.yaml", "", 1, 3001)
    report = replace(EMPTY, findings=(Finding("yaml", "m", where),), sources={"f.yaml": line.encode()})
    _, quoted, caret, *_ = REPORTERS["text"](report).split("\n")
    assert quoted[caret.index("^")] == "X"
    assert len(quoted) < 200


def test_json_is_valid_and_stable() -> None:
    """The JSON fits its public schema, whatever the findings, and is the same twice."""
    schema = json.loads((shipped.folder("schemas") / "outputs" / "check.v1.json").read_text())
    for report in (REPORT, EMPTY):
        out = REPORTERS["json"](report)
        jsonschema.Draft202012Validator(schema).validate(json.loads(out))
        assert out == REPORTERS["json"](report)
        assert out.endswith("}\n")
    body = json.loads(REPORTERS["json"](REPORT))
    assert body["findings"][0]["where"] == {"file": CLAIM, "pointer": "/intented_use", "line": 3, "column": 1}
    assert body["devices"][0]["releases"][1]["outcome"] == "refused"


def test_jsonl_is_one_value_a_line() -> None:
    """Two findings, seven rulings, one summary."""
    lines = [json.loads(line) for line in REPORTERS["jsonl"](REPORT).splitlines()]
    assert [line["type"] for line in lines] == ["finding"] * 2 + ["ruling"] * 7 + ["summary"]
    assert lines[3]["release"] == "1.1.0"
    assert lines[-1]["outcome"] == "refused"


def test_sarif_has_what_code_scanning_needs() -> None:
    """Results carry rule, level, place and fingerprint; open and waived rulings say so."""
    log = json.loads(REPORTERS["sarif"](REPORT))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({result["ruleId"] for result in run["results"]})
    by_rule = {result["ruleId"]: result for result in run["results"]}
    assert by_rule["schema"]["level"] == "error"
    location = by_rule["schema"]["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": CLAIM}, "region": {"startLine": 3, "startColumn": 1}}
    spaced = by_rule["yaml"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert spaced == "evidence/demo-1/a%20b.yaml"
    assert (by_rule["open-rule"]["kind"], by_rule["open-rule"]["level"]) == ("open", "none")
    assert by_rule["waived-rule"]["suppressions"][0]["status"] == "accepted"
    assert by_rule["leak"]["level"] == "note"
    assert "met-rule" not in by_rule


def test_a_sarif_fingerprint_does_not_move_with_the_line() -> None:
    """An edit above a finding does not make it a new one; another rule, pointer or file does."""

    def fingerprint(where: Where) -> str:
        log = json.loads(REPORTERS["sarif"](replace(EMPTY, findings=(Finding("schema", "m", where),))))
        return str(log["runs"][0]["results"][0]["partialFingerprints"]["muniment/v1"])

    first = fingerprint(Where(CLAIM, "/a", 3, 1))
    assert fingerprint(Where(CLAIM, "/a", 9, 9)) == first
    assert fingerprint(Where(CLAIM, "/b", 3, 1)) != first
    assert fingerprint(Where("other.yaml", "/a", 3, 1)) != first


def test_junit_fails_exactly_what_counts() -> None:
    """Blocking faults and what blocks a released release fail; rejected, waived and soft ones are skipped."""
    root = ElementTree.fromstring(REPORTERS["junit"](REPORT))
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert len(failed) == 3
    assert {"unmet-rule /criteria/0", "open-rule /criteria/0"} < failed
    assert (root.get("tests"), root.get("failures")) == ("9", "3")
    assert [suite.get("skipped") for suite in root] == ["1", "1", "3"]
    quiet = ElementTree.fromstring(REPORTERS["junit"](EMPTY))
    assert (quiet.get("tests"), quiet.get("failures")) == ("1", "0")


def test_junit_fits_the_common_schema() -> None:
    """Whatever was found, the report is JUnit to the schema that Jenkins' xUnit plugin reads by (MIT)."""
    schema = xmlschema.XMLSchema(str(Path(__file__).with_name("junit-10.xsd")))
    for report in (REPORT, EMPTY):
        schema.validate(ElementTree.fromstring(REPORTERS["junit"](report)))


def test_github_annotations_cannot_be_forged() -> None:
    """Text from a record stays inside its annotation."""
    lines = REPORTERS["github"](REPORT).splitlines()
    assert lines[0].startswith(f"::error file={CLAIM},line=3,col=1,title=schema::unknown field")
    assert lines[1].startswith(
        "::warning file=evidence/demo-1/a b.yaml,line=1,col=1,title=yaml::x [31m::error:: ]]>"
    )
    assert "%250A" in lines[1]
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert sum(line.startswith("::error ") for line in lines) == 2


@pytest.mark.parametrize("name", REPORTERS)
def test_every_format_is_clean_and_ends_with_a_line_break(name: str, tmp_path: Path) -> None:
    """No format lets a control character through, and all can be written as UTF-8."""
    for report in (REPORT, EMPTY):
        out = REPORTERS[name](report)
        assert out.endswith("\n")
        assert "\x1b" not in out
        (tmp_path / "out").write_text(out, encoding="utf-8")
