"""Long work shows how far it is: on a terminal, after a second, and nowhere else."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from support.project import Project
from support.terminal import on_a_terminal, shown_by


def test_long_work_shows_how_far_it_is(pristine: Project) -> None:
    """Verifying takes seconds: the release is named, and how many there are."""
    shown = on_a_terminal(pristine.root, "verify")
    assert "recomputing prognosis-180" in shown
    assert "of 5" in shown
    # What was drawn is taken away again before the answer is written.
    assert shown.rindex("verified: ") > shown.rindex("recomputing")


@pytest.mark.parametrize("arguments", [("verify", "--quiet"), ("rules",)])
def test_nothing_is_drawn_for_who_is_quiet_or_quick(pristine: Project, arguments: tuple[str, ...]) -> None:
    """`--quiet` draws nothing, nor does a command that is over within a second."""
    assert "\x1b" not in on_a_terminal(pristine.root, *arguments)


def test_nothing_is_drawn_into_a_pipe(pristine: Project) -> None:
    """Standard error of a command in a script is for errors."""
    assert pristine.run("verify").err == ""


HEAD = """
import time
from muniment.cli.display import Display

tell = Display(patience=0.01)

def seen():
    # However long a busy machine takes to begin, a bar that has begun is drawn ten times a second.
    while tell._bar is None:
        time.sleep(0.01)
    time.sleep(0.5)

"""


def drawn(folder: Path, script: str) -> str:
    """What a display of little patience shows of the calls in `script`."""
    return shown_by((sys.executable, "-c", HEAD + textwrap.dedent(script)), folder)


def test_counts_and_shares(tmp_path: Path) -> None:
    """A few things are counted, many are a share of the whole, an unknown number is none."""
    shown = drawn(
        tmp_path,
        """
        for what, done, whole in (("few", 3, 12), ("many", 25_000, 100_000), ("unknown", 7, 0)):
            tell(what, done, whole)
            seen()
        tell("")
        print("end")
        """,
    )
    assert "3 of 12" in shown
    assert "25%" in shown
    assert "7 of" not in shown
    assert shown.rindex("end") > shown.rindex("unknown")


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    """What is being done may name a file or a column: it is no markup and steers nothing."""
    shown = drawn(tmp_path, 'tell("[red]a[/red]\\x1b]0;title\\x07\\nb", 1, 2)\nseen()\ntell("")')
    assert "[red]a[/red]" in shown
    assert "]0;title" in shown
    assert "\x1b]0" not in shown


def test_work_that_is_over_in_time_is_not_shown(tmp_path: Path) -> None:
    """Ending before the patience runs out leaves nothing to draw, and a later word begins anew."""
    shown = drawn(
        tmp_path,
        """
        quick = Display(patience=30)
        quick("never seen")
        quick("")
        tell("seen")
        seen()
        tell("")
        tell("seen again")
        seen()
        tell.end()
        """,
    )
    assert "never" not in shown
    assert "seen again" in shown
