"""Text from records made safe to show.

Everything a record says is hostile until it is escaped. Three rules hold in every page:

1. Templates escape by default; text from a record stands only inside raw HTML blocks, where Markdown
   is not read, or goes through `plain` (titles, headings, navigation).
2. Paths and anchors go through `slug`.
3. A link made from a record's text goes through `external`, which knows four schemes.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

_SCHEMES = frozenset({"http", "https", "mailto", "doi"})
_UNSAFE_IN_TITLE = re.compile(r"[^\w .,:;/+()%·–—-]")
_UNSAFE_IN_PATH = re.compile(r"[^A-Za-z0-9._-]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """Return `text` with control and text-direction characters replaced, so that it reads as it is stored."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _shown(char) else _REPLACEMENT for char in text)


def _shown(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")


def plain(text: object, limit: int = 90) -> str:
    """Return one line that is safe as a title in Markdown, HTML, YAML and navigation alike.

    Letters, digits and common punctuation stay; everything else becomes a space. At most `limit` characters.
    """
    kept = " ".join(_UNSAFE_IN_TITLE.sub(" ", clean(str(text)).replace("_", " ")).split())
    return kept if len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def slug(text: object) -> str:
    """Return `text` as one safe path segment or anchor; a digest keeps changed ones apart."""
    raw = str(text)
    safe = _UNSAFE_IN_PATH.sub("-", raw).lstrip(".")
    if safe == raw and raw:
        return raw
    return f"{safe[:60] or 'x'}-{hashlib.sha256(raw.encode()).hexdigest()[:8]}"


def anchor(identifier: object) -> str:
    """Return a record's or rule's id as an anchor: `decisions/cr-1` gives `decisions-cr-1`."""
    return slug(str(identifier).replace("/", "-"))


def external(address: object) -> str | None:
    """Return the address if its scheme is on the list of allowed ones, else `None`."""
    text = str(address).strip()
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return None
    return text if scheme in _SCHEMES and clean(text) == text else None


def escaped(text: object) -> str:
    """Return `text` cleaned and escaped for HTML content and attribute values."""
    return html.escape(clean(str(text)), quote=True)


def sentence(parts: Iterable[str], conjunction: str = "and") -> str:
    """Join words as prose: `a`, `a and b`, `a, b and c`."""
    words = list(parts)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 rule`, `2 rules`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
