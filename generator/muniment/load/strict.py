"""A strict reader of YAML: what it accepts means the same to every YAML reader.

It works on parser events, so that depth, anchors and duplicate keys are judged before anything is
built. Refused: anchors, aliases, merge keys, tags, directives, second documents, duplicate keys, keys
that are not text, integers over 18 digits, and plain words that YAML 1.1 and 1.2 read differently
(`no`, `010`, `1:30`, `1e5`, `~`). A plain date stays text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from muniment.load import tabs
from muniment.model.dataclass import dataclass
from muniment.model.tree import Tree, pointer

MAX_BYTES = 1 << 20
"""Largest YAML file read, in bytes."""
MAX_DEPTH = 40
"""Deepest nesting of lists and mappings."""
MAX_NODES = 50_000
"""Most values in a file, lists and mappings counted as well; a record of the example has 2,000."""
MAX_DIGITS = 18
"""Longest integer: every such number fits 64 bits."""
MAX_PROBLEMS = 50
"""Problems reported a file; beyond this the file is not YAML at all."""

_BOM = b"\xef\xbb\xbf"
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")
_AMBIGUOUS = re.compile(
    r"""(?ix) ~ | y | n | yes | no | on | off | true | false | null | =
    | [-+]?\.(?:inf|nan) | \.nan
    | [-+]?[0-9][0-9_]*(?::[0-9_]+)+(?:\.[0-9_]*)?      # 1:30 is 90 in YAML 1.1
    | [-+]?0[box][0-9a-f_]+
    | [-+]?[0-9][0-9_]*                                 # 010, 1_000, +5
    | [-+]?(?:[0-9][0-9_]*)?\.[0-9_]+(?:e[-+]?[0-9]+)?  # .5, 1_0.0, 1.0e5
    | [-+]?[0-9][0-9_]*\.(?:e[-+]?[0-9]+)?              # 5.
    | [-+]?[0-9][0-9_]*(?:\.[0-9_]*)?e[-+]?[0-9]+       # 1e5
    """
)
# Names that the schemas use, and text to YAML 1.2: as keys, never as values, they may stay bare.
_FIELD_NAMES = frozenset(("on", "n", "y"))
# Only these first characters can begin a plain scalar that is not simply text.
_SPECIAL = frozenset("0123456789+-.~=<yYnNtTfFoO")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_TEXT_CONTROL = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_QUOTE_IT = "write it in quotes if it is text"

_SYNTAX_HINTS = (
    ("mapping values are not allowed", "put text that holds ': ' in quotes, or correct the indentation"),
    (
        "cannot start any token",
        "indent with spaces, not tabs, and quote text that starts with a special character",
    ),
    ("expected ':'", "every field is written `name: value`; check this line and the one above"),
    ("expected '-' indicator", "indent every element of the list alike, each starting with '- '"),
    ("did not find expected key", "check the indentation here and the quotes above"),
    ("quoted scalar", "a quote was opened and not closed, or an escape is not known"),
    ("flow", "a bracket was opened and not closed"),
)


class _PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for an installation that was built without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def events(text: str) -> Callable[[], Any]:
    """Return a function that gives the next parser event of `text` at each call."""
    get_event: Callable[[], Any] = _event_parser()(text).get_event
    return get_event


def _event_parser() -> Callable[[str], Any]:
    """Return libyaml's parser, or PyYAML's own where it was built without libyaml."""
    try:
        from yaml import cyaml
    except ImportError:
        return _PureParser
    return cyaml.CParser  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is refused, and where."""

    line: int
    """1-based."""
    column: int
    """1-based, in characters."""
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands, 1-based line and column."""

    key: tuple[int, int]
    """Of the key that names it; of the node itself in a list and at the root."""
    value: tuple[int, int]


class _Stop(Exception):
    """Raised inside the composer when there is no use in reading on."""


def places(data: bytes, wanted: frozenset[str]) -> dict[str, Place]:
    """Return the places of the nodes at the JSON Pointers `wanted` and of their ancestors.

    Reads no further than the last of them; what is not there is left out.
    """
    found: dict[str, Place] = {}
    if _unreadable(data) is None:
        _Composer(data.decode("utf-8"), found, wanted).document()
    return found


def compose(data: bytes, places: dict[str, Place] | None = None) -> tuple[Tree, tuple[Problem, ...]]:
    """Return the frozen tree of a YAML file and what is wrong with it; with any problem the tree is `None`.

    `places`, if given, is filled with the place of every node by JSON Pointer (slower by a fifth).
    """
    problem = _unreadable(data)
    if problem is not None:
        return None, (problem,)
    text = data.decode("utf-8")
    composer = _Composer(text, places)
    tree = composer.document()
    problems = tuple(composer.problems)
    return (None if problems else tree), problems


def _unreadable(data: bytes) -> Problem | None:
    """Say why the bytes are no text that YAML could be read from."""
    if not data.strip():
        return Problem(1, 1, "the file is empty", "write the record, or delete the file")
    if len(data) > MAX_BYTES:
        return Problem(
            1,
            1,
            f"the file has {len(data)} bytes; at most {MAX_BYTES} are read",
            "keep data in a table beside the record and point at it",
        )
    if data.startswith(_BOM):
        return Problem(1, 1, "the file starts with a byte order mark", "save it as UTF-8 without BOM")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = _line_column(before)
        message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
        return Problem(line, column, message, "save the file as UTF-8")
    found = _TEXT_CONTROL.search(text)
    if found:
        line, column = _line_column(text[: found.start()])
        message = f"the control character U+{ord(found.group()):04X} is not allowed"
        return Problem(line, column, message, "delete the character; it does not show in most editors")
    return None


def _line_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Composer:
    """Builds one document from parser events, noting every problem on the way."""

    __slots__ = (
        "_escapes",
        "_event",
        "_lacking",
        "_nodes",
        "_places",
        "_quoted",
        "_text",
        "_wanted",
        "problems",
    )

    def __init__(
        self, text: str, places: dict[str, Place] | None, wanted: frozenset[str] | None = None
    ) -> None:
        self.problems: list[Problem] = []
        self._nodes = 0
        self._text = text
        self._quoted: list[Any] | None = [] if "\t" in text else None
        self._places = places
        self._lacking = set(wanted or ())
        self._wanted = wanted and frozenset(near for each in wanted for near in ancestors(each))
        self._escapes = "\\" in text
        self._event = events(text)

    def document(self) -> Tree:
        """Return the only document of the stream; `None` after a problem that ends reading."""
        try:
            self._event()
            start = self._event()
            if type(start) is StreamEndEvent:
                raise self._stop(
                    start, "the file holds comments only", "write the record, or delete the file"
                )
            if start.version or start.tags:
                raise self._stop(
                    start, "YAML directives (%) are not allowed", "delete the line that starts with %"
                )
            tree = self._node(self._event(), "" if self._places is not None else None, 0, None)
            self._event()
            after = self._event()
            if type(after) is DocumentStartEvent:
                raise self._stop(
                    after, "a second document starts here", "one file holds one record: split the file"
                )
            self._check_tabs()
        except _Stop:
            return None
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
            return None
        except yaml.YAMLError as error:
            self.problems.append(Problem(1, 1, f"broken YAML: {error}", "save the file as plain UTF-8 text"))
            return None
        return tree

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join(part for part in (error.context, error.problem) if part)
        hint = next((hint for words, hint in _SYNTAX_HINTS if words in said), "check indentation and quotes")
        self.problems.append(Problem(line, column, f"broken YAML: {error.problem or said}", hint))

    def _note(self, event: Any, message: str, hint: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(mark.line + 1, mark.column + 1, message, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def _stop(self, event: Any, message: str, hint: str) -> _Stop:
        self._note(event, message, hint)
        return _Stop()

    def _placed(self, event: Any, at: str, key: Any) -> None:
        """Note where a node stands; stop once every node that was asked for has been met."""
        value_place = (event.start_mark.line + 1, event.start_mark.column + 1)
        key_place = (key.start_mark.line + 1, key.start_mark.column + 1) if key else value_place
        assert self._places is not None
        self._places[at] = Place(key_place, value_place)
        if self._wanted is not None:
            self._lacking.discard(at)
            if not self._lacking:
                raise _Stop

    def _below(self, at: str | None, step: str | int) -> str | None:
        """The pointer of a node below `at`; `None` where neither it nor what is below it is asked for."""
        if at is None:
            return None
        below = at + pointer(step)
        return below if self._wanted is None or below in self._wanted else None

    def _node(self, event: Any, at: str | None, depth: int, key: Any) -> Tree:
        """Build the node that `event` starts; `key` is the event of the key that names it."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._stop(
                event,
                f"the file has more than {MAX_NODES} values",
                "keep data in a table beside the record and point at it",
            )
        if at is not None:
            self._placed(event, at, key)
        kind = type(event)
        if kind is AliasEvent:
            raise self._stop(event, f"the alias *{event.anchor} is not allowed", "write the value out again")
        if event.anchor is not None:
            raise self._stop(
                event, f"the anchor &{event.anchor} is not allowed", "write the value out where needed"
            )
        if event.tag is not None:
            raise self._stop(event, f"the tag {event.tag} is not allowed", "write a plain value")
        if kind is ScalarEvent:
            return self._scalar(event)
        if depth >= MAX_DEPTH:
            raise self._stop(
                event, f"nested deeper than {MAX_DEPTH} levels", "records are shallow: check the brackets"
            )
        if kind is MappingStartEvent:
            return self._mapping(at, depth)
        return self._sequence(at, depth)

    def _sequence(self, at: str | None, depth: int) -> tuple[Tree, ...]:
        items: list[Tree] = []
        while type(event := self._event()) is not SequenceEndEvent:
            items.append(self._node(event, self._below(at, len(items)), depth + 1, None))
        return tuple(items)

    def _mapping(self, at: str | None, depth: int) -> MappingProxyType[str, Tree]:
        items: dict[str, Tree] = {}
        keys: dict[str, Any] = {}
        get, below = self._event, self._below
        while type(event := get()) is not MappingEndEvent:
            key = self._key(event)
            under = get()
            if (
                at is None
                and type(under) is ScalarEvent
                and under.anchor is None
                and under.tag is None
                and self._nodes < MAX_NODES
            ):
                # What `_node` does with most nodes of most records.
                self._nodes += 1
                value = self._scalar(under)
            else:
                value = self._node(under, None if at is None else below(at, key), depth + 1, event)
            if key in items:
                line = keys[key].start_mark.line + 1
                self._note(
                    event, f'duplicate key "{key}"; first written on line {line}', "keep one of the two"
                )
                continue
            items[key] = value
            keys[key] = event
        return MappingProxyType(items)

    def _key(self, event: Any) -> str:
        if type(event) is not ScalarEvent:
            if type(event) is AliasEvent:
                raise self._stop(event, f"the alias *{event.anchor} is not allowed", "write the key out")
            raise self._stop(event, "a key must be text, not a list or mapping", "name the field with a word")
        if event.anchor is not None or event.tag is not None:
            raise self._stop(event, "a key must have no anchor and no tag", "write the plain word")
        word: str = event.value
        if not event.implicit[0]:
            self._check_escapes(event, word)
            return word
        if word == "<<":
            raise self._stop(event, "the merge key << is not allowed", "write the fields out")
        if word not in _FIELD_NAMES and (not word or (word[0] in _SPECIAL and _AMBIGUOUS.fullmatch(word))):
            self._note(event, f"the key {word or 'of this field'} is not text", "put the key in quotes")
        return word

    def _scalar(self, event: Any) -> Tree:
        word: str = event.value
        if not event.implicit[0]:
            self._check_escapes(event, word)
            return word
        if not word:
            self._note(
                event,
                "a value is missing here",
                "write null if there is none; inside { } put text that holds a comma in quotes",
            )
            return None
        if word[0] not in _SPECIAL:
            return word
        if word == "null":
            return None
        if word == "true":
            return True
        if word == "false":
            return False
        return self._number(event, word)

    def _number(self, event: Any, word: str) -> Tree:
        if _INT.fullmatch(word):
            if len(word.lstrip("-")) > MAX_DIGITS:
                self._note(event, f"the integer {word[:24]} has over {MAX_DIGITS} digits", _QUOTE_IT)
                return None
            return int(word)
        if _FLOAT.fullmatch(word):
            number = float(word)
            if not math.isfinite(number):
                self._note(event, f"the number {word[:24]} is too large", _QUOTE_IT)
            return number
        if word == "<<" or _AMBIGUOUS.fullmatch(word):
            self._note(
                event,
                f"the plain word {word[:40]} is read differently by different YAML readers",
                f'write "{word[:40]}" in quotes if it is text{_plain(word)}',
            )
            return None
        return word

    def _check_tabs(self) -> None:
        place = tabs.stray(self._text, self._quoted) if self._quoted is not None else None
        if place is not None:
            message = "a tab stands between the parts of the record"
            self.problems.append(Problem(*place, message, "use blanks; readers of YAML disagree about tabs"))

    def _check_escapes(self, event: Any, word: str) -> None:
        """Refuse a control character that was smuggled in by an escape."""
        if self._quoted is not None:
            self._quoted.append(event)
        if self._escapes and (found := _CONTROL.search(word)):
            self._note(
                event,
                f"the text holds the control character U+{ord(found.group()):04X}",
                "delete the escape; only line breaks and tabs are allowed",
            )


def ancestors(path: str) -> list[str]:
    """Return a JSON Pointer, then its ancestors up to the root."""
    found = [path]
    while path:
        path = path[: path.rindex("/")]
        found.append(path)
    return found


def _plain(word: str) -> str:
    """Return advice on how to write what the word may have been meant for."""
    lower = word.lower()
    if lower in ("y", "yes", "on", "true"):
        return ", or true"
    if lower in ("n", "no", "off", "false"):
        return ", or false"
    if lower in ("~", "null"):
        return ", or null"
    return ", or as a plain decimal number" if any(c.isdigit() for c in word) else ""
