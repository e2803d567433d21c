"""The PLC's log of edges, and which of them the lane computer has: what it heard, and what of that is on its disk.

In: edges as they happen, as they are handed over, as records reach the disk. Out: the edges still to be told.
Never: an edge told twice to a computer that still knows of it, nor taken for known by one that lost it with its power.
"""

from lane_controller.core.values import Sensor
from lane_controller.world.agenda import US

NOTE_FLUSH_S = 0.2
"""Inputs reach the disk within it (outbox/writer.py)."""

SAME_SCAN_US = 20_000
"""As devices/edges.py has it."""

Edge = tuple[int, Sensor, bool, int]
"""(number, sensor, direction, microseconds of the episode)."""


class EdgeLog:
    """One PLC's log; it outlives the computer's power."""

    def __init__(self) -> None:
        self._edges: list[Edge] = []
        self._heard: list[tuple[int, int]] = []
        self._durable = 0

    def add(self, sensor: Sensor, on: bool, now_us: int) -> Edge:
        """The next edge, with its number."""
        edge = (self._edges[-1][0] + 1 if self._edges else 1, sensor, on, now_us)
        self._edges.append(edge)
        return edge

    def is_new(self, edge: Edge) -> bool:
        """Whether the computer does not have it yet."""
        return not self._heard or edge[0] > self._heard[-1][1]

    def missed(self) -> list[Edge]:
        """What the computer does not have, in order."""
        return [edge for edge in self._edges if self.is_new(edge)]

    def handed(self, edge: Edge, now_us: int) -> None:
        """The computer has heard it."""
        self._heard.append((now_us, edge[0]))

    def handed_all(self, now_us: int) -> None:
        """The computer has the levels, and with them all that the log could tell."""
        if self._edges:
            self.handed(self._edges[-1], now_us)

    def write_down(self) -> None:
        """What the computer has heard so far is on its disk."""
        self._durable = self._heard[-1][1] if self._heard else 0

    def forget_unwritten(self, now_us: int) -> None:
        """The computer lost its power, and what it had heard just now with it."""
        limit = now_us - int(NOTE_FLUSH_S * US)
        while self._heard and self._heard[-1][0] > limit and self._heard[-1][1] > self._durable:
            self._heard.pop()


def without_arrival(missed: list[Edge]) -> list[Edge]:
    """Who came onto L1 unwatched and still stands there arrives with the levels."""
    on_l1 = [edge for edge in missed if edge[1] is Sensor.L1]
    if not on_l1 or not on_l1[-1][2]:
        return missed
    came_us = on_l1[-1][3]
    if any(edge[1] is Sensor.L2 and edge[2] and edge[3] > came_us for edge in missed):
        # A long one, on L2 by now.
        return missed
    if any(edge[1] is Sensor.LC1 and edge[2] and abs(edge[3] - came_us) <= SAME_SCAN_US for edge in missed):
        return missed
    lc1 = [edge[2] for edge in missed if edge[1] is Sensor.LC1 and edge[3] > came_us]
    if True in lc1 and False in lc1[lc1.index(True) :]:
        # It drove on, and who is on L1 now came bumper to bumper.
        return missed
    return [edge for edge in missed if edge is not on_l1[-1]]
