"""One interpreter that simulates the episodes it is told, for bench/simulate.py, and says how long each took.

In: numbers of episodes, a line each, on stdin. Out: a line each on stdout: passages, seconds of processor time, the
digest of the episode. Never: more than the standard library and lane_controller: other interpreters run it.
"""

from __future__ import annotations

import sys
import time

from lane_controller.app.simulate_pool import one_episode
from lane_controller.world.parameters import FAULTS, WorldParameters

SEED = 17


def main() -> None:
    """Until stdin ends."""
    parameters = WorldParameters()
    for line in sys.stdin:
        began = time.process_time()
        summary = one_episode((SEED, int(line), tuple(FAULTS), parameters))
        took_s = time.process_time() - began
        sys.stdout.write(f"{summary.passages} {took_s} {summary.digest}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
