"""Text from elsewhere, written so that it cannot steer a terminal."""

from __future__ import annotations

import re

_BEYOND = "\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
"""Control characters above ASCII, ends of lines, changes of text direction, and what is no character."""
_STEERING = re.compile(f"[\x00-\x1f{_BEYOND}]")
_UNESCAPED = re.compile(f"[{_BEYOND}]")


def one_line(text: str) -> str:
    """Return `text` on one line: control characters and whatever else steers become spaces."""
    return _STEERING.sub(" ", text)


def escaped(json_text: str) -> str:
    """Return the JSON text with what could steer written as escapes: JSON means the same by them."""
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)
