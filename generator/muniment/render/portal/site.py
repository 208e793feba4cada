"""Runs MkDocs over one device's staged files."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from muniment import shipped
from muniment.errors import MunimentError
from muniment.render.text import escaped

_UNWANTED = ("sitemap.xml", "sitemap.xml.gz", "404.html")
"""Of no use from a folder; the sitemap's compression also differs between machines."""


_KEPT = re.compile(r"(<(?:pre|textarea|script|style)\b.*?</(?:pre|textarea|script|style)>)", re.DOTALL)
_INDENT = re.compile(r"\n\s+")


def render(stage: Path, out: Path, *, device: Mapping[str, Any], portal: Mapping[str, Any]) -> None:
    """Build the site of `stage` (Markdown and static files) into `out`.

    `device` and `portal` are what `portal.json` says of them. Raises `MunimentError` where MkDocs warns.
    """
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    said = _Said()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(said)
    level, logger.propagate = logger.level, False
    logger.setLevel(logging.WARNING)
    try:
        with _epoch(str(portal["as_of"])):
            config = load_config(
                str(shipped.file("mkdocs.yml")),
                docs_dir=str(stage),
                site_dir=str(out),
                site_name=escaped(device["title"]),
                nav=device["nav"],
                copyright=_footer(portal),
                hooks=[],
                strict=True,
            )
            config.extra["editions"] = True
            if device.get("example"):
                config.extra["notice"] = "Worked example, not a medical device."
            build(config)
    except (Abort, MkDocsException, SystemExit) as error:
        reason = said.lines[0] if said.lines else str(error)
        raise MunimentError(
            f"the portal could not be built: {reason}", hint="report this: pages are generated"
        ) from None
    finally:
        logger.removeHandler(said)
        logger.setLevel(level)
    _tidy(out)


class _Said(logging.Handler):
    """Keeps what MkDocs warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _footer(portal: Mapping[str, Any]) -> str:
    return (
        f"As of {escaped(portal['as_of'])}, judged on {escaped(portal['basis'])} facts. "
        f"Muniment {escaped(portal['tool_version'])}."
    )


@contextmanager
def _epoch(day: str) -> Iterator[None]:
    """Let every date that MkDocs writes be that day, whatever the clock says."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def _tidy(out: Path) -> None:
    for name in _UNWANTED:
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "assets" / "javascripts" / "lunr", ignore_errors=True)
    for path in (out / "assets").rglob("*.map"):
        path.unlink()
    for path in out.rglob("*.html"):
        _without_indents(path)
    for path in (*out.rglob("*.js"), *out.rglob("*.css")):
        _without_map(path)


def _without_indents(path: Path) -> None:
    """Drop the theme's indentation, a tenth of a page; text that keeps its spaces is left as it is."""
    parts = _KEPT.split(path.read_text(encoding="utf-8"))
    parts[::2] = (_INDENT.sub("\n", part) for part in parts[::2])
    path.write_text("".join(parts), encoding="utf-8")


def _without_map(path: Path) -> None:
    """Drop the reference to a source map, which a developer's browser would look for."""
    text = path.read_text(encoding="utf-8")
    shorter = re.sub(r"\n?(//|/\*)# sourceMappingURL=\S+( ?\*/)?\s*$", "\n", text)
    if shorter != text:
        path.write_text(shorter, encoding="utf-8")
