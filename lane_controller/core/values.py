"""Words of the lane: closed vocabularies of rules.md and the small values that events, state and records share.

In: nothing. Out: enumerations (their value is the spelling on wires and in scenarios) and frozen values.
Never: behaviour that depends on time, or anything that a message model should own.
"""

from dataclasses import dataclass
from enum import StrEnum

from lane_controller.contracts.values import TagStatus
from lane_controller.core.evolve import quick


class Sensor(StrEnum):
    """Loops L1 (presence), L2 (under the arm), L3 (exit); light curtains LC1 (end of L1), LC2 (at the arm)."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    LC1 = "LC1"
    LC2 = "LC2"


# Members as plain names, for what looks at every edge: read through its class one takes 980 instructions, a name 60.
L1, L2, L3, LC1, LC2 = Sensor


class Mode(StrEnum):
    """What the supervisor asks for. MANUAL: nothing is decided, every vehicle is held for the operator."""

    AUTO = "AUTO"
    CONVOY = "CONVOY"
    EMERGENCY = "EMERGENCY"
    CLOSED = "CLOSED"
    MANUAL = "MANUAL"


class Aspect(StrEnum):
    RED = "red"
    GREEN = "green"


class DisplayCode(StrEnum):
    """Codes of the driver's display (rules.md, Vocabulary)."""

    FARE = "FARE"
    PRIORITY = "PRIORITY"
    NO_TAG = "NO_TAG"
    LOW_BALANCE = "LOW_BALANCE"
    MOTORCYCLE = "MOTORCYCLE"
    MANUAL = "MANUAL"
    CONVOY = "CONVOY"
    CLOSED = "CLOSED"
    WRONG_CLASS = "WRONG_CLASS"
    INVALID_TAG = "INVALID_TAG"
    WAIT = "WAIT"
    IDLE = "IDLE"


class BarrierAction(StrEnum):
    """`latch_open` opens and holds; `unlatch` ends the hold and moves nothing; `close` is refused while latched."""

    OPEN = "open"
    CLOSE = "close"
    LATCH_OPEN = "latch_open"
    UNLATCH = "unlatch"


class BarrierState(StrEnum):
    """As the field IO reports it; the limit switches are the truth (I5)."""

    OPEN = "open"
    CLOSED = "closed"
    OPENING = "opening"
    CLOSING = "closing"
    STOPPED = "stopped"
    FAULT = "fault"
    BROKEN = "broken"


