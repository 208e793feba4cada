"""Writes pages with the templates of `site/templates/`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from muniment.render import numbers, words
from muniment.render.page import Desk, Page
from muniment.render.store import as_json
from muniment.render.text import anchor, clean, count, escaped, external, plain, sentence, slug

_TICKS = re.compile(r"`([^`\n]{1,120})`")


def environment(templates: Path) -> Environment:
    """Return a template environment that escapes everything and knows the words and numbers of pages."""
    env = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="{##",  # `{#anchor}` belongs to Markdown headings
        comment_end_string="##}",
        finalize=_final,
    )
    env.filters.update(
        plain=plain,
        slug=slug,
        anchor=anchor,
        shown=numbers.shown,
        p_value=numbers.p_value,
        signed=numbers.signed,
        signed_interval=numbers.signed_interval,
        whole=numbers.whole,
        interval=numbers.interval,
        with_interval=numbers.with_interval,
        metric=words.metric,
        spoken=words.spoken,
        prose=sentence,
        counted=count,
        external=external,
        predicate=words.predicate,
        stop=stop,
        instant=numbers.instant,
        brief=brief,
        ticks=ticks,
        hashed=lambda name: f"#{words.metric(name)}",
    )
    env.globals.update(words={name: getattr(words, name) for name in dir(words) if name.isupper()})
    return env


def _final(value: Any) -> Any:
    """Show `None` as a dash, and clean every text of control characters before it is escaped."""
    if value is None:
        return numbers.DASH
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return value


def ticks(value: Any) -> Markup:
    """Return text escaped, with what stands between backticks as code: `risk`."""
    return Markup(_TICKS.sub(r"<code>\1</code>", escaped(value)))  # noqa: S704 - escaped before


def stop(value: Any) -> str:
    """Return text as a sentence: with a full stop, unless it ends with a mark of its own."""
    text = str(numbers.DASH if value is None else value).rstrip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def brief(value: Any, limit: int = 160) -> str:
    """Return a value of a record in one short line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        text = "; ".join(f"{key}: {brief(item, 60)}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(brief(item, 60) for item in value) or "empty"
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def write(env: Environment, desk: Desk, pages: tuple[Page, ...]) -> dict[str, bytes]:
    """Return the Markdown of pages, their chart specifications and the data files they copied."""
    out: dict[str, bytes] = {}
    for page in pages:
        out[page.path] = _page(env, desk, page).encode()
        out.update((chart.source, as_json(chart.spec)) for chart in page.charts)
        if page.charts:
            out[page.script] = _chart_script(page)
    return out | desk.store.files


def _page(env: Environment, desk: Desk, page: Page) -> str:
    body = env.get_template(page.template).render(
        {
            "page": page,
            "desk": desk,
            "edition": desk.edition,
            "view": desk.view,
            "as_of": desk.edition.as_of,
            "to": page.to,
            "cite": _citer(desk),
            "people": lambda ids: sentence(desk.person(identifier) for identifier in ids or ()),
            "charts": {chart.name.rpartition("/")[2]: chart for chart in page.charts},
            **page.values,
        }
    )
    return _front_matter(page) + body


def _front_matter(page: Page) -> str:
    head: dict[str, Any] = {"title": plain(page.title), "search": {"boost": 1}}
    if page.description:
        head["description"] = plain(page.description, 200)
    if page.charts:
        head["charts"] = page.script
    return f"---\n{json.dumps(head, ensure_ascii=False)}\n---\n\n"


def _chart_script(page: Page) -> bytes:
    """Return the charts of a page as a script: from `file://` a page may load one, and no JSON.

    The look that all charts share stands in it once. It is parsed from a string, never read as code.
    """
    value = {
        "config": page.charts[0].spec.get("config", {}),
        "specs": {chart.name: chart.body for chart in page.charts},
    }
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return f"window.munimentCharts = JSON.parse({json.dumps(text)});\n".encode()


def _citer(desk: Desk) -> Callable[[str], str | None]:
    def cite(path: str) -> str | None:
        """Return the portal's copy of an evidence file, or `None` where it carries none."""
        found = desk.store.copy(path)
        return found.path if found else None

    return cite
