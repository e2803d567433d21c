"""Configuration of one lane: every timer and threshold of rules.md by its name there, with unit, default and source.

In: a geometry and overrides (`configure`). Out: an immutable `LaneConfig`.
Never: a rule's number anywhere else in the core.
"""

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from lane_controller.core.values import Sensor


class Geometry(StrEnum):
    """G1 one-stop, up to 15 km/h; G2 non-stop, up to 30 km/h (rules.md, Geometry)."""

    G1 = "G1"
    G2 = "G2"


class PlateFallback(StrEnum):
    """What happens to a vehicle without a tag (R2)."""

    DENY = "deny"
    ALLOW = "allow"


def _ms(default: int, doc: str) -> int:
    value: int = field(default=default, metadata={"unit": "ms", "doc": doc})
    return value


def _dbm(default: int, doc: str) -> int:
    value: int = field(default=default, metadata={"unit": "dBm", "doc": doc})
    return value


def _ratio(default: float, doc: str) -> float:
    value: float = field(default=default, metadata={"unit": "confidence 0–1", "doc": doc})
    return value


def _count(default: int, doc: str) -> int:
    value: int = field(default=default, metadata={"unit": "", "doc": doc})
    return value


CURTAINS = (Sensor.LC1, Sensor.LC2)


@dataclass(frozen=True, slots=True)
class LaneConfig:
    """The table. `rules.md` is the source of a value unless its text names another."""

    lane: str = "CM-01"
    geometry: Geometry = Geometry.G1
    plate_fallback: PlateFallback = PlateFallback.DENY
    curtains: frozenset[Sensor] = frozenset({Sensor.LC1, Sensor.LC2})
    measures_class: bool = False

    # Timers
    debounce_loop_on_ms: int = _ms(30, "a loop is on when it has been on for this long")
    debounce_loop_off_ms: int = _ms(150, "a loop is off when it has been off for this long")
    debounce_curtain_on_ms: int = _ms(20, "the same for a light curtain")
    debounce_curtain_off_ms: int = _ms(60, "the same for a light curtain")
    rf_window_ms: int = _ms(1_000, "window in which reads of one tag are scored")
    evidence_wait_ms: int = _ms(
        400, "after L1 on (G2: 250): until then a decision with a credible tag waits for a plate"
    )
    tag_wait_ms: int = _ms(1_500, "after L1 on (G2: 500): then the vehicle is handled as no tag")
    tag_memory_ms: int = _ms(8_000, "an unbound tag is forgotten; older reports are ignored")
    arbitration_wait_ms: int = _ms(150, "wait when a neighbour reports the same EPC")
    open_timeout_ms: int = _ms(2_500, "the open limit must confirm")
    close_timeout_ms: int = _ms(4_000, "the closed limit must confirm")
    clear_ms: int = _ms(500, "from the latest of L2, LC2 and L3 off to the close")
    clear_long_ms: int = _ms(1_000, "the same after class 3 or above, or longer than long_vehicle_m")
    pass_timeout_ms: int = _ms(20_000, "from the open limit, suspended on L1 and L2: then an allowed vehicle is void")
    stall_ms: int = _ms(30_000, "vehicle under the arm")
    stuck_ms: int = _ms(120_000, "sensor unchanged and active")
    command_ttl_ms: int = _ms(2_000, "life of a barrier command")
    list_stale_ms: int = _ms(600_000, "age of the newest applied tag-list change or heartbeat")
    boot_clear_ms: int = _ms(2_000, "all loops clear before the arm may close after a restart")
    late_read_ms: int = _ms(500, "first read later than this after L1 on is LATE_READ")
    repeat_ms: int = _ms(600_000, "R15: the same tag again within this time is REPEAT")
    reader_clock_ms: int = _ms(5_000, "a reader's clock further off than this is READER_CLOCK")
    backout_lead_ms: int = _ms(
        300, "LC1 clear this long before L1 is 'clearly before' (2 m at up to 24 km/h; ADR 0010)"
    )

    # Thresholds
    credible_reads: int = _count(3, "reads in rf_window that make a tag credible")
    strong_reads: int = _count(2, "or this many at strong_dbm or better")
    strong_dbm: int = _dbm(-62, "a strong read")
    median_dbm: int = _dbm(-68, "least median of a credible tag")
    neighbour_db: int = _count(6, "dB by which a neighbour with a vehicle must hear a tag better to own it")
    plate_sure: float = _ratio(0.90, "R4, R10 and late reads: from here a plate reading is believed")
    plate_charge: float = _ratio(0.95, "R2 allow: from here a plate alone may be charged")
    long_class: int = _count(3, "class from which clear_long holds")
    long_vehicle_m: float = field(default=8.0, metadata={"unit": "m", "doc": "length above which clear_long holds"})
    utc_offset_ms: int = _ms(7 * 3_600_000, "local time of the plaza (Asia/Ho_Chi_Minh has no summer time)")

    def debounce_us(self, sensor: Sensor, on: bool) -> int:
        """How long an edge of that sensor must last to count, microseconds."""
        if sensor in CURTAINS:
            return (self.debounce_curtain_on_ms if on else self.debounce_curtain_off_ms) * 1000
        return (self.debounce_loop_on_ms if on else self.debounce_loop_off_ms) * 1000


G2_DEFAULTS = {"evidence_wait_ms": 250, "tag_wait_ms": 500}


def configure(geometry: Geometry = Geometry.G1, **overrides: object) -> LaneConfig:
    """Defaults of a geometry with overrides by field name. Errors: ValueError names an unknown field."""
    known = {f.name for f in fields(LaneConfig)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise ValueError(f"unknown lane setting {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    base = G2_DEFAULTS if geometry is Geometry.G2 else {}
    return replace(LaneConfig(geometry=geometry), **{**base, **overrides})  # type: ignore[arg-type]
