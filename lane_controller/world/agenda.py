"""Virtual time: what happens next, in one order that never depends on anything but the plan.

In: instants in microseconds with something to call. Out: the calls, by time, then in the order they were put in.
Never: the clock of the machine.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

US = 1_000_000


ASKED_EVERY = 256
"""Calls between two times that the end is asked for."""


class Agenda:
    """The event queue of one episode. `now_us`: microseconds since its start."""

    __slots__ = ("_calls", "_count", "_heap", "_until_us", "now_us")

    def __init__(self) -> None:
        self.now_us = 0
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._count = 0
        self._calls = 0
        self._until_us = 0

    def at(self, at_us: int, call: Callable[[Any], None], argument: Any = None) -> None:
        """Call `call(argument)` at that instant (now, where it is past)."""
        self._count += 1
        heappush(self._heap, (at_us, self._count, call, argument))

    def after(self, wait_s: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """The same, so many seconds from now."""
        self._count += 1
        heappush(self._heap, (self.now_us + int(wait_s * US), self._count, call, argument))

    @property
    def idle(self) -> bool:
        """Nothing is to happen."""
        return not self._heap

    def passes(self, at_us: int) -> bool:
        """Let time pass up to a later instant, if nothing else happens before or at it.

        For whoever was called by `run` and as its last deed would ask to be called at that instant, with the same
        result: True, and it is that instant.
        """
        heap = self._heap
        calls = self._calls + 1
        if (heap and heap[0][0] <= at_us) or at_us > self._until_us or not calls % ASKED_EVERY:
            return False
        self._calls = calls
        self.now_us = at_us
        return True

    def run(self, until_us: int, done: Callable[[], bool]) -> None:
        """Let time pass until nothing is left, the end is reached, or `done` says so (asked now and then)."""
        heap = self._heap
        self._until_us, self._calls = until_us, 0
        while heap:
            at_us, _, call, argument = heappop(heap)
            if at_us > until_us:
                self.now_us = until_us
                return
            self.now_us = at_us if at_us > self.now_us else self.now_us
            call(argument)
            self._calls = calls = self._calls + 1
            if not calls % ASKED_EVERY and done():
                return
