"""What a command writes to a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("muniment"))


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """Everything that the program writes to a terminal, errors and progress as well."""
    return shown_by((PROGRAM, *arguments), folder, **environment)


def shown_by(command: Sequence[str], folder: Path, **environment: str) -> str:
    """The same of any command."""
    shown: list[bytes] = []
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MUNIMENT_", "NO_COLOR"))} | environment
    outer, inner = pty.openpty()
    with subprocess.Popen(
        command, cwd=folder, env=clean | {"TERM": "xterm"}, stdout=inner, stderr=inner, stdin=inner
    ):
        os.close(inner)
        try:
            while data := os.read(outer, 65536):
                shown.append(data)
        except OSError:  # the other end of a terminal was closed
            pass
        finally:
            os.close(outer)
    return b"".join(shown).decode()
