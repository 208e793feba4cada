"""Throws inputs at the loader and the expression language for a while: `make fuzz FUZZ_SECONDS=600`.

    python tests/fuzz.py [SECONDS] [SEED]

Each target gets half of the time, in rounds of 1,000 inputs whose seeds count up from SEED, so that what
was found can be found again. A broken law ends the run with the smallest input that shows it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

sys.path.insert(0, str(Path(__file__).parent))

from support.fuzzing import TARGETS

ROUND = 1000


def fuzz(name: str, seconds: float, first: int) -> int:
    """Throw at one target until the time is up; return how many inputs that were."""
    strategy, holds = TARGETS[name]
    end = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < end:

        @seed(first + rounds)
        @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(strategy)
        def throw(thrown: Any) -> None:
            holds(thrown)

        throw()
        rounds += 1
    return rounds * ROUND


def main() -> None:
    """Fuzz every target in turn."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    first = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"seeds from {first}")
    for name in TARGETS:
        count = fuzz(name, seconds / len(TARGETS), first)
        print(f"{name}: {count} inputs, no law broken")


if __name__ == "__main__":
    main()
