"""A bar on a terminal, for work that takes over a second."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import click

from muniment.model.line import one_line
from muniment.model.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE = 1.0
"""Seconds that work may take before anything is shown of it."""
COUNTED = 10_000
"""Things up to which a count says more than a percentage."""


def teller(quiet: bool) -> Progress:
    """Return what shows progress on a terminal until the command ends, or nothing of it elsewhere."""
    if quiet or not sys.stderr.isatty():
        return silent
    display = Display()
    click.get_current_context().call_on_close(display.end)
    return display


class Display:
    """A `Progress` that waits, then draws one line on stderr and takes it away when the work is over."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._state = ("", 0, 0)

    def __call__(self, what: str, done: int = 0, whole: int = 0) -> None:
        """Show it, if the work has taken long enough; no text ends the display."""
        if not what:
            self.end()
            return
        with self._lock:
            self._state = (what, done, whole)
            if self._bar is not None:
                self._draw()
            elif self._timer is None:
                # A timer and no look at the clock: one long step tells nothing while it lasts.
                self._timer = threading.Timer(self._patience, self._begin)
                self._timer.daemon = True
                self._timer.start()

    def end(self) -> None:
        """Take the line away; the next word begins anew."""
        with self._lock:
            timer, bar = self._timer, self._bar
            self._timer = self._bar = self._task = None
        if timer is not None:
            timer.cancel()
        if bar is not None:
            bar.stop()

    def _begin(self) -> None:
        # Imported here: most commands are over before anything is shown.
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[much]}", markup=False),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        with self._lock:
            if self._timer is not threading.current_thread():
                return  # it was over meanwhile
            self._bar, self._task = bar, bar.add_task("", total=None, much="")
            self._draw()
            bar.start()

    def _draw(self) -> None:
        assert self._bar is not None
        assert self._task is not None
        what, done, whole = self._state
        much = "" if not whole else f"{done:,} of {whole:,}" if whole <= COUNTED else f"{done / whole:.0%}"
        # A `None` leaves the total as it is, and a bar of unknown length has to lose the one it had.
        self._bar.tasks[0].total = whole or None
        self._bar.update(self._task, description=one_line(what), completed=done, much=much)
