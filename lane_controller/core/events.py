"""What happened: the only input of the core. Past tense; each carries everything its handling needs.

In: made by the shell (devices, lists, operators) or by a scenario. Out: consumed by `lane.step`.
Never: a reference to a table outside. The shell looks a tag up when it arrives, so a capsule replays without one.
All `*_us` are microseconds; `*_mono_us` on the monotonic clock of `Now`, `*_utc_us` since the Unix epoch.
"""

from dataclasses import dataclass
from typing import TypeAlias

from lane_controller.core.evolve import quick
from lane_controller.core.records import Durable
from lane_controller.core.values import AckResult, BarrierState, CardRole, Mode, Sensor, TagEntry, Tariff, VehicleKind


@quick
@dataclass(frozen=True, slots=True)
class Booted:
    """The lane program started. `boot_id` is new at each start; `restart` is False only on an empty journal."""

    boot_id: str
    restart: bool
    durable: Durable
    tariffs: tuple[Tariff, ...]


@quick
@dataclass(frozen=True, slots=True)
class TimerFired:
    """A `StartTimer` came due. A late or stale one is harmless: the core looks at its own deadlines."""

    key: str


@quick
@dataclass(frozen=True, slots=True)
class TagSeen:
    """One observation of a tag: `epc`, `tid` upper-case hex; `stamp_utc_us` by the reader; `entry` its list row."""

    epc: str
    tid: str | None
    antenna: int
    rssi_dbm: int
    stamp_utc_us: int | None
    reader: str
    entry: TagEntry | None


@quick
@dataclass(frozen=True, slots=True)
class ReaderConnected:
    """LLRP session up. `clock_utc_us`: the reader's clock at this instant (LLRP 1.1 s.14), None for an uptime."""

    reader: str
    clock_utc_us: int | None


@quick
@dataclass(frozen=True, slots=True)
class ReaderLost:
    reader: str


@quick
@dataclass(frozen=True, slots=True)
class SensorChanged:
    """A raw edge; debouncing is the core's. `happened_mono_us`: the PLC's time of the edge on our clock.

    `recovered`: it comes late, out of the PLC's event log.
    """

    sensor: Sensor
    on: bool
    recovered: bool
    happened_mono_us: int


@quick
@dataclass(frozen=True, slots=True)
class SensorLevels:
    """All levels now: the baseline after boot, PLC return or a lost edge. None: that curtain is not installed.

    Where recovered edges follow a PLC return, deliver them before the levels. `past`: the levels that a restarted lane
    last knew; the recovered edges since then follow, and after them the levels now. `still`: the first levels of a
    restarted lane, and the PLC, which has run on, knows of no edge since the last that the lane had.
    """

    l1: bool
    l2: bool
    l3: bool
    lc1: bool | None
    lc2: bool | None
    past: bool = False
    still: bool = False


@quick
@dataclass(frozen=True, slots=True)
class EdgeLost:
    """The PLC's edge numbers have a gap; the core answers with `ReadLevels`."""


@quick
@dataclass(frozen=True, slots=True)
class PlateRead:
    """A plate reading (None: a vehicle seen, no plate). `track` from `AskPlate`; None: the vehicle now at L1.

    `chars`: (character, confidence) pairs; `frames`: sha256 hex of the JPEGs; `entry`: list row of that plate, if any.
    """

    text: str | None
    confidence: float
    chars: tuple[tuple[str, float], ...] = ()
    corrects: bool = False
    frames: tuple[str, ...] = ()
    entry: TagEntry | None = None
    track: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class ClassMeasured:
    """The classifier's view of the vehicle at L1 (or of `track`): class 1–5 or None, kind, length where measured."""

    vehicle_class: int | None
    kind: VehicleKind = VehicleKind.FOUR_WHEEL
    length_m: float | None = None
    track: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class NeighbourHeard:
    """Another lane hears a tag: its median RSSI, and whether a vehicle stands on its own L1."""

    lane: str
    epc: str
    reads: int
    rssi_dbm: int
    vehicle: bool


@quick
@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card at the lane's reader; `holder`: who or what it is issued to, if known."""

    uid: str
    role: CardRole
    holder: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class OperatorLoggedIn:
    operator: str


@quick
@dataclass(frozen=True, slots=True)
class OperatorLoggedOut:
    pass


@quick
@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """The operator releases the held vehicle; `vehicle_class`: as seen by the operator, where nothing else says it."""

    reason: str
    vehicle_class: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class ModeRequested:
    """A supervisor changes the mode. AUTO also ends FAULT when the limit switches are well."""

    mode: Mode
    by: str = ""


@quick
@dataclass(frozen=True, slots=True)
class ListHeartbeat:
    """Newest applied tag-list change or heartbeat: its version, and its age at this instant."""

    version: int
    age_us: int


@quick
@dataclass(frozen=True, slots=True)
class ListEntryChanged:
    """One row of the tag list changed (None: removed); `version` of the list that did it."""

    epc: str
    entry: TagEntry | None
    version: int


@quick
@dataclass(frozen=True, slots=True)
class TariffChanged:
    tariff: Tariff


@quick
@dataclass(frozen=True, slots=True)
class PlcOnline:
    """Field IO is there. `SensorLevels` and `BarrierReported` follow."""


@quick
@dataclass(frozen=True, slots=True)
class PlcOffline:
    pass


@quick
@dataclass(frozen=True, slots=True)
class BarrierReported:
    """State of the arm; the two limit switches are what counts (I5)."""

    state: BarrierState
    open_limit: bool
    closed_limit: bool
    last_cmd_id: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class BarrierAcked:
    cmd_id: str
    result: AckResult


@quick
@dataclass(frozen=True, slots=True)
class ClockStepped:
    """Local wall time was set; `step_us` is how far. Already in `Now.utc_us` of this event."""

    step_us: int


Event: TypeAlias = (
    Booted
    | TimerFired
    | TagSeen
    | ReaderConnected
    | ReaderLost
    | SensorChanged
    | SensorLevels
    | EdgeLost
    | PlateRead
    | ClassMeasured
    | NeighbourHeard
    | CardTapped
    | OperatorLoggedIn
    | OperatorLoggedOut
    | ReleaseRequested
    | ModeRequested
    | ListHeartbeat
    | ListEntryChanged
    | TariffChanged
    | PlcOnline
    | PlcOffline
    | BarrierReported
    | BarrierAcked
    | ClockStepped
)
