"""Strict YAML: what is accepted, what is refused, and where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from muniment import load
from muniment.load import strict


def problems(text: str | bytes) -> list[tuple[int, int, str]]:
    data = text.encode() if isinstance(text, str) else text
    tree, findings = load.yaml_tree(data, "x.yaml")
    assert tree is None or not findings
    return [(f.where.line or 0, f.where.column or 0, f.message) for f in findings]


def test_plain_values_mean_what_every_reader_says() -> None:
    """Numbers, booleans, null and text are read the one way that all readers agree on; dates stay text."""
    data = (
        b"a: 1\nb: -2.5\nc: true\nd: null\ne: 2024-01-31\nf: 1.2.0\ng: 'no'\nh: [x, 1.0e-3]\non: 12:x\nn: 3\n"
    )
    tree, findings = load.yaml_tree(data, "x.yaml")
    assert findings == ()
    assert dict(tree) == {
        "a": 1,
        "b": -2.5,
        "c": True,
        "d": None,
        "e": "2024-01-31",
        "f": "1.2.0",
        "g": "no",
        "h": ("x", 0.001),
        "on": "12:x",
        "n": 3,
    }
    assert isinstance(tree["c"], bool)


def test_a_tree_cannot_be_changed() -> None:
    """What was hashed and what is judged cannot drift apart."""
    tree, _ = load.yaml_tree(b"a: {b: [1]}\n", "x.yaml")
    with pytest.raises(TypeError):
        tree["a"]["c"] = 1
    assert isinstance(tree["a"]["b"], tuple)


AMBIGUOUS = (  # noqa: SIM905 - thirty quoted words hide which words they are
    "yes no on off y n Yes NO On OFF True FALSE Null NULL ~ 010 1:30 0x1F 0o17 0b1 1_000 +5 .5 5. 1e5 1.0e5 "
    ".inf -.INF .nan 12e03 190:20:30 ="
).split()


@pytest.mark.parametrize("word", AMBIGUOUS)
def test_an_ambiguous_word_is_refused_and_quoting_it_helps(word: str) -> None:
    """A word that two YAML readers read differently is refused at its exact place; quoted it is text."""
    ((line, column, message),) = problems(f"a: text\nfield: {word}\n")
    assert (line, column) == (2, 8)
    assert "read differently" in message
    tree, findings = load.yaml_tree(f'field: "{word}"\n'.encode(), "x.yaml")
    assert (findings, tree["field"]) == ((), word)


REFUSED = {
    "anchor": ("a: &x 1\n", 1, 4, "anchor"),
    "alias": ("a: 1\nb: *x\n", 2, 4, "alias"),
    "merge": ("a:\n  <<: {b: 1}\n", 2, 3, "merge key"),
    "tag": ("a: !!str 1\n", 1, 4, "tag"),
    "local tag": ("a: !run x\n", 1, 4, "tag"),
    "duplicate": ("a: 1\nb: 2\na: 3\n", 3, 1, 'duplicate key "a"; first written on line 1'),
    "number key": ("1: a\n", 1, 1, "key 1 is not text"),
    "null key": ("null: a\n", 1, 1, "key null is not text"),
    "empty key": ("? \n: a\n", 1, 2, "not text"),
    "list key": ("? [a]\n: b\n", 1, 3, "a key must be text"),
    "second document": ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
    "directive": ("%YAML 1.1\n---\na: 1\n", 1, 1, "directives"),
    "long integer": ("a: 1234567890123456789\n", 1, 4, "over 18 digits"),
    "huge float": ("a: 1.0e+999\n", 1, 4, "too large"),
    "no value": ("a:\nb: 1\n", 1, 3, "value is missing"),
    "tab": ("a:\n\tb: 1\n", 2, 1, "broken YAML"),
    "colon": ("a: b: c\n", 1, 5, "broken YAML"),
    "open bracket": ("a: [1,\n", 2, 1, "broken YAML"),
    "comments only": ("# nothing\n", 2, 1, "comments only"),
    "bidi": ("a: x\u202ey\n", 1, 5, "U+202E"),
    "escaped control": ('a: "\\0"\n', 1, 4, "U+0000"),
    "escaped bidi key": ('"\\u202e": 1\n', 1, 1, "U+202E"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """Each construct that could mislead a reader is refused at its line and column."""
    text, line, column, words = REFUSED[name]
    found = problems(text)
    assert (found[0][0], found[0][1]) == (line, column), found
    assert words in found[0][2]


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        (b"", 1, 1, "empty"),
        (b"  \n\n", 1, 1, "empty"),
        (b"\xef\xbb\xbfa: 1\n", 1, 1, "byte order mark"),
        (b"a: 1\nb: \xff\n", 2, 4, "not valid UTF-8"),
        (b"a: 1\nbc: x\x00\n", 2, 6, "U+0000"),
        (b"a: 1\rb: 2\n", 1, 5, "U+000D"),
        (b"a: " + b"x" * (1 << 20), 1, 1, "at most"),
        ("a: 1\n".encode("utf-16"), 1, 1, "not valid UTF-8"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, line: int, column: int, words: str) -> None:
    """Bytes are judged before any parser sees them."""
    ((found_line, found_column, message),) = problems(data)
    assert (found_line, found_column) == (line, column)
    assert words in message


def test_deep_nesting_ends_at_the_limit() -> None:
    """A hundred thousand brackets are one finding, not a crash."""
    ((_, column, message),) = problems("a: " + "[" * 100_000)
    assert "deeper than" in message
    assert column == strict.MAX_DEPTH + 3


def test_every_fault_is_reported_in_one_run() -> None:
    """Three mistakes are three findings, in order."""
    assert [p[0] for p in problems("a: yes\nb: 1\nb: 2\nc: 0x1\n")] == [1, 3, 4]


def test_windows_line_ends_are_fine() -> None:
    """A checkout on Windows reads the same."""
    tree, findings = load.yaml_tree(b"a: 1\r\nb: x\r\n", "x.yaml")
    assert (findings, dict(tree)) == ((), {"a": 1, "b": "x"})


def test_the_pure_parser_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml every case has the same verdict."""
    cases = [text for text, *_ in REFUSED.values()] + [f"f: {word}\n" for word in AMBIGUOUS]
    cases.append("a: 1\nb: [x, {c: 2}]\n")
    fast = [bool(problems(text)) for text in cases]
    monkeypatch.setattr(strict, "_event_parser", lambda: strict._PureParser)
    assert [bool(problems(text)) for text in cases] == fast
    assert load.yaml_tree(b"a: [1, x]\n", "x")[0]["a"] == (1, "x")


