"""State of one lane between two events: small frozen pieces, so that a step replaces only what it touches.

In: built by `lane.start`, replaced by `lane.step`. Out: read by every module of the core.
Never: a history that grows with traffic (R13 and R15 memories are bounded by the list and by `repeat_ms`).
All `*_us` without another name are monotonic microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter

from lane_controller.contracts.values import LaneState
from lane_controller.core.charges import OwnCharges
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import CardTapped, ClassMeasured, PlateRead
from lane_controller.core.evolve import quick
from lane_controller.core.instant import Now
from lane_controller.core.records import Authorised, Finding, Held, StageTimes
from lane_controller.core.values import (
    Aspect,
    BarrierAction,
    BarrierState,
    Cause,
    DisplayCode,
    Flag,
    Mode,
    TagEntry,
    Tariff,
    TraceEdge,
)


class Standing(StrEnum):
    """What the lane has said about a vehicle. Transitions: machine.py."""

    WAITING = "waiting"
    HELD = "held"
    AUTHORISED = "authorised"
    VOID = "void"
    MOTORCYCLE = "motorcycle"
    PHANTOM = "phantom"


class Stage(StrEnum):
    """Where a vehicle is relative to the arm; on L1 or not is separate (a bus is on L1, L2 and L3 at once)."""

    BEFORE = "before"
    UNDER_ARM = "under_arm"


# Members as plain names: read through their class they cost 0.2 µs each, and a step asks a hundred times.
WAITING, HELD, AUTHORISED, VOID, MOTORCYCLE, PHANTOM = Standing
BEFORE, UNDER_ARM = Stage
_OPEN, _CLOSE, _LATCH = BarrierAction.OPEN, BarrierAction.CLOSE, BarrierAction.LATCH_OPEN
_BROKEN, _CLOSING = BarrierState.BROKEN, BarrierState.CLOSING


@quick
@dataclass(frozen=True, slots=True)
class Line:
    """One sensor: its debounced level and an edge that has not lasted long enough yet.

    `doubted`: other sensors say that it stays on with nobody there (a curtain, before it has done so for `stuck`).
    `told`: the newest edge that has lasted, or told the level that was known already: then the one before it may yet
    come out of a log. None while only the levels of the boot are known.
    """

    on: bool = False
    since_us: int = 0
    pending: bool | None = None
    pending_us: int = 0
    stuck: bool = False
    dropout: bool = False
    stalled: bool = False
    doubted: bool = False
    chatter_us: int | None = None
    told: tuple[bool, int] | None = None

    @property
    def raw(self) -> bool:
        """The level of the wire itself."""
        return self.on if self.pending is None else self.pending


@quick
@dataclass(frozen=True, slots=True)
class Sensors:
    l1: Line = Line()
    l2: Line = Line()
    l3: Line = Line()
    lc1: Line = Line()
    lc2: Line = Line()


UNHEARD_DBM = -128
_DBM = itemgetter(1)


def median_dbm(window: tuple[tuple[int, int], ...]) -> int:
    """Median level of (instant, dBm) pairs; there must be one."""
    levels: list[int] = sorted(map(_DBM, window))
    middle = len(levels) // 2
    return levels[middle] if len(levels) % 2 else (levels[middle - 1] + levels[middle]) // 2


@quick
@dataclass(frozen=True, slots=True)
class HeardTag:
    """A remembered tag. `owner`: the vehicle it is bound to; `spent`: its vehicle has passed, it serves nobody else.

    `disowned`: the vehicle that passed with it did not pay by it, because it showed another plate.
    `weighed`: a vehicle on L1 was decided without it; afterwards it serves another only if heard after
    `fresh_after_us`,
    when that vehicle had left L1 (I11).
    """

    epc: str
    tid: str | None
    entry: TagEntry | None
    first: Now
    last_us: int
    reads: int
    window: tuple[tuple[int, int], ...]
    credible: Now | None = None
    owner: int | None = None
    spent: bool = False
    disowned: bool = False
    cross_read: bool = False
    shared_us: int | None = None
    weighed: int | None = None
    fresh_after_us: int | None = None

    @property
    def median_dbm(self) -> int:
        """Median of the window, whole dBm; of an even number the mean of the middle two, rounded down.

        Worked out when asked for: a tag is read 40 times a second, and few reads ask.
        """
        return median_dbm(self.window) if self.window else UNHEARD_DBM


@quick
@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a neighbouring lane hears of one tag.

    `claim_dbm`: the best it heard of it while it had a vehicle on its own L1, whatever it says afterwards.
    """

    lane: str
    rssi_dbm: int
    vehicle: bool
    first_us: int
    last_us: int
    claim_dbm: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class ReaderLink:
    """A connection. `offset_us`: reader clock minus our monotonic clock, which no step of wall time moves (I10)."""

    connected: bool = False
    offset_us: int | None = None
    clock_flagged: bool = False
    stale_flagged: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Radio:
    tags: Mapping[str, HeardTag] = field(default_factory=dict)
    neighbours: Mapping[str, Neighbour] = field(default_factory=dict)
    readers: Mapping[str, ReaderLink] = field(default_factory=dict)


