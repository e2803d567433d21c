"""Virtual time: what happens next, in one order that never depends on anything but the plan.

In: instants in microseconds with something to call. Out: the calls, by time, then in the order they were put in.
Never: the clock of the machine.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

US = 1_000_000


class Agenda:
    """The event queue of one episode. `now_us`: microseconds since its start."""

    __slots__ = ("_count", "_heap", "now_us")

    def __init__(self) -> None:
        self.now_us = 0
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._count = 0

    def at(self, at_us: int, call: Callable[[Any], None], argument: Any = None) -> None:
        """Call `call(argument)` at that instant (now, where it is past)."""
        self._count += 1
        heappush(self._heap, (at_us, self._count, call, argument))

    def after(self, wait_s: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """The same, so many seconds from now."""
        self.at(self.now_us + int(wait_s * US), call, argument)

    def run(self, until_us: int, done: Callable[[], bool]) -> None:
        """Let time pass until nothing is left, the end is reached, or `done` says so (asked now and then)."""
        heap, steps = self._heap, 0
        while heap:
            at_us, _, call, argument = heappop(heap)
            if at_us > until_us:
                self.now_us = until_us
                return
            self.now_us = max(self.now_us, at_us)
            call(argument)
            steps += 1
            if steps % 256 == 0 and done():
                return
