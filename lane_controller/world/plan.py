"""What one episode will bring, as plain values: vehicles, neighbours' vehicles, faults. Drawn once, run any number of
times.

In: made by draw.py, cut down by shrink.py. Out: read by the devices of the world.
Never: anything random left open. Each vehicle carries its own seed, so that another one can be taken out beside it.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from lane_controller.core.config import LaneConfig
from lane_controller.core.evolve import quick
from lane_controller.core.values import TagEntry, Tariff


class Manner(StrEnum):
    """How a driver behaves."""

    ORDINARY = "ordinary"
    CLOSE = "close"
    RAM = "ram"
    HESITATES = "hesitates"
    TURNS_BACK = "turns_back"
    REFUSES = "refuses"


class Right(StrEnum):
    """What the vehicle is by the tag list of the plaza: the ground truth."""

    GOOD = "good"
    TICKET = "ticket"
    EXEMPT = "exempt"
    NO_TAG = "no_tag"
    LOW_BALANCE = "low_balance"
    BLOCKED = "blocked"
    SUSPECT = "suspect"
    UNKNOWN = "unknown"
    WRONG_PLATE = "wrong_plate"
    TWO_ACCOUNTS = "two_accounts"
    CLONED = "cloned"
    MOTORCYCLE = "motorcycle"


_MOTORCYCLE = Right.MOTORCYCLE


@quick
@dataclass(frozen=True, slots=True)
class TagPlan:
    """A tag behind a windscreen; `gain_db` against an ordinary one."""

    epc: str
    gain_db: float


@quick
@dataclass(frozen=True, slots=True)
class PlateSeen:
    """What the recogniser will say: `after_s` the question; None: no plate."""

    text: str | None
    confidence: float
    after_s: float
    corrected_to: str | None = None
    corrected_after_s: float = 0.0


@quick
@dataclass(frozen=True, slots=True)
class VehiclePlan:
    """One vehicle. `at_s`: when it reaches the entry; `tag_m`: tag behind the front bumper; `seed`: its own noise."""

    number: int
    at_s: float
    right: Right
    manner: Manner
    vehicle_class: int
    length_m: float
    tag_m: float
    speed_m_s: float
    gap_m: float
    reaction_s: float
    plate: str
    tags: tuple[TagPlan, ...]
    plate_seen: PlateSeen
    class_seen: int | None
    seed: int
    high_bed: bool = False
    card: bool = False
    operator_s: float = 9.0
    heard_beside_db: float | None = None
    topped_up_after_s: float | None = None

    @property
    def motorcycle(self) -> bool:
        """Not tolled here (R9)."""
        return self.right is _MOTORCYCLE


@quick
@dataclass(frozen=True, slots=True)
class PasserPlan:
    """A vehicle of a neighbour lane; `isolation_db`: how much weaker its tag is heard here.

    `stands_m`: where its front stands for `stands_s`; `l1_taken`: a vehicle ahead of it in that queue is on L1.
    """

    number: int
    at_s: float
    lane: str
    speed_m_s: float
    stands_s: float
    stands_m: float
    l1_taken: bool
    length_m: float
    tag: TagPlan
    isolation_db: float
    seed: int


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """One fault: `kind` of parameters.FAULTS, from `at_s` for `lasts_s`; `value` and `what` by kind."""

    number: int
    at_s: float
    kind: str
    lasts_s: float = 0.0
    value: float = 0.0
    what: str = ""


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """Everything of one episode. `table`: the tag list; `devices`: delays of the field in seconds by parameter name."""

    index: int
    seed: int
    config: LaneConfig
    tariff: Tariff
    table: dict[str, TagEntry]
    vehicles: tuple[VehiclePlan, ...]
    passers: tuple[PasserPlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