@quick
@dataclass(frozen=True, slots=True)
class Track:
    """One vehicle, from L1 on until it passed or left.

    `came_us`, `lc1_on_us`, `rear_us`: when its front came onto L1 and broke LC1, and its rear left L1; None where no
    edge told the instant. `split_from`: the vehicle ahead that LC1 separated it from.
    `past_zone`: found on L1 and LC1 after a restart, so its tag had left the radio zone before. `dropped`: when L1 went
    off under it while LC1 stayed broken. `corrected_us`: when the camera corrected its plate after it was decided.
    `followed_us`: when L2 cleared, over which it seems to have gone close behind the vehicle ahead.
    """

    id: int
    standing: Standing
    times: StageTimes
    on_l1: bool = True
    stage: Stage = Stage.BEFORE
    l1_off_us: int | None = None
    came_us: int | None = None
    lc1_on_us: int | None = None
    rear_us: int | None = None
    lc1_broken: bool = False
    lc1_clear_us: int | None = None
    gap_us: int | None = None
    forward: bool = False
    shared_l1: bool = False
    split_from: int | None = None
    past_zone: bool = False
    dropped: tuple[int, ...] = ()
    recovered: bool = False
    recovered_until_us: int | None = None
    boot_l3: Now | None = None
    returned_us: int | None = None
    plate: PlateRead | None = None
    corrected_us: int | None = None
    next_plate: PlateRead | None = None
    measured: ClassMeasured | None = None
    card: CardTapped | None = None
    frames: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    holds: tuple[str, ...] = ()
    finding: Finding | None = None
    passage_id: str | None = None
    n: int | None = None
    decisions: int = 0
    voided_us: int | None = None
    opens: int = 0
    l2_mode: Mode | None = None
    l2_span: tuple[int, int] | None = None
    arm_open_at_l2: bool = False
    followed_us: int | None = None

    @property
    def live(self) -> bool:
        """It holds an authorisation that is neither committed nor void."""
        return self.standing is AUTHORISED

    @property
    def vehicle(self) -> bool:
        """A toll vehicle that counts in the queue (neither motorcycle nor phantom)."""
        return self.standing is not MOTORCYCLE and self.standing is not PHANTOM


