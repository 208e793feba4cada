"""`bench/README.md`, one section a benchmark: each writes its own and leaves the others alone."""

from __future__ import annotations

import os
import platform
from pathlib import Path

README = Path(__file__).with_name("README.md")
HEAD = """# Benchmarks

`make bench` runs them side by side with what a user would pick instead. Each section is written by its own
script with `--write`; do not edit it. Timing decides no test.
"""


def machine() -> str:
    """Class of the machine: nothing that names it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def put(heading: str, body: str) -> None:
    """Replace the section `## heading`, or add it at the end."""
    text = README.read_text(encoding="utf-8") if README.exists() else HEAD
    sections = text.split("\n## ")
    kept = [part for part in sections[1:] if part.partition("\n")[0] != heading]
    place = next((k for k, part in enumerate(sections[1:]) if part.partition("\n")[0] == heading), len(kept))
    kept.insert(place, f"{heading}\n\n{body.strip()}\n")
    parts = [sections[0].rstrip("\n") + "\n", *(part.rstrip("\n") + "\n" for part in kept)]
    README.write_text("\n## ".join(parts), encoding="utf-8")
