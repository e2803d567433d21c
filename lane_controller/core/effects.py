"""What the shell shall do: the only output of the core. Imperative; performed in the order of the tuple.

In: made by `lane.step`. Out: performed by the shell.
Never: performed before an earlier `Record` of the same step is durable (the authorisation is on disk before its open).
"""

from dataclasses import dataclass
from typing import TypeAlias

from lane_controller.contracts.values import LaneState
from lane_controller.core.evolve import quick
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.values import Aspect, BarrierAction, Cause, DisplayCode, Flag, TraceEdge


@quick
@dataclass(frozen=True, slots=True)
class Record:
    """Make `record` durable, then go on with the next effect."""

    record: DurableRecord


@quick
@dataclass(frozen=True, slots=True)
class CommandBarrier:
    """Send one command; a retry carries the same `cmd_id`. `passage_id` is None where no passage caused it."""

    cmd_id: str
    action: BarrierAction
    cause: Cause
    passage_id: str | None
    ttl_ms: int


@quick
@dataclass(frozen=True, slots=True)
class SetSignal:
    aspect: Aspect


@quick
@dataclass(frozen=True, slots=True)
class ShowDisplay:
    """Vietnamese lines, UTF-8 NFC, at most 16 characters each where the text allows."""

    code: DisplayCode
    lines: tuple[str, ...]


@quick
@dataclass(frozen=True, slots=True)
class AskPlate:
    """Take frames of the vehicle on L1 now (its edge was at `l1_on_mono_us`) and answer with `PlateRead(track=…)`."""

    track: int
    l1_on_mono_us: int


@quick
@dataclass(frozen=True, slots=True)
class ShareHeard:
    """Tell the neighbouring lanes what this lane hears of a tag."""

    epc: str
    reads: int
    rssi_dbm: int
    vehicle: bool


@quick
@dataclass(frozen=True, slots=True)
class RaiseFlag:
    """A finding with its evidence (I7): frames by sha256 and the recent sensor edges."""

    flag: Flag
    passage_id: str | None
    track: int | None
    frames: tuple[str, ...]
    trace: tuple[TraceEdge, ...]


@quick
@dataclass(frozen=True, slots=True)
class EnterState:
    """The lane's state changed: publish it."""

    state: LaneState


@quick
@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call back with `TimerFired(key)` at that monotonic time; a running timer of the same key is replaced."""

    key: str
    at_mono_us: int


@quick
@dataclass(frozen=True, slots=True)
class CancelTimer:
    key: str


@quick
@dataclass(frozen=True, slots=True)
class ReadLevels:
    """Read all sensor levels and the arm again; answer with `SensorLevels` and `BarrierReported`."""


Effect: TypeAlias = (
    Record
    | CommandBarrier
    | SetSignal
    | ShowDisplay
    | AskPlate
    | ShareHeard
    | RaiseFlag
    | EnterState
    | StartTimer
    | CancelTimer
    | ReadLevels
)