@quick
@dataclass(frozen=True, slots=True)
class Road:
    """What the lane remembers of the road itself, beside the vehicles in `Lane.tracks`."""

    next_track: int = 1
    occupant: int | None = None
    baseline_due: bool = True
    boot_seen: bool = False
    past: bool = False
    """Recovered edges of a restart are being told; the arm is reported as it is after them."""
    still: bool = False
    """After a restart it is known that nobody has moved since (non-stop lane, where somebody may stand unseen)."""
    lc1_proven: bool = False
    l3_orphan: bool = False
    l3_led: bool = False
    l3_off_us: int | None = None
    l3_counted_us: int | None = None
    l2_off_us: int | None = None
    lc2_off_us: int | None = None
    lc2_split: bool = True
    wrong_way_us: int | None = None
    levels_us: int | None = None
    told_us: int | None = None
    lost_us: int | None = None
    missed: bool = False
    """Somebody for whom the arm stood open did not come, and there were vehicles in the lane ever since."""
    through: bool = False
    """The last who came to the arm may have driven straight through where the first in the queue should stand."""
    on_foot_us: int | None = None
    """So may the last who crossed, as one who may have been somebody on foot in LC1: when he came to the arm."""
    last_long: bool = False
    last_longest_m: float = 20.0
    last_whole: bool = False
    """The vehicle that crossed last has gone over L2 in all its length."""
    crossing: tuple[int, int] | None = None
    again_on_l1: tuple[int, int] | None = None
    """When L1 went on again under the vehicle that crossed last, and when it cleared, as that one was on L2 by then."""
    passed_us: int | None = None
    uncounted: bool = False
    """Somebody may stand before the arm and in no queue: given up by time, or hidden on L1 behind the one ahead."""
    motorcycle: tuple[Now, Now] | None = None
    loose_plate: tuple[int, PlateRead] | None = None
    loose_classes: tuple[tuple[int, ClassMeasured], ...] = ()
    """When classes were measured of whom L1 has not told yet: who comes, or came while the PLC was silent."""


@quick
@dataclass(frozen=True, slots=True)
class ArmCommand:
    """The movement last sent; `done`: confirmed by its limit switch, or `given_up` after the retry."""

    cmd_id: str
    action: BarrierAction
    cause: Cause
    passage_id: str | None
    sent_us: int
    tries: int = 1
    done: bool = False
    given_up: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Arm:
    """The arm as its limit switches say (I5), and what we last asked of it."""

    known: bool = False
    state: BarrierState = BarrierState.STOPPED
    open_limit: bool = False
    closed_limit: bool = False
    command: ArmCommand | None = None
    latched: bool = False
    fault: bool = False
    boot_hold: bool = False
    boot_clear_us: int | None = None
    leaving_latch: bool = False
    next_cmd: int = 1

    @property
    def broken(self) -> bool:
        """The boom is off its hinge."""
        return self.state is _BROKEN

    @property
    def opening(self) -> bool:
        """An open command is under way."""
        c = self.command
        return c is not None and not c.done and (c.action is _OPEN or c.action is _LATCH)

    @property
    def closing(self) -> bool:
        """A close command is under way (a stuck arm may still obey it), or the arm says that it is closing."""
        c = self.command
        under_way = c is not None and (not c.done or c.given_up) and c.action is _CLOSE
        return under_way or self.state is _CLOSING


@quick
@dataclass(frozen=True, slots=True)
class Desk:
    """What people and the back office set: mode, operator, list age, tariffs, the link to the field."""

    mode: Mode = Mode.AUTO
    operator: str | None = None
    plc_online: bool = False
    plc_known: bool = False
    list_version: int | None = None
    list_fresh_us: int | None = None
    tariffs: tuple[Tariff, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Counts:
    """Durable counters and memories, and what names this run."""

    boot_id: str = ""
    epoch: int = 1
    n: int = 0
    seq: int = 0
    own_charges: OwnCharges = field(default_factory=OwnCharges)
    last_commits: Mapping[str, int] = field(default_factory=dict)
    pending: tuple[Authorised, ...] = ()
    held: tuple[Held, ...] = ()
    driven_on: tuple[str, ...] = ()
    motorcycle: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Shown:
    """What driver and back office see now; None before boot."""

    signal: Aspect | None = None
    display: DisplayCode | None = None
    lines: tuple[str, ...] = ()
    state: LaneState | None = None


@quick
@dataclass(frozen=True, slots=True)
class Lane:
    """The whole lane. `timers`: keys and instants of the timers that the shell now runs.

    `settled`: the conclusions of the last step changed nothing, so they need not be drawn again before something does.
    """

    config: LaneConfig
    sensors: Sensors = Sensors()
    radio: Radio = Radio()
    tracks: tuple[Track, ...] = ()
    road: Road = Road()
    arm: Arm = Arm()
    desk: Desk = Desk()
    counts: Counts = Counts()
    shown: Shown = Shown()
    timers: Mapping[str, int] = field(default_factory=dict)
    trace: tuple[TraceEdge, ...] = ()
    settled: bool = False
