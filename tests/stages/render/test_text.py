"""Text from records made safe, for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.render.text import anchor, clean, count, escaped, external, plain, sentence, slug
from muniment.render.writer import stop


@given(st.text())
def test_plain_text_holds_nothing_that_markup_reads(text: str) -> None:
    """A title is safe in Markdown, HTML, YAML and navigation alike."""
    assert not set(plain(text)) & set("<>&\"'`*_{}[]#!|~^=\\$@\n\r\t")
    assert len(plain(text)) <= 90


@given(st.text())
def test_a_slug_is_one_path_segment(text: str) -> None:
    """No text leaves its folder or hides in one."""
    assert slug(text)
    assert not slug(text).startswith(".")
    assert not set(slug(text)) & set("/\\ :?#%<>\"'")


@given(st.text(), st.text())
def test_different_texts_have_different_slugs(one: str, other: str) -> None:
    """Two releases never share a page."""
    assert (slug(one) == slug(other)) == (one == other)


@given(st.text())
def test_escaped_text_holds_no_markup(text: str) -> None:
    """Escaped text can stand in content and in a quoted attribute."""
    assert not set(escaped(text)) & set("<>\"'")


@given(st.text())
def test_clean_text_keeps_its_length_and_is_stable(text: str) -> None:
    """Cleaning replaces, never removes, and twice is as once."""
    assert len(clean(text)) == len(text)
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    "address", ["https://example.org/a?b=c", "http://example.org", "mailto:a@example.org"]
)
def test_allowed_addresses_stay(address: str) -> None:
    """Addresses of known schemes become links."""
    assert external(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:x",
        "data:text/html,x",
        "//host",
        "http://[",
        "",
    ],
)
def test_other_addresses_do_not(address: str) -> None:
    """Everything else is shown as text."""
    assert external(address) is None


def test_words_are_joined_as_prose() -> None:
    """Lists read as sentences."""
    assert [sentence(list("abc")), sentence(["a", "b"]), sentence(["a"]), sentence([])] == [
        "a, b and c",
        "a and b",
        "a",
        "",
    ]
    assert [count(1, "rule"), count(2000, "rule")] == ["1 rule", "2,000 rules"]
    assert anchor("decisions/cr-1") == "decisions-cr-1"


@given(st.text(min_size=1).filter(lambda text: not text.isspace()))
def test_a_sentence_has_one_full_stop(text: str) -> None:
    """A record's text ends as a sentence whether or not its author ended it, and ends once."""
    ended = stop(text)
    assert ended.endswith((".", "!", "?", "…"))
    assert stop(ended) == ended
    assert ended.startswith(text.rstrip())
