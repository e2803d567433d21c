"""The RFID reader of a scenario: what it reads of tags, and its link to the lane computer.

In: the `tag` and `reader` entries of the timeline. Out: events for the lane computer, with the reader's own stamps.
Never: a read while the link is lost.
"""

from typing import Any, Protocol

from lane_controller.app.scenario_file import Scenario
from lane_controller.app.scenario_list import TagList
from lane_controller.core.events import Event, ReaderConnected, ReaderLost, TagSeen

READER = "reader-1"
CLOCK_OFFSET_US = 300_000_000
"""One stamp_offset of at least this on all reports of a connection: the reader's clock is wrong, no report is old."""


class Computer(Protocol):
    """What the reader is connected to: the lane computer and its time."""

    now_us: int

    def feed(self, event: Event) -> None:
        """An event for the lane."""

    def true_utc_us(self) -> int:
        """UTC as it is, whatever the wall clock of the lane computer says."""


class Reader:
    """One reader; it lives on when the lane computer loses power."""

    def __init__(self, scenario: Scenario, tags: TagList, computer: Computer) -> None:
        self.scenario, self.tags, self.computer = scenario, tags, computer
        self.connected = True

    def announce(self) -> None:
        """What a lane computer hears that has just come up."""
        if self.connected:
            self._connect()

    def _connect(self) -> None:
        self.computer.feed(ReaderConnected(READER, self.computer.true_utc_us() + self._offset_us()))

    def _offset_us(self) -> int:
        """How wrong the reader's own clock is during the connection that begins now (ADR 0010)."""
        offsets = set()
        for entry in self.scenario.timeline:
            if entry.kind == "reader" and entry.at_us > self.computer.now_us:
                break
            if entry.kind == "tag" and entry.at_us >= self.computer.now_us:
                offsets.add(entry.values["stamp_offset_us"])
        only = offsets.pop() if len(offsets) == 1 else 0
        return only if abs(only) >= CLOCK_OFFSET_US else 0

    def tag(self, values: dict[str, Any]) -> None:
        """One read of a tag."""
        if not self.connected:
            return
        offset = values["stamp_offset_us"]
        stamp = self.computer.true_utc_us() + offset
        entry = self.tags.row(values["epc"])
        self.computer.feed(
            TagSeen(values["epc"], values["tid"], values["antenna"], values["rssi"], stamp, READER, entry)
        )

    def link(self, values: dict[str, Any]) -> None:
        """The LLRP link."""
        self.connected = not values["lost"]
        if values["lost"]:
            self.computer.feed(ReaderLost(READER))
        else:
            self._connect()


PLAYED_BY_READER = {"tag": Reader.tag, "reader": Reader.link}
"""The entries of the timeline that happen at the reader, by their kind."""
