"""What the runner expects of devices, and what devices expect of the runner.

In: nothing. Out: Protocols and the small values that cross them. Adapters are chosen in `app/wiring.py` only. Every
`run` lives until cancelled and survives whatever its device does; methods that take an effect never block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lane_controller.core.effects import AskPlate, CommandBarrier, SetSignal, ShareHeard, ShowDisplay
from lane_controller.core.events import Event
from lane_controller.core.instant import Now
from lane_controller.core.values import TagEntry


@dataclass(frozen=True, slots=True)
class PlcPosition:
    """The last sensor edge that was taken from the PLC: its boot id and edge number. Durable with the journal."""

    boot: str
    seq: int


class Clock(Protocol):
    """Both clocks of the machine."""

    def now(self) -> Now:
        """Monotonic and UTC, microseconds, read together."""


class Sink(Protocol):
    """Where adapters hand events in; stamps them with the clocks at once. Loop thread only."""

    def __call__(self, event: Event, position: PlcPosition | None = None) -> None:
        """`position` with sensor edges only."""


class Reject(Protocol):
    """Counts and logs an input that is no use."""

    def __call__(self, source: str, reason: str, detail: str) -> None:
        """`source` and `reason` are few fixed words: they label a metric; `detail` goes to the log, limited in rate."""


class TagLookup(Protocol):
    """The tag list as the adapters see it."""

    def by_epc(self, epc: str) -> TagEntry | None:
        """The row of a tag."""

    def by_plate(self, plate: str) -> TagEntry | None:
        """The row whose registered plate this is, when there is exactly one."""


class Device(Protocol):
    """Anything that runs beside the lane."""

    async def run(self) -> None:
        """Serve until cancelled."""

    def state(self) -> str:
        """ok, lost or unknown, for the lane's status."""


class FieldIo(Device, Protocol):
    """Loops, curtains, barrier, signal and display."""

    def command_barrier(self, command: CommandBarrier) -> None:
        """Send once; never kept for later when the link is down."""

    def set_signal(self, signal: SetSignal) -> None:
        """Wanted from now on; sent again after a reconnect."""

    def show_display(self, display: ShowDisplay) -> None:
        """Wanted from now on; sent again after a reconnect."""

    def read_levels(self) -> None:
        """Answer with `SensorLevels` and `BarrierReported`."""


class PlateReader(Device, Protocol):
    """Camera and recogniser of one lane."""

    def ask(self, request: AskPlate) -> None:
        """Answer with one `PlateRead` for this track within the deadline, whatever happens."""


class Neighbours(Protocol):
    """The lanes beside this one."""

    def share(self, heard: ShareHeard) -> None:
        """Tell them what this lane hears."""
