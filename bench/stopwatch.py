"""Run one command and print what it took, as JSON on standard output.

A small process of its own, because Linux counts into a child's peak whatever its parent held when it forked:
started from a benchmark that has just written 10,000 bundles, any command would seem to need 200 MB.

    python bench/stopwatch.py COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    """Exit 0 whatever the command did; its status is one of the figures."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "status": child.returncode,
        "wall": wall,
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