class AckResult(StrEnum):
    """Answer of the field IO to one command. `accepted` is not `open` (I5)."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    INTERLOCK = "interlock"
    FAULT = "fault"


class Cause(StrEnum):
    """Why the arm is commanded: an open has exactly one of the first five (I3); a close one of the last three."""

    PASSAGE = "passage"
    OPERATOR = "operator"
    CONVOY = "convoy"
    EMERGENCY = "emergency"
    REOPEN = "reopen"
    CLEAR = "clear"
    BOOT = "boot"
    MODE = "mode"


class CardRole(StrEnum):
    PRIORITY = "priority"
    OPERATOR = "operator"


class VehicleKind(StrEnum):
    """What the classifier saw beside the class."""

    FOUR_WHEEL = "four_wheel"
    MOTORCYCLE = "motorcycle"


class Flag(StrEnum):
    """Findings (rules.md, Vocabulary)."""

    NO_TAG = "NO_TAG"
    LATE_READ = "LATE_READ"
    MANUAL_RELEASE = "MANUAL_RELEASE"
    RELEASE_REFUSED = "RELEASE_REFUSED"
    MULTI_TAG = "MULTI_TAG"
    MULTI_TAG_AMBIGUOUS = "MULTI_TAG_AMBIGUOUS"
    STRAY_REJECTED = "STRAY_REJECTED"
    CROSS_READ = "CROSS_READ"
    STALE_REPORTS = "STALE_REPORTS"
    READER_CLOCK = "READER_CLOCK"
    READER_LOST = "READER_LOST"
    CLONE_SUSPECT = "CLONE_SUSPECT"
    TID_MISMATCH = "TID_MISMATCH"
    BLACKLIST = "BLACKLIST"
    LOW_BALANCE = "LOW_BALANCE"
    UNKNOWN_TAG = "UNKNOWN_TAG"
    OFFLINE_DECISION = "OFFLINE_DECISION"
    OFFLINE_UNKNOWN = "OFFLINE_UNKNOWN"
    CLASS_MISMATCH = "CLASS_MISMATCH"
    CLASS_MISMATCH_MAJOR = "CLASS_MISMATCH_MAJOR"
    PLATE_MISMATCH = "PLATE_MISMATCH"
    PLATE_DOUBT = "PLATE_DOUBT"
    NO_PLATE = "NO_PLATE"
    PLATE_CORRECTED = "PLATE_CORRECTED"
    PLATE_CHARGE = "PLATE_CHARGE"
    WRONG_LANE_MOTO = "WRONG_LANE_MOTO"
    LOOP_CHATTER = "LOOP_CHATTER"
    VEHICLE_UNDER_BOOM = "VEHICLE_UNDER_BOOM"
    TAILGATE = "TAILGATE"
    CLOSE_FOLLOWING = "CLOSE_FOLLOWING"
    BARRIER_OPEN_TIMEOUT = "BARRIER_OPEN_TIMEOUT"
    BARRIER_CLOSE_TIMEOUT = "BARRIER_CLOSE_TIMEOUT"
    MANUAL_RAISE = "MANUAL_RAISE"
    BOOM_BROKEN = "BOOM_BROKEN"
    CMD_EXPIRED = "CMD_EXPIRED"
    PLC_LOST = "PLC_LOST"
    RECOVERED_EDGES = "RECOVERED_EDGES"
    SENSOR_STUCK = "SENSOR_STUCK"
    ABANDONED = "ABANDONED"
    EXEMPT = "EXEMPT"
    CARD_NO_VEHICLE = "CARD_NO_VEHICLE"
    CONVOY = "CONVOY"
    RECOVERED = "RECOVERED"
    CLOCK_STEP = "CLOCK_STEP"
    REPEAT = "REPEAT"
    PEDESTRIAN = "PEDESTRIAN"
    LOOP_DROPOUT = "LOOP_DROPOUT"
    SEPARATION_FAIL = "SEPARATION_FAIL"
    RUN_THROUGH = "RUN_THROUGH"
    REVERSED_UNDER_BOOM = "REVERSED_UNDER_BOOM"
    WRONG_WAY = "WRONG_WAY"


@quick
@dataclass(frozen=True, slots=True)
class Ticket:
    """A monthly or quarterly ticket of one tag at this plaza; dates are local ISO dates, both included (R11)."""

    no: str
    valid_from: str
    valid_to: str
    kind: str


@quick
@dataclass(frozen=True, slots=True)
class TagEntry:
    """One row of the tag list. `list_version` is the version that last changed *this* row (R13 counts from it)."""

    epc: str
    tid: str | None
    account: str
    provider: str
    plate: str | None
    vehicle_class: int
    status: TagStatus
    available_vnd: int
    ticket: Ticket | None
    list_version: int
    exempt_reason: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Tariff:
    """Fares in whole VND from one instant on: pairs (class 1–5, fare)."""

    version: int
    valid_from_utc_us: int
    fares: tuple[tuple[int, int], ...]

    def fare_vnd(self, vehicle_class: int) -> int | None:
        """Fare of a class, or None where the tariff has no such class."""
        return dict(self.fares).get(vehicle_class)


@quick
@dataclass(frozen=True, slots=True)
class TraceEdge:
    """One debounced change of a sensor, kept as evidence of flags and passages (I7)."""

    sensor: Sensor
    on: bool
    mono_us: int


@quick
@dataclass(frozen=True, slots=True)
class Candidate:
    """One tag that was weighed for a vehicle: the explanation of a decision in plain values.

    `score` is the log-likelihood ratio of fusion.py in millinats, `parts` by kind of evidence; `rivals` are the scores
    of the same tag for other vehicles in the lane that may own it, by vehicle; `verdict` says what became of the tag.
    """

    epc: str
    reads: int
    median_rssi_dbm: int
    credible: bool
    score: int
    verdict: str
    parts: tuple[tuple[str, int], ...] = ()
    rivals: tuple[tuple[int, int], ...] = ()
