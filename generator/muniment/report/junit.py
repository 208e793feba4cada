"""JUnit XML: a suite for the files, and one a release with a case a ruling."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from muniment.model.finding import Finding, Severity
from muniment.model.line import one_line
from muniment.model.report import CheckReport
from muniment.model.ruling import Outcome, Ruling, Status, Verdict


def junit(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001 - every format takes the same options
    """Return the report as `testsuites`; what is open or waived is `skipped`, with the reason."""
    root = Element("testsuites", name="muniment")
    suite = SubElement(root, "testsuite", name="files")
    for finding in report.findings:
        _fault(suite, finding)
    if not report.findings:
        SubElement(suite, "testcase", classname="files", name="every file is in order")
    for device in report.devices:
        for verdict in device.verdicts:
            name = one_line(f"{device.device} {verdict.release}")
            release = SubElement(root, "testsuite", name=name)
            for ruling in verdict.rulings:
                _case(release, name, verdict, ruling)
    for each in (*root, root):
        _count(each)
    del root.attrib["skipped"]  # the common schema counts what is skipped a suite, and not in all
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _fault(suite: Element, finding: Finding) -> None:
    case = SubElement(
        suite, "testcase", classname=finding.rule, name=one_line(f"{finding.where} {finding.message}")
    )
    tag = "failure" if finding.severity is Severity.BLOCK else "skipped"
    outcome = SubElement(case, tag, message=one_line(finding.message))
    outcome.text = one_line(finding.hint)


def _case(suite: Element, release: str, verdict: Verdict, ruling: Ruling) -> None:
    name = ruling.rule + (f" {ruling.where.pointer}" if ruling.where.pointer else "")
    case = SubElement(suite, "testcase", classname=release, name=one_line(name))
    if ruling.outcome is Outcome.MET:
        return
    fails = ruling.severity is Severity.BLOCK and (
        (ruling.outcome is Outcome.UNMET and verdict.status is not Status.REJECTED)
        or (ruling.outcome is Outcome.UNDECIDED and verdict.status is Status.RELEASED)
    )
    words = f"{ruling.outcome}: {ruling.message or ruling.title}"
    outcome = SubElement(case, "failure" if fails else "skipped", message=one_line(words))
    outcome.text = one_line(f"{ruling.where} {ruling.hint}")


def _count(element: Element) -> None:
    element.set("tests", str(_total(element.iter("testcase"))))
    element.set("failures", str(_total(element.iter("failure"))))
    element.set("skipped", str(_total(element.iter("skipped"))))
    element.set("errors", "0")


def _total(items: Iterable[Element]) -> int:
    return sum(1 for _ in items)
