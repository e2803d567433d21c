"""Episodes in one process or several, added up in the order of their numbers.

In: seed, number of passages, processes. Out: a `Tally`, the same for any number of processes.
Never: more than a few episodes ahead of the one that is next to be added.
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import count

from lane_controller.world.draw import draw
from lane_controller.world.episode import run_plan
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.tally import Summary, Tally, summary_of

AHEAD = 4
"""Episodes under way for each process."""

PROGRESS_S = 10.0
COLLECT_EVERY = 20
_collected = count(1)


def run_episodes(
    seed: int,
    passages: int,
    processes: int,
    faults: Sequence[str],
    parameters: WorldParameters,
    progress: Callable[[Tally], None] | None = None,
) -> Tally:
    """Until `passages` are reached: the episode that reaches them is the last."""
    tally = Tally(seed)
    tell = progress or Progress(passages)
    with closing(_summaries(seed, processes, tuple(faults), parameters)) as summaries:
        for summary in summaries:
            tally.add(summary)
            tell(tally)
            if tally.passages >= passages:
                break
    return tally


def one_episode(job: tuple[int, int, tuple[str, ...], WorldParameters]) -> Summary:
    """One episode by its number."""
    seed, index, faults, parameters = job
    if gc.isenabled():
        gc.freeze()
        gc.disable()
    run = run_plan(draw(seed, index, parameters, faults), parameters)
    summary = summary_of(index, run)
    if next(_collected) % COLLECT_EVERY == 0:
        gc.collect()
    return summary


def _summaries(seed: int, processes: int, faults: tuple[str, ...], parameters: WorldParameters) -> Generator[Summary]:
    jobs = ((seed, index, faults, parameters) for index in count())
    if processes == 1:
        yield from map(one_episode, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        waiting = deque(pool.apply_async(one_episode, (next(jobs),)) for _ in range(AHEAD * processes))
        try:
            while True:
                yield waiting.popleft().get()
                waiting.append(pool.apply_async(one_episode, (next(jobs),)))
        finally:
            pool.terminate()
            pool.join()  # only then does the system tell what time they took


class Progress:
    """A line on stderr now and then, for runs that last."""

    def __init__(self, passages: int) -> None:
        self._passages, self._began, self._told = passages, time.monotonic(), time.monotonic()

    def __call__(self, tally: Tally) -> None:
        """Say how far it is."""
        now = time.monotonic()
        if now - self._told < PROGRESS_S:
            return
        self._told = now
        a_second = tally.passages / (now - self._began)
        left_s = (self._passages - tally.passages) / a_second
        kinds = tally.kinds
        print(
            f"{tally.passages:,} of {self._passages:,} passages, {a_second:,.0f}/s, {left_s / 60:.0f} min left; "
            f"wrong debits {kinds['wrong_debit']}, invariants broken {kinds['invariant']}",
            file=sys.stderr,
            flush=True,
        )
