"""How much memory is free, by the limits that the system sets, so that a table too large is refused in words.

Running out inside a sort ends a process without a word; what is needed is therefore estimated first.
"""

from __future__ import annotations

import math
from pathlib import Path

RESERVE = 300_000_000
"""Bytes for the interpreter's growth and for buffers while a table is read in batches."""


def free() -> float:
    """Bytes that this process may still take; infinite where the system tells no limit."""
    return min(_machine(), _group(), _limits())


def said(size: float) -> str:
    """A size as people write it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _machine() -> float:
    """What Linux takes for available, its reclaimable cache included."""
    return _field(Path("/proc/meminfo"), "MemAvailable:", 1024)


def _group() -> float:
    """What is left of the control group's limit (a container's memory)."""
    for folder, most, used in (
        ("/sys/fs/cgroup", "memory.max", "memory.current"),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            limit, taken = ((Path(folder) / name).read_text().strip() for name in (most, used))
        except OSError:
            continue
        # Pages of files count as used and can be given back.
        cached = _field(Path(folder) / "memory.stat", "inactive_file", 1)
        given_back = cached if math.isfinite(cached) else 0.0
        return math.inf if limit == "max" else float(limit) - float(taken) + given_back
    return math.inf


def _limits() -> float:
    """What is left of the limits set for this process (`ulimit -v`, `ulimit -d`)."""
    try:
        import resource
    except ImportError:  # not a Unix
        return math.inf
    left = math.inf
    for limit, field in ((resource.RLIMIT_AS, "VmSize:"), (resource.RLIMIT_DATA, "VmData:")):
        most = resource.getrlimit(limit)[0]
        used = _field(Path("/proc/self/status"), field, 1024)
        if most != resource.RLIM_INFINITY and math.isfinite(used):
            left = min(left, most - used)
    return left


def _field(file: Path, name: str, unit: int) -> float:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return math.inf
    found = next((line.split() for line in lines if line.startswith(name)), None)
    return float(found[1]) * unit if found else math.inf
