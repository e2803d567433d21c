"""One simulation as it was asked for, in this process or in one of its own (`python -m` with this module).

In: a `Request`; as a process, its fields as one JSON object. Out: the report as text or JSON on stdout; exit status 0
no invariant broken, 1 one was. Never: arguments to be checked (simulate_command.py does that).
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lane_controller.app.simulate_failure import repeat, show_failures
from lane_controller.app.simulate_pool import run_episodes
from lane_controller.app.simulate_report import report_lines
from lane_controller.app.simulate_sweep import sweep
from lane_controller.world.parameters import WorldParameters


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be simulated. `folder`: for scenarios of failures; `episode`: only this one."""

    seed: int
    passages: int
    processes: int
    kinds: list[str]
    as_json: bool
    sweeps: bool
    episode: int | None
    trace: bool
    shrinks: bool
    folder: str | None

    def text(self) -> str:
        """For another process."""
        return json.dumps(asdict(self), ensure_ascii=False)


def carry_out(asked: Request) -> int:
    """Run it and tell. Returns the exit status."""
    folder = None if asked.folder is None else Path(asked.folder)
    if asked.sweeps:
        sweep(asked.seed, asked.passages, asked.processes, asked.kinds, asked.as_json)
        return 0
    if asked.episode is not None:
        return repeat(asked.seed, asked.episode, asked.kinds, trace=asked.trace, shrinks=asked.shrinks, folder=folder)
    return _run(asked, folder)


def _run(asked: Request, folder: Path | None) -> int:
    began, before_s = time.perf_counter(), _core_s()
    tally = run_episodes(asked.seed, asked.passages, asked.processes, asked.kinds, WorldParameters())
    seconds, core_s = time.perf_counter() - began, _core_s() - before_s
    if asked.as_json:
        run = {"processes": asked.processes, "interpreter": sys.implementation.name}
        times = {"core_seconds": round(core_s, 2), "seconds": round(seconds, 2)}
        print(json.dumps({**tally.plain(), "faults_on": asked.kinds, **run, **times}, ensure_ascii=False))
    else:
        print("\n".join(report_lines(tally, asked.kinds, seconds, core_s)))
    show_failures(tally, asked.kinds, shrinks=asked.shrinks, folder=folder)
    return 1 if tally.failed else 0


def _core_s() -> float:
    """Time that processors spent on this process and on those it waited for."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    sys.exit(carry_out(Request(**json.loads(sys.argv[1]))))
