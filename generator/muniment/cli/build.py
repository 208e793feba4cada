"""`muniment build` and `muniment serve`: the portal."""

from __future__ import annotations

import functools
import http.server
import threading
import time
from pathlib import Path

import click

from muniment.cli.common import ExitCode, complain, evidence_options, say, settle
from muniment.pipeline.request import Request


@click.command(epilog="Example: muniment build && xdg-open build/site/index.html")
@evidence_options
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the portal goes (default: build/site beside muniment.yaml).",
)
@click.option("--force", is_flag=True, help="Build again even if nothing changed.")
def build(evidence: str | None, as_of: str | None, quiet: bool, out: Path | None, force: bool) -> int:
    """Verify the evidence and build the portal as static pages that open without a server."""
    request = settle(evidence, as_of, quiet)
    return _build(request, out or request.root / "build" / "site", force=force)


def _build(request: Request, out: Path, *, force: bool = False) -> int:
    from muniment.pipeline.publishing import build_portal

    built = build_portal(request, out, force=force)
    say(f"{'built' if built.fresh else 'unchanged'}: {built.pages} pages, {built.summary}")
    say(f"open {_shown(out / 'index.html')}")
    return ExitCode.CLEAN


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@click.command(epilog="Example: muniment serve --port 8001")
@evidence_options
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def serve(evidence: str | None, as_of: str | None, quiet: bool, port: int, host: str) -> int:
    """Serve the portal on this machine, and build it again when the evidence changes."""
    request = settle(evidence, as_of, quiet)
    out = request.root / "build" / "site"
    _build(request, out)
    handler = functools.partial(_QuietHandler, directory=str(out))
    server = http.server.ThreadingHTTPServer((host, port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"serving on http://{host}:{port}/ — stop with Ctrl-C")
    try:
        _watch(request, out)
    except KeyboardInterrupt:
        server.shutdown()
    return ExitCode.CLEAN


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log line for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _watch(request: Request, out: Path) -> None:
    """Build again whenever a file of the evidence changes; a fault is told and the last portal stays."""
    from muniment.errors import MunimentError

    seen = _state(request.evidence)
    while True:
        time.sleep(1)
        now = _state(request.evidence)
        if now == seen:
            continue
        seen = now
        try:
            _build(request, out)
        except MunimentError as error:
            complain(error)


def _state(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of every file: enough to notice a change."""
    return frozenset(
        (str(path), stat.st_size, stat.st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
        for stat in (path.stat(),)
    )
