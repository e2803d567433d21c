"""What neighbouring lanes tell each other about tags: a bus inside one process.

In: `ShareHeard` of each lane. Out: `NeighbourHeard` at the lanes beside it. Lanes in other processes hear nothing; then
cross reads are still rejected by RSSI and plate.
"""

from __future__ import annotations

from lane_controller.core.effects import ShareHeard
from lane_controller.core.events import NeighbourHeard
from lane_controller.devices.ports import Sink


class LaneBus:
    """Joins the lanes of one process; a lane hears those that stand beside it in the order of joining."""

    def __init__(self) -> None:
        self._lanes: dict[str, Sink] = {}

    def join(self, lane: str, sink: Sink) -> BusMember:
        """Add a lane; what it shares reaches its neighbours from now on."""
        self._lanes[lane] = sink
        return BusMember(lane, self)

    def tell(self, lane: str, heard: ShareHeard) -> None:
        """Hand `heard` to the lanes beside `lane`."""
        names = list(self._lanes)
        place = names.index(lane)
        event = NeighbourHeard(lane, heard.epc, heard.reads, heard.rssi_dbm, heard.vehicle)
        for name in names[max(0, place - 1) : place] + names[place + 1 : place + 2]:
            self._lanes[name](event)


class BusMember:
    """The port `Neighbours` of one lane."""

    def __init__(self, lane: str, bus: LaneBus) -> None:
        self._lane, self._bus = lane, bus

    def share(self, heard: ShareHeard) -> None:
        """See the port."""
        self._bus.tell(self._lane, heard)
