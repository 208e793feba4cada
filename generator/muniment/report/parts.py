"""A report in pieces, one a device, so that no project is too large to be written out.

What a format says of many devices stands in sections; each device adds to each of them. `whole` puts
them together, and equals what the reporter of the format says of all devices at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from textwrap import indent

from muniment.model.dataclass import dataclass
from muniment.model.line import escaped
from muniment.model.report import CheckReport
from muniment.report.machine import lines, summary
from muniment.report.text import Totals, blocks, total

Section = Callable[[], Iterator[str]]
"""Opens the text of one section, in chunks; no chunk where no device had anything to say."""


@dataclass(frozen=True, slots=True)
class Form:
    """One format, in pieces."""

    between: Mapping[str, str]
    """Section to what stands between the pieces of two devices."""
    piece: Callable[[CheckReport, bool], Mapping[str, str]]
    """Report on one device, and whether in colour, to its piece of each section; empty for nothing."""
    whole: Callable[[Mapping[str, Section], Totals, bool], Iterator[str]]
    """Sections, totals, and whether in colour, to the text of the report, in chunks."""


def _text_piece(report: CheckReport, colour: bool) -> Mapping[str, str]:
    findings, rulings, verdicts = blocks(report, colour=colour)
    return {
        "findings": "\n\n".join(findings),
        "rulings": "\n\n".join(rulings),
        "lines": "\n".join(verdicts),
    }


def _text_whole(sections: Mapping[str, Section], sums: Totals, colour: bool) -> Iterator[str]:
    for section in sections.values():
        spoken = False
        for chunk in section():
            spoken = True
            yield chunk
        if spoken:
            yield "\n\n"
    yield total(sums, colour=colour) + "\n"


def _json_piece(report: CheckReport, _colour: bool) -> Mapping[str, str]:
    body = report.as_json()
    return {name: ",\n".join(map(_inner, body[name])) for name in ("devices", "findings")}


def _inner(value: object) -> str:
    plain = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return indent(escaped(plain), "    ", lambda _line: True)


def _json_whole(sections: Mapping[str, Section], sums: Totals, _colour: bool) -> Iterator[str]:
    yield f'{{\n  "as_of": {json.dumps(sums.as_of)},\n'
    for name, section in sections.items():
        spoken = False
        for chunk in section():
            yield chunk if spoken else f'  "{name}": [\n{chunk}'
            spoken = True
        yield "\n  ],\n" if spoken else f'  "{name}": [],\n'
    yield f'  "outcome": {json.dumps(sums.outcome)},\n  "schema": "muniment/check/v1"\n}}\n'


def _jsonl_piece(report: CheckReport, _colour: bool) -> Mapping[str, str]:
    findings, rulings = lines(report)
    return {"findings": "".join(findings), "rulings": "".join(rulings)}


def _jsonl_whole(sections: Mapping[str, Section], sums: Totals, _colour: bool) -> Iterator[str]:
    for section in sections.values():
        yield from section()
    yield summary(sums.as_of, sums.outcome)


FORMS: Mapping[str, Form] = {
    "text": Form({"findings": "\n\n", "rulings": "\n\n", "lines": "\n"}, _text_piece, _text_whole),
    "json": Form({"devices": ",\n", "findings": ",\n"}, _json_piece, _json_whole),
    "jsonl": Form({"findings": "", "rulings": ""}, _jsonl_piece, _jsonl_whole),
}
"""Formats that are written a device at a time; readers of the others take some thousand results at most."""