LOCATED = b"""kind: claim
risk:
  tier: low
  notes:
    - first
    - id: L2
      "a/b": x
"""


@pytest.mark.parametrize(
    ("pointer", "key", "place"),
    [
        ("", False, (1, 1)),
        ("/kind", False, (1, 7)),
        ("/risk", False, (3, 3)),
        ("/risk", True, (2, 1)),
        ("/risk/tier", False, (3, 9)),
        ("/risk/tier", True, (3, 3)),
        ("/risk/notes/0", False, (5, 7)),
        ("/risk/notes/1/id", False, (6, 11)),
        ("/risk/notes/1/a~1b", False, (7, 14)),
        ("/risk/missing", False, (3, 3)),
        ("/risk/missing", True, (3, 3)),
        ("/nowhere/at/all", False, (1, 1)),
    ],
)
def test_locate(pointer: str, key: bool, place: tuple[int, int]) -> None:
    """A pointer leads to its value, its key if asked, or the nearest ancestor of what is missing."""
    assert load.locate(LOCATED, pointer, key=key) == place


def test_settings_are_read_strictly(tmp_path: Path) -> None:
    """A fault in the settings stops the run and names line and column."""
    path = tmp_path / "muniment.yaml"
    path.write_text("kind: settings\nschema: 1\nas_of: yes\n")
    with pytest.raises(load.source.UnreadableInput, match=r"muniment\.yaml:3:8"):
        load.settings(path)
    path.write_text("kind: settings\nschema: 1\n")
    assert dict(load.settings(path)) == {"kind": "settings", "schema": 1}


@pytest.mark.parametrize("text", ["a:\tb\n", "a: b\t\n", "a: [1,\t2]\n", "a: b\n\t\nc: d\n", "a: b\tc\n"])
def test_a_tab_between_parts_is_refused(text: str) -> None:
    """One YAML reader takes it for a blank, another refuses the file."""
    tree, problems = strict.compose(text.encode())
    assert tree is None
    assert problems
    assert "\t" in text.split("\n")[problems[0].line - 1]


@pytest.mark.parametrize(
    "text",
    ["a: 'b\tc'\n", 'a: "b\tc" # d\te\n', "a: |\n  x\ty\n# z\t\n", "a: 'b\n\n  c\t d'\nb: >-\n  q\n  \tr\n"],
)
def test_a_tab_in_text_or_comment_is_kept(text: str) -> None:
    """Where every reader sees the same, a tab is a character like any other."""
    tree, problems = strict.compose(text.encode())
    assert problems == ()
    assert dict(tree) == yaml.load(text, Loader=yaml.BaseLoader)
